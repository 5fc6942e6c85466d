"""The view of a training step: forward, backward and update as three marked regions, and what is trained or kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
# So many boxes of updates, and of forward and backward together, can be read at a glance.
_UPDATES_AT_MOST, _REST_AT_MOST = 8, 20
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


def _scopes(numbers: Numbers) -> Callable[[Any], str]:
    """What only one parameter's new value needs stands in a scope of its own inside of the optimiser's.

    Where there are many parameters, those of one layer, and at last all of one outermost scope, stand together.
    """
    regions = step_regions(numbers.graph, numbers.outputs, numbers.updates)
    names = names_in(numbers.graph)
    trained = [node for node in numbers.updates if node.trainable]
    layers = {node: node.scope or "the rest" for node in trained}
    called = {node: names.get(node, node.name or "parameter") for node in trained}
    for coarser in (layers, {node: layers[node].partition("/")[0] for node in trained}):
        if len(set(called.values())) > _UPDATES_AT_MOST:
            called = coarser
    owners: dict[Any, set[str]] = {}
    for parameter, new in numbers.updates.items():
        if parameter.trainable:
            owners.setdefault(new, set()).add(called[parameter].replace("/", "."))
    for node in reversed(numbers.graph.nodes):  # readers come before what they read
        if node not in owners and regions[node] == "update":
            readers = [owners.get(edge.target, set()) for edge in numbers.graph.consumers(node)]
            owners[node] = set().union(*readers)
    for parameter, new in numbers.updates.items():  # memories, whose new value the parameter's is made of
        if not parameter.trainable and len(owners.get(new, ())) == 1:
            owners[parameter] = owners[new]

    def scope(node: Any) -> str:
        own = str(node.scope)
        if regions[node] != "update" or not own or len(numbers.graph.nodes) <= _OPEN_AT_MOST:
            return own
        found = owners.get(node, set())
        return f"{own}/{next(iter(found)) if len(found) == 1 else 'shared by all'}"

    return scope


def _folds(numbers: Numbers) -> list[str]:
    """Of a large step the update of each parameter, and the layers where even so there is too much to be read."""
    graph = numbers.graph
    if len(graph.nodes) <= _OPEN_AT_MOST:
        return []
    regions = step_regions(graph, numbers.outputs, numbers.updates)
    scope = _scopes(numbers)
    updates = {scope(node) for node in graph.nodes if regions[node] == "update"}
    others = {scope(node) for node in graph.nodes if regions[node] != "update"}
    found = [path for path in dict.fromkeys(map(scope, graph.nodes)) if path and path in updates - others]
    rest = [node for node in graph.nodes if regions[node] != "update"]
    count = len(rest)
    for depth in sorted({path.count("/") + 1 for path in others if path}, reverse=True):
        if count <= _REST_AT_MOST:
            break
        found += [path for path in _scopes_of(others) if path.count("/") + 1 == depth]
        count = len({_box_at(depth, regions[node], node) for node in rest})
    return found


def _scopes_of(paths: Iterable[str]) -> list[str]:
    """These scopes and all around them, in a fixed order."""
    found = {"/".join(path.split("/")[: k + 1]) for path in paths if path for k in range(path.count("/") + 1)}
    return sorted(found)


def _box_at(depth: int, region: str, node: Any) -> Any:
    """What a node is drawn as where scopes of this depth are folded: itself, or its region and scope."""
    path = str(node.scope)
    return (region, "/".join(path.split("/")[:depth])) if path and path.count("/") + 1 >= depth else node


def _step(canvas: Canvas) -> None:
    numbers = canvas.numbers
    names = {node: clean(name) for node, name in names_in(canvas.graph).items()}
    name_slopes(canvas)
    regions = step_regions(canvas.graph, numbers.outputs, numbers.updates)
    new: dict[Any, list[tuple[str, bool]]] = {}
    for parameter, node in numbers.updates.items():
        name = names.get(parameter, clean(parameter.name or "parameter"))
        new.setdefault(node, []).append((name, parameter.trainable))
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
        made = [pair for node in draft.item.nodes for pair in new.get(node, ())]
        if made:
            # What is kept for a parameter is new too, but the parameter is what the step is for.
            chief = [name for name, trainable in made if trainable] or [name for name, _ in made]
            draft.mark = f"new {chief[0]}" if len(chief) == 1 else f"{len(chief)} new values"
            draft.notes += [f"new value of {name}" for name, _ in made]
        elif numbers.loss is None and draft.mark == "output":
            draft.mark = "output" if any(node in numbers.outputs for node in draft.item.nodes) else ""
    mark_regions(canvas, _REGIONS)
    canvas.direction = "TB"  # three regions below one another are less wide than beside one another
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
    "step", "The training step: forward, backward and update.", "graph", _step, _parts, _whole, _folds,
    scopes=_scopes,
)  # fmt: skip
