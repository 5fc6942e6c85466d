"""The views "step" and "second": regions, pairing through origins, and what is trained or kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.study.regions import orders, step_regions


def trainer(make: Any, optimizer: Any) -> gn.Trainer:
    loss, _ = make["classifier"]()
    return gn.Trainer(loss, optimizer)


def region(scene: viz.Scene, box: viz.Box) -> str:
    parents = {group.id: group.parent for group in scene.groups}
    at = box.group
    while at is not None and parents[at] is not None:
        at = parents[at]
    return at or ""


def test_a_trainer_is_drawn_in_three_regions(make: Any) -> None:
    scene = viz.scene(trainer(make, gn.optim.SGD(0.1, momentum=0.9)), unfold="net")
    tops = [group for group in scene.groups if group.parent is None]
    assert [(g.label, g.kind) for g in tops] == [
        ("forward", "region"),
        ("backward", "region"),
        ("update", "region"),
    ]
    where = {box.id: region(scene, box) for box in scene.boxes}
    for wire in scene.wires:  # nothing runs against the order of the regions
        order = ("forward", "backward", "update")
        assert order.index(where[wire.source]) <= order.index(where[wire.target])
    badges = [b.text for box in scene.boxes for b in box.badges]
    assert badges.count("trained") == 4 and badges.count("state") == 4
    marks = [box.mark for box in scene.boxes if box.mark.startswith("new ")]
    assert {"new hidden.w", "new output.b"} <= set(marks)


def test_adjoints_are_named_after_what_they_belong_to() -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    scene = viz.scene(gn.Trainer((a * b + a).named("loss"), gn.optim.SGD(0.1)))
    names = {box.name for box in scene.boxes if region(scene, box) == "backward"}
    assert {"∂/∂a by mul 1", "∂/∂b by mul 1", "∂/∂a"} <= names
    assert any("made by differentiating mul" in box.note for box in scene.boxes)


def test_adam_is_folded_by_parameter_until_it_is_asked_for(make: Any) -> None:
    source = trainer(make, gn.optim.Adam(0.01))
    folded, opened = viz.scene(source), viz.scene(source, unfold="Adam")
    marks = {box.title: box.mark for box in folded.boxes if box.group and box.group.startswith("update")}
    weights = ("hidden.w", "hidden.b", "output.w", "output.b")
    assert marks == {"shared by all": "new steps", **{name: f"new {name}" for name in weights}}
    badges = {box.title: [b.text for b in box.badges] for box in folded.boxes}
    assert badges["shared by all"] == ["1 counter", "4 setting"] and badges["hidden.w"] == ["2 state"]
    assert len(opened.boxes) == 73 and "counter" in [b.text for box in opened.boxes for b in box.badges]


def test_a_step_of_many_parameters_is_folded_by_layer() -> None:
    x = gn.input("x", ("batch", 4))
    net = gn.nn.Sequential([*[gn.nn.Dense(8, gn.relu) for _ in range(6)], gn.nn.Dense(3)], seed=0)
    drawing = viz.draw(gn.Trainer(gn.mean(gn.square(net(x))), gn.optim.Adam(0.01)))
    update = [box.title for box in drawing.scene.boxes if (box.group or "").startswith("update")]
    assert sorted(update) == ["net.dense1", "net.dense2 … net.dense6", "net.dense7", "shared by all"]
    assert len(drawing.scene.boxes) < 25 and drawing.direction == "TB" and drawing.placed.width < 1000
    assert viz.problems(drawing.placed) == []


def test_folds_stay_within_their_region(make: Any) -> None:
    scene = viz.scene(trainer(make, gn.optim.Adam(0.01)), depth=1)
    folds = {(box.title, region(scene, box)) for box in scene.boxes if box.role == "fold"}
    assert folds == {("net", "forward"), ("net", "backward"), ("Adam", "update")}


def test_programs_and_updates_are_steps_too(make: Any) -> None:
    source = trainer(make, gn.optim.SGD(0.1))
    program = gn.Program(source.loss, updates=source.updates)
    for each in (source, program, source.updates):
        tops = [g.label for g in viz.scene(each).groups if g.parent is None]
        assert tops == ["forward", "backward", "update"]
    # The updates alone do not need the loss; it is drawn all the same, for its gradients are.
    assert "loss" in {box.name for box in viz.scene(source.updates).boxes}
    assert viz.scene(gn.Program(source.loss)).groups[0].kind == "scope"


def test_running_statistics_are_state_and_get_new_values() -> None:
    x = gn.input("x", ("batch", 3))
    net = gn.nn.Sequential([gn.nn.BatchNorm(), gn.nn.Dense(1)], seed=0)
    source = gn.Trainer(gn.mean(net(x, training=True) ** 2), gn.optim.SGD(0.1))
    assert any(not node.trainable for node in source.updates)
    scene = viz.scene(source)
    states = [box for box in scene.boxes if "state" in [b.text for b in box.badges]]
    assert len(states) == sum(not node.trainable for node in source.updates)
    assert {"new batchnorm.mean", "new var"} <= {box.mark for box in scene.boxes}


def test_regions_follow_every_edge(make: Any) -> None:
    for seed in range(30):
        y = make["random"](seed)
        if not gn.Graph(y).parameters:
            continue
        source = gn.Trainer(y, gn.optim.Adam(0.1))
        graph = gn.Graph([y, *source.updates.values()])
        found = step_regions(graph, [y], source.updates)
        order = ("forward", "backward", "update")
        assert all(order.index(found[e.source]) <= order.index(found[e.target]) for e in graph.edges)
        assert {node for node in graph.nodes if node.origin is not None} <= {
            node for node, where in found.items() if where == "backward"
        }


def test_wrong_sources_are_told() -> None:
    x = gn.scalar(2.0, "x")
    with pytest.raises(ValueError, match="view 'step' shows a training step, and this has no updates"):
        viz.draw(gn.Graph(x * x), view="step")
    with pytest.raises(
        ValueError, match="view 'second' shows the gradient of a gradient, and this graph holds none"
    ):
        viz.draw(gn.Graph(gn.gradient(x * x, x)), view="second")
    with pytest.raises(TypeError, match="a mapping that is drawn is one of updates"):
        viz.draw({"x": 1.0})


def test_a_second_gradient_has_three_regions() -> None:
    x = gn.scalar(0.5, "x")
    y = gn.tanh(x) * x
    scene = viz.scene(gn.Graph(gn.gradient(gn.gradient(y, x), x)), view="second")
    assert [g.label for g in scene.groups] == ["forward", "first gradient", "second gradient"]
    assert [box.mark for box in scene.boxes if box.mark] == ["result"]
    forward = [box.title for box in scene.boxes if box.group == "forward"]
    assert forward == ["x", "tanh", "mul 1"]  # the product is drawn, though no second gradient reads it
    result = next(box for box in scene.boxes if box.mark == "result")
    assert result.group == "second gradient" and result.name == "∂/∂x"


def test_values_of_a_second_gradient_are_those_of_the_run() -> None:
    x = gn.scalar(0.5, "x")
    run = gn.trace(gn.gradient(gn.gradient(gn.sin(x) * x, x), x))
    scene = viz.scene(run, view="second+values")
    result = next(box for box in scene.boxes if box.mark == "result")
    expected = 2 * np.cos(0.5) - 0.5 * np.sin(0.5)
    assert float(result.readings[0].detail or "nan") == pytest.approx(expected, rel=1e-9)


def test_orders_of_a_gradient_penalty() -> None:
    w, x = gn.parameter(np.ones((3, 2)), "w"), gn.input("x", ("batch", 3))
    y = gn.sum(gn.tanh(x @ w) ** 2)
    slope = gn.gradient(y, w)
    graph = gn.Graph([y, gn.gradient(gn.sum(slope * slope) + y, w)])
    found = orders(graph)
    assert found[w] == found[x] == found[y] == 0 and found[slope] == 1
    assert all(found[e.source] <= found[e.target] for e in graph.edges)
    assert max(found.values()) == 2


def test_third_gradients_have_a_region_too() -> None:
    x = gn.scalar(0.5, "x")
    y = gn.gradient(gn.gradient(gn.gradient(gn.sin(x), x), x), x)
    labels = [g.label for g in viz.scene(gn.Graph(y), view="second").groups]
    assert labels == ["forward", "first gradient", "second gradient", "third gradient"]


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_steps_are_drawn_without_fault(make: Any, direction: str) -> None:
    for optimizer in (gn.optim.SGD(0.1), gn.optim.Adam(0.1)):
        for which in ({}, {"depth": 1}, {"hide": ["constants", "broadcasts"]}, {"focus": "loss"}):
            drawing = viz.draw(trainer(make, optimizer), direction=direction, **which)
            assert viz.problems(drawing.placed) == []


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_second_gradients_are_drawn_without_fault(direction: str, theme: str) -> None:
    x, z = gn.scalar(0.5, "x"), gn.scalar(1.5, "z")
    for y in (gn.tanh(x) * x, gn.sin(x * z) + x, gn.exp(x * x)):
        graph = gn.Graph(gn.gradient(gn.gradient(y, x), x))
        drawing = viz.draw(graph, view="second", direction=direction, theme=theme)
        assert viz.problems(drawing.placed) == []


@pytest.mark.parametrize("seed", range(30))
def test_steps_of_random_graphs_have_no_fault_in_their_boxes(make: Any, seed: int) -> None:
    y = make["random"](seed) + gn.scalar(1.0, "bias")
    drawing = viz.draw(gn.Trainer(y, gn.optim.SGD(0.1)), depth=1)
    assert viz.problems(drawing.placed) == []
