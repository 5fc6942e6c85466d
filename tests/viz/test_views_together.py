"""Views compose: every pair of them, and a draw of triples, on graphs of several kinds, without a fault."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz


def stopped() -> Any:
    a, b = gn.parameter([1.0, -2.0], "a"), gn.parameter([0.5, 4.0], "b")
    return gn.trace(gn.sum(gn.stop_gradient(a * 2.0) * b + gn.relu(a)))


def second_order() -> Any:
    x = gn.parameter(1.5, "x", dtype="float64")
    slope = gn.gradient(gn.tanh(x) * x, x)
    return gn.trace(gn.gradient(slope, x) * 1.0)


def penalty_step() -> Any:
    """A training step whose loss holds a gradient: two views mark regions of it."""
    x = gn.input("x", ("batch", 2))
    w = gn.parameter(np.ones((2, 2)), "w", dtype="float32")
    y = gn.mean(gn.tanh(x @ w))
    return gn.Trainer(y + gn.sum(gn.square(gn.gradient(y, w))), gn.optim.SGD(0.1))


def fed_step() -> Any:
    x = gn.input("x", ("batch", 3))
    return gn.Trainer(gn.mean(gn.square(gn.nn.Dense(2, seed=0)(x))), gn.optim.SGD(0.1))


def not_finite() -> Any:
    a = gn.scalar(0.0, "a")
    return gn.trace(gn.sqrt(a) * gn.log(a) + gn.scalar(2.0, "b"))


SOURCES: dict[str, Callable[[Any], Any]] = {
    "neuron": lambda make: gn.trace(make["neuron"]()),
    "classifier": lambda make: gn.trace(*make["classifier"]()),
    "graph": lambda make: gn.Graph(make["classifier"]()[0]),
    "moment": lambda make: make["neuron"](),
    "stopped": lambda make: stopped(),
    "not finite": lambda make: not_finite(),
    "second order": lambda make: second_order(),
    "step": lambda make: fed_step(),
    "penalty": lambda make: penalty_step(),
}


def faults(source: Any, views: tuple[str, ...], **words: Any) -> list[str] | None:
    """What is wrong with the picture; None where a view does not apply and says so."""
    if "paths" in views:
        graph = gn.Graph(source) if isinstance(source, gn.Node) else getattr(source, "graph", source)
        words["to"] = graph.parameters[0]
    try:
        drawing = viz.draw(source, view="+".join(views), **words)
    except ValueError as error:
        if not any(f"the view {name!r}" in str(error) for name in views):
            raise
        return None
    return viz.problems(drawing.placed)


@pytest.mark.parametrize("source", SOURCES)
def test_some_pairs_of_views_make_one_picture(source: str, make: Any) -> None:
    thing = SOURCES[source](make)
    pairs = list(itertools.combinations(viz.VIEWS, 2))
    found = [faults(thing, pair) for pair in random.Random(source).sample(pairs, 24)]
    assert [each for each in found if each] == []
    assert sum(each is not None for each in found) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_every_pair_of_views_makes_one_picture(source: str, make: Any) -> None:
    thing = SOURCES[source](make)
    for pair in itertools.combinations(viz.VIEWS, 2):
        assert not faults(thing, pair), pair


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_triples_of_views_make_one_picture_in_every_theme_and_direction(source: str, make: Any) -> None:
    thing, draw = SOURCES[source](make), random.Random(source)
    for triple in draw.sample(list(itertools.combinations(viz.VIEWS, 3)), 120):
        look = {"theme": draw.choice(list(viz.THEMES)), "direction": draw.choice(["LR", "TB"])}
        assert not faults(thing, triple, **look), (triple, look)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["neuron", "stopped"])
def test_all_views_at_once_make_one_picture(source: str, make: Any) -> None:
    thing = SOURCES[source](make)
    views = tuple(name for name in viz.VIEWS if name not in ("step", "second", "structure"))
    assert faults(thing, views) == []


def test_regions_of_two_views_are_all_marked() -> None:
    scene = viz.scene(penalty_step(), view="step+second")
    regions = [group.label for group in scene.groups if group.kind == "region"]
    assert regions[0].startswith("forward") and regions[-1].startswith("update")
    assert any("second gradient" in label for label in regions)
    assert {box.group.partition("/")[0] for box in scene.boxes if box.group} <= set(regions)
