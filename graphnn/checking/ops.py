"""Check a declared op by its own samples, and hear in words what is wrong with it."""

from __future__ import annotations

import numpy as np

from graphnn.checking.formula import unknown_names
from graphnn.checking.kernels import check_kernel, outcome_of, same
from graphnn.checking.report import Findings, OpCheck
from graphnn.checking.sampled import SampledCall, sampled_calls
from graphnn.checking.slopes import check_slopes
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import FLOATS, float64
from graphnn.core.errors import DeclarationError, GraphError, GraphnnError
from graphnn.core.op import Op, Sample
from graphnn.core.registry import find_op

__all__ = ["check_op"]

_PROBLEMS = (GraphnnError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, NameError)


def check_op(op: Op | str) -> OpCheck:
    """Find out by an op's own samples whether its parts fit together; the answer says in words what does not.

    Looked at: that no part is missing; the shape and dtype rule against the meaning; the kernel against the
    meaning, as plain Python and compiled, between guards, twice, in fresh and in used memory; the slope against
    differences of the meaning, to second order; NaN and empty axes.

    Example
    -------
    >>> import graphnn as gn
    >>> print(gn.check_op("tanh"))
    tanh: nothing wrong found. Checked: 2 calls, kernel plain and compiled, slope to second order.
    """
    record = find_op(op, "check_op") if isinstance(op, str) else op
    if not isinstance(record, Op) or record.role != "op":
        raise GraphError(
            f"check_op: wanted an op that was declared by @gn.op or @gn.composite, found {op!r}."
        )
    with np.errstate(all="ignore"):  # empty axes divide by zero, and that is no finding
        return _checked(record)


def _checked(record: Op) -> OpCheck:
    findings = Findings()
    _check_declaration(record, findings)
    if findings.found:
        return OpCheck(record.name, tuple(findings.found), _advice(record), "Nothing was run.")
    calls = list(sampled_calls(record))
    for call in calls:
        if _check_rules(call, findings) and record.kernel_function is not None:
            check_kernel(call, findings)
    smooth = record.differentiable and not any(f.kind in ("shape", "meaning") for f in findings.found)
    if smooth:
        for call in calls:
            if call.dtype is float64:
                check_slopes(call, findings)
    if not findings.found:
        _check_empty(record, findings)
        _check_nan(record, findings)
    checked = [f"{len(calls)} call{'s' * (len(calls) != 1)}"]
    if record.kernel_function is not None:
        checked.append("kernel plain and compiled")
    if smooth:
        checked.append("slope to second order")
    return OpCheck(record.name, tuple(findings.found), _advice(record), f"Checked: {', '.join(checked)}.")


def _check_declaration(record: Op, findings: Findings) -> None:
    try:
        record.check_complete()
    except DeclarationError as error:
        findings.add("declaration", "missing", str(error).partition("the declaration ")[2])
        return
    for template in (record.latex, *record.slopes):
        for name in unknown_names(record, template):
            words = f"the formula {template!r} speaks of {{{name}}}, which the op does not have."
            findings.add("declaration", "formula", words)
    if record.slopes and len(record.slopes) != len(record.ports):
        words = f"there are {len(record.slopes)} slope formulas for {len(record.ports)} operands."
        findings.add("declaration", "slopes", words)
    for sample in record.samples:
        if not record.signature.variadic and len(sample.shapes) != len(record.ports):
            words = f"a sample has {len(sample.shapes)} shapes for {len(record.ports)} operands."
            findings.add("declaration", "samples", words)


def _advice(record: Op) -> tuple[str, ...]:
    """What is no fault, but would help readers."""
    found = []
    if not record.slopes and not record.no_slope:
        found.append("give slopes=(...), the formula of the slope for each operand: the op's page shows it.")
    if "Shapes:" not in record.doc and record.doc:
        found.append("tell shapes in the docstring: 'Shapes: x (*s) -> y (*s).'")
    return tuple(found)


def _check_rules(call: SampledCall, findings: Findings) -> bool:
    """The meaning runs, and has the shape and dtype that the rules say."""
    try:
        value = call.meaning()
    except _PROBLEMS as error:
        findings.add("meaning", "fails", f"it fails for {call}: {_told(error)}")
        return False
    try:
        node = call.node(call.leaves())
    except _PROBLEMS as error:
        findings.add("shape", "fails", f"a node cannot be made for {call}: {_told(error)}")
        return False
    if node.shape != value.shape:
        words = f"the rule says {shape_text(node.shape)}, but the meaning gives {shape_text(value.shape)} for {call}."
        findings.add("shape", "shape", words)
        return False
    if node.dtype != value.dtype:
        words = f"the rule says {node.dtype}, but the meaning gives {value.dtype} for {call}."
        if value.dtype == float64 and node.dtype in FLOATS:
            words = f"{words} A NumPy function or constant widened it: .astype(x.dtype) keeps it."
        findings.add("shape", "dtype", words)
        return False
    return True


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _check_empty(record: Op, findings: Findings) -> None:
    """Axes of size 0: a value, or an error when the node is made."""
    seen = set()
    for call in sampled_calls(record, (float64,)):
        sizes = sorted({n for a in call.arrays for n in a.shape if n > 1})
        for size in sizes:
            arrays = tuple(np.ascontiguousarray(_without(a, size)) for a in call.arrays)
            shapes = tuple(a.shape for a in arrays)
            if shapes in seen:
                continue
            seen.add(shapes)
            sample = Sample(shapes, call.sample.attributes, call.sample.domain, call.sample.limits)
            empty = SampledCall(record, call.number, sample, call.dtype, arrays)
            try:
                empty.node(empty.leaves())
            except GraphnnError:
                continue  # it says when the node is made that it takes no empty axis
            try:
                value = empty.meaning()
            except IndexError:
                continue  # a position in what is empty now: a fault, not a value
            except _PROBLEMS as error:
                words = (
                    f"it fails on an empty axis, {empty}: {_told(error)}. Give a value, or raise ShapeError in "
                    "@op.shape."
                )
                findings.add("meaning", "empty", words)
                continue
            if record.kernel_function is not None and value.shape == empty.node(empty.leaves()).shape:
                check_kernel(empty, findings)


def _without(array: np.ndarray, size: int) -> np.ndarray:
    """The array with every axis of that size empty."""
    return array[tuple(slice(0) if n == size else slice(None) for n in array.shape)]


def _check_nan(record: Op, findings: Findings) -> None:
    """NaN goes where it goes in the meaning."""
    if record.kernel_function is None:
        return
    for call in sampled_calls(record, (float64,)):
        for k, array in enumerate(call.arrays):
            if array.dtype in FLOATS and array.size:
                hard = np.array(array)
                hard.reshape(-1)[array.size // 2] = np.nan
                arrays = tuple(hard if j == k else a for j, a in enumerate(call.arrays))
                poisoned = call.with_arrays(arrays)
                try:
                    value = poisoned.meaning()
                except _PROBLEMS:
                    continue  # data that the op cannot process: a fault, not a value
                _compare_nan(poisoned, value, record.port_name(k), findings)


def _compare_nan(call: SampledCall, value: np.ndarray, port: str, findings: Findings) -> None:
    """The kernel's NaNs stand where those of the meaning do."""
    outcome = outcome_of(call, value, compiled=True)
    if outcome.status in (0, None) and not same(np.isnan(outcome.output), np.isnan(value)):
        lost = bool((np.isnan(value) & ~np.isnan(outcome.output)).any())
        words = f"it {'loses' if lost else 'makes up'} NaN, where {port} holds one and the meaning does not: {call}."
        findings.add(
            "kernel", "nan", words if not lost else f"it loses the NaN of {port}; the meaning keeps it."
        )
