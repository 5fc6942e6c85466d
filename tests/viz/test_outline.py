"""What of a graph is drawn: folds, repeats, surroundings, and what is hidden."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz


def tower(blocks: int, width: int = 3) -> gn.Graph:
    """Dense blocks of one form, one after another."""
    y = gn.input("x", ("batch", width))
    for k in range(blocks):
        with gn.scope("tower"), gn.scope(f"block{k}"):
            y = gn.tanh(y @ gn.parameter(np.eye(width), "w"))
    return gn.Graph(y.named("y"))


def test_without_words_everything_is_drawn() -> None:
    graph = tower(2)
    shown = viz.outline(graph)
    assert [item.id for item in shown.items] == list(graph.ids.values())
    assert [link.id for link in shown.links] == [f"e{k}" for k in range(len(graph.edges))]


def test_alike_blocks_become_one_box_with_a_count() -> None:
    shown = viz.outline(tower(12), depth=2)
    assert [(item.label, len(item.paths)) for item in shown.items] == [("x", 0), ("block0 … block11", 12)]
    assert [(link.source, link.target) for link in shown.links] == [("n0", "s1")]
    apart = viz.outline(tower(12), depth=2, repeats=False)
    assert len(apart.folds) == 12 and len(apart.links) == 12


def test_blocks_of_another_form_are_not_counted_in() -> None:
    y = gn.input("x", ("batch", 3))
    for k in range(5):
        with gn.scope(f"block{k}"):
            y = gn.relu(y) if k == 2 else gn.tanh(y)
    labels = [item.label for item in viz.outline(gn.Graph(y), depth=1).items]
    assert labels == ["x", "block0 … block4", "block2"]


def test_a_scope_is_folded_by_name_and_kept_open_by_name() -> None:
    graph = tower(3)
    assert [i.path for i in viz.outline(graph, fold="block1").folds] == ["tower/block1"]
    opened = viz.outline(graph, depth=1, unfold="tower/block1", repeats=False)
    assert [i.label for i in opened.items] == ["x", "block0", "w", "matmul", "tanh", "block2"]
    assert "tower/block1" not in [i.path for i in opened.folds]


def test_every_edge_is_kept_or_lies_inside_a_fold() -> None:
    graph = tower(4)
    shown = viz.outline(graph, fold=["block1", "block3"], repeats=False)
    kept = sum(len(link.edges) for link in shown.links)
    inside = sum(
        edge.source.scope == edge.target.scope and edge.target.scope in ("tower/block1", "tower/block3")
        for edge in graph.edges
    )
    assert kept + inside == len(graph.edges)


def test_what_flows_through_a_hidden_node_is_one_wire() -> None:
    x, b = gn.input("x", ("batch", 3)), gn.parameter(np.zeros(3), "b")
    graph = gn.Graph(x + b)
    shown = viz.outline(graph, hide="broadcasts")
    assert [item.label for item in shown.items] == ["x", "b", "add"]
    assert [(link.source, link.target) for link in shown.links] == [("n0", "n3"), ("n1", "n3")]
    assert shown.hidden == 1


def test_focus_shows_the_surroundings_of_a_node() -> None:
    graph = tower(6)
    shown = viz.outline(graph, focus="x", reach=1)
    assert [item.label for item in shown.items] == ["x", "matmul"]
    assert shown.cut == len(graph.nodes) - 2
    assert viz.outline(graph, focus=graph.outputs[0], reach=0).items[0].label == "y"


def test_the_border_of_a_focus_counts_the_wires_that_go_on() -> None:
    graph = tower(6)
    drawing = viz.draw(graph, focus="x", reach=1)
    badges = {box.title: [badge.text for badge in box.badges] for box in drawing.scene.boxes}
    assert badges == {"x": [], "matmul": ["… 1 more in", "1 more out …"]}
    assert any("outside of this picture" in entry.label for entry in drawing.scene.legend.entries)
    assert viz.problems(drawing.placed) == []
    assert not viz.outline(graph).border


def test_a_hidden_constant_is_told_at_its_op_and_ports_name_the_wires_that_are_drawn() -> None:
    x = gn.input("x", ("batch", 3))
    graph = gn.Graph(gn.nn.LayerNorm()(x))
    scene = viz.scene(graph, hide="constants")
    box = next(box for box in scene.boxes if box.title == "standardize")
    assert [badge.text for badge in box.badges] == ["eps = 1e−5"]
    assert box.ports == ("x",)


def test_one_node_more_leaves_the_order_of_the_others_along_the_flow() -> None:
    for seed in range(6):
        for direction in ("LR", "TB"):
            grown = [viz.draw(forest(seed, count), direction=direction).placed for count in (14, 15)]
            assert swapped(*grown, axes=(0 if direction == "LR" else 1,)) == 0


def test_one_layer_more_leaves_the_order_of_the_others() -> None:
    for direction in ("LR", "TB"):
        grown = [viz.draw(tower(count), direction=direction).placed for count in (4, 5)]
        assert swapped(*grown, axes=(0, 1)) == 0


def swapped(before: viz.Placed, after: viz.Placed, axes: tuple[int, ...]) -> int:
    """How many pairs of boxes stand the other way around, of those that stood clearly apart."""
    count = 0
    for axis in axes:
        kept = {b.box.id: (b.rect.x, b.rect.y)[axis] for b in after.boxes}
        places = [((b.rect.x, b.rect.y)[axis], kept[b.box.id]) for b in before.boxes]
        count += sum(
            (one[0] - other[0]) * (one[1] - other[1]) < 0 and abs(one[0] - other[0]) > 40
            for one, other in itertools.combinations(places, 2)
        )
    return count


def forest(seed: int, count: int) -> gn.Graph:
    """An expression of so many ops; one more op is one more at its end."""
    draw = random.Random(seed)
    nodes: list[Any] = [gn.scalar(float(k), f"x{k}") for k in range(4)]
    for _ in range(count):
        nodes.append(draw.choice([gn.add, gn.mul])(draw.choice(nodes[-4:]), nodes[-1]))
    return gn.Graph(nodes[-1])


def test_a_large_graph_is_folded_until_it_can_be_read() -> None:
    shown = viz.outline(tower(200))
    assert [item.label for item in shown.items] == ["x", "block0 … block199"]
    assert viz.draw(tower(200)).scene.notes == ("600 of 601 nodes are folded into one box",)


def test_a_fold_says_what_flows_back_through_it() -> None:
    graph = tower(2)
    loss = gn.mean(gn.square(graph.outputs[0]))
    run = gn.trace(loss, {"x": np.ones((4, 3))})
    scene = viz.scene(run, depth=1)
    back = [wire for wire in scene.wires if wire.kind == "backward" and wire.target.startswith("s")]
    assert len(back) == 1
    edge = run.graph.consumers(graph.outputs[0])[0]
    assert back[0].size == pytest.approx(float(np.sqrt(np.mean(run.contribution(edge) ** 2))))


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"fold": "blok1"}, "fold='blok1' is no scope"),
        ({"unfold": ["nothing"]}, "unfold='nothing' is no scope"),
        ({"depth": 0}, "depth is a whole number from 1"),
        ({"reach": -1, "focus": "x"}, "reach is a whole number from 0"),
        ({"hide": "everything"}, "hide knows constants"),
        ({"focus": "z"}, "focus='z' is not in this picture"),
    ],
)
def test_a_word_that_matches_nothing_is_told(words, wrong) -> None:
    with pytest.raises(ValueError, match=wrong):
        viz.draw(tower(2), **words)


def test_pictures_of_folds_have_no_faults() -> None:
    for words in (
        {"depth": 1},
        {"depth": 2},
        {"depth": 2, "repeats": False},
        {"fold": "block2"},
        {"hide": "constants"},
    ):
        for theme in viz.THEMES:
            for direction in ("LR", "TB"):
                drawing = viz.draw(tower(4), theme=theme, direction=direction, **words)
                assert viz.problems(drawing.placed) == []


def scalars(count: int, *, hub: bool = False) -> gn.Graph:
    """Scalars without any scope, one after another, or all with one that they share."""
    w, y = gn.scalar(2.0, "w"), gn.scalar(0.5, "x")
    for k in range(count):
        y = y * w if hub else gn.tanh(y) if k % 3 else y * w
    return gn.Graph(y.named("y"))


@pytest.mark.parametrize("hub", [False, True])
@pytest.mark.parametrize("count", [300, 1000, 5000])
def test_a_large_graph_without_scopes_is_drawn_in_parts(count: int, hub: bool) -> None:
    graph = scalars(count, hub=hub)
    drawing = viz.draw(graph)
    assert len(drawing.scene.boxes) <= 40 and drawing.placed.width < 8000
    assert drawing.scene.boxes[-1].name == "y", "what comes out is seen by itself"
    assert viz.problems(drawing.placed) == []
    part = next(box for box in drawing.scene.boxes if box.title == "part 1")
    assert part.detail.startswith(f"{part.note.splitlines()[1].split()[0]} nodes, ")
    assert any("depth=99 shows all" in note for note in drawing.scene.notes)
    assert sum(len(item.nodes) for item in viz.outline(graph).items) == len(graph.nodes)


def test_a_part_is_opened_by_its_name_and_all_by_depth() -> None:
    graph = scalars(400)
    opened = viz.outline(graph, unfold="part 3")
    inside = [item for item in opened.items if not item.is_fold]
    assert len(inside) == 18 and {item.group for item in inside[1:-1]} == {"part 3"}
    assert len(viz.outline(graph, depth=99).items) == len(graph.nodes)
    near = viz.outline(graph, focus="x", reach=1)
    assert [item.label for item in near.items] == ["x", "mul"]


def test_parts_stay_what_they_are_when_the_graph_grows_at_its_end() -> None:
    before, after = ({i.path: i.nodes for i in viz.outline(scalars(n)).folds} for n in (400, 401))
    same = [path for path in before if [n.op for n in before[path]] == [n.op for n in after[path]]]
    assert len(same) >= len(before) - 1


def test_blocks_whose_inner_names_count_on_are_alike() -> None:
    y = gn.input("x", ("batch", 3))
    for k in range(60):
        with gn.scope(f"stage{k // 4}"), gn.scope(f"block{k}"):
            y = gn.tanh(y @ gn.parameter(np.eye(3), "w"))
    assert [item.label for item in viz.outline(gn.Graph(y), depth=1).items] == ["x", "stage0 … stage14"]
