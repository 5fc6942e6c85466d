"""The views of gradients: the gradient of every node, and what flows back along every edge."""

from __future__ import annotations

import numpy as np

from viz.canvas import Canvas
from viz.numbers import number
from viz.outline import Link
from viz.readings import reading, sign_of, size_of
from viz.scene import Badge, Entry, Reading, Wire
from viz.study.absent import STATES
from viz.text import clean
from viz.views.base import View

__all__ = ["FLOW", "GRADIENTS", "write_flow"]

# Beyond this many wires a number on each of them would hide the picture.
_NUMBERED_WIRES_AT_MOST = 80


def _gradients(canvas: Canvas) -> None:
    for draft in canvas.boxes.values():
        if draft.node is None:
            continue
        found = canvas.numbers.gradient(draft.node)
        if found.array is None:
            draft.readings.append(Reading("gradient", (found.words,), found.state))
        else:
            row = reading("gradient", found.array, found.state)
            lines = (*row.lines, found.words) if found.words else row.lines
            draft.readings.append(Reading(row.label, lines, row.state, row.heat, row.detail))
    _stops(canvas)
    states = {row.state for draft in canvas.boxes.values() for row in draft.readings}
    canvas.entries += [Entry("text", words) for state, words in STATES.items() if state in states]
    write_flow(canvas)


def _stops(canvas: Canvas) -> None:
    found = canvas.numbers.stops()
    for draft in canvas.boxes.values():
        if not found.isdisjoint(draft.item.nodes):
            draft.badges.append(Badge("gradient stops here", "warn"))


def write_flow(canvas: Canvas) -> None:
    """The backward wires, once: several views may ask for them."""
    if canvas.backward:
        return
    numbered = len(canvas.graph.edges) <= _NUMBERED_WIRES_AT_MOST
    for link in canvas.outline.links:
        parts = [canvas.numbers.contribution(edge) for edge in link.edges]
        arrays = [part for part in parts if part is not None]
        if arrays:
            canvas.backward.append(_backward(link, arrays, with_label=numbered))


def _backward(link: Link, arrays: list[np.ndarray], *, with_label: bool) -> Wire:
    single = len(link.edges) == 1
    array = arrays[0] if len(arrays) == 1 else np.concatenate([a.astype(np.float64).ravel() for a in arrays])
    scalar = single and array.ndim == 0
    size = size_of(array)
    words = f"contribution {array.item()!r}" if scalar else f"contribution: root mean square {size!r}"
    return Wire(
        id=f"b{link.id[1:]}",
        source=link.target,
        target=link.source,
        slot=link.edges[0].slot,
        port=clean(str(link.edges[0].port)) if single else "",
        kind="backward",
        beside=link.id,
        size=size,
        sign=sign_of(array),
        label=number(array.item()) if scalar and with_label else "",
        note=words if single else f"{words} over {len(arrays)} edges",
        count=len(arrays),
    )


GRADIENTS = View(
    "gradients", "The gradient of every node, and what flows back along every edge.", "gradients", _gradients
)
FLOW = View(
    "flow", "What flows back along every edge, by width and colour.", "gradients", write_flow, of_run=True
)
