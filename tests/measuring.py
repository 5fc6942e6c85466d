"""Evaluate a metric by hand, batch after batch, as its definition says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import graphnn as gn


def measured(metric: gn.metrics.Metric, feeds: Mapping[str, np.ndarray], batch: int = 7) -> np.ndarray:
    """The metric over these rows, cut into batches with a ragged last one."""
    program = gn.Program(metric.nodes)
    rows = len(next(iter(feeds.values())))
    needed = {node.name for node in program.inputs}
    parts = [
        program.run({k: v[i : i + batch] for k, v in feeds.items() if k in needed})
        for i in range(0, rows, batch)
    ]
    joined = [
        np.sum(column, axis=0) if metric.totals else np.concatenate(column)
        for column in zip(*parts, strict=True)
    ]
    first = ("rows",) if metric.collected else ()
    places = [
        gn.input(f"part{i}", (*first, *node.shape[len(first) :]), node.dtype)
        for i, node in enumerate(metric.nodes)
    ]
    return gn.Program(metric.finish(*places)).run(dict(zip(places, joined, strict=True)))
