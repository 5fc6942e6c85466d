"""Sequential: layers and functions, one after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.nn.layer import Layer, Step, apply_step


class Sequential(Layer):
    """Apply each step to the result of the step before it.

    Steps are layers, or functions of a node such as `gn.relu`. Layers that have no name of their own are numbered
    (`dense1`, `dense2`), and take the model's seed, so one seed fixes all first values. A layer that stands twice is
    applied twice with the same parameters.

    Example
    -------
    >>> import graphnn as gn
    >>> net = gn.nn.Sequential([gn.nn.Dense(16, gn.relu), gn.nn.Dense(3)], seed=1)
    >>> net(gn.input("x", ("batch", 4))).shape
    (batch, 3)
    >>> [p.shape for p in net.parameters]
    [(4, 16), (16,), (16, 3), (3,)]
    """

    takes: ClassVar[str] = "any"
    default_name: ClassVar[str] = "net"

    def __init__(self, steps: Iterable[Step], *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.steps = self.add_steps(steps)
        if not self.steps:
            raise SettingError("Sequential: wanted at least one layer.")

    def apply(self, x: Node, *, training: bool) -> Node:
        for step in self.steps:
            x = apply_step(step, x, f"layer {self.name}", training=training)
        return x
