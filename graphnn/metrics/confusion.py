"""Measures read off the table of true against predicted classes: precision, recall, F1, balanced accuracy.

Where a share has nothing to divide by (a class never predicted has no precision) it is 0, which is also scikit-learn's
value; an average over classes takes those that occur as a label or as an answer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from graphnn.core.dtypes import bool_, float64, int64
from graphnn.core.errors import SettingError, did_you_mean
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import whole_number
from graphnn.metrics.metric import Metric
from graphnn.metrics.operands import cut, labelled, ones_or
from graphnn.ops import cast, diagonal, flatten, greater, scatter_add, where
from graphnn.ops import sum as sum_

AVERAGES = ("auto", "binary", "macro", "micro", "weighted")


def confusion_matrix(
    scores: Node, labels: Node, classes: int | None = None, *, mask: Node | None = None,
    ignored: int | None = None, threshold: float | None = None, probabilities: bool = False,
) -> Metric:  # fmt: skip
    """How often label i was answered by j: the value is (classes, classes), int64, or float64 for float weights.

    classes : how many, by default as many as there are scores
    Shapes and other settings: those of `gn.metrics.accuracy`.
    """
    total, count = _table(
        "confusion_matrix", scores, labels, mask, ignored, threshold, probabilities=probabilities
    )
    if classes is not None and whole_number(classes, "confusion_matrix: classes", 2) != count:
        raise SettingError(f"confusion_matrix: classes is {classes}, but the scores are for {count}.")
    whole = mask is None or mask.dtype is bool_

    def finish(table: Node) -> Node:
        table = table.reshape((count, count))
        return cast(table, int64) if whole else table

    return Metric("confusion matrix", finish, totals=(total,))


def precision(
    scores: Node, labels: Node, *, average: str | None = "auto", mask: Node | None = None,
    ignored: int | None = None, threshold: float | None = None, probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Share of right ones among the answers "this class".

    average : "binary" (of class 1 of two), "macro" (mean over classes), "micro" (over all answers), "weighted" (mean
        over classes by their number of labels), or None: one number per class. "auto" is "binary" for one score per
        label, else "macro".
    Shapes and other settings: those of `gn.metrics.accuracy`.
    """
    total, classes, average = _averaged(
        "precision", scores, labels, average, mask, ignored, threshold, probabilities=probabilities
    )
    return Metric(
        _name("precision", average),
        lambda table: _mean(table, classes, average, lambda hit, true, told: _share(hit, told)),
        totals=(total,),
        better="higher",
    )


def recall(
    scores: Node, labels: Node, *, average: str | None = "auto", mask: Node | None = None,
    ignored: int | None = None, threshold: float | None = None, probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Share of right answers among the rows of a class. Settings: those of `gn.metrics.precision`."""
    total, classes, average = _averaged(
        "recall", scores, labels, average, mask, ignored, threshold, probabilities=probabilities
    )
    return Metric(
        _name("recall", average),
        lambda table: _mean(table, classes, average, lambda hit, true, told: _share(hit, true)),
        totals=(total,),
        better="higher",
    )


def f1(
    scores: Node, labels: Node, *, average: str | None = "auto", mask: Node | None = None,
    ignored: int | None = None, threshold: float | None = None, probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Harmonic mean of precision and recall, 2 hits / (labels + answers). Settings: those of `gn.metrics.precision`."""
    total, classes, average = _averaged(
        "f1", scores, labels, average, mask, ignored, threshold, probabilities=probabilities
    )
    return Metric(
        _name("f1", average),
        lambda table: _mean(table, classes, average, lambda hit, true, told: _share(hit * 2.0, true + told)),
        totals=(total,),
        better="higher",
    )


def balanced_accuracy(
    scores: Node, labels: Node, *, mask: Node | None = None, ignored: int | None = None,
    threshold: float | None = None, probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Mean over the classes that occur of the share of their rows answered rightly, so rare classes count alike.

    Shapes and settings: those of `gn.metrics.accuracy`.
    """
    total, classes = _table(
        "balanced_accuracy", scores, labels, mask, ignored, threshold, probabilities=probabilities
    )

    def finish(table: Node) -> Node:
        hit, true, _ = _counts(table.reshape((classes, classes)))
        return sum_(_share(hit, true)) / sum_(cast(greater(true, 0.0), float64))

    return Metric("balanced accuracy", finish, totals=(total,), better="higher")


def _table(
    who: str, scores: Node, labels: Node, mask: Node | None, ignored: int | None, threshold: float | None, *,
    probabilities: bool,
) -> tuple[Node, int]:  # fmt: skip
    """The table of a batch as one flat float64 total, and the number of classes."""
    with scope(who):
        given = labelled(who, scores, labels, mask, ignored)
        chosen = given.chosen(cut(threshold, who, probabilities=probabilities))
        place = flatten(given.labels * given.classes + chosen)
        weight = flatten(ones_or(given.weight, given.labels))
        zeros = constant(np.zeros(given.classes**2), float64)
        return scatter_add(zeros, place, weight, axis=0), given.classes


def _averaged(
    who: str, scores: Node, labels: Node, average: str | None, mask: Node | None, ignored: int | None,
    threshold: float | None, *, probabilities: bool,
) -> tuple[Node, int, str | None]:  # fmt: skip
    if average is not None and average not in AVERAGES:
        raise SettingError(
            f"{who}: average is one of {', '.join(AVERAGES)} or None, found {average!r}."
            f"{did_you_mean(str(average), AVERAGES)}"
        )
    total, classes = _table(who, scores, labels, mask, ignored, threshold, probabilities=probabilities)
    if average == "auto":
        average = "binary" if scores.shape[-1:] == (1,) or scores.shape == labels.shape else "macro"
    if average == "binary" and classes != 2:
        raise SettingError(f"{who}: average 'binary' is for 2 classes, found {classes}. Use 'macro' or None.")
    return total, classes, average


def _name(word: str, average: str | None) -> str:
    return word if average in ("binary", None) else f"{average} {word}"


def _counts(table: Node) -> tuple[Node, Node, Node]:
    """Per class: hits, labels, answers."""
    return diagonal(table), sum_(table, axis=1), sum_(table, axis=0)


def _share(part: Node, whole: Node) -> Node:
    """part / whole, and 0 where there is nothing to divide by."""
    some = greater(whole, 0.0)
    return where(some, part / where(some, whole, 1.0), 0.0)


def _mean(table: Node, classes: int, average: str | None, share: Callable[[Node, Node, Node], Node]) -> Node:
    hit, true, told = _counts(table.reshape((classes, classes)))
    if average == "micro":
        return share(sum_(hit), sum_(true), sum_(told))
    each = share(hit, true, told)
    if average is None:
        return each
    if average == "binary":
        return each[1]
    weight = true if average == "weighted" else cast(greater(true + told, 0.0), float64)
    return _share(sum_(each * weight), sum_(weight))
