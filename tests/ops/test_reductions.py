"""Reductions at their edges: zeros in products, large means, lengths beyond the squares, NaN, ties, nothing at all."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import DeclarationError, SettingError, ShapeError
from graphnn.engine.program import Program
from graphnn.transform.interpret import interpret


def run(function, *arrays):
    """The function's value, compiled."""
    inputs = [gn.input(f"x{k}", a.shape, a.dtype) for k, a in enumerate(arrays)]
    return Program(function(*inputs), optimize=False).run(dict(zip(inputs, arrays, strict=True)))


def slopes(function, array, order=1):
    """The gradient of the sum of the function's squares, or the gradient of the sum of that."""
    x = gn.input("x", array.shape, array.dtype)
    y = function(x)
    slope = gn.gradient((y * y).sum() if order > 1 else y.sum(), x)
    if order > 1:
        slope = gn.gradient(slope.sum(), x)
    (value,) = interpret(slope, {x: array})
    return value


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_the_slope_of_a_product_is_right_beside_zeros(zeros: int) -> None:
    torch = pytest.importorskip("torch")
    values = np.array([[2.0, -3.0, 0.5, 4.0], [1.0, 2.0, 3.0, 5.0]])
    values[0, :zeros] = 0
    x = gn.input("x", values.shape, "float64")
    y = gn.prod(x, axis=1)
    first = gn.gradient((y * y).sum() + y.sum(), x)
    second = gn.gradient((first * first).sum() + first.sum(), x)
    t = torch.tensor(values, requires_grad=True)
    p = t[:, 0] * t[:, 1] * t[:, 2] * t[:, 3]
    (t1,) = torch.autograd.grad((p * p).sum() + p.sum(), t, create_graph=True)
    (t2,) = torch.autograd.grad((t1 * t1).sum() + t1.sum(), t)
    for found, expected in zip(Program([first, second]).run({x: values}), (t1, t2), strict=True):
        np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_products_of_several_axes_and_of_nothing() -> None:
    a = np.arange(1.0, 25.0).reshape(2, 3, 4)
    np.testing.assert_allclose(run(lambda x: x.prod(axis=(0, 2)), a), a.prod(axis=(0, 2)))
    assert run(lambda x: x.prod(), np.zeros((0, 3))) == 1.0
    assert run(lambda x: x.prod(), np.array([3, 5, 7])) == 105


@pytest.mark.parametrize("axis", [0, 1])
def test_a_large_mean_does_no_harm_to_a_variance(axis: int) -> None:
    rng = np.random.default_rng(1)
    a = (1e4 + rng.normal(size=(400, 500))).astype(np.float32)
    expected = a.astype(np.float64).var(axis=axis, ddof=1)
    np.testing.assert_allclose(run(lambda x: x.var(axis=axis, ddof=1), a), expected, rtol=2e-6)


def test_a_constant_has_no_variance() -> None:
    for value in (0.1, 1e6, -3e-5):
        a = np.full((3, 1000), value, np.float32)
        assert np.all(run(lambda x: x.var(axis=1), a) <= (1e-7 * abs(value)) ** 2)


def test_variance_over_axes_apart_and_of_a_number() -> None:
    a = np.random.default_rng(2).normal(size=(3, 4, 5))
    np.testing.assert_allclose(run(lambda x: x.var(axis=(0, 2)), a), a.var(axis=(0, 2)))
    np.testing.assert_allclose(
        run(lambda x: x.std(axis=(0, 2), ddof=1, keepdims=True), a), a.std(axis=(0, 2), ddof=1, keepdims=True)
    )
    assert run(lambda x: x.var(), np.array(3.0)) == 0.0
    assert np.isnan(run(lambda x: x.var(ddof=1), np.array(3.0)))
    assert np.isnan(run(lambda x: x.var(axis=0), np.zeros((0, 2)))).all()


def test_where_numbers_do_not_spread_the_deviation_has_slope_zero() -> None:
    flat = np.full((2, 3), 7.0)
    assert slopes(lambda x: x.std(axis=1), flat).tolist() == np.zeros((2, 3)).tolist()
    assert np.isfinite(slopes(lambda x: x.std(axis=1), flat, order=2)).all()
    hard = np.array([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0]])
    assert np.isnan(run(lambda x: x.std(axis=1), hard)).tolist() == [True, False]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [0, 1])
def test_lengths_survive_where_squares_do_not(dtype: str, axis: int) -> None:
    big, small = (1e30, 1e-30) if dtype == "float32" else (1e300, 1e-300)
    a = np.array([[3 * big, 4 * big], [3 * small, -4 * small], [0, 0], [np.inf, 1], [np.nan, np.inf]], dtype)
    found = run(lambda x: gn.norm(x, axis=axis), a if axis else np.ascontiguousarray(a.T))
    np.testing.assert_allclose(found, [5 * big, 5 * small, 0, np.inf, np.nan], rtol=1e-6)
    finite = a[:2] if axis else np.ascontiguousarray(a[:2].T)
    slope = slopes(lambda x: gn.norm(x, axis=axis), finite)
    np.testing.assert_allclose(slope if axis else slope.T, [[0.6, 0.8], [0.6, -0.8]], rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3, 2.5, np.inf])
def test_norms_of_every_order(order: float) -> None:
    a = np.random.default_rng(3).normal(size=(3, 4, 5))
    expected = np.linalg.norm(a, order, axis=1)
    np.testing.assert_allclose(run(lambda x: gn.norm(x, order, axis=1), a), expected)
    np.testing.assert_allclose(run(lambda x: gn.norm(x, order), a), np.linalg.norm(a.reshape(-1), order))
    np.testing.assert_allclose(run(lambda x: gn.norm(1e200 * x, order, axis=1), a), 1e200 * expected)
    zeros = np.zeros((2, 3))
    for k in (1, 2):
        assert slopes(lambda x: gn.norm(x, order, axis=1, keepdims=True), zeros, k).shape == (2, 3)
        assert np.isfinite(slopes(lambda x: gn.norm(x, order, axis=1), zeros, k)).all()
    if order != np.inf:  # which shares the slope among equal numbers: of size 0 all have slope 0 by abs
        assert not slopes(lambda x: gn.norm(x, order, axis=1), zeros).any()


@pytest.mark.parametrize("n", [1, 7, 16, 17, 100, 1003])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_extremes_of_long_rows_are_exact(n: int, dtype: str) -> None:
    rng = np.random.default_rng(n)
    a = (rng.normal(size=(5, n)) * 10.0 ** rng.integers(-30, 15, (5, n))).astype(dtype)
    if dtype == "int64":
        a = rng.integers(-(2**63), 2**63 - 1, (5, n))
    else:
        a[0, n // 2], a[1, n - 1], a[2, n // 3] = np.inf, -np.inf, -0.0
        a[4] = -np.abs(a[4])
    for function, oracle in (
        (gn.max, np.max),
        (gn.min, np.min),
        (gn.argmax, np.argmax),
        (gn.argmin, np.argmin),
    ):
        for axis in (0, 1, None):
            np.testing.assert_array_equal(run(partial(function, axis=axis), a), oracle(a, axis=axis))


@pytest.mark.parametrize("bits", [0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF], ids=hex)
def test_every_nan_wins(bits: int) -> None:
    a = np.array([[1, np.inf, 0, -np.inf, 5] * 9, [1, 2, 3, 4, 5] * 9], np.float32)
    a.view(np.uint32)[0, 13] = bits
    for function in (gn.max, gn.min):
        assert np.isnan(run(partial(function, axis=1), a)).tolist() == [True, False]
    for function in (gn.argmax, gn.argmin):
        assert run(partial(function, axis=1), a)[0] == 13
        assert run(partial(function, axis=0), a)[13] == 0


def test_places_of_extremes_keep_dims_and_tell_the_first() -> None:
    a = np.array([[1.0, 5.0, 5.0], [2.0, 2.0, 0.0]])
    assert run(lambda x: x.argmax(axis=1, keepdims=True), a).tolist() == [[1], [0]]
    assert run(lambda x: x.argmin(keepdims=True), a).tolist() == [[5]]
    assert run(lambda x: x.argmin(axis=0), a).tolist() == [0, 1, 1]


def test_truth_of_numbers_and_of_nothing() -> None:
    a = np.array([[0.0, np.nan, 2.0], [0.0, 0.0, 0.0]])
    assert run(lambda x: x.any(axis=1), a).tolist() == [True, False]
    assert run(lambda x: x.all(axis=0), a != 0).tolist() == [False, False, False]
    assert not run(lambda x: x.any(), np.zeros((0,)))
    assert run(lambda x: x.all(), np.zeros((0,)))
    assert run(lambda x: gn.any(x, axis=(0, 2)), np.ones((2, 3, 2), bool)).tolist() == [True] * 3
    assert run(lambda x: gn.all(x, axis=-1, keepdims=True), np.ones((2, 300), bool)).tolist() == [
        [True],
        [True],
    ]
    assert run(gn.count_nonzero, a) == 2
    assert run(lambda x: gn.count_nonzero(x, axis=0), a).tolist() == [0, 1, 1]


@pytest.mark.parametrize("zeros", [[], [0], [2], [1, 3]], ids=str)
def test_running_products_have_slopes_beside_zeros(zeros: list[int]) -> None:
    torch = pytest.importorskip("torch")
    values = np.array([2.0, -3.0, 0.5, 4.0])
    values[zeros] = 0.0
    t = torch.tensor(values, requires_grad=True)
    y = torch.stack([t[0], t[0] * t[1], t[0] * t[1] * t[2], t[0] * t[1] * t[2] * t[3]])
    (first,) = torch.autograd.grad((y * y).sum(), t, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), t)
    np.testing.assert_allclose(slopes(gn.cumprod, values, order=2), second.numpy(), rtol=1e-12)


def test_running_sums_as_numpy_and_onnx_mean_them() -> None:
    a = np.arange(1, 7).reshape(2, 3)
    assert run(lambda x: x.cumsum(), a).tolist() == [1, 3, 6, 10, 15, 21]
    assert run(lambda x: gn.cumsum(x, 1, exclusive=True), a).tolist() == [[0, 1, 3], [0, 4, 9]]
    assert run(lambda x: gn.cumsum(x, 1, reverse=True), a).tolist() == [[6, 5, 3], [15, 11, 6]]
    assert run(lambda x: gn.cumsum(x, 0, exclusive=True, reverse=True), a).tolist() == [[4, 5, 6], [0, 0, 0]]
    b = a.astype(float)
    assert run(lambda x: x.cumprod(1), b).tolist() == [[1, 2, 6], [4, 20, 120]]
    assert run(lambda x: gn.cumprod(x, 1, exclusive=True), b).tolist() == [[1, 1, 2], [1, 4, 20]]


def test_a_recurrence_is_a_running_average() -> None:
    b = np.random.default_rng(4).normal(size=(3, 50))
    found = run(lambda x: gn.linear_scan(0.9, 0.1 * x, axis=1), b)
    state = np.zeros(3)
    for t in range(50):
        state = 0.9 * state + 0.1 * b[:, t]
        np.testing.assert_allclose(found[:, t], state if t else 0.1 * b[:, 0])


NAMED = [
    ("var", lambda x: x.var(axis=0, ddof=1), lambda a: a.var(axis=0, ddof=1)),
    ("std", lambda x: x.std(), np.std),
    ("prod", lambda x: x.prod(axis=0), lambda a: a.prod(axis=0)),
    ("prod of all", lambda x: x.prod(), np.prod),
    ("norm", lambda x: gn.norm(x, axis=0), lambda a: np.linalg.norm(a, axis=0)),
    ("cumprod", lambda x: gn.cumprod(x, axis=0), lambda a: np.cumprod(a, axis=0)),
    ("cumsum", lambda x: gn.cumsum(x, axis=0), lambda a: np.cumsum(a, axis=0)),
    ("any", lambda x: (x > 0.5).any(axis=0).cast("float64"), lambda a: (a > 0.5).any(axis=0)),
]


@pytest.mark.parametrize(("function", "oracle"), [n[1:] for n in NAMED], ids=[n[0] for n in NAMED])
def test_reductions_over_a_named_axis(function, oracle) -> None:
    x = gn.input("x", ("batch", 3), "float64")
    y = function(x)
    slope = gn.gradient(y.sum(), x, no_path="zero")
    program = Program([y, slope, x])
    for n in (2, 5):
        a = np.random.default_rng(n).uniform(0.2, 1.0, (n, 3))
        value, gradient, _ = program.run({x: a})
        np.testing.assert_allclose(value, oracle(a), rtol=1e-12)
        assert np.isfinite(gradient).all()


X = gn.input("x", (2, 3), "float64")
WRONG = [
    (lambda: gn.norm(X, 0.5), SettingError, "ord is a number from 1 on"),
    (lambda: gn.norm(X, "fro"), SettingError, "found 'fro'"),
    (lambda: X.var(ddof=-1), SettingError, "ddof is a whole number"),
    (lambda: X.std(ddof=0.5), SettingError, "std: ddof"),
    (lambda: X.prod(axis=2), ShapeError, "prod: there is no axis 2"),
    (lambda: X.any(axis=(0, 0)), ShapeError, "twice"),
    (lambda: X.cumsum(axis=5), ShapeError, "cumsum: there is no axis 5"),
    (lambda: gn.linear_scan(X, X[0:1, :2]), ShapeError, "axis"),
    (lambda: gn.input("y", (2, 0)).argmin(axis=1), ShapeError, "argmin: an empty axis"),
    (lambda: gn.prod(X, dim=1), DeclarationError, "prod"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG, ids=[w[2] for w in WRONG])
def test_a_wrong_reduction_says_why(call, error, words: str) -> None:
    with pytest.raises(error, match=words):
        call()
