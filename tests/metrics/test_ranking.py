"""AUC and average precision equal scikit-learn's, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import graphnn as gn
from measuring import measured


def pair(seed: int, decimals: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows)
    labels[:2] = 0, 1
    return np.round(rng.normal(size=rows) + 0.5 * labels, decimals), labels


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("decimals", [0, 1, 9])
def test_of_one_score_per_row_they_are_those_of_scikit_learn(seed: int, decimals: int) -> None:
    scores, labels = pair(seed, decimals, 2 + 17 * seed)
    s, y = gn.input("s", ("batch",), "float64"), gn.input("y", ("batch",), "int64")
    feeds = {"s": scores, "y": labels}
    for batch in (1, 10, 500):
        assert measured(gn.metrics.auc(s, y), feeds, batch) == pytest.approx(
            roc_auc_score(labels, scores), rel=1e-12
        )
        assert measured(gn.metrics.average_precision(s, y), feeds, batch) == pytest.approx(
            average_precision_score(labels, scores), rel=1e-12
        )


def test_equal_scores_everywhere_give_one_half() -> None:
    s, y = gn.input("s", ("batch",)), gn.input("y", ("batch",), "int64")
    feeds = {"s": np.ones(5, np.float32), "y": np.array([0, 1, 1, 0, 1])}
    assert measured(gn.metrics.auc(s, y), feeds) == 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_several_classes_it_is_the_mean_of_one_against_the_rest(dtype: str) -> None:
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 5, 200)
    scores = np.round(rng.normal(size=(200, 5)) + 2.0 * np.eye(5)[labels], 1).astype(dtype)
    exact = scores.astype(np.float64)
    p = np.exp(exact) / np.exp(exact).sum(1, keepdims=True)
    wanted = roc_auc_score(labels, p, multi_class="ovr", average="macro")
    s, y = gn.input("s", ("batch", 5), dtype), gn.input("y", ("batch",), "int64")
    found = measured(gn.metrics.auc(s, y), {"s": scores, "y": labels})
    assert found == pytest.approx(wanted, abs=1e-6)  # rounding makes or breaks a few ties
    q = gn.input("s", ("batch", 5), "float64")
    given = measured(gn.metrics.auc(q, y, probabilities=True), {"s": p, "y": labels})
    assert given == pytest.approx(wanted, rel=1e-12)


def test_a_class_that_never_occurs_is_left_out_of_the_mean() -> None:
    rng = np.random.default_rng(4)
    labels, p = rng.integers(0, 3, 60), rng.dirichlet(np.ones(4), 60)
    s, y = gn.input("s", ("batch", 4), "float64"), gn.input("y", ("batch",), "int64")
    wanted = np.mean([roc_auc_score(labels == c, p[:, c]) for c in range(3)])
    found = measured(gn.metrics.auc(s, y, probabilities=True), {"s": p, "y": labels})
    assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("scores", "labels"),
    [([0.1, 0.2], [1, 1]), ([0.1, 0.2], [0, 0]), ([0.1], [1]), ([np.nan, 0.1], [0, 1])],
    ids=["ones", "zeros", "one row", "score is NaN"],
)
def test_it_is_not_a_number_where_it_is_not_defined(scores: list[float], labels: list[int]) -> None:
    s, y = gn.input("s", ("batch",), "float64"), gn.input("y", ("batch",), "int64")
    assert np.isnan(measured(gn.metrics.auc(s, y), {"s": np.array(scores), "y": np.array(labels)}))


def test_weights_are_those_of_scikit_learn() -> None:
    scores, labels = pair(1, 1, 80)
    weight = np.random.default_rng(3).random(80)
    s, y = gn.input("s", ("batch",), "float64"), gn.input("y", ("batch",), "int64")
    m = gn.input("m", ("batch",), "float64")
    feeds = {"s": scores, "y": labels, "m": weight}
    assert measured(gn.metrics.auc(s, y, mask=m), feeds) == pytest.approx(
        roc_auc_score(labels, scores, sample_weight=weight), rel=1e-12
    )
    assert measured(gn.metrics.average_precision(s, y, mask=m), feeds) == pytest.approx(
        average_precision_score(labels, scores, sample_weight=weight), rel=1e-12
    )
