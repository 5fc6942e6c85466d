"""The view of memory: the bytes of each value, from which step to which it is kept, and how much at the peak."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from viz.canvas import Canvas
from viz.numbers import number
from viz.scene import Badge, Entry, Reading, Span
from viz.study.engine_facts import EngineFacts, engine_facts
from viz.views.base import View

__all__ = ["MEMORY", "short_bytes"]

LARGE = 0.2
_WHERE = {
    "parameter": "in its parameter's room",
    "gradients": "among the gradients",
    "cache": "in the cache, piece by piece",
}


def short_bytes(count: float) -> str:
    """Bytes as a reader says it: `96 B`, `1.5 kB`, `12 MB`."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{number(float(f'{count / size:.3g}'))} {unit}"
    return f"{number(int(count))} B"


def _memory(canvas: Canvas) -> None:
    facts = engine_facts(canvas.numbers, "memory")
    rows = {row.node: row for row in facts.lifetimes.rows}
    held = facts.program.memory(facts.feeds)
    peak = held["peak_live"] or 1
    large = False
    for draft in canvas.boxes.values():
        found = [rows[facts.place[node]] for node in draft.item.nodes if node in facts.place]
        behind = [rows[node] for inner in draft.item.nodes for node in facts.behind.get(inner, ())]
        draft.readings += [_row("kept", found, facts)] if found else []
        draft.readings += [_row("gradient", behind, facts)] if behind else []
        node: Any = draft.node
        if not found and node is not None:
            words = facts.fate(node) if node.role == "op" else short_bytes(_size(node, facts))
            state = "no path" if node.role == "op" else "known"
            draft.readings.insert(
                0, Reading("kept", (words, *(["throughout"] if node.role != "op" else [])), state)
            )
        size = max(sum(row.size for row in rows if row.where == "arena") for rows in (found, behind))
        if size >= LARGE * peak:
            large = True
            draft.tone = draft.tone or "warn"
            draft.badges.append(Badge(f"{number(round(100 * size / peak))} % of the peak", "warn"))
    canvas.notes += [
        f"memory: peak of values {short_bytes(held['peak_live'])}, in an arena of {short_bytes(held['arena'])}"
        + (f", gradients {short_bytes(held['gradients'])}" if held["gradients"] else ""),
        f"parameters {short_bytes(held['parameters'])}, inputs {short_bytes(held['inputs'])}, constants "
        f"{short_bytes(held['constants'])}",
    ]
    if facts.conditions:
        canvas.notes.append(f"planned {facts.conditions}")
    canvas.entries.append(
        Entry("text", f"bar: from which of {facts.lifetimes.steps} steps to which a value is kept")
    )
    if large:
        canvas.entries.append(
            Entry("tone", f"a value or gradient of at least {LARGE:.0%} of the peak", "warn")
        )


def _row(label: str, rows: list[Any], facts: EngineFacts) -> Reading:
    steps = max(facts.lifetimes.steps, 1)
    first, last = min(row.first for row in rows), max(row.last for row in rows)
    until = "the end" if last >= steps else f"step {last + 1}"
    when = f"step {first + 1} to {until}"
    where = {row.where for row in rows}
    more = [_WHERE[rows[0].where]] if len(where) == 1 and rows[0].where in _WHERE else []
    span = Span(first / steps, min(last + 1, steps) / steps)
    return Reading(label, (short_bytes(sum(row.size for row in rows)), when, *more), span=span)


def _size(node: Any, facts: EngineFacts) -> int:
    fed = facts.feeds.get(node)
    shape = node.shape if fed is None else np.shape(fed)
    return math.prod(shape) * int(node.dtype.itemsize)


MEMORY = View("memory", "Bytes of every value, how long it is kept, and the peak.", "graph", _memory)
