"""Stochastic gradient descent, plain, with momentum, and with Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphnn.core.dtypes import float64
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction
from graphnn.ops import blend, sgd_step
from graphnn.optim.optimizer import Knobs, Optimizer


class SGD(Optimizer):
    """w - rate * g; with momentum v' = momentum * v + g and w - rate * v' (PyTorch's convention).

    nesterov : step along g + momentum * v' instead of v'. Source: Sutskever et al. 2013.
    """

    name = "SGD"

    def __init__(self, learning_rate: float = 0.1, momentum: float = 0.0, *, nesterov: bool = False):
        super().__init__(learning_rate)
        momentum = fraction(momentum, "momentum")
        self.has_momentum = momentum > 0.0
        self.nesterov = nesterov
        if nesterov and not self.has_momentum:
            raise SettingError("SGD: nesterov=True needs momentum above 0.")
        with scope(self.name):
            self.momentum = parameter(momentum, "momentum", float64) if self.has_momentum else None

    def build(self, parameters: Sequence[Node], gradients: Sequence[Node]) -> Mapping[Node, Node]:
        knob = Knobs()
        updates: dict[Node, Node] = {}
        directions = list(gradients)
        if self.momentum is not None:
            velocities = [self.zeros_like(w, "velocity") for w in parameters]
            for i, (v, g) in enumerate(zip(velocities, gradients, strict=True)):
                one = constant(1.0, g.dtype)
                updates[v] = blend(v, g, knob(self.momentum, g.dtype), one)
                directions[i] = updates[v]
            if self.nesterov:
                directions = [
                    blend(updates[v], g, knob(self.momentum, g.dtype), constant(1.0, g.dtype))
                    for v, g in zip(velocities, gradients, strict=True)
                ]
        for w, d in zip(parameters, directions, strict=True):
            updates[w] = sgd_step(w, d, knob(self.learning_rate, w.dtype))
        return updates
