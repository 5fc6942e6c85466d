"""Sample many curves at once, as arrays: what checks and routers want to know about every wire of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viz.place.placed import Point

__all__ = ["Samples"]


class Samples:
    """Points along curves of cubic pieces, at most `spacing` apart.

    `points` (n, 2) has them one curve after the other; curve k begins at `first[k]` and ends before `first[k + 1]`.
    """

    def __init__(self, curves: Sequence[Sequence[Point]], spacing: float):
        counts = [(len(curve) - 1) // 3 for curve in curves]
        pieces = np.array(
            [curve[i : i + 4] for curve in curves for i in range(0, len(curve) - 3, 3)], dtype=np.float64
        ).reshape(-1, 4, 2)
        lengths = np.sqrt(np.square(np.diff(pieces, axis=1)).sum(axis=2)).sum(axis=1)
        steps = np.maximum(np.ceil(lengths / spacing).astype(np.int64), 1) + 1
        owner = np.repeat(np.arange(len(pieces)), steps)
        start = np.concatenate([[0], np.cumsum(steps)])
        t = ((np.arange(len(owner)) - start[owner]) / (steps[owner] - 1))[:, None]
        u = 1.0 - t
        a, b, c, d = (pieces[owner, k] for k in range(4))
        self.points = u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d
        self.first = start[np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)]

    def of(self, k: int) -> np.ndarray:
        """The points of curve k."""
        return self.points[self.first[k] : self.first[k + 1]]

    @property
    def curve(self) -> np.ndarray:
        """The number of the curve on which each point lies."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def hulls(self) -> np.ndarray:
        """The upright rectangle around each curve: left, top, right, bottom."""
        if not len(self.points):
            return np.zeros((0, 4))
        low = np.minimum.reduceat(self.points, self.first[:-1])
        high = np.maximum.reduceat(self.points, self.first[:-1])
        return np.concatenate([low, high], axis=1)
