"""Decide what stands before what beside the wires, so that a scope becomes a block of its own in the flow.

An engine keeps strangers out of a group's frame. An input that feeds the group would therefore stand above or below
the whole frame, unless it comes before everything in it; and the parameters of a second layer would stand as far
forward as those of the first. Asking that what enters a group comes before its leaves settles both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from viz.scene import Box, Group, Wire

__all__ = ["columns"]

# Each wish is checked against a circle.
_BOXES_AT_MOST = 1500
# An engine lays a way point on every layer that a wish passes: of 1,000 boxes these were 100,000, on which Graphviz
# spent minutes. Beyond so many boxes it hears only the wishes that do not follow from the others, of more of them.
_ALL_UP_TO = 100
_WISHES_AT_MOST, _WISHES_OF_MANY_BOXES = 600, 5000


def columns(
    boxes: Sequence[Box], wires: Sequence[Wire], groups: Sequence[Group]
) -> tuple[tuple[str, str], ...]:
    """Pairs (first, then) of boxes for the engine to keep in this order along the flow; never a circle."""
    if not groups or len(boxes) > _BOXES_AT_MOST:
        return ()
    paths = {g.id: _path(g.id, {h.id: h.parent for h in groups}) for g in groups}
    group = {b.id: b.group for b in boxes}
    leaves: dict[str, list[str]] = defaultdict(list)
    entered = {wire.target for wire in wires}
    for b in boxes:
        if b.id not in entered and b.group is not None:
            for path in paths[b.group]:
                leaves[path].append(b.id)
    readers: dict[str, list[str]] = defaultdict(list)
    for wire in wires:
        if group[wire.source] == group[wire.target] and wire.source not in entered:
            readers[wire.target].append(wire.source)
    region = {b.id: _region(b.group, paths, groups) for b in boxes}
    wishes = _regions_in_turn(boxes, wires, groups, region)
    for wire in wires:
        if region[wire.source] != region[wire.target]:
            continue  # regions stand one behind the other anyway
        home = _ancestors(group[wire.source], paths)
        for path in _ancestors(group[wire.target], paths):
            if path not in home:
                wishes.update(((wire.source, leaf), None) for leaf in leaves[path])
        # What leaves a group meets leaves that stand outside, such as labels: they come after the group.
        if home and not _ancestors(group[wire.target], paths):
            wishes.update(((wire.source, leaf), None) for leaf in readers[wire.target])
    few = len(boxes) <= _ALL_UP_TO
    flow = _Flow(boxes, wires)
    kept = []
    for first, then in list(wishes)[: _WISHES_AT_MOST if few else _WISHES_OF_MANY_BOXES]:
        if first != then and not flow.leads(then, first):
            flow.add(first, then)
            kept.append((first, then))
    if few:
        return tuple(kept)
    drawn = {(wire.source, wire.target) for wire in wires}
    return tuple(wish for wish in kept if wish not in drawn and not flow.leads_around(*wish))


class _Flow:
    """What comes before what, by wires and by the wishes granted so far, kept as a set of bits for each box."""

    def __init__(self, boxes: Sequence[Box], wires: Sequence[Wire]):
        self.bit = {b.id: 1 << i for i, b in enumerate(boxes)}
        self.above = dict(self.bit)  # itself, and whatever leads to it
        self.after: dict[str, list[str]] = defaultdict(list)
        for wire in wires:
            self.add(wire.source, wire.target)

    def add(self, first: str, then: str) -> None:
        self.after[first].append(then)
        todo = [(first, then)]
        while todo:
            before, box = todo.pop()
            more = self.above[box] | self.above[before]
            if more != self.above[box]:
                self.above[box] = more
                todo += ((box, following) for following in self.after[box])

    def leads(self, start: str, goal: str) -> bool:
        return bool(self.above[goal] & self.bit[start])

    def leads_around(self, start: str, goal: str) -> bool:
        """Whether a way of several steps leads there, so that one step says nothing more."""
        return any(step != goal and self.leads(step, goal) for step in self.after[start])


def _region(group: str | None, paths: Mapping[str, tuple[str, ...]], groups: Sequence[Group]) -> str | None:
    """The region that a group is, or lies in."""
    kinds = {g.id: g.kind for g in groups}
    within = (group, *_ancestors(group, paths)) if group is not None else ()
    return next((path for path in within if kinds.get(path) == "region"), None)


def _regions_in_turn(
    boxes: Sequence[Box],
    wires: Sequence[Wire],
    groups: Sequence[Group],
    region: Mapping[str, str | None],
) -> dict[tuple[str, str], None]:
    """Whatever ends a region comes before whatever begins the next, so that they stand side by side."""
    inside = [wire for wire in wires if region[wire.source] == region[wire.target]]
    entered, left = {wire.target for wire in inside}, {wire.source for wire in inside}
    order = [g.id for g in groups if g.kind == "region"]
    wishes: dict[tuple[str, str], None] = {}
    for before, after in pairwise(order):
        ends = [b.id for b in boxes if region[b.id] == before and b.id not in left]
        begins = [b.id for b in boxes if region[b.id] == after and b.id not in entered]
        wishes.update(((first, then), None) for first in ends for then in begins)
    return wishes


def _path(group: str, parent: Mapping[str, str | None]) -> tuple[str, ...]:
    path = []
    at: str | None = group
    while at is not None:
        path.append(at)
        at = parent[at]
    return tuple(path)


def _ancestors(group: str | None, paths: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return paths[group] if group is not None else ()
