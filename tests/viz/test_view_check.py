"""The view "check": differences beside the chain rule, with a verdict that is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
import wrong_ops
from viz.numbers import number, parse


def rows(scene: viz.Scene, title: str) -> dict[str, viz.Reading]:
    return {row.label: row for box in scene.boxes if box.title == title for row in box.readings}


def test_scalars_show_both_slopes_and_agree(neuron_run: Any) -> None:
    scene = viz.scene(neuron_run, view="check")
    for node in neuron_run.graph.parameters:
        found = rows(scene, node.name)
        assert found["analytic"].lines[0] == number(float(neuron_run.gradient(node)))
        assert parse(found["numeric"].lines[0]) == pytest.approx(float(neuron_run.gradient(node)), abs=1e-3)
    badges = [badge.text for box in scene.boxes for badge in box.badges]
    assert badges == ["differences agree"] * 5
    assert any(note.startswith("check: agrees") for note in scene.notes)


def test_the_curve_over_step_sizes_stands_at_the_worst_leaf_alone(classifier_run: Any) -> None:
    scene = viz.scene(classifier_run, view="check")
    curves = [row for box in scene.boxes for row in box.readings if row.spark is not None]
    assert len(curves) == 1 and len(curves[0].spark.values) == 12
    assert curves[0].spark.mark == int(np.argmin(curves[0].spark.values))


def test_parameters_that_changed_since_the_run_are_told() -> None:
    w = gn.scalar(2.0, "w")
    run = gn.trace(w * w)
    w.value = 5.0
    scene = viz.scene(run, view="check")
    assert "changed since the run" in [badge.text for box in scene.boxes for badge in box.badges]
    assert any("present values" in note for note in scene.notes)


def test_a_wrong_slope_is_bad() -> None:
    record = wrong_ops.declare(wrong_ops.square, vjp=lambda g, x, y: [g * 3.0 * x])
    try:
        drawing = viz.draw(gn.trace(record(gn.scalar(1.5, "x"))), view="check")
        box = next(box for box in drawing.scene.boxes if box.title == "x")
        assert box.tone == "bad" and box.badges == (viz.Badge("differences disagree", "bad"),)
        assert any(note.startswith("check: disagrees at x") for note in drawing.scene.notes)
        assert viz.problems(drawing.placed) == []
    finally:
        gn.undeclare(wrong_ops.NAME)


def test_a_run_without_a_loss_is_refused() -> None:
    run = gn.trace(gn.scalar(2.0, "x") * np.ones(3))
    with pytest.raises(ValueError, match="view 'check' wants a loss, a scalar float"):
        viz.draw(run, view="check")


def test_folds_carry_the_verdict(classifier_run: Any) -> None:
    scene = viz.scene(classifier_run, view="check", depth=1)
    fold = next(box for box in scene.boxes if box.role == "fold")
    assert [badge.text for badge in fold.badges] == ["differences agree"]


@pytest.mark.parametrize("seed", range(30))
def test_pictures_of_random_graphs_have_no_fault(make: Any, seed: int) -> None:
    direction = "LR" if seed % 2 else "TB"
    drawing = viz.draw(gn.trace(make["random"](seed)), view="check", direction=direction)
    assert viz.problems(drawing.placed) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_classifier_is_drawn_without_fault(classifier_run: Any, theme: str, direction: str) -> None:
    drawing = viz.draw(classifier_run, view="check", theme=theme, direction=direction)
    assert viz.problems(drawing.placed) == []
