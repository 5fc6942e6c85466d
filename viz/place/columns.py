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

# Each wish is checked against a circle by a walk over the graph.
_BOXES_AT_MOST = 1500
_WISHES_AT_MOST = 600


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
    after: dict[str, list[str]] = defaultdict(list)
    for wire in wires:
        after[wire.source].append(wire.target)
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
    kept = []
    for first, then in list(wishes)[:_WISHES_AT_MOST]:
        if first != then and not _reaches(then, first, after):
            after[first].append(then)
            kept.append((first, then))
    return tuple(kept)


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


def _reaches(start: str, goal: str, after: Mapping[str, list[str]]) -> bool:
    seen, stack = {start}, [start]
    while stack:
        for box in after.get(stack.pop(), ()):
            if box == goal:
                return True
            if box not in seen:
                seen.add(box)
                stack.append(box)
    return False
