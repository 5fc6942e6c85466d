"""Break a long picture into rows that are read like lines of text, so that a chain fills a slide instead of a strip.

A row ends where only a few wires go on. They lead from its right end, below it, to the left end of the next row.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from viz.place.engines import Job, Places
from viz.place.placed import Point, Rect
from viz.place.route import divided, flatten, rounded

__all__ = ["in_rows"]

_ROWS_AT_MOST = 12
# So many wires at most go on from row to row: more of them would be a knot.
_ON_AT_MOST = 3
_PITCH, _LANE = 24.0, 24.0
_WORDS = 150.0
# What a frame around a part of a group keeps clear: right and below, and left and at its head, where the name stands.
_FRAME, _HEAD = 14.0, (14.0, 26.0)
# A cut that tears something apart may lie this part of a row further off than one that does not.
_TORN = 0.12
# For each wire beyond one that goes on in the next row the picture has to be larger by this part.
_KNOT = 0.12
# No row is shorter than this part of the longest one.
_SHORTEST = 0.3
# Rows are worth their long way back only where the picture gets clearly larger.
_GAIN = 1.12


@dataclass(frozen=True)
class _Row:
    left: float
    right: float
    top: float
    bottom: float


def in_rows(
    job: Job,
    places: Places,
    ratio: float | None,
    room: float | None = None,
    head: tuple[float, float] = _HEAD,
) -> Places | None:
    """The places in rows, so that width : height comes near the ratio; None where that is not possible or no gain.

    room : instead of a ratio, how wide the rows may be, however many of them there are
    A picture that flows downwards is broken into columns.
    """
    if not job.boxes:
        return None
    if job.direction == "TB":
        if ratio is None:
            return None
        turned = in_rows(_turned_job(job), _turned(places), 1.0 / ratio, head=_HEAD[::-1])
        return None if turned is None else _turned(turned)
    found = _Breaker(job, places, head)
    if ratio is None:
        return found.within(room or 0.0)
    best, best_size = None, _size(found.rows([]), ratio, 0, head) * _GAIN
    for count in range(2, min(_ROWS_AT_MOST, len(found.cuts) + 1) + 1):
        cuts = found.choose(count)
        rows = found.rows(cuts) if cuts is not None else []
        lengths = [r.right - r.left for r in rows]
        # A row of one box would be a stray one.
        if cuts is None or min(lengths) < _SHORTEST * max(lengths):
            continue
        size = _size(rows, ratio, 1, head) / (1 + _KNOT * (max(len(found.crossing(cut)) for cut in cuts) - 1))
        if size > best_size:
            best, best_size = cuts, size
    return None if best is None else found.broken(best)


def _size(rows: Sequence[_Row], ratio: float, lanes: int, head: tuple[float, float]) -> float:
    width = max(r.right - r.left for r in rows) + 2 * _LANE * lanes
    height = sum(r.bottom - r.top for r in rows) + (len(rows) - 1) * (2 * _LANE + _PITCH)
    # Title and legend take room as well, below what is drawn.
    if head == _HEAD:
        return min(ratio / width, 1.0 / (height + _WORDS))
    return min(ratio / (width + _WORDS), 1.0 / height)


class _Breaker:
    """The places, where they can be cut, and what they are when they are."""

    def __init__(self, job: Job, places: Places, head: tuple[float, float]):
        self.job, self.places, self.head = job, places, head
        self.regions = {g.id for g in job.groups if g.region}
        self.rects = {
            b.id: Rect(places.centres[b.id][0] - b.w / 2, places.centres[b.id][1] - b.h / 2, b.w, b.h)
            for b in job.boxes
        }
        # Points along all wires.
        self.points = np.array([p for w in job.wires for p in flatten(places.curves[w.id])]).reshape(-1, 2)
        self._on: dict[float, list[str]] = {}
        self.cuts = self._cuts()
        self._tears = {cut: self._torn(cut) for cut in self.cuts}

    def _cuts(self) -> list[float]:
        """Places between columns that no box covers and few wires cross."""
        reach: float | None = None
        found = []
        for rect in sorted(self.rects.values(), key=lambda r: (r.x, r.right)):
            if reach is not None and rect.x - reach > 16.0:
                cut = self._between(reach, rect.x)
                # Between folds a wire may run against the flow: there is no way back from row to row.
                back = any(self.rects[w.target].x < cut < self.rects[w.source].right for w in self.job.wires)
                if 0 < len(self.crossing(cut)) <= _ON_AT_MOST and not back:
                    found.append(cut)
            reach = rect.right if reach is None else max(reach, rect.right)
        return found

    def _between(self, start: float, end: float) -> float:
        """Where a gap between columns is cut: near its middle, and where few frames are."""
        middle = (start + end) / 2
        edges = [
            x for f in self.places.frames.values() for x in (f.x - 2.0, f.right + 2.0) if start < x < end
        ]
        return min([middle, *edges], key=lambda x: (sum(f.x < x < f.right for f in self.places.frames.values()),
                                                    abs(x - middle), x))  # fmt: skip

    def crossing(self, cut: float) -> list[str]:
        """The wires that go on in the next row."""
        if cut not in self._on:
            rects = self.rects
            self._on[cut] = [w.id for w in self.job.wires if rects[w.source].x < cut < rects[w.target].right]
        return self._on[cut]

    def _torn(self, cut: float) -> int:
        """How much a cut here tears apart: frames, except those that hold nearly everything, and wires beyond one."""
        frames = {key: f for key, f in self.places.frames.items() if f.x < cut < f.right}
        whole = (
            0.7 * (max(f.right for f in frames.values()) - min(f.x for f in frames.values()))
            if frames
            else 0.0
        )
        torn = sum(
            4 if key in self.regions else 2 for key, f in frames.items() if f.w < whole or key in self.regions
        )
        return torn + len(self.crossing(cut)) - 1

    def choose(self, count: int) -> list[float] | None:
        """Cuts for so many rows of about the same length, or None where a wire would pass a whole row."""
        left = min(r.x for r in self.rects.values())
        length = max(r.right for r in self.rects.values()) - left
        chosen: list[float] = []
        for k in range(1, count):
            free = [c for c in self.cuts if not chosen or c > chosen[-1]]
            if not free:
                return None
            aim = left + length * k / count
            chosen.append(min(free, key=lambda c: abs(c - aim) + self._tears[c] * _TORN * length / count))
        crossing = [key for cut in chosen for key in self.crossing(cut)]
        return chosen if len(crossing) == len(set(crossing)) else None

    def within(self, room: float) -> Places | None:
        """As few rows as no one of which is wider than the room."""
        left, right = min(r.x for r in self.rects.values()), max(r.right for r in self.rects.values())
        fewest = int((right - left) // max(room, 1.0)) + 1
        for count in range(max(2, fewest), min(3 * fewest, len(self.cuts) + 1) + 1):
            cuts = self.choose(count)
            if cuts is not None and max(r.right - r.left for r in self.rows(cuts)) + 2 * _LANE <= room:
                return self.broken(cuts)
        return None

    def rows(self, cuts: Sequence[float]) -> list[_Row]:
        """What each row covers before it is moved."""
        edges = [-1e18, *cuts, 1e18]
        frames = self._frames(cuts)
        found = []
        for k, (start, end) in enumerate(itertools.pairwise(edges)):
            parts = [r for r in self.rects.values() if start < r.x < end]
            parts += [pieces[k] for pieces in frames.values() if k in pieces]
            xs = [x for r in parts for x in (r.x, r.right)]
            ys = [y for r in parts for y in (r.y, r.bottom)]
            # Wires that go on in another row count as far as they run in this one.
            met = self.points[(start < self.points[:, 0]) & (self.points[:, 0] < end), 1]
            ys += [float(met.min()) - 12.0, float(met.max()) + 12.0] if met.size else []
            found.append(_Row(min(xs), max(xs), min(ys), max(ys)))
        return found

    def broken(self, cuts: Sequence[float]) -> Places:
        """The places with every row below the one before it."""
        rows = self.rows(cuts)
        left = rows[0].left
        moves: list[Point] = []
        lanes: list[float] = []
        y = rows[0].top
        for k, row in enumerate(rows):
            moves.append((left - row.left, y - row.top))
            y += row.bottom - row.top
            lanes.append(y + _LANE)
            y += 2 * _LANE + _PITCH * (len(self.crossing(cuts[k])) - 1) if k < len(cuts) else 0.0
        row_of = {b: sum(r.x > cut for cut in cuts) for b, r in self.rects.items()}
        places = self.places
        centres = {b: _moved(c, moves[row_of[b]]) for b, c in places.centres.items()}
        curves: dict[str, tuple[Point, ...]] = {}
        labels: dict[str, Point] = {}
        for wire in self.job.wires:
            start, end = row_of[wire.source], row_of[wire.target]
            if start == end:
                curves[wire.id] = tuple(_moved(p, moves[start]) for p in places.curves[wire.id])
                if wire.id in places.labels:
                    labels[wire.id] = _moved(places.labels[wire.id], moves[start])
        right = left + max(r.right - r.left for r in rows)
        for k, cut in enumerate(cuts):
            crossing = self.crossing(cut)
            # Where they have just left their boxes, and shortly before they reach the next ones, several wires are
            # apart, in the order of their ports; on their way between they may cross.
            left_at, met_at = self._beside(cut)
            before = {key: _moved_all(divided(places.curves[key], left_at)[0], moves[k]) for key in crossing}
            behind = {
                key: _moved_all(divided(places.curves[key], met_at)[1], moves[k + 1]) for key in crossing
            }
            edge = min(right, rows[k].right + moves[k][0])
            # The lower wire turns first at the right and last at the left, so that they do not cross.
            lanes_of = sorted(crossing, key=lambda key: (-before[key][-1][1], key))
            turns_of = sorted(crossing, key=lambda key: (-behind[key][0][1], lanes_of.index(key)))
            for rank, key in enumerate(lanes_of):
                far, lane = edge + _LANE + rank * _PITCH, lanes[k] + rank * _PITCH
                inner = len(crossing) - 1 - turns_of.index(key)
                near = min(left, behind[key][0][0]) - _LANE - inner * _PITCH
                last, first = before[key][-1], behind[key][0]
                way = rounded([last, (far, last[1]), (far, lane), (near, lane), (near, first[1]), first])
                curves[key] = (*before[key], *way[1:], *behind[key][1:])
        moved = {
            key: tuple(piece.moved(*moves[k]) for k, piece in pieces.items())
            for key, pieces in self._frames(cuts).items()
        }
        frames = {key: pieces[0] for key, pieces in moved.items() if len(pieces) == 1}
        pieces = {key: pieces for key, pieces in moved.items() if len(pieces) > 1}
        return Places(places.engine, centres, curves, labels, frames, pieces)

    def _beside(self, cut: float) -> tuple[float, float]:
        """Shortly behind the last box before a cut, and shortly before the first one behind it."""
        reach = max(r.right for r in self.rects.values() if r.right < cut)
        after = min(r.x for r in self.rects.values() if r.x > cut)
        room = min(10.0, (after - reach) / 3)
        return reach + room, after - room

    def _frames(self, cuts: Sequence[float]) -> dict[str, dict[int, Rect]]:
        """{group: {row: its frame there}}: the whole one if its boxes stand in one row, else one around each part."""
        row_of = {b: sum(r.x > cut for cut in cuts) for b, r in self.rects.items()}
        held: dict[str, dict[int, list[Rect]]] = {key: {} for key in self.places.frames}
        for box in self.job.boxes:
            if box.group in held:
                held[box.group].setdefault(row_of[box.id], []).append(self.rects[box.id])
        parent = {g.id: g.parent for g in self.job.groups}
        found: dict[str, dict[int, Rect]] = {}
        # Inner groups come after outer ones, so frames grow from the inside out.
        for group in reversed(self.job.groups):
            whole = self.places.frames.get(group.id)
            if whole is None:
                continue
            rows = held[group.id]
            pieces = {
                k: whole if len(rows) == 1 else _around(rows[k], whole, self.head) for k in sorted(rows)
            }
            found[group.id] = pieces
            outer = parent[group.id]
            while outer is not None and outer not in held:
                outer = parent[outer]
            if outer is not None:
                for k, piece in pieces.items():
                    held[outer].setdefault(k, []).append(piece)
        return {key: found[key] for key in self.places.frames}


def _around(parts: Sequence[Rect], whole: Rect, head: tuple[float, float]) -> Rect:
    """A frame around these parts of a group, nowhere beyond the frame of all of it."""
    x, y = min(p.x for p in parts) - head[0], min(p.y for p in parts) - head[1]
    right, bottom = max(p.right for p in parts) + _FRAME, max(p.bottom for p in parts) + _FRAME
    x, y = max(x, whole.x), max(y, whole.y)
    return Rect(x, y, min(right, whole.right) - x, min(bottom, whole.bottom) - y)


def _turned_job(job: Job) -> Job:
    """The job with x for y: what flowed downwards flows to the right."""
    return replace(
        job,
        boxes=tuple(replace(box, w=box.h, h=box.w) for box in job.boxes),
        direction="LR",
    )


def _turned(places: Places) -> Places:
    """The places with x for y."""
    return Places(
        places.engine,
        {key: (y, x) for key, (x, y) in places.centres.items()},
        {key: tuple((y, x) for x, y in curve) for key, curve in places.curves.items()},
        {key: (y, x) for key, (x, y) in places.labels.items()},
        {key: _mirrored(frame) for key, frame in places.frames.items()},
        {key: tuple(_mirrored(piece) for piece in pieces) for key, pieces in places.pieces.items()},
    )


def _mirrored(r: Rect) -> Rect:
    return Rect(r.y, r.x, r.h, r.w)


def _moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]


def _moved_all(points: Sequence[Point], by: Point) -> list[Point]:
    return [_moved(point, by) for point in points]
