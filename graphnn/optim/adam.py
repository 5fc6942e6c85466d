"""Adam and its kin: steps scaled by running moments of each parameter's gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from graphnn.core.dtypes import float64
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction, positive_number
from graphnn.ops import adam_step, blend, blend_square, maximum, sgd_step, sqrt
from graphnn.optim.knobs import Knobs, setting
from graphnn.optim.optimizer import Clock, Optimizer, Options
from graphnn.optim.weight_decay import decay_of, with_decay


class Adam(Optimizer):
    """Adam with bias correction. Source: Kingma and Ba 2015, algorithm 1.

    m' = beta1 m + (1 - beta1) g; v' = beta2 v + (1 - beta2) g^2;
    w' = w - rate / (1 - beta1^t) * m' / (sqrt(v') / sqrt(1 - beta2^t) + epsilon)

    weight_decay : added to the gradient as weight_decay * w, the slope of an L2 penalty
    amsgrad : divide by the largest v' so far. Source: Reddi, Kale, Kumar 2018
    """

    name = "Adam"
    decay_is_decoupled = False

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ):
        super().__init__(learning_rate, **options)
        with scope(self.name):
            self.beta1 = setting(fraction(beta1, "beta1"), "beta1")
            self.beta2 = setting(fraction(beta2, "beta2"), "beta2")
            self.epsilon = setting(positive_number(epsilon, "epsilon"), "epsilon")
            self.weight_decay = decay_of(weight_decay)
        self.amsgrad = amsgrad

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob = Knobs()
        t, one = clock.after(), constant(1.0, float64)
        share = (one - self.beta1**t).named("share")
        spread = sqrt(one - self.beta2**t).named("spread")
        if not self.decay_is_decoupled:
            gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        updates = self.moments(parameters, gradients, knob)
        first, second = list(updates)[: len(parameters)], list(updates)[len(parameters) :]
        divisors = [updates[v] for v in second]
        if self.amsgrad:
            largest = [self.zeros_like(w, "largest second moment") for w in parameters]
            for k, old in enumerate(largest):
                divisors[k] = updates[old] = maximum(old, divisors[k])
        starts, rate = list(parameters), (clock.rate() / share).named("rate")
        if self.decay_is_decoupled and self.weight_decay is not None:
            # decay * w + the step's direction, so that the new w reads w and is made in its room
            starts = [w * knob(self.weight_decay, w.dtype) for w in parameters]
            rate = -one / share
        moved = [
            adam_step(
                start,
                updates[m],
                v,
                knob(rate, start.dtype),
                knob(spread, start.dtype),
                knob(self.epsilon, start.dtype),
            )
            for start, m, v in zip(starts, first, divisors, strict=True)
        ]
        if self.decay_is_decoupled and self.weight_decay is not None:
            moved = [
                sgd_step(w, d, knob(clock.rate(), w.dtype)) for w, d in zip(parameters, moved, strict=True)
            ]
        updates.update(zip(parameters, moved, strict=True))
        return updates

    def moments(self, parameters: Sequence[Node], gradients: Sequence[Node], knob: Knobs) -> dict[Node, Node]:
        """New values of all first moments, then of all second ones.

        Equal formulas stand side by side, so that the engine can run each as one pass over all parameters.
        """
        one = constant(1.0, float64)
        rest1, rest2 = one - self.beta1, one - self.beta2
        first = [self.zeros_like(w, "first moment") for w in parameters]
        second = [self.zeros_like(w, "second moment") for w in parameters]
        updates: dict[Node, Node] = {}
        for m, g in zip(first, gradients, strict=True):
            updates[m] = blend(m, g, knob(self.beta1, g.dtype), knob(rest1, g.dtype))
        for v, g in zip(second, gradients, strict=True):
            updates[v] = blend_square(v, g, knob(self.beta2, g.dtype), knob(rest2, g.dtype))
        return updates


class AdamW(Adam):
    """Adam whose weight decay does not pass through the moments: w is first multiplied by 1 - rate * weight_decay.

    Source: Loshchilov and Hutter 2019, algorithm 2, in PyTorch's form.
    """

    name = "AdamW"
    decay_is_decoupled = True

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ):
        super().__init__(
            learning_rate, beta1, beta2, epsilon,
            weight_decay=weight_decay, amsgrad=amsgrad, **options,
        )  # fmt: skip


class Nadam(Adam):
    """Adam that looks ahead as Nesterov's momentum does. Source: Dozat 2016, with PyTorch's momentum decay of 0.004."""

    name = "Nadam"

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob = Knobs()
        t, one = clock.after(), constant(1.0, float64)
        gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        updates = self.moments(parameters, gradients, knob)
        first, second = list(updates)[: len(parameters)], list(updates)[len(parameters) :]
        spread = sqrt(one - self.beta2**t).named("spread")
        now, following = (self.beta1 * (one - 0.5 * 0.96 ** (0.004 * when)) for when in (t, t + 1.0))
        product = self.kept(one.value, "momentum product", float64)
        updates[product] = product * now
        ahead = clock.rate() * following / (one - updates[product] * following)
        straight = clock.rate() * (one - now) / (one - updates[product])
        steps = [
            blend(g, updates[m], knob(straight, g.dtype), knob(ahead, g.dtype))
            for g, m in zip(gradients, first, strict=True)
        ]
        for w, d, v in zip(parameters, steps, second, strict=True):
            settings = knob(one, w.dtype), knob(spread, w.dtype), knob(self.epsilon, w.dtype)
            updates[w] = adam_step(w, d, updates[v], *settings)
        return updates
