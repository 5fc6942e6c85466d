"""Draw computational graphs: structure, values, and the gradient that flows back along every edge.

>>> import graphnn as gn, viz
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> viz.draw(gn.trace(a * b + a, {}))
<Drawing of 4 boxes, 4 wires; ...>

A drawing goes `scene` (what is shown) → `layout` (where) → a back end (which file). Each can be used alone.
"""

from __future__ import annotations

from viz.drawing import Drawing, draw
from viz.from_graph import scene
from viz.glyphs import fonts
from viz.html import player
from viz.lecture.quiz import Quiz, quiz, quizzes
from viz.lecture.wrong_ways import WRONG_WAYS, wrong_way
from viz.motion.frames import Frames, frames
from viz.notebook import notebook, register
from viz.outline import Outline, outline
from viz.place.check import problems
from viz.place.layout import layout
from viz.place.placed import Placed
from viz.place.sheet import Fit, Sheet, SmallTextWarning
from viz.plots import (
    Histograms,
    Plot,
    Table,
    bands,
    boundary,
    confusion,
    curve,
    fit_curve,
    gradient_sizes,
    histogram_plot,
    histograms,
    loss_slice,
    rate_curve,
    regression_surface,
    reliability_curve,
    roc_curve,
    schedule_curve,
    surface,
    training_curve,
    weights,
)
from viz.scene import (
    Badge,
    Box,
    Entry,
    Group,
    Heat,
    Legend,
    Picture,
    Reading,
    Scale,
    Scene,
    Span,
    Spark,
    Wire,
)
from viz.study.difference import Change, changes
from viz.study.explain import explain
from viz.study.paths import Path, paths
from viz.text import MissingGlyphWarning
from viz.theme import CONTRAST, DARK, LIGHT, PRINT, THEMES, Theme
from viz.views import VIEWS, View
from viz.views.diff import diff

__all__ = [
    "CONTRAST", "DARK", "LIGHT", "PRINT", "THEMES", "VIEWS", "WRONG_WAYS", "Badge", "Box", "Change", "Drawing",
    "Entry", "Fit", "Frames", "Group", "Heat", "Histograms", "Legend", "MissingGlyphWarning", "Outline", "Path",
    "Picture", "Placed", "Plot", "Quiz", "Reading", "Scale", "Scene", "Sheet", "SmallTextWarning", "Span",
    "Spark", "Table", "Theme", "View", "Wire", "bands", "boundary", "changes", "confusion", "curve", "diff",
    "draw", "explain", "fit_curve", "fonts", "frames", "gradient_sizes", "histogram_plot", "histograms", "layout",
    "loss_slice", "notebook", "outline", "paths", "player", "problems", "quiz", "quizzes", "rate_curve",
    "register", "regression_surface", "reliability_curve", "roc_curve", "scene", "schedule_curve", "surface",
    "training_curve", "weights", "wrong_way",
]  # fmt: skip

# In a notebook graphs, runs and nodes show themselves from now on.
register()
