"""The views of size and cost: parameters of every leaf and fold, operations and bytes of every node."""

from __future__ import annotations

import math
from typing import Any

from viz.canvas import Canvas, Draft
from viz.numbers import number
from viz.scene import Badge, Entry
from viz.views.base import View

__all__ = ["COST", "PARAMETERS", "short_count"]


def short_count(count: float) -> str:
    """A count as a reader says it: 640, 12.3 k, 1.5 M."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{number(round(count / size, 1))} {letter}"
    return number(int(count))


def _bytes(count: float) -> str:
    words = short_count(count)
    return f"{words}B" if " " in words else f"{words} B"


def _weights(draft: Draft) -> int:
    return sum(_size(node) for node in draft.item.nodes if node.role == "parameter")


def _size(node: Any) -> int:
    return math.prod(d for d in node.shape if isinstance(d, int))


def _parameters(canvas: Canvas) -> None:
    total = frozen = 0
    for draft in canvas.boxes.values():
        count = _weights(draft)
        if count:
            draft.badges.append(Badge(f"{short_count(count)} parameter{'s' * (count != 1)}"))
    for node in canvas.graph.parameters:
        total += _size(node)
        frozen += 0 if node.trainable else _size(node)
        if not node.trainable:
            draft_of = canvas.box_of(node)
            if draft_of is not None and draft_of.node is node:
                draft_of.badges.append(Badge("frozen", "quiet"))
    canvas.notes.append(
        f"{number(total)} parameters in {len(canvas.graph.parameters)} arrays"
        + (f", {number(frozen)} of them frozen" if frozen else "")
    )


PARAMETERS = View(
    "parameters", "How many parameters every leaf and folded scope holds.", "graph", _parameters
)


def _cost(canvas: Canvas) -> None:
    import graphnn as gn

    sizes = _sizes(canvas)
    found = gn.cost(canvas.graph, sizes)
    amounts: dict[str, tuple[float, float]] = {}
    for key, draft in canvas.boxes.items():
        rows = [found[node] for node in draft.item.nodes if node.role == "op"]
        if rows:
            operations = sum(float(str(row.operations)) for row in rows)
            amounts[key] = (operations, sum(float(str(row.read)) + float(str(row.written)) for row in rows))
    most = max((operations for operations, _ in amounts.values()), default=0.0)
    for key, (operations, moved) in amounts.items():
        heavy = most > 0 and operations >= most / 2
        canvas.boxes[key].badges += [
            Badge(f"{short_count(operations)} op", "warn" if heavy else ""),
            Badge(_bytes(moved)),
        ]
    total, moved = float(str(found.operations)), float(str(found.read)) + float(str(found.written))
    given = ", ".join(f"{name} = {size}" for name, size in sizes.items())
    canvas.notes.append(
        f"{short_count(total)} operations on numbers (op), {_bytes(moved)} read and written"
        + (f", for {given}" if given else "")
    )
    canvas.entries.append(Entry("text", "yellow: at least half of the costliest box"))


def _sizes(canvas: Canvas) -> dict[str, int]:
    """The sizes of named axes: those of the run, and 1 for those that no run has told."""
    sizes: dict[str, int] = {}
    for node in canvas.graph.nodes:
        value = canvas.numbers.value(node) if node.role == "input" else None
        for axis, dim in enumerate(node.shape):
            if not isinstance(dim, int):
                for name in dim.names():
                    known = value is not None and str(dim) == name
                    sizes[name] = (
                        int(value.shape[axis]) if known and value is not None else sizes.get(name, 1)
                    )
    return sizes


COST = View("cost", "Operations and bytes of every node.", "graph", _cost)
