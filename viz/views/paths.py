"""The view of paths: the weightiest ways from one node to the loss, and how much of its gradient comes along each."""

from __future__ import annotations

from dataclasses import replace

from viz.canvas import Canvas
from viz.numbers import number
from viz.scene import Badge, Entry
from viz.study.paths import Path, paths, ways
from viz.views.base import View
from viz.views.gradients import write_flow

__all__ = ["PATHS"]

_SHOWN = 3
_NAMES_AT_MOST = 6


def _paths(canvas: Canvas) -> None:
    run = canvas.numbers.run
    if canvas.to is None or run is None:
        raise ValueError(
            "viz: the view 'paths' wants a run and the node that the paths start from: draw(run, to='w')."
        )
    write_flow(canvas)
    start = run.graph.find(canvas.to) if isinstance(canvas.to, str) else canvas.to
    found = paths(run, start, most=_SHOWN)
    on_path = {edge for path in found for edge in path.edges}
    for k, wire in enumerate(canvas.backward):
        if not any(edge in on_path for edge in canvas.links[wire.beside].edges):
            canvas.backward[k] = replace(wire, tone="quiet", label="")
    for key, forward in canvas.forward.items():
        if not any(edge in on_path for edge in canvas.links[key].edges):
            canvas.forward[key] = replace(forward, tone="quiet")
    nodes = {node for path in found for node in path.nodes}
    for draft in canvas.boxes.values():
        if not nodes.isdisjoint(draft.item.nodes):
            draft.tone = draft.tone or "good"
        if any(node is start for node in draft.item.nodes):
            draft.badges.append(Badge("paths start here"))
    count = ways(run, start)
    whole = {1: "the only path", 2: "both paths"}.get(count, f"all {count} paths")
    more = f"the weightiest {len(found)} of {count} paths" if count > len(found) else whole
    canvas.notes.append(f"{more} from {start.label} to the loss:")
    canvas.notes += [f"{k}.  {_words(path)}" for k, path in enumerate(found, 1)]
    canvas.entries.append(Entry("tone", "on one of these paths", "good"))


def _words(path: Path) -> str:
    names = [node.name or node.op.name for node in path.nodes]
    if len(names) > _NAMES_AT_MOST:
        names = [*names[: _NAMES_AT_MOST // 2], "…", *names[-_NAMES_AT_MOST // 2 :]]
    product = f", product {number(path.product)}" if path.product is not None else ""
    return f"{number(100 * path.share)} %{product}: {' › '.join(names)}"


PATHS = View(
    "paths", "The weightiest paths from one node (to=) to the loss, with their shares.", "gradients", _paths,
    of_run=True,
)  # fmt: skip
