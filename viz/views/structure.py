"""The views without numbers: the bare structure, and the structure with shapes and dtypes."""

from __future__ import annotations

from viz.canvas import Canvas
from viz.views.base import View

__all__ = ["SHAPES", "STRUCTURE"]


def _structure(canvas: Canvas) -> None:
    for draft in canvas.boxes.values():
        draft.detail = ""


def _shapes(canvas: Canvas) -> None:
    """Drafts say shape and dtype from the start."""


STRUCTURE = View("structure", "What is computed from what.", "graph", _structure)
SHAPES = View("shapes", "Shape and dtype of every node.", "graph", _shapes)
