"""Descent: epochs of an estimator's training, as few calls into compiled code as the data allow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnn.core.dtypes import float64, int64
from graphnn.core.leaves import constant, counter, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.engine.program import Program
from graphnn.estimators.network import Network
from graphnn.ops import cast, equal, size, take_rows, take_window, where
from graphnn.train.call import Call, number, put
from graphnn.train.rows import in_place
from graphnn.transform.rewrite import substitute

# Losses that one call keeps. More epochs than this are several calls.
_SLOTS = 32


class Descent:
    """Runs epochs of a network's step over rows, in batches; `shuffled` draws an order of rows for each epoch."""

    def __init__(
        self, network: Network, feeds: Mapping[Node, np.ndarray], batch: int, *, shuffled: bool, seed: int
    ):
        self._members = network.blueprint.ensemble
        if batch >= len(feeds[network.x]):
            self._way: _WholeBatch | _MiniBatches = _WholeBatch(network, feeds)
        else:
            self._way = _MiniBatches(network, feeds, batch, seed if shuffled else None)

    def run(self, epochs: int) -> list[float]:
        """The mean loss of each of up to `epochs` epochs, as many as are run at once."""
        return [loss / self._members for loss in self._way.run(epochs)]


class _WholeBatch:
    """Epochs of one step each: the order of rows means nothing, so many epochs are one call that keeps their losses."""

    def __init__(self, network: Network, feeds: Mapping[Node, np.ndarray]):
        trainer = network.trainer
        with scope("epochs"):
            self._losses = parameter(np.zeros(_SLOTS), "losses", float64)
            self._slot = counter("slot")
            here = equal(self._slot, constant(np.arange(_SLOTS)))
            kept = where(here, cast(trainer.loss, float64), self._losses)
        updates = {**trainer.updates, self._losses: kept, self._slot: self._slot + 1}
        self._program, self._feeds = Program((), updates), feeds

    def run(self, epochs: int) -> list[float]:
        count = min(epochs, _SLOTS)
        put(self._slot, 0)
        self._program.run(self._feeds, repeats=count)
        losses: list[float] = self._losses.value[:count].tolist()
        return losses


class _MiniBatches:
    """Epochs of several steps: each takes the rows that the order of the epoch has at the cursor."""

    def __init__(self, network: Network, feeds: Mapping[Node, np.ndarray], batch: int, seed: int | None):
        trainer = network.trainer
        self._rows, self._batch = len(feeds[network.x]), batch
        with scope("batch"):
            self._order = parameter(np.arange(self._rows, dtype=np.int64), "order", int64)
            self._cursor = counter("cursor")
            self._total = parameter(0.0, "sum of losses", float64)
            count = size(dims=network.x.shape[:1])
            rows = take_window(self._order, self._cursor, size=network.x.shape[0])
            drawn = {x: take_rows(in_place(x, array), rows) for x, array in feeds.items()}
        (loss, *new), _ = substitute([trainer.loss, *trainer.updates.values()], drawn)
        step: dict[Node, Node] = dict(zip(trainer.updates, new, strict=True))
        step[self._cursor] = self._cursor + count
        step[self._total] = self._total + cast(loss, float64) * cast(count, float64)
        self._step = Call(Program((), step), "batch")
        self._draws = None if seed is None else np.random.Generator(np.random.SFC64(seed))

    def run(self, epochs: int) -> list[float]:
        put(self._cursor, 0)
        put(self._total, 0.0)
        if self._draws is not None:
            put(self._order, self._draws.permutation(self._rows))
        full, rest = divmod(self._rows, self._batch)
        self._step(self._batch, full)
        if rest:
            self._step(rest)
        return [number(self._total) / self._rows]
