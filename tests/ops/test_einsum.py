"""einsum, dot, outer and tensordot: NumPy's numbers, PyTorch's slopes, no needless copies, errors that name letters."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.interpret import interpret

SIZES = dict(zip("abcdefghijklmnopqrstuvwxyz", [2, 3, 4, 5] * 7))

EQUATIONS = [
    "ij,jk->ik", "ij,kj->ik", "ji,jk->ik", "ji,kj->ik", "ij,jk", "ij,jk->ki", "bij,bjk->bik", "bij,bkj->bik",
    "bhqd,bhkd->bhqk", "bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd", "ii", "ii->i", "iij->j", "ijij->ij", "iij,jkk->ik",
    "i,j", "i,i", "i,i->i", "ij->ji", "ba", "ij->", "ij->j", "ij,ij->", "ij,i->ij", "ij,j,jk->ik",
    "abc,cd,de,bf->aef", "a,b,c->cba", "ij,ij->i", "aij,jk->aik", "ij,ajk->aik", "ab,cd->abcd", ",i->i", "ij,kl->",
    "abij,acij->bc", "i j , j k -> i k", "aB,Bc->ac",
]  # fmt: skip
DOTTED = [
    ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]),
    ("...i,i->...", [(2, 3, 4), (4,)]),
    ("i...->...", [(2, 3)]),
    ("...ij->...ji", [(2, 3, 4)]),
    ("...ij", [(2, 4, 3)]),
    ("...,...", [(2, 1), (1, 3)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("i...j,j...->i...", [(2, 5, 3), (3, 1)]),
    ("...a,...a->...", [(1, 4), (3, 4)]),
    ("...a,...a->...", [(1, 4), (1, 4)]),
    ("a...,...b", [(2, 3), (3, 4)]),
]  # fmt: skip


def call(equation: str) -> list[tuple[int, ...]]:
    sizes = {**SIZES, "B": 3}
    words = equation.replace(" ", "").split("->")[0].split(",")
    return [tuple(sizes[f] for f in word) for word in words]


CALLS = [(e, call(e)) for e in EQUATIONS] + DOTTED


def drawn(shapes: list[tuple[int, ...]]) -> tuple[list[gn.Node], list[np.ndarray]]:
    rng = np.random.default_rng(len(shapes))
    arrays = [rng.standard_normal(s) for s in shapes]
    return [gn.input(f"x{k}", a.shape, "float64") for k, a in enumerate(arrays)], arrays


def names(node: gn.Node) -> list[str]:
    return [n.op.name for n in gn.Graph(node).nodes if n.role == "op"]


@pytest.mark.parametrize(("equation", "shapes"), CALLS, ids=[c[0] for c in CALLS])
def test_einsum_is_numpys(equation: str, shapes: list[tuple[int, ...]]) -> None:
    nodes, arrays = drawn(shapes)
    y = gn.einsum(equation, *nodes)
    (found,) = interpret(y, dict(zip(nodes, arrays, strict=True)))
    expected = np.einsum(equation, *arrays)
    assert y.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("equation", "shapes"), CALLS, ids=[c[0] for c in CALLS])
def test_slopes_of_einsum_are_pytorchs(equation: str, shapes: list[tuple[int, ...]]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of slopes")
    nodes, arrays = drawn(shapes)
    slopes = gn.gradient(gn.square(gn.einsum(equation, *nodes)).sum(), nodes)
    tensors = [torch.from_numpy(a).requires_grad_() for a in arrays]
    y = torch.einsum(equation.replace(" ", ""), *tensors)
    expected = torch.autograd.grad((y * y).sum(), tensors)
    for found, wanted in zip(interpret(slopes, dict(zip(nodes, arrays, strict=True))), expected, strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("equation", "wanted"),
    [
        ("ij,jk->ik", ["matmul"]),
        ("ij,kj->ik", ["matmul_nt"]),
        ("ji,jk->ik", ["matmul_tn"]),
        ("bhqd,bhkd->bhqk", ["batched_matmul_nt"]),
        ("bhqk,bhkd->bhqd", ["batched_matmul"]),
        ("aij,jk->aik", ["reshape", "matmul", "reshape"]),
        ("ij,ij->i", ["mul", "sum"]),
        ("ii->i", ["reshape", "slice"]),
    ],
)
def test_no_operand_is_copied_that_a_product_can_read_as_it_lies(equation: str, wanted: list[str]) -> None:
    nodes, _ = drawn(call(equation))
    assert names(gn.einsum(equation, *nodes)) == wanted


def test_the_cheaper_pair_is_multiplied_first() -> None:
    a, b, v = gn.input("a", (50, 40)), gn.input("b", (40, 30)), gn.input("v", (30,))
    products = [n for n in gn.Graph(gn.einsum("ij,jk,k->i", a, b, v)).nodes if n.op.name.startswith("matmul")]
    assert [sorted(n.shape) for n in products] == [[1, 40], [1, 50]]


def test_named_axes_work() -> None:
    x, w = gn.input("x", ("batch", 3, 4)), gn.input("w", (4, 5))
    assert str(gn.einsum("bij,jk->bik", x, w).shape) == "(batch, 3, 5)"
    assert str(gn.einsum("bij,bij->b", x, x).shape) == "(batch,)"
    assert str(gn.tensordot(x, w, 1).shape) == "(batch, 3, 5)"


def test_empty_axes_give_zeros() -> None:
    y = gn.einsum("ij,jk->ik", gn.constant(np.ones((2, 0))), gn.constant(np.ones((0, 3))))
    assert y.value.tolist() == [[0.0] * 3] * 2


X, W = gn.input("x", (2, 3)), gn.input("w", (4, 5))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gn.einsum("ij,jk->ik", X, W), ["'j' is 3 in x (2, 3) but 4 in w (4, 5)"]),
        (lambda: gn.einsum("ij,jk->ik", X), ["names 2 operands, found 1"]),
        (lambda: gn.einsum("ijk->i", X), ["'ijk' names 3 axes, but x (2, 3) has 2"]),
        (lambda: gn.einsum("i->i", X), ["'i' names 1 axes"]),
        (lambda: gn.einsum("ij->ik", X), ["'k' of the result is in no operand"]),
        (lambda: gn.einsum("ij->ii", X), ["'i' stands twice in the result"]),
        (lambda: gn.einsum("ii->i", X), ["'i' is 2 and 3 in one operand, x (2, 3)"]),
        (lambda: gn.einsum("ij=>ij", X), ["cannot read"]),
        (lambda: gn.einsum("i..j->ij", X), ["three dots"]),
        (lambda: gn.einsum("...j->j", X), ["result needs it too"]),
        (lambda: gn.einsum("...ij,ki->...j", X, W), ["'i' is 2 in x (2, 3) but 5 in w (4, 5)"]),
        (lambda: gn.einsum("...i,...j->...", X, W), ["axis -1 of '...' is 2 in x (2, 3) but 4 in w (4, 5)"]),
        (lambda: gn.einsum(3, X), ["an equation is a text"]),
        (lambda: gn.einsum("ij"), ["at least one operand"]),
        (lambda: gn.einsum("ii->i", gn.input("b", ("n", "n"))), ["size must be known"]),
        (lambda: gn.dot(X, W), ["axis 1 is 3 in x (2, 3), but axis 0 is 4 in w (4, 5)"]),
        (lambda: gn.tensordot(X, W, 3), ["from 0 to 2 axes"]),
        (lambda: gn.tensordot(X, W, ([0], [0, 1])), ["pairs of axes"]),
        (lambda: gn.tensordot(X, W, ([2], [0])), ["there is no axis 2"]),
        (lambda: gn.tensordot(X, W, "ab"), ["an axis is an int"]),
    ],
)
def test_what_does_not_fit_is_told(make, words: list[str]) -> None:
    with pytest.raises(gn.GraphnnError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((2, 3), (3, 4)), ((2, 3, 4), (5, 4, 6)), ((), (3,)), ((2, 3), (3,)), ((3,), (4, 3, 2))],
)
def test_dot_and_outer_are_numpys(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    (_, _), (x, w) = drawn([a, b])
    found = [f(gn.constant(x, "float64"), gn.constant(w, "float64")).value for f in (gn.dot, gn.outer)]
    for value, expected in zip(found, (np.dot(x, w), np.outer(x, w)), strict=True):
        assert value.shape == expected.shape
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("axes", [0, 1, 2, ([1, 2], [0, 1]), ([2, 1], [1, 0]), (2, 1)], ids=str)
def test_tensordot_is_numpys(axes) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 3, 4)), rng.standard_normal((3, 4, 5))
    if axes == 1:
        b = rng.standard_normal((4, 3))
    found = gn.tensordot(gn.constant(a, "float64"), b, axes).value
    np.testing.assert_allclose(found, np.tensordot(a, b, axes), rtol=1e-12, atol=1e-12)
