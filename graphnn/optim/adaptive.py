"""Steps scaled by past squares of each element's gradient: AdaGrad, AdaDelta, RMSProp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from graphnn.core.dtypes import float64
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction, positive_number
from graphnn.ops import adam_step, blend, blend_square, sgd_step, sqrt
from graphnn.optim.knobs import Knobs, setting
from graphnn.optim.optimizer import Clock, Optimizer, Options
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
        **options: Unpack[Options],
    ):
        super().__init__(learning_rate, **options)
        with scope(self.name):
            self.epsilon = setting(positive_number(epsilon, "epsilon"), "epsilon")
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate, one = Knobs(), clock.rate(), constant(1.0, float64)
        gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        sums = [self.zeros_like(w, "sum of squares") for w in parameters]
        updates: dict[Node, Node] = {}
        for s, g in zip(sums, gradients, strict=True):
            updates[s] = blend_square(s, g, knob(one, g.dtype), knob(one, g.dtype))
        for w, g, s in zip(parameters, gradients, sums, strict=True):
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
        **options: Unpack[Options],
    ):
        super().__init__(learning_rate, **options)
        with scope(self.name):
            self.decay = setting(fraction(decay, "decay"), "decay")
            self.epsilon = setting(positive_number(epsilon, "epsilon"), "epsilon")
            momentum = fraction(momentum, "momentum")
            self.momentum = setting(momentum, "momentum") if momentum else None
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate, one = Knobs(), clock.rate(), constant(1.0, float64)
        gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        rest = one - self.decay
        squares = [self.zeros_like(w, "mean square") for w in parameters]
        updates: dict[Node, Node] = {}
        for v, g in zip(squares, gradients, strict=True):
            updates[v] = blend_square(v, g, knob(self.decay, g.dtype), knob(rest, g.dtype))
        if self.momentum is None:
            for w, g, v in zip(parameters, gradients, squares, strict=True):
                settings = (knob(node, w.dtype) for node in (rate, one, self.epsilon))
                updates[w] = adam_step(w, g, updates[v], *settings)
            return updates
        roots = [sqrt(updates[v]) for v in squares]
        divisors = [root + knob(self.epsilon, root.dtype) for root in roots]
        scaled = [g / divisor for g, divisor in zip(gradients, divisors, strict=True)]
        velocities = [self.zeros_like(w, "velocity") for w in parameters]
        for b, d in zip(velocities, scaled, strict=True):
            updates[b] = blend(b, d, knob(self.momentum, d.dtype), knob(one, d.dtype))
        for w, b in zip(parameters, velocities, strict=True):
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
        **options: Unpack[Options],
    ):
        super().__init__(learning_rate, **options)
        with scope(self.name):
            self.decay = setting(fraction(decay, "decay"), "decay")
            self.epsilon = setting(positive_number(epsilon, "epsilon"), "epsilon")
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate = Knobs(), clock.rate()
        gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        rest = constant(1.0, float64) - self.decay
        squares = [self.zeros_like(w, "mean square") for w in parameters]
        moved = [self.zeros_like(w, "mean square step") for w in parameters]
        updates: dict[Node, Node] = {}

        def blended(old: Node, new: Node) -> Node:
            return blend_square(old, new, knob(self.decay, new.dtype), knob(rest, new.dtype))

        for v, g in zip(squares, gradients, strict=True):
            updates[v] = blended(v, g)
        above = [u + knob(self.epsilon, u.dtype) for u in moved]
        below = [updates[v] + knob(self.epsilon, v.dtype) for v in squares]
        tops, bottoms = [sqrt(a) for a in above], [sqrt(b) for b in below]
        ratios = [top / bottom for top, bottom in zip(tops, bottoms, strict=True)]
        steps = [g * ratio for g, ratio in zip(gradients, ratios, strict=True)]
        for u, step in zip(moved, steps, strict=True):
            updates[u] = blended(u, step)
        for w, step in zip(parameters, steps, strict=True):
            updates[w] = sgd_step(w, step, knob(rate, w.dtype))
        return updates
