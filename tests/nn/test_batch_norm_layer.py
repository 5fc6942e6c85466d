"""BatchNorm's running statistics follow the batches while training, are used afterwards, and stay when frozen."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

SHAPES = {"rows": ("batch", 3), "images": ("batch", 3, 2, 4)}


def batches(shape, count: int, rng) -> list[np.ndarray]:
    """Far from mean 0 and spread 1, and each of another size."""
    return [rng.normal(2.0, 3.0, size=(4 + k, *shape[1:])) for k in range(count)]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_running_statistics_of_a_program_are_pytorchs_after_several_steps(
    shape, momentum: float, rng
) -> None:
    torch = pytest.importorskip("torch")
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    module = kind(3, momentum=momentum).double()
    layer = gn.nn.BatchNorm(momentum=momentum)
    x = gn.input("x", shape, "float64")
    y = layer(x, training=True)
    program = gn.Program(y, updates=gn.state_updates(y))
    for data in batches(shape, 5, rng):
        wanted = module(torch.from_numpy(data))
        np.testing.assert_allclose(program.run({"x": data}), wanted.detach().numpy(), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(layer.mean.value, module.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(layer.var.value, module.running_var.numpy(), rtol=1e-12)
    data = batches(shape, 1, rng)[0]
    module.eval()
    used = gn.Program(layer(x)).run({"x": data})
    np.testing.assert_allclose(used, module(torch.from_numpy(data)).detach().numpy(), rtol=1e-9, atol=1e-10)


def test_a_trainer_moves_weights_and_statistics_as_pytorch_does(rng) -> None:
    torch = pytest.importorskip("torch")
    first = rng.normal(size=(3, 4))
    module = torch.nn.Sequential(
        torch.nn.Linear(3, 4, bias=False), torch.nn.BatchNorm1d(4), torch.nn.ReLU()
    ).double()
    with torch.no_grad():
        module[0].weight.copy_(torch.from_numpy(first.T))
    descent = torch.optim.SGD(module.parameters(), lr=0.1)
    net = gn.nn.Sequential([gn.nn.Dense(4, use_bias=False), gn.nn.BatchNorm(), gn.relu])
    x, t = gn.input("x", ("batch", 3), "float64"), gn.input("t", ("batch", 4), "float64")
    loss = gn.mean(gn.square(net(x, training=True) - t))
    net.parameters[0].value = first
    calm = gn.mean(gn.square(net(x) - t))
    trainer = gn.Trainer(loss, gn.optim.SGD(0.1), evaluation_loss=calm)
    for data in batches(SHAPES["rows"], 4, rng):
        goal = rng.normal(size=(len(data), 4))
        descent.zero_grad()
        wanted = torch.nn.functional.mse_loss(module(torch.from_numpy(data)), torch.from_numpy(goal))
        wanted.backward()
        descent.step()
        assert trainer.step({"x": data, "t": goal}) == pytest.approx(wanted.item(), rel=1e-9)
    theirs = [
        module[0].weight.T,
        module[1].weight,
        module[1].bias,
        module[1].running_mean,
        module[1].running_var,
    ]
    for node, tensor in zip(net.parameters, theirs, strict=True):
        np.testing.assert_allclose(
            node.value, tensor.detach().numpy(), rtol=1e-9, atol=1e-12, err_msg=node.name
        )
    module.eval()
    wanted = torch.nn.functional.mse_loss(module(torch.from_numpy(data)), torch.from_numpy(goal))
    assert trainer.evaluate({"x": data, "t": goal})["loss"] == pytest.approx(wanted.item(), rel=1e-9)


def test_use_changes_no_statistics() -> None:
    layer = gn.nn.BatchNorm()
    assert not gn.state_updates(layer(gn.input("x", ("batch", 3))))


def test_statistics_are_parameters_that_no_gradient_trains() -> None:
    layer = gn.nn.BatchNorm()
    layer(gn.input("x", ("batch", 3)))
    assert [(p.name, p.trainable) for p in layer.parameters] == [
        ("scale", True), ("shift", True), ("mean", False), ("var", False),
    ]  # fmt: skip
    layer.freeze()
    assert not any(p.trainable for p in layer.parameters)
    layer.unfreeze()
    assert [p.trainable for p in layer.parameters] == [True, True, False, False]


def test_nothing_of_a_frozen_layer_changes(rng) -> None:
    net = gn.nn.Sequential([gn.nn.Dense(2), gn.nn.BatchNorm()])
    x = gn.input("x", ("batch", 3))
    net.freeze()
    with gn.scope("tail"):
        free = gn.parameter(1.0, "free")
    trainer = gn.Trainer(gn.sum(gn.square(net(x, training=True))) * free, gn.optim.SGD(0.1))
    before = [p.value.copy() for p in net.parameters]
    trainer.step({"x": rng.normal(3.0, 2.0, size=(5, 3))})
    for node, old in zip(net.parameters, before, strict=True):
        np.testing.assert_array_equal(node.value, old)
    assert free.value != 1.0


def test_a_layer_applied_twice_counts_both_batches(rng) -> None:
    layer = gn.nn.BatchNorm(momentum=0.5)
    a, b = gn.input("a", ("batch", 2), "float64"), gn.input("b", ("batch", 2), "float64")
    y = layer(a, training=True) + layer(b, training=True)
    one, two = rng.normal(size=(2, 6, 2))
    gn.Program(y, updates=gn.state_updates(y)).run({"a": one, "b": two})
    np.testing.assert_allclose(layer.mean.value, 0.25 * one.mean(0) + 0.5 * two.mean(0), rtol=1e-12)
    wanted = 0.25 + 0.25 * one.var(0, ddof=1) + 0.5 * two.var(0, ddof=1)
    np.testing.assert_allclose(layer.var.value, wanted, rtol=1e-12)
