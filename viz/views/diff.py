"""Draw the difference of two graphs or two runs as one picture: added, removed and changed, told in three ways each."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from viz.canvas import Canvas, Draft
from viz.numbers import number, power_of_ten
from viz.outline import Which, outline
from viz.readings import reading, size_of
from viz.scene import Badge, Entry, Reading
from viz.sources import Numbers
from viz.study.difference import SAME, Change, Difference, Gone, difference_of, percent, relative_change
from viz.text import clean
from viz.theme import LIGHT, Theme, theme_of

if TYPE_CHECKING:
    from viz.drawing import Drawing

__all__ = ["diff"]

_TONES = {"added": "good", "removed": "bad", "changed": "warn"}
_NAMED_AT_MOST, _NUMBERS_NAMED = 12, 3
_LARGE = 0.1


def diff(
    before: Any,
    after: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    direction: str | None = None,
    title: str = "",
    theme: str | Theme = LIGHT,
    engine: str | None = None,
    **which: Unpack[Which],
) -> Drawing:
    """Draw what differs between two graphs, two runs, or two scalar nodes; save it if a path is given.

    Nodes are matched by identity, name, scope, op, and by what they read. What was added is framed in one colour,
    what was removed in another with a dashed border, and each says so in words; the changes are listed below. Of two
    runs, values and gradients that moved are shown too. The other words are those of `viz.draw`.

    Example
    -------
    >>> import graphnn as gn, viz
    >>> x = gn.scalar(2.0, "x")
    >>> viz.diff(gn.trace(gn.tanh(x)), gn.trace(gn.relu(x)))
    <Drawing of 2 boxes, 1 wire; ...>
    """
    from viz.drawing import Drawing

    found = difference_of(before, after)
    numbers = Numbers(found)
    canvas = Canvas(outline(found, **which), numbers)
    _write(canvas, found)
    drawing = Drawing(canvas.scene(title), direction=direction, engine=engine, theme=theme_of(theme))
    if path is not None:
        drawing.save(path)
    return drawing


def _write(canvas: Canvas, found: Difference) -> None:
    by_node = {change.node: change for change in found.changes}
    runs = found.before.has_values and found.after.has_values
    for draft in canvas.boxes.values():
        inside = [by_node[node] for node in draft.item.nodes if node in by_node]
        if draft.item.is_fold:
            _fold(draft, inside)
            continue
        node = draft.node
        if runs and node in found.back:
            draft.readings += _moved(found, node)
        elif runs:
            numbers, own = (found.before, node.before) if isinstance(node, Gone) else (found.after, node)
            value = numbers.value(own)
            draft.readings += [] if value is None else [reading("value", value)]
        if inside:
            _box(draft, inside[0])
    _wires(canvas)
    canvas.notes += _said(found.changes)
    tones = dict.fromkeys(draft.tone for draft in canvas.boxes.values())
    words = {"good": "added", "bad": "removed, dashed border", "warn": "changed"}
    if runs:
        words["warn"] = f"changed; values by at least {_LARGE:.0%}"
        same = f"moved by: size of the difference over the larger size; below {power_of_ten(-6)}: the same"
        canvas.entries.append(Entry("text", same))
        rows = [row for draft in canvas.boxes.values() for row in draft.readings]
        if any(row.heat and "→" in row.lines[0] for row in rows):
            canvas.entries.append(Entry("text", "cells of what moved: after − before"))
    canvas.entries += [Entry("tone", words[tone], tone) for tone in ("good", "bad", "warn") if tone in tones]


def _said(found: tuple[Change, ...]) -> list[str]:
    """The changes in words: those of the graph a line each, of the numbers those that are largest."""
    graph, numbers = [c for c in found if not c.of_numbers], [c for c in found if c.of_numbers]
    kinds = [change.kind for change in graph]
    counts = [f"{kinds.count(kind)} {kind}" for kind in _TONES if kind in kinds]
    counts += [f"numbers of {len(numbers)} more"] if numbers and graph else []
    if not graph:
        counts = [f"none of the graph, numbers of {len(numbers)} nodes" if numbers else "none"]
    said = [f"difference: {', '.join(counts)}", *(str(change) for change in graph[:_NAMED_AT_MOST])]
    if len(graph) > _NAMED_AT_MOST:
        said.append(f"… and {len(graph) - _NAMED_AT_MOST} more")
    most = sorted(numbers, key=lambda change: -(change.by or 0.0))[:_NUMBERS_NAMED]
    return [*said, *(f"moved most: {str(change).removeprefix('changed: ')}" for change in most)]


def _box(draft: Draft, change: Change) -> None:
    draft.notes += [str(change)]
    if change.of_numbers:
        if change.by is not None and change.by >= _LARGE:
            draft.tone = "warn"
            draft.badges.append(Badge("changed", "warn"))
        return
    draft.tone = _TONES[change.kind]
    draft.badges.append(Badge(change.kind, _TONES[change.kind]))
    if change.kind == "removed":
        draft.border = "dashed"
        draft.mark = ""
    structure = [word for word in change.words if not word.startswith(("value ", "gradient "))]
    if structure:
        draft.readings.insert(0, Reading("change", tuple(structure[:3])))


def _fold(draft: Draft, inside: list[Change]) -> None:
    kinds = [change.kind for change in inside]
    draft.badges += [Badge(f"{kinds.count(k)} {k}", tone) for k, tone in _TONES.items() if k in kinds]
    if kinds:
        one = set(kinds)
        draft.tone = _TONES[kinds[0]] if len(one) == 1 and len(inside) == len(draft.item.nodes) else "warn"
        draft.notes += [str(change) for change in inside]


def _moved(found: Difference, node: Any) -> list[Reading]:
    old = found.back[node]
    rows = _row("value", found.before.value(old), found.after.value(node))
    if found.before.has_gradients and found.after.has_gradients:
        rows += _row("gradient", found.before.gradient(old).array, found.after.gradient(node).array)
    return rows


def _row(label: str, before: np.ndarray | None, after: np.ndarray | None) -> list[Reading]:
    by = relative_change(before, after)
    if before is None or after is None or by is None:
        return []
    if by <= SAME:
        shown = reading(label, after)
        return [replace(shown, lines=(shown.lines[0], "the same"))]
    moved = f"moved by {percent(by)}"
    if before.ndim == 0:
        return [Reading(label, (f"{number(before.item())} → {number(after.item())}", moved))]
    apart = reading("", after.astype(np.float64) - before.astype(np.float64))
    sizes = f"rms {number(size_of(before))} → {number(size_of(after))}"
    return [Reading(label, (sizes, moved), heat=apart.heat)]


def _wires(canvas: Canvas) -> None:
    extra = {
        tie.target for tie in canvas.graph.edges if tie.kind == "removed" and not isinstance(tie.target, Gone)
    }
    for draft in canvas.boxes.values():
        if draft.node in extra:
            ties = sorted(canvas.graph.operand_edges(draft.node), key=lambda tie: tie.slot)
            draft.ports = tuple(
                f"was {clean(tie.port)}" if tie.kind == "removed" else clean(tie.port)
                for tie in ties
                if canvas.box_of(tie.source) is not None
            )
    faint = False
    for key, wire in canvas.forward.items():
        kinds = {tie.kind for tie in canvas.links[key].edges}
        if kinds == {"removed"}:
            faint = True
            canvas.forward[key] = replace(wire, tone="quiet")
        elif kinds == {"added"}:
            canvas.forward[key] = replace(wire, tone="strong")
    if faint:
        canvas.entries.append(Entry("text", "faint wires: removed; dark wires: added"))
