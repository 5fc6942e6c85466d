"""Show what goes wrong: a backward pass done in a wrong way, drawn beside the right one, with the numbers that differ.

>>> import viz
>>> for name, words in viz.WRONG_WAYS.items():
...     print(f"{name}: {words}")
depth-first: Walk back depth-first, without a topological order.
early update: Update each parameter as soon as its gradient is known, in the middle of the backward pass.
in-place: Let an op overwrite its operand, which the slope of another op still needs.
no zeroing: Run backward twice without setting the gradients to zero in between.
overwrite: Let a contribution replace the gradient instead of adding to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from viz.canvas import Canvas
from viz.drawing import Drawing
from viz.lecture.wrong_passes import WAYS, NoDifference, Outcome
from viz.motion.captions import name_of
from viz.numbers import number
from viz.outline import outline
from viz.place.panels import drawing_of, panels
from viz.place.sheet import Fit
from viz.readings import size_of
from viz.scene import Badge, Entry, Scene
from viz.sources import Gradient, OfRun
from viz.theme import LIGHT, Theme, theme_of
from viz.views.gradients import GRADIENTS
from viz.views.structure import STRUCTURE
from viz.views.values import VALUES

__all__ = ["WRONG_WAYS", "wrong_way"]

WRONG_WAYS: dict[str, str] = {name: way.words for name, way in sorted(WAYS.items())}
# Two pictures of more nodes than this cannot be compared by eye.
_NODES_AT_MOST = 60
_NAMED_AT_MOST = 5
# What differs by less is the rounding of another order of sums.
_ROUNDING = 1e-6


def wrong_way(
    name: str,
    source: Any = None,
    feeds: Any = None,
    *,
    direction: str = "LR",
    theme: str | Theme = LIGHT,
    title: str | None = None,
    engine: str | None = None,
    width: float | None = None,
    slide: str | None = None,
    page: str | None = None,
) -> Drawing:
    """The right backward pass and this wrong one in one picture, computed both, with what differs marked.

    name : one of viz.WRONG_WAYS
    source : a run (gn.trace), or a scalar node with `feeds` for its inputs; without it a small graph that shows it well

    Raises ValueError for an unknown name, and for a graph on which the wrong way gives the right numbers: it says why.
    """
    way = WAYS.get(name)
    if way is None:
        raise ValueError(f"viz.wrong_way: there is no {name!r}. Wrong ways: {', '.join(WRONG_WAYS)}.")
    run = _run(way.example() if source is None else source, feeds)
    try:
        outcome = way.do(run)
    except NoDifference as error:
        raise ValueError(f"viz.wrong_way: {name!r} gives the right numbers here: {error}") from None
    differing = _differing(run, outcome)
    if not differing:
        raise ValueError(f"viz.wrong_way: {name!r} gives the right numbers here: {way.no_difference}")
    right = _scene(run, Outcome.right(run), {})
    wrong = _scene(run, outcome, differing)
    captions = [*outcome.story, *_told(differing)]
    fit = Fit(width, slide, page)
    placed = panels(
        [("r", f"right: {way.right}", right), ("w", f"wrong: {way.wrong}", wrong)],
        title=f"Wrong way: {name}" if title is None else title,
        captions=captions,
        entries=[Entry("tone", "wrong number", "bad")],
        direction=direction,
        engine=engine,
        theme=theme_of(theme),
        fit=fit,
    )
    return drawing_of(placed, fit=fit)


def _run(source: Any, feeds: Any) -> Any:
    import graphnn as gn

    if hasattr(source, "contribution") and hasattr(source, "gradient"):
        if feeds is not None:
            raise ValueError("viz.wrong_way: a run is fed already; feeds belong to a node.")
        run = source
    else:
        run = gn.trace(source.outputs if isinstance(source, gn.Graph) else source, feeds)
    if not run.has_gradients:
        raise ValueError("viz.wrong_way: this run has no gradients. Trace one scalar float, such as a loss.")
    if len(run.graph.nodes) > _NODES_AT_MOST:
        raise ValueError(
            f"viz.wrong_way: {len(run.graph.nodes)} nodes are too many to compare by eye; take a graph of at most "
            f"{_NODES_AT_MOST}, or none for a small example."
        )
    return run


class _Told(OfRun):
    """The numbers of a run, as a pass told them."""

    def __init__(self, run: Any, outcome: Outcome):
        super().__init__(run)
        self.outcome = outcome

    def value(self, node: Any) -> np.ndarray | None:
        return np.asarray(self.outcome.values.get(node, self.run.value(node)))

    def gradient(self, node: Any) -> Gradient:
        if self.run.gradient(node) is None:
            return super().gradient(node)
        found = self.outcome.gradients.get(node)
        words = self.outcome.words.get(node, "")
        return (
            Gradient(None, "not computed", "never reached") if found is None else Gradient(found, "", words)
        )

    def contribution(self, edge: Any) -> np.ndarray | None:
        return self.outcome.parts.get((edge.target, edge.slot))


def _scene(run: Any, outcome: Outcome, differing: dict[Any, np.ndarray]) -> Scene:
    numbers = _Told(run, outcome)
    canvas = Canvas(outline(run.graph, depth=None, repeats=False), numbers)
    for view in (STRUCTURE, VALUES, GRADIENTS):
        view.write(canvas)
    for node, right in differing.items():
        draft = canvas.box_of(node)
        if draft is not None and draft.node is node:
            draft.tone = "bad"
            draft.badges.append(Badge(_correction(right, outcome.gradients.get(node)), "bad"))
    for node in outcome.values:
        draft = canvas.box_of(node)
        if draft is not None and draft.node is node:
            draft.badges.append(Badge(f"was {_short(run.value(node))}", "warn"))
    for k, wire in enumerate(canvas.backward):
        link = canvas.links[wire.beside]
        told = numbers.contribution(link.edges[0])
        true = run.contribution(link.edges[0])
        if wire.label and told is not None and _is_off(np.asarray(true), told):
            canvas.backward[k] = replace(wire, label=f"{wire.label}, not {number(np.asarray(true).item())}")
    return canvas.scene()


def _correction(right: np.ndarray, found: np.ndarray | None) -> str:
    if right.ndim == 0:
        return f"should be {number(right.item())}"
    if found is None:
        return "should be computed"
    share = size_of(found - right) / (size_of(right) or 1.0)
    return f"off by {number(100 * share)} %"


def _short(value: Any) -> str:
    array = np.asarray(value)
    return number(array.item()) if array.ndim == 0 else f"of size {number(size_of(array))}"


def _differing(run: Any, outcome: Outcome) -> dict[Any, np.ndarray]:
    """The nodes whose gradient came out wrong, with the right one."""
    found = {}
    for node in run.graph.nodes:
        right = run.gradient(node)
        if right is not None:
            array = np.asarray(right, dtype=np.float64)
            told = outcome.gradients.get(node)
            if told is None or _is_off(array, told):
                found[node] = array
    return found


def _is_off(right: np.ndarray, found: np.ndarray) -> bool:
    scale = float(np.abs(right).max(initial=0.0)) or 1.0
    return not np.allclose(found, right, rtol=_ROUNDING, atol=_ROUNDING * scale, equal_nan=True)


def _told(differing: dict[Any, np.ndarray]) -> list[str]:
    names = [name_of(node) for node in differing]
    if len(names) > _NAMED_AT_MOST:
        names = [*names[:_NAMED_AT_MOST], f"{len(differing) - _NAMED_AT_MOST} more"]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return [f"Wrong gradient{'s' * (len(differing) != 1)}: {listed}."]
