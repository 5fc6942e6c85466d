"""Dropout: while training, forget a share of the features at random, so that units do not rely on each other."""

from __future__ import annotations

from graphnn.core.dims import Shape
from graphnn.core.dtypes import DType
from graphnn.core.node import Node
from graphnn.core.settings import fraction
from graphnn.nn.layer import Layer
from graphnn.ops import dropout


class Dropout(Layer):
    """Training: each element becomes 0 with probability `rate`, the others grow by 1 / (1 - rate). Inference: nothing.

    Draws depend on the seed, the layer's path of names, and a counter that a trainer advances with each step.
    Source: Srivastava et al. 2014.
    """

    def __init__(self, rate: float = 0.5, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.rate = fraction(rate, "Dropout: rate")

    def build(self, shape: Shape, dtype: DType) -> None:
        self.steps = self.counter
        self._draws = self.stream("mask")

    def fits(self, shape: Shape) -> bool:
        """Any shape does."""
        return True

    def apply(self, x: Node, *, training: bool) -> Node:
        if not training or self.rate == 0.0:
            return x
        return dropout(x, self.rate, self.steps, self._draws)
