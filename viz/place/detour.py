"""Lead a wire around boxes and beside other wires, where the engine's own curve runs into them.

The page becomes a grid of small cells. The cheapest way is searched for (A*: Hart, Nilsson and Raphael 1968) that
turns seldom, crosses other wires seldom and never runs along on top of one; its corners are then rounded.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence

import numpy as np

from viz.place.placed import Point, Rect
from viz.place.route import rounded
from viz.place.samples import Samples

__all__ = ["Detour"]

_PITCH = 6.0
_CELLS_AT_MOST = 24_000
# A search that has seen this many states gives up, and so does a picture after several of them.
_STATES_AT_MOST, _STATES_OF_ALL = 20_000, 90_000
# A hasty search: a way that costs a little more than the best one is found much sooner.
_HASTE = 2.0
_EDGE, _NEAR = 40.0, 320.0
_TURN, _CROSS, _ALONG, _STRANGE = 4.0, 1.0, 4.0, 2.0
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


class Detour:
    """Knows the boxes; is told the other wires with each question."""

    def __init__(self, rects: Iterable[Rect], direction: str):
        self.rects = list(rects)
        self.right = direction == "LR"
        left, top = min(r.x for r in self.rects) - _EDGE, min(r.y for r in self.rects) - _EDGE
        right = max(r.right for r in self.rects) + _EDGE
        self.page = Rect(left, top, right - left, max(r.bottom for r in self.rects) + _EDGE - top)
        self._left = _STATES_OF_ALL
        self._look_at(self.page)

    def _look_at(self, part: Rect) -> None:
        """Lay the grid over a part of the page."""
        self.part = part
        self.pitch = max(_PITCH, math.sqrt(part.w * part.h / _CELLS_AT_MOST))
        self.left, self.top = part.x, part.y
        self.columns, self.rows = int(part.w / self.pitch) + 1, int(part.h / self.pitch) + 1

    def _around(self, start: Point, end: Point) -> Rect:
        """The part of the page around both ends: on the whole of a large one the cells would be coarse."""
        xs, ys, page = sorted((start[0], end[0])), sorted((start[1], end[1])), self.page
        left, top = max(xs[0] - _NEAR, page.x), max(ys[0] - _NEAR, page.y)
        return Rect(left, top, min(xs[1] + _NEAR, page.right) - left, min(ys[1] + _NEAR, page.bottom) - top)

    def way(
        self, start: Point, end: Point, reach: float, others: Sequence[tuple[Sequence[Point], float]],
        strange: Sequence[Rect] = (), *, near: bool = True,
    ) -> tuple[Point, ...] | None:  # fmt: skip
        """A curve from port to port that keeps `reach` away from boxes and from other wires with theirs, or None.

        It goes through a `strange` frame only where the way around is long. `near` looks around both ends only.
        """
        self._look_at(self._around(start, end) if near else self.page)
        costs = self._costs(reach, others, strange)
        first = self._free(start, 1.0, reach + self.pitch, costs[0])
        last = self._free(end, -1.0, reach + self.pitch + 6.0, costs[0])
        cells = self._search(first, last, *costs)
        if cells is None:
            return None
        return rounded(self._corners(cells, start, end))

    def _free(self, port: Point, way: float, lead: float, taken: list[bool]) -> tuple[int, int]:
        """The cell in which the way begins before a port: nearer to it, where another box stands close by."""
        found = self._cell(port)
        for share in (1.0, 0.7, 0.4):
            ahead = way * lead * share
            point = (port[0] + ahead, port[1]) if self.right else (port[0], port[1] + ahead)
            found = self._cell(point)
            if not taken[found[0] * self.rows + found[1]]:
                break
        return found

    def _cell(self, point: Point) -> tuple[int, int]:
        i, j = int((point[0] - self.left) / self.pitch), int((point[1] - self.top) / self.pitch)
        return min(max(i, 0), self.columns - 1), min(max(j, 0), self.rows - 1)

    def _costs(
        self, reach: float, others: Sequence[tuple[Sequence[Point], float]], strange: Sequence[Rect]
    ) -> tuple[list[bool], list[float], list[float]]:
        """Which cells are taken by boxes, and what a step along x and one along y costs in each."""
        p = self.pitch
        taken = np.zeros((self.columns, self.rows), dtype=bool)
        for r in self.rects:
            taken[self._cells(r.grown(reach))] = True
        steps = np.ones((2, self.columns, self.rows))
        for r in strange:
            steps[(slice(None), *self._cells(r))] += _STRANGE
        if others:
            samples = Samples([curve for curve, _ in others], 0.8 * p)
            ways = np.gradient(samples.points, axis=0)
            flat = np.abs(ways[:, 0]) > 0.5 * np.abs(ways[:, 1])
            steep = np.abs(ways[:, 1]) > 0.5 * np.abs(ways[:, 0])
            at = (samples.points - (self.left, self.top)) / p
            halves = np.array([half for _, half in others])[samples.curve]
            extra = np.zeros((2, self.columns, self.rows))
            width = int((reach + halves.max(initial=0.0)) / p) + 1
            for di in range(-width, width + 1):
                for dj in range(-width, width + 1):
                    cells = np.floor(at).astype(np.int64) + np.array((di, dj))
                    gaps = np.abs(cells + 0.5 - at) * p
                    near = (gaps < (reach + halves)[:, None]).all(axis=1)
                    near &= (cells >= 0).all(axis=1) & (cells < (self.columns, self.rows)).all(axis=1)
                    for axis, along, across in ((0, flat, steep), (1, steep, flat)):
                        for mask, cost in ((near & along, _ALONG), (near & across & ~along, _CROSS)):
                            i, j = cells[mask].T
                            extra[axis, i, j] = np.maximum(extra[axis, i, j], cost)
            steps += extra
        return taken.ravel().tolist(), steps[0].ravel().tolist(), steps[1].ravel().tolist()

    def _cells(self, r: Rect) -> tuple[slice, slice]:
        """The cells whose centres lie in a rectangle."""
        i0, i1 = (math.ceil((v - self.left) / self.pitch - 0.5) for v in (r.x, r.right))
        j0, j1 = (math.ceil((v - self.top) / self.pitch - 0.5) for v in (r.y, r.bottom))
        return slice(max(i0, 0), max(i1, 0)), slice(max(j0, 0), max(j1, 0))

    def _search(
        self, start: tuple[int, int], goal: tuple[int, int], taken: list[bool], flat: list[float],
        steep: list[float],
    ) -> list[tuple[int, int]] | None:  # fmt: skip
        rows = self.rows
        heading = 0 if self.right else 1
        first, last = (start[0] * rows + start[1]) * 4 + heading, (goal[0] * rows + goal[1]) * 4 + heading
        cost = {first: 0.0}
        came: dict[int, int] = {}
        queue = [(0.0, 0.0, first)]
        gi, gj = goal
        seen = 0
        most = min(_STATES_AT_MOST, self._left)
        while queue and seen < most:
            _, so_far, state = heapq.heappop(queue)
            seen += 1
            if state == last:
                found = [state]
                self._left -= seen
                while found[-1] in came:
                    found.append(came[found[-1]])
                return [divmod(s >> 2, rows) for s in reversed(found)]
            if so_far > cost[state]:
                continue
            cell, way = state >> 2, state & 3
            i, j = divmod(cell, rows)
            for turn, (di, dj) in enumerate(_STEPS):
                if (turn + 2) & 3 == way:
                    continue
                ni, nj = i + di, j + dj
                if not (0 <= ni < self.columns and 0 <= nj < rows):
                    continue
                to = ni * rows + nj
                if taken[to] and (ni, nj) != goal:
                    continue
                new = so_far + (flat[to] if di else steep[to]) + (_TURN if turn != way else 0.0)
                key = to * 4 + turn
                if new < cost.get(key, math.inf):
                    cost[key] = new
                    came[key] = state
                    heapq.heappush(queue, (new + _HASTE * (abs(gi - ni) + abs(gj - nj)), new, key))
        self._left -= seen
        return None

    def _corners(self, cells: list[tuple[int, int]], start: Point, end: Point) -> list[Point]:
        """The turning points; the first and the last stretch lie exactly on the ports."""
        p = self.pitch
        corners = [cells[0]]
        for before, here, after in zip(cells, cells[1:], cells[2:], strict=False):
            if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
                corners.append(here)
        corners.append(cells[-1])
        points = [(self.left + (i + 0.5) * p, self.top + (j + 0.5) * p) for i, j in corners]
        k = 1 if self.right else 0

        def at(point: Point, port: Point) -> Point:
            return (point[0], port[1]) if k else (port[0], point[1])

        if len(corners) == 2:  # a straight line of cells: a slight bend leads from port to port
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            return [start, at(middle, start), at(middle, end), end]
        # The stretch that goes on along the flow lies on the port's line; else the way turns where it starts.
        if corners[0][k] == corners[1][k]:
            points[1] = at(points[1], start)
        else:
            points[0] = at(points[0], start)
        if corners[-1][k] == corners[-2][k]:
            points[-2] = at(points[-2], end)
            points.pop()
        else:
            points[-1] = at(points[-1], end)
        return [start, *(points[1:] if corners[0][k] == corners[1][k] else points), end]
