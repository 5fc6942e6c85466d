"""Layers build nodes in scopes of their own, and draw the same first values from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def inputs(*shape, name: str = "x", dtype: str = "float32"):
    return gn.input(name, shape, dtype)


def test_a_dense_layer_is_activation_of_x_w_plus_b(rng) -> None:
    layer = gn.nn.Dense(4, gn.relu, bias_init=gn.init.normal(1.0))
    x = inputs("batch", 3)
    y = layer(x)
    w, b = layer.parameters
    data = rng.normal(size=(5, 3)).astype(np.float32)
    wanted = np.maximum(data.astype(np.float64) @ w.value + b.value, 0)
    assert str(y.shape) == "(batch, 4)" and y.dtype == gn.float32
    assert (wanted > 0).any() and (wanted == 0).any()
    np.testing.assert_allclose(gn.interpret(y, {x: data})[0], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(3,), ("batch", 3), ("batch", "time", 3), (2, 5, 7, 3)])
def test_a_dense_layer_works_on_the_last_axis(shape) -> None:
    y = gn.nn.Dense(4)(gn.input("x", shape))
    assert [str(d) for d in y.shape] == [*map(str, shape[:-1]), "4"]


def test_a_layer_without_bias_has_one_parameter() -> None:
    layer = gn.nn.Dense(4, use_bias=False)
    layer(inputs("batch", 3))
    assert [p.name for p in layer.parameters] == ["w"] and layer.parameters[0].shape == (3, 4)


def test_parameters_take_the_dtype_of_the_operand() -> None:
    layer = gn.nn.Dense(4)
    y = layer(inputs("batch", 3, dtype="float64"))
    assert y.dtype == gn.float64 and {p.dtype for p in layer.parameters} == {gn.float64}


def test_a_second_call_shares_the_parameters() -> None:
    layer = gn.nn.Dense(4)
    first, second = layer(inputs("batch", 3)), layer(inputs("other", 3, name="z"))
    assert len(layer.parameters) == 2
    assert set(gn.Graph(first).parameters) == set(gn.Graph(second).parameters) == set(layer.parameters)


def test_a_layer_that_failed_to_build_has_no_parameters_left_from_it() -> None:
    fails = [True]

    def bias(shape, rng):
        return np.zeros(99 if fails.pop() else shape)

    layer = gn.nn.Dense(4, bias_init=bias)
    with pytest.raises(gn.ShapeError, match="the initialiser of b gave shape"):
        layer(inputs("batch", 3))
    fails.append(False)
    layer(inputs("batch", 3))
    assert [p.name for p in layer.parameters] == ["w", "b"]


def net(seed: int = 1, widths=(8, 8), **settings):
    model = gn.nn.Sequential(
        [*[gn.nn.Dense(n, gn.relu) for n in widths], gn.nn.Dense(2)], seed=seed, **settings
    )
    model(inputs("batch", 8))
    return model


def test_layers_of_a_sequence_are_numbered_and_their_nodes_stand_in_their_scopes() -> None:
    model = net()
    assert [s.name for s in model.steps] == ["dense1", "dense2", "dense3"]
    assert [(p.scope, p.name) for p in model.parameters] == [
        (f"net/dense{k}", name) for k in (1, 2, 3) for name in ("w", "b")
    ]
    y = model(inputs("batch", 8))
    assert {n.scope for n in gn.Graph(y).nodes if n.op.name == "relu"} == {"net/dense1", "net/dense2"}


def test_one_seed_fixes_all_first_values_and_another_gives_others() -> None:
    same, again, other = net(3), net(3), net(4)
    for a, b, c in zip(same.parameters, again.parameters, other.parameters, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
        assert a.name == "b" or not np.array_equal(a.value, c.value)


def test_two_layers_of_one_shape_start_with_different_values() -> None:
    first, _, second, *_ = net().parameters
    assert first.shape == second.shape and not np.array_equal(first.value, second.value)


def test_first_values_of_a_layer_do_not_hang_on_layers_after_it() -> None:
    short, long = net(widths=(8,)), net(widths=(8, 8, 8))
    np.testing.assert_array_equal(short.parameters[0].value, long.parameters[0].value)


@pytest.mark.parametrize(
    ("activation", "deviation"),
    [(gn.relu, np.sqrt(2 / 400)), (None, np.sqrt(2 / 700)), (gn.tanh, np.sqrt(2 / 700))],
)
def test_weights_start_by_he_before_a_relu_and_by_xavier_otherwise(activation, deviation) -> None:
    layer = gn.nn.Dense(300, activation)
    layer(inputs("batch", 400))
    w, b = (p.value for p in layer.parameters)
    # 120,000 draws: the deviation of a sample's deviation is a five-hundredth of it.
    assert w.std() == pytest.approx(deviation, rel=0.02) and abs(w.mean()) < 4 * deviation / np.sqrt(w.size)
    assert not b.any()


def test_xavier_stays_within_its_limit() -> None:
    w = gn.init.xavier((30, 20), np.random.default_rng(0))
    assert np.abs(w).max() <= np.sqrt(6 / 50) and np.abs(w).max() > 0.95 * np.sqrt(6 / 50)


def test_a_step_may_be_any_function_of_a_node() -> None:
    x = inputs("batch", 4)
    model = gn.nn.Sequential([gn.nn.Dense(3), gn.tanh, lambda y: y * 2.0])
    y = model(x)
    w, b = model.parameters
    data = np.eye(4, dtype=np.float32)
    np.testing.assert_allclose(gn.interpret(y, {x: data})[0], 2 * np.tanh(w.value + b.value), rtol=1e-6)


def test_training_and_inference_are_two_graphs_of_the_same_parameters() -> None:
    seen = []

    class Noted(gn.nn.Layer):
        def apply(self, x, *, training):
            seen.append(training)
            return x * 1.0

    model = gn.nn.Sequential([gn.nn.Dense(3), Noted()])
    x = inputs("batch", 4)
    trained, used = model(x, training=True), model(x)
    assert seen == [True, False] and len(model.parameters) == 2
    assert set(gn.Graph(trained).parameters) == set(gn.Graph(used).parameters)


def test_a_layer_that_stands_twice_in_a_sequence_of_sequences_counts_once() -> None:
    shared = gn.nn.Dense(4, name="shared")
    model = gn.nn.Sequential([
        gn.nn.Sequential([shared], name="first"), gn.nn.Sequential([shared, gn.nn.Dense(4)], name="second"),
    ])  # fmt: skip
    model(inputs("batch", 4))
    assert [p.shape for p in model.parameters] == [(4, 4), (4,), (4, 4), (4,)]


def test_the_weights_of_a_layer_learn_along_both_of_its_uses() -> None:
    layer = gn.nn.Dense(1, use_bias=False)
    x = inputs(1, 1)
    loss = (layer(x) + layer(x * 3.0)).sum()
    slope = gn.gradient(loss, layer.parameters[0])
    assert gn.interpret(slope, {x: [[2.0]]})[0] == 8.0
