"""Measures of predicted numbers: squared and absolute error, the share of variance explained."""

from __future__ import annotations

from collections.abc import Callable

from graphnn.core.dims import Dim, size_of
from graphnn.core.dtypes import float64, is_float
from graphnn.core.errors import DtypeError, ShapeError
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.metrics.metric import Metric
from graphnn.metrics.operands import ones_or, require_nodes, weight_of, weighted_sum, weights
from graphnn.ops import abs as abs_
from graphnn.ops import cast, equal, expand_dims, greater, logical_not, mean, sqrt, where
from graphnn.ops import sum as sum_


def mean_squared_error(predicted: Node, targets: Node, *, mask: Node | None = None) -> Metric:
    """Mean of the squared differences over all places that count. Shapes: predicted, targets, mask (*b)."""
    return _error("mean_squared_error", predicted, targets, mask, lambda e: e * e, lambda x: x)


def root_mean_squared_error(predicted: Node, targets: Node, *, mask: Node | None = None) -> Metric:
    """Root of the mean squared difference, in the targets' unit. Shapes: predicted, targets, mask (*b)."""
    return _error("root_mean_squared_error", predicted, targets, mask, lambda e: e * e, sqrt)


def mean_absolute_error(predicted: Node, targets: Node, *, mask: Node | None = None) -> Metric:
    """Mean of the absolute differences, in the targets' unit. Shapes: predicted, targets, mask (*b)."""
    return _error("mean_absolute_error", predicted, targets, mask, abs_, lambda x: x)


def r2(predicted: Node, targets: Node, *, mask: Node | None = None) -> Metric:
    """1 - squared error / variance of the targets: 1 is perfect, 0 what the mean of the targets would give.

    Keeps the predictions of all rows, since the variance is taken about the mean of all. Several targets per row are
    measured one by one and averaged. Constant targets give 1 if met exactly, else 0; fewer than two rows give NaN.
    Shapes: predicted, targets (batch, *targets); mask (batch).
    """
    return _explained("r2", predicted, targets, mask, lambda error, weight: error)


def explained_variance(predicted: Node, targets: Node, *, mask: Node | None = None) -> Metric:
    """1 - variance of the error / variance of the targets: like `r2`, but blind to a constant error.

    Shapes and rules: those of `gn.metrics.r2`.
    """
    return _explained(
        "explained_variance", predicted, targets, mask, lambda error, weight: error - _mean(error, weight)
    )


def _error(
    who: str, predicted: Node, targets: Node, mask: Node | None, measure: Callable[[Node], Node],
    last: Callable[[Node], Node],
) -> Metric:  # fmt: skip
    with scope(who):
        predicted, targets = _pair(who, predicted, targets)
        weight = weights(who, targets.shape, mask)
        totals = (weighted_sum(measure(predicted - targets), weight), weight_of(targets, weight))
    return Metric(
        who.replace("_", " "), lambda total, count: last(total / count), totals=totals, better="lower"
    )


def _explained(
    who: str, predicted: Node, targets: Node, mask: Node | None, rest: Callable[[Node, Node], Node]
) -> Metric:
    with scope(who):
        predicted, targets = _pair(who, predicted, targets)
        weight = weights(who, targets.shape[:1], mask)
    collected = (predicted, targets) if weight is None else (predicted, targets, weight)

    def finish(predicted: Node, targets: Node, *given: Node) -> Node:
        columns = size_of(targets.shape[1:])
        predicted, targets = (node.reshape((-1, columns)) for node in (predicted, targets))
        weight = expand_dims(ones_or(given[0] if given else None, targets[:, 0]), 1)
        predicted, targets = (where(greater(weight, 0.0), node, 0.0) for node in (predicted, targets))
        left = sum_(rest(targets - predicted, weight) ** 2.0 * weight, axis=0)
        all_ = sum_((targets - _mean(targets, weight)) ** 2.0 * weight, axis=0)
        some = logical_not(equal(all_, 0.0))  # NaN goes on as NaN
        constant = cast(equal(left, 0.0), float64) + left * 0.0
        each = where(some, 1.0 - left / where(some, all_, 1.0), constant)
        enough = greater(sum_(cast(greater(weight, 0.0), float64)), 1.0)
        return where(enough, mean(each), float("nan"))

    return Metric(who.replace("_", " "), finish, collected=collected, better="higher")


def _mean(x: Node, weight: Node) -> Node:
    """The weighted mean of each column of x (rows, targets)."""
    return sum_(x * weight, axis=0, keepdims=True) / sum_(weight)


def _pair(who: str, predicted: Node, targets: Node) -> tuple[Node, Node]:
    """Both in float64 and in the targets' shape; (batch, 1) beside (batch) is a column."""
    require_nodes(who, predicted, targets)
    for node in (predicted, targets):
        if not is_float(node.dtype):
            raise DtypeError(f"{who}: {describe(node)} is not a float. Convert it: .cast('float64').")
    shape = targets.shape
    if not shape or not isinstance(shape[0], Dim):
        raise ShapeError(f"{who}: the first axis of {describe(targets)} must be named, as in ('batch',).")
    if predicted.shape != shape and predicted.shape != (*shape, 1) and (*predicted.shape, 1) != shape:
        raise ShapeError(
            f"{who}: predictions are {describe(predicted)} but targets {describe(targets)}; wanted one shape."
        )
    if predicted.shape != shape:
        predicted = predicted.reshape(shape)
    return cast(predicted, float64), cast(targets, float64)
