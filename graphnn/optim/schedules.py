"""Schedules: how the learning rate changes from step to step, as a graph of the step's number.

>>> import graphnn as gn
>>> schedule = gn.optim.warmup(100) * gn.optim.cosine(1000)
>>> optimizer = gn.optim.Adam(0.01, schedule=schedule)
>>> [round(float(v), 3) for v in schedule.values(1001)[[0, 99, 500, 1000]]]
[0.01, 0.976, 0.5, 0.0]

A schedule is a factor of the optimiser's `learning_rate`, which stays a knob. Schedules multiply (`*`), follow each
other (`a.then(steps, b)`), and may change by epochs instead of steps (`a.every(steps)`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant as number
from graphnn.core.leaves import input
from graphnn.core.node import Node
from graphnn.core.settings import positive_number, whole_number
from graphnn.ops import cos, floor, less, minimum, where
from graphnn.transform.interpret import interpret

if TYPE_CHECKING:
    from graphnn.optim.optimizer import Clock


@dataclass(frozen=True)
class Schedule:
    """A factor of the learning rate. `schedule(t)` builds its node from t, the number of steps made before.

    text : how it was made
    build : the factor from t
    watch : for a schedule that looks at the loss, such as `plateau`: the factor from t and the optimiser's clock, which
        knows the loss and keeps state
    """

    text: str
    build: Callable[[Node], Node]
    watch: Callable[[Node, Clock], Node] | None = None

    def __call__(self, t: Node, clock: Clock | None = None) -> Node:
        if self.watch is None:
            return self.build(t)
        if clock is None:
            raise SettingError(
                f"schedule {self.text}: depends on the loss, so its factors are known in a training only."
            )
        return self.watch(t, clock)

    def __mul__(self, other: Schedule) -> Schedule:
        if not isinstance(other, Schedule):
            raise SettingError(f"schedule: a schedule is multiplied by another one, found {other!r}.")
        return _joined(f"{self.text} * {other.text}", lambda t, c: self(t, c) * other(t, c), self, other)

    def then(self, steps: int, following: Schedule) -> Schedule:
        """This schedule for `steps` steps, and then the other from its beginning."""
        count = float(whole_number(steps, "then: steps", 1))
        if not isinstance(following, Schedule):
            raise SettingError(f"then: wanted a schedule, found {following!r}.")
        return _joined(
            f"{self.text}.then({steps}, {following.text})",
            lambda t, c: where(less(t, count), self(t, c), following(t - count, c)),
            self,
            following,
        )

    def every(self, steps: int) -> Schedule:
        """The schedule in units of `steps` steps, as of an epoch: it changes once in so many.

        A plateau counts losses, not steps, and says itself how many make one: plateau(every=...).
        """
        count = float(whole_number(steps, "every: steps", 1))
        return _joined(f"{self.text}.every({steps})", lambda t, c: self(floor(t / count), c), self)

    def values(self, steps: int) -> np.ndarray:
        """The factors of the first `steps` steps, to be looked at or plotted."""
        count = whole_number(steps, "values: steps", 1)
        t = input("t", (), float64)
        node = self(t)
        return np.array([interpret([node, t], {t: float(k)})[0] for k in range(count)])

    def __repr__(self) -> str:
        return f"<schedule {self.text}>"


def _joined(text: str, factor: Callable[[Node, Clock | None], Node], *parts: Schedule) -> Schedule:
    """A schedule made of others; it looks at the loss if one of them does."""
    watching = any(part.watch is not None for part in parts)
    return Schedule(text, lambda t: factor(t, None), factor if watching else None)


def constant(factor: float = 1.0) -> Schedule:
    """The learning rate times `factor` at every step: a part for `then`, or nothing at all."""
    factor = positive_number(factor, "constant: factor")
    return Schedule(f"constant({factor:g})", lambda t: number(factor, float64))


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """Times `factor` after each `every` steps."""
    count, factor = (
        float(whole_number(every, "step_decay: every", 1)),
        positive_number(factor, "step_decay: factor"),
    )
    return Schedule(f"step_decay({every}, {factor})", lambda t: number(factor, float64) ** floor(t / count))


def linear(steps: int, *, start: float = 1.0, end: float = 0.0) -> Schedule:
    """From `start` to `end` in a straight line over `steps` steps, then `end`."""
    count, start, end = (
        float(whole_number(steps, "linear: steps", 1)),
        _share(start, "start"),
        _share(end, "end"),
    )
    return Schedule(
        f"linear({steps}, start={start}, end={end})",
        lambda t: minimum(t / count, 1.0) * (end - start) + start,
    )


def exponential(factor: float) -> Schedule:
    """Times `factor` at every step."""
    factor = positive_number(factor, "exponential: factor")
    return Schedule(f"exponential({factor})", lambda t: number(factor, float64) ** t)


def cosine(steps: int, *, end: float = 0.0) -> Schedule:
    """Half a cosine from 1 to `end` over `steps` steps, then `end`. Source: Loshchilov and Hutter 2017, equation 5."""
    count, end = float(whole_number(steps, "cosine: steps", 1)), _share(end, "end")

    def build(t: Node) -> Node:
        return (cos(minimum(t / count, 1.0) * pi) + 1.0) * ((1.0 - end) / 2.0) + end

    return Schedule(f"cosine({steps}, end={end})", build)


def warmup(steps: int) -> Schedule:
    """A straight rise: 1 / steps at the first step, 1 from step number `steps` on. Source: Goyal et al. 2017."""
    count = float(whole_number(steps, "warmup: steps", 1))
    return Schedule(f"warmup({steps})", lambda t: minimum((t + 1.0) / count, 1.0))


def one_cycle(steps: int, *, rise: float = 0.3, start: float = 0.04, end: float = 4e-6) -> Schedule:
    """Up from `start` to 1 over the share `rise` of the steps and down to `end`, both as half cosines.

    The last of `steps` steps has the factor `end`. Source: Smith and Topin 2019, in PyTorch's form.
    """
    count = whole_number(steps, "one_cycle: steps", 2)
    if not isinstance(rise, int | float) or not 0.0 < rise < 1.0:
        raise SettingError(f"one_cycle: rise lies between 0 and 1, found {rise!r}.")
    start, end = _share(start, "start"), _share(end, "end")
    top, last = rise * count - 1.0, count - 1.0
    if not 0.0 < top < last:
        raise SettingError(f"one_cycle: {steps} steps are too few for a rise of {rise}.")

    def half_cosine(share: Node, first: float, second: float) -> Node:
        return (cos(share * pi) + 1.0) * ((first - second) / 2.0) + second

    def build(t: Node) -> Node:
        up = half_cosine(minimum(t / top, 1.0), start, 1.0)
        down = half_cosine(minimum((t - top) / (last - top), 1.0), 1.0, end)
        return where(less(t, top), up, down)

    return Schedule(f"one_cycle({steps})", build)


def _share(value: float, who: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.0 <= value <= 1e6:
        raise SettingError(f"schedule: {who} is a factor of 0 or more, found {value!r}.")
    return float(value)
