"""Adam and its kin: steps scaled by running moments of each parameter's gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphnn.core.dtypes import float64
from graphnn.core.leaves import constant, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction, positive_number
from graphnn.ops import adam_step, blend, blend_square, maximum, sqrt
from graphnn.optim.optimizer import Clock, Knobs, Optimizer
from graphnn.optim.schedules import Schedule
from graphnn.optim.weight_decay import decay_of, decayed, with_decay


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
        schedule: Schedule | None = None,
    ):
        super().__init__(learning_rate, schedule)
        with scope(self.name):
            self.beta1 = parameter(fraction(beta1, "beta1"), "beta1", float64)
            self.beta2 = parameter(fraction(beta2, "beta2"), "beta2", float64)
            self.epsilon = parameter(positive_number(epsilon, "epsilon"), "epsilon", float64)
            self.weight_decay = decay_of(weight_decay)
        self.amsgrad = amsgrad

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        knob = Knobs()
        t, one = clock.after(), constant(1.0, float64)
        rate = (clock.rate() / (one - self.beta1**t)).named("rate")
        spread = sqrt(one - self.beta2**t).named("spread")
        starts = list(parameters)
        if self.decay_is_decoupled:
            starts = decayed(starts, clock.rate(), self.weight_decay, knob)
        else:
            gradients = with_decay(parameters, gradients, self.weight_decay, knob)
        updates = self.moments(parameters, gradients, knob)
        first, second = list(updates)[: len(parameters)], list(updates)[len(parameters) :]
        divisors = [updates[v] for v in second]
        if self.amsgrad:
            for k, w in enumerate(parameters):
                largest = self.zeros_like(w, "largest second moment")
                divisors[k] = updates[largest] = maximum(largest, divisors[k])
        for w, start, m, v in zip(parameters, starts, first, divisors, strict=True):
            updates[w] = adam_step(
                start,
                updates[m],
                v,
                knob(rate, w.dtype),
                knob(spread, w.dtype),
                knob(self.epsilon, w.dtype),
            )
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
        schedule: Schedule | None = None,
    ):
        super().__init__(
            learning_rate, beta1, beta2, epsilon,
            weight_decay=weight_decay, amsgrad=amsgrad, schedule=schedule,
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
        for w, g, m, v in zip(parameters, gradients, first, second, strict=True):
            settings = knob(spread, w.dtype), knob(self.epsilon, w.dtype)
            half = adam_step(w, g, updates[v], knob(straight, w.dtype), *settings)
            updates[w] = adam_step(half, updates[m], updates[v], knob(ahead, w.dtype), *settings)
        return updates
