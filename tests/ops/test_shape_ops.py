"""Move, join, cut, pad, repeat and order arrays: as NumPy and PyTorch mean it, with names for axes too."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import SettingError, ShapeError
from graphnn.engine.program import Program
from graphnn.transform.interpret import interpret

A = np.arange(24.0).reshape(2, 3, 4)
X = gn.input("x", A.shape, "float64")
SQUARE = np.arange(9.0).reshape(3, 3)


def run(node):
    """The value of a node of X, compiled, or of a constant."""
    return Program(node, optimize=False).run({X: A} if X in set(gn.Graph(node).inputs) else {})


SAME = [
    ("permute", lambda x: gn.permute(x, 0, 2, 1), lambda a: a.transpose(0, 2, 1)),
    ("permute by a tuple", lambda x: gn.permute(x, (2, 0, 1)), lambda a: a.transpose(2, 0, 1)),
    ("swapaxes", lambda x: gn.swapaxes(x, 0, -1), lambda a: a.swapaxes(0, -1)),
    ("the method swapaxes", lambda x: x.swapaxes(1, 2), lambda a: a.swapaxes(1, 2)),
    ("moveaxis", lambda x: gn.moveaxis(x, 0, -1), lambda a: np.moveaxis(a, 0, -1)),
    ("moveaxis, two", lambda x: gn.moveaxis(x, (0, 2), (1, 0)), lambda a: np.moveaxis(a, (0, 2), (1, 0))),
    ("flatten", gn.flatten, lambda a: a.reshape(-1)),
    ("the method flatten", lambda x: x.flatten(), lambda a: a.reshape(-1)),
    ("flatten from 1", lambda x: gn.flatten(x, 1), lambda a: a.reshape(2, 12)),
    ("flatten to 1", lambda x: gn.flatten(x, 0, 1), lambda a: a.reshape(6, 4)),
    ("tile", lambda x: gn.tile(x, (2, 1, 1, 3)), lambda a: np.tile(a, (2, 1, 1, 3))),
    ("tile everywhere", lambda x: gn.tile(x, (2, 3, 2)), lambda a: np.tile(a, (2, 3, 2))),
    ("tile by a number", lambda x: gn.tile(x, 2), lambda a: np.tile(a, 2)),
    ("tile by none", lambda x: gn.tile(x, 0), lambda a: np.tile(a, 0)),
    ("repeat", lambda x: gn.repeat(x, 2, axis=1), lambda a: np.repeat(a, 2, axis=1)),
    ("repeat all", lambda x: x.repeat(3), lambda a: np.repeat(a, 3)),
    ("flip", gn.flip, np.flip),
    ("flip axes", lambda x: gn.flip(x, (0, 2)), lambda a: np.flip(a, (0, 2))),
    ("flip by index", lambda x: x[::-1, :, ::-2], lambda a: a[::-1, :, ::-2]),
    ("roll", lambda x: gn.roll(x, 5), lambda a: np.roll(a, 5)),
    ("roll axes", lambda x: gn.roll(x, (1, -7), (0, 2)), lambda a: np.roll(a, (1, -7), (0, 2))),
    ("roll an axis twice", lambda x: gn.roll(x, 1, (2, 2)), lambda a: np.roll(a, 1, (2, 2))),
    ("roll by nothing", lambda x: gn.roll(x, 4, 2), lambda a: a),
    ("sort", lambda x: gn.sort(-x, axis=1), lambda a: np.sort(-a, axis=1)),
    ("argsort", lambda x: (-x).argsort(axis=0), lambda a: np.argsort(-a, axis=0)),
    ("take", lambda x: gn.take(x, [2, -1, 0], axis=2), lambda a: np.take(a, [2, -1, 0], axis=2)),
    ("take of all", lambda x: x.take([[5, 7], [-1, 0]]), lambda a: np.take(a, [[5, 7], [-1, 0]])),
    ("take one", lambda x: gn.take(x, 1, axis=1), lambda a: np.take(a, 1, axis=1)),
    ("take nothing", lambda x: gn.take(x, [], axis=1), lambda a: a[:, :0]),
    ("gather", lambda x: gn.gather(x, [[[1], [-1], [0]]], 2), lambda a: np.take_along_axis(
        a, np.broadcast_to([[[1], [-1], [0]]], (2, 3, 1)), 2)),
    ("tril", lambda x: gn.tril(x, -1), lambda a: np.tril(a, -1)),
    ("triu", lambda x: gn.triu(x, 1), lambda a: np.triu(a, 1)),
    ("diagonal", lambda x: gn.diagonal(x, 1), lambda a: np.diagonal(a, 1, -2, -1)),
    ("diagonal of axes", lambda x: x.diagonal(-1, 0, 1), lambda a: np.diagonal(a, -1, 0, 1)),
    ("diagonal beyond", lambda x: gn.diagonal(x, 9), lambda a: np.diagonal(a, 9, -2, -1)),
    ("matrix_trace", gn.matrix_trace, lambda a: np.trace(a, axis1=-2, axis2=-1)),
    ("unstack", lambda x: gn.unstack(x, 1)[2], lambda a: a[:, 2]),
    ("stack undoes unstack", lambda x: gn.stack(gn.unstack(x, 2), 2), lambda a: a),
    ("split in equal parts", lambda x: gn.split(x, 2, axis=2)[1], lambda a: np.split(a, 2, 2)[1]),
    ("split by sizes", lambda x: gn.split(x, (1, 0, 3), axis=-1)[2], lambda a: a[..., 1:]),
    ("chunk", lambda x: gn.chunk(x, 2, axis=1)[1], lambda a: a[:, 2:]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "oracle"), [s[1:] for s in SAME], ids=[s[0] for s in SAME])
def test_it_is_what_numpy_does(function, oracle) -> None:
    node, expected = function(X), oracle(A)
    assert node.shape == expected.shape
    np.testing.assert_array_equal(run(node), expected)
    np.testing.assert_array_equal(interpret(node, {X: A})[0], expected)
    slope = gn.gradient((node.cast("float64") * X.sum()).sum(), X)
    assert run(slope).shape == A.shape


MODES = ["constant", "reflect", "symmetric", "edge", "wrap"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("widths", [1, (0, 1), ((0, 0), (2, 0), (1, 3)), ((1, 0), (0, 0), (0, 0))], ids=str)
def test_padding_is_that_of_numpy_and_its_slope_adds_up(mode: str, widths) -> None:
    expected = np.pad(A, widths, mode)
    node = gn.pad(X, widths, mode)
    np.testing.assert_array_equal(run(node), expected)
    weights = np.random.default_rng(1).normal(size=expected.shape)
    # Numbered from 1, so that what padding with zeros adds has a place of its own.
    places = np.pad(np.arange(1, A.size + 1).reshape(A.shape), widths, mode)
    slope = np.zeros(A.size + 1)
    np.add.at(slope, places, weights)
    np.testing.assert_allclose(run(gn.gradient((node * weights).sum(), X)), slope[1:].reshape(A.shape))


def test_padding_with_a_number_that_learns() -> None:
    value = gn.scalar(2.5, "value")
    node = gn.pad(X, ((0, 0), (1, 0), (0, 2)), value=value)
    np.testing.assert_array_equal(run(node), np.pad(A, ((0, 0), (1, 0), (0, 2)), constant_values=2.5))
    assert run(gn.gradient(node.sum(), value)) == 2 * 4 * 6 - 24
    np.testing.assert_array_equal(
        run(gn.pad(X > 5.0, 1, value=True)), np.pad(A > 5.0, 1, constant_values=True)
    )
    assert np.isneginf(run(gn.pad(X, 1, value=-np.inf))[0]).all()


NAMED = [
    *[(f"pad {mode}", lambda x, mode=mode: gn.pad(x, ((2, 1), (1, 1)), mode), lambda a, mode=mode: np.pad(
        a, ((2, 1), (1, 1)), mode)) for mode in MODES],
    ("flatten", gn.flatten, lambda a: a.reshape(-1)),
    ("flip", gn.flip, np.flip),
    ("roll", lambda x: gn.roll(x, (2, 1), (0, 1)), lambda a: np.roll(a, (2, 1), (0, 1))),
    ("roll back", lambda x: gn.roll(x, -1, 0), lambda a: np.roll(a, -1, 0)),
    ("tile", lambda x: gn.tile(x, (2, 2)), lambda a: np.tile(a, (2, 2))),
    ("repeat", lambda x: gn.repeat(x, 3, 0), lambda a: np.repeat(a, 3, 0)),
    ("tril", gn.tril, np.tril),
    ("split", lambda x: gn.split(gn.tile(x, (2, 1)), ("time", "time"))[1][:, 1:], lambda a: a[:, 1:]),
    ("sort", lambda x: gn.sort(x, 0), lambda a: np.sort(a, 0)),
    ("topk", lambda x: gn.topk(x, 2, axis=0)[0], lambda a: -np.sort(-a, 0)[:2]),
    ("take", lambda x: gn.take(x, [0, 2], 1), lambda a: a[:, [0, 2]]),
    ("positions", lambda x: x + gn.arange("time").cast("float64")[:, None], lambda a: a + np.arange(len(a))[:, None]),
    ("causal", lambda x: gn.masked_fill(x @ x.T, ~gn.tri("time"), -1.0),
     lambda a: np.where(np.tri(len(a), dtype=bool), a @ a.T, -1.0)),
    ("identity", lambda x: gn.eye("time", dtype="float64") @ x, lambda a: a),
    ("diagonal", lambda x: gn.diagonal(x @ x.T), lambda a: np.diagonal(a @ a.T)),
    ("diag_embed", lambda x: gn.diag_embed(x[:, 0]), lambda a: np.diag(a[:, 0])),
]  # fmt: skip


@pytest.mark.parametrize(("function", "oracle"), [n[1:] for n in NAMED], ids=[n[0] for n in NAMED])
def test_a_named_axis_gets_its_size_at_run_time(function, oracle) -> None:
    x = gn.input("x", ("time", 3), "float64")
    node = function(x)
    program = Program([node, gn.gradient((node * node).sum(), x)])
    for n in (3, 5):
        a = np.random.default_rng(n).normal(size=(n, 3))
        value, slope = program.run({x: a})
        np.testing.assert_allclose(value, oracle(a), rtol=1e-12)
        assert slope.shape == a.shape


def test_the_largest_and_their_places() -> None:
    torch = pytest.importorskip("torch")
    a = np.random.default_rng(5).normal(size=(4, 9, 3))
    x = gn.input("x", a.shape, "float64")
    for largest in (True, False):
        values, places = Program(gn.topk(x, 4, axis=1, largest=largest)).run({x: a})
        expected = torch.topk(torch.from_numpy(a), 4, dim=1, largest=largest)
        np.testing.assert_array_equal(values, expected.values.numpy())
        np.testing.assert_array_equal(places, expected.indices.numpy())
    first = gn.topk(np.array([1.0, 3.0, 3.0, 2.0]), 2)[1]
    assert Program(first).run().tolist() == [1, 2]


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 33, 200])
@pytest.mark.parametrize("descending", [False, True])
def test_order_is_stable_and_nan_is_the_largest(n: int, descending: bool) -> None:
    torch = pytest.importorskip("torch")
    a = np.random.default_rng(n).integers(0, 6, (3, n)).astype(np.float32)
    a[a == 5] = np.nan
    a[a == 4] = -np.inf
    found = Program(gn.argsort(a, descending=descending)).run()
    expected = torch.argsort(torch.from_numpy(a), dim=-1, descending=descending, stable=True)
    np.testing.assert_array_equal(found, expected.numpy())


def test_small_matrices_by_name() -> None:
    np.testing.assert_array_equal(Program(gn.eye(3, 4, 1)).run(), np.eye(3, 4, 1))
    np.testing.assert_array_equal(Program(gn.tri(3, 2, -1)).run(), np.tri(3, 2, -1, bool))
    np.testing.assert_array_equal(Program(gn.diag(SQUARE, 1)).run(), np.diag(SQUARE, 1))
    np.testing.assert_array_equal(Program(gn.diag(SQUARE[0], -1)).run(), np.diag(SQUARE[0], -1))
    for bounds in ((5,), (2, 7), (1, 10, 3), (5, 0, -2), (4, 2)):
        np.testing.assert_array_equal(Program(gn.arange(*bounds)).run(), np.arange(*bounds))
    mask = gn.sequence_mask(np.array([2, 0, 5]), 4)
    assert Program(mask).run().astype(int).tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    filled = gn.masked_fill(np.array([[1.0, np.nan]]), np.array([[True], [False]]), 0.0)
    np.testing.assert_array_equal(Program(filled).run(), [[0.0, 0.0], [1.0, np.nan]])


@pytest.mark.parametrize("axes", [(0, 2, 1, 3), (3, 1, 2, 0), (0, 1, 3, 2), (2, 3, 0, 1)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_axes_of_attention_move(axes, dtype: str) -> None:
    a = (np.arange(5 * 17 * 3 * 20) % 7).reshape(5, 17, 3, 20).astype(dtype)
    np.testing.assert_array_equal(Program(gn.transpose(a, axes)).run(), a.transpose(axes))


NAMELESS = gn.input("y", ("batch", 3))
WRONG = [
    (lambda: gn.flatten(X, 2, 1), ShapeError, "stands behind"),
    (lambda: X.swapaxes(0, 3), ShapeError, "there is no axis 3"),
    (lambda: gn.swapaxes(X, 0, 3), ShapeError, "there is no axis 3"),
    (lambda: gn.moveaxis(X, (0, 1), 2), ShapeError, "a new place for every axis"),
    (lambda: gn.permute(X, 0, 1), ShapeError, "every axis"),
    (lambda: gn.split(X, 5, 1), ShapeError, "not 5 equal parts"),
    (lambda: gn.split(X, (1, 1), 1), ShapeError, "do not add up"),
    (lambda: gn.chunk(NAMELESS, 2), ShapeError, "known size"),
    (lambda: gn.unstack(NAMELESS), ShapeError, "known size"),
    (lambda: gn.pad(X, 3, "reflect"), ShapeError, "has 1 elements to add to axis 0"),
    (lambda: gn.pad(X, 3, "mirror"), SettingError, "mode is constant"),
    (lambda: gn.pad(X, ((1, 1), (1, 1))), ShapeError, "each of the 3 axes"),
    (lambda: gn.pad(X, -1), ShapeError, "from 0 on"),
    (lambda: gn.tile(X, -1), ShapeError, "counts are whole numbers"),
    (lambda: gn.repeat(X, 1.5), ShapeError, "repeats are whole numbers"),
    (lambda: gn.roll(X, (1, 2), 0), ShapeError, "one for each of the axes"),
    (lambda: gn.topk(X, 5), ShapeError, "k is 0 to 4"),
    (lambda: gn.take(X, [3], axis=1), ShapeError, r"indices\[0\] is 3"),
    (lambda: gn.gather(X, np.zeros((2, 2), int), 1), ShapeError, "all other axes"),
    (lambda: gn.take(X, [0.5], axis=1), gn.DtypeError, "int64"),
    (lambda: gn.diag(X), ShapeError, "diag_embed"),
    (lambda: gn.tril(X[0, 0]), ShapeError, "wanted a matrix"),
    (lambda: gn.diagonal(NAMELESS), ShapeError, "must be known"),
    (lambda: gn.diagonal(X, 0, 1, 1), ShapeError, "axis1 and axis2 differ"),
    (lambda: gn.arange(2.5), SettingError, "whole numbers or axis names"),
    (lambda: gn.arange(0, "time", 2), SettingError, "the step is 1"),
    (lambda: gn.arange(3, step=0), SettingError, "other than 0"),
    (lambda: gn.tri(3, k=0.5), SettingError, "k numbers a diagonal"),
    (lambda: gn.gather_nd(X, np.zeros((2, 4), int)), ShapeError, "1 to 3 axes"),
    (lambda: gn.ravel_index(np.zeros((2, 2), int), (2, 3, 4)), ShapeError, "wanted as many"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG, ids=[w[2] for w in WRONG])
def test_a_wrong_shape_says_why(call, error, words: str) -> None:
    with pytest.raises(error, match=words):
        call()
