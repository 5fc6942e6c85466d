from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from compiled_routines import FUSED, NOT_FUSED, compiled, loop_over, run
from graphnn.core.routine import Routine
from graphnn.ops import circular, exponentiation, mathematics
from graphnn.ops.circular import FAR, arctan, arctan2, cos, cosh, sin, sinh, tan
from graphnn.ops.exponentiation import pow
from graphnn.ops.mathematics import (
    erf,
    exp,
    exp2,
    expm1,
    float32_bits,
    float32_from_bits,
    float64_bits,
    float64_from_bits,
    log,
    log1p,
    log2,
    log10,
    sigmoid,
    softplus,
    tanh,
)

ANGLES = [sin, cos, tan]
ROUTINES = [
    exp, exp2, expm1, log, log2, log10, log1p, tanh, sigmoid, softplus, erf, *ANGLES, arctan, sinh, cosh,
]  # fmt: skip
each_routine = pytest.mark.parametrize("routine", ROUTINES, ids=lambda r: r.name)
with_and_without_fma = pytest.mark.parametrize("flags", [FUSED, NOT_FUSED], ids=["fused", "not fused"])
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])

INF, NAN = np.inf, np.nan


def version(routine: Routine, dtype: type) -> Callable[..., Any]:
    return routine.float32 if dtype is np.float32 else routine.float64


def claimed(function: Callable[..., Any]) -> float:
    """The bound of the relative error that the docstring claims."""
    found = re.search(r"within (\S+) of itself", function.__doc__ or "")
    assert found, function.__name__
    return float(found[1])


# The oracle: 60 digits, from Python's own decimal arithmetic. Near 0, where 60 digits would cancel, a series.


def _exp(x: Decimal) -> Decimal:
    return x.exp()


def _expm1(x: Decimal) -> Decimal:
    return x + x * x / 2 + x**3 / 6 if abs(x) < Decimal("1e-15") else x.exp() - 1


def _log(x: Decimal) -> Decimal:
    return x.ln()


def _log1p(x: Decimal) -> Decimal:
    return x - x * x / 2 + x**3 / 3 if abs(x) < Decimal("1e-15") else (1 + x).ln()


def _tanh(x: Decimal) -> Decimal:
    t = _expm1(2 * x)
    return t / (t + 2)


def _sigmoid(x: Decimal) -> Decimal:
    return 1 / (1 + (-x).exp())


def _softplus(x: Decimal) -> Decimal:
    return _log1p(x.exp())


PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")


def _erf(x: Decimal) -> Decimal:
    if abs(x) > 7:
        return Decimal(1).copy_sign(x)
    term, total, k = x, x, 0
    while abs(term) > abs(total) * Decimal("1e-40"):
        k += 1
        term = -term * x * x / k
        total += term / (2 * k + 1)
    return 2 / PI.sqrt() * total


def _exp2(x: Decimal) -> Decimal:
    return (x * Decimal(2).ln()).exp()


def _log2(x: Decimal) -> Decimal:
    return x.ln() / Decimal(2).ln()


def _sin(x: Decimal) -> Decimal:
    r = x - (x / PI).to_integral_value() * PI
    sign = -1 if (x / PI).to_integral_value() % 2 else 1
    term = total = r
    k = 1
    while abs(term) > abs(total) * Decimal("1e-40"):
        term = -term * r * r / ((k + 1) * (k + 2))
        total += term
        k += 2
    return sign * total


def _cos(x: Decimal) -> Decimal:
    return _sin(x + PI / 2)


def _tan(x: Decimal) -> Decimal:
    return _sin(x) / _cos(x)


def _arctan(x: Decimal) -> Decimal:
    if abs(x) > 1:
        return (PI / 2).copy_sign(x) - _arctan(1 / x)
    if abs(x) > Decimal("0.1"):
        return 2 * _arctan(x / (1 + (1 + x * x).sqrt()))
    power = total = x
    k = 1
    while abs(power) > abs(total) * Decimal("1e-40"):
        power = -power * x * x
        k += 2
        total += power / k
    return total


def _sinh(x: Decimal) -> Decimal:
    return (x.exp() - (-x).exp()) / 2 if abs(x) > 1 else (_expm1(x) - _expm1(-x)) / 2


def _cosh(x: Decimal) -> Decimal:
    return (x.exp() + (-x).exp()) / 2


ORACLES = {
    "exp": _exp, "exp2": _exp2, "expm1": _expm1, "log": _log, "log1p": _log1p, "log2": _log2,
    "log10": Decimal.log10, "tanh": _tanh, "sigmoid": _sigmoid, "softplus": _softplus, "erf": _erf,
    "sin": _sin, "cos": _cos, "tan": _tan, "arctan": _arctan, "sinh": _sinh, "cosh": _cosh,
}  # fmt: skip


def points(name: str, rng: np.random.Generator) -> np.ndarray:
    """float64 numbers where the function is finite: sweeps, all magnitudes, random bits, awkward places."""
    wide = np.linspace(-760, 720, 700)
    near = np.concatenate([np.linspace(-7, 7, 700), np.linspace(-1, 1, 300)])
    sizes = 10.0 ** rng.uniform(-320, 2.8, 500) * rng.choice([-1, 1], 500)
    bits = rng.integers(0, 2**64, 300, dtype=np.uint64).view(np.float64)
    k = np.arange(-1080, 1030, 7)
    # Half-way between two multiples of ln 2 the reduced argument is at its largest.
    seams = np.concatenate([(k + 0.5) * np.log(2), np.nextafter((k + 0.5) * np.log(2), 0)])
    roots = np.sqrt(0.5) * 2.0 ** rng.integers(-1000, 1000, 50)
    ones = 1 + np.concatenate([10.0 ** rng.uniform(-16, -1, 50), -(10.0 ** rng.uniform(-16, -1, 50))])
    x = np.concatenate([wide, near, sizes, bits, seams, roots, np.nextafter(roots, 0), ones])
    x = x[np.isfinite(x)]
    if name.startswith("log"):
        x = np.concatenate([x, 10.0 ** rng.uniform(-320, 308, 700)])
        return x[x > -1] if name == "log1p" else x[x > 0]
    if name in ("sin", "cos", "tan"):
        # The numbers nearest to multiples of pi/2, where most is lost in the reduction.
        zeros = rng.integers(-63_000, 63_000, 700) * (np.pi / 2)
        return np.concatenate([np.clip(x, -FAR, FAR), rng.uniform(-FAR, FAR, 700), zeros])
    limits = {"erf": (-8, 8), "exp2": (-1080, 1023.9), "arctan": (-INF, INF)}
    return np.clip(x, *limits.get(name, (-760 if name not in ("sinh", "cosh") else -709.7, 709.7)))


def worst(y: np.ndarray, x: np.ndarray, oracle: Callable[[Decimal], Decimal]) -> tuple[float, float]:
    """The largest relative error of y over the normal results, and the largest error below them."""
    tiny = Decimal(float(np.finfo(np.float64).tiny))
    relative, absolute = Decimal(0), Decimal(0)
    with localcontext() as context:
        context.prec = 60
        for value, at in zip(y.tolist(), x.tolist()):
            true = oracle(Decimal(at))
            error = abs(Decimal(value) - true)
            if abs(true) >= tiny:
                relative = max(relative, error / abs(true))
            else:
                absolute = max(absolute, error)
    return float(relative), float(absolute)


@with_and_without_fma
@each_routine
def test_float64_versions_are_within_their_bounds(
    routine: Routine, flags: frozenset[str], rng: np.random.Generator
) -> None:
    x = points(routine.name, rng)
    relative, absolute = worst(run(routine.float64, x, flags), x, ORACLES[routine.name])
    assert relative <= claimed(routine.float64)
    assert absolute <= float(np.finfo(np.float64).smallest_subnormal)


@with_and_without_fma
@each_routine
def test_float32_versions_are_within_their_bounds(routine: Routine, flags: frozenset[str]) -> None:
    """One of every 2053 of all float32 numbers; the oracle is the float64 version, proved above."""
    x = np.arange(0, 2**32, 2053, dtype=np.uint32).view(np.float32)
    limits = np.finfo(np.float32)
    with np.errstate(all="ignore"):
        true = run(routine.float64, x.astype(np.float64))
        y = run(routine.float32, x, flags).astype(np.float64)
        error = np.abs(y - true)
        normal = (np.abs(true) >= limits.tiny) & (np.abs(true) <= limits.max)
        below = np.abs(true) < limits.tiny
        beyond = np.abs(true) > float(limits.max) * (1 + 1e-7)
    assert (error[normal] / np.abs(true[normal])).max() <= claimed(routine.float32)
    assert error[below].max(initial=0) <= limits.smallest_subnormal
    assert np.array_equal(y[beyond], np.sign(true[beyond]) * INF)
    assert np.array_equal(np.isnan(y), np.isnan(true))


EDGES = {
    "exp": [(-INF, 0), (0, 1), (-0.0, 1), (INF, INF), (1e30, INF), (-1e30, 0), (800, INF), (-800, 0)],
    "expm1": [(-INF, -1), (0, 0), (INF, INF), (1e30, INF), (-1e30, -1), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "log": [(0, -INF), (-0.0, -INF), (-1, NAN), (-1e-40, NAN), (-INF, NAN), (1, 0), (INF, INF)],
    "log1p": [(-1, -INF), (-1.5, NAN), (-INF, NAN), (0, 0), (INF, INF), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "tanh": [(-INF, -1), (INF, 1), (0, 0), (30, 1), (-30, -1), (1e30, 1), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "sigmoid": [(-INF, 0), (INF, 1), (0, 0.5), (1e30, 1), (-1e30, 0)],
    "softplus": [(-INF, 0), (INF, INF), (1e30, 1e30), (-1e30, 0)],
    "erf": [(-INF, -1), (INF, 1), (0, 0), (10, 1), (-10, -1), (1e30, 1)],
    "exp2": [(-INF, 0), (INF, INF), (2000, INF), (-2000, 0), *((k, 2.0**k) for k in range(-126, 128))],
    "log2": [(0, -INF), (-1, NAN), (-INF, NAN), (INF, INF), *((2.0**k, k) for k in range(-140, 128))],
    "log10": [(0, -INF), (-1, NAN), (-INF, NAN), (INF, INF), *((float(f"1e{k}"), k) for k in range(-37, 39))],
    "sin": [(INF, NAN), (-INF, NAN), (0, 0), (1e-40, 1e-40), (1e6, NAN)],
    "cos": [(INF, NAN), (-INF, NAN), (0, 1), (1e-40, 1), (1e6, NAN)],
    "tan": [(INF, NAN), (-INF, NAN), (0, 0), (1e-40, 1e-40), (1e6, NAN)],
    "arctan": [
        (INF, np.pi / 2),
        (-INF, -np.pi / 2),
        (0, 0),
        (1e-40, 1e-40),
        (1e30, np.pi / 2),
        (1, np.pi / 4),
    ],
    "sinh": [(INF, INF), (-INF, -INF), (0, 0), (1e-40, 1e-40), (1e30, INF), (-1e30, -INF)],
    "cosh": [(INF, INF), (-INF, INF), (0, 1), (1e-40, 1), (1e30, INF), (-1e30, INF)],
}


@with_and_without_fma
@each_dtype
@each_routine
def test_edges_are_exact_and_nan_passes(routine: Routine, dtype: type, flags: frozenset[str]) -> None:
    x, expected = np.array([*EDGES[routine.name], (NAN, NAN)], dtype=dtype).T
    np.testing.assert_array_equal(run(version(routine, dtype), x.copy(), flags), expected)


@each_dtype
@each_routine
def test_largest_numbers_overflow_and_smallest_do_not_vanish(routine: Routine, dtype: type) -> None:
    limits = np.finfo(dtype)
    x = np.array([limits.max, -limits.max, limits.tiny, limits.smallest_subnormal], dtype=dtype)
    with np.errstate(all="ignore"):
        expected = routine(x) if routine not in ANGLES else np.where(np.abs(x) > FAR, NAN, routine(x))
    np.testing.assert_allclose(run(version(routine, dtype), x), expected, rtol=1e-6)


@each_dtype
@pytest.mark.parametrize("routine", [tanh, erf, sigmoid], ids=lambda r: r.name)
def test_saturating_functions_never_pass_one(routine: Routine, dtype: type) -> None:
    x = np.linspace(-40, 40, 200_001).astype(dtype)
    assert np.abs(run(version(routine, dtype), x)).max() == 1


@each_dtype
@pytest.mark.parametrize("routine", [tanh, erf, sin, tan, arctan, sinh], ids=lambda r: r.name)
def test_odd_functions_are_exactly_odd(routine: Routine, dtype: type, rng: np.random.Generator) -> None:
    x = rng.normal(0, 3, 10_000).astype(dtype)
    function = version(routine, dtype)
    assert np.array_equal(run(function, x), -run(function, -x))


@each_dtype
@each_routine
def test_loops_over_a_routine_are_vectorised(routine: Routine, dtype: type) -> None:
    text = "\n".join(loop_over(version(routine, dtype), dtype).inspect_llvm().values())
    word, other = ("float", "double") if dtype is np.float32 else ("double", "float")
    lanes = {int(n) for n in re.findall(rf"= fmul [a-z ]*<(\d+) x {word}>", text)}
    assert lanes and min(lanes) * np.dtype(dtype).itemsize >= 16
    # No step in the other precision, but the float64 reduction of angles; and no call but those that are one
    # instruction each.
    assert routine in ANGLES or not re.search(rf"= f\w+ [a-z ]*(<\d+ x )?{other}\b", text)
    assert set(re.findall(rf"call [a-z ]*<\d+ x {word}> @llvm\.(\w+)", text)) <= {"rint", "fabs", "fmuladd"}
    assert not re.search(rf"call [a-z ]*{word} @(?!llvm\.|_Z|\"?_Z)", text)


@each_dtype
@each_routine
def test_plain_python_gives_the_compiled_numbers(routine: Routine, dtype: type) -> None:
    function = version(routine, dtype)
    x = np.array([*np.linspace(-20, 20, 81), 1e-12, -1e-12, 88, -88, NAN, INF, -INF, 0.0], dtype=dtype)
    with np.errstate(all="ignore"):
        plain = np.array([function(value) for value in x], dtype=dtype)
    # Two roundings at most stand between a * b + c in one step and in two.
    np.testing.assert_allclose(plain, run(function, x), rtol=2 * claimed(function), atol=0)


@each_dtype
@each_routine
def test_meaning_agrees_with_the_versions(routine: Routine, dtype: type, rng: np.random.Generator) -> None:
    x = np.abs(rng.normal(0, 3, 1000)).astype(dtype)
    function = version(routine, dtype)
    np.testing.assert_allclose(routine(x), run(function, x), rtol=2 * claimed(function))
    assert routine(x).dtype == dtype


@each_dtype
def test_arctan2_is_within_its_bound_in_every_quadrant(dtype: type, rng: np.random.Generator) -> None:
    a, b = rng.normal(0, 1, (2, 20_000)).astype(dtype) * 10.0 ** rng.integers(-12, 12, (2, 20_000)).astype(
        dtype
    )
    function = compiled(version(arctan2, dtype), dtype)
    found = np.array([function(*pair) for pair in zip(a, b)], dtype)
    expected = np.arctan2(a.astype(np.float64), b.astype(np.float64))  # within 1.2e-16 of itself
    np.testing.assert_allclose(found, expected, rtol=claimed(version(arctan2, dtype)) + 1.2e-16)


@each_dtype
def test_arctan2_at_zeros_infinities_and_nan_is_as_in_c(dtype: type) -> None:
    limits = np.finfo(dtype)
    hard = np.array(
        [0.0, -0.0, 1, -1, INF, -INF, NAN, limits.max, limits.tiny, limits.smallest_subnormal], dtype
    )
    function = compiled(version(arctan2, dtype), dtype)
    for a in hard:
        for b in hard:
            found, expected = dtype(function(a, b)), np.arctan2(a, b)
            np.testing.assert_allclose(found, expected, rtol=1e-6)
            assert np.isnan(expected) or np.signbit(found) == np.signbit(expected), (a, b)


@with_and_without_fma
def test_power_of_float32_is_within_its_bound(flags: frozenset[str], rng: np.random.Generator) -> None:
    a = np.concatenate([10.0 ** rng.uniform(-38, 38, 9000), rng.uniform(0.5, 2, 9000)]).astype(np.float32)
    b = np.concatenate([rng.uniform(-1, 1, 9000), rng.uniform(-120, 120, 9000)]).astype(np.float32)
    function = compiled(pow.float32, np.float32, flags)
    found = np.array([function(*pair) for pair in zip(a, b)], np.float64)
    expected = a.astype(np.float64) ** b.astype(np.float64)  # within 1.2e-16 of itself
    normal = (expected > np.finfo(np.float32).tiny) & (expected < np.finfo(np.float32).max)
    np.testing.assert_allclose(found[normal], expected[normal], rtol=claimed(pow.float32) + 1.2e-16)


@each_dtype
def test_powers_of_hard_numbers_are_as_in_c(dtype: type) -> None:
    plain = [
        0.0,
        -0.0,
        1,
        -1,
        2,
        -2,
        3,
        -3,
        0.5,
        -0.5,
        2.5,
        INF,
        -INF,
        NAN,
        1e30,
        -1e30,
        1e-30,
        16777217,
        1e-40,
    ]
    a, b = (v.ravel() for v in np.meshgrid(np.array(plain, dtype), np.array(plain, dtype)))
    function = compiled(version(pow, dtype), dtype)
    found = np.array([function(*pair) for pair in zip(a, b)], dtype)
    with np.errstate(all="ignore"):
        expected = np.power(a, b)
    np.testing.assert_allclose(found, expected, rtol=2e-7)
    number = ~np.isnan(expected)
    assert np.array_equal(np.signbit(found[number]), np.signbit(expected[number]))


def test_every_routine_is_tested_here() -> None:
    listed = [value for room in (mathematics, circular, exponentiation) for value in vars(room).values()]
    assert {r.name for r in listed if isinstance(r, Routine)} == {r.name for r in [*ROUTINES, arctan2, pow]}


def test_bits_of_a_float_come_back_as_the_float() -> None:
    for value in (0.0, -0.0, 1.0, -1.5, INF, 1e-40):
        assert float32_from_bits(float32_bits(np.float32(value))) == np.float32(value)
        assert float64_from_bits(float64_bits(np.float64(value))) == value
    assert float32_bits(np.float32(1)) == 0x3F800000
    assert float64_bits(np.float64(1)) == 0x3FF0000000000000
    assert float32_from_bits(0x7F800000) == INF
    assert float64_from_bits(0x7FF0000000000000) == INF
