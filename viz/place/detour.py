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
            if not taken[self._index(found)]:
                break
        return found

    def _cell(self, point: Point) -> tuple[int, int]:
        i, j = int((point[0] - self.left) / self.pitch), int((point[1] - self.top) / self.pitch)
        return min(max(i, 0), self.columns - 1), min(max(j, 0), self.rows - 1)

    def _costs(
        self, reach: float, others: Sequence[tuple[Sequence[Point], float]], strange: Sequence[Rect]
    ) -> tuple[list[bool], list[float], list[float]]:
        """Which cells are taken by boxes, and what a step along x and one along y costs in each."""
        taken = np.zeros((self.columns, self.rows), dtype=bool)
        for r in self.rects:
            taken[self._cells(r.grown(reach))] = True
        steps = np.ones((2, self.columns, self.rows))
        for r in strange:
            steps[(slice(None), *self._cells(r))] += _STRANGE
        if others:
            steps += self._beside(reach, others)
        # A border of taken cells, so that the search need not ask whether it has left the grid.
        taken = np.pad(taken, 1, constant_values=True)
        flat, steep = (np.pad(axis, 1) for axis in steps)
        return taken.ravel().tolist(), flat.ravel().tolist(), steep.ravel().tolist()

    def _beside(self, reach: float, others: Sequence[tuple[Sequence[Point], float]]) -> np.ndarray:
        """What a step along x and one along y costs more in each cell that is too near to another wire."""
        p = self.pitch
        samples = Samples([curve for curve, _ in others], 0.8 * p)
        ways = np.gradient(samples.points, axis=0)
        at = (samples.points - (self.left, self.top)) / p
        halves = np.array([half for _, half in others])[samples.curve]
        width = int((reach + halves.max(initial=0.0)) / p) + 1
        inside = ((at > -width - 1) & (at < (self.columns + width + 1, self.rows + width + 1))).all(axis=1)
        at, near, ways = at[inside], reach + halves[inside], np.abs(ways[inside])
        flat, steep = ways[:, 0] > 0.5 * ways[:, 1], ways[:, 1] > 0.5 * ways[:, 0]
        # With room around for cells outside, which are cut off at the end.
        extra = np.zeros((2, self.columns + 4 * width + 4, self.rows + 4 * width + 4))
        cells = np.floor(at).astype(np.int64)
        gaps = (
            np.abs(cells[None] + np.arange(-width, width + 1)[:, None, None] + 0.5 - at[None]) * p
            < near[:, None]
        )
        cells += 2 * width + 2
        # A cell near to two wires costs what the worse one costs: the dearer cost is written last.
        for cost, chosen in ((_CROSS, (steep & ~flat, flat & ~steep)), (_ALONG, (flat, steep))):
            for di in range(-width, width + 1):
                for dj in range(-width, width + 1):
                    close = gaps[di + width, :, 0] & gaps[dj + width, :, 1]
                    for axis in (0, 1):
                        i, j = cells[close & chosen[axis]].T
                        extra[axis, i + di, j + dj] = cost
        margin = 2 * width + 2
        return extra[:, margin : margin + self.columns, margin : margin + self.rows]

    def _cells(self, r: Rect) -> tuple[slice, slice]:
        """The cells whose centres lie in a rectangle."""
        i0, i1 = (math.ceil((v - self.left) / self.pitch - 0.5) for v in (r.x, r.right))
        j0, j1 = (math.ceil((v - self.top) / self.pitch - 0.5) for v in (r.y, r.bottom))
        return slice(max(i0, 0), max(i1, 0)), slice(max(j0, 0), max(j1, 0))

    def _search(
        self, start: tuple[int, int], goal: tuple[int, int], taken: list[bool], flat: list[float],
        steep: list[float],
    ) -> list[tuple[int, int]] | None:  # fmt: skip
        rows = self.rows + 2
        heading = 0 if self.right else 1
        first, last = self._index(start) * 4 + heading, self._index(goal) * 4 + heading
        goal_cell, gi, gj = last >> 2, goal[0] + 1, goal[1] + 1
        # Before each turn: the states that may follow, as steps between cells; nobody turns back.
        steps = ((rows, 1, 0), (1, 0, 1), (-rows, -1, 0), (-1, 0, -1))
        following = [
            [
                (turn, by, di, dj, flat if di else steep, 0.0 if turn == way else _TURN)
                for turn, (by, di, dj) in enumerate(steps)
                if (turn + 2) & 3 != way
            ]
            for way in range(4)
        ]
        cost = {first: 0.0}
        came: dict[int, int] = {}
        queue = [(0.0, 0.0, first)]
        seen = 0
        most = min(_STATES_AT_MOST, self._left)
        pop, push, known, far = heapq.heappop, heapq.heappush, cost.get, math.inf
        while queue and seen < most:
            _, so_far, state = pop(queue)
            seen += 1
            if state == last:
                found = [state]
                self._left -= seen
                while found[-1] in came:
                    found.append(came[found[-1]])
                return [(i - 1, j - 1) for i, j in (divmod(s >> 2, rows) for s in reversed(found))]
            if so_far > cost[state]:
                continue
            cell = state >> 2
            i, j = divmod(cell, rows)
            for turn, by, di, dj, price, bend in following[state & 3]:
                to = cell + by
                if taken[to] and to != goal_cell:
                    continue
                new = so_far + price[to] + bend
                key = to * 4 + turn
                if new < known(key, far):
                    cost[key] = new
                    came[key] = state
                    push(queue, (new + _HASTE * (abs(gi - i - di) + abs(gj - j - dj)), new, key))
        self._left -= seen
        return None

    def _index(self, cell: tuple[int, int]) -> int:
        """Where a cell stands in the lists, which have a border of one cell around the grid."""
        return (cell[0] + 1) * (self.rows + 2) + cell[1] + 1

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
