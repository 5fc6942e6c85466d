"""Weight decay in its two forms: as the slope of an L2 penalty, and apart from the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphnn.core.dtypes import float64
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant, parameter
from graphnn.core.node import Node
from graphnn.ops import blend

if TYPE_CHECKING:
    from graphnn.optim.optimizer import Knobs


def decay_of(weight_decay: float) -> Node | None:
    """The setting as a knob of the graph; None for 0, so that nothing is built for it."""
    if (
        not isinstance(weight_decay, int | float)
        or isinstance(weight_decay, bool)
        or not 0.0 <= weight_decay < 1e6
    ):
        raise SettingError(f"weight_decay is a number of 0 or more, found {weight_decay!r}.")
    return parameter(float(weight_decay), "weight_decay", float64) if weight_decay else None


def with_decay(
    parameters: Sequence[Node], gradients: Sequence[Node], decay: Node | None, knob: Knobs
) -> list[Node]:
    """g + decay * w, the gradients of the loss plus decay / 2 * |w|^2."""
    if decay is None:
        return list(gradients)
    return [
        blend(w, g, knob(decay, g.dtype), constant(1.0, g.dtype))
        for w, g in zip(parameters, gradients, strict=True)
    ]


def decayed(parameters: Sequence[Node], rate: Node, decay: Node | None, knob: Knobs) -> list[Node]:
    """w * (1 - rate * decay)."""
    if decay is None:
        return list(parameters)
    share = (constant(1.0, float64) - rate * decay).named("what stays")
    return [w * knob(share, w.dtype) for w in parameters]
