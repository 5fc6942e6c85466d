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
from viz.study.absent import absences
from viz.study.ledger import CANCELS, Entry, ledger, product_text, sum_text

__all__ = ["explain"]

# Beyond this many steps the way to the origin is told by its ends.
_STEPS_AT_MOST = 6
_TINY = 1e-4


def explain(run: Any, node: Any) -> str:
    """Why the node's gradient is what it is, one sentence a line, up to where the cause lies.

    run : of gn.trace; or a scalar result, whose nodes hold the gradients of the last `backward()`
    node : a node of the run, or its name

    Raises ValueError for a run without gradients, and graphnn's GraphError for a node that the run does not have.
    """
    import graphnn as gn

    if isinstance(run, gn.Node):
        return _of_the_moment(run, node)
    if not getattr(run, "has_gradients", False):
        raise ValueError("viz.explain: this run has no gradients. Trace one scalar float, such as a loss.")
    node = run.graph.find(node) if isinstance(node, str) else node
    said = _of_run(run, node)
    changed = [_name(leaf) for leaf in run.graph.parameters if _has_changed(run, leaf)]
    if changed:
        which = ", ".join(changed[:_STEPS_AT_MOST]) + (", …" if len(changed) > _STEPS_AT_MOST else "")
        said.append(f"It is stale: since this run {which} got another value. Trace again.")
    return "\n".join(said)


def _of_run(run: Any, node: Any) -> list[str]:
    found = run.gradient(node)
    if found is None:
        return _no_gradient(run, node)
    gradient = np.asarray(found)
    said = [f"The gradient of {_name(node)} is {_words(gradient)}."]
    if node is run.loss:
        return [*said, "It is the loss itself, whose slope with respect to itself is 1."]
    return [*said, *_causes(run, node, gradient)]


def _has_changed(run: Any, leaf: Any) -> bool:
    return not np.array_equal(np.asarray(run.value(leaf)), np.asarray(leaf.value), equal_nan=True)


def _of_the_moment(result: Any, node: Any) -> str:
    """What `node.grad` is: not computed, stale, accumulated; then why it is so large."""
    import graphnn as gn

    graph = gn.Graph(result)
    node = graph.find(node) if isinstance(node, str) else node
    name, state = _name(node), gn.gradient_state(node)
    fresh = _of_run(gn.trace(result), node)
    if result.grad is None and node.grad is None:
        return (
            f"The gradient of {name} is not computed, which is not the same as 0: call {_call(result)} first."
        )
    if state == "stale":
        said = [
            f"The gradient of {name}, {_words(np.asarray(node.grad))}, is stale: values have changed since the "
            f"last backward pass. Call gn.zero_grad and {_call(result)} again. Of the present values:"
        ]
        return "\n".join([*said, *fresh])
    if state.startswith("accumulated"):
        said = [
            f"The gradient of {name}, {_words(np.asarray(node.grad))}, is {state}: backward passes add to it "
            "until gn.zero_grad. Of one pass:"
        ]
        return "\n".join([*said, *fresh])
    return "\n".join(fresh)


def _call(result: Any) -> str:
    return f"{result.name}.backward()" if result.name and result.name.isidentifier() else "backward()"


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


def _no_gradient(run: Any, node: Any) -> list[str]:
    absent = absences(run.graph, run.loss, run.gradient)
    why = absent[node]
    name, loss = _name(node), _name(run.loss)
    said = [f"{name} has no gradient, which is not the same as 0."]
    readers = [edge.target for edge in run.graph.consumers(node)]
    if why.state == "no slope":
        return [*said, f"It holds {node.dtype}, and only floats can change by a little."]
    if why.state == "no path":
        who = ", ".join(_name(each) for each in readers[:_STEPS_AT_MOST])
        used = f"It is used by {who}, and nothing leads on from there." if who else "Nothing uses it."
        return [*said, f"No path leads from it to the loss {loss}: the loss does not depend on it.", used]
    said.append(f"The loss {loss} depends on it, but no differentiable path leads there.")
    stops: list[str] = []
    for target in dict.fromkeys(readers):
        beyond = absent.get(target)
        if beyond is not None and beyond.state == "no path":
            continue
        if beyond is not None and beyond.at is not None and not target.op.no_slope:
            stops.append(
                f"{_name(target)}, and what comes of that stops at {_name(beyond.at)}: {_why(beyond.at)}"
            )
        else:
            stops.append(f"{_name(target)}: {_why(target)}")
    return [*said, *(f"It is used by {words}." for words in stops[:_STEPS_AT_MOST])]


def _why(target: Any) -> str:
    op = target.op
    if op.no_slope:
        return f"{op.name} passes no gradient on ({op.no_slope})"
    return f"{op.name} passes nothing on to this operand"


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
            return [*said, *_the_rest(run, target)]
        node, gradient = target, above
        if not _is_odd(gradient):
            return said
        said.append(f"The gradient of {_name(node)} is {_words(gradient)} already.")


def _the_rest(run: Any, node: Any) -> list[str]:
    """The way from here to the loss in one sentence: how long it is, and where most is lost or gained."""
    loss = _name(run.loss)
    count, most, place = 0, 0.0, None
    while node is not run.loss:
        entries = ledger(run, run.graph.consumers(node))
        if not entries:
            break
        entry = _guilty(entries)
        count, node = count + 1, entry.edge.target
        up = size_of(np.asarray(run.gradient(node)))
        if up > 0 and math.isfinite(up) and entry.size > 0 and math.isfinite(entry.size):
            change = abs(math.log(entry.size / up))
            if change > most:
                most, place = change, (node, entry.size / up)
    way = f"And so on, over {count} more ops to the loss {loss}"
    if place is None:
        return [f"{way}."]
    node, factor = place
    return [f"{way}; there the largest change of size is at {_name(node)}, times {number(factor)}."]


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
    if not math.isfinite(up):
        return ""
    target, slot = entry.edge.target, entry.edge.slot
    value = np.asarray(run.value(entry.edge.source))
    if not math.isfinite(down):
        times = ", and 0 × ∞ is NaN" if up == 0 else ""
        return f"NaN or ∞ begins here: the slope of {target.op.name} is not finite at {_at(value)}{times}."
    if up == 0:
        return ""
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
