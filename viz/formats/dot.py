"""Hand a scene to Graphviz's own tools: a `graphviz.Digraph`, which who knows that package can go on from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viz.scene import Box, Scene, Wire
from viz.text import width
from viz.theme import LIGHT, Theme

if TYPE_CHECKING:
    import graphviz

__all__ = ["digraph", "dot"]

_SHAPES = {"input": "box", "parameter": "octagon", "constant": "box", "op": "box", "fold": "box3d"}
_STYLES = {
    "input": "rounded,filled",
    "parameter": "filled",
    "constant": "filled",
    "op": "rounded,filled",
    "fold": "filled",
}
_DASHES = {
    "positive": "solid",
    "negative": "dashed",
    "mixed": "dashed",
    "zero": "dotted",
    "not finite": "dotted",
    "unknown": "dashed",
}

# A Graphviz without fonts knows the widths of these letters, and every reader of its SVG has some letters without
# serifs. Those of DejaVu Sans, which stand in for them on many machines, are wider by so much.
_FONT, _ROOM = "Helvetica,Arial,sans-serif", 1.16


def digraph(scene: Scene, *, direction: str = "LR", theme: Theme = LIGHT) -> graphviz.Digraph:
    """The scene as a `graphviz.Digraph`: boxes, groups as clusters, both kinds of wires. Graphviz places it itself."""
    import graphviz

    graph = graphviz.Digraph(
        "graphnn",
        graph_attr={
            "rankdir": direction,
            "fontname": _FONT,
            "label": _label(scene.title),
            "labelloc": "t",
        },
        node_attr={"fontname": _FONT, "fontsize": "11"},
        edge_attr={"fontname": _FONT, "fontsize": "9", "color": theme.forward},
    )
    _fill(graph, scene, theme)
    for wire in scene.wires:
        # A gradient is written in the direction of the flow and drawn with its head at the other end: Graphviz leads
        # an edge against the flow around half the picture.
        ends = (wire.source, wire.target) if wire.kind == "forward" else (wire.target, wire.source)
        graph.edge(*ends, **_wire(wire, scene, theme))
    return graph


def dot(scene: Scene, *, direction: str = "LR", theme: Theme = LIGHT) -> str:
    """The scene in the DOT language."""
    return str(digraph(scene, direction=direction, theme=theme).source)


def _fill(graph: graphviz.Digraph, scene: Scene, theme: Theme) -> None:
    """Boxes inside their clusters. Inner clusters are closed before outer ones: scopes nest without recursion."""
    import graphviz

    bodies: dict[str | None, graphviz.Digraph] = {None: graph}
    for i, group in enumerate(scene.groups):
        body = graphviz.Digraph(f"cluster_{i}")
        body.attr(label=_label(group.label), color=theme.group_border, bgcolor=theme.group, style="rounded")
        bodies[group.id] = body
    for box in scene.boxes:
        ink, rows = theme.ink(box.role, box.tone), _rows(box)
        bodies[box.group].node(
            box.id,
            _label("\n".join(rows)),
            width=f"{_ROOM * max(width(row, 11.0) for row in rows) / 72 + 0.22:.2f}",
            shape=_SHAPES[box.role],
            style=_STYLES[box.role],
            fillcolor=ink.fill,
            color=ink.border,
            fontcolor=ink.text,
            penwidth="2.2" if box.mark else "1.2",
        )
    for group in reversed(scene.groups):
        bodies[group.parent].subgraph(bodies[group.id])


def _label(text: str) -> str:
    import graphviz

    # A label between angle brackets would be read as HTML: `nohtml` says that it is words.
    return graphviz.nohtml(str(graphviz.escape(text)).replace("\n", "\\n"))


def _rows(box: Box) -> list[str]:
    head = box.title + (f"  {box.name}" if box.name else "")
    detail = box.detail + (f"  {box.mark}" if box.mark else "")
    read = [f"{reading.label}: " + "\n".join(reading.lines) for reading in box.readings]
    badges = [" · ".join(badge.text for badge in box.badges)] if box.badges else []
    return "\n".join([head, *([detail] if detail else []), *read, *badges]).split("\n")


def _wire(wire: Wire, scene: Scene, theme: Theme) -> dict[str, str]:
    if wire.kind == "forward":
        return {"tooltip": _label(wire.port)}
    return {
        "color": theme.signs[wire.sign],
        "fontcolor": theme.signs[wire.sign],
        "style": _DASHES[wire.sign],
        "penwidth": f"{theme.wire_width(wire.size, scene.scale):.2f}",
        # An empty line below keeps the words off a wide wire.
        "label": _label(f"{wire.label}\n " if wire.label else ""),
        "tooltip": _label(wire.note),
        "dir": "back",
    }
