"""Graphs of hundreds of boxes are placed with counted work: the same answer on every machine, and always an answer."""

from __future__ import annotations

from typing import Any

import pytest

import graphnn as gn
import viz
from viz.place import engines
from viz.place.engines import Job, OverchargedError, Places

# About a quarter more than Graphviz takes today, in instructions of its own machine.
BLOCKS_AT_MOST, LAYERS_AT_MOST = 2_200_000_000, 1_600_000_000
LITTLE = 1_000_000


def blocks(count: int) -> gn.Graph:
    x = gn.input("x", (2, 4, 8))
    return gn.Graph(gn.nn.Sequential([gn.nn.TransformerBlock(2) for _ in range(count)], seed=1)(x))


def layers(count: int) -> gn.Graph:
    x = gn.input("x", ("batch", 4))
    return gn.Graph(gn.nn.Sequential([gn.nn.Dense(4) for _ in range(count)], seed=1)(x))


def numbered() -> gn.Run:
    """A run whose wires have numbers, each with room that the engine is asked for."""
    y = gn.scalar(0.25, "y")
    for k in range(40):
        y = gn.tanh(y * (0.9 + k / 400))
    return gn.trace(y)


def asked(scene: viz.Scene) -> Job:
    """The first thing that an engine is asked for this scene."""
    solved: dict[Job, Places] = {}
    viz.layout(scene, solved=solved)
    return next(iter(solved))


@pytest.mark.parametrize(
    ("graph", "boxes", "at_most"),
    [
        pytest.param(blocks(16), 977, BLOCKS_AT_MOST, id="blocks"),
        pytest.param(layers(166), 831, LAYERS_AT_MOST, id="layers"),
    ],
)
def test_a_thousand_boxes_take_a_known_and_constant_work(graph: gn.Graph, boxes: int, at_most: int) -> None:
    scene = viz.scene(graph, depth=9)
    assert len(scene.boxes) == boxes
    job = asked(scene)
    first = engines.solve(job)
    assert first.engine == "embedded"
    assert 0 < first.effort < at_most
    # What was drawn in between changes neither the places nor the count.
    engines.solve(asked(viz.scene(layers(50), depth=9)))
    assert engines.solve(job) == first


def test_small_jobs_are_not_counted() -> None:
    job = asked(viz.scene(layers(2), depth=9))
    assert engines.solve(job).effort == 0


@pytest.mark.parametrize("source", [layers(60), blocks(4), numbered()], ids=["layers", "blocks", "numbered"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_too_large_a_job_gets_a_second_simpler_try(
    monkeypatch: pytest.MonkeyPatch, direction: str, source: Any
) -> None:
    monkeypatch.setattr(engines, "_INSTRUCTIONS", LITTLE)
    job = asked(viz.scene(source, depth=9))
    found = engines.solve(job)
    assert found.engine == "embedded" and LITTLE < found.effort < LITTLE + engines._SECOND_TRY
    assert set(found.centres) == {box.id for box in job.boxes}
    drawn = viz.draw(source, depth=9, direction=direction)
    assert drawn.placed.engine == "embedded"
    assert viz.problems(drawn.placed) == []


@pytest.mark.parametrize("source", [layers(60), blocks(16), numbered()], ids=["layers", "blocks", "numbered"])
def test_a_job_that_is_too_large_for_that_too_gets_the_plain_layers(
    monkeypatch: pytest.MonkeyPatch, source: Any
) -> None:
    monkeypatch.setattr(engines, "_INSTRUCTIONS", LITTLE)
    monkeypatch.setattr(engines, "_SECOND_TRY", LITTLE)
    job = asked(viz.scene(source, depth=9))
    assert engines.solve(job).engine == "layers"
    with pytest.raises(OverchargedError, match="the graph wants more than 1000000 instructions"):
        engines.solve(job, "embedded")
    drawn = viz.draw(source, depth=9)
    assert drawn.placed.engine == "layers"
    assert viz.problems(drawn.placed) == []
