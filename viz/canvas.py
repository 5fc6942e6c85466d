"""A canvas on which views write: one draft per box and wire of an outline, from which the scene is made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from viz.legend import legend_of
from viz.numbers import number, shape_text
from viz.outline import Item, Link, Outline
from viz.readings import scale_of
from viz.scene import Badge, Box, Entry, Group, Reading, Scene, Wire
from viz.sources import Numbers
from viz.text import clean

__all__ = ["Canvas", "Draft"]

# So many kinds of ops are named on a part of a graph that has no name of its own.
_OPS_NAMED = 2


@dataclass
class Draft:
    """A box while views write on it. `notes` are lines of its tooltip."""

    item: Item
    role: str
    title: str
    name: str = ""
    detail: str = ""
    mark: str = ""
    tone: str = ""
    border: str = ""
    ports: tuple[str, ...] = ()
    readings: list[Reading] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def node(self) -> Any:
        """The node that the box stands for; None for a fold."""
        return None if self.item.is_fold else self.item.nodes[0]


class Canvas:
    """Drafts of all boxes and wires. Views change drafts, and add wires, notes and entries of the legend."""

    def __init__(self, outline: Outline, numbers: Numbers, to: Any = None):
        self.to = to  # the node that a view is asked about
        self.outline, self.numbers, self.graph = outline, numbers, outline.graph
        self._outputs = set(self.graph.outputs)
        self._entering: dict[str, list[Link]] = defaultdict(list)
        for link in outline.links:
            self._entering[link.target].append(link)
        self.boxes: dict[str, Draft] = {item.id: self._draft(item) for item in outline.items}
        self.links: dict[str, Link] = {link.id: link for link in outline.links}
        self.forward: dict[str, Wire] = {
            link.id: Wire(
                link.id, link.source, link.target, link.edges[0].slot,
                clean(str(link.edges[0].port)) if len(link.edges) == 1 else "", count=len(link.edges),
            )
            for link in outline.links
        }  # fmt: skip
        self.backward: list[Wire] = []
        self.entries: list[Entry] = []
        if outline.border:
            self.entries.append(
                Entry("text", "… more in, more out: wires that go on outside of this picture")
            )
        self.notes: list[str] = []
        self.direction = ""  # how the picture is drawn best, if a view knows
        self.groups = _groups(outline)
        self._box_of = {node: draft for draft in self.boxes.values() for node in draft.item.nodes}

    def box_of(self, node: Any) -> Draft | None:
        """The box that stands for the node, None if it is not drawn."""
        return self._box_of.get(node)

    def scene(self, title: str = "") -> Scene:
        """The scene of what has been written."""
        boxes = tuple(self._box(draft) for draft in self.boxes.values())
        wires = (*self.forward.values(), *self.backward)
        scale = scale_of(self.backward)
        flow = f", and the gradients of {len(self.backward)} edges" if self.backward else ""
        left_out = self._left_out()
        return Scene(
            boxes=boxes,
            wires=wires,
            groups=self.groups,
            legend=legend_of(boxes, wires, scale, self.entries),
            scale=scale,
            direction=self.direction,
            title=clean(title),
            description=f"Computational graph of {len(boxes)} nodes and {len(self.forward)} edges{flow}.",
            notes=tuple(clean(note) for note in (*self.notes, *left_out)),
        )

    def _left_out(self) -> list[str]:
        outline, said = self.outline, []
        folded = sum(len(item.nodes) for item in outline.folds)
        if folded:
            boxes = "one box" if len(outline.folds) == 1 else f"{len(outline.folds)} boxes"
            said.append(f"{folded} of {len(self.graph.nodes)} nodes are folded into {boxes}")
            if any(item.path.startswith("part ") for item in outline.folds):
                said.append(
                    "a part is a stretch of what is computed one after another; depth=99 shows all, unfold= one"
                )
        if outline.hidden:
            said.append("1 node is hidden" if outline.hidden == 1 else f"{outline.hidden} nodes are hidden")
        if outline.cut:
            lie = "1 node lies" if outline.cut == 1 else f"{outline.cut} nodes lie"
            said.append(f"{lie} outside of the focus")
        return said

    def _draft(self, item: Item) -> Draft:
        if item.is_fold:
            draft = _fold_draft(item)
            draft.badges += self._border(item)
            if any(node is self.numbers.loss for node in item.nodes):
                draft.mark = "loss"
            elif not self._outputs.isdisjoint(item.nodes):
                draft.mark = "output"
            return draft
        node = item.nodes[0]
        role, name, title = node.role, clean(node.name or ""), node.op.name
        if role != "op":
            title, name = name or role, ""
            if role == "constant" and title == role and node.shape == ():
                title = number(np.asarray(node.value).item())
        kind = f"{shape_text(node.shape)} · {node.dtype}"
        notes = [
            f"{node.op.name} {node.name!r}" if node.name else node.op.name,
            kind,
            node.scope and f"in {node.scope}",
            *(f"{key} = {value}" for key, value in node.attributes.items()),
        ]
        edges = self.graph.operand_edges(node)
        return Draft(
            item,
            role=role,
            title=clean(title),
            name=name,
            detail=kind,
            mark="loss" if node is self.numbers.loss else "output" if node in self._outputs else "",
            ports=self._ports(item) if len(edges) > 1 else (),
            badges=[*self._hidden_operands(edges), *self._border(item)],
            notes=[str(line) for line in notes if line],
        )

    def _ports(self, item: Item) -> tuple[str, ...]:
        """The names of the operands whose wires are drawn, a name for each wire."""
        links = sorted(self._entering[item.id], key=lambda link: link.edges[0].slot)
        return tuple(", ".join(clean(str(edge.port)) for edge in link.edges) for link in links)

    def _hidden_operands(self, edges: Any) -> list[Badge]:
        """`eps = 1e-5` for a scalar constant that has no box of its own."""
        hidden = [e for e in edges if e.source in self.outline.unseen and e.source.role == "constant"]
        return [
            Badge(f"{clean(str(e.port))} = {number(np.asarray(e.source.value).item())}")
            for e in hidden
            if e.source.shape == ()
        ]

    def _border(self, item: Item) -> list[Badge]:
        """Where the focus cuts wires off: how many of them, and on which side."""
        before, behind = self.outline.border.get(item.id, (0, 0))
        found = [Badge(f"… {before} more in", "quiet")] if before else []
        return [*found, *([Badge(f"{behind} more out …", "quiet")] if behind else [])]

    def _box(self, draft: Draft) -> Box:
        details = [f"{r.label} {r.detail}" for r in draft.readings if r.detail]
        return Box(
            id=draft.item.id,
            role=draft.role,
            title=draft.title,
            name=draft.name,
            detail=draft.detail,
            mark=draft.mark,
            ports=draft.ports,
            readings=tuple(draft.readings),
            group=draft.item.group,
            note="\n".join(clean(line) for line in (*draft.notes, *details)),
            badges=tuple(draft.badges),
            tone=draft.tone,
            border=draft.border,
        )


def _fold_draft(item: Item) -> Draft:
    count = len(item.paths)
    nodes = len(item.nodes) // count if count else len(item.nodes)
    weights = sum(1 for node in item.nodes if node.role == "parameter")
    detail = f"{nodes} node{'s' * (nodes != 1)}" + (" each" if count > 1 else "")
    if re.fullmatch(r"part \d+", item.path):  # a stretch has no name that says what it holds
        ops = Counter(node.op.name for node in item.nodes if node.role == "op").most_common(_OPS_NAMED)
        detail += "".join(f", {times} {name}" for name, times in ops)
    notes = [item.path if count == 1 else f"{count} alike: {item.paths[0]} … {item.paths[-1]}", detail]
    if weights:
        notes.append(f"{weights} parameter{'s' * (weights != 1)}")
    badges = [Badge(f"× {count}")] if count > 1 else []
    return Draft(item, role="fold", title=clean(item.label), detail=detail, badges=badges, notes=notes)


def _groups(outline: Outline) -> tuple[Group, ...]:
    groups: dict[str, Group] = {}
    for item in outline.items:
        parts = item.group.split("/") if item.group else []
        for depth, part in enumerate(parts):
            path, parent = "/".join(parts[: depth + 1]), "/".join(parts[:depth]) or None
            groups.setdefault(path, Group(path, clean(part), parent))
    return tuple(groups.values())
