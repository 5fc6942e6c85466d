"""The view of a training step: forward, backward and update as three marked regions, and what is trained or kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from viz.canvas import Canvas
from viz.scene import Badge, Entry
from viz.sources import Numbers
from viz.study.regions import mark_regions, name_slopes, names_in, step_regions, with_origins
from viz.text import clean
from viz.views.base import View

__all__ = ["STEP"]

_REGIONS = ("forward", "backward", "update")
# Steps of more nodes than this are drawn with what only the update needs folded.
_OPEN_AT_MOST = 60
# What a parameter is to a training step, and the words of the legend.
_KINDS = {
    "trained": "trained: gets a new value from its gradient",
    "state": "state: kept from step to step, as momenta or running statistics",
    "counter": "counter: counts the steps",
    "setting": "setting: stays, may be changed by hand",
    "frozen": "frozen: stays",
}


def _parts(numbers: Numbers) -> Callable[[Any], str]:
    if not numbers.updates and not any(node.origin is not None for node in numbers.graph.nodes):
        raise ValueError(
            "viz: the view 'step' shows a training step, and this has no updates and no gradient nodes. Draw a "
            "gn.Trainer, a gn.Program(loss, updates=...), or the updates of an optimiser."
        )
    return step_regions(numbers.graph, numbers.outputs, numbers.updates).__getitem__


def _whole(numbers: Numbers) -> Any:
    """With what was differentiated, too; a run has numbers of its own graph only."""
    return numbers.graph if numbers.has_values else with_origins(numbers.graph)


def _folds(numbers: Numbers) -> list[str]:
    """The outermost scopes that nothing but the update is in."""
    if len(numbers.graph.nodes) <= _OPEN_AT_MOST:
        return []
    regions = step_regions(numbers.graph, numbers.outputs, numbers.updates)
    found: dict[str, bool] = {}
    for node in numbers.graph.nodes:
        outermost = node.scope.partition("/")[0]
        if outermost:
            found[outermost] = found.get(outermost, True) and regions[node] == "update"
    return [path for path, only in found.items() if only]


def _step(canvas: Canvas) -> None:
    numbers = canvas.numbers
    names = {node: clean(name) for node, name in names_in(canvas.graph).items()}
    name_slopes(canvas)
    regions = step_regions(canvas.graph, numbers.outputs, numbers.updates)
    new: dict[Any, list[str]] = {}
    for parameter, node in numbers.updates.items():
        new.setdefault(node, []).append(names.get(parameter, clean(parameter.name or "parameter")))
    said: set[str] = set()
    for draft in canvas.boxes.values():
        kinds = [_kind(node, numbers, regions) for node in draft.item.nodes if node.role == "parameter"]
        said.update(kinds)
        if draft.item.is_fold:
            for kind in _KINDS:
                if kind in kinds:
                    draft.badges.append(
                        Badge(f"{kinds.count(kind)} {kind}", "good" if kind == "trained" else "")
                    )
        else:
            draft.badges += [Badge(kind, "good" if kind == "trained" else "") for kind in kinds]
        made = [name for node in draft.item.nodes for name in new.get(node, ())]
        if made:
            draft.mark = f"new {made[0]}" if len(made) == 1 else f"{len(made)} new values"
            draft.notes += [f"new value of {name}" for name in made]
        elif numbers.loss is None and draft.mark == "output":
            draft.mark = "output" if any(node in numbers.outputs for node in draft.item.nodes) else ""
    mark_regions(canvas, _REGIONS)
    canvas.entries += [Entry("text", _KINDS[kind]) for kind in _KINDS if kind in said]
    if "backward" in regions.values():
        canvas.entries.append(Entry("text", "∂/∂w by op: what the op sends back to w"))
    if new:
        canvas.entries.append(
            Entry("text", "strong border: written to the parameter at the end, all at once")
        )


def _kind(node: Any, numbers: Numbers, regions: dict[Any, str]) -> str:
    if node in numbers.updates:
        if node.trainable:
            return "trained"
        return "counter" if node.dtype.kind in "iu" else "state"
    return "setting" if regions[node] == "update" else "frozen"


STEP = View(
    "step", "The training step: forward, backward and update.", "graph", _step, _parts, _whole, _folds
)
