"""Putting bodies in the place of composite nodes: the same values, the scopes of the steps, only what was asked."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def classifier():
    x, w, u = (gn.input(n, s) for n, s in (("x", (3, "batch", 2)), ("w", (2, 16)), ("u", (4, 16))))
    states, (h, c) = gn.lstm(x, w, u)
    rng = np.random.default_rng(0)
    feeds = {n: rng.standard_normal([5 if isinstance(d, gn.Dim) else d for d in n.shape]) for n in (x, w, u)}
    return states, h, c, {n: a.astype("f") for n, a in feeds.items()}


def names(nodes) -> set[str]:
    return {node.op.name for node in gn.Graph(nodes).nodes}


def test_a_layer_is_one_node_and_unrolls_to_its_steps() -> None:
    _, h, _, _ = classifier()
    assert "lstm_sweep" in names(h)
    steps = gn.Graph(gn.unroll(h))
    assert {f"lstm/t{t}" for t in range(3)} <= {node.scope for node in steps.nodes}
    assert not {"lstm_sweep", "concat"} & names(steps.outputs)
    assert [n.name for n in steps.nodes if n.scope == "lstm/t1" and n.name] == ["i", "f", "o", "g", "c", "h"]


def test_the_unrolled_graph_has_the_same_values_and_gradients() -> None:
    states, h, c, feeds = classifier()
    loss = (h * c).sum() + (states * states).sum()
    plain = gn.unroll(loss)
    leaves = list(feeds)
    for ours, theirs in zip(
        gn.Program([loss, *gn.gradient(loss, leaves)]).run(feeds),
        gn.Program([plain, *gn.gradient(plain, leaves)]).run(feeds),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_a_gradient_graph_unrolls_too() -> None:
    _, h, _, feeds = classifier()
    slope = gn.gradient((h * h).sum(), list(feeds)[1])
    plain = gn.unroll(slope)
    assert not {"lstm_sweep", "lstm_sweep_slope", "states_product"} & names(plain)
    np.testing.assert_allclose(
        gn.Program(plain).run(feeds), gn.Program(slope).run(feeds), rtol=1e-5, atol=1e-6
    )


def test_only_chosen_ops_unroll() -> None:
    x, w, b = gn.input("x", (2, 3)), gn.input("w", (3, 4)), gn.input("b", (4,))
    y = gn.linear_relu(x, w, b)
    assert names(gn.unroll(y, only=["linear"])) == names(y)
    assert "linear" in names(gn.unroll(y, only=["linear_relu"]))
    assert names(gn.unroll(y)) >= {"matmul", "add", "relu"}


def test_it_answers_what_it_is_given() -> None:
    x = gn.input("x", (2,))
    y = gn.relu(x)
    assert gn.unroll(y) is y
    assert gn.unroll([y, x])[0] is y
    assert isinstance(gn.unroll(gn.Graph(y)), gn.Graph)


def test_names_stay_with_their_values() -> None:
    x, w, b = gn.input("x", (2, 3)), gn.input("w", (3, 4)), gn.input("b", (4,))
    y = gn.unroll(gn.linear_relu(x, w, b).named("hidden"))
    assert (y.name, y.op.name) == ("hidden", "relu")


OPEN = gn.input("x", ("time", 1, 1))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: gn.unroll(3), gn.GraphError),
        (lambda: gn.unroll([3]), gn.GraphError),
        (lambda: gn.unroll(gn.input("x"), only=["lstm_swep"]), gn.SettingError),
        (lambda: gn.unroll(gn.input("x"), only="linear"), gn.SettingError),
        (lambda: gn.unroll(gn.lstm(OPEN, *[gn.input(n, (1, 4)) for n in "wu"])[0]), gn.ShapeError),
    ],
    ids=["a number", "a list of numbers", "no such op", "a text", "steps unknown"],
)  # fmt: skip
def test_what_cannot_be_unrolled_is_an_error(call, error) -> None:
    with pytest.raises(error):
        call()
