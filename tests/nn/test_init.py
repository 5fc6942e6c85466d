"""Initialisers draw what their formula says."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize(
    ("make", "deviation"),
    [
        (gn.init.xavier, np.sqrt(2 / 500)),
        (gn.init.he, np.sqrt(2 / 300)),
        (gn.init.lecun, np.sqrt(1 / 300)),
        (gn.init.normal(0.3), 0.3),
        (gn.init.uniform(0.6), 0.6 / np.sqrt(3)),
    ],
    ids=["xavier", "he", "lecun", "normal", "uniform"],
)
def test_draws_have_the_stated_mean_and_deviation(make, deviation) -> None:
    drawn = make((300, 200), rng())
    assert drawn.std() == pytest.approx(deviation, rel=0.02)
    assert abs(drawn.mean()) < 4 * deviation / np.sqrt(drawn.size)


def test_numbers_and_diagonals_are_what_they_are_called() -> None:
    assert not gn.init.zeros((2, 3), rng()).any()
    np.testing.assert_array_equal(gn.init.constant(0.5)((2, 2), rng()), np.full((2, 2), 0.5))
    np.testing.assert_array_equal(gn.init.identity(2.0)((2, 3), rng()), [[2, 0, 0], [0, 2, 0]])


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4), (4, 1)])
def test_orthogonal_weights_keep_lengths(shape) -> None:
    drawn = gn.init.orthogonal(1.5)(shape, rng()).reshape(-1, shape[-1])
    few = drawn.T @ drawn if drawn.shape[0] >= drawn.shape[1] else drawn @ drawn.T
    np.testing.assert_allclose(few, 2.25 * np.eye(len(few)), atol=1e-12)


def test_orthogonal_draws_prefer_no_direction() -> None:
    first = np.mean([gn.init.orthogonal()((2, 2), np.random.default_rng(k))[0, 0] for k in range(2000)])
    assert abs(first) < 0.06


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gn.init.constant(float("nan")), "finite number"),
        (lambda: gn.init.uniform(0.0), "limit: wanted a positive number"),
        (lambda: gn.init.orthogonal()((3,), rng()), "two axes or more"),
        (lambda: gn.init.identity()((3, 3, 3), rng()), "two axes"),
        (lambda: gn.init.lecun((3, 3), 7), "numpy.random.Generator"),
    ],
)
def test_wrong_settings_get_a_sentence(call, words) -> None:
    with pytest.raises(gn.SettingError, match=words):
        call()
