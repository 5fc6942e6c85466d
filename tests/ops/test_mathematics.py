from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from compiled_routines import FUSED, NOT_FUSED, loop_over, run
from graphnn.core.routine import Routine
from graphnn.ops import mathematics
from graphnn.ops.mathematics import (
    erf,
    exp,
    expm1,
    float32_bits,
    float32_from_bits,
    float64_bits,
    float64_from_bits,
    log,
    log1p,
    sigmoid,
    softplus,
    tanh,
)

ROUTINES = [exp, expm1, log, log1p, tanh, sigmoid, softplus, erf]
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


def _erf(x: Decimal) -> Decimal:
    if abs(x) > 7:
        return Decimal(1).copy_sign(x)
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
    term, total, k = x, x, 0
    while abs(term) > abs(total) * Decimal("1e-40"):
        k += 1
        term = -term * x * x / k
        total += term / (2 * k + 1)
    return 2 / pi.sqrt() * total


ORACLES = {
    "exp": _exp, "expm1": _expm1, "log": _log, "log1p": _log1p,
    "tanh": _tanh, "sigmoid": _sigmoid, "softplus": _softplus, "erf": _erf,
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
    if name in ("log", "log1p"):
        x = np.concatenate([x, 10.0 ** rng.uniform(-320, 308, 700)])
        return x[x > 0] if name == "log" else x[x > -1]
    return np.clip(x, -760, 709.7) if name != "erf" else np.clip(x, -8, 8)


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
        expected = routine(x)
    np.testing.assert_allclose(run(version(routine, dtype), x), expected, rtol=1e-6)


@each_dtype
@pytest.mark.parametrize("routine", [tanh, erf, sigmoid], ids=lambda r: r.name)
def test_saturating_functions_never_pass_one(routine: Routine, dtype: type) -> None:
    x = np.linspace(-40, 40, 200_001).astype(dtype)
    assert np.abs(run(version(routine, dtype), x)).max() == 1


@each_dtype
@pytest.mark.parametrize("routine", [tanh, erf], ids=lambda r: r.name)
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
    # No step in the other precision, and no call but those that are one instruction each.
    assert not re.search(rf"= f\w+ [a-z ]*(<\d+ x )?{other}\b", text)
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


def test_every_routine_is_tested_here() -> None:
    listed = [getattr(mathematics, name) for name in mathematics.__all__]
    assert {r.name for r in listed if isinstance(r, Routine)} == {r.name for r in ROUTINES}
    assert all(getattr(mathematics, r.name) is r for r in ROUTINES)


def test_bits_of_a_float_come_back_as_the_float() -> None:
    for value in (0.0, -0.0, 1.0, -1.5, INF, 1e-40):
        assert float32_from_bits(float32_bits(np.float32(value))) == np.float32(value)
        assert float64_from_bits(float64_bits(np.float64(value))) == value
    assert float32_bits(np.float32(1)) == 0x3F800000
    assert float64_bits(np.float64(1)) == 0x3FF0000000000000
    assert float32_from_bits(0x7F800000) == INF
    assert float64_from_bits(0x7FF0000000000000) == INF
