"""Newton's method: steps by the whole Hessian, for models of a few hundred numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.settings import positive_number
from graphnn.ops import (
    abs,
    cast,
    concat,
    diagonal,
    dot,
    eye,
    greater,
    less,
    less_equal,
    logical_and,
    maximum,
    minimum,
    solve,
    sqrt,
    where,
)
from graphnn.optim.flat import Flat
from graphnn.optim.knobs import setting
from graphnn.optim.line_search import Backtracking, SearchOptions, checked_search, stepped
from graphnn.optim.optimizer import Clock, Optimizer
from graphnn.transform.curvature import hessian

LARGEST_NEWTON = 500
"""Numbers in the parameters up to which Newton builds a Hessian: one backward pass for each, in the graph."""

# The cosine of the angle to the gradient below which a direction is no descent that one can rely on.
_FLATTEST = 1e-10

# A shift that is this share of the diagonal is as good as none.
_SMALL = 1e-6

# Added to the diagonal, as a share of it, so that a number that the loss does not depend on makes no system singular.
_FLOOR = 1e-12


class Newton(Optimizer):
    """w' = w - length * (H + damping I)^-1 g, with H the Hessian of the loss for all parameters as one vector.

    learning_rate : the first length to be tried; 1 is Newton's step
    damping : added to the diagonal; a knob, `optimizer.damping.value`. 0: none
    search : how the length is found; None: always the whole length

    Where the Hessian is not positive definite the direction may lead uphill: then the step goes against the gradient
    instead. After such a step, and after one that found no length, a shift is added to the diagonal, a hundredth of its
    mean at first and then four times as much; good steps make it a quarter, down to none. So the method leaves saddles,
    and is Newton's where the loss is convex. A share of 1e-12 (1e-6 in float32) is always added, for units that are
    never active and softmax weights without a penalty make the Hessian singular. Needs the loss, and its whole data as
    one batch.

    Raises ShapeError for more than 500 numbers: use LBFGS or ConjugateGradient. Source: Nocedal and Wright 2006,
    section 3.3.
    """

    name = "Newton"
    takes = ("schedule", "average")

    def __init__(
        self,
        learning_rate: float = 1.0,
        damping: float = 0.0,
        *,
        search: Backtracking | None = Backtracking(),  # noqa: B008
        **options: Unpack[SearchOptions],
    ):
        super().__init__(learning_rate, **options)
        self.damping = damping_of(damping, self.name)
        self.search = None if search is None else checked_search(search, self.name)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        loss, flat = clock.loss(self.name), Flat(parameters, self.name)
        flat.at_most(LARGEST_NEWTON, self.name, "Use gn.optim.LBFGS or gn.optim.ConjugateGradient.")
        g = flat.join(gradients)
        h = cast(whole_hessian(loss, parameters, flat), float64)  # solving is cheap beside making it
        shift = self.kept(0.0, "shift", float64)
        size = abs(diagonal(h)).mean()
        least = max(_FLOOR, 8.0 * float(np.finfo(flat.dtype).eps))
        floor = where(greater(size, 0.0), size * least, constant(1.0, float64))
        added = shift + floor if self.damping is None else self.damping + shift + floor
        direction = cast(-solve(h + eye(flat.size, dtype=float64) * added, cast(g, float64)), flat.dtype)
        descends, direction, slope = downhill(direction, g)
        directions = flat.split(direction)
        length = clock.rate()
        if self.search is not None:
            length = self.search.length(loss, parameters, directions, slope, length)
            descends = logical_and(descends, greater(length, 0.0))
        less_shift = where(less(shift, size * _SMALL), constant(0.0, float64), shift * 0.25)
        more_shift = minimum(maximum(shift * 4.0, size * 0.01), size * 1000.0)
        return {**stepped(parameters, directions, length), shift: where(descends, less_shift, more_shift)}


def damping_of(value: float, who: str) -> Node | None:
    """The setting as a knob; None for 0."""
    if value == 0.0 and not isinstance(value, bool):
        return None
    try:
        return setting(positive_number(value, f"{who}: damping"), "damping")
    except SettingError:
        raise SettingError(f"{who}: damping is a number of 0 or more, found {value!r}.") from None


def whole_hessian(loss: Node, parameters: Sequence[Node], flat: Flat) -> Node:
    """The Hessian of the loss for all parameters as one vector, (n, n)."""
    blocks = hessian(loss, list(parameters))
    rows = [
        concat([block.reshape(n, m) for block, m in zip(row, flat.sizes, strict=True)], axis=1)
        for row, n in zip(blocks, flat.sizes, strict=True)
    ]
    return concat(rows, axis=0)


def downhill(direction: Node, g: Node) -> tuple[Node, Node, Node]:
    """Whether the direction leads down; it, or else minus the gradient; and the slope along that, float64.

    Where the gradient is 0, no direction is wrong.
    """
    slope, steepest = cast(dot(direction, g), float64), cast(dot(g, g), float64)
    lengths = sqrt(cast(dot(direction, direction), float64) * steepest)
    good = less_equal(slope, lengths * -_FLATTEST)
    return good, where(good, direction, -g), where(good, slope, -steepest)
