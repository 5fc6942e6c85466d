"""Weights that are used at two places are one parameter: it counts once, and learns along both uses."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def autoencoder():
    encoder = gn.nn.Dense(2, gn.tanh)
    net = gn.nn.Sequential([encoder, gn.nn.Dense(5, tied=encoder)], seed=1)
    x = gn.input("x", ("batch", 5), "float64")
    return net, x, net(x)


def test_a_tied_layer_uses_the_weights_turned_around(rng) -> None:
    net, x, y = autoencoder()
    assert [f"{p.scope}/{p.name}" for p in net.parameters] == ["net/dense1/w", "net/dense1/b", "net/dense2/b"]
    w, b, c = (p.value for p in net.parameters)
    data = rng.normal(size=(3, 5))
    np.testing.assert_allclose(gn.interpret(y, {x: data})[0], np.tanh(data @ w + b) @ w.T + c, rtol=1e-12)


def test_tied_weights_learn_along_both_uses_as_in_pytorch(rng) -> None:
    torch = pytest.importorskip("torch")
    net, _, y = autoencoder()
    data = rng.normal(size=(3, 5))
    leaves = [torch.tensor(p.value, requires_grad=True) for p in net.parameters]
    w, b, c = leaves
    wanted = (torch.tanh(torch.from_numpy(data) @ w + b) @ w.T + c).square().mean()
    wanted.backward()
    slopes = gn.Program(gn.gradient(gn.mean(gn.square(y)), list(net.parameters))).run({"x": data})
    for slope, leaf in zip(slopes, leaves, strict=True):
        np.testing.assert_allclose(slope, leaf.grad.numpy(), rtol=1e-10)


def test_an_embedding_answers_with_its_own_table(rng) -> None:
    words = gn.nn.Embedding(6, 3, dtype="float64", seed=1)
    text = gn.input("text", ("batch", "time"), "int64")
    y = words.attend(gn.tanh(words(text)))
    assert str(y.shape) == "(batch, time, 6)" and words.parameters == (words.table,)
    table, data = words.table.value, np.array([[0, 5, 2]])
    np.testing.assert_allclose(gn.interpret(y, {text: data})[0], np.tanh(table[data]) @ table.T, rtol=1e-12)
    assert gn.Graph(y).parameters == (words.table,)


def test_an_embedding_may_answer_before_it_is_asked() -> None:
    words = gn.nn.Embedding(6, 3)
    logits = words.attend(gn.input("x", ("batch", 3)))
    y = words(gn.input("text", ("batch",), "int64"))
    assert gn.Graph([logits, y]).parameters == words.parameters


def test_a_dense_layer_may_be_tied_to_an_embedding_and_have_a_bias_of_its_own() -> None:
    words = gn.nn.Embedding(6, 3)
    net = gn.nn.Sequential([words, gn.nn.Dense(6, tied=words)])
    net(gn.input("text", ("batch",), "int64"))
    assert [p.shape for p in net.parameters] == [(6, 3), (6,)]
    net.freeze()
    assert not words.table.trainable
    net.unfreeze()
    assert words.table.trainable


def test_rows_for_padding_are_zero_and_stay_so(rng) -> None:
    words = gn.nn.Embedding(6, 3, padding_index=0, seed=1)
    text = gn.input("text", ("batch",), "int64")
    trainer = gn.Trainer(gn.sum(gn.square(words(text) - 1.0)), gn.optim.SGD(0.1))
    before = words.table.value.copy()
    assert not before[0].any() and before[1].any()
    trainer.step({"text": np.array([0, 1, 2])})
    changed = (words.table.value != before).any(axis=1)
    assert changed.tolist() == [False, True, True, False, False, False]


def test_first_rows_of_an_embedding_have_a_length_near_1() -> None:
    words = gn.nn.Embedding(2000, 64, seed=2)
    words(gn.input("text", ("batch",), "int64"))
    assert np.linalg.norm(words.table.value, axis=1).mean() == pytest.approx(1.0, rel=0.02)
