"""Turn a graph, a run or a scalar result into a scene: choose what is drawn, and let the views write on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Unpack

from viz.canvas import Canvas
from viz.outline import Outline, Which, outline
from viz.scene import Scene
from viz.sources import Now, Numbers, source_of
from viz.views import View, views_for

__all__ = ["Which", "outlined", "scene"]


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
    numbers, chosen, traced = _chosen(source, view)
    canvas = Canvas(_outlined(numbers, chosen, which), numbers, to)
    if traced:
        canvas.notes.append("gradients are those of one backward pass, made for this picture")
    for each in chosen:
        each.write(canvas)
    return canvas.scene(title)


def outlined(source: Any, *, view: str | Iterable[str] | None = None, **which: Unpack[Which]) -> Outline:
    """What `scene` draws of a source, before anything is written on it."""
    numbers, chosen, _ = _chosen(source, view)
    return _outlined(numbers, chosen, which)


def _chosen(source: Any, view: str | Iterable[str] | None) -> tuple[Numbers, tuple[View, ...], bool]:
    """The numbers, the views, and whether a run was made for them."""
    numbers = source_of(source)
    chosen = views_for(view, numbers)
    traced = isinstance(numbers, Now) and any(each.of_run for each in chosen)
    return source_of(numbers.run) if traced else numbers, chosen, traced


def _outlined(numbers: Numbers, chosen: Sequence[View], which: Which) -> Outline:
    for each in chosen:
        if each.whole is not None:
            numbers.graph = each.whole(numbers)
        if each.folds is not None and not {"depth", "fold", "unfold"} & set(which):
            which = {**which, "fold": tuple(each.folds(numbers))}
    found = [view.parts(numbers) for view in chosen if view.parts is not None]
    parts = _joined(found) if found else None
    scopes = next((view.scopes(numbers) for view in chosen if view.scopes is not None), None)
    return outline(numbers.graph, **which, parts=parts, scopes=scopes)


def _joined(parts: Sequence[Callable[[Any], str]]) -> Callable[[Any], str]:
    """The part that a node stands in, by the words of all views that mark parts."""
    return lambda node: ", ".join(dict.fromkeys(part(node) for part in parts))
