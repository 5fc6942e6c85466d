"""Break a long picture into rows that are read like lines of text, so that a chain fills a slide instead of a strip.

A row ends where only a few wires go on. They lead from its right end, below it, to the left end of the next row.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from viz.place.engines import Job, Places
from viz.place.placed import Point, Rect
from viz.place.route import divided, flatten, rounded

__all__ = ["in_rows"]

_ROWS_AT_MOST = 12
# So many wires at most go on from row to row: more of them would be a knot.
_ON_AT_MOST = 3
_PITCH, _LANE = 26.0, 30.0
# A cut that tears something apart may lie this part of a row further off than one that does not.
_TORN = 0.12
# Rows are worth their long way back only where the picture gets clearly larger.
_GAIN = 1.12


@dataclass(frozen=True)
class _Row:
    left: float
    right: float
    top: float
    bottom: float


def in_rows(job: Job, places: Places, ratio: float | None, room: float | None = None) -> Places | None:
    """The places in rows, so that width : height comes near the ratio; None where that is not possible or no gain.

    room : instead of a ratio, how wide the rows may be, however many of them there are
    Only for pictures that flow to the right.
    """
    if job.direction != "LR" or not job.boxes:
        return None
    found = _Breaker(job, places)
    if ratio is None:
        return found.within(room or 0.0)
    best, best_size = None, _size(found.rows([]), ratio, 0) * _GAIN
    for count in range(2, min(_ROWS_AT_MOST, len(found.cuts) + 1) + 1):
        cuts = found.choose(count)
        if cuts is not None and _size(found.rows(cuts), ratio, 1) > best_size:
            best, best_size = cuts, _size(found.rows(cuts), ratio, 1)
    return None if best is None else found.broken(best)


def _size(rows: Sequence[_Row], ratio: float, lanes: int) -> float:
    width = max(r.right - r.left for r in rows) + 2 * _LANE * lanes
    height = sum(r.bottom - r.top for r in rows) + (len(rows) - 1) * (2 * _LANE + _PITCH)
    # Title and legend take room as well.
    return min(ratio / width, 1.0 / (height + 150.0))


class _Breaker:
    """The places, where they can be cut, and what they are when they are."""

    def __init__(self, job: Job, places: Places):
        self.job, self.places = job, places
        self.rects = {
            b.id: Rect(places.centres[b.id][0] - b.w / 2, places.centres[b.id][1] - b.h / 2, b.w, b.h)
            for b in job.boxes
        }
        self._on: dict[float, list[str]] = {}
        self.cuts = self._cuts()
        self._tears = {cut: self._torn(cut) for cut in self.cuts}

    def _cuts(self) -> list[float]:
        """Places between columns that no box covers and few wires cross."""
        reach: float | None = None
        found = []
        for rect in sorted(self.rects.values(), key=lambda r: (r.x, r.right)):
            if reach is not None and rect.x - reach > 16.0:
                cut = (reach + rect.x) / 2
                if 0 < len(self._crossing(cut)) <= _ON_AT_MOST:
                    found.append(cut)
            reach = rect.right if reach is None else max(reach, rect.right)
        return found

    def _crossing(self, cut: float) -> list[str]:
        if cut not in self._on:
            rects = self.rects
            self._on[cut] = [w.id for w in self.job.wires if rects[w.source].x < cut < rects[w.target].right]
        return self._on[cut]

    def _torn(self, cut: float) -> int:
        """How much a cut here tears apart: frames, except those that hold nearly everything, and wires beyond one."""
        frames = [f for f in self.places.frames.values() if f.x < cut < f.right]
        whole = 0.7 * (max(f.right for f in frames) - min(f.x for f in frames)) if frames else 0.0
        return 2 * sum(f.w < whole or whole == 0.0 for f in frames) + len(self._crossing(cut)) - 1

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
        crossing = [key for cut in chosen for key in self._crossing(cut)]
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
        found = []
        for start, end in itertools.pairwise(edges):
            parts = [r for r in self.rects.values() if start < r.x < end]
            parts += [Rect(max(f.x, start), f.y, min(f.right, end) - max(f.x, start), f.h) for f in
                      self.places.frames.values() if f.x < end and f.right > start]  # fmt: skip
            xs = [x for r in parts for x in (r.x, r.right)]
            ys = [y for r in parts for y in (r.y, r.bottom)]
            for wire in self.job.wires:
                if start < self.rects[wire.source].x and self.rects[wire.target].x < end:
                    ys += [y + d for _, y in flatten(self.places.curves[wire.id]) for d in (-12.0, 12.0)]
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
            y += 2 * _LANE + _PITCH * (len(self._crossing(cuts[k])) - 1) if k < len(cuts) else 0.0
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
            crossing = self._crossing(cut)
            # Where they have just left their boxes several wires are still apart, in the order of their ports.
            out = max(r.right for r in self.rects.values() if r.right < cut) + 10.0
            at = cut if len(crossing) == 1 else min(out, cut)
            parts = {key: divided(places.curves[key], at) for key in crossing}
            edge = min(right, rows[k].right + moves[k][0])
            # The lower wire turns first at the right and last at the left, so that they do not cross.
            for rank, key in enumerate(sorted(parts, key=lambda key: (-parts[key][0][-1][1], key))):
                before = tuple(_moved(p, moves[k]) for p in parts[key][0])
                behind = tuple(_moved(p, moves[k + 1]) for p in parts[key][1])
                far, lane = edge + _LANE + rank * _PITCH, lanes[k] + rank * _PITCH
                near = min(left, behind[0][0]) - _LANE - (len(parts) - 1 - rank) * _PITCH
                (_, first), (_, last) = before[-1], behind[0]
                way = rounded([before[-1], (far, first), (far, lane), (near, lane), (near, last), behind[0]])
                curves[key] = (*before, *way[1:], *behind[1:])
        frames = self._frames(rows, moves, cuts, {b.id: (centres[b.id], b.w, b.h) for b in self.job.boxes})
        return Places(places.engine, centres, curves, labels, frames)

    def _frames(
        self, rows: Sequence[_Row], moves: Sequence[Point], cuts: Sequence[float],
        boxes: Mapping[str, tuple[Point, float, float]],
    ) -> dict[str, Rect]:  # fmt: skip
        """Frames within a row go with it; one that goes on in another row is drawn around both if it can be."""
        edges = [-1e18, *cuts, 1e18]
        rects = {b: Rect(c[0] - w / 2, c[1] - h / 2, w, h) for b, (c, w, h) in boxes.items()}
        parent = {g.id: g.parent for g in self.job.groups}
        inside: dict[str, set[str]] = {g.id: set() for g in self.job.groups}
        for box in self.job.boxes:
            group = box.group
            while group is not None:
                inside[group].add(box.id)
                group = parent[group]
        found: dict[str, Rect] = {}
        for key, frame in self.places.frames.items():
            held = [k for k in range(len(rows)) if frame.x < edges[k + 1] and frame.right > edges[k]]
            if len(held) == 1:
                found[key] = frame.moved(*moves[held[0]])
                continue
            parts = [Rect(rows[k].left + moves[k][0], frame.y + moves[k][1], rows[k].right - rows[k].left, frame.h)
                     for k in held]  # fmt: skip
            x, y = min(p.x for p in parts) - _LANE / 2, min(p.y for p in parts)
            hull = Rect(x, y, max(p.right for p in parts) + _LANE / 2 - x, max(p.bottom for p in parts) - y)
            if not any(hull.meets(r) for b, r in rects.items() if b not in inside[key]):
                found[key] = hull
        # Of two frames that cut into each other the one over several rows goes.
        kept: dict[str, Rect] = {}
        for key, frame in sorted(found.items(), key=lambda item: item[1].h):
            if all(
                not frame.meets(other) or (frame.holds(other) and inside[name] <= inside[key])
                for name, other in kept.items()
            ):
                kept[key] = frame
        return {key: kept[key] for key in found if key in kept}


def _moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]
