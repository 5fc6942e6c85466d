"""The difference of two graphs or runs: matched, told three times over, and the same for the same graphs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.study.difference import relative_change
from viz.study.matching import matching


def net(activation: Any = gn.relu, *, deep: bool = False, units: int = 6) -> gn.Graph:
    x, labels = gn.input("x", ("batch", 4)), gn.input("labels", ("batch",), "int64")
    middle = [gn.nn.Dense(units, gn.relu, name="middle")] if deep else []
    layers = [gn.nn.Dense(units, activation, name="hidden"), *middle, gn.nn.Dense(3, name="output")]
    scores = gn.nn.Sequential(layers, seed=3)(x)
    return gn.Graph(gn.mean(gn.softmax_cross_entropy(scores, labels)).named("loss"))


def words(before: Any, after: Any) -> list[str]:
    return [str(change) for change in viz.changes(before, after)]


def test_equal_graphs_have_no_difference(make: Any) -> None:
    assert viz.changes(net(), net()) == ()
    for seed in range(30):
        assert viz.changes(make["random"](seed), make["random"](seed)) == ()
    assert "difference: none" in viz.diff(net(), net()).scene.notes


def test_an_op_in_the_place_of_another_was_replaced() -> None:
    assert words(net(gn.relu), net(gn.tanh)) == ["changed: tanh in net/hidden: was relu"]


def test_a_layer_that_was_put_in_is_added_and_taken_out_is_removed() -> None:
    added, removed = words(net(), net(deep=True)), words(net(deep=True), net())
    assert [line.split(":")[0] for line in added] == ["added"] * 6 + ["changed"]
    assert [line.split(":")[0] for line in removed] == ["removed"] * 6 + ["changed"]
    assert added[-1] == "changed: matmul in net/output: x is relu in net/middle, was relu in net/hidden"


def test_shapes_and_attributes_are_told() -> None:
    found = words(net(), net(units=7))
    assert "changed: parameter 'w' in net/hidden: shape 4 × 7, was 4 × 6" in found
    x = gn.input("x", (3, 4))
    one, other = gn.Graph(gn.sum(x, axis=0)), gn.Graph(gn.sum(x, axis=1))
    assert any("axes = (1,), was (0,)" in line for line in words(one, other))


def test_every_change_is_told_by_tone_border_and_words() -> None:
    scene = viz.diff(net(deep=True), net(gn.tanh)).scene
    removed = [box for box in scene.boxes if box.border == "dashed"]
    assert len(removed) == 6
    assert all(box.tone == "bad" and viz.Badge("removed", "bad") in box.badges for box in removed)
    tones = {box.tone for box in scene.boxes}
    assert tones == {"", "bad", "warn"}
    assert {entry.key for entry in scene.legend.entries if entry.kind == "tone"} == {"bad", "warn"}
    assert 'stroke-dasharray="6 4"' in viz.diff(net(deep=True), net()).svg


def test_runs_tell_how_far_values_moved(make: Any) -> None:
    loss, feeds = make["classifier"]()
    trainer = gn.Trainer(loss, gn.optim.SGD(0.5))
    before = gn.trace(loss, feeds)
    trainer.step(feeds)
    after = gn.trace(loss, feeds)
    found = {change.node: change for change in viz.changes(before, after)}
    for node in before.graph.parameters:
        a, b = (run.value(node).astype(float) for run in (before, after))
        expected = np.sqrt(np.mean((b - a) ** 2)) / max(np.sqrt(np.mean(a**2)), np.sqrt(np.mean(b**2)))
        assert found[node].by == pytest.approx(expected, rel=1e-9)
    scene = viz.diff(before, after).scene
    last = next(box for box in scene.boxes if box.name == "loss")
    old, new = (float(run.value(run.loss)) for run in (before, after))
    assert last.readings[0].lines[0] == f"{viz.numbers.number(old)} → {viz.numbers.number(new)}"
    x = next(box for box in scene.boxes if box.title == "x")
    assert x.readings[0].lines[-1] == "the same"


def test_relative_change_of_odd_numbers() -> None:
    one = np.array([1.0, 2.0])
    assert relative_change(one, one.copy()) == 0.0
    assert relative_change(one, -one) == pytest.approx(2.0)
    assert relative_change(np.array([np.nan]), np.array([np.nan])) == 0.0
    assert relative_change(one, np.array([np.inf, 2.0])) == np.inf
    assert relative_change(one, np.ones(3)) is None and relative_change(None, one) is None


def test_matching_is_one_to_one(make: Any) -> None:
    for seed in range(30):
        before, after = gn.Graph(make["random"](seed)), gn.Graph(make["random"](seed + 1))
        pairs = matching(before, after)
        assert len(set(pairs.values())) == len(pairs)
        assert all(old.role == new.role for old, new in pairs.items())


def test_folds_count_what_is_inside() -> None:
    scene = viz.diff(net(), net(deep=True), depth=2).scene
    middle = next(box for box in scene.boxes if box.title == "middle")
    assert middle.badges == (viz.Badge("6 added", "good"),) and middle.tone == "good"


def test_wrong_sources_are_told() -> None:
    with pytest.raises(TypeError, match="found str, wanted a graph"):
        viz.diff(net(), "net")


@pytest.mark.parametrize("seed", range(36))
def test_pictures_of_random_graphs_have_no_fault(make: Any, seed: int) -> None:
    before, after = gn.trace(make["random"](seed)), gn.trace(make["random"](seed + 1))
    assert viz.problems(viz.diff(before, after, direction="LR" if seed % 2 else "TB").placed) == []


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_classifier_is_drawn_without_fault(theme: str, direction: str) -> None:
    for which in ({}, {"depth": 2}, {"hide": "broadcasts"}, {"focus": "loss"}):
        drawing = viz.diff(net(deep=True), net(gn.tanh), theme=theme, direction=direction, **which)
        assert viz.problems(drawing.placed) == []


_PROGRAM = """
import sys
sys.path.insert(0, {path!r})
from test_view_diff import net
import graphnn as gn, viz, hashlib
d = viz.diff(net(deep=True), net(gn.tanh))
t = viz.draw(gn.Trainer(net().outputs[0], gn.optim.Adam(0.1)))
print(hashlib.sha256((d.svg + t.svg).encode()).hexdigest())
"""


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = _PROGRAM.format(path=os.path.dirname(__file__))
    found = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
