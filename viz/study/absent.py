"""Say why a node has no gradient: whole numbers, stopped on the way, or no way to the loss at all.

>>> import graphnn as gn
>>> from viz.study.absent import absences
>>> a, b, c = (gn.scalar(float(k), name) for k, name in enumerate("abc"))
>>> run = gn.trace((gn.stop_gradient(a) * b).named("loss"))
>>> for node, absence in absences(run.graph, run.loss, run.gradient).items():
...     print(node.label, absence.state, "-", absence.words)
'a' stopped - stopped at stop_gradient
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from viz.text import clean, shorten

__all__ = ["STATES", "Absence", "absences", "stops"]

# What the words of a state mean, for the legend; those of the other states say it themselves.
STATES = {
    "stopped": "stopped at …: the loss depends on it, but that op passes no gradient on",
    "stale": "stale: of values that have changed since",
    "accumulated": "accumulated: the sum of several backward passes, without a zero_grad() in between",
}
_KINDS = {"b": "none: true or false", "i": "none: whole numbers", "u": "none: whole numbers"}
_NAME_AT_MOST = 90.0


@dataclass(frozen=True)
class Absence:
    """Why there is no gradient. `state` is "no path", "no slope" or "stopped"; `at` is the node that stops it."""

    state: str
    words: str
    at: Any = None


def absences(graph: Any, loss: Any, gradient: Callable[[Any], Any]) -> dict[Any, Absence]:
    """For every node without a gradient the reason; `gradient` gives None for those."""
    above = {loss}  # what the loss depends on
    found: dict[Any, Absence] = {}
    for node in reversed(graph.nodes):
        if node in above:
            above.update(node.operands)
        if gradient(node) is not None:
            continue
        if node not in above:
            found[node] = Absence("no path", "no path to the loss")
        elif node.dtype.kind != "f":
            found[node] = Absence("no slope", _KINDS.get(node.dtype.kind, "none: no float"))
        else:
            at = _stop(graph, node, above, found)
            name = shorten(clean(at.name or at.op.name), _NAME_AT_MOST, 11.0)
            found[node] = Absence("stopped", f"stopped at {name}", at)
    return found


def _stop(graph: Any, node: Any, above: set[Any], found: dict[Any, Absence]) -> Any:
    """The first op on the way to the loss that passes nothing on."""
    readers = [edge.target for edge in graph.consumers(node) if edge.target in above]
    for target in readers:
        beyond = found.get(target)
        if target.op.no_slope or beyond is None or beyond.state == "no slope":
            return target
    return found[readers[0]].at


def stops(graph: Any, loss: Any, absent: Mapping[Any, Absence]) -> frozenset[Any]:
    """The ops between parameters or inputs and the loss that pass no gradient on to an operand."""
    above, varies = {loss}, set()
    for node in reversed(graph.nodes):
        if node in above:
            above.update(node.operands)
    found = set()
    for node in graph.nodes:
        operands = [o for o in node.operands if o in varies]
        if operands or node.role in ("input", "parameter"):
            varies.add(node)
        if node in above and (node.op.no_slope or node not in absent):
            no_slope = bool(node.op.no_slope)
            if any(o.dtype.kind == "f" and (no_slope or o in absent) for o in operands):
                found.add(node)
    return frozenset(found)
