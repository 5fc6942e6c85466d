"""Turns: several losses that take turns in one step, as the two networks of a GAN do.

>>> import numpy as np
>>> import graphnn as gn
>>> x = gn.input("x", ("batch", 2))
>>> a, b = gn.parameter(np.ones(2), "a"), gn.parameter(np.zeros(2), "b")
>>> rivals = [gn.train.Turn("first", ((x * a - b) ** 2.0).mean(), gn.optim.SGD(0.1), [a]),
...           gn.train.Turn("second", -((x * a - b) ** 2.0).mean(), gn.optim.SGD(0.1), [b])]
>>> trainer = gn.Trainer.in_turn(rivals)
>>> trainer.fit({"x": np.ones((8, 2))}, epochs=2, progress=False).names
('first loss', 'second loss', 'seconds')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.graph import Graph
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.optim.optimizer import Optimizer
from graphnn.train.step import Step, checked_parameters, plain_step
from graphnn.transform.rewrite import substitute


@dataclass(frozen=True)
class Turn:
    """A loss, whom it trains, and how.

    name : for the history, where its loss is "name loss"
    parameters : which to train; by default every trainable parameter of the loss, which for two rivals is too much
    repeats : how often the turn is taken on each batch, each time with new random numbers
    """

    name: str
    loss: Node
    optimizer: Optimizer
    parameters: Sequence[Node] | None = None
    repeats: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise SettingError(f"Turn: a name is a non-empty text, found {self.name!r}.")
        if not isinstance(self.loss, Node):
            raise GraphError(f"turn {self.name!r}: loss is a node, found {self.loss!r}.")
        if self.loss.shape != ():
            raise ShapeError(f"turn {self.name!r}: loss {describe(self.loss)} is not a scalar.")
        if not isinstance(self.optimizer, Optimizer):
            raise SettingError(
                f"turn {self.name!r}: optimizer is one of gn.optim, such as gn.optim.Adam(), "
                f"found {self.optimizer!r}."
            )
        object.__setattr__(self, "repeats", whole_number(self.repeats, f"turn {self.name!r}: repeats", 1))


def checked_turns(turns: Any) -> tuple[Turn, ...]:
    """The turns, at least one, of different names."""
    found = tuple(turns) if isinstance(turns, Sequence) else ()
    if not found or not all(isinstance(t, Turn) for t in found):
        raise SettingError(f"Trainer: turns are a list of gn.train.Turn, found {turns!r}.")
    names = [t.name for t in found]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"Trainer: two turns are called {name!r}; names must differ.")
    return found


def step_in_turn(turns: Sequence[Turn]) -> Step:
    """One step of all turns: each sees the parameters, and the state, that the turns before it left."""
    now: dict[Node, Node] = {}
    measured: dict[str, Node] = {}
    gradients: dict[Node, Node] = {}
    for turn in turns:
        chosen = checked_parameters(turn.loss, turn.parameters, Graph(turn.loss).parameters)
        step = plain_step(turn.loss, turn.optimizer, chosen)
        for _ in range(turn.repeats):
            (loss, *values), _ = substitute([turn.loss, *step.updates.values()], now)
            now.update(zip(step.updates, values, strict=True))
        measured[f"{turn.name} loss"] = loss
        for w, g in zip(step.parameters, step.gradients, strict=True):
            gradients.setdefault(w, g)
    return Step(tuple(gradients), tuple(gradients.values()), measured, now)


__all__ = ["Turn", "checked_turns", "step_in_turn"]
