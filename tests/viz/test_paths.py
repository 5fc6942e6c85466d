"""Paths: the gradient is the sum over all of them; the weightiest come first."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.study.paths import ways


def all_paths(run: Any, node: Any) -> list[tuple[Any, ...]]:
    """Every path by brute force."""
    if node is run.loss:
        return [()]
    return [
        (edge, *rest)
        for edge in run.graph.consumers(node)
        if run.contribution(edge) is not None
        for rest in all_paths(run, edge.target)
    ]


def test_products_over_all_paths_add_up_to_the_gradient(make: Any) -> None:
    several = 0
    for seed in range(25):
        run = gn.trace(make["random"](seed))
        for node in run.graph.parameters:
            count = ways(run, node)
            if not 0 < count <= 200:
                continue
            assert count == len(all_paths(run, node))
            found = viz.paths(run, node, most=200)
            assert len(found) == count
            total = sum(path.product for path in found)
            assert total == pytest.approx(float(run.gradient(node)), rel=1e-9, abs=1e-12)
            several += count > 3
    assert several > 3


def test_the_best_of_very_many_paths_are_found() -> None:
    """Fifty forks in a row are 2^50 paths; the best takes the larger factor at each."""
    y = a = gn.scalar(1.0, "a")
    for _ in range(50):
        y = y * 1.1 + y * 0.9
    run = gn.trace(y)
    assert ways(run, a) == 2**50
    best, second = viz.paths(run, a, most=2)
    assert best.product == pytest.approx(1.1**50) and second.product == pytest.approx(1.1**49 * 0.9)


def test_weights_are_in_falling_order(make: Any) -> None:
    run = gn.trace(make["random"](7))
    for node in run.graph.parameters:
        sizes = [abs(path.product) for path in viz.paths(run, node, most=9)]
        assert all(a >= b for a, b in itertools.pairwise(sizes))


def test_shares_of_arrays_add_up_to_one() -> None:
    rng = np.random.default_rng(0)
    x, w = gn.input("x", ("batch", 4)), gn.parameter(rng.normal(size=(4, 4)), "w")
    h = x @ w
    run = gn.trace(gn.mean(gn.square(h + gn.tanh(h))), {"x": rng.normal(size=(3, 4))})
    found = viz.paths(run, "w")
    assert len(found) == 2 and sum(path.share for path in found) == pytest.approx(1.0)
    assert all(path.product is None for path in found)


def test_the_picture_marks_the_paths_and_fades_the_rest(classifier_run: Any) -> None:
    w = classifier_run.graph.parameters[0]
    drawing = viz.draw(classifier_run, view="paths", to=w)
    assert viz.problems(drawing.placed) == []
    on = {classifier_run.graph.ids[n] for p in viz.paths(classifier_run, w, most=3) for n in p.nodes}
    assert {box.id for box in drawing.scene.boxes if box.tone == "good"} == on
    for wire in drawing.scene.wires:
        assert (wire.tone == "quiet") == (not {wire.source, wire.target} <= on)


def test_wrong_questions_are_told(classifier_run: Any) -> None:
    with pytest.raises(ValueError, match=r"no path leads from 'labels'"):
        viz.paths(classifier_run, "labels")
    with pytest.raises(ValueError, match="most is a whole number from 1"):
        viz.paths(classifier_run, "x", most=0)
    with pytest.raises(ValueError, match="view 'paths' wants a run and the node"):
        viz.draw(classifier_run, view="paths")
