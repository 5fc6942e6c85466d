"""L-BFGS: steps by an inverse Hessian that is remembered from the last moves and changes of the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np

from graphnn.core.dtypes import int64
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.ops import (
    broadcast_to,
    cast,
    dot,
    equal,
    greater,
    logical_and,
    minimum,
    mod,
    sgd_step,
    sqrt,
    take_rows,
    where,
)
from graphnn.optim.flat import Flat
from graphnn.optim.line_search import Backtracking, SearchOptions, checked_search, stepped
from graphnn.optim.newton import downhill
from graphnn.optim.optimizer import Clock, Optimizer

# Moves whose slope changes less than this, as a cosine, say nothing reliable about the curvature.
_FLATTEST = 1e-10


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last `history` pairs of moves s and changes y of the gradient.

    learning_rate : the first length that is tried; 1 is the quasi-Newton step
    history : pairs that are kept, in ring buffers of shape (history, numbers of all parameters)
    search : how the length is found

    A pair is kept if s y > 1e-10 |s| |y| (the curvature condition); a step after one that found no length goes against
    the gradient. The gradient of a step serves for the pair of the step before, so each costs one gradient and
    `search.trials` losses. Needs the loss, and its whole data as one batch.

    Source: Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4 and 7.5.
    """

    name = "LBFGS"
    takes = ("schedule", "average")

    def __init__(
        self,
        learning_rate: float = 1.0,
        history: int = 10,
        *,
        search: Backtracking = Backtracking(),  # noqa: B008
        **options: Unpack[SearchOptions],
    ):
        super().__init__(learning_rate, **options)
        self.history = whole_number(history, "LBFGS: history", 1)
        self.search = checked_search(search, self.name)

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        loss, flat = clock.loss(self.name), Flat(parameters, self.name)
        w, g = flat.join(parameters), flat.join(gradients)
        zero, one = (constant(v, flat.dtype) for v in (0.0, 1.0))
        empty = np.zeros(flat.size)
        w_before = self.kept(empty, "weights before", flat.dtype)
        g_before = self.kept(empty, "gradient before", flat.dtype)
        begun = self.kept(0.0, "begun", flat.dtype)
        updates: dict[Node, Node] = {w_before: w, g_before: g, begun: one}

        s, y = w - w_before, g - g_before
        sy, ss, yy = dot(s, y), dot(s, s), dot(y, y)
        running = greater(begun, zero)
        good = logical_and(running, greater(sy, sqrt(ss * yy) * _FLATTEST))
        stuck = logical_and(running, equal(ss, zero))
        moves, changes, shares, order, scale, count = self._remember(s, y, sy, yy, good, flat, updates)

        size = sqrt(dot(g, g))
        first = minimum(one, one / where(greater(size, zero), size, one))
        scale = where(greater(count, zero), scale, first)
        direction = -_two_loops(
            g, take_rows(moves, order), take_rows(changes, order), take_rows(shares, order), scale
        )
        _, direction, slope = downhill(where(stuck, g * -first, direction), g)
        directions = flat.split(direction)
        length = self.search.length(loss, parameters, directions, slope, clock.rate())
        return {**updates, **stepped(parameters, directions, length)}

    def _remember(
        self, s: Node, y: Node, sy: Node, yy: Node, good: Node, flat: Flat, updates: dict[Node, Node]
    ) -> tuple[Node, Node, Node, Node, Node, Node]:
        """The ring buffers with the newest pair, if it is good: moves, changes, 1 / s y, and the rows newest first;
        the size of the inverse Hessian, and how many pairs there have been."""
        m, n, dtype = self.history, flat.size, flat.dtype
        moves = self.kept(np.zeros((m, n)), "moves", dtype)
        changes = self.kept(np.zeros((m, n)), "changes", dtype)
        shares = self.kept(np.zeros(m), "shares", dtype)
        scale, pairs = self.kept(1.0, "scale", dtype), self.kept(0, "pairs", int64)
        safe = where(good, sy, constant(1.0, dtype))
        rows = constant(np.arange(m), int64)
        here = logical_and(equal(rows, mod(pairs, m)), good)
        wide = broadcast_to(here.reshape(m, 1), (m, n))
        updates[moves] = where(wide, broadcast_to(s.reshape(1, n), (m, n)), moves)
        updates[changes] = where(wide, broadcast_to(y.reshape(1, n), (m, n)), changes)
        updates[shares] = where(here, 1.0 / safe, shares)
        updates[scale] = where(good, safe / where(good, yy, constant(1.0, dtype)), scale)
        updates[pairs] = pairs + cast(good, int64)
        order = mod(updates[pairs] - 1 - rows, m)
        count = cast(updates[pairs], dtype)
        return updates[moves], updates[changes], updates[shares], order, updates[scale], count


def _two_loops(g: Node, moves: Node, changes: Node, shares: Node, scale: Node) -> Node:
    """The inverse Hessian times g, from pairs with the newest first; empty pairs have the share 0 and do nothing."""
    q, alphas = g, []
    for i in range(shares.shape[0]):  # type: ignore[arg-type]
        alphas.append(shares[i] * dot(moves[i], q))
        q = sgd_step(q, changes[i], alphas[i])
    r = q * scale
    for i in reversed(range(len(alphas))):
        beta = shares[i] * dot(changes[i], r)
        r = sgd_step(r, moves[i], beta - alphas[i])
    return r
