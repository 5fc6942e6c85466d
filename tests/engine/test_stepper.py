"""A stepper executes one node at a time and never shows a value that has not been computed."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def test_stepping_through_gives_every_value_in_order() -> None:
    x = gn.input("x", ("batch", 2))
    y = gn.tanh(x * 2.0).sum()
    stepper = gn.Stepper(y, {"x": [[1.0, 2.0]]})
    seen = [stepper.step().op.name for _ in stepper.nodes]
    assert seen == [n.op.name for n in stepper.nodes]
    assert stepper.waiting == ()
    run = gn.trace(y, {"x": [[1.0, 2.0]]})
    for node in stepper.nodes:
        np.testing.assert_array_equal(stepper.value(node), run.value(node))
    with pytest.raises(gn.NotComputedError, match=r"all \d+ nodes are done"):
        stepper.step()


def test_a_value_that_is_not_computed_is_refused() -> None:
    a = gn.scalar(3.0, "a")
    b = a * a
    stepper = gn.Stepper(b + a)
    assert float(stepper.value(a)) == 3.0
    with pytest.raises(gn.NotComputedError, match="has not been executed yet"):
        stepper.value(b)
    stepper.step()
    assert float(stepper.value(b)) == 9.0


def test_one_node_runs_only_when_its_operands_are_there() -> None:
    a = gn.scalar(3.0, "a")
    square = a * a
    y = gn.tanh(square)
    stepper = gn.Stepper(y)
    with pytest.raises(gn.NotComputedError, match="tanh needs"):
        stepper.run(y)
    stepper.run(square)
    assert stepper.run(y) is y
    assert stepper.done == (square, y)


def test_leaves_and_foreign_nodes_are_named() -> None:
    a = gn.scalar(3.0, "a")
    stepper = gn.Stepper(a * a)
    with pytest.raises(gn.GraphError, match="executes nothing"):
        stepper.run(a)
    with pytest.raises(gn.GraphError, match="is not part of this graph"):
        stepper.value(gn.scalar(1.0, "b"))
