"""Draws have the distributions that they claim, from the same streams on every run, and gradients pass as they say."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

N = 200_000
X = gn.constant(np.ones(N))
COUNT = gn.constant(5)
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def near(found: float, expected: float, deviation: float) -> None:
    """Within five standard errors of a mean over N draws."""
    assert abs(found - expected) < 5 * deviation / np.sqrt(N)


@each_dtype
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_the_mean(dtype: str, rate: float) -> None:
    y = gn.dropout(gn.constant(np.ones(N), dtype), rate, COUNT, 7).value
    near((y != 0).mean(), 1 - rate, np.sqrt(rate * (1 - rate)) + 1e-9)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)


@each_dtype
def test_dropout_is_one_node_and_its_slope_another_with_the_same_mask(dtype: str) -> None:
    x = gn.input("x", (1000,), dtype)
    y = gn.dropout(x, 0.5, COUNT, 7)
    slope = gn.gradient(y.sum(), x)
    assert [n.op.name for n in gn.Graph(y).nodes if n.role == "op"] == ["dropout"]
    assert slope.op.name == "dropout"
    values = gn.Program([y, slope]).run({x: np.arange(1.0, 1001)})
    assert ((values[0] != 0) == (values[1] != 0)).all()
    assert set(values[1].tolist()) == {0.0, 2.0}


def test_dropout_draws_as_random_uniform_does_in_blocks_and_in_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n = 150_003
    x = gn.input("x", (n,))
    nodes = [
        gn.dropout(x, 0.25, COUNT, -3),
        gn.random_uniform(COUNT, (n,), -3),
        gn.random_normal(COUNT, (n,), -3),
    ]
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("GRAPHNN_THREADS", threads)
        found.append(gn.Program(nodes).run({x: np.ones(n)}))
    kept, draws, _ = found[0]
    assert ((kept != 0) == (draws >= 0.25)).all()
    for other in found[1:]:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(found[0], other, strict=True))


def test_dropout_drops_what_is_not_a_number_too() -> None:
    y = gn.dropout(gn.constant(np.full(100, np.nan)), 0.5, COUNT, 7).value
    assert set(np.isnan(y).tolist()) == {True, False}
    assert (y[~np.isnan(y)] == 0).all()


def test_channel_dropout_drops_whole_channels() -> None:
    y = gn.channel_dropout(gn.constant(np.ones((64, 32, 3, 3))), 0.5, COUNT, 7).value
    sums = y.reshape(64, 32, 9).sum(-1)
    assert set(sums.reshape(-1).tolist()) == {0.0, 18.0}
    assert 0.4 < (sums == 0).mean() < 0.6


def test_noise_has_its_mean_and_deviation() -> None:
    y = gn.gaussian_noise(X, 0.5, COUNT, 7).value
    near(y.mean(), 1.0, 0.5)
    near(((y - 1) ** 2).mean(), 0.25, 0.25 * np.sqrt(2))
    y = gn.normal_sample(X * 3.0, X * 2.0, COUNT, 8).value
    near(y.mean(), 3.0, 2.0)
    y = gn.noisy_relu(X * 0.0, 1.0, COUNT, 9).value
    near((y > 0).mean(), 0.5, 0.5)
    y = gn.uniform_sample(X * -1.0, X * 3.0, COUNT, 9).value
    near(y.mean(), 1.0, 4 / np.sqrt(12))
    assert y.min() >= -1
    assert y.max() <= 3


def test_bernoulli_draws_ones_with_its_probability() -> None:
    near(gn.bernoulli(X * 0.3, COUNT, 7).value.mean(), 0.3, 0.46)
    assert (gn.bernoulli(X * 0.0, COUNT, 7).value == 0).all()
    assert (gn.bernoulli(X, COUNT, 7).value == 1).all()


@each_dtype
def test_gumbel_has_its_mean_and_variance_and_is_finite(dtype: str) -> None:
    y = gn.gumbel(COUNT, (N,), 7, dtype).value
    assert np.isfinite(y).all()
    near(y.mean(), np.euler_gamma, np.pi / np.sqrt(6))
    near(y.var(), np.pi**2 / 6, 3.5)


def test_a_class_is_drawn_as_often_as_softmax_says() -> None:
    p = np.array([0.1, 0.2, 0.7])
    logits = gn.constant(np.broadcast_to(np.log(p), (N, 3)))
    drawn = gn.categorical(logits, COUNT, 7)
    assert drawn.dtype == np.int64
    for k in range(3):
        near((drawn.value == k).mean(), p[k], np.sqrt(p[k] * (1 - p[k])))
    # The hard choice is one 1, at the same places: it has the same noise.
    hard = gn.gumbel_softmax(logits, 0.5, COUNT, 7, hard=True).value
    assert (hard.argmax(-1) == drawn.value).all()
    assert set(hard.reshape(-1).tolist()) == {0.0, 1.0}


def test_gumbel_softmax_is_a_choice_of_shares_with_a_slope_for_hard_ones_too() -> None:
    x = gn.input("x", (4, 3), "float64")
    weights = np.arange(12.0).reshape(4, 3)
    slopes = []
    for hard in (False, True):
        y = gn.gumbel_softmax(x, 0.7, COUNT, 7, hard=hard)
        value, slope = gn.Program([y, gn.gradient((y * weights).sum(), x)]).run({x: weights / 10})
        np.testing.assert_allclose(value.sum(-1), 1.0, rtol=1e-12)
        slopes.append(slope)
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-12)
    cold = gn.gumbel_softmax(gn.constant(weights), 1e-3, COUNT, 7).value
    np.testing.assert_allclose(cold.max(-1), 1.0, atol=1e-6)


def test_random_integers_are_all_equally_likely() -> None:
    y = gn.random_integers(COUNT, (N,), 7, -2, 5).value
    assert y.dtype == np.int64
    for k in range(-2, 5):
        near((y == k).mean(), 1 / 7, 0.35)
    assert (y >= -2).all()
    assert (y < 5).all()


def test_arrays_are_shuffled_alike_by_one_seed() -> None:
    x = np.arange(50)
    a, b = (gn.shuffle(gn.constant(v), COUNT, 7).value for v in (x, np.stack([x, x], 1).astype("float32")))
    assert sorted(a.tolist()) == x.tolist()
    assert a.tolist() != x.tolist()
    assert (b == a[:, None]).all()


def test_another_counter_or_seed_is_another_draw() -> None:
    def draw(count: int, seed: int) -> bytes:
        return gn.dropout(gn.constant(np.ones(200)), 0.5, gn.constant(count), seed).value.tobytes()

    assert draw(1, 2) == draw(1, 2)
    assert len({draw(1, 2), draw(2, 2), draw(1, 3)}) == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gn.dropout(X, 1.0, COUNT, 7), "rate is from 0 up to, but not including, 1; found 1.0"),
        (lambda: gn.channel_dropout(X, 0.5, COUNT, 7), "x has 1 axes; wanted (batch, channels, ...)"),
        (lambda: gn.channel_dropout(gn.constant(np.ones((2, 2))), -0.5, COUNT, 7), "rate is from 0"),
        (lambda: gn.gumbel_softmax(gn.constant(1.0), 1.0, COUNT, 7), "logits are ()"),
        (lambda: gn.gumbel_softmax(X, 1.0, COUNT, 7, hard=1), "hard is True or False"),
        (lambda: gn.categorical(gn.input("x", (3, 0)), COUNT, 7), "logits are (3, 0)"),
        (lambda: gn.random_integers(COUNT, (3,), 7, 5, 5), "low below high"),
        (lambda: gn.random_integers(COUNT, (3,), 7, 0, 0.5), "whole numbers"),
        (lambda: gn.bernoulli(X, COUNT, seed=0.5), "seed"),
        (lambda: gn.gumbel(COUNT, (3,), 7, "int64"), "float32 or float64"),
    ],
)
def test_what_does_not_fit_is_told(make, words: str) -> None:
    with pytest.raises(gn.GraphnnError) as caught:
        make()
    assert words in str(caught.value)
