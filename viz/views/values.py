"""The view of values: numbers for scalars and short arrays, cells and statistics for others."""

from __future__ import annotations

from viz.canvas import Canvas
from viz.readings import reading
from viz.thumbnails import dressed
from viz.views.base import View
from viz.views.images import legend_of_sketches

__all__ = ["VALUES"]


def _values(canvas: Canvas) -> None:
    for draft in canvas.boxes.values():
        value = None if draft.node is None else canvas.numbers.value(draft.node)
        if value is not None:
            role = "" if draft.node is None else draft.node.role
            draft.readings.append(dressed(reading("value", value), value, role))
    legend_of_sketches(canvas)


VALUES = View("values", "What every node holds.", "values", _values)
