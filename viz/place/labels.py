"""Find a free place for the number of each wire: beside its own wire, clear of boxes, other wires and other numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import floor, hypot, inf

import numpy as np

from viz.place.placed import PlacedWire, Point, Rect, Text
from viz.place.route import normals
from viz.place.samples import Samples

__all__ = ["Ground", "free_place"]

_CELL = 24.0
_CLEAR = 1.5
_SPACING = 3.0
# So many places are tried around the middle of a wire, before one looks farther out less closely.
_CLOSE = 150
# So far from each other stand two numbers in one line.
_APART = 6.0
# A number stands so much nearer to its own wire than to the next one that has a number, if among so many free places
# there is one; a wire farther away than the last number disturbs nobody.
_NEARER, _PATIENCE, _FAR = 2.0, 120, 24.0


class Ground:
    """What already stands on the page, in a grid, so that a place is checked against its surroundings only."""

    def __init__(self, boxes: Iterable[Rect], wires: Sequence[PlacedWire]):
        self._rects: dict[tuple[int, int], list[Rect]] = defaultdict(list)
        for rect in boxes:
            self.take(rect)
        samples = Samples([wire.curve for wire in wires], _SPACING)
        halves = np.array([wire.width / 2 for wire in wires])[samples.curve]
        # Which wire with a number a point belongs to; a wire without one is never taken for the owner of a number.
        self._owners = {wire.wire.id: float(i) for i, wire in enumerate(wires) if wire.wire.label}
        owners = np.array([self._owners.get(wire.wire.id, -1.0) for wire in wires])[samples.curve]
        cells = np.floor(samples.points / _CELL).astype(np.int64)
        order = np.lexsort((cells[:, 1], cells[:, 0]))
        cells = cells[order]
        self._samples = np.column_stack([samples.points, halves, owners])[order]
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
            for x, y, half, _ in self._points_in(cell):
                if around.x - half < x < around.right + half and around.y - half < y < around.bottom + half:
                    return False
        return True

    def lead(self, rect: Rect, wire: str) -> float:
        """How much nearer words are to their own wire than to every other wire with words."""
        own, nearest, other = self._owners[wire], _FAR, _FAR
        for cell in _cells(rect.grown(_FAR + 6.0)):
            for x, y, half, owner in self._points_in(cell):
                if owner < 0:
                    continue
                away = (
                    hypot(max(rect.x - x, x - rect.right, 0.0), max(rect.y - y, y - rect.bottom, 0.0)) - half
                )
                if owner == own:
                    nearest = min(nearest, away)
                else:
                    other = min(other, away)
        return other - nearest


def _cells(rect: Rect) -> Iterator[tuple[int, int]]:
    for i in range(floor(rect.x / _CELL), floor(rect.right / _CELL) + 1):
        for j in range(floor(rect.y / _CELL), floor(rect.bottom / _CELL) + 1):
            yield i, j


def free_place(
    label: Text, wishes: Sequence[Point], placed: PlacedWire, ground: Ground, page: Rect
) -> Text | None:
    """The label at the first free place at which it is seen to belong to its wire, else where that is seen best.

    A wish is the centre of the text. After the wishes both sides of the wire are tried, the outer one first, from its
    middle to its ends; None where nothing is free.
    """
    rect = label.rect
    found, best, free = None, -inf, 0
    for x, y in chain(wishes, _beside(placed.curve, placed.width, rect.w, rect.h)):
        moved = label.moved(x - (rect.x + rect.w / 2), y - (rect.y + rect.h / 2))
        if not page.holds(moved.rect) or not ground.is_free(moved.rect):
            continue
        lead, free = ground.lead(moved.rect, placed.wire.id), free + 1
        if lead > best:
            found, best = moved, lead
        if lead >= _NEARER or free == _PATIENCE:
            break
    if found is not None:
        # Two numbers in one line must not read as one.
        r = found.rect
        ground.take(Rect(r.x - _APART, r.y, r.w + 2 * _APART, r.h))
    return found


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
