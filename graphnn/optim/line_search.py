"""Choose the length of a step by trying: the loss is computed at several lengths, all as nodes of the graph.

>>> import graphnn as gn
>>> x = gn.parameter([-1.2, 1.0], "x", "float64")
>>> loss = 100.0 * (x[1] - x[0] * x[0]) ** 2.0 + (1.0 - x[0]) ** 2.0
>>> optimizer = gn.optim.LineSearch()
>>> step = gn.Program(loss, optimizer.updates([x], [gn.gradient(loss, x)], loss))
>>> first = float(step.run())
>>> float(step.run()) < first
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction, whole_number
from graphnn.ops import abs, blend, cast, less_equal, minimum, where
from graphnn.optim.averaging import Average
from graphnn.optim.flat import inner
from graphnn.optim.optimizer import Clock, Optimizer
from graphnn.optim.schedules import Schedule
from graphnn.transform.rewrite import rewrite


@dataclass(frozen=True)
class Backtracking:
    """Try a length, then ever shorter ones; take the first whose loss has fallen enough (Armijo's rule).

    trials : lengths that are tried; each costs one computation of the loss, at every step
    shrink : the next length over this one
    decrease : the share of the fall that the slope promises which is enough

    Where no length will do, the parameters stay. Differences of the loss below two units of its last place count as
    none, so that the last steps before an optimum are not refused by rounding.
    Source: Armijo 1966; Nocedal and Wright 2006, algorithm 3.1.
    """

    trials: int = 12
    shrink: float = 0.5
    decrease: float = 1e-4

    def __post_init__(self) -> None:
        whole_number(self.trials, "Backtracking: trials", 1)
        for word in ("shrink", "decrease"):
            if not fraction(getattr(self, word), f"Backtracking: {word}"):
                raise SettingError(
                    f"Backtracking: {word} lies between 0 and 1, found {getattr(self, word)!r}."
                )

    def length(
        self, loss: Node, parameters: Sequence[Node], directions: Sequence[Node], slope: Node, longest: Node
    ) -> Node:
        """The length to go, 0 if none will do; float64.

        slope : of the loss along the directions, float64; longest : the first length, float64
        """
        with scope("line search"):
            now = cast(loss, float64)
            slack = abs(now) * (2.0 * float(np.finfo(loss.dtype).eps))
            promised = minimum(slope, 0.0) * self.decrease
            lengths, enough = [], []
            for k in range(self.trials):
                length = longest * self.shrink**k if k else longest
                found = cast(loss_at(loss, parameters, directions, length), float64)
                lengths.append(length)
                enough.append(less_equal(found, now + promised * length + slack))
            taken = constant(0.0, float64)
            for length, good in zip(reversed(lengths), reversed(enough), strict=True):
                taken = where(good, length, taken)
            return taken.named("length")


def loss_at(loss: Node, parameters: Sequence[Node], directions: Sequence[Node], length: Node) -> Node:
    """The loss with every parameter moved by length * direction. The state that its graph asks to move on stays."""
    moved = {
        w: blend(w, d, constant(1.0, w.dtype), cast(length, w.dtype))
        for w, d in zip(parameters, directions, strict=True)
    }

    def rule(node: Node, operands: tuple[Node, ...]) -> Node | None:
        if node.op.name == "with_update":
            return operands[0]
        return moved.get(node)

    return rewrite([loss], rule)[0][0]


def stepped(parameters: Sequence[Node], directions: Sequence[Node], length: Node) -> dict[Node, Node]:
    """New values of the parameters after a step of this length."""
    return {
        w: blend(w, d, constant(1.0, w.dtype), cast(length, w.dtype))
        for w, d in zip(parameters, directions, strict=True)
    }


class SearchOptions(TypedDict, total=False):
    """What optimisers take that try steps: neither clips nor penalties, for the loss that they look at has none."""

    schedule: Schedule | None
    average: Average | None


def checked_search(search: Backtracking, who: str) -> Backtracking:
    if not isinstance(search, Backtracking):
        raise SettingError(f"{who}: search is a gn.optim.Backtracking(), found {search!r}.")
    return search


class LineSearch(Optimizer):
    """Go along another optimiser's step, or against the gradient, as far as the loss falls enough.

    inner : its step, whatever its length, is the direction; None: minus the gradient
    learning_rate : the first length to be tried, in units of the direction
    search : the lengths and the rule

    The state of `inner` moves on as if its own step had been made. Each step costs `search.trials` more computations
    of the loss on the same batch, with the same dropout. Needs the loss. Clips and penalties are given to `inner`;
    better put `penalty_loss` into the loss, which is what the search looks at.
    """

    name = "LineSearch"
    takes = ("schedule", "average")

    def __init__(
        self,
        inner: Optimizer | None = None,
        learning_rate: float = 1.0,
        *,
        search: Backtracking = Backtracking(),
        **options: Unpack[SearchOptions],
    ):
        super().__init__(learning_rate, **options)
        self.inner = None if inner is None else _checked_inner(inner)
        self.search = checked_search(search, self.name)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        loss = clock.loss(self.name)
        updates: dict[Node, Node] = {}
        if self.inner is None:
            directions = [-g for g in gradients]
        else:
            known = set(self.inner.state)
            updates = self.inner.step_nodes(parameters, gradients, loss)
            self.state.update({n: start for n, start in self.inner.state.items() if n not in known})
            moving = [
                i for i, w in enumerate(parameters) if w in updates
            ]  # groups may leave some as they are
            parameters, gradients = [parameters[i] for i in moving], [gradients[i] for i in moving]
            directions = [updates[w] - w for w in parameters]
        slope = cast(inner(gradients, directions), float64)
        length = self.search.length(loss, parameters, directions, slope, clock.rate())
        updates.update(stepped(parameters, directions, length))
        return updates


def _checked_inner(inner: Optimizer) -> Optimizer:
    """Raises SettingError for what would keep count of a step that the search makes shorter."""
    if not isinstance(inner, Optimizer):
        raise SettingError(
            f"LineSearch: wanted an optimiser to follow, such as gn.optim.SGD(), found {inner!r}."
        )
    for part in (inner, *[member for member in getattr(inner, "groups", {}).values() if member is not None]):
        if part.average is not None:
            raise SettingError(
                "LineSearch: the steps of the inner optimiser are not made as they are; give average= to LineSearch."
            )
        if part.penalty is not None and part.penalty.acts_after:
            raise SettingError(
                f"LineSearch: {part.penalty!r} of the inner optimiser acts on weights after a step; use it as a "
                "slope, or put gn.optim.penalty_loss into the loss."
            )
    return inner
