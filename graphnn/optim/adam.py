"""Adam: steps scaled by running moments of each parameter's gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphnn.core.dtypes import float64
from graphnn.core.leaves import constant, counter, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction, positive_number
from graphnn.ops import adam_step, blend, blend_square, cast, sqrt
from graphnn.optim.optimizer import Knobs, Optimizer


class Adam(Optimizer):
    """Adam with bias correction. Source: Kingma and Ba 2015, algorithm 1.

    m' = beta1 m + (1 - beta1) g; v' = beta2 v + (1 - beta2) g^2;
    w' = w - rate / (1 - beta1^t) * m' / (sqrt(v') / sqrt(1 - beta2^t) + epsilon)
    """

    name = "Adam"

    def __init__(
        self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ):
        super().__init__(learning_rate)
        with scope(self.name):
            self.beta1 = parameter(fraction(beta1, "beta1"), "beta1", float64)
            self.beta2 = parameter(fraction(beta2, "beta2"), "beta2", float64)
            self.epsilon = parameter(positive_number(epsilon, "epsilon"), "epsilon", float64)

    def build(self, parameters: Sequence[Node], gradients: Sequence[Node]) -> Mapping[Node, Node]:
        knob = Knobs()
        steps = counter("steps")  # of these parameters: one optimiser may train several models
        self.state.append(steps)
        after = steps + 1
        t = cast(after, float64)
        one = constant(1.0, float64)
        rate = (self.learning_rate / (one - self.beta1**t)).named("rate")
        spread = sqrt(one - self.beta2**t).named("spread")
        rest1, rest2 = one - self.beta1, one - self.beta2
        first = [self.zeros_like(w, "first moment") for w in parameters]
        second = [self.zeros_like(w, "second moment") for w in parameters]
        updates: dict[Node, Node] = {steps: after}
        # Equal formulas stand side by side, so that the engine can run each as one pass over all parameters.
        for m, g in zip(first, gradients, strict=True):
            updates[m] = blend(m, g, knob(self.beta1, g.dtype), knob(rest1, g.dtype))
        for v, g in zip(second, gradients, strict=True):
            updates[v] = blend_square(v, g, knob(self.beta2, g.dtype), knob(rest2, g.dtype))
        for w, m, v in zip(parameters, first, second, strict=True):
            updates[w] = adam_step(
                w,
                updates[m],
                updates[v],
                knob(rate, w.dtype),
                knob(spread, w.dtype),
                knob(self.epsilon, w.dtype),
            )
        return updates
