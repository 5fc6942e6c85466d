"""Layers that mix the examples of a batch with one another, inputs and targets alike: mixup and CutMix.

>>> import graphnn as gn
>>> x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
>>> mixed, soft = gn.nn.Mixup(0.2, seed=1)(x, gn.one_hot(y, 10), training=True)
>>> loss = gn.softmax_cross_entropy_soft(gn.nn.Dense(10)(mixed), soft)
>>> loss.shape
()
"""

from __future__ import annotations

from graphnn.core.dtypes import is_float
from graphnn.core.errors import DtypeError, GraphError, ShapeError
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.settings import positive_number
from graphnn.nn.augmentation import check_images
from graphnn.nn.layer import Layer
from graphnn.ops import (
    arange,
    floor,
    logical_and,
    permutation,
    random_beta,
    random_uniform,
    reshape,
    sqrt,
    take_rows,
    where,
)


class Mixup(Layer):
    """Training: each example becomes share * itself + (1 - share) * another of the batch, and its target likewise.

    Called with two operands, and gives two: `x, y = mixup(x, y, training=True)`; inference: both as they are.
    Shapes: x (batch, ...), y floats (batch, ...), such as gn.one_hot(labels, classes).

    alpha : shares are drawn from Beta(alpha, alpha) for each example: near 0 examples are hardly mixed, 1 is even

    Source: Zhang, Cisse, Dauphin and Lopez-Paz, mixup: Beyond empirical risk minimization, ICLR 2018.
    """

    def __init__(self, alpha: float = 0.2, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.alpha = positive_number(alpha, "Mixup: alpha")

    def apply(self, x: Node, y: Node | None = None, *, training: bool) -> tuple[Node, Node]:
        y = _checked_targets(self, x, y)
        if not training:
            return x, y
        share, other = _share_and_other(self, x, self.alpha)
        mixed, soft = (_blended(part, share, other) for part in (x, y))
        return mixed, soft


class CutMix(Layer):
    """Training: a rectangle of each image is taken from another of the batch; targets are mixed by its area.

    Called with two operands, and gives two: `x, y = cutmix(x, y, training=True)`; inference: both as they are.
    Shapes: x (batch, channels, h, w), y floats (batch, ...), such as gn.one_hot(labels, classes).

    alpha : the share that images keep is drawn from Beta(alpha, alpha) for each, before rectangles are cut off at edges

    Source: Yun et al., CutMix: Regularization strategy to train strong classifiers, ICCV 2019.
    """

    def __init__(self, alpha: float = 1.0, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.alpha = positive_number(alpha, "CutMix: alpha")

    def apply(self, x: Node, y: Node | None = None, *, training: bool) -> tuple[Node, Node]:
        y = _checked_targets(self, x, y)
        sizes = check_images(self, x)
        if not training:
            return x, y
        share, other = _share_and_other(self, x, self.alpha)
        side = sqrt(1.0 - share)
        within = []
        for axis, word, length in zip((2, 3), ("down", "right"), sizes, strict=True):
            half = floor(side * length) * 0.5
            middle = random_uniform(self.counter, (x.shape[0],), self.stream(word), x.dtype) * length
            line = (1, 1, length, 1) if axis == 2 else (1, 1, 1, length)
            distance = reshape(arange(length).cast(x.dtype) + 0.5, line) - reshape(
                middle, (x.shape[0], 1, 1, 1)
            )
            wide = reshape(half, (x.shape[0], 1, 1, 1))
            within.append(logical_and(distance >= -wide, distance < wide))
        inside = logical_and(*within)
        kept = 1.0 - inside.cast(x.dtype).mean(axis=(1, 2, 3))
        return where(inside, take_rows(x, other), x), _blended(y, kept, other)


def _share_and_other(layer: Layer, x: Node, alpha: float) -> tuple[Node, Node]:
    """For each example the share that it keeps, and the row that it is mixed with."""
    share = random_beta(alpha, alpha, layer.counter, (x.shape[0],), layer.stream("share"), x.dtype)
    return share, permutation(layer.counter, x.shape[0], layer.stream("other"))


def _blended(part: Node, share: Node, other: Node) -> Node:
    share = reshape(share.cast(part.dtype), (part.shape[0], *(1,) * (part.ndim - 1)))
    return part * share + take_rows(part, other) * (1.0 - share)


def _checked_targets(layer: Layer, x: Node, y: Node | None) -> Node:
    if y is None:
        raise GraphError(
            f"layer {layer.name}: wanted two operands, x and its targets, and gives two; so it stands before a model, "
            "not within gn.nn.Sequential."
        )
    if not is_float(y.dtype):
        raise DtypeError(
            f"layer {layer.name}: {describe(y)} holds no floats, and labels cannot be mixed. Pass "
            "gn.one_hot(y, classes)."
        )
    if x.ndim == 0 or y.ndim == 0 or x.shape[0] != y.shape[0]:
        raise ShapeError(f"layer {layer.name}: {describe(x)} and {describe(y)} differ in their batch axis.")
    return y
