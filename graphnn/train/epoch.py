"""An epoch as a graph: mini-batches are drawn from the data by nodes, so a whole epoch is one call.

`order` holds a permutation of the rows, drawn anew each epoch; `cursor` counts rows. One step takes the window of
`order` at the cursor, takes those rows of every data array, and runs the training step on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from graphnn.core.dims import parse_dim
from graphnn.core.dtypes import float64, int64
from graphnn.core.leaves import CONSTANT, counter, parameter
from graphnn.core.node import NO_ATTRIBUTES, Node
from graphnn.core.scope import scope
from graphnn.core.storage import Storage
from graphnn.engine.program import Program
from graphnn.ops import cast, permutation, size, take_rows, take_window
from graphnn.transform.rewrite import substitute


class Epochs:
    """Runs epochs of a training step over data that stays in place.

    Parameters
    ----------
    loss, updates : the step: its scalar loss and the new values of all that it changes
    data : input node -> rows (an array of the input's dtype, first axis the rows)
    axis : name of the batch axis
    """

    def __init__(
        self, loss: Node, updates: Mapping[Node, Node], data: Mapping[Node, np.ndarray], axis: str, *,
        shuffle: bool, seed: int, watch: bool = False,
    ):  # fmt: skip
        self.rows = len(next(iter(data.values())))
        self.axis = axis
        with scope("batch"):
            self.order = parameter(np.arange(self.rows, dtype=np.int64), "order", int64)
            self.cursor = counter("cursor")
            self.epoch = counter("epoch")
            self.total = parameter(0.0, "sum of losses", float64)
            count = size(dims=(parse_dim(axis),))
            rows = take_window(self.order, self.cursor, size=parse_dim(axis))
            drawn = {x: take_rows(_in_place(x, array), rows) for x, array in data.items()}
        targets = list(updates)
        (new_loss, *values), _ = substitute([loss, *updates.values()], drawn)
        step: dict[Node, Node] = dict(zip(targets, values, strict=True))
        step[self.cursor] = self.cursor + count
        step[self.total] = self.total + cast(new_loss, float64) * cast(count, float64)
        self._step = Program((), step, watch=watch)
        self._shuffle: Program | None = None
        if shuffle:
            drawn_order = permutation(self.epoch, size=self.rows, seed=seed)
            self._shuffle = Program((), {self.order: drawn_order, self.epoch: self.epoch + 1})

    def run(self, batch: int, tell: Callable[[int], None] | None = None) -> float:
        """One epoch in batches of `batch` rows, the last one smaller; gives the mean loss over the rows."""
        self.cursor.value = 0
        self.total.value = 0.0
        if self._shuffle is not None:
            self._shuffle.run()
        full, rest = divmod(self.rows, batch)
        for count, rows in ((full, batch), (1 if rest else 0, rest)):
            if count:
                self._step.run(repeats=count, sizes={self.axis: rows})
                if tell is not None:
                    tell(count)
        return float(self.total.value) / self.rows


def _in_place(node: Node, array: np.ndarray) -> Node:
    """A constant whose memory is the user's array: data is not copied."""
    return Node(CONSTANT, (), NO_ATTRIBUTES, array.shape, node.dtype, f"data {node.name}", Storage(array))
