"""A scene says truthfully what a graph or a run holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.numbers import parse


def box(scene: viz.Scene, name: str) -> viz.Box:
    """The box that the user's name stands on."""
    return next(b for b in scene.boxes if name in (b.name, b.title))


def reading(scene: viz.Scene, name: str, label: str) -> viz.Reading:
    return next(r for r in box(scene, name).readings if r.label == label)


def test_parallel_edges_are_both_drawn() -> None:
    a = gn.scalar(3.0, "a")
    scene = viz.scene(gn.Graph(a * a))
    assert [(w.source, w.target, w.slot) for w in scene.wires] == [("n0", "n1", 0), ("n0", "n1", 1)]


def test_a_shared_node_is_drawn_once() -> None:
    a = gn.scalar(3.0, "a")
    b = a + a
    assert [b.title for b in viz.scene(gn.Graph(b * b)).boxes] == ["a", "add", "mul"]


def test_structure_shows_no_numbers(make: Any) -> None:
    scene = viz.scene(gn.Graph(make["neuron"]()))
    assert all(not b.readings for b in scene.boxes)
    assert all(w.kind == "forward" for w in scene.wires)
    assert {e.label for e in scene.legend.entries} == {"parameter", "op"}


def test_leaves_are_told_apart_by_role() -> None:
    x = gn.input("x", ("batch", 3))
    scene = viz.scene(gn.Graph(x * gn.parameter(np.ones(3, np.float32), "w") + 2.0))
    assert box(scene, "x").role == "input" and box(scene, "w").role == "parameter"
    assert box(scene, "2").role == "constant"
    assert box(scene, "x").detail == "batch × 3 · float32"


def test_a_gradient_before_backward_is_not_computed_and_not_zero() -> None:
    a = gn.scalar(2.0, "a")
    y = a * 0.0
    before = reading(viz.scene(y), "a", "gradient")
    y.backward()
    after = reading(viz.scene(y), "a", "gradient")
    assert (before.state, before.lines) == ("not computed", ("not computed",))
    assert (after.state, after.lines) == ("zero", ("0",))


def test_labels_are_whole_numbers_and_have_no_gradient(classifier_run: Any) -> None:
    scene = viz.scene(classifier_run)
    assert reading(scene, "labels", "gradient").state == "no slope"
    assert reading(scene, "labels", "value").lines == ("0 … 2",)
    labels = box(scene, "labels").id
    assert not any(w.kind == "backward" and w.target == labels for w in scene.wires)


def test_every_contribution_is_a_backward_wire_beside_its_edge(neuron_run: Any) -> None:
    scene = viz.scene(neuron_run)
    forward = {w.id: w for w in scene.wires if w.kind == "forward"}
    backward = [w for w in scene.wires if w.kind == "backward"]
    assert len(backward) == len(neuron_run.graph.edges)
    for wire in backward:
        beside = forward[wire.beside]
        assert (wire.source, wire.target, wire.slot) == (beside.target, beside.source, beside.slot)


def test_numbers_of_wires_are_the_contributions(neuron_run: Any) -> None:
    wires = [w for w in viz.scene(neuron_run).wires if w.kind == "backward"]
    for wire, edge in zip(wires, neuron_run.graph.edges, strict=True):
        part = float(neuron_run.contribution(edge))
        assert parse(wire.label) == pytest.approx(part, rel=5.01e-4, abs=0)
        assert wire.size == abs(part)
        assert wire.sign == ("zero" if part == 0 else "negative" if part < 0 else "positive")


def test_size_of_an_array_is_its_root_mean_square(classifier_run: Any) -> None:
    scene = viz.scene(classifier_run)
    edges = [e for e in classifier_run.graph.edges if classifier_run.contribution(e) is not None]
    wires = [w for w in scene.wires if w.kind == "backward"]
    for wire, edge in zip(wires, edges, strict=True):
        part = classifier_run.contribution(edge).astype(np.float64)
        assert wire.size == pytest.approx(np.sqrt(np.mean(part**2)), rel=1e-12)


def test_nested_scopes_are_nested_groups(classifier_run: Any) -> None:
    groups = viz.scene(classifier_run).groups
    assert [(g.id, g.label, g.parent) for g in groups] == [
        ("net", "net", None),
        ("net/hidden", "hidden", "net"),
        ("net/output", "output", "net"),
    ]


def test_the_loss_is_marked(neuron_run: Any) -> None:
    assert [b.name for b in viz.scene(neuron_run).boxes if b.mark == "loss"] == ["o"]


def test_not_a_number_is_shown_as_such() -> None:
    a = gn.scalar(-1.0, "a")
    scene = viz.scene(gn.trace(gn.log(a)))
    assert reading(scene, "log", "value").state == "not finite"
    assert reading(scene, "log", "value").lines == ("NaN",)


def test_a_run_of_an_array_has_values_but_no_gradients() -> None:
    x = gn.input("x", (3,))
    scene = viz.scene(gn.trace(x * 2.0, {"x": np.array([1, 2, 3], np.float32)}))
    assert [r.label for r in box(scene, "mul").readings] == ["value"]
    assert reading(scene, "mul", "value").lines == ("[2, 4, 6]",)


def test_small_arrays_come_with_their_elements_as_cells() -> None:
    x = gn.input("x", (2, 3))
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    heat = reading(viz.scene(gn.trace(x * 2.0, {"x": values})), "mul", "value").heat
    assert heat is not None and np.array_equal(heat.rows, 2 * values) and heat.limit == 10


def test_something_else_is_refused_with_what_is_wanted() -> None:
    with pytest.raises(TypeError, match=r"found int, wanted a graph \(gn.Graph\), a run"):
        viz.scene(3)
