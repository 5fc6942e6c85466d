"""Penalties that keep weights small: L1 and L2, as slopes, by a soft threshold, or with weights that die.

>>> import graphnn as gn
>>> optimizer = gn.optim.SGD(0.1, penalty=gn.optim.L1(1e-4) + gn.optim.L2(1e-3))

A penalty concerns parameters with two axes or more, which are weights and not biases, or those that `only=` names.
Its slope is added to the gradient before clipping, as if the penalty stood in the loss; the loss that a trainer
reports is without it. `penalty_loss` gives it as a term of the loss, to be seen in measures and drawings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphnn.core.dtypes import float64
from graphnn.core.errors import GraphError, SettingError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import positive_number
from graphnn.ops import abs, blend, cast, greater, less, sgd_step, sign, softshrink, stack, sum, where
from graphnn.optim.clipping import square_sum
from graphnn.optim.knobs import Knobs, setting
from graphnn.optim.naming import checked_pattern, chosen

if TYPE_CHECKING:
    from graphnn.optim.optimizer import Optimizer


class Penalty:
    """Base of penalties; they add up: `gn.optim.L1(1e-4) + gn.optim.L2(1e-3)`."""

    acts_after = False  # whether it changes what a step has made

    def __add__(self, other: Penalty) -> Penalty:
        if not isinstance(other, Penalty):
            raise SettingError(f"penalty: a penalty is added to another one, found {other!r}.")
        return _Sum(self, other)

    def before(self, parameters: Sequence[Node], gradients: Sequence[Node], knob: Knobs) -> list[Node]:
        """The gradients with the slopes of the penalty."""
        return list(gradients)

    def after(
        self,
        optimizer: Optimizer,
        parameters: Sequence[Node],
        rate: Node,
        updates: dict[Node, Node],
        knob: Knobs,
    ) -> None:
        """Change the new values of parameters in `updates`, after the step."""


class _Sum(Penalty):
    """Two penalties, one after the other."""

    def __init__(self, first: Penalty, second: Penalty):
        self.parts = first, second
        self.acts_after = first.acts_after or second.acts_after

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.parts))

    def before(self, parameters: Sequence[Node], gradients: Sequence[Node], knob: Knobs) -> list[Node]:
        first, second = self.parts
        return second.before(parameters, first.before(parameters, gradients, knob), knob)

    def after(
        self,
        optimizer: Optimizer,
        parameters: Sequence[Node],
        rate: Node,
        updates: dict[Node, Node],
        knob: Knobs,
    ) -> None:
        for part in self.parts:
            part.after(optimizer, parameters, rate, updates, knob)


class L2(Penalty):
    """rate / 2 times the sum of the squares of the weights: rate * w is added to the gradient.

    rate : a knob of the graph: set `penalty.rate.value` between steps
    only : a pattern of names "scope/name"; without it all parameters with two axes or more
    """

    def __init__(self, rate: float, *, only: str | None = None):
        self.rate = setting(positive_number(rate, "L2: rate"), "L2 rate")
        self.only = checked_pattern(only, "L2")

    def __repr__(self) -> str:
        return _text("L2", self.rate, self.only)

    def before(self, parameters: Sequence[Node], gradients: Sequence[Node], knob: Knobs) -> list[Node]:
        concerned = chosen(parameters, self.only, "L2")
        return [
            blend(w, g, knob(self.rate, g.dtype), constant(1.0, g.dtype)) if mine else g
            for w, g, mine in zip(parameters, gradients, concerned, strict=True)
        ]


class L1(Penalty):
    """rate times the sum of the absolute values of the weights, in one of three ways.

    - as a slope: rate * sign(w) is added to the gradient (sign(0) = 0); weights come near 0 and jump about it
    - dead=True: after the step w is moved by learning rate * rate against the sign that it had before the step. A
      weight that crosses 0 by this move becomes 0 and stays 0 for ever. State: a mask of 1, 0 for the dead.
      Source: TensorFlow Playground, nn.ts, updateWeights
    - proximal=True: after the step w is drawn towards 0 by learning rate * rate, and is 0 if it is nearer than that;
      it may come back. Source: Parikh and Boyd, Proximal algorithms, 2014, section 6.5.2

    `rate` is a knob of the graph; `only` a pattern of names, as for L2.
    """

    def __init__(self, rate: float, *, dead: bool = False, proximal: bool = False, only: str | None = None):
        if dead and proximal:
            raise SettingError("L1: dead=True and proximal=True are two rules; choose one.")
        self.rate = setting(positive_number(rate, "L1: rate"), "L1 rate")
        self.only = checked_pattern(only, "L1")
        self.how = "dead" if dead else "proximal" if proximal else "slope"
        self.acts_after = self.how != "slope"

    def __repr__(self) -> str:
        return _text("L1", self.rate, self.only, "" if self.how == "slope" else f", {self.how}=True")

    def before(self, parameters: Sequence[Node], gradients: Sequence[Node], knob: Knobs) -> list[Node]:
        slopes = list(gradients)
        if self.how == "slope":
            concerned = self._concerned(parameters)
            signs = {i: sign(parameters[i]) for i in concerned}
            for i in concerned:
                g = slopes[i]
                slopes[i] = blend(signs[i], g, knob(self.rate, g.dtype), constant(1.0, g.dtype))
        return slopes

    def after(
        self,
        optimizer: Optimizer,
        parameters: Sequence[Node],
        rate: Node,
        updates: dict[Node, Node],
        knob: Knobs,
    ) -> None:
        if self.how == "slope":
            return
        move = (rate * self.rate).named("L1 move")
        for i in self._concerned(parameters):
            w = parameters[i]
            if w not in updates:
                continue
            if self.how == "proximal":
                updates[w] = softshrink(updates[w], knob(move, w.dtype))
                continue
            stepped, zero = updates[w], constant(0.0, w.dtype)
            moved = sgd_step(stepped, sign(w), knob(move, w.dtype))
            alive = optimizer.ones_like(w, "alive")
            updates[alive] = where(less(stepped * moved, zero), zero, alive)
            updates[w] = where(greater(updates[alive], zero), moved, zero)

    def _concerned(self, parameters: Sequence[Node]) -> list[int]:
        return [i for i, mine in enumerate(chosen(parameters, self.only, "L1")) if mine]


def penalty_loss(
    parameters: Sequence[Node], *, L1: float = 0.0, L2: float = 0.0, only: str | None = None
) -> Node:
    """L1 * sum |w| + L2 / 2 * sum w^2 as a node, to be added to a loss: its slopes are those of the penalties.

    parameters : all of a model; those with two axes or more count, or those that the pattern `only` names. The node
        has the dtype of the first of them.

    Example
    -------
    >>> import graphnn as gn
    >>> w = gn.parameter([[3.0, -4.0]], "w", "float64")
    >>> float(gn.optim.penalty_loss([w], L1=1.0, L2=2.0).value)
    32.0
    """
    if isinstance(parameters, Node) or not all(isinstance(w, Node) for w in parameters):
        raise GraphError(f"penalty_loss: wanted a list of parameters, found {parameters!r}.")
    rates = {word: positive_number(r, f"penalty_loss: {word}") for word, r in (("L1", L1), ("L2", L2)) if r}
    if not rates:
        raise SettingError("penalty_loss: give L1= or L2= above 0.")
    concerned = chosen(parameters, checked_pattern(only, "penalty_loss"), "penalty_loss")
    found = [w for w, mine in zip(parameters, concerned, strict=True) if mine]
    if not found:
        raise GraphError("penalty_loss: no parameter has two axes or more; name some by only='...'.")
    dtype = found[0].dtype
    terms: list[Node] = []
    with scope("penalty"):
        if "L1" in rates:
            sizes = stack([cast(sum(abs(w)), float64) for w in found])
            terms.append(sum(sizes) * setting(rates["L1"], "L1 rate"))
        if "L2" in rates:
            terms.append(square_sum(found) * setting(rates["L2"], "L2 rate") * 0.5)
        return cast(terms[0] if len(terms) == 1 else terms[0] + terms[1], dtype)


def _text(word: str, rate: Node, only: str | None, more: str = "") -> str:
    named = "" if only is None else f", only={only!r}"
    return f"{word}({float(rate.value):g}{more}{named})"
