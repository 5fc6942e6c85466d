"""The view of the ledger: upstream x local = contribution at every edge, and the sum where contributions meet."""

from __future__ import annotations

from dataclasses import replace

from viz.canvas import Canvas
from viz.numbers import number
from viz.readings import size_of
from viz.scene import Badge, Entry, Reading
from viz.study.ledger import CANCELS, ledger, sums
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
        said = [
            f"{number(float(e.contribution)) if scalar else e.text} from {e.edge.target.name or e.edge.target.op.name}"
            for e in found.entries
        ]
        draft.notes += ["contributions:", *said, found.text]
        if len(said) > _LINES_AT_MOST:
            said = [*said[: _LINES_AT_MOST - 1], f"… and {len(said) - _LINES_AT_MOST + 1} more"]
        if not scalar:
            last = f"sum: rms {number(size_of(found.total))}"
        else:
            last = found.text if len(said) <= 3 else f"sum: {number(float(found.total))}"
        draft.readings.append(Reading("parts", (*said, last)))
        if found.cancels:
            cancelled = True
            draft.badges.append(Badge(f"cancels: {number(100 * found.left)} % left", "warn"))
    canvas.entries.append(Entry("text", "at a wire: upstream × local = contribution"))
    if cancelled:
        canvas.entries.append(Entry("text", f"cancels: the sum is below {CANCELS:.0%} of its parts"))


LEDGER = View(
    "ledger",
    "Upstream × local = contribution at every edge, and the sum where contributions meet.",
    "gradients",
    _ledger,
)
