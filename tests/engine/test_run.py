"""A run shows every value, gradient and contribution of one execution, and keeps them."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


@pytest.fixture
def traced(rng):
    """A small classifier in float64 with a shared node: its run, loss, feeds."""
    x, y = gn.input("x", ("batch", 3), "float64"), gn.input("y", ("batch",), "int64")
    w = gn.parameter(rng.normal(size=(3, 4)), "w", "float64")
    b = gn.parameter(rng.normal(size=4), "b", "float64")
    shared = (x @ w + b).named("shared")
    loss = gn.softmax_cross_entropy(gn.tanh(shared) * shared, y) + (w * w).mean()
    feeds = {x: rng.normal(size=(5, 3)), y: np.array([0, 3, 1, 1, 2])}
    return gn.trace(loss, feeds), loss, feeds


def test_every_value_of_a_run_is_the_numpy_meaning_of_its_node(traced) -> None:
    run, loss, feeds = traced
    wanted = gn.interpret(run.graph.nodes, feeds)
    assert run.loss is loss and run.has_gradients
    for node, value in zip(run.graph.nodes, wanted, strict=True):
        assert run.value(node).dtype == node.dtype
        np.testing.assert_allclose(run.value(node), value, rtol=1e-13, atol=1e-13, err_msg=repr(node))


def nudged(loss, feeds, node, step):
    """The loss where a leaf's elements are moved by `step`, one at a time."""
    start = np.array(node.value if node.role == "parameter" else feeds[node])
    out = np.empty(start.shape)
    for i in np.ndindex(start.shape):
        moved = start.copy()
        moved[i] += step
        if node in feeds:
            out[i] = gn.interpret(loss, {**feeds, node: moved})[0]
        else:
            node.value = moved
            out[i] = gn.interpret(loss, feeds)[0]
            node.value = start
    return out


def test_the_gradient_of_every_leaf_is_the_slope_of_the_loss(traced) -> None:
    run, loss, feeds = traced
    leaves = [n for n in run.graph.nodes if n.role in ("input", "parameter") and n.dtype == gn.float64]
    assert [n.name for n in leaves] == ["x", "w", "b"]
    for node in leaves:
        slope = (nudged(loss, feeds, node, 1e-5) - nudged(loss, feeds, node, -1e-5)) / 2e-5
        np.testing.assert_allclose(run.gradient(node), slope, atol=1e-8, err_msg=repr(node))


def test_contributions_along_a_nodes_edges_sum_to_its_gradient(traced) -> None:
    run, *_ = traced
    counted = []
    for node in run.graph.nodes:
        parts = [run.contribution(edge) for edge in run.graph.consumers(node)]
        parts = [part for part in parts if part is not None]
        if parts and node.dtype == gn.float64:
            counted.append(len(parts))
            np.testing.assert_allclose(sum(parts), run.gradient(node), rtol=1e-13, atol=1e-15)
    assert max(counted) >= 2 and counted.count(1) >= 3


def test_what_lies_on_no_path_to_the_loss_has_no_gradient_and_no_contribution(traced) -> None:
    run, *_ = traced
    labels = run.graph.find("y")
    assert run.gradient(labels) is None
    assert [run.contribution(edge) for edge in run.graph.consumers(labels)] == [None]


def test_the_gradient_of_the_loss_is_one(traced) -> None:
    run, loss, _ = traced
    assert run.gradient(loss) == 1.0


def test_a_run_keeps_what_it_saw_when_parameters_change_later(traced) -> None:
    run, loss, feeds = traced
    w = run.graph.find("w")
    before = {node: np.array(run.value(node)) for node in run.graph.nodes}
    slope = np.array(run.gradient(w))
    w.value = np.zeros((3, 4))
    gn.Program((), {w: w + 1.0}).run()
    for node, value in before.items():
        np.testing.assert_array_equal(run.value(node), value)
    np.testing.assert_array_equal(run.gradient(w), slope)
    assert not np.array_equal(gn.trace(loss, feeds).value(loss), run.value(loss))


def test_a_run_does_not_keep_hold_of_the_arrays_that_were_fed() -> None:
    x = gn.input("x", (2,))
    array = np.ones(2, np.float32)
    run = gn.trace((x * x).sum(), {x: array})
    array[:] = 9.0
    np.testing.assert_array_equal(run.value(x), [1.0, 1.0])


def test_a_run_of_several_outputs_has_values_and_no_gradients() -> None:
    a = gn.scalar(2.0, "a")
    run = gn.trace([a * a, a + a])
    assert [float(run.value(n)) for n in run.graph.outputs] == [4.0, 4.0]
    assert not run.has_gradients
    with pytest.raises(gn.NotComputedError, match="and others; trace one scalar float"):
        run.gradient(a)


def test_a_number_spread_over_a_matrix_is_shown_whole() -> None:
    a = gn.scalar(3.0, "a")
    spread = gn.broadcast_to(a, (2, 3))
    run = gn.trace((spread * spread).sum())
    np.testing.assert_array_equal(run.value(spread), np.full((2, 3), 3.0))
    np.testing.assert_array_equal(run.gradient(spread), np.full((2, 3), 6.0))
    assert run.gradient(a) == 36.0


def test_views_of_one_memory_show_their_own_shapes() -> None:
    x = gn.input("x", (2, 3))
    flat = x.reshape(6)
    back = flat.reshape(3, 2)
    run = gn.trace((back + back).sum(), {x: np.arange(6.0).reshape(2, 3)})
    np.testing.assert_array_equal(run.value(flat), np.arange(6.0))
    np.testing.assert_array_equal(run.value(back), np.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal(run.gradient(x), np.full((2, 3), 2.0))


def test_stepping_through_a_bound_program_shows_values_as_they_come() -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    c = (a * b).named("c")
    d = (c + a).named("d")
    program = gn.Program(d, optimize=False)
    bound = program.bind()
    assert [bound.pages.nodes[row] for row in bound.pages.tops] == [c, d]
    bound.value(d)[...] = 99.0
    first, second = bound.pages.tops
    bound.run_pages(first, first + 1)
    assert bound.value(c) == -6.0 and bound.value(d) == 99.0
    bound.run_pages(second, second + 1)
    assert bound.value(d) == -4.0


def test_a_profile_covers_each_node_that_executes_and_changes_no_parameter() -> None:
    x, w = gn.input("x", ("batch", 3)), gn.parameter(np.ones((3, 2)), "w")
    with gn.scope("net"):
        y = gn.relu(x @ w)
    loss = (y * y).mean()
    program = gn.Program(loss, {w: w - 0.5 * gn.gradient(loss, w)}, optimize=False)
    profile = program.profile({"x": np.ones((4, 3))}, repeats=2)
    nodes = [node for node, _ in profile.rows]
    executing = program.bind({"x": np.ones((4, 3))}).plan.steps
    assert set(executing) == set(nodes) and len(nodes) == len(set(nodes))
    assert all(ns > 0.0 for _, ns in profile.rows)
    assert profile.total == pytest.approx(sum(ns for _, ns in profile.rows))
    table = str(profile).splitlines()
    assert len(table) == len(nodes) + 2 and any("matmul" in line and "net" in line for line in table)
    np.testing.assert_array_equal(w.value, np.ones((3, 2)))
