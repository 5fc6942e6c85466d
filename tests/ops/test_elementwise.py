"""Elementwise mathematics and activations at extreme values, at kinks, on whole numbers; how exact they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnn as gn
from graphnn.ops.circular import FAR

INF, NAN = np.inf, np.nan
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def run(function: Callable[..., gn.Node], *values: Any, dtype: str = "float64") -> np.ndarray:
    """The function of these numbers, computed by the compiled kernels."""
    arrays = [np.asarray(v, dtype if np.asarray(v).dtype.kind == "f" else None) for v in values]
    inputs = [gn.input(f"x{k}", a.shape, a.dtype) for k, a in enumerate(arrays)]
    return gn.Program(function(*inputs), optimize=False).run(dict(zip(inputs, arrays)))


def derivatives(function: Callable[[gn.Node], gn.Node], x: Any, dtype: str = "float64") -> list[np.ndarray]:
    """Value, slope and second slope at every element of x."""
    leaf = gn.input("x", np.shape(x), dtype)
    y = function(leaf)
    first = gn.gradient(y.sum(), leaf)
    second = gn.gradient(first.sum(), leaf, no_path="zero")
    program = gn.Program([y, first, second])
    return list(program.run({leaf: np.asarray(x, dtype)}))


# How exact: against the C library in long double.


def exact(name: str, *operands: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(np, name)(*(v.astype(np.longdouble) for v in operands))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("arcsin", -1, 1), ("arccos", -1, 1), ("arctan", -9, 9), ("arcsinh", -9, 9), ("arccosh", 1, 9),
        ("arctanh", -1, 1), ("sinh", -80, 80), ("cosh", -80, 80), ("cbrt", -9, 9), ("exp2", -99, 99),
        ("log2", 0, 9), ("log10", 0, 9), ("sqrt", 0, 9),
    ],
)  # fmt: skip
def test_functions_are_within_a_few_units_of_rounding(
    name: str, low: float, high: float, dtype: str, rng: np.random.Generator
) -> None:
    x = rng.uniform(low, high, 5000).astype(dtype)
    x = np.concatenate([x, x * x.dtype.type(1e-6) + (1 if name == "arccosh" else 0)])
    np.testing.assert_allclose(
        run(getattr(gn, name), x, dtype=dtype), exact(name, x), rtol=3 * np.finfo(dtype).eps
    )


@each_dtype
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_of_every_size_are_reduced_right(name: str, dtype: str, rng: np.random.Generator) -> None:
    far = 10.0 ** rng.uniform(5, 37 if dtype == "float32" else 300, 700) * rng.choice([-1, 1], 700)
    x = np.concatenate([rng.uniform(-FAR, FAR, 3000), far, rng.uniform(-9, 9, 1000)]).astype(dtype)
    np.testing.assert_allclose(
        run(getattr(gn, name), x, dtype=dtype), exact(name, x), rtol=5 * np.finfo(dtype).eps
    )


@each_dtype
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_a_far_angle_does_not_change_the_bits_of_its_neighbours(
    name: str, dtype: str, rng: np.random.Generator
) -> None:
    x = rng.uniform(-100, 100, 2000).astype(dtype)
    alone = run(getattr(gn, name), x, dtype=dtype)
    x[::100] = 1e20
    beside = run(getattr(gn, name), x, dtype=dtype)
    near = np.abs(x) <= FAR
    assert np.array_equal(alone[near], beside[near])
    assert np.isfinite(beside).all()


@each_dtype
def test_powers_of_the_base_are_exact(dtype: str) -> None:
    whole = np.arange(-37, 38).astype(dtype)
    tens = np.array([float(f"1e{k:.0f}") for k in whole], dtype)
    assert np.array_equal(run(gn.log10, tens, dtype=dtype), whole)
    assert np.array_equal(run(gn.log2, np.exp2(whole), dtype=dtype), whole)
    assert np.array_equal(run(gn.exp2, whole, dtype=dtype), np.exp2(whole))


@each_dtype
def test_lengths_and_areas_do_not_overflow_on_the_way(dtype: str) -> None:
    large, small = np.finfo(dtype).max / 4, np.finfo(dtype).tiny * 4
    x = np.array([large, small, -large], dtype)
    np.testing.assert_allclose(run(gn.hypot, x, x, dtype=dtype), np.abs(x) * np.sqrt(2), rtol=1e-6)
    for name in ("arcsinh", "arccosh"):
        y = run(getattr(gn, name), np.array([large], dtype), dtype=dtype)
        np.testing.assert_allclose(y, getattr(np, name)(np.float64(large)), rtol=1e-6)
    edge = 89.2 if dtype == "float32" else 710.2
    assert np.isfinite(run(gn.sinh, np.array([edge], dtype), dtype=dtype)).all()
    assert np.array_equal(run(gn.logaddexp, [1e4, -INF, INF], [1e4, -INF, 0.0])[1:], [-INF, INF])


# Extremes: values and slopes of both orders stay finite.


FAR_AND_ZERO = [-INF, -1e30, -1e4, -100.0, 0.0, 100.0, 1e4, 1e30, INF]
GATES = {
    "gelu": gn.gelu, "gelu tanh": lambda x: gn.gelu(x, approximate="tanh"), "silu": gn.silu, "mish": gn.mish,
    "hardswish": gn.hardswish,
}  # fmt: skip


@each_dtype
@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_a_gate_is_closed_on_the_left_and_open_on_the_right(gate: Callable[..., gn.Node], dtype: str) -> None:
    value, slope, second = derivatives(gate, FAR_AND_ZERO, dtype)
    x = np.array(FAR_AND_ZERO, dtype)
    np.testing.assert_allclose(value, np.where(x > 0, x, 0), atol=1e-37)
    np.testing.assert_allclose(np.delete(slope, 4), np.delete((x > 0).astype(dtype), 4), atol=1e-37)
    assert np.isfinite(second[4])
    np.testing.assert_allclose(np.delete(second, 4), np.zeros(8), atol=1e-37)


BOUNDED = {
    "sigmoid": gn.sigmoid, "tanh": gn.tanh, "erf": gn.erf, "erfc": gn.erfc, "arctan": gn.arctan,
    "softsign": gn.softsign, "hardtanh": gn.hardtanh, "hard_sigmoid": gn.hard_sigmoid, "relu6": gn.relu6,
    "clip": lambda x: gn.clip(x, -2.0, 2.0),
}  # fmt: skip


@each_dtype
@pytest.mark.parametrize("function", BOUNDED.values(), ids=BOUNDED)
def test_bounded_functions_are_flat_far_out(function: Callable[..., gn.Node], dtype: str) -> None:
    value, slope, second = derivatives(function, FAR_AND_ZERO, dtype)
    assert np.abs(value).max() <= 6
    assert np.isfinite(slope).all()
    assert np.isfinite(second[1:-1]).all()
    np.testing.assert_allclose(slope[[0, 1, 7, 8]], 0, atol=1e-30)


@pytest.mark.parametrize(
    ("function", "x", "value", "slope"),
    [
        (gn.log1p, [0.0, 1e300, 1e-300], [0.0, 690.7755278982137, 1e-300], [1.0, 1e-300, 1.0]),
        (gn.softplus, [-1e4, 0.0, 1e4], [0.0, np.log(2), 1e4], [0.0, 0.5, 1.0]),
        (gn.logsigmoid, [-1e4, 0.0, 1e4], [-1e4, -np.log(2), 0.0], [1.0, 0.5, 0.0]),
        (
            gn.arcsinh,
            [-1e200, 0.0, 1e200],
            [-461.2101657793691, 0.0, 461.2101657793691],
            [1e-200, 1.0, 1e-200],
        ),
        (gn.expm1, [-1e4, 0.0, 1e-300], [-1.0, 0.0, 1e-300], [0.0, 1.0, 1.0]),
        (gn.selu, [-1e4, 1e4], [-1.7580993408473766, 10507.009873554805], [0.0, 1.0507009873554805]),
        (gn.celu, [-1e4, 1e4], [-1.0, 1e4], [0.0, 1.0]),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_values_and_slopes_far_out(function: Any, x: list, value: list, slope: list) -> None:
    found, first, second = derivatives(function, x)
    np.testing.assert_allclose(found, value, rtol=1e-14)
    np.testing.assert_allclose(first, slope, rtol=1e-14)
    assert np.isfinite(second).all()


def test_slopes_that_are_infinite_by_convention() -> None:
    for function, at in [
        (gn.sqrt, 0.0),
        (gn.cbrt, 0.0),
        (gn.arcsin, 1.0),
        (gn.arccosh, 1.0),
        (gn.arctanh, 1.0),
    ]:
        assert derivatives(function, [at])[1] == INF


def test_angle_and_length_at_the_origin_have_slope_zero() -> None:
    a, b = gn.input("a", (), "float64"), gn.input("b", (), "float64")
    for y in (gn.arctan2(a, b), gn.hypot(a, b)):
        first = gn.gradient(y, [a, b])
        second = gn.gradient(first[0] + first[1], [a, b])
        found = gn.Program([*first, *second]).run({a: 0.0, b: 0.0})
        assert list(found[:2]) == [0, 0]
        assert np.isfinite(found).all()


def test_slopes_of_an_angle_neither_overflow_nor_vanish() -> None:
    a, b = gn.input("a", (2,)), gn.input("b", (2,))
    slopes = gn.gradient(gn.arctan2(a, b).sum(), [a, b])
    feed = np.array([1e25, 1e-25], np.float32)
    found = gn.Program(slopes).run({a: feed, b: feed})
    np.testing.assert_allclose(found, [0.5 / feed, -0.5 / feed], rtol=1e-6)


def test_sums_of_exponentials_share_their_gradient_among_equal_infinities() -> None:
    a, b = gn.input("a", (3,)), gn.input("b", (3,))
    slopes = gn.gradient(gn.logaddexp(a, b).sum(), [a, b])
    found = gn.Program(slopes).run({a: [INF, -INF, INF], b: [INF, -INF, 0.0]})
    assert np.array_equal(found, [[0.5, 0.5, 1], [0.5, 0.5, 0]])


# Conventions at kinks.


KINKS = [
    (lambda x: gn.clip(x, -1.0, 2.0), [-1.0, 2.0], [1, 1]),
    (gn.hardtanh, [-1.0, 1.0], [0, 0]),
    (gn.relu6, [0.0, 6.0], [0, 0]),
    (gn.hard_sigmoid, [-3.0, 3.0], [0, 0]),
    (gn.hardswish, [-3.0, 3.0], [0, 1]),
    (gn.thresholded_relu, [1.0], [0]),
    (gn.softshrink, [-0.5, 0.5], [0, 0]),
    (gn.hardshrink, [-0.5, 0.5], [0, 0]),
    (lambda x: gn.celu(x, 0.5), [0.0], [1]),
    (lambda x: gn.prelu(x, 0.25), [0.0], [0.25]),
    (gn.softsign, [0.0], [1]),
    (gn.selu, [0.0], [1.6732632423543772 * 1.0507009873554805]),
]


@pytest.mark.parametrize(("function", "x", "slope"), KINKS)
def test_slope_at_a_kink(function: Callable[..., gn.Node], x: list[float], slope: list[float]) -> None:
    np.testing.assert_allclose(derivatives(function, x)[1], slope, rtol=1e-15)


def test_bounds_of_clip_get_the_gradient_of_what_they_cut() -> None:
    x, low, high = gn.input("x", (5,)), gn.input("low", ()), gn.input("high", ())
    slopes = gn.gradient(gn.clip(x, low, high).sum(), [x, low, high])
    found = gn.Program(slopes).run({x: [-3, -2, 0, 1, 5], low: -2, high: 1})
    assert [v.tolist() for v in found] == [[0, 1, 1, 1, 0], 1, 1]
    crossed = gn.Program([gn.clip(x, low, high), *slopes]).run({x: [-3, -2, 0, 1, 5], low: 2, high: 1})
    assert [v.tolist() for v in crossed] == [[1] * 5, [0] * 5, 0, 5]


def test_clip_without_bounds_is_the_operand() -> None:
    x = np.array([-INF, 1.0, NAN])
    assert np.array_equal(run(gn.clip, x), x, equal_nan=True)
    assert run(lambda v: v.clip(high=3), [2, 5]).tolist() == [2, 3]
    assert run(lambda v: v.clip(3), [2, 5]).tolist() == [3, 5]
    assert np.isnan(run(lambda v: gn.clip(v, NAN, 1.0), [0.0, 2.0])).all()


# Whole numbers and truth values.


def test_whole_numbers_divide_as_in_numpy() -> None:
    a, b = (v.ravel() for v in np.meshgrid([7, -7, 0, 2**62, -(2**63)], [2, -2, 3, -1, 0]))
    with np.errstate(all="ignore"):
        assert np.array_equal(run(lambda x, y: x // y, a, b), a // b)
        assert np.array_equal(run(lambda x, y: x % y, a, b), a % b)
    some = np.array([7, -7, 5])
    assert np.array_equal(run(lambda x: gn.fmod(x, 3), some), np.fmod(some, 3))


def test_floats_divide_as_in_numpy() -> None:
    a, b = (
        v.ravel() for v in np.meshgrid([7.5, -7.5, 0.0, INF, NAN, 1e300], [2.0, -2.0, 0.0, INF, -INF, 1e-3])
    )
    with np.errstate(all="ignore"):
        assert np.array_equal(run(gn.floor_divide, a, b), a // b, equal_nan=True)
        assert np.array_equal(run(gn.mod, a, b), a % b, equal_nan=True)
        finite = np.isfinite(a) & (b != 0)
        assert np.array_equal(run(gn.fmod, a, b)[finite], np.fmod(a, b)[finite], equal_nan=True)
    assert (7.0 % gn.scalar(4.0, "d")).value == 3
    assert (7.0 // gn.scalar(4.0, "d")).value == 1


def test_halves_are_rounded_to_even_numbers() -> None:
    x = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999]
    assert run(gn.round, x).tolist() == [-2, -2, 0, 0, 2, 2, 2]
    assert run(lambda v: v.round(), x).tolist() == [-2, -2, 0, 0, 2, 2, 2]


def test_operators_of_truth_values() -> None:
    a, b = np.array([True, True, False]), np.array([True, False, False])
    assert run(lambda x, y: x ^ y, a, b).tolist() == [False, True, False]


@each_dtype
def test_what_is_not_a_plain_number_is_told(dtype: str) -> None:
    x = np.array([1, NAN, INF, -INF, 0], dtype)
    for name in ("isnan", "isinf", "isfinite"):
        assert np.array_equal(run(getattr(gn, name), x, dtype=dtype), getattr(np, name)(x))


# Settings and shapes.


def test_prelu_has_a_slope_for_every_channel() -> None:
    x = -np.ones((2, 3, 4))
    per_channel = np.array([1.0, 2.0, 3.0])
    assert np.array_equal(run(gn.prelu, x, per_channel), -np.ones((2, 3, 4)) * per_channel[:, None])
    last = run(lambda v, s: gn.prelu(v, s, axis=-1), np.moveaxis(x, 1, 2), per_channel)
    assert np.array_equal(last, -np.ones((2, 4, 3)) * per_channel)
    shared = run(gn.prelu, x, [2.0])
    assert np.array_equal(shared, 2 * x)


def test_prelu_names_the_axis_that_does_not_fit() -> None:
    x = gn.input("x", (2, 3, 4))
    with pytest.raises(gn.ShapeError, match="slope has 4 numbers but axis 1 of 'x' has size 3"):
        gn.prelu(x, np.zeros(4, np.float32))


def test_glu_halves_an_axis() -> None:
    x = np.arange(12.0).reshape(2, 6)
    expected = x[:, :3] / (1 + np.exp(-x[:, 3:]))
    np.testing.assert_allclose(run(gn.glu, x), expected, rtol=1e-14)
    assert gn.glu(gn.input("x", ("batch", 6))).shape == gn.input("y", ("batch", 3)).shape
    with pytest.raises(gn.ShapeError, match="size 5; wanted a known, even size"):
        gn.glu(gn.input("x", (2, 5)))


def test_gelu_names_its_approximations() -> None:
    with pytest.raises(gn.SettingError, match="'none' or 'tanh', found 'fast'"):
        gn.gelu(gn.input("x", (2,)), approximate="fast")


def test_the_two_forms_of_gelu_are_near_each_other() -> None:
    x = np.linspace(-6, 6, 2001)
    apart = np.abs(run(gn.gelu, x) - run(lambda v: gn.gelu(v, approximate="tanh"), x))
    assert 1e-4 < apart.max() < 5e-4


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu", "mish"])
def test_float32_gates_are_as_exact_as_said(name: str, rng: np.random.Generator) -> None:
    x = rng.normal(0, 4, 20_000).astype(np.float32)
    error = np.abs(run(getattr(gn, name), x, dtype="float32") - run(getattr(gn, name), x.astype(np.float64)))
    assert (error / np.abs(x)).max() < 2.5e-7


def test_named_axes_pass() -> None:
    x = gn.input("x", ("batch", 3))
    for name in ("sin", "gelu", "mish", "hardtanh", "softsign", "celu", "prelu"):
        y = getattr(gn, name)(x, 0.5) if name == "prelu" else getattr(gn, name)(x)
        assert y.shape == x.shape
        assert gn.gradient(y.sum(), x).shape == x.shape
