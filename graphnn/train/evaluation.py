"""Evaluation: a loss and metrics over all rows of a data set, in compiled code, over data that stays in place.

Means over rows and the totals of metrics are added up by nodes, in float64 or int64, batch after batch; the last
batch's run also gives the values that are made of the sums. Metrics that need all rows at once have them collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, parse_dim, shape_text
from graphnn.core.dtypes import DType, bool_, float64, int64, is_float
from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.leaves import constant, counter, describe, parameter
from graphnn.core.node import Node, require_storage
from graphnn.core.scope import scope
from graphnn.engine.program import Program
from graphnn.metrics import Metric
from graphnn.ops import cast, size, take_rows, take_window
from graphnn.train.call import Call, put
from graphnn.train.rows import in_place
from graphnn.transform.rewrite import substitute

# Rows that are processed at once.
CHUNK = 1024

Measure = Node | Metric


def checked_metrics(metrics: Any, taken: Iterable[str]) -> dict[str, Measure]:
    """The metrics of a Trainer: {name: 0-d node or Metric}. Raises SettingError for anything else."""
    if not isinstance(metrics, Mapping):
        raise SettingError(f"Trainer: metrics are a mapping {{name: node}}, found {metrics!r}.")
    for name in taken:
        if name in metrics:
            raise SettingError(f"Trainer: no metric is called {name!r}, for the loss is measured anyway.")
    for name, measure in metrics.items():
        if isinstance(measure, Metric):
            continue
        if not isinstance(measure, Node) or measure.shape != ():
            way_out = (
                " Take its mean over the rows, or use one of gn.metrics." if isinstance(measure, Node) else ""
            )
            raise SettingError(
                f"Trainer: metric {name!r} is a 0-d node or a gn.metrics.Metric, found {measure!r}.{way_out}"
            )
    return {str(name): measure for name, measure in metrics.items()}


def nodes_of(measures: Mapping[str, Measure]) -> list[Node]:
    """What a batch has to compute for these measures."""
    return [n for m in measures.values() for n in (m.nodes if isinstance(m, Metric) else (m,))]


class Evaluation:
    """Measures one data set as often as wanted.

    measures : {name: 0-d node, a mean over the batch; or a Metric}
    data : input node -> rows
    axis : name of the batch axis
    """

    def __init__(
        self, measures: Mapping[str, Measure], data: Mapping[Node, np.ndarray], axis: str, *, watch: bool = False
    ):  # fmt: skip
        self.rows = len(next(iter(data.values())))
        self.names = tuple(measures)
        self._clean = True
        with scope("evaluation"):
            self._cursor = counter("cursor")
            count = size(dims=(parse_dim(axis),))
            rows = take_window(constant(np.arange(self.rows), int64), self._cursor, size=parse_dim(axis))
            drawn = {x: take_rows(in_place(x, array), rows) for x, array in data.items()}
        found, _ = substitute(nodes_of(measures), drawn)
        values = iter(found)
        moved: dict[Node, Node] = {self._cursor: self._cursor + count}
        finished: dict[str, Node] = {}
        self._rooms: dict[str, tuple[Node, ...]] = {}
        kept: list[Node] = []
        later: dict[str, Node] = {}
        with scope("evaluation"):
            for name, measure in measures.items():
                if isinstance(measure, Node):
                    total = parameter(0.0, f"sum of {name}", float64)
                    moved[total] = total + cast(next(values), float64) * cast(count, float64)
                    finished[name] = moved[total] / float(self.rows)
                elif measure.totals:
                    sums = []
                    for value in (next(values) for _ in measure.totals):
                        dtype: DType = float64 if is_float(value.dtype) else int64
                        total = (
                            parameter(np.zeros(value.shape), f"total of {name}", dtype)
                            if dtype is float64
                            else parameter(np.zeros(value.shape, np.int64), f"total of {name}")
                        )
                        moved[total] = total + _wide(value, dtype)
                        sums.append(moved[total])
                    finished[name] = _value(name, measure, sums)
                else:
                    nodes = [next(values) for _ in measure.collected]
                    kept += nodes
                    self._rooms[name] = tuple(_room(n, self.rows, name) for n in nodes)
                    later[name] = _value(name, measure, self._rooms[name])
        self._kept = len(kept)
        self._finished = tuple(finished)
        self._sums = tuple(moved)
        rest = {node: constant(np.zeros(node.shape, node.dtype), node.dtype) for node in moved}
        self._gather = Call(Program(kept, moved, watch=watch), axis)
        # Without the cursor's move an evaluation of collected rows alone would write nothing.
        self._last = Call(Program([*kept, *finished.values()], rest, watch=watch), axis)
        self._later = Program(list(later.values())) if later else None
        self._later_names = tuple(later)

    def run(self) -> dict[str, Any]:
        """{name: value}: a float, or an array for metrics that give one."""
        if not self._clean:  # an interrupt came in the middle of the last one
            for node in self._sums:
                put(node, 0)
        self._clean = False
        full = (self.rows - 1) // CHUNK
        if self._kept:
            for k in range(full):
                self._keep(k, self._gather.results(self._gather(CHUNK)))
        elif full:
            self._gather(CHUNK, full)
        results = self._last.results(self._last(self.rows - full * CHUNK))
        if self._kept:
            self._keep(full, results)
        found = {
            name: _plain(value) for name, value in zip(self._finished, results[self._kept :], strict=True)
        }
        self._clean = True
        if self._later is not None:
            found.update(zip(self._later_names, map(_plain, self._later.run()), strict=True))
        return {name: found[name] for name in self.names}

    def _keep(self, chunk: int, results: list[np.ndarray]) -> None:
        rooms = [room for rooms in self._rooms.values() for room in rooms]
        for room, value in zip(rooms, results, strict=False):
            first = chunk * CHUNK
            storage = require_storage(room, "evaluate")
            storage.array[first : first + len(value)] = value
            storage.version += 1


def _wide(value: Node, dtype: DType) -> Node:
    return cast(cast(value, int64) if value.dtype is bool_ else value, dtype)


def _value(name: str, metric: Metric, operands: Iterable[Node]) -> Node:
    value = metric.finish(*operands)
    if not isinstance(value, Node):
        raise GraphError(f"metric {name!r}: finish gives a node, found {value!r}.")
    if any(isinstance(d, Dim) for d in value.shape):
        raise ShapeError(f"metric {name!r}: finish gives {describe(value)}; wanted axes of known size.")
    return value


def _room(node: Node, rows: int, name: str) -> Node:
    """A parameter that holds the node's value for all rows."""
    if any(isinstance(d, Dim) for d in node.shape[1:]):
        raise ShapeError(
            f"metric {name!r}: collects {describe(node)}; only the first axis may be named, found "
            f"{shape_text(node.shape)}."
        )
    return parameter(np.zeros((rows, *node.shape[1:]), node.dtype), f"rows of {name}", node.dtype)


def _plain(value: np.ndarray) -> Any:
    return value.copy() if value.shape else value.item()


__all__ = ["CHUNK", "Evaluation", "Measure", "checked_metrics", "nodes_of"]
