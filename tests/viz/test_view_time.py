"""The views "time" and "memory": what the engine does, node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.views.memory import short_bytes
from viz.views.time import short_time


def rows(scene: viz.Scene, label: str) -> dict[str, viz.Reading]:
    return {box.id: row for box in scene.boxes for row in box.readings if row.label == label}


def test_times_and_bytes_are_said_as_readers_say_them() -> None:
    assert [short_time(ns) for ns in (85.4, 12_345.0, 4.56e6, 2e9)] == [
        "85.4 ns",
        "12.3 µs",
        "4.56 ms",
        "2 s",
    ]
    assert [short_bytes(n) for n in (96, 1536, 12_000_000)] == ["96 B", "1.54 kB", "12 MB"]


def test_every_op_has_a_time_or_says_why_not(classifier_run: Any) -> None:
    scene = viz.scene(classifier_run, view="time")
    found = rows(scene, "time")
    assert set(found) == {box.id for box in scene.boxes if box.role == "op"}
    words = [row.lines[0] for row in found.values()]
    assert "part of linear_relu" in words and "part of linear" in words
    assert any("gradient" in row.lines[-1] for row in found.values())
    assert any(note.startswith("time: ") for note in scene.notes)


def test_shares_of_time_add_up(classifier_run: Any) -> None:
    scene = viz.scene(classifier_run, view="time")
    shares = [row.span.last for row in rows(scene, "time").values() if row.span is not None]
    left = [note for note in scene.notes if "without a box" in note]
    assert sum(shares) == pytest.approx(1.0, abs=1e-9) if not left else sum(shares) < 1
    folded = viz.scene(classifier_run, view="time", depth=1)
    assert any(box.role == "fold" and box.readings for box in folded.boxes)


def test_memory_is_that_of_the_program(make: Any) -> None:
    loss, feeds = make["classifier"]()
    weights = list(gn.Graph(loss).parameters)
    program = gn.Program([loss, *gn.gradient(loss, weights)])
    held, found = program.memory(feeds), program.lifetimes(feeds)
    scene = viz.scene(gn.trace(loss, feeds), view="memory")
    assert scene.notes[0] == (
        f"memory: peak of values {short_bytes(held['peak_live'])}, in an arena of {short_bytes(held['arena'])}"
    )
    kept = {box.title: row for box in scene.boxes for row in box.readings if row.label == "kept"}
    first = next(row for row in found.rows if row.node.op.name == "linear_relu")
    assert kept["relu"].lines[0] == short_bytes(first.size)
    assert kept["relu"].lines[1] == f"step {first.first + 1} to step {first.last + 1}"
    assert kept["relu"].span == viz.Span(first.first / found.steps, (first.last + 1) / found.steps)
    assert kept["labels"].lines == ("64 B", "throughout")


def test_without_a_run_the_conditions_are_said(make: Any) -> None:
    loss, _ = make["classifier"]()
    trainer = gn.Trainer(loss, gn.optim.SGD(0.1))
    for source in (gn.Graph(loss), trainer, gn.Program(loss)):
        for view in ("time", "memory"):
            scene = viz.scene(source, view=view)
            assert any("for inputs of zeros, batch = 32" in note for note in scene.notes)


def test_an_axis_of_unknown_length_is_told() -> None:
    n = gn.input("x", ("n", 2)).shape[0]
    with pytest.raises(ValueError, match=r"view 'time' does not know how long the axis .* Draw a run"):
        viz.draw(gn.Graph(gn.sum(gn.input("y", (2 * n, 3)))), view="time")


@pytest.mark.parametrize("view", ["time", "memory"])
@pytest.mark.parametrize("seed", range(30))
def test_pictures_of_random_graphs_have_no_fault(make: Any, seed: int, view: str) -> None:
    drawing = viz.draw(gn.trace(make["random"](seed)), view=view, direction="LR" if seed % 2 else "TB")
    assert viz.problems(drawing.placed) == []


@pytest.mark.parametrize("view", ["time", "memory", "time+memory+values"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_classifier_is_drawn_without_fault(classifier_run: Any, direction: str, view: str) -> None:
    for which in ({}, {"depth": 1}, {"hide": "broadcasts"}, {"focus": "loss"}):
        drawing = viz.draw(classifier_run, view=view, direction=direction, theme="dark", **which)
        assert viz.problems(drawing.placed) == []


def test_one_float_is_timed_too() -> None:
    scene = viz.scene(gn.scalar(2.0, "a") * np.float64(3.0), view="time")
    assert any(row.label == "time" for box in scene.boxes for row in box.readings)
