"""Stochastic gradient descent: plain, with momentum, with Nesterov's look ahead, and by sign only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from graphnn.core.dtypes import float64
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction
from graphnn.ops import blend, sgd_step, sign
from graphnn.optim.knobs import Knobs, setting
from graphnn.optim.optimizer import Clock, Optimizer, Options
from graphnn.optim.weight_decay import decay_of, with_decay


class SGD(Optimizer):
    """w - rate * g; with momentum v' = momentum * v + g and w - rate * v' (PyTorch's convention).

    nesterov : step along g + momentum * v' instead of v'. Source: Sutskever et al. 2013
    weight_decay : added to the gradient as weight_decay * w, the slope of an L2 penalty
    """

    name = "SGD"

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ):
        super().__init__(learning_rate, **options)
        momentum = fraction(momentum, "momentum")
        self.has_momentum = momentum > 0.0
        self.nesterov = nesterov
        if nesterov and not self.has_momentum:
            raise SettingError("SGD: nesterov=True needs momentum above 0.")
        with scope(self.name):
            self.momentum = setting(momentum, "momentum") if self.has_momentum else None
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob = Knobs()
        updates: dict[Node, Node] = {}
        directions = with_decay(parameters, gradients, self.weight_decay, knob)
        if self.momentum is not None:
            velocities = [self.zeros_like(w, "velocity") for w in parameters]
            slopes = list(directions)
            for i, (v, g) in enumerate(zip(velocities, slopes, strict=True)):
                updates[v] = blend(v, g, knob(self.momentum, g.dtype), constant(1.0, g.dtype))
                directions[i] = updates[v]
            if self.nesterov:
                directions = [
                    blend(updates[v], g, knob(self.momentum, g.dtype), constant(1.0, g.dtype))
                    for v, g in zip(velocities, slopes, strict=True)
                ]
        rate = clock.rate()
        for w, d in zip(parameters, directions, strict=True):
            updates[w] = sgd_step(w, d, knob(rate, w.dtype))
        return updates


class SignSGD(Optimizer):
    """w - rate * sign(g): every parameter moves equally far. Source: Bernstein et al. 2018."""

    name = "SignSGD"

    def __init__(self, learning_rate: float = 0.001, **options: Unpack[Options]):
        super().__init__(learning_rate, **options)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate = Knobs(), clock.rate()
        signs = [sign(g) for g in gradients]
        return {w: sgd_step(w, s, knob(rate, w.dtype)) for w, s in zip(parameters, signs, strict=True)}


class Lion(Optimizer):
    """Steps of equal length along the sign of a momentum. Source: Chen et al. 2023, program 1.

    w' = w (1 - rate * weight_decay) - rate * sign(beta1 m + (1 - beta1) g); m' = beta2 m + (1 - beta2) g
    """

    name = "Lion"

    def __init__(
        self,
        learning_rate: float = 0.0001,
        beta1: float = 0.9,
        beta2: float = 0.99,
        *,
        weight_decay: float = 0.0,
        **options: Unpack[Options],
    ):
        super().__init__(learning_rate, **options)
        with scope(self.name):
            self.beta1 = setting(fraction(beta1, "beta1"), "beta1")
            self.beta2 = setting(fraction(beta2, "beta2"), "beta2")
            self.weight_decay = decay_of(weight_decay)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob, rate, one = Knobs(), clock.rate(), constant(1.0, float64)
        rest1, rest2 = one - self.beta1, one - self.beta2
        moments = [self.zeros_like(w, "momentum") for w in parameters]
        # All reads of a momentum come before its new value, which is then made in its room.
        looks = [
            blend(m, g, knob(self.beta1, g.dtype), knob(rest1, g.dtype))
            for m, g in zip(moments, gradients, strict=True)
        ]
        directions = with_decay(parameters, [sign(look) for look in looks], self.weight_decay, knob)
        updates: dict[Node, Node] = {}
        for m, g in zip(moments, gradients, strict=True):
            updates[m] = blend(m, g, knob(self.beta2, g.dtype), knob(rest2, g.dtype))
        for w, direction in zip(parameters, directions, strict=True):
            updates[w] = sgd_step(w, direction, knob(rate, w.dtype))
        return updates
