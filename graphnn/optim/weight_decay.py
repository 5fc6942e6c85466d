"""Weight decay in its two forms: as the slope of an L2 penalty, and apart from the gradient."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.ops import blend
from graphnn.optim.knobs import Knobs, setting


def decay_of(weight_decay: float) -> Node | None:
    """The setting as a knob of the graph; None for 0, so that nothing is built for it."""
    if (
        not isinstance(weight_decay, int | float)
        or isinstance(weight_decay, bool)
        or not 0.0 <= weight_decay < 1e6
    ):
        raise SettingError(f"weight_decay is a number of 0 or more, found {weight_decay!r}.")
    return setting(float(weight_decay), "weight_decay") if weight_decay else None


def with_decay(
    parameters: Sequence[Node], gradients: Sequence[Node], decay: Node | None, knob: Knobs
) -> list[Node]:
    """g + decay * w, the gradients of the loss plus decay / 2 * |w|^2.

    Added to the direction of a step instead, it is decay apart from the gradient: w is multiplied by
    1 - rate * decay. The new value of w then reads w itself, and is made in its room.
    """
    if decay is None:
        return list(gradients)
    return [
        blend(w, g, knob(decay, g.dtype), constant(1.0, g.dtype))
        for w, g in zip(parameters, gradients, strict=True)
    ]
