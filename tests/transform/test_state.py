"""What a graph carries from step to step: counters, and what `with_update` asks for."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.leaves import is_counter


def test_updates_of_one_state_follow_each_other() -> None:
    total, x = gn.parameter(1.0, "total", "float64", trainable=False), gn.input("x", (), "float64")
    y = gn.with_update(x * 2.0, total, total + x)
    y = gn.with_update(y * 3.0, total, total * 10.0)
    step = gn.Program(y, gn.state_updates(y))
    assert float(step.run({"x": 5.0})) == 30.0
    assert float(total.value) == 60.0


def test_counters_count_on() -> None:
    steps = gn.counter("steps")
    y = gn.dropout(gn.input("x", (8,)), 0.5, steps, 3)
    assert list(gn.state_updates(y)) == [steps] and is_counter(steps)
    program = gn.Program(y, gn.state_updates(y))
    program.run({"x": np.ones(8)})
    program.run({"x": np.ones(8)})
    assert int(steps.value) == 2


def test_the_wish_costs_nothing_where_nobody_asks_for_it() -> None:
    seen, x = gn.parameter(np.zeros(3), "seen", trainable=False), gn.input("x", ("batch", 3))
    y = gn.with_update(gn.relu(x), seen, seen + gn.mean(x, axis=0))
    assert [n.op.name for n in gn.simplify(gn.Graph(y)).nodes] == ["input", "relu"]


def test_nothing_flows_back_to_a_state() -> None:
    seen, x = gn.parameter(2.0, "seen", "float64"), gn.scalar(3.0, "x")
    y = gn.with_update(x * x, seen, seen * x)
    assert float(gn.gradient(y, x).value) == 6.0
    with pytest.raises(gn.GraphError, match="seen"):
        gn.gradient(y, seen)


def test_a_state_keeps_its_shape_and_dtype() -> None:
    x = gn.input("x", ())
    with pytest.raises(gn.ShapeError, match=r"with_update: 'a' float32 \(2,\) cannot become .* \(3,\)"):
        gn.with_update(x, gn.parameter([1.0, 2.0], "a"), gn.constant([1.0, 2.0, 3.0]))
    with pytest.raises(gn.GraphError, match="with_update: new is a node, found 3"):
        gn.with_update(x, gn.parameter(1.0, "a"), 3.0)


def test_parameters_are_frozen_and_freed() -> None:
    w, running = gn.parameter([1.0], "w"), gn.parameter([1.0], "running", trainable=False)
    assert w.trainable and not running.trainable and not gn.counter("n").trainable
    assert not gn.input("x").trainable and not gn.constant(1.0).trainable
    gn.freeze([w])
    assert not w.trainable
    gn.unfreeze(w)
    assert w.trainable
    with pytest.raises(gn.DtypeError, match="unfreeze: 'n' int64"):
        gn.unfreeze([gn.counter("n")])
    with pytest.raises(gn.GraphError, match="freeze: wanted parameters"):
        gn.freeze([gn.constant(1.0)])


def test_a_file_keeps_what_is_frozen() -> None:
    w, running = gn.parameter([1.0], "w"), gn.parameter([2.0], "running", trainable=False)
    again = gn.io.graph_from_json(gn.io.graph_to_json(w * running))
    assert {p.name: p.trainable for p in again.parameters} == {"w": True, "running": False}
    text = gn.io.graph_to_json(w * running).replace('"trainable": false', '"trainable": 1')
    with pytest.raises(gn.GraphError, match="'trainable' is true or false, found 1"):
        gn.io.graph_from_json(text)
