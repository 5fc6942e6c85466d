"""Health and explanations: a planted fault is found, named and explained; a sound run has no finding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.study.health import health


def kinds(run: Any) -> dict[str, str]:
    return {finding.node.name or finding.node.op.name: finding.kind for finding in health(run)}


def deep(activation: Any, scale: float, layers: int = 8) -> Any:
    rng = np.random.default_rng(0)
    y = gn.input("x", ("batch", 8))
    for k in range(layers):
        y = activation(y @ gn.parameter(rng.normal(size=(8, 8)) * scale, f"w{k}"))
    return gn.trace(gn.mean(gn.square(y)), {"x": rng.normal(size=(16, 8))})


def test_a_sound_run_has_no_finding() -> None:
    run = deep(gn.tanh, 0.35, layers=3)
    assert health(run) == ()
    scene = viz.scene(run, view="health")
    assert all(box.tone == "" and not box.badges for box in scene.boxes)
    assert "health: no finding" in scene.notes


def test_nan_is_traced_to_where_it_began() -> None:
    x = gn.scalar(-1.0, "x")
    bad = gn.log(x).named("bad")
    found = kinds(gn.trace(gn.exp(bad) * 2.0 + x))
    assert found == {
        "x": "not finite",
        "bad": "origin",
        "exp": "not finite",
        "mul": "not finite",
        "add": "not finite",
    }


def test_a_sound_value_with_a_bad_gradient_is_told_from_a_bad_value() -> None:
    x = gn.scalar(0.0, "x")
    scene = viz.scene(gn.trace(gn.log(gn.square(x).named("p")).named("bad") * 0.0), view="health")
    badges = {box.title: [badge.text for badge in box.badges] for box in scene.boxes}
    assert badges["x"] == badges["square"] == ["gradient not finite"]
    assert badges["log"] == ["∞ begins here"]


def test_nan_that_begins_on_the_way_back_is_found() -> None:
    x = gn.scalar(0.0, "x")
    found = {str(finding) for finding in health(gn.trace(gn.sqrt(x) * 3.0))}
    assert found == {"x: NaN begins here on the way back"}


def test_vanishing_gradients_are_found_in_the_first_layers() -> None:
    found = [f for f in health(deep(gn.sigmoid, 0.3, layers=10)) if f.kind == "vanishing"]
    assert found and found[0].node.name == "w0"
    assert health(deep(gn.relu, 0.5, layers=10)) == () or all(
        f.kind == "dead" for f in health(deep(gn.relu, 0.5, layers=10))
    )


def test_dead_units_are_counted() -> None:
    x = gn.input("x", ("batch", 2))
    w = gn.parameter(np.ones((2, 4)), "w")
    b = gn.parameter(np.array([0.0, -100.0, 0.0, -100.0]), "b")
    run = gn.trace(gn.mean(gn.relu(x @ w + b)), {"x": np.ones((5, 2))})
    found = [f for f in health(run) if f.kind == "dead"]
    assert [str(f) for f in found] == ["relu: 2 of 4 units are 0 for all 5 rows"]
    box = next(b for b in viz.scene(run, view="health").boxes if b.title == "relu")
    assert [(badge.text, badge.tone) for badge in box.badges] == [("50% dead", "warn")]


def test_saturation_is_measured_by_slopes() -> None:
    run = deep(gn.sigmoid, 30.0, layers=2)
    found = [f for f in health(run) if f.kind == "saturated"]
    assert found
    y = run.value(found[0].node).astype(np.float64)
    assert found[0].share == pytest.approx(float((y * (1 - y) < 0.05 * 0.25).mean()))


def test_thresholds_stand_below_the_picture(classifier_run: Any) -> None:
    notes = viz.scene(classifier_run, view="health").notes
    assert any("0.001" in note and "1000" in note for note in notes)


A, B = "a", "b"


@pytest.mark.parametrize(
    ("build", "start", "said"),
    [
        (lambda a, b: a * b * 3.0, A, ["The gradient of 'a' is 0.", "the other factor is 0"]),
        (
            lambda a, b: gn.relu(a - 5.0) * 2.0,
            A,
            ["relu passes nothing on where its operand is 0 or less (it is −3)"],
        ),
        (lambda a, b: gn.tanh(a * 20.0), A, ["tanh is flat far from 0 (its operand is 40)"]),
        (lambda a, b: a * 2.0 - a * 2.0, A, ["contributions add up: 2 − 2 = 0", "they cancel"]),
        (lambda a, b: gn.sqrt(b) * a, B, ["NaN or ∞ begins here: the slope of sqrt is not finite at 0"]),
        (lambda a, b: gn.stop_gradient(a) * b + b, A, ["no differentiable path", "stop_gradient"]),
        (lambda a, b: gn.maximum(a, b), B, ["passes the gradient to the one that it took"]),
        (lambda a, b: gn.clip(a, -1.0, 1.0), A, ["flat beyond its bounds"]),
        (lambda a, b: gn.where(a > b, a, b), B, ["where takes the other branch"]),
    ],
)
def test_a_zero_is_explained(build: Any, start: str, said: list[str]) -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(0.0, "b")
    text = viz.explain(gn.trace(build(a, b)), start)
    for words in said:
        assert words in text, text


def test_the_loss_explains_itself() -> None:
    a = gn.scalar(2.0, "a")
    loss = (a * a).named("loss")
    assert "slope with respect to itself is 1" in viz.explain(gn.trace(loss), loss)


def test_labels_are_explained_by_their_dtype(classifier_run: Any) -> None:
    assert "It holds int64" in viz.explain(classifier_run, "labels")


def test_a_long_chain_is_told_by_its_end() -> None:
    y = gn.scalar(0.5, "a")
    for _ in range(30):
        y = gn.sigmoid(y)
    text = viz.explain(gn.trace(y), "a")
    assert len(text.splitlines()) < 20


def test_questions_without_an_answer_are_refused() -> None:
    run = gn.trace(gn.relu(gn.input("x", (3,))), {"x": np.ones(3)})
    with pytest.raises(ValueError, match=r"viz.explain: this run has no gradients"):
        viz.explain(run, "x")
    with pytest.raises(gn.GraphError, match="no node is called 'z'"):
        viz.explain(gn.trace(gn.scalar(1.0, "a") * 2.0), "z")
