"""Choose what a film shows beside its story: rows that come step by step, and what stands from the start."""

from __future__ import annotations

from collections.abc import Iterable

from viz.canvas import Canvas
from viz.sources import OfRun
from viz.views import VIEWS, View, views_for
from viz.views.gradients import write_flow

__all__ = ["FILMED", "LATE", "shown_on"]

# The other views tell of a whole run, or of another graph than that of the run.
FILMED = (
    "structure", "shapes", "parameters", "values", "images", "gradients", "flow", "ledger", "derivatives", "cost",
)  # fmt: skip
_BACKWARD = ("gradients", "flow", "ledger")
# Rows that a box says only from some step on: with its value, or with its whole gradient.
LATE = {"value": "value", "∂": "value", "gradient": "gradient", "parts": "gradient"}


def shown_on(
    canvas: Canvas, numbers: OfRun, view: str | Iterable[str] | None, phases: tuple[str, ...]
) -> None:
    """Write the views on the canvas as if all were known; without names the shapes, the values and the gradients.

    Raises ValueError for a view that films do not show, and for gradients in a film without the backward pass.
    """
    backward = "backward" in phases
    if view is None:
        names: Iterable[str] = ("shapes", "values", *(["gradients"] if backward else []))
    else:
        names = view.split("+") if isinstance(view, str) else list(view)
    chosen = [each for each in views_for(names, numbers) if _is_filmed(each, backward=backward)]
    notes = {key: list(draft.notes) for key, draft in canvas.boxes.items()}
    for each in chosen:
        each.write(canvas)
        if each.name == "ledger":
            # A tooltip must not tell the end in the middle of the story.
            for key, draft in canvas.boxes.items():
                draft.notes = notes[key]
    if backward:
        write_flow(canvas)


def _is_filmed(view: View, *, backward: bool) -> bool:
    if view.name not in FILMED:
        raise ValueError(
            f"viz.frames: the view {view.name!r} tells of a whole run, not of its steps; viz.draw shows it. Views of "
            f"frames: {', '.join(name for name in VIEWS if name in FILMED)}; joined by '+'."
        )
    if view.name in _BACKWARD and not backward:
        raise ValueError(
            f"viz.frames: the view {view.name!r} belongs to the phase 'backward', which is not shown."
        )
    return True
