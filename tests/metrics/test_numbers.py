"""Metrics of predicted numbers equal scikit-learn's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics as oracle

import graphnn as gn
from measuring import measured

PAIRS = {
    "mean_squared_error": oracle.mean_squared_error,
    # Of several targets scikit-learn takes the mean of the roots; the root of the mean is what is written here.
    "root_mean_squared_error": lambda *a, **k: np.sqrt(oracle.mean_squared_error(*a, **k)),
    "mean_absolute_error": oracle.mean_absolute_error,
    "r2": oracle.r2_score,
    "explained_variance": oracle.explained_variance_score,
}


def rows(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and targets."""
    rng = np.random.default_rng(6)
    targets = rng.normal(size=(53, 3) if case == "three targets" else 53)
    predicted = targets + 0.3 * rng.normal(size=targets.shape) + 0.2
    if case == "far from zero":
        predicted, targets = predicted + 1e7, targets + 1e7
    elif case == "constant targets":
        targets = np.full(53, 2.5)
    elif case == "constant and met":
        predicted = targets = np.full(53, 2.5)
    return predicted, targets


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    "case", ["one target", "three targets", "far from zero", "constant targets", "constant and met"]
)
def test_measures_of_numbers_are_those_of_scikit_learn(name: str, case: str) -> None:
    predicted, targets = rows(case)
    p, t = (gn.input(word, ("batch", *targets.shape[1:]), "float64") for word in "pt")
    for batch in (1, 10, 53, 100):
        found = measured(getattr(gn.metrics, name)(p, t), {"p": predicted, "t": targets}, batch)
        assert found == pytest.approx(PAIRS[name](targets, predicted), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_a_column_of_predictions_is_compared_place_by_place(name: str) -> None:
    predicted, targets = rows("one target")
    p, t = gn.input("p", ("batch", 1), "float64"), gn.input("t", ("batch",), "float64")
    found = measured(getattr(gn.metrics, name)(p, t), {"p": predicted[:, None], "t": targets})
    assert found == pytest.approx(PAIRS[name](targets, predicted), rel=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_weights_are_those_of_scikit_learn(name: str) -> None:
    predicted, targets = rows("one target")
    weight = np.random.default_rng(1).random(53)
    weight[5] = 0.0
    p, t, m = (gn.input(word, ("batch",), "float64") for word in "ptm")
    wanted = PAIRS[name](targets, predicted, sample_weight=weight)
    predicted[5] = np.nan  # what does not count may hold anything
    found = measured(getattr(gn.metrics, name)(p, t, mask=m), {"p": predicted, "t": targets, "m": weight})
    assert found == pytest.approx(wanted, rel=1e-9)


def test_one_row_has_no_r2() -> None:
    p, t = (gn.input(word, ("batch",), "float64") for word in "pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(oracle.r2_score([1.0], [1.0]))
    assert np.isnan(measured(gn.metrics.r2(p, t), {"p": np.ones(1), "t": np.ones(1)}))


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_not_a_number_stays_so(name: str) -> None:
    p, t = (gn.input(word, ("batch",), "float64") for word in "pt")
    for feeds in (
        {"p": np.array([1.0, np.nan, 2.0]), "t": np.array([1.0, 2.0, 3.0])},
        {"p": np.array([1.0, np.nan, 2.0]), "t": np.ones(3)},
    ):
        assert np.isnan(measured(getattr(gn.metrics, name)(p, t), feeds))


def test_shapes_and_dtypes_that_do_not_fit_are_told() -> None:
    p, t = gn.input("p", ("batch", 2)), gn.input("t", ("batch",))
    with pytest.raises(gn.ShapeError, match="wanted one shape"):
        gn.metrics.r2(p, t)
    with pytest.raises(gn.DtypeError, match="is not a float"):
        gn.metrics.r2(t, gn.input("y", ("batch",), "int64"))
    with pytest.raises(gn.ShapeError, match="must be named"):
        gn.metrics.mean_squared_error(gn.input("a", (3,)), gn.input("b", (3,)))
