"""An epoch as a graph: mini-batches are drawn from the data by nodes, so a whole epoch is one call.

`order` holds a permutation of the rows, drawn anew each epoch; `cursor` counts rows. One step takes the window of
`order` at the cursor, takes those rows of every data array, and runs the training step on them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from graphnn.core.dims import parse_dim
from graphnn.core.dtypes import float64, int64
from graphnn.core.leaves import counter, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.engine.program import Program
from graphnn.ops import cast, isfinite, permutation, size, take_rows, take_window, where
from graphnn.train.call import Call, number, put
from graphnn.train.rows import in_place
from graphnn.train.step import Step
from graphnn.transform.rewrite import substitute

# Seconds of steps after which a long epoch tells how far it is.
_PIECE = 0.1


class Position:
    """Where a training stands: the epochs it has finished, the rows of the present one, and its sums so far."""

    def __init__(self, measured: Iterable[str]):
        with scope("trainer"):
            self.epoch = counter("epoch")
            self.cursor = counter("cursor")
            self.sound = counter("rows while the loss was finite")
            self.sums = {name: parameter(0.0, f"sum of {name}", float64) for name in measured}
        self._running = (self.cursor, self.sound, *self.sums.values())

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.epoch, self.cursor, self.sound, *self.sums.values())

    def restart(self) -> None:
        """Stand before the first row of an epoch."""
        for node in self._running:
            put(node, 0)

    def next_epoch(self) -> None:
        put(self.epoch, number(self.epoch) + 1)
        self.restart()


class Epochs:
    """Runs epochs of a training step over data that stays in place.

    Parameters
    ----------
    step : what is computed, changed and measured
    data : input node -> rows (an array of the input's dtype, first axis the rows)
    axis : name of the batch axis
    position : is moved on with every step
    accumulate : batches whose gradients make one step of the optimiser
    """

    def __init__(
        self, step: Step, data: Mapping[Node, np.ndarray], axis: str, position: Position, *,
        shuffle: bool, seed: int, accumulate: int = 1, watch: bool = False,
    ):  # fmt: skip
        self.rows = len(next(iter(data.values())))
        self.position, self.accumulate = position, accumulate
        with scope("batch"):
            self.order = parameter(np.arange(self.rows, dtype=np.int64), "order", int64)
            self._count = size(dims=(parse_dim(axis),))
            rows = take_window(self.order, position.cursor, size=parse_dim(axis))
            self._drawn = {x: take_rows(in_place(x, array), rows) for x, array in data.items()}
        self.data = dict(data)
        if step.gathering is None:
            self._step = self._gather = Call(self._program(step.measured, step.updates, watch=watch), axis)
        else:
            gathering = step.gathering(axis)
            self._step = Call(self._program(step.measured, gathering.apply, watch=watch), axis)
            self._gather = Call(self._program(step.measured, gathering.gather, watch=watch), axis)
        self._shuffle: Call | None = None
        if shuffle:
            order = permutation(position.epoch, size=self.rows, seed=seed)
            self._shuffle = Call(Program((), {self.order: order}), None)
        self._at_once = 8 * accumulate

    def _program(self, measured: Mapping[str, Node], updates: Mapping[Node, Node], *, watch: bool) -> Program:
        """The step on the drawn rows, which also moves the position on."""
        position, count = self.position, self._count
        nodes, _ = substitute([*measured.values(), *updates.values()], self._drawn)
        values, new = nodes[: len(measured)], nodes[len(measured) :]
        step: dict[Node, Node] = dict(zip(updates, new, strict=True))
        step[position.cursor] = position.cursor + count
        for name, value in zip(measured, values, strict=True):
            total = position.sums[name]
            step[total] = total + cast(value, float64) * cast(count, float64)
        fine = isfinite(step[next(iter(position.sums.values()))])
        step[position.sound] = where(fine, step[position.cursor], position.sound)
        return Program((), step, watch=watch)

    def steps(self, batch: int) -> int:
        """Batches of an epoch."""
        return -(-self.rows // batch)

    def draw(self) -> None:
        """Draw the order of the rows in this epoch; it follows from seed and epoch."""
        if self._shuffle is not None:
            self._shuffle(1)

    def run(self, batch: int, tell: Callable[[int], None] | None = None) -> dict[str, float]:
        """The steps that are left of the epoch, the last batch smaller; the means over all its rows.

        `tell` is called with the number of steps made, from time to time. Ends early if the loss is not finite.
        """
        position, rows = self.position, self.rows
        cursor = number(position.cursor)
        while cursor < rows:
            full = (rows - cursor) // batch
            began = time.perf_counter()
            if full:
                count = self._full(batch, min(full, self._at_once), cursor // batch)
                cursor += count * batch
            else:
                count = 1
                self._step(rows - cursor)
                cursor = rows
            if tell is not None:
                tell(count)
            took = time.perf_counter() - began
            if took < _PIECE / 2 and count == self._at_once:
                self._at_once *= 2
            elif took > 2 * _PIECE:
                self._at_once = max(self.accumulate, self._at_once // 2)
            if cursor < rows and not math.isfinite(number(next(iter(position.sums.values())))):
                break
        return {name: number(node) / cursor for name, node in position.sums.items()}

    def _full(self, batch: int, most: int, done: int) -> int:
        """Up to `most` full batches, after `done` of them; how many. Every k-th makes a step, and the epoch's last."""
        k = self.accumulate
        if k == 1:
            self._step(batch, most)
            return most
        total, made = self.steps(batch), 0
        while made < most:
            at = done + made
            gathering = min(k - 1 - at % k, most - made, total - 1 - at)
            if gathering:
                self._gather(batch, gathering)
                made += gathering
            if made < most:
                self._step(batch)
                made += 1
        return made


__all__ = ["Epochs", "Position"]
