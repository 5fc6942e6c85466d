"""Shares of right answers: accuracy, error rate, top-k accuracy."""

from __future__ import annotations

from graphnn.core.dtypes import float64, int64
from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import whole_number
from graphnn.metrics.metric import Metric
from graphnn.metrics.operands import cut, labelled
from graphnn.ops import arange, cast, equal, expand_dims, gather, less, less_equal, logical_and, logical_not
from graphnn.ops import logical_or as either
from graphnn.ops import sum as sum_


def accuracy(
    scores: Node, labels: Node, *, mask: Node | None = None, ignored: int | None = None,
    threshold: float | None = None, probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Share of right answers among the places that count.

    Shapes: scores (*b, classes) with labels int64 (*b), or one score per label for two classes, (*b) or (*b, 1);
    mask (*b).
    mask : bool, or float weights: which places count, as in padded sequences
    ignored : places with this label do not count
    threshold : for one score per label: above it the answer is 1; 0 unless told, 0.5 for probabilities

    NaN if no place counts. Raises GraphError, ShapeError, DtypeError or SettingError for operands that do not fit.
    """
    with scope("accuracy"):
        given = labelled("accuracy", scores, labels, mask, ignored)
        right = equal(given.chosen(cut(threshold, "accuracy", probabilities=probabilities)), given.labels)
        totals = (given.total(right), given.count())
    return Metric("accuracy", lambda right, count: right / count, totals=totals, better="higher")


def error_rate(
    scores: Node, labels: Node, *, mask: Node | None = None, ignored: int | None = None,
    threshold: float | None = None, probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Share of wrong answers: 1 - accuracy. Shapes and settings: those of `gn.metrics.accuracy`."""
    with scope("error_rate"):
        given = labelled("error_rate", scores, labels, mask, ignored)
        right = equal(given.chosen(cut(threshold, "error_rate", probabilities=probabilities)), given.labels)
        totals = (given.total(logical_not(right)), given.count())
    return Metric("error rate", lambda wrong, count: wrong / count, totals=totals, better="lower")


def top_k_accuracy(
    scores: Node, labels: Node, k: int = 5, *, mask: Node | None = None, ignored: int | None = None
) -> Metric:
    """Share of places whose label is among the k classes of largest score.

    Of equal scores the class of the smaller number comes first, as argmax says, so k = 1 is accuracy.
    Shapes: scores (*b, classes), labels int64 (*b), mask (*b).
    """
    k = whole_number(k, "top_k_accuracy: k", 1)
    with scope("top_k_accuracy"):
        given = labelled("top_k_accuracy", scores, labels, mask, ignored)
        if given.binary or k > given.classes:
            found = "one score per label" if given.binary else f"{given.classes} classes"
            raise SettingError(f"top_k_accuracy: k = {k} needs as many classes, found {found}.")
        column = expand_dims(given.labels, -1)
        own = gather(given.scores, column, axis=-1)
        # Written by "not <=", so that NaN counts as larger and never as a hit.
        ahead = logical_not(less_equal(given.scores, own))
        tied = logical_and(equal(given.scores, own), less(arange(given.classes), column))
        rank = sum_(cast(either(ahead, tied), int64), axis=-1)
        totals = (given.total(cast(less(rank, k), float64)), given.count())
    return Metric(f"top {k} accuracy", lambda right, count: right / count, totals=totals, better="higher")
