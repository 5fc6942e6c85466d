"""Fused graphs compute what was written, and only neighbours that nobody else needs disappear."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.fuse import fuse


def parameter(rng: np.random.Generator, *shape: int) -> gn.Node:
    return gn.parameter(rng.normal(size=shape), f"p{shape}", "float64")


def names(outputs: tuple[gn.Node, ...]) -> list[str]:
    return [n.op.name for n in gn.Graph(outputs).nodes if n.role == "op"]


@pytest.mark.parametrize("activation", [gn.relu, gn.tanh, gn.sigmoid])
def test_a_dense_layer_becomes_one_node_with_its_activation(rng, activation) -> None:
    x, w, b = parameter(rng, 3, 4), parameter(rng, 4, 5), parameter(rng, 5)
    y = activation(x @ w + b)
    fused = fuse([y])
    assert names(fused) == [f"linear_{activation.name}"]
    np.testing.assert_allclose(
        gn.Program(fused, optimize=False).run()[0], gn.interpret([y], {})[0], rtol=1e-12
    )


def test_a_bias_on_the_left_is_fused_too(rng) -> None:
    x, w, b = parameter(rng, 3, 4), parameter(rng, 4, 5), parameter(rng, 5)
    assert names(fuse([b + x @ w])) == ["linear"]


def test_a_product_that_others_need_stays(rng) -> None:
    x, w, b = parameter(rng, 3, 4), parameter(rng, 4, 5), parameter(rng, 5)
    product = x @ w
    assert "matmul" in names(fuse([product + b, product * 2.0]))


def test_an_output_is_never_fused_away(rng) -> None:
    x, w, b = parameter(rng, 3, 4), parameter(rng, 4, 5), parameter(rng, 5)
    sum_ = x @ w + b
    outputs = fuse([gn.relu(sum_), sum_])
    assert [n.op.name for n in outputs] == ["relu", "linear"]


def test_a_number_added_to_a_product_is_no_bias(rng) -> None:
    x, w = parameter(rng, 3, 4), parameter(rng, 4, 5)
    assert "linear" not in names(fuse([x @ w + 1.0]))


def test_a_column_added_to_a_product_is_no_bias(rng) -> None:
    x, w, column = parameter(rng, 5, 4), parameter(rng, 4, 5), parameter(rng, 5, 1)
    y = x @ w + column
    fused = fuse([y])
    assert "linear" not in names(fused)
    np.testing.assert_allclose(gn.Program(fused).run()[0], gn.interpret([y], {})[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("build", "wanted"),
    [(lambda a, b: a @ b.T, "matmul_nt"), (lambda a, b: a.T @ b, "matmul_tn")],
    ids=["second", "first"],
)
def test_a_transposed_operand_is_read_where_it_lies(rng, build, wanted) -> None:
    a, b = parameter(rng, 4, 4), parameter(rng, 4, 4)
    y = build(a, b)
    fused = fuse([y])
    assert names(fused) == [wanted]
    np.testing.assert_allclose(
        gn.Program(fused, optimize=False).run()[0], gn.interpret([y], {})[0], rtol=1e-12
    )


def test_the_slope_of_relu_is_one_node_and_keeps_nan(rng) -> None:
    x = gn.constant([1.0, -1.0, 0.0, float("nan")], "float64")
    g = gn.constant([2.0, 3.0, float("inf"), 5.0], "float64")
    y = g * gn.step(x)
    fused = fuse([y])
    assert names(fused) == ["mul_step"]
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(gn.Program(fused, optimize=False).run()[0], gn.interpret([y], {})[0])


def test_a_fused_training_step_equals_the_written_one(rng) -> None:
    x = gn.input("x", ("batch", 6), "float64")
    labels = gn.input("y", ("batch",), "int64")
    feeds = {"x": rng.normal(size=(7, 6)), "y": rng.integers(0, 3, 7)}
    results = []
    for optimize in (False, True):
        net = gn.nn.Sequential([gn.nn.Dense(5, gn.relu), gn.nn.Dense(4, gn.tanh), gn.nn.Dense(3)], seed=3)
        loss = gn.softmax_cross_entropy(net(x), labels)
        weights = list(net.parameters)
        updates = gn.optim.SGD(0.1).updates(weights, gn.gradient(loss, weights))
        program = gn.Program(loss, updates, optimize=optimize)
        losses = [float(program.run(feeds)) for _ in range(5)]
        results.append((losses, [np.array(w.value) for w in weights]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-12)
    for written, fused in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(written, fused, rtol=1e-11, atol=1e-13)


def test_a_step_along_a_product_does_not_write_the_gradient_down(rng) -> None:
    w, x, g = parameter(rng, 3, 5), parameter(rng, 4, 3), parameter(rng, 4, 5)
    new = gn.sgd_step(w, gn.matmul_tn(x, g), gn.scalar(0.1, "rate"))
    fused = fuse([new])
    assert names(fused) == ["sgd_step_product"]
    wanted = gn.interpret([new], {})[0]
    np.testing.assert_allclose(gn.Program(fused, optimize=False).run()[0], wanted, rtol=1e-12)
    program = gn.Program((), {w: new})
    assert list(program.bind().plan.in_place.values()) == [w]
    program.run()
    np.testing.assert_allclose(w.value, wanted, rtol=1e-12)


def test_a_gradient_that_others_need_is_written_down(rng) -> None:
    w, x, g = parameter(rng, 3, 5), parameter(rng, 4, 3), parameter(rng, 4, 5)
    product = gn.matmul_tn(x, g)
    new = gn.sgd_step(w, product, gn.scalar(0.1, "rate"))
    assert "sgd_step_product" not in names(fuse([new, product]))


def test_a_step_on_weights_that_are_multiplied_too_is_not_made_in_their_room(rng) -> None:
    w = parameter(rng, 4, 4)
    new = gn.sgd_step(w, gn.matmul_tn(w, w), gn.scalar(0.1, "rate"))
    wanted = gn.interpret([new], {})[0]
    gn.Program((), {w: new}).run()
    np.testing.assert_allclose(w.value, wanted, rtol=1e-12)
