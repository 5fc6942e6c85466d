"""Limit what a step has made: keep the incoming weights of every unit within a length.

>>> import graphnn as gn
>>> optimizer = gn.optim.SGD(0.1, limit=gn.optim.max_norm(3.0))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.core.settings import positive_number
from graphnn.ops import maximum, sqrt, square, sum
from graphnn.optim.knobs import Knobs, setting
from graphnn.optim.naming import checked_pattern, chosen


@dataclass(frozen=True)
class MaxNorm:
    """A limit of the length of weights; `limit` is a 0-d parameter: set `limit.limit.value` between steps."""

    limit: Node
    axis: tuple[int, ...] | None
    only: str | None

    def __call__(self, parameters: Sequence[Node], updates: dict[Node, Node], knob: Knobs) -> None:
        """Put the limited values in the place of the new values of parameters."""
        for w, mine in zip(parameters, chosen(parameters, self.only, "max_norm"), strict=True):
            if not mine or w not in updates:
                continue
            axis = ((0,) if w.ndim <= 2 else tuple(range(1, w.ndim))) if self.axis is None else self.axis
            if any(not -w.ndim <= a < w.ndim for a in axis):
                raise SettingError(f"max_norm: axis {axis} is not one of {w.name}, which has {w.ndim} axes.")
            new, c = updates[w], knob(self.limit, w.dtype)
            # The root of c * c is c, so that what is short enough is multiplied by exactly 1.
            length = sqrt(maximum(sum(square(new), axis=axis, keepdims=True), c * c))
            updates[w] = new * (c / length)

    def __repr__(self) -> str:
        return f"<max_norm({float(self.limit.value):g})>"


def max_norm(limit: float, axis: int | Sequence[int] | None = None, *, only: str | None = None) -> MaxNorm:
    """After each step, shorten the incoming weights of every unit whose length is beyond `limit`.

    axis : over which one unit's weights lie. Without it: axis 0 of a matrix (inputs, units), and all axes but the
        first of a convolution's weights (channels, ...)
    only : a pattern of names "scope/name"; without it all parameters with two axes or more

    Source: Srivastava et al., Dropout, JMLR 2014, section 5.1.
    """
    axes = None if axis is None else tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    if axes is not None and not all(isinstance(a, int) and not isinstance(a, bool) for a in axes):
        raise SettingError(f"max_norm: axis is a whole number or several, found {axis!r}.")
    bound = positive_number(limit, "max_norm: limit")
    return MaxNorm(
        setting(bound, "largest length"),
        axes,
        checked_pattern(only, "max_norm"),
    )
