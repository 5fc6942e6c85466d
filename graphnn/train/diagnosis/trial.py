"""Steps of a training that are only tried: over rows in place, in compiled code, with the loss of every step kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnn.core.dims import parse_dim
from graphnn.core.dtypes import float64, int64
from graphnn.core.leaves import constant, counter, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.engine.program import Program
from graphnn.ops import cast, reshape, scatter_add, size, take_rows, take_window
from graphnn.train.rows import Rows, in_place
from graphnn.transform.rewrite import substitute


class Trial:
    """Runs `steps` steps of `updates` on batches drawn from `arrays`. Who uses it keeps and restores the trainer.

    rates : (knob, values), to give a 0-d parameter another value in each step
    """

    def __init__(
        self, loss: Node, updates: Mapping[Node, Node], arrays: Rows, axis: str, *, steps: int, batch: int,
        seed: int, rates: tuple[Node, np.ndarray] | None = None,
    ):  # fmt: skip
        rows = len(next(iter(arrays.values())))
        self.steps, self.batch, self._axis = steps, min(batch, rows), axis
        generator = np.random.Generator(np.random.Philox(seed))
        rounds = -(-steps * self.batch // rows)
        order = np.concatenate([generator.permutation(rows) for _ in range(rounds)])
        with scope("trial"):
            places = constant(order, int64, "order")
            done = counter("done")
            self._log = parameter(np.full(steps, 0.0), "losses", float64)
            self._done = done
            drawn_rows = take_window(places, done * size(dims=(parse_dim(axis),)), size=parse_dim(axis))
            drawn = {x: take_rows(in_place(x, array), drawn_rows) for x, array in arrays.items()}
            (new_loss, *values), _ = substitute([loss, *updates.values()], drawn)
            step = dict(zip(updates, values, strict=True))
            step[self._log] = scatter_add(
                self._log, reshape(done, (1,)), reshape(cast(new_loss, float64), (1,)), axis=0
            )
            step[done] = done + 1
            self._first: tuple[Node, float] | None = None
            if rates is not None:
                knob, column = rates
                self._first = knob, float(column[0])
                following = constant(np.append(column[1:], column[-1]), float64, "rates")
                step[knob] = take_rows(following, done)
        self._program = Program((), step)

    def run(self, steps: int | None = None) -> np.ndarray:
        """Go on by that many steps, or to the end; the losses of all steps so far."""
        before = int(self._done.value)
        if before == 0 and self._first is not None:
            self._first[0].value = self._first[1]
        count = self.steps - before if steps is None else min(steps, self.steps - before)
        if count:
            self._program.run(repeats=count, sizes={self._axis: self.batch})
        return np.array(self._log.value[: before + count])


class Measured:
    """A 0-d node's value over rows, as often as one asks."""

    def __init__(self, node: Node, arrays: Rows):
        self._program = Program(node)
        wanted = frozenset(self._program.inputs)
        self._feeds = {x: array for x, array in arrays.items() if x in wanted}

    def __call__(self) -> float:
        return float(self._program.run(self._feeds))


def picked(arrays: Rows, rows: np.ndarray) -> Rows:
    """Some of the rows."""
    return {node: np.ascontiguousarray(array[rows]) for node, array in arrays.items()}


def sample(arrays: Rows, most: int, seed: int) -> Rows:
    """At most that many rows, drawn by seed and kept in their order."""
    rows = len(next(iter(arrays.values())))
    if rows <= most:
        return arrays
    generator = np.random.Generator(np.random.Philox(seed))
    return picked(arrays, np.sort(generator.permutation(rows)[:most]))


__all__ = ["Measured", "Trial", "picked", "sample"]
