"""Find a free place for the number of each wire: beside its own wire, clear of boxes, other wires and other numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import floor

import numpy as np

from viz.place.placed import Point, Rect, Text
from viz.place.route import normals
from viz.place.samples import Samples

__all__ = ["Ground", "free_place"]

_CELL = 24.0
_CLEAR = 1.5
_SPACING = 3.0
# So many places are tried around the middle of a wire, before one looks farther out less closely.
_CLOSE = 150


class Ground:
    """What already stands on the page, in a grid, so that a place is checked against its surroundings only."""

    def __init__(self, boxes: Iterable[Rect], curves: Iterable[tuple[Sequence[Point], float]]):
        self._rects: dict[tuple[int, int], list[Rect]] = defaultdict(list)
        for rect in boxes:
            self.take(rect)
        curves = list(curves)
        samples = Samples([curve for curve, _ in curves], _SPACING)
        halves = np.array([width / 2 for _, width in curves])[samples.curve]
        cells = np.floor(samples.points / _CELL).astype(np.int64)
        order = np.lexsort((cells[:, 1], cells[:, 0]))
        cells = cells[order]
        self._samples = np.column_stack([samples.points, halves])[order]
        starts = np.flatnonzero(np.any(np.diff(cells, axis=0, prepend=cells[:1] - 1), axis=1))
        ends = np.append(starts, len(cells))[1:]
        # Of a large picture few cells are ever asked for: their points are read out when they are.
        self._spans = {
            (i, j): (start, end)
            for (i, j), start, end in zip(cells[starts].tolist(), starts.tolist(), ends.tolist(), strict=True)
        }
        self._points: dict[tuple[int, int], list[list[float]]] = {}

    def _points_in(self, cell: tuple[int, int]) -> list[list[float]]:
        found = self._points.get(cell)
        if found is None:
            start, end = self._spans.get(cell, (0, 0))
            found = self._points[cell] = self._samples[start:end].tolist()
        return found

    def take(self, rect: Rect) -> None:
        """Something stands here from now on."""
        for cell in _cells(rect):
            self._rects[cell].append(rect)

    def is_free(self, rect: Rect) -> bool:
        """Whether nothing stands here, with a little distance around."""
        around = rect.grown(_CLEAR)
        for cell in _cells(around):
            if any(around.meets(other) for other in self._rects.get(cell, ())):
                return False
        # A wide wire reaches beyond the cell in which its middle lies.
        for cell in _cells(around.grown(6.0)):
            for x, y, half in self._points_in(cell):
                if around.x - half < x < around.right + half and around.y - half < y < around.bottom + half:
                    return False
        return True


def _cells(rect: Rect) -> Iterator[tuple[int, int]]:
    for i in range(floor(rect.x / _CELL), floor(rect.right / _CELL) + 1):
        for j in range(floor(rect.y / _CELL), floor(rect.bottom / _CELL) + 1):
            yield i, j


def free_place(
    label: Text, wishes: Sequence[Point], curve: Sequence[Point], width: float, ground: Ground, page: Rect
) -> Text | None:
    """The label at the first wish that is free, else beside the middle of its wire or nearer to an end; else None.

    A wish is the centre of the text. Beside a wire both sides are tried, the outer one first.
    """
    rect = label.rect
    for x, y in [*wishes, *_beside(curve, width, rect.w, rect.h)]:
        moved = label.moved(x - (rect.x + rect.w / 2), y - (rect.y + rect.h / 2))
        if page.holds(moved.rect) and ground.is_free(moved.rect):
            ground.take(moved.rect)
            return moved
    return None


def _beside(curve: Sequence[Point], width: float, w: float, h: float) -> Iterator[Point]:
    points = list(normals(curve, 4.0))
    count = len(points)
    # From the middle outwards; the ends are crowded. Far out along a wire of several pages every eighth place is tried.
    order = sorted(range(count), key=lambda i: (abs(2 * i - count + 1), i))
    order = [i for rank, i in enumerate(order) if rank < _CLOSE or i % 8 == 0]
    for reach in (3.5, 8.0, 13.0):
        for i in order:
            (x, y), (nx, ny) = points[i]
            # How far the text reaches along the normal.
            distance = width / 2 + reach + (abs(nx) * w + abs(ny) * h) / 2
            yield x + nx * distance, y + ny * distance
            # The forward wire runs on the other side.
            distance += 5.0
            yield x - nx * distance, y - ny * distance
