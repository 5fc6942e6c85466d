"""Straighten wires: one smooth bend, or one step around a box, where the engine's curve winds more than it must."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np

from viz.place.placed import Point, Rect
from viz.place.route import sampled, simple
from viz.place.samples import Samples

__all__ = ["Smoother"]

Curve = tuple[Point, ...]
_STEP = 8.0
_BETWEEN = 3.0
_BESIDE = 8.0
# Past more boxes than this a single step aside would leave the picture.
_MET_AT_MOST = 4


class Smoother:
    """Knows the boxes and the wires so far; a new wire comes near neither, or stays as the engine made it."""

    def __init__(self, rects: Iterable[Rect], direction: str, reach: float):
        self.along = 0 if direction == "LR" else 1
        self.direction, self.reach = direction, reach
        self.rects = list(rects)
        sides = np.array([(r.x, r.y, r.right, r.bottom) for r in self.rects]).reshape(-1, 4)
        # How near the middle of a wire may come to a box; a border may be touched.
        self._low, self._high = sides[:, :2] - (reach + 0.5), sides[:, 2:] + (reach + 0.5)
        self._ways: list[Curve] = []

    def smooth(self, curve: Curve, strange: Sequence[Rect] = ()) -> Curve:
        """The simplest free way between the ends of the engine's curve; `strange` are frames to keep out of."""
        start, end = curve[0], curve[-1]
        bend = simple(start, end, self.direction)
        way = curve
        if bend is not None:
            met = self._met(self._inner(bend, start, end), 0.0)
            if not met and not _intrudes(bend, curve, strange):
                way = bend
            elif met:
                around = self._around(bend, start, end)
                clear = [
                    w
                    for w in around
                    if not self._met(self._inner(w, start, end), 0.0) and not _intrudes(w, curve, strange)
                ]
                way = min([*clear, curve], key=_length)
        self._ways.append(way)
        return way

    def _inner(self, curve: Sequence[Point], start: Point, end: Point) -> np.ndarray:
        # Near its own two boxes a wire may be as near as it likes.
        k, free = self.along, self.reach + 2.0
        points = [p for p in sampled(curve, _STEP) if start[k] + free < p[k] < end[k] - free]
        return np.array(points).reshape(-1, 2)

    def _met(self, points: np.ndarray, more: float) -> list[Rect]:
        """The boxes to which these points of a wire's middle come too near."""
        if not len(points):
            return []
        low, high = self._low - more, self._high + more
        near = np.flatnonzero(((low < points.max(axis=0)) & (points.min(axis=0) < high)).all(axis=1))
        if not near.size:
            return []
        some = points[:, None, :]
        hit = ((low[near] < some) & (some < high[near])).all(axis=2).any(axis=0)
        return [self.rects[i] for i in near[hit]]

    def _is_apart(self, curve: Sequence[Point]) -> bool:
        """Whether no wire so far runs here."""
        if not self._ways:
            return True
        points = np.array(list(sampled(curve, _STEP)))
        room = 2 * self.reach + 1.5
        others = Samples(self._ways, _BETWEEN).points
        low, high = points.min(axis=0) - room, points.max(axis=0) + room
        others = others[((low < others) & (others < high)).all(axis=1)]
        return not bool((np.abs(points[:, None, :] - others) < room).all(axis=2).any())

    def _around(self, bend: Curve, start: Point, end: Point) -> list[Curve]:
        """Ways above and below all boxes that the simple bend meets, if these ways are not taken by another wire."""
        met = self._met(self._inner(bend, start, end), 0.5)
        if not 0 < len(met) <= _MET_AT_MOST:
            return []
        k = self.along
        near = min((r.x, r.y)[k] for r in met) - _BESIDE
        far = max((r.right, r.bottom)[k] for r in met) + _BESIDE
        sides = (
            min((r.x, r.y)[1 - k] for r in met) - self.reach - 4.0,
            max((r.right, r.bottom)[1 - k] for r in met) + self.reach + 4.0,
        )
        ways = []
        for side in sides:
            first, last = ((near, side), (far, side)) if k == 0 else ((side, near), (side, far))
            rise, fall = simple(start, first, self.direction), simple(last, end, self.direction)
            if rise is None or fall is None:
                continue
            third = ((last[0] - first[0]) / 3, (last[1] - first[1]) / 3)
            straight = (
                (first[0] + third[0], first[1] + third[1]),
                (last[0] - third[0], last[1] - third[1]),
                last,
            )
            if self._is_apart((first, *straight)):
                ways.append((*rise, *straight, *fall[1:]))
        return ways


def _intrudes(way: Curve, curve: Curve, frames: Sequence[Rect]) -> bool:
    """Whether the way enters a frame that the engine's curve does not: where that does so too nothing is lost."""
    entered = _entered(way, frames)
    return len(_entered(curve, entered)) < len(entered)


def _entered(curve: Curve, frames: Sequence[Rect]) -> list[Rect]:
    if not frames:
        return []
    points = list(sampled(curve, _STEP))
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    near = (f for f in frames if f.x < right and left < f.right and f.y < bottom and top < f.bottom)
    return [f for f in near if any(f.x < x < f.right and f.y < y < f.bottom for x, y in points)]


def _length(curve: Curve) -> float:
    points = list(sampled(curve, _STEP))
    return sum(math.dist(p, q) for p, q in itertools.pairwise(points))
