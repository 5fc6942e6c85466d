"""Measures of an order: how well scores put the rows of a class before the others."""

from __future__ import annotations

from graphnn.core.dtypes import float64, int64
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.metrics.metric import Metric
from graphnn.metrics.operands import Labelled, labelled, ones_or
from graphnn.ops import any as any_
from graphnn.ops import (
    argsort,
    cast,
    cumsum,
    equal,
    expand_dims,
    flatten,
    gather,
    greater,
    isnan,
    log_softmax,
    logical_and,
    not_equal,
    one_hot,
    roll,
    scatter_add,
    transpose,
    where,
)
from graphnn.ops import min as min_
from graphnn.ops import sum as sum_


def auc(
    scores: Node, labels: Node, *, mask: Node | None = None, ignored: int | None = None,
    probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Area under the ROC curve: the chance that a row of the class has a larger score than a row of another.

    Exact, with half a point for ties (mid-ranks); keeps the scores of all rows. For several classes it is the mean of
    each class against the rest, over the classes that have rows inside and outside; the scores of a row then become
    probabilities, unless they are such. NaN where only one class occurs, or a score is NaN.
    Shapes: scores (*b, classes) with labels int64 (*b), or one score per label, (*b) or (*b, 1); mask (*b).
    Source: Fawcett, An introduction to ROC analysis, 2006.
    """

    def finish(inside: Node, outside: Node) -> Node:
        pairs = sum_(inside, axis=-1) * sum_(outside, axis=-1)
        below = cumsum(outside, axis=-1, exclusive=True)
        wins = sum_(inside * (below + outside * 0.5), axis=-1)
        return _mean_of_defined(wins, pairs)

    return _ranked("auc", scores, labels, mask, ignored, finish, probabilities=probabilities)


def average_precision(
    scores: Node, labels: Node, *, mask: Node | None = None, ignored: int | None = None,
    probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Precision at each threshold, weighted by the recall gained there; the mean over classes if they are several.

    Keeps the scores of all rows. Shapes and settings: those of `gn.metrics.auc`. NaN where a class has no row.
    """

    def finish(inside: Node, outside: Node) -> Node:
        hits = cumsum(inside, axis=-1, reverse=True)
        told = hits + cumsum(outside, axis=-1, reverse=True)
        some = greater(told, 0.0)
        shares = where(some, hits / where(some, told, 1.0), 0.0)
        return _mean_of_defined(sum_(inside * shares, axis=-1), sum_(inside, axis=-1))

    return _ranked("average_precision", scores, labels, mask, ignored, finish, probabilities=probabilities)


def _ranked(who, scores, labels, mask, ignored, finish, *, probabilities):  # type: ignore[no-untyped-def]
    with scope(who):
        given = labelled(who, scores, labels, mask, ignored)
        collected = (_comparable(given, probabilities=probabilities), given.labels)
        if given.weight is not None:
            collected = (*collected, given.weight)

    def whole(scores: Node, labels: Node, *weight: Node) -> Node:
        columns, inside, outside = _columns(given, scores, labels, *weight)
        unknown = cast(any_(isnan(columns)), float64)
        value = finish(*_by_score(columns, inside, outside))
        return where(greater(unknown, 0.0), float("nan"), value)

    return Metric(who.replace("_", " "), whole, collected=collected, better="higher")


def _comparable(given: Labelled, *, probabilities: bool) -> Node:
    """Scores that may be compared between rows. The logarithm of a probability keeps its order and has no ties at 1."""
    scores = cast(given.scores, float64)
    return scores if given.binary or probabilities else log_softmax(scores, axis=-1)


def _columns(
    given: Labelled, scores: Node, labels: Node, weight: Node | None = None
) -> tuple[Node, Node, Node]:
    """Per class a row: scores, weights of rows inside, weights outside. Shapes: (classes or 1, rows)."""
    count = expand_dims(flatten(ones_or(weight, labels)), 0)
    labels = flatten(labels)
    if given.binary:
        scores = expand_dims(flatten(scores), 0)
        inside = expand_dims(cast(equal(labels, 1), float64), 0)
    else:
        scores = transpose(scores.reshape((-1, given.classes)))
        inside = transpose(one_hot(labels, given.classes, "float64"))
    # What does not count must not hold NaN either.
    return where(greater(count, 0.0), scores, 0.0), inside * count, (1.0 - inside) * count


def _by_score(scores: Node, inside: Node, outside: Node) -> tuple[Node, Node]:
    """Weights inside and outside per different score, in rising order of scores; zeros at the end."""
    order = argsort(scores, axis=-1)
    scores = gather(scores, order, axis=-1)
    new = cumsum(cast(not_equal(scores, roll(scores, 1, axis=-1)), int64), axis=-1)
    group = new - min_(new, axis=-1, keepdims=True)
    empty = cast(group * 0, float64)
    inside, outside = (
        scatter_add(empty, group, gather(part, order, axis=-1), axis=-1) for part in (inside, outside)
    )
    return inside, outside


def _mean_of_defined(part: Node, whole: Node) -> Node:
    """The mean of part / whole over those with something to divide by; NaN if there is none."""
    some = logical_and(greater(whole, 0.0), equal(whole, whole))
    values = where(some, part / where(some, whole, 1.0), 0.0)
    return sum_(values) / sum_(cast(some, float64))
