"""Call a program whose data lies in place again and again, with as little Python around it as can be."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from graphnn.core.node import Node, require_storage
from graphnn.core.storage import Storage
from graphnn.engine.bound import Bound
from graphnn.engine.program import Program

# A run of so many seconds is over before a sleeping thread is awake to help.
_SHORT = 0.0003
# Runs without help, the first of which is a cold one, that tell how long one takes.
_TRIALS = 2


class Call:
    """A program without feeds, bound once for each size of the batch axis, if it has one. For one thread at a time."""

    def __init__(self, program: Program, axis: str | None):
        self._program, self._axis = program, axis
        self._bounds: dict[int, Bound] = {}
        self._views: dict[Bound, list[np.ndarray]] = {}
        self._alone: dict[Bound, tuple[int, float]] = {}  # runs without help, seconds of the last
        self._written = [require_storage(p, "run") for p, _ in program.updates]
        # Arrays that lie in a flat buffer stay there; others move when some program joins them.
        self._loose: list[tuple[Storage, np.ndarray]] = []

    def __call__(self, rows: int, repeats: int = 1) -> Bound:
        """Run `repeats` times on batches of `rows` rows; the bound program, for its results."""
        for storage, array in self._loose:
            if storage.array is not array:
                self._bounds.clear()
                self._views.clear()
                self._alone.clear()
        bound = self._bounds.get(rows)
        if bound is None:
            bound = self._bind(rows)
        trials, seconds = self._alone.get(bound, (0, 0.0))
        alone = trials < _TRIALS or seconds * repeats < _SHORT
        began = time.perf_counter()
        try:
            bound.run(repeats, alone=alone)
            if trials < _TRIALS:
                self._alone[bound] = trials + 1, (time.perf_counter() - began) / repeats
        finally:  # a fault or Ctrl-C may come after some of the repeats
            for storage in self._written:
                storage.version += 1
        return bound

    def _bind(self, rows: int) -> Bound:
        sizes = {} if self._axis is None else {self._axis: rows}
        bound = self._bounds[rows] = self._program.bind(sizes=sizes)
        storages = [require_storage(p, "run") for p in self._program.graph.parameters]
        self._loose = [(s, s.array) for s in storages if s.buffer is None]
        return bound

    def results(self, bound: Bound) -> list[np.ndarray]:
        """Views on the values of the outputs in the last run, in their order."""
        views = self._views.get(bound)
        if views is None:
            views = self._views[bound] = [bound.result(node) for node in bound.outputs]
        return views


def number(node: Node) -> Any:
    """The present value of a 0-d parameter."""
    return require_storage(node, "run").array.item()


def put(node: Node, value: Any) -> None:
    """Set a parameter, whose value is known to fit."""
    require_storage(node, "run").write(value)


__all__ = ["Call", "number", "put"]
