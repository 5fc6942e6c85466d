"""Answer in words why a gradient is zero, NaN, tiny or absent: follow it up to where it got so.

>>> import graphnn as gn
>>> import viz
>>> x = gn.scalar(-2.0, "x")
>>> print(viz.explain(gn.trace(gn.relu(x) * 3.0), x))
The gradient of 'x' is 0.
It is used once, by relu: upstream 3 × local 0 = 0.
The local slope is 0 there: relu passes nothing on where its operand is 0 or less (it is −2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from viz.numbers import number
from viz.readings import size_of
from viz.study.ledger import CANCELS, Entry, ledger, product_text, sum_text

__all__ = ["explain"]

# Beyond this many steps the way to the origin is told by its ends.
_STEPS_AT_MOST = 6
_TINY = 1e-6


def explain(run: Any, node: Any) -> str:
    """Why the node's gradient is what it is, one sentence a line, up to where the cause lies.

    run : of gn.trace
    node : a node of the run, or its name

    Raises ValueError for a run without gradients, and graphnn's GraphError for a node that the run does not have.
    """
    if not getattr(run, "has_gradients", False):
        raise ValueError("viz.explain: this run has no gradients. Trace one scalar float, such as a loss.")
    node = run.graph.find(node) if isinstance(node, str) else node
    found = run.gradient(node)
    if found is None:
        return "\n".join(_no_path(run, node))
    gradient = np.asarray(found)
    said = [f"The gradient of {_name(node)} is {_words(gradient)}."]
    if node is run.loss:
        return "\n".join([*said, "It is the loss itself, whose slope with respect to itself is 1."])
    return "\n".join([*said, *_causes(run, node, gradient)])


def _name(node: Any) -> str:
    return repr(node.name) if node.name else node.op.name


def _words(array: np.ndarray) -> str:
    if array.ndim == 0:
        return number(array.item())
    if not np.isfinite(array).all():
        return f"not finite in {number(int((~np.isfinite(array)).sum()))} of {number(array.size)} elements"
    if not array.any():
        return f"0 in all {number(array.size)} elements"
    zero = int((array == 0).sum())
    return f"of size {number(size_of(array))} (root mean square)" + (
        f", 0 in {number(zero)} of {number(array.size)} elements" if zero else ""
    )


def _no_path(run: Any, node: Any) -> list[str]:
    said = [
        f"{_name(node)} has no gradient: no differentiable path leads from it to the loss {_name(run.loss)}."
    ]
    if node.dtype.kind != "f":
        return [*said, f"It holds {node.dtype}, and only floats can change by a little."]
    stops = []
    for edge in run.graph.consumers(node):
        target = edge.target
        if target.op.no_slope:
            stops.append(f"{_name(target)} ({target.op.name}): {target.op.no_slope}")
        elif target.dtype.kind != "f":
            stops.append(f"{_name(target)}: its result is {target.dtype}")
        elif run.gradient(target) is None:
            stops.append(f"{_name(target)} has no path to the loss either")
        else:
            stops.append(f"{_name(target)}: nothing flows back to its operand {edge.port}")
    return [*said, *(f"It is used by {words}." for words in stops[:_STEPS_AT_MOST])]


def _causes(run: Any, node: Any, gradient: np.ndarray) -> list[str]:
    """Up the largest, or only, contribution until the cause is found."""
    said: list[str] = []
    seen = 0
    while True:
        entries = ledger(run, run.graph.consumers(node))
        if len(entries) > 1:
            said.append(_fan_out(node, entries, gradient))
            if _cancels(entries, gradient):
                return [*said, "The parts are large, but they cancel."]
        if not entries:
            return said
        entry = _guilty(entries)
        target = entry.edge.target
        once = "It is used once, by" if len(entries) == 1 else "Of these, look at"
        said.append(f"{once} {_name(target)}: {_entry_words(run, entry)}.")
        above = np.asarray(run.gradient(target))
        cause = _local_cause(run, entry, above)
        if cause:
            return [*said, cause]
        if target is run.loss:
            return said
        seen += 1
        if seen == _STEPS_AT_MOST:
            return [
                *said,
                f"And so on, towards the loss {_name(run.loss)}: the size shrinks or grows step by step.",
            ]
        node, gradient = target, above
        if not _is_odd(gradient):
            return said
        said.append(f"The gradient of {_name(node)} is {_words(gradient)} already.")


def _is_odd(array: np.ndarray) -> bool:
    size = size_of(array)
    return not math.isfinite(size) or size < _TINY


def _fan_out(node: Any, entries: tuple[Entry, ...], gradient: np.ndarray) -> str:
    if gradient.ndim == 0:
        parts = sum_text([float(e.contribution) for e in entries], float(gradient))
        return f"It is used {len(entries)} times, and the contributions add up: {parts}."
    sizes = ", ".join(f"{number(e.size)} from {_name(e.edge.target)}" for e in entries[:_STEPS_AT_MOST])
    return f"It is used {len(entries)} times; sizes of the contributions: {sizes}."


def _cancels(entries: tuple[Entry, ...], gradient: np.ndarray) -> bool:
    parts = sum(entry.size for entry in entries)
    return math.isfinite(parts) and parts > 0 and size_of(gradient) < CANCELS * parts


def _guilty(entries: tuple[Entry, ...]) -> Entry:
    """The first that is not finite, else the largest."""
    for entry in entries:
        if not math.isfinite(entry.size):
            return entry
    return max(entries, key=lambda entry: entry.size)


def _entry_words(run: Any, entry: Entry) -> str:
    if entry.upstream is not None and entry.local is not None:
        a, _, rest = product_text(entry.upstream, entry.local, float(entry.contribution)).partition(" × ")
        return f"upstream {a} × local {rest}"
    above = run.gradient(entry.edge.target)
    return f"upstream has size {number(size_of(np.asarray(above)))}, the contribution {number(entry.size)}"


def _local_cause(run: Any, entry: Entry, above: np.ndarray) -> str:
    """Why this op passes on zero, NaN or little, although what comes from above is sound; "" if it does not."""
    up, down = size_of(above), entry.size
    if not math.isfinite(up) or up == 0:
        return ""
    target, slot = entry.edge.target, entry.edge.slot
    value = np.asarray(run.value(entry.edge.source))
    if not math.isfinite(down):
        return f"NaN or ∞ begins here: the slope of {target.op.name} is not finite at {_at(value)}."
    if down == 0 or down < 1e-3 * up:
        word = "0" if down == 0 else f"{number(down / up)} of what comes from above"
        return f"The local slope is {word} there: {_reason(run, target, slot, value)}."
    return ""


def _at(value: np.ndarray) -> str:
    return number(value.item()) if value.ndim == 0 else f"{number(value.min())} … {number(value.max())}"


def _reason(run: Any, target: Any, slot: int, value: np.ndarray) -> str:
    name = target.op.name
    at = _at(value)
    if name in ("relu", "linear_relu", "relu6"):
        return f"{name} passes nothing on where its operand is 0 or less (it is {at})"
    if name in ("sigmoid", "tanh", "linear_sigmoid", "linear_tanh", "erf", "softsign"):
        return f"{name} is flat far from 0 (its operand is {at})"
    if name in ("maximum", "minimum", "max", "min", "max_pool2d"):
        return f"{name} passes the gradient to the one that it took, and that is another element"
    if name == "mul":
        other = run.value(target.operands[1 - slot])
        return f"the other factor is {_at(np.asarray(other))}"
    if name in ("clip", "hardtanh", "hard_sigmoid", "hardshrink", "softshrink"):
        return f"{name} is flat beyond its bounds (its operand is {at})"
    if name == "where":
        return "where takes the other branch"
    if name in ("softmax", "log_softmax", "softmax_cross_entropy"):
        return f"{name} is certain of one class (its operand is {at})"
    if name == "matmul":
        other = run.value(target.operands[1 - slot])
        return f"the other factor is {_at(np.asarray(other))}"
    return f"its operand {target.op.port_name(slot)} is {at}"
