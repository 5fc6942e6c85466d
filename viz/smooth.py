"""Straighten wires: one smooth bend, or one step around a box, where the engine's curve winds more than it must."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from viz.labels import Ground
from viz.placed import Point, Rect
from viz.route import sampled, simple

__all__ = ["Smoother"]

Curve = tuple[Point, ...]
_STEP = 8.0
_BESIDE = 8.0
# Past more boxes than this a single step aside would leave the picture.
_MET_AT_MOST = 4


class Smoother:
    """Knows the boxes and the wires so far; a new wire comes near neither, or stays as the engine made it."""

    def __init__(self, rects: Iterable[Rect], direction: str, reach: float):
        self.walls = Ground((rect.grown(-1.0) for rect in rects), ())
        self.wires = Ground((), ())
        self.along = 0 if direction == "LR" else 1
        self.direction, self.reach = direction, reach

    def smooth(self, curve: Curve) -> Curve:
        """The simplest free way between the ends of the engine's curve."""
        start, end = curve[0], curve[-1]
        bend = simple(start, end, self.direction)
        way = curve
        if bend is not None:
            if self._is_clear(bend, start, end):
                way = bend
            else:
                around = [w for w in self._around(bend, start, end) if self._is_clear(w, start, end)]
                way = min([*around, curve], key=_length)
        self.wires.run(way, 2 * self.reach)
        return way

    def _square(self, point: Point) -> Rect:
        x, y = point
        return Rect(x - self.reach, y - self.reach, 2 * self.reach, 2 * self.reach)

    def _inner(self, curve: Sequence[Point], start: Point, end: Point) -> list[Point]:
        # Near its own two boxes a wire may be as near as it likes.
        k, free = self.along, self.reach + 2.0
        return [p for p in sampled(curve, _STEP) if start[k] + free < p[k] < end[k] - free]

    def _is_clear(self, curve: Curve, start: Point, end: Point) -> bool:
        return all(self.walls.is_free(self._square(p)) for p in self._inner(curve, start, end))

    def _around(self, bend: Curve, start: Point, end: Point) -> list[Curve]:
        """Ways above and below all boxes that the simple bend meets, if these ways are not taken by another wire."""
        squares = [self._square(p) for p in self._inner(bend, start, end)]
        met = {r for s in squares for r in self.walls.met_by(s.grown(2.0))}
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
            if all(self.wires.is_free(self._square(p)) for p in sampled((first, *straight), _STEP)):
                ways.append((*rise, *straight, *fall[1:]))
        return ways


def _length(curve: Curve) -> float:
    points = list(sampled(curve, _STEP))
    return sum(math.dist(p, q) for p, q in itertools.pairwise(points))
