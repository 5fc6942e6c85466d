"""The view of a gradient of a gradient: forward, first gradient, second gradient, each in a marked region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from viz.canvas import Canvas
from viz.scene import Entry
from viz.sources import Numbers
from viz.study.regions import mark_regions, name_slopes, orders, with_origins
from viz.views.base import View

__all__ = ["SECOND"]

_ORDINALS = ("forward", "first gradient", "second gradient", "third gradient", "fourth gradient")


def _word(order: int) -> str:
    return _ORDINALS[order] if order < len(_ORDINALS) else f"gradient of order {order}"


def _parts(numbers: Numbers) -> Callable[[Any], str]:
    found = orders(numbers.graph)
    if max(found.values()) < 2:
        raise ValueError(
            "viz: the view 'second' shows the gradient of a gradient, and this graph holds none. Draw "
            "gn.Graph(gn.gradient(gn.gradient(y, x), x))."
        )
    return lambda node: _word(found[node])


def _whole(numbers: Numbers) -> Any:
    """With what was differentiated, too; a run has numbers of its own graph only."""
    return numbers.graph if numbers.has_values else with_origins(numbers.graph)


def _second(canvas: Canvas) -> None:
    name_slopes(canvas)
    found = orders(canvas.graph)
    mark_regions(canvas, [_word(k) for k in sorted(set(found.values()))])
    counts = [f"{list(found.values()).count(k)} nodes {_word(k)}" for k in sorted(set(found.values()))]
    canvas.notes.append(", ".join(counts))
    canvas.entries.append(Entry("text", "∂/∂x by op: what the op sends back to x"))
    results = set(canvas.numbers.outputs)
    for draft in canvas.boxes.values():
        draft.mark = "result" if not results.isdisjoint(draft.item.nodes) else ""


SECOND = View("second", "The gradient of a gradient, in marked regions.", "graph", _second, _parts, _whole)
