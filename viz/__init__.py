"""Draw computational graphs: structure, values, and the gradient that flows back along every edge.

>>> import graphnn as gn, viz
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> viz.draw(gn.trace(a * b + a, {}))
<Drawing of 4 boxes, 4 wires>

A drawing goes `scene` (what is shown) → `layout` (where) → a back end (which file). Each can be used alone.
"""

from __future__ import annotations

from viz.check import problems
from viz.drawing import Drawing, draw
from viz.from_graph import scene
from viz.layout import layout
from viz.placed import Placed
from viz.scene import Box, Entry, Group, Heat, Legend, Reading, Scale, Scene, Wire
from viz.text import MissingGlyphWarning
from viz.theme import LIGHT, Theme
from viz.training_curve import training_curve

__all__ = [
    "LIGHT", "Box", "Drawing", "Entry", "Group", "Heat", "Legend", "MissingGlyphWarning", "Placed", "Reading", "Scale",
    "Scene", "Theme", "Wire", "draw", "layout", "problems", "scene",
    "training_curve",
]  # fmt: skip
