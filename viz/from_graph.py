"""Turn a graph, a run or a scalar result into a scene: choose what is drawn, and let the views write on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

from viz.canvas import Canvas
from viz.outline import Which, outline
from viz.scene import Scene
from viz.sources import source_of
from viz.views import views_for

__all__ = ["Which", "scene"]


def scene(
    source: Any,
    *,
    view: str | Iterable[str] | None = None,
    title: str = "",
    to: Any = None,
    **which: Unpack[Which],
) -> Scene:
    """The scene of a graph (structure), a run (values and gradients), or a node (the graph below it).

    view : names of views, as in "values+health"; see viz.VIEWS. Without it: shapes, and all values and gradients that
        there are
    to : the node, or its name, that views such as "paths" are about
    which : what part of the graph is drawn, by depth, fold, unfold, repeats, hide, focus and reach; see viz.outline

    A node whose graph is all scalars without inputs is drawn with its present values, and with the gradients of
    the last `backward()`, or "not computed".
    """
    if isinstance(source, Scene):
        return source
    numbers = source_of(source)
    chosen = views_for(view, numbers)
    for each in chosen:
        if each.whole is not None:
            numbers.graph = each.whole(numbers)
        if each.folds is not None and not {"depth", "fold", "unfold"} & set(which):
            which["fold"] = tuple(each.folds(numbers))
    parts = next((view.parts(numbers) for view in chosen if view.parts is not None), None)
    canvas = Canvas(outline(numbers.graph, **which, parts=parts), numbers, to)
    for each in chosen:
        each.write(canvas)
    return canvas.scene(title)
