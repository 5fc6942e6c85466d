"""Check an op's kernel: against its meaning, between guards, in fresh and in used memory, plain and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.checking.guarded import RUBBISH, Call, Outcome, run_kernel
from graphnn.checking.patterns import constant_ratio
from graphnn.checking.report import Findings
from graphnn.checking.sampled import SampledCall
from graphnn.checking.slopes import place
from graphnn.core.dtypes import FLOATS, float32
from graphnn.core.errors import KernelError

# A kernel may add in another order than NumPy, and its elementary functions are within a few units of rounding.
TOLERANCE = {float32: 1e-5}


def check_kernel(call: SampledCall, findings: Findings) -> None:
    """Tell what is wrong with the kernel for this call: plain first, and compiled only if that was harmless."""
    expected = call.meaning()
    before = len(findings.found)
    _check_way(call, expected, findings, compiled=False)
    if len(findings.found) == before:
        _check_way(call, expected, findings, compiled=True)


def outcome_of(call: SampledCall, expected: np.ndarray, *, compiled: bool, **rubbish: int) -> Outcome:
    """One run of the kernel."""
    made = Call(call.op, call.arrays, call.attributes, expected.shape, expected.dtype)
    return run_kernel(made, compiled=compiled, **rubbish)


def _check_way(call: SampledCall, expected: np.ndarray, findings: Findings, *, compiled: bool) -> None:
    how = "compiled, it" if compiled else "it"
    y = call.op.signature.output.name

    def tell(topic: str, words: str) -> None:
        findings.add("kernel", topic, f"{how} {words}")

    try:
        first = outcome_of(call, expected, compiled=compiled)
        again = outcome_of(call, expected, compiled=compiled)
        used = outcome_of(call, expected, compiled=compiled, rubbish=RUBBISH[1])
        elsewhere = outcome_of(call, expected, compiled=compiled, guard=RUBBISH[1])
    except IndexError as error:
        tell("outside", f"reaches outside of an array for {call}: {error}.")
        return
    except KernelError as error:
        tell("compile", f"cannot be made: {error}")
        return
    except Exception as error:  # noqa: BLE001  (a user's code may raise anything)
        tell("raises", f"raises {type(error).__name__} for {call}: {error}. A kernel never raises.")
        return
    if first.outside:
        tell("outside", f"writes outside of {', '.join(first.outside)} for {call}.")
        return
    if first.changed:
        tell("changes", f"changes its operand{'s' * (len(first.changed) > 1)} {', '.join(first.changed)}.")
        return
    if _status(call, first.status, tell):
        return
    if not same(first.output, again.output):
        tell("repeat", f"does not give the same result twice for {call}.")
        return
    if not same(first.output, used.output):
        at = place(~_equal(first.output, used.output))
        scratch = " or its scratch" if call.op.scratch_function is not None else ""
        unwritten = first.output.tobytes() != used.output.tobytes() and _is_rubbish(used.output[at])
        words = (
            f"does not write {y}{list(at)} for {call}: what was in the memory before stays."
            if unwritten
            else f"reads its output{scratch} before it has written it, at {y}{list(at)} for {call}."
        )
        tell("unwritten", words)
        return
    if not same(first.output, elsewhere.output):
        at = place(~_equal(first.output, elsewhere.output))
        tell("neighbours", f"reads outside of its operands: {y}{list(at)} depends on what lies beside them.")
        return
    _compare(first.output, expected, call, tell)


def _status(call: SampledCall, status: Any, tell: Any) -> bool:
    """Tell what is wrong with the status; whether something is."""
    if status in (0, None):
        return False
    if call.op.fault_function is None:
        tell("status", f"returns {status!r}; a kernel returns nothing, unless @op.fault explains its status.")
    else:
        tell("status", f"reports a fault (status {status}) for operands that the meaning takes: {call}.")
    return True


def _compare(found: np.ndarray, expected: np.ndarray, call: SampledCall, tell: Any) -> None:
    tolerance = TOLERANCE.get(call.dtype, 1e-11) if expected.dtype in FLOATS else 0.0
    scale = float(np.abs(np.where(np.isfinite(expected), expected, 0)).max(initial=0)) if tolerance else 0.0
    with np.errstate(invalid="ignore"):
        fits = np.isclose(found, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
    if fits.all():
        return
    at = place(~fits)
    y = call.op.signature.output.name
    words = (
        f"disagrees with the meaning at {y}{list(at)}: {found[at]:.7g}, the meaning gives {expected[at]:.7g}"
    )
    ratio = constant_ratio(found, expected, 1e-6) if expected.dtype in FLOATS else None
    hint = ""
    if ratio is not None:
        hint = f"; everywhere it is {1 / ratio:.6g} times the meaning"
    elif found.ndim > 1 and found.shape[-1] == found.shape[-2] and same(found.swapaxes(-1, -2), expected):
        hint = "; it is transposed"
    elif found.size > 1 and (~fits).sum() == 1:
        hint = "; all others agree"
    tell("meaning", f"{words}{hint}. Found for {call}.")


def _equal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a == b) | ((a != a) & (b != b))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """The same numbers, NaN at the same places."""
    return a.shape == b.shape and bool(_equal(a, b).all())


def _is_rubbish(value: Any) -> bool:
    """Whether every byte of the number is what the memory was filled with."""
    return set(np.asarray(value).tobytes()) <= {RUBBISH[1], RUBBISH[1] & 1}
