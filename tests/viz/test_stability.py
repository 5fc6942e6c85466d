"""A small change of a graph is a small change of its picture: how many pairs of boxes change sides, by random edits."""

from __future__ import annotations

import itertools
import random
from contextlib import ExitStack
from typing import Any

import pytest

import graphnn as gn
import viz

Line = tuple[str, tuple[int, ...], str, str]  # op, operands, name, scope
# The share of pairs that may change sides along the flow and across it. Measured over 40 graphs and two directions:
# 0.02 %, 0.21 %, 0.02 %, 0.16 % and none along the flow; 8 %, 21 %, 22 %, 27 % and none across it.
LIMITS = {
    "end": (0.002, 0.25), "middle": (0.01, 0.35), "branch": (0.002, 0.35), "leaf": (0.01, 0.35), "rename": (0.0, 0.0),
}  # fmt: skip


def program(draw: random.Random) -> list[Line]:
    lines: list[Line] = [("leaf", (), f"x{k}", "") for k in range(draw.randrange(2, 6))]
    for k in range(draw.randrange(8, 22)):
        count = len(lines)
        near, any_one = draw.randrange(max(0, count - 6), count), draw.randrange(count)
        op = draw.choice(["add", "mul", "tanh"])
        scope = draw.choice(["", "", "left", "right", "left/in"])
        lines.append((op, (near,) if op == "tanh" else (near, any_one), f"f{k}", scope))
    return lines


def graph_of(lines: list[Line]) -> gn.Graph:
    made: list[gn.Node] = []
    for op, operands, name, scope in lines:
        with ExitStack() as scopes:
            for part in scope.split("/") if scope else ():
                scopes.enter_context(gn.scope(part))
            if op == "leaf":
                made.append(gn.scalar(1.0, name))
            else:
                made.append(getattr(gn, op)(*(made[k] for k in operands)).named(name))
    used = {k for _, operands, _, _ in lines for k in operands}
    return gn.Graph([node for k, node in enumerate(made) if k not in used])


def edited(lines: list[Line], edit: str, draw: random.Random) -> list[Line]:
    """The program with one node more, or with one name changed."""
    count = len(lines)
    if edit == "end":
        return [*lines, ("tanh", (count - 1,), "new", "")]
    if edit == "branch":
        return [*lines, ("tanh", (draw.randrange(count),), "new", "")]
    if edit == "leaf":
        k = draw.choice([k for k, line in enumerate(lines) if len(line[1]) == 2])
        return [*lines, ("leaf", (), "y", ""), ("add", (k, count), "new", "")]
    if edit == "rename":
        k = draw.randrange(count)
        return [*lines[:k], (*lines[k][:2], f"{lines[k][2]} longer", lines[k][3]), *lines[k + 1 :]]
    k = draw.choice([k for k, line in enumerate(lines) if line[1]])
    op, operands, name, scope = lines[k]
    after = [(o, tuple(i + (i >= k) for i in each), n, s) for o, each, n, s in lines[k + 1 :]]
    return [*lines[:k], ("tanh", operands[:1], "new", scope), (op, (k, *operands[1:]), name, scope), *after]


def places(lines: list[Line], direction: str) -> dict[str, tuple[float, float]]:
    graph = graph_of(lines)
    names = {key: node.name or "" for node, key in graph.ids.items()}
    boxes = viz.draw(graph, direction=direction).placed.boxes
    return {
        names[b.box.id].removesuffix(" longer"): (b.rect.x + b.rect.w / 2, b.rect.y + b.rect.h / 2) for b in boxes
    }  # fmt: skip


def changed(before: dict[str, Any], after: dict[str, Any], axis: int) -> tuple[int, int]:
    """How many pairs of boxes that stood clearly apart changed sides, and how many there are."""
    bad = total = 0
    for one, other in itertools.combinations([name for name in before if name in after], 2):
        apart = before[one][axis] - before[other][axis]
        if abs(apart) > 40:
            total += 1
            bad += apart * (after[one][axis] - after[other][axis]) < 0
    return bad, total


@pytest.mark.parametrize("edit", LIMITS)
def test_few_boxes_change_sides_when_a_graph_changes_a_little(edit: str) -> None:
    along, across = [0, 0], [0, 0]
    for seed in range(12):
        draw = random.Random(seed)
        lines = program(draw)
        other = edited(lines, edit, draw)
        for flow, direction in enumerate(("LR", "TB")):
            before, after = places(lines, direction), places(other, direction)
            for sums, axis in ((along, flow), (across, 1 - flow)):
                bad, total = changed(before, after, axis)
                sums[0] += bad
                sums[1] += total
    assert along[0] / along[1] <= LIMITS[edit][0], along
    assert across[0] / across[1] <= LIMITS[edit][1], across


def test_the_boxes_are_named_and_drawn_in_the_same_order_after_an_edit() -> None:
    """What is said in words, the tree, the table, the JSON, follows the graph: a node more is a line more."""
    for seed in range(20):
        draw = random.Random(seed)
        lines = program(draw)
        for edit in ("end", "branch"):
            before, after = (
                [box.name or box.title for box in viz.scene(graph_of(each)).boxes]
                for each in (lines, edited(lines, edit, draw))
            )
            assert [name for name in after if name in before] == before


def test_a_new_name_moves_nothing() -> None:
    draw = random.Random(3)
    lines = program(draw)
    before, after = (places(each, "LR") for each in (lines, edited(lines, "rename", draw)))
    assert before.keys() == after.keys() and changed(before, after, 0)[0] == changed(before, after, 1)[0] == 0
