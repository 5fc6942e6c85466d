"""Scalars of a step in the dtype that each formula needs."""

from __future__ import annotations

from graphnn.core.dtypes import DType, float64
from graphnn.core.leaves import parameter
from graphnn.core.node import Node
from graphnn.ops import cast


class Knobs:
    """Scalars of a step in the dtype of each parameter: float64 once, cast once per dtype that occurs."""

    def __init__(self) -> None:
        self._cast: dict[tuple[Node, DType], Node] = {}

    def __call__(self, knob: Node, dtype: DType) -> Node:
        if knob.dtype is dtype:
            return knob
        key = (knob, dtype)
        if key not in self._cast:
            self._cast[key] = cast(knob, dtype)
        return self._cast[key]


def setting(value: float, name: str) -> Node:
    """A number that can be turned between steps: a 0-d float64 parameter, which no gradient changes."""
    return parameter(value, name, float64, trainable=False)
