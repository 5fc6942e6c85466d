"""Steps scaled by past squares of each element's gradient: AdaGrad, AdaDelta, RMSProp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphnn.core.dtypes import float64
from graphnn.core.leaves import constant, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction, positive_number
from graphnn.ops import adam_step, blend, blend_square, sgd_step, sqrt, square
from graphnn.optim.optimizer import Clock, Knobs, Optimizer
from graphnn.optim.schedules import Schedule
from graphnn.optim.weight_decay import decay_of, with_decay


class AdaGrad(Optimizer):
    """s' = s + g^2; w' = w - rate * g / (sqrt(s') + epsilon). Source: Duchi, Hazan, Singer 2011."""

    name = "AdaGrad"

    def __init__(
        self,
        learning_rate: float = 0.01,
        epsilon: float = 1e-10,
        *,
        weight_decay: float = 0.0,
        schedule: Schedule | None = None,
    ):
        super().__init__(learning_rate, schedule)
        with scope(self.name):
            self.epsilon = parameter(positive_number(epsilon, "epsilon"), "epsilon", float64)
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate, one = Knobs(), clock.rate(), constant(1.0, float64)
        gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        updates: dict[Node, Node] = {}
        for w, g in zip(parameters, gradients, strict=True):
            s = self.zeros_like(w, "sum of squares")
            updates[s] = s + square(g)
            settings = (knob(node, w.dtype) for node in (rate, one, self.epsilon))
            updates[w] = adam_step(w, g, updates[s], *settings)
        return updates


class RMSProp(Optimizer):
    """v' = decay v + (1 - decay) g^2; w' = w - rate * g / (sqrt(v') + epsilon). Source: Hinton 2012, lecture 6e.

    momentum : with it b' = momentum b + g / (sqrt(v') + epsilon) and w' = w - rate * b', as in PyTorch
    """

    name = "RMSProp"

    def __init__(
        self,
        learning_rate: float = 0.01,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        schedule: Schedule | None = None,
    ):
        super().__init__(learning_rate, schedule)
        with scope(self.name):
            self.decay = parameter(fraction(decay, "decay"), "decay", float64)
            self.epsilon = parameter(positive_number(epsilon, "epsilon"), "epsilon", float64)
            momentum = fraction(momentum, "momentum")
            self.momentum = parameter(momentum, "momentum", float64) if momentum else None
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate, one = Knobs(), clock.rate(), constant(1.0, float64)
        gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        rest = one - self.decay
        updates: dict[Node, Node] = {}
        for w, g in zip(parameters, gradients, strict=True):
            v = self.zeros_like(w, "mean square")
            updates[v] = blend_square(v, g, knob(self.decay, g.dtype), knob(rest, g.dtype))
            epsilon, unit = knob(self.epsilon, w.dtype), constant(1.0, w.dtype)
            if self.momentum is None:
                updates[w] = adam_step(w, g, updates[v], knob(rate, w.dtype), unit, epsilon)
                continue
            b = self.zeros_like(w, "velocity")
            scaled = g / (sqrt(updates[v]) + epsilon)
            updates[b] = blend(b, scaled, knob(self.momentum, w.dtype), unit)
            updates[w] = sgd_step(w, updates[b], knob(rate, w.dtype))
        return updates


class AdaDelta(Optimizer):
    """Steps in the units of the parameters, from running means of squared slopes and squared steps.

    v' = decay v + (1 - decay) g^2; d = g sqrt(u + epsilon) / sqrt(v' + epsilon); u' = decay u + (1 - decay) d^2;
    w' = w - rate * d. Source: Zeiler 2012, algorithm 1.
    """

    name = "AdaDelta"

    def __init__(
        self,
        learning_rate: float = 1.0,
        decay: float = 0.9,
        epsilon: float = 1e-6,
        *,
        weight_decay: float = 0.0,
        schedule: Schedule | None = None,
    ):
        super().__init__(learning_rate, schedule)
        with scope(self.name):
            self.decay = parameter(fraction(decay, "decay"), "decay", float64)
            self.epsilon = parameter(positive_number(epsilon, "epsilon"), "epsilon", float64)
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate = Knobs(), clock.rate()
        gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        rest = constant(1.0, float64) - self.decay
        updates: dict[Node, Node] = {}
        for w, g in zip(parameters, gradients, strict=True):
            v, u = self.zeros_like(w, "mean square"), self.zeros_like(w, "mean square step")
            decay, share, epsilon = (knob(node, w.dtype) for node in (self.decay, rest, self.epsilon))
            updates[v] = blend_square(v, g, decay, share)
            step = g * (sqrt(u + epsilon) / sqrt(updates[v] + epsilon))
            updates[u] = blend_square(u, step, decay, share)
            updates[w] = sgd_step(w, step, knob(rate, w.dtype))
        return updates
