"""The view of the ledger: upstream x local = contribution at every edge, and the sum where contributions meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from viz.canvas import Canvas
from viz.numbers import number
from viz.readings import size_of
from viz.scene import Badge, Entry, Reading
from viz.study.ledger import CANCELS, ledger, sums
from viz.study.ledger import Entry as Ledgered
from viz.views.base import View
from viz.views.gradients import write_flow

__all__ = ["LEDGER"]

# A ledger of more lines than this is shortened in its box; the tooltip keeps it whole.
_LINES_AT_MOST = 6


def _ledger(canvas: Canvas) -> None:
    write_flow(canvas)
    run = canvas.numbers.run
    if run is None:
        return
    texts = {(entry.edge.target, entry.edge.slot): entry for entry in ledger(run)}
    for k, wire in enumerate(canvas.backward):
        link = canvas.links[wire.beside]
        entry = texts.get((link.edges[0].target, link.edges[0].slot)) if len(link.edges) == 1 else None
        if entry is not None and entry.upstream is not None:
            canvas.backward[k] = replace(
                wire, label=entry.text, note=f"upstream × local = contribution\n{entry.text}"
            )
    cancelled = False
    for found in sums(run):
        draft = canvas.box_of(found.node)
        if draft is None or draft.node is None:
            continue
        scalar = found.total.ndim == 0
        sources = _sources(found.entries)
        said = [
            f"{number(float(e.contribution)) if scalar else e.text} from {source}"
            for e, source in zip(found.entries, sources, strict=True)
        ]
        draft.notes += ["contributions:", *said, found.text]
        if len(said) > _LINES_AT_MOST:
            said = [*said[: _LINES_AT_MOST - 1], f"… and {len(said) - _LINES_AT_MOST + 1} more"]
        if not scalar:
            last = f"sum: rms {number(size_of(found.total))}"
        else:
            sign = "≈" if " ≈ " in found.text else "="
            last = found.text if len(said) <= 3 else f"sum {sign} {number(float(found.total))}"
        draft.readings.append(Reading("parts", (*said, last)))
        if found.cancels:
            cancelled = True
            draft.badges.append(Badge(f"cancels: {number(100 * found.left)} % left", "warn"))
    canvas.entries.append(Entry("text", "at a wire: upstream × local = contribution"))
    words = [wire.label for wire in canvas.backward]
    words += [line for draft in canvas.boxes.values() for row in draft.readings for line in row.lines]
    if any(" ≈ " in line for line in words):
        canvas.entries.append(Entry("text", "≈: the rounded numbers do not come out exactly"))
    if cancelled:
        canvas.entries.append(Entry("text", f"cancels: the sum is below {CANCELS:.0%} of its parts"))


def _sources(entries: Sequence[Ledgered]) -> list[str]:
    """Where contributions come from: by the op's name, and where that is said of several, by its other operand."""
    names = [entry.edge.target.name or entry.edge.target.op.name for entry in entries]
    found = []
    for entry, name in zip(entries, names, strict=True):
        node, slot = entry.edge.target, entry.edge.slot
        if names.count(name) > 1:
            others = [o for k, o in enumerate(node.operands) if k != slot]
            same = [e for e in entries if e.edge.target is node]
            if len(same) > 1:
                name = f"{name}, its {entry.edge.port}"
            elif len(others) == 1:
                name = f"{name} with {_called(others[0])}"
        found.append(name)
    return found


def _called(node: Any) -> str:
    if node.role == "constant" and not node.name and node.shape == ():
        return number(np.asarray(node.value).item())
    return str(node.name or node.op.name)


LEDGER = View(
    "ledger",
    "Upstream × local = contribution at every edge, and the sum where contributions meet.",
    "gradients",
    _ledger,
    of_run=True,
)
