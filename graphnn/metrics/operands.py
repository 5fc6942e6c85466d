"""What every metric asks of its operands: predictions, labels, and which places count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphnn.core.dims import Dim, shape_text
from graphnn.core.dtypes import bool_, float64, int64, is_float
from graphnn.core.errors import DtypeError, GraphError, SettingError, ShapeError
from graphnn.core.leaves import constant, describe
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.ops import argmax, broadcast_to, cast, equal, greater, logical_not, size, where
from graphnn.ops import sum as sum_


@dataclass(frozen=True)
class Labelled:
    """Scores and labels that fit: `scores` (*b, classes), or (*b) where one score per place tells 1 from 0."""

    scores: Node
    labels: Node  # int64 (*b), 0 where the place does not count
    weight: Node | None  # float64 (*b): how much each place counts; None means 1
    classes: int
    binary: bool

    def chosen(self, threshold: float) -> Node:
        """The predicted label of each place, int64 (*b)."""
        if self.binary:
            return cast(greater(self.scores, threshold), int64)
        return argmax(self.scores, axis=-1)

    def total(self, x: Node) -> Node:
        """The sum of x (*b) over the places that count, float64 ()."""
        return weighted_sum(x, self.weight)

    def count(self) -> Node:
        """How many places count, float64 ()."""
        return weight_of(self.labels, self.weight)


def labelled(who: str, scores: Node, labels: Node, mask: Node | None, ignored: int | None) -> Labelled:
    """Check scores against labels; ShapeError, DtypeError or GraphError in words."""
    require_nodes(who, scores, labels)
    if not is_float(scores.dtype):
        raise DtypeError(f"{who}: scores {describe(scores)} are not floats.")
    binary = scores.shape == labels.shape or scores.shape == (*labels.shape, 1)
    if not labels.shape or not (binary or scores.shape[:-1] == labels.shape):
        raise ShapeError(
            f"{who}: scores are {describe(scores)} but labels {describe(labels)}; wanted (*b, classes) and (*b), "
            "or one score per label for two classes."
        )
    if not isinstance(labels.shape[0], Dim):
        raise ShapeError(f"{who}: the first axis of {describe(labels)} must be named, as in ('batch',).")
    classes = 2 if binary else scores.shape[-1]
    if not isinstance(classes, int):
        raise ShapeError(f"{who}: the number of classes of {describe(scores)} must be known.")
    if not binary and labels.dtype is not int64:
        raise DtypeError(f"{who}: labels {describe(labels)} are class numbers; wanted int64.")
    if binary and scores.shape != labels.shape:
        scores = scores.reshape(labels.shape)
    floats = is_float(labels.dtype)
    whole = labels if labels.dtype is int64 else cast(greater(labels, 0.5) if floats else labels, int64)
    weight = weights(who, labels.shape, mask)
    if ignored is not None:
        ignored = _label(ignored, who)
        counts = logical_not(equal(labels, float(ignored)) if floats else equal(whole, ignored))
        whole = where(counts, whole, 0)
        one = cast(counts, float64)
        weight = one if weight is None else weight * one
    elif weight is not None:  # a masked place may hold any number, such as -1 for padding
        whole = where(greater(weight, 0.0), whole, 0)
    return Labelled(scores, whole, weight, classes, binary)


def require_nodes(who: str, *nodes: Any) -> None:
    for node in nodes:
        if not isinstance(node, Node):
            raise GraphError(f"{who}: wanted nodes, found {node!r}.")


def weights(who: str, shape: Sequence[Any], mask: Node | None) -> Node | None:
    """The mask as float64 weights of this shape."""
    if mask is None:
        return None
    require_nodes(who, mask)
    if mask.shape != tuple(shape):
        raise ShapeError(f"{who}: mask is {describe(mask)}, wanted the labels' {shape_text(tuple(shape))}.")
    if mask.dtype is not bool_ and not is_float(mask.dtype):
        raise DtypeError(f"{who}: mask {describe(mask)} is bool, or float for weights.")
    return cast(mask, float64)


def weighted_sum(x: Node, weight: Node | None, axis: int | None = None) -> Node:
    """The sum in float64; what has weight 0 does not enter, not even NaN."""
    x = cast(x, float64)
    if weight is not None:
        x = where(greater(weight, 0.0), x * weight, 0.0)
    return sum_(x) if axis is None else sum_(x, axis=axis)


def weight_of(places: Node, weight: Node | None) -> Node:
    """The sum of the weights, or the number of places, float64 ()."""
    return cast(size(dims=places.shape), float64) if weight is None else sum_(weight)


def ones_or(weight: Node | None, like: Node) -> Node:
    """The weights, or ones of that shape."""
    return broadcast_to(constant(1.0, float64), like.shape) if weight is None else weight


def cut(threshold: float | None, who: str, *, probabilities: bool) -> float:
    """Above which score the answer is 1: by default 0 for logits, 0.5 for probabilities."""
    if threshold is None:
        return 0.5 if probabilities else 0.0
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or threshold != threshold:
        raise SettingError(f"{who}: threshold is a number, found {threshold!r}.")
    return float(threshold)


def _label(value: Any, who: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingError(f"{who}: ignored is a label such as -1, found {value!r}.")
    return value if value < 0 else whole_number(value, f"{who}: ignored")
