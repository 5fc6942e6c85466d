"""Metrics of classes equal scikit-learn's over random rows, whatever the batch size."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics as oracle

import graphnn as gn
from measuring import measured

BATCHES = [1, 7, 64, 1000]
ROWS = 101
KINDS = ["many classes", "absent classes", "one class", "ties", "two classes"]


def several(kind: str, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Scores (rows, classes) and labels."""
    rng = np.random.default_rng(seed)
    classes = 2 if kind == "two classes" else 6
    scores = rng.normal(size=(ROWS, classes))
    labels = rng.integers(0, classes, ROWS)
    if kind == "absent classes":
        labels = labels % 3
        scores[:, 4] = -50.0
    elif kind == "one class":
        labels[:] = 2
    elif kind == "ties":
        scores = np.round(scores)
    return scores, labels


def nodes(scores: np.ndarray) -> tuple[gn.Node, gn.Node]:
    return gn.input("s", ("batch", *scores.shape[1:]), "float64"), gn.input("y", ("batch",), "int64")


def quiet(f, *args, **settings):
    """scikit-learn warns where it divides by nothing; the value is what counts here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f(*args, **settings)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", BATCHES)
def test_measures_of_several_classes_are_those_of_scikit_learn(kind: str, batch: int) -> None:
    scores, labels = several(kind)
    s, y = nodes(scores)
    told = scores.argmax(1)
    wanted = {
        gn.metrics.accuracy(s, y): oracle.accuracy_score(labels, told),
        gn.metrics.error_rate(s, y): 1 - oracle.accuracy_score(labels, told),
        gn.metrics.balanced_accuracy(s, y): quiet(oracle.balanced_accuracy_score, labels, told),
        gn.metrics.confusion_matrix(s, y): oracle.confusion_matrix(
            labels, told, labels=range(scores.shape[1])
        ),
    }
    feeds = {"s": scores, "y": labels}
    for metric, value in wanted.items():
        np.testing.assert_allclose(measured(metric, feeds, batch), value, rtol=1e-12, err_msg=metric.name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
def test_precision_recall_and_f1_are_those_of_scikit_learn(kind: str, average: str | None) -> None:
    scores, labels = several(kind)
    s, y = nodes(scores)
    told = scores.argmax(1)
    # Of each class there is a number also where the class never occurs.
    listed = {"labels": range(scores.shape[1])} if average is None else {}
    for ours, theirs in (
        (gn.metrics.precision, oracle.precision_score),
        (gn.metrics.recall, oracle.recall_score),
        (gn.metrics.f1, oracle.f1_score),
    ):
        wanted = quiet(theirs, labels, told, average=average, zero_division=0, **listed)
        found = measured(ours(s, y, average=average), {"s": scores, "y": labels})
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("column", [False, True], ids=["one axis", "a column"])
@pytest.mark.parametrize("labels_as", ["int64", "bool", "float32"])
@pytest.mark.parametrize("truth", ["both", "zeros", "ones"])
def test_measures_of_one_score_per_row_are_those_of_scikit_learn(
    labels_as: str, truth: str, *, column: bool
) -> None:
    rng = np.random.default_rng(11)
    scores = np.round(rng.normal(size=ROWS), 1)
    labels = {"both": rng.integers(0, 2, ROWS), "zeros": np.zeros(ROWS), "ones": np.ones(ROWS)}[truth]
    labels = labels.astype(labels_as)
    s = gn.input("s", ("batch", 1) if column else ("batch",), "float64")
    y = gn.input("y", ("batch",), labels_as)
    feeds = {"s": scores[:, None] if column else scores, "y": labels}
    told, true = scores > 0, labels.astype(int)
    for metric, wanted in {
        gn.metrics.accuracy(s, y): oracle.accuracy_score(true, told),
        gn.metrics.precision(s, y): oracle.precision_score(true, told, zero_division=0),
        gn.metrics.recall(s, y): oracle.recall_score(true, told, zero_division=0),
        gn.metrics.f1(s, y): oracle.f1_score(true, told, zero_division=0),
        gn.metrics.confusion_matrix(s, y): oracle.confusion_matrix(true, told, labels=[0, 1]),
        gn.metrics.log_loss(s, y): oracle.log_loss(true, 1 / (1 + np.exp(-scores)), labels=[0, 1]),
    }.items():
        np.testing.assert_allclose(measured(metric, feeds), wanted, rtol=1e-9, err_msg=metric.name)


def test_probabilities_are_cut_at_one_half_and_logits_at_zero_unless_a_threshold_is_given() -> None:
    p = np.array([0.1, 0.4, 0.6, 0.9])
    s, y = gn.input("s", ("batch",), "float64"), gn.input("y", ("batch",), "int64")
    feeds = {"s": p, "y": np.ones(4, np.int64)}
    assert measured(gn.metrics.recall(s, y), feeds) == 1.0
    assert measured(gn.metrics.recall(s, y, probabilities=True), feeds) == 0.5
    assert measured(gn.metrics.recall(s, y, threshold=0.7), feeds) == 0.25


@pytest.mark.parametrize("k", [1, 2, 5, 6])
def test_top_k_accuracy_is_that_of_scikit_learn(k: int) -> None:
    scores, labels = several("many classes")
    s, y = nodes(scores)
    wanted = quiet(oracle.top_k_accuracy_score, labels, scores, k=k, labels=range(6))
    found = measured(gn.metrics.top_k_accuracy(s, y, k), {"s": scores, "y": labels})
    assert found == pytest.approx(wanted, rel=1e-12)


def test_the_best_of_tied_scores_is_the_first_so_top_1_is_accuracy() -> None:
    scores, labels = several("ties")
    s, y = nodes(scores)
    feeds = {"s": scores, "y": labels}
    assert measured(gn.metrics.top_k_accuracy(s, y, 1), feeds) == measured(gn.metrics.accuracy(s, y), feeds)


def test_a_score_that_is_not_a_number_is_no_hit() -> None:
    scores = np.array([[0.0, np.nan, 1.0], [np.nan] * 3])
    s, y = nodes(scores)
    assert measured(gn.metrics.top_k_accuracy(s, y, 2), {"s": scores, "y": np.array([1, 1])}) == 0.0


@pytest.mark.parametrize("probabilities", [False, True])
def test_log_loss_is_that_of_scikit_learn_and_perplexity_its_exponential(*, probabilities: bool) -> None:
    scores, labels = several("absent classes")
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    given = p if probabilities else scores
    s, y = nodes(scores)
    feeds = {"s": given, "y": labels}
    wanted = oracle.log_loss(labels, p, labels=range(6))
    for batch in BATCHES:
        loss = measured(gn.metrics.log_loss(s, y, probabilities=probabilities), feeds, batch)
        perplexity = measured(gn.metrics.perplexity(s, y, probabilities=probabilities), feeds, batch)
        assert loss == pytest.approx(wanted, rel=1e-9)
        assert perplexity == pytest.approx(np.exp(wanted), rel=1e-9)


def padded() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Sequences of scores, labels that are -1 in the padding, and what counts of both, flat."""
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(13, 9, 4))
    labels = rng.integers(0, 4, (13, 9))
    mask = np.arange(9) < rng.integers(1, 10, 13)[:, None]
    labels[~mask] = -1
    scores[~mask] = np.nan
    return {"s": scores, "y": labels, "m": mask}, scores[mask], labels[mask]


@pytest.mark.parametrize("way", ["mask", "ignored label"])
def test_padding_does_not_count(way: str) -> None:
    feeds, scores, labels = padded()
    s = gn.input("s", ("batch", "time", 4), "float64")
    y, m = gn.input("y", ("batch", "time"), "int64"), gn.input("m", ("batch", "time"), "bool")
    setting = {"mask": m} if way == "mask" else {"ignored": -1}
    told = scores.argmax(1)
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    for metric, wanted in {
        gn.metrics.accuracy(s, y, **setting): oracle.accuracy_score(labels, told),
        gn.metrics.f1(s, y, **setting): oracle.f1_score(labels, told, average="macro"),
        gn.metrics.confusion_matrix(s, y, 4, **setting): oracle.confusion_matrix(labels, told),
        gn.metrics.perplexity(s, y, **setting): np.exp(oracle.log_loss(labels, p)),
        gn.metrics.auc(s, y, **setting): oracle.roc_auc_score(labels, p, multi_class="ovr"),
        gn.metrics.top_k_accuracy(s, y, 2, **setting): oracle.top_k_accuracy_score(labels, scores, k=2),
    }.items():
        for batch in (1, 5, 13):
            np.testing.assert_allclose(measured(metric, feeds, batch), wanted, rtol=1e-9, err_msg=metric.name)


def test_soft_labels_count_as_the_nearer_class_and_may_be_ignored() -> None:
    s, y = gn.input("s", ("batch",), "float64"), gn.input("y", ("batch",), "float64")
    feeds = {"s": np.array([1.0, 1.0, -1.0, 1.0]), "y": np.array([0.9, 0.1, 0.2, -1.0])}
    assert measured(gn.metrics.accuracy(s, y, ignored=-1), feeds) == pytest.approx(2 / 3)


def test_a_mask_of_floats_weighs() -> None:
    scores, labels = several("many classes")
    weight = np.random.default_rng(2).random(ROWS)
    (s, y), m = nodes(scores), gn.input("m", ("batch",), "float64")
    feeds = {"s": scores, "y": labels, "m": weight}
    told = scores.argmax(1)
    for metric, wanted in {
        gn.metrics.accuracy(s, y, mask=m): oracle.accuracy_score(labels, told, sample_weight=weight),
        gn.metrics.recall(s, y, mask=m): oracle.recall_score(
            labels, told, average="macro", sample_weight=weight
        ),
        gn.metrics.confusion_matrix(s, y, mask=m): oracle.confusion_matrix(
            labels, told, sample_weight=weight
        ),
    }.items():
        np.testing.assert_allclose(measured(metric, feeds), wanted, rtol=1e-12)


def test_a_label_without_a_score_is_a_fault_not_a_wrong_count() -> None:
    scores, labels = several("many classes")
    s, y = nodes(scores)
    labels[4] = 6
    with pytest.raises(gn.FaultError):
        measured(gn.metrics.confusion_matrix(s, y), {"s": scores, "y": labels})


def wrong():
    s, y = gn.input("s", ("batch", 4)), gn.input("y", ("batch",), "int64")
    one, two = gn.input("one", ("batch",)), gn.input("two", (3,), "int64")
    m = gn.metrics
    return {
        "no node": (lambda: m.accuracy(3, y), gn.GraphError, "wanted nodes"),
        "other axes": (lambda: m.accuracy(s, gn.input("z", ("batch", 2), "int64")), gn.ShapeError, "but labels"),
        "labels of floats": (lambda: m.accuracy(s, one), gn.DtypeError, "wanted int64"),
        "whole scores": (lambda: m.accuracy(y, y), gn.DtypeError, "not floats"),
        "no batch axis": (lambda: m.accuracy(gn.input("z", (3, 4)), two), gn.ShapeError, "must be named"),
        "mask of another shape": (lambda: m.accuracy(s, y, mask=s), gn.ShapeError, "mask is"),
        "mask of whole numbers": (lambda: m.accuracy(s, y, mask=y), gn.DtypeError, "is bool, or float"),
        "unknown average": (lambda: m.f1(s, y, average="makro"), gn.SettingError, "Did you mean 'macro'"),
        "binary of four": (lambda: m.f1(s, y, average="binary"), gn.SettingError, "for 2 classes, found 4"),
        "top 5 of 4": (lambda: m.top_k_accuracy(s, y, 5), gn.SettingError, "found 4 classes"),
        "classes that are not there": (lambda: m.confusion_matrix(s, y, 5), gn.SettingError, "for 4"),
        "threshold of text": (lambda: m.f1(s, y, threshold="x"), gn.SettingError, "is a number"),
        "ignored text": (lambda: m.f1(s, y, ignored="x"), gn.SettingError, "is a label"),
        "metric without nodes": (lambda: m.Metric("m", abs), gn.GraphError, "found none"),
        "metric with both": (lambda: m.Metric("m", abs, (s.sum(),), (s,)), gn.GraphError, "found both"),
        "total of rows": (lambda: m.Metric("m", abs, (s,)), gn.ShapeError, "sum over the rows first"),
        "collected number": (lambda: m.Metric("m", abs, (), (s.sum(),)), gn.ShapeError, "its first axis"),
        "better of text": (lambda: m.Metric("m", abs, (s.sum(),), better="up"), gn.SettingError, "'higher'"),
        "no name": (lambda: m.Metric("", abs, (s.sum(),)), gn.SettingError, "a name"),
        "finish that is a number": (lambda: m.Metric("m", 3, (s.sum(),)), gn.SettingError, "finish"),
    }  # fmt: skip


@pytest.mark.parametrize("case", wrong())
def test_a_wrong_metric_says_what_is_wrong(case: str) -> None:
    make, kind, words = wrong()[case]
    with pytest.raises(kind, match=words):
        make()
