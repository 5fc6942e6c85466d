"""`gn.check_gradients` compares slopes with differences, and its verdict says in words what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import FeedError, GraphError, SettingError, ShapeError
from wrong_ops import NAME


def square_with_slope(vjp: Callable[..., Any]) -> Any:
    """The square of x, with a slope that may be wrong."""

    def square(x):
        """For a test. Shapes: x (*s) -> y (*s)."""
        return x**2

    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] * x[i]

    record = gn.op("x(*s) -> y(*s)", latex="{x}^2", samples=[(3, 4)], name=NAME)(square)
    record.kernel(kernel)
    record.vjp(vjp)
    return record


def network() -> tuple[gn.Node, dict[Any, Any]]:
    rng = np.random.default_rng(0)
    x, t = gn.input("x", ("batch", 6)), gn.input("t", ("batch",), "int64")
    w = gn.parameter(rng.normal(size=(6, 5)), "w")
    b = gn.parameter(rng.normal(size=5), "b")
    loss = gn.softmax_cross_entropy(gn.tanh(x @ w + b), t)
    return loss, {"x": rng.normal(size=(4, 6)), "t": rng.integers(0, 5, 4)}


def test_a_right_network_agrees_although_it_is_float32() -> None:
    loss, feeds = network()
    found = gn.check_gradients(loss, feeds)
    assert found.ok
    assert found.verdict.startswith("agrees to ")
    assert found.verdict.endswith("Computed in float64: float32 differences are lost in rounding.")
    assert found.worst.error < 1e-6
    assert [p.name for p in found.parameters] == ["w", "b"]
    np.testing.assert_allclose(found["w"].analytic, found["w"].numeric, rtol=1e-5, atol=1e-8)
    assert found["w"].analytic.shape == (6, 5)
    assert found["w"].checked == 30


def test_the_analytic_slope_is_that_of_the_program_in_float32() -> None:
    loss, feeds = network()
    w = gn.Graph(loss).parameters[0]
    found = gn.check_gradients(loss, feeds, wrt=w)
    np.testing.assert_allclose(
        found["w"].analytic, gn.Program(gn.gradient(loss, w)).run(feeds), rtol=1e-4, atol=1e-6
    )
    assert [p.name for p in found.parameters] == ["w"]


def test_the_table_shows_both_slopes_and_the_curve() -> None:
    loss, feeds = network()
    text = str(gn.check_gradients(loss, feeds))
    lines = text.splitlines()
    assert lines[2].split() == [
        "leaf",
        "shape",
        "checked",
        "analytic",
        "numeric",
        "relative",
        "error",
        "worst",
        "at",
    ]
    assert lines[3].startswith("w     (6, 5)  all 30")
    assert "step-size curve at " in text
    assert text.count("\n") == 18
    assert text == str(gn.check_gradients(loss, feeds))


def test_the_curve_falls_by_the_square_of_the_step_then_rises_by_rounding() -> None:
    x = gn.scalar(1.3, "x")
    found = gn.check_gradients(gn.exp(x))
    steps = {round(np.log10(p.step)): p.error for p in found.curve}
    assert list(steps) == list(range(-1, -13, -1))
    np.testing.assert_allclose(steps[-1] / steps[-2], 100, rtol=0.01)
    np.testing.assert_allclose(steps[-2] / steps[-3], 100, rtol=0.01)
    assert steps[-12] > 100 * min(steps.values())


def test_large_parameters_are_sampled_and_the_number_is_told() -> None:
    w = gn.parameter(np.random.default_rng(0).normal(size=(50, 40)), "w")
    found = gn.check_gradients((w * w).sum(), samples=30)
    assert found["w"].checked == 30
    assert np.isnan(found["w"].numeric).sum() == 1970
    assert "in 30 sampled elements of 2000" in found.verdict
    assert "30 of 2000" in str(found)
    other = gn.check_gradients((w * w).sum(), samples=30, seed=1)
    assert not np.array_equal(np.isnan(found["w"].numeric), np.isnan(other["w"].numeric))


@pytest.mark.parametrize(
    ("vjp", "words"),
    [
        (lambda g, x, y: [g * x], "a factor 2 is missing"),
        (lambda g, x, y: [g * -2.0 * x], "the sign is wrong"),
        (lambda g, x, y: [g * 4.0 * x], "a factor 1/2 is missing"),
        (lambda g, x, y: [g * 14.0 * x], "7 times too large; 7 is the size of axis 1 of p: a sum where the mean"),
        (lambda g, x, y: [g * 42.0 * x], "21 times too large; 21 is the number of elements of p"),
        (lambda g, x, y: [g * (2.0 / 3.0) * x], "3 times too small; 3 is the size of axis 0 of p"),
        (lambda g, x, y: [None], "nothing flows back"),
        (lambda g, x, y: [g * 2.0 * gn.relu(x)], "elements differ, by no common factor"),
        (lambda g, x, y: [g * 2.0 * x / (x - x)], "it is not finite where the loss moves smoothly"),
    ],
)  # fmt: skip
def test_a_wrong_slope_is_named_with_element_and_cause(vjp: Any, words: str) -> None:
    values = np.random.default_rng(1).normal(size=(3, 7))
    p = gn.parameter(values, "p", "float64")
    found = gn.check_gradients(square_with_slope(vjp)(p).sum())
    assert not found.ok
    assert found.verdict.startswith("disagrees at p[")
    assert words in found.verdict, found.verdict
    at = found.worst.at
    np.testing.assert_allclose(found.worst.numeric, 2 * values[at], rtol=1e-6)
    assert found.worst.place == f"p[{at[0]}, {at[1]}]"
    assert "DISAGREES" in str(found)


def test_a_transposed_slope_is_recognised() -> None:
    p = gn.parameter(np.random.default_rng(1).normal(size=(3, 3)), "p", "float64")
    found = gn.check_gradients((square_with_slope(lambda g, x, y: [g * 2.0 * x.T])(p)).sum())
    assert "it is transposed" in found.verdict


def test_what_flows_where_nothing_moves_is_told() -> None:
    p = gn.parameter([1.3, 2.4], "p", "float64")
    found = gn.check_gradients(gn.straight_through(gn.round(p), p).sum())
    assert "something flows back, though the loss does not move" in found.verdict


def test_a_cut_path_is_told_beside_a_leaf_that_agrees() -> None:
    p, q = gn.parameter([1.0, 2.0], "p"), gn.parameter([1.0, 2.0], "q")
    found = gn.check_gradients((p * gn.stop_gradient(q)).sum())
    assert found["p"].ok
    assert not found["q"].ok
    assert "nothing flows back, though the loss moves: a path is cut" in found.verdict


def test_a_kink_beside_an_element_is_no_mistake_and_is_told() -> None:
    p = gn.parameter([1.0, -1e-6, -2.0], "p", "float64")
    found = gn.check_gradients((gn.relu(p) * 3.0).sum())
    assert found.ok
    assert "near a kink at p[1], where differences straddle two slopes" in found.verdict
    assert [e.place for e in found["p"].kinks] == ["p[1]"]


def test_any_slope_between_those_of_the_two_sides_is_right_at_a_kink() -> None:
    p = gn.parameter([0.0], "p", "float64")
    assert gn.check_gradients(gn.relu(p).sum()).ok
    assert gn.check_gradients(gn.abs(p).sum()).ok
    assert not gn.check_gradients((gn.relu(p) + 5.0 * gn.stop_gradient(p)).sum()).ok


def test_parameters_keep_their_values() -> None:
    loss, feeds = network()
    before = [p.value.copy() for p in gn.Graph(loss).parameters]
    gn.check_gradients(loss, feeds)
    for old, parameter in zip(before, gn.Graph(loss).parameters, strict=True):
        np.testing.assert_array_equal(old, parameter.value)


def test_random_draws_are_the_same_in_all_runs() -> None:
    w = gn.parameter(np.ones(20), "w")
    found = gn.check_gradients(gn.square(gn.dropout(w, 0.5, gn.constant(3), seed=1)).sum())
    assert found.ok


def test_inputs_are_checked_where_there_is_no_parameter_or_where_they_are_named() -> None:
    x = gn.input("x", ("batch", 2))
    loss = (x * x).mean()
    assert gn.check_gradients(loss, {x: np.ones((3, 2))}).parameters[0].name == "x"
    w = gn.parameter([1.0, 2.0], "w")
    found = gn.check_gradients((x * w).mean(), {x: np.ones((3, 2))}, wrt=[x, w])
    assert [p.name for p in found.parameters] == ["x", "w"]


def test_an_op_that_insists_on_float32_is_checked_with_a_tolerance_that_is_told() -> None:
    def half(x):
        """For a test. Shapes: x (*s) -> y (*s)."""
        return (x * 0.5).astype(np.float32)

    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] * 0.5

    record = gn.op("x(*s):float32 -> y(*s):float32", latex="{x} / 2", samples=[(3, 4)], name=NAME)(half)
    record.kernel(kernel)
    record.vjp(lambda g, x, y: [g * 0.5])
    p = gn.parameter([1.0, 2.0], "p")
    found = gn.check_gradients(gn.square(record(p)).sum())
    assert found.ok
    assert "Computed in float32, since an op insists on it: agreement is only tested to 2e-2" in found.verdict


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x, p: gn.check_gradients(p * 2.0), ShapeError, "is not a scalar float. Reduce it"),
        (lambda x, p: gn.check_gradients(3), GraphError, "wanted a loss"),
        (lambda x, p: gn.check_gradients((x * p).sum()), FeedError, "'x' missing"),
        (lambda x, p: gn.check_gradients(p.sum(), wrt=[p * 2.0]), GraphError, "cannot be moved"),
        (lambda x, p: gn.check_gradients(p.sum(), wrt=x), GraphError, "does not depend on 'x'"),
        (lambda x, p: gn.check_gradients(p.sum(), wrt=[]), GraphError, "wrt lists no node"),
        (lambda x, p: gn.check_gradients(p.sum(), samples=0), SettingError, "samples is a whole number"),
        (
            lambda x, p: gn.check_gradients(p.sum(), tolerance=2.0),
            SettingError,
            "tolerance is between 0 and 1",
        ),
        (lambda x, p: gn.check_gradients((p / (p - p)).sum()), SettingError, "so it has no slopes"),
        (lambda x, p: gn.check_gradients(gn.constant(1.0)), GraphError, "no float parameter or input"),
        (lambda x, p: gn.check_gradients(p.sum())["q"], GraphError, "no leaf 'q' was checked"),
    ],
)
def test_a_wrong_call_says_what_was_wanted(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call(gn.input("x", (2,)), gn.parameter([1.0, 2.0], "p"))


def test_parameters_of_one_name_in_two_scopes_are_told_apart() -> None:
    x = gn.input("x", (2, 3))
    net = gn.nn.Sequential([gn.nn.Dense(2, gn.tanh, name="a"), gn.nn.Dense(1, name="b")], seed=1)
    found = gn.check_gradients(gn.sum(net(x)), {"x": [[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]]})
    assert found.ok and [part.name for part in found.parameters] == [
        "net/a/w", "net/a/b", "net/b/w", "net/b/b",
    ]  # fmt: skip
