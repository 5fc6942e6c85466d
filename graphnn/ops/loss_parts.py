"""What losses share: a check of shapes, the mean or sum over examples, and the mean over those that count."""

from __future__ import annotations

from graphnn.core.dims import shape_text
from graphnn.core.errors import SettingError, ShapeError, did_you_mean
from graphnn.core.node import Node
from graphnn.ops.reduce import build_mean, build_sum

REDUCTIONS = ("mean", "none", "sum")


def check_same_shape(a: Node, b: Node, who: str, names: tuple[str, str]) -> None:
    """Losses do not broadcast: (n, 1) beside (n) would compare everything with everything."""
    if a.shape != b.shape:
        raise ShapeError(
            f"{who}: {names[0]} is {shape_text(a.shape)} but {names[1]} is {shape_text(b.shape)}; "
            "they must agree, for losses do not broadcast. Use reshape."
        )


def reduce_loss(loss: Node, reduction: str, who: str, count: Node | None = None) -> Node:
    """The loss of each example as it is ("none"), or their mean or sum over all axes.

    With `count`, how much each example counts, the mean is the sum of losses over the sum of counts.
    """
    if reduction not in REDUCTIONS:
        hint = did_you_mean(str(reduction), REDUCTIONS)
        raise SettingError(f"{who}: reduction is 'mean', 'sum' or 'none', found {reduction!r}.{hint}")
    if reduction == "none":
        return loss
    if reduction == "sum":
        return build_sum(loss)
    return build_mean(loss) if count is None else build_sum(loss) / build_sum(count)


def weigh(loss: Node, weight: object, reduction: str, who: str) -> Node:
    """The losses of elements, each times a weight that broadcasts to them, reduced; the mean is over all."""
    return reduce_loss(loss if weight is None else loss * weight, reduction, who)
