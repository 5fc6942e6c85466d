"""Matrix products broadcast as NumPy's; solvers, factors and determinants: hard matrices, known numbers, faults."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import FaultError
from graphnn.transform.interpret import interpret
from graphnn.transform.lower import lower

each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def number(array, dtype: str = "float64") -> gn.Node:
    return gn.constant(np.asarray(array), dtype)


PRODUCTS = [
    ((3, 2, 4), (4, 5)), ((2, 3, 4, 5), (2, 3, 5, 6)), ((4,), (4, 5)), ((4,), (2, 4, 5)), ((2, 3, 4), (4,)),
    ((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 5)), ((4,), (4,)), ((0, 3, 4), (0, 4, 2)), ((2, 3, 0), (2, 0, 4)),
    ((1, 3, 4), (7, 4, 2)), ((2, 3, 4, 5), (3, 5, 6)),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), PRODUCTS, ids=str)
def test_matmul_broadcasts_as_numpy_and_its_slopes_as_pytorch(a, b) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(a), rng.standard_normal(b)
    nodes = gn.input("x", a, "float64"), gn.input("w", b, "float64")
    y = nodes[0] @ nodes[1]
    slopes = gn.gradient(gn.square(y).sum(), nodes)
    found = gn.Program([y, *slopes]).run(dict(zip(nodes, (x, w), strict=True)))
    assert found[0].shape == (x @ w).shape
    np.testing.assert_allclose(found[0], x @ w, rtol=1e-12, atol=1e-12)
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of slopes")
    tensors = [torch.from_numpy(v).requires_grad_() for v in (x, w)]
    z = tensors[0] @ tensors[1]
    for value, expected in zip(found[1:], torch.autograd.grad((z * z).sum(), tensors), strict=True):
        np.testing.assert_allclose(value, expected.numpy(), rtol=1e-11, atol=1e-11)


def test_a_transposed_operand_is_read_as_it_lies_alone_and_in_stacks() -> None:
    x, w = gn.input("x", (2, 3, 4)), gn.input("w", (2, 5, 4))
    turned = gn.transpose(w, (0, 2, 1))
    assert [n.op.name for n in lower([x @ turned, turned @ w])[0]] == [
        "batched_matmul_nt",
        "batched_matmul_tn",
    ]


def test_a_stack_cut_for_threads_has_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, w = gn.input("x", (64, 48, 48)), gn.input("w", (64, 48, 48))
    feeds = {n: rng.standard_normal(n.shape).astype("float32") for n in (x, w)}
    nodes = [x @ w, gn.ops.batched_matmul_tn(x, w), gn.ops.batched_matmul_nt(x, w)]
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("GRAPHNN_THREADS", threads)
        found.append([v.tobytes() for v in gn.Program(nodes).run(feeds)])
    assert found[0] == found[1] == found[2]


@each_dtype
def test_solve_exchanges_rows(dtype: str) -> None:
    """Without the exchange the first pivot is 0, or so small that float32 loses all digits."""
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    for a in ([[0.0, 1.0], [1.0, 0.0]], [[1e-9, 1.0], [1.0, 1.0]]):
        b = np.array([1.0, 2.0])
        found = gn.solve(number(a, dtype), number(b, dtype)).value
        np.testing.assert_allclose(found, np.linalg.solve(a, b), rtol=tolerance)


@each_dtype
@pytest.mark.parametrize("m", [1, 2, 5, 17, 40])
def test_solvers_and_factors_agree_with_numpy(dtype: str, m: int) -> None:
    rng = np.random.default_rng(m)
    a, b = rng.standard_normal((3, m, m)) + 2 * np.eye(m) * np.sqrt(m), rng.standard_normal((3, m, 4))
    positive = a @ np.swapaxes(a, -1, -2) + np.eye(m)
    tolerance = 2e-3 if dtype == "float32" else 1e-10
    sign, logarithm = gn.slogdet(number(a, dtype))
    pairs = [
        (gn.solve(number(a, dtype), number(b, dtype)), np.linalg.solve(a, b)),
        (gn.inverse(number(a, dtype)), np.linalg.inv(a)),
        (gn.cholesky(number(positive, dtype)), np.linalg.cholesky(positive)),
        (gn.triangular_solve(number(a, dtype), number(b, dtype)), np.linalg.solve(np.tril(a), b)),
        (sign, np.linalg.slogdet(a)[0]),
        (logarithm, np.linalg.slogdet(a)[1]),
    ]
    if m <= 17:
        pairs.append((gn.det(number(a, dtype)), np.linalg.det(a)))
    for node, expected in pairs:
        np.testing.assert_allclose(
            node.value, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max()
        )


def test_a_vector_on_the_right_gives_a_vector_and_stacks_broadcast() -> None:
    a, b = np.eye(3) * 2, np.arange(3.0)
    assert gn.solve(number(a), number(b)).value.tolist() == [0.0, 0.5, 1.0]
    assert gn.triangular_solve(number(a), number(b)).value.tolist() == [0.0, 0.5, 1.0]
    assert gn.solve(gn.input("a", (4, 1, 3, 3)), gn.input("b", (5, 3, 2))).shape == (4, 5, 3, 2)
    assert (
        gn.solve(gn.input("a", ("batch", "m", "m")), gn.input("b", ("m",))).shape[1:]
        == gn.input("m", ("m",)).shape
    )


def test_a_determinant_that_is_0_has_the_slope_of_its_cofactors() -> None:
    """By hand: of rank 2 the cofactors are of rank 1, of rank 1 they are 0; 3 x 3."""
    a = gn.input("a", (3, 3), "float64")
    slope = gn.gradient(gn.det(a), a)
    rank2 = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    for run in (lambda v: gn.Program(slope).run({a: v}), lambda v: interpret(slope, {"a": v})[0]):
        np.testing.assert_allclose(run(rank2), [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]], atol=1e-12)
        assert (run(np.ones((3, 3))) == 0).all()


def test_the_second_slope_of_det_is_right_where_it_is_0() -> None:
    """det of 2 x 2 is ad - bc, whose slopes of second order are 1 and -1 wherever they are taken."""
    a = gn.input("a", (2, 2), "float64")
    first = gn.gradient(gn.det(a), a)
    second = gn.gradient((first * np.array([[1.0, 2.0], [3.0, 4.0]])).sum(), a)
    np.testing.assert_allclose(gn.Program(second).run({a: np.zeros((2, 2))}), [[4, -3], [-2, 1]], atol=1e-14)


def test_the_logarithm_of_a_determinant_does_not_overflow() -> None:
    sign, logarithm = gn.slogdet(number(np.diag([-1e200, 1e200, 1e-50])))
    assert sign.value == -1
    np.testing.assert_allclose(logarithm.value, np.log(10) * 350)
    sign, logarithm = gn.slogdet(number(np.ones((2, 2))))
    assert (sign.value, logarithm.value) == (0.0, -np.inf)
    assert np.isnan(gn.logdet(number([[-2.0]])).value)
    np.testing.assert_allclose(gn.logdet(number([[2.0]])).value, np.log(2))


def test_nothing_is_solved_factored_and_multiplied() -> None:
    empty = number(np.zeros((2, 0, 0)))
    assert gn.solve(empty, number(np.zeros((2, 0, 3)))).value.shape == (2, 0, 3)
    assert gn.inverse(empty).value.shape == gn.cholesky(empty).value.shape == (2, 0, 0)
    assert gn.det(empty).value.tolist() == [1.0, 1.0]
    assert gn.slogdet(empty)[1].value.tolist() == [0.0, 0.0]
    a = gn.input("a", (2, 0, 0), "float64")
    assert gn.Program(gn.gradient(gn.det(a).sum(), a)).run({a: np.zeros((2, 0, 0))}).shape == (2, 0, 0)


def test_cholesky_takes_the_symmetric_part_and_its_gradient_is_symmetric() -> None:
    rng = np.random.default_rng(0)
    half = rng.standard_normal((4, 4))
    a = half @ half.T + np.eye(4)
    skew = np.triu(np.ones((4, 4)), 1) - np.tril(np.ones((4, 4)), -1)
    x = gn.input("a", (4, 4), "float64")
    y = gn.cholesky(x)
    slope = gn.gradient((y * rng.standard_normal((4, 4))).sum(), x)
    program = gn.Program([y, slope])
    (plain, g), (skewed, _) = program.run({x: a}), program.run({x: a + skew})
    np.testing.assert_allclose(plain, np.linalg.cholesky(a), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(skewed, plain, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(g, g.T, rtol=1e-12, atol=1e-12)


SINGULAR = np.stack([np.eye(2), np.ones((2, 2)), np.eye(2)])
NEGATIVE = np.stack([np.eye(2), np.eye(2), [[1.0, 2.0], [2.0, 1.0]]])


@pytest.mark.parametrize(
    ("make", "array", "words"),
    [
        (lambda a: gn.solve(a, np.ones(2)), SINGULAR, "a[1] is singular"),
        (lambda a: gn.inverse(a), SINGULAR, "a[1] is singular"),
        (lambda a: gn.inverse(a), SINGULAR[None], "a[0, 1] is singular"),
        (lambda a: gn.inverse(a), np.zeros((2, 2)), "a is singular"),
        (lambda a: gn.gradient(gn.slogdet(a)[1].sum(), a), SINGULAR, "a[1] is singular"),
        (
            lambda a: gn.triangular_solve(a, np.ones(2)),
            np.tril(np.ones((2, 2)), -1),
            "a is singular: there is a 0",
        ),
        (lambda a: gn.cholesky(a), NEGATIVE, "a[2] is not positive definite"),
        (lambda a: gn.cholesky(a), np.zeros((2, 2)), "a is not positive definite"),
    ],
)
def test_a_matrix_that_cannot_be_is_a_fault_that_says_which(make, array: np.ndarray, words: str) -> None:
    a = gn.input("a", array.shape, "float64")
    node = make(a)
    with pytest.raises(FaultError) as compiled:
        gn.Program(node).run({a: array})
    with pytest.raises(FaultError) as interpreted:
        interpret(node, {"a": array})
    assert words in str(compiled.value)
    assert words in str(interpreted.value)


A, B = gn.input("a", (2, 3, 3)), gn.input("b", (2, 4))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gn.solve(A, B), "axis m is 3 in a (2, 3, 3) but 2 in b (2, 4)"),
        (lambda: gn.solve(B, A), "b is (2, 4); wanted square matrices"),
        (lambda: gn.solve(A, 1.0), "b is a number"),
        (lambda: gn.solve(A, gn.input("b", (5, 3, 1))), "solve: the stacks"),
        (lambda: gn.triangular_solve(A, A, lower=1), "lower is True or False, found 1"),
        (lambda: gn.det(B), "det"),
        (lambda: gn.matrix_power(B, 2), "wanted square matrices"),
        (lambda: gn.matrix_power(A, 0.5), "n is a whole number"),
    ],
)
def test_what_does_not_fit_is_told(make, words: str) -> None:
    with pytest.raises(gn.GraphnnError) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 7])
def test_matrix_power_is_numpys(n: int) -> None:
    a = np.array([[2.0, 1.0], [0.5, -1.0]])
    np.testing.assert_allclose(gn.matrix_power(number(a), n).value, np.linalg.matrix_power(a, n), rtol=1e-12)
