"""Nonlinear conjugate gradients: directions that do not undo what the last ones did, without any matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from graphnn.core.dtypes import float64
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.ops import cast, dot, greater, logical_and, maximum, sgd_step, where
from graphnn.optim.flat import Flat
from graphnn.optim.line_search import Backtracking, SearchOptions, checked_search, loss_at, stepped
from graphnn.optim.newton import downhill
from graphnn.optim.optimizer import Clock, Optimizer
from graphnn.transform.gradient import gradient


class ConjugateGradient(Optimizer):
    """d' = -g + beta d with beta = max(0, g (g - g_before) / g_before^2), Polak and Ribiere's with a restart at 0.

    learning_rate : a factor of the first length that is tried
    refinements : how often the first length is made better before it is tried
    search : how the length is found from there

    The first length is that of Newton's method on the line, from the loss's first and second slope by the length, and
    each refinement is one more step of it: about the price of four losses each. On a quadratic loss it is exact, and n
    numbers need n steps. Where the loss is not convex along d, the length is doubled. Needs the loss, and its whole
    data as one batch.

    Source: Polak and Ribiere 1969; Nocedal and Wright 2006, section 5.2; Shewchuk 1994, section 14.
    """

    name = "ConjugateGradient"
    takes = ("schedule", "average")

    def __init__(
        self,
        learning_rate: float = 1.0,
        *,
        refinements: int = 2,
        search: Backtracking = Backtracking(),  # noqa: B008
        **options: Unpack[SearchOptions],
    ):
        super().__init__(learning_rate, **options)
        self.refinements = whole_number(refinements, "ConjugateGradient: refinements")
        self.search = checked_search(search, self.name)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        loss, flat = clock.loss(self.name), Flat(parameters, self.name)
        g = flat.join(gradients)
        start = [0.0] * flat.size
        before = self.kept(start, "gradient before", flat.dtype)
        last = self.kept(start, "direction before", flat.dtype)
        reach = self.kept(1.0, "length before", float64)
        zero, one = constant(0.0, flat.dtype), constant(1.0, flat.dtype)
        square = dot(before, before)
        begun = greater(square, zero)
        beta = maximum(dot(g, g - before) / where(begun, square, one), 0.0)
        _, direction, slope = downhill(sgd_step(-g, last, -where(begun, beta, zero)), g)
        directions = flat.split(direction)
        longest = constant(0.0, float64)
        for _ in range(self.refinements + 1):
            along = cast(longest, loss.dtype)
            there = loss_at(loss, parameters, directions, along)
            steep = gradient(there, along)
            bend = gradient(steep, along, no_path="zero")
            convex = greater(bend, 0.0)
            newton = along - steep / where(convex, bend, constant(1.0, bend.dtype))
            doubled = where(greater(longest, 0.0), longest * 2.0, reach * 2.0)
            longest = where(logical_and(convex, greater(newton, 0.0)), cast(newton, float64), doubled)
        longest = longest * clock.rate()
        length = self.search.length(loss, parameters, directions, slope, longest)
        updates = stepped(parameters, directions, length)
        moved = greater(length, 0.0)
        return {**updates, before: g, last: direction, reach: where(moved, length, reach * 0.25)}
