"""Place boxes in layers by plain Python, where no Graphviz is at hand: drawing always works.

The steps are those of Sugiyama, Tagawa and Toda (1981): layers by longest path, order by barycentres, then places
across the flow by least squares. "Along" is the direction of flow, "across" the other one.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

from viz.place.engines import Job, JobWire, Places
from viz.place.placed import Point, Rect

__all__ = ["place"]

_SWEEPS = 8
_FRAME = 14.0
_FRAME_HEAD = 22.0
# A wire that passes more layers than this goes straight when the graph is huge: way points would outnumber the boxes.
_LONG, _WAY_POINTS_AT_MOST = 60, 50_000


@dataclass(eq=False)
class _Cell:
    """Something that takes room in a layer: a box, the way point of a long wire, or the number of a wire."""

    layer: int
    along: float
    across: float
    box: str = ""
    label_of: str = ""
    # Where a wire passes, from the centre across the flow.
    pass_at: float = 0.0
    before: list[tuple[_Cell, float, float]] = field(default_factory=list)
    after: list[tuple[_Cell, float, float]] = field(default_factory=list)
    at: float = 0.0


def place(job: Job) -> Places:
    """Places for every box, wire, label and, where no stranger stands inside, frame."""
    return _Layers(job).places()


class _Layers:
    def __init__(self, job: Job):
        self.job = job
        self.right = job.direction == "LR"
        self.boxes = {b.id: b for b in job.boxes}
        self.step = 2 if any(w.label[0] for w in job.wires) else 1
        layer = self._layer_of_boxes()
        self.cells: dict[str, _Cell] = {}
        self.layers: list[list[_Cell]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
        for b in job.boxes:
            along, across = (b.w, b.h) if self.right else (b.h, b.w)
            self.cells[b.id] = self._add(_Cell(layer[b.id], along, across, box=b.id))
        self.ways = {wire.id: self._way(wire, layer) for wire in job.wires}
        self._order()
        self._settle()

    def _add(self, cell: _Cell) -> _Cell:
        self.layers[cell.layer].append(cell)
        return cell

    def _layer_of_boxes(self) -> dict[str, int]:
        """The longest path from a source; then sources move up to their first reader, so that wires are short."""
        leaving: dict[str, list[str]] = defaultdict(list)
        waiting = dict.fromkeys(self.boxes, 0)
        for first, then in [*((w.source, w.target) for w in self.job.wires), *self.job.before]:
            leaving[first].append(then)
            waiting[then] += 1
        layer = dict.fromkeys(self.boxes, 0)
        ready = [b for b, count in waiting.items() if not count]
        sources = list(ready)
        while ready:
            box = ready.pop()
            for target in leaving[box]:
                layer[target] = max(layer[target], layer[box] + self.step)
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        for box in sources:
            if leaving[box]:
                layer[box] = min(layer[t] for t in leaving[box]) - self.step
        return layer

    def _way(self, wire: JobWire, layer: dict[str, int]) -> list[_Cell]:
        """The cells that a wire passes; they are linked so that each pulls on its neighbours."""
        first, last = layer[wire.source], layer[wire.target]
        way = [self.cells[wire.source]]
        straight = last - first > _LONG and len(self.job.wires) * (last - first) > _WAY_POINTS_AT_MOST
        for k in range(first + 1, last) if not straight else (last - 1,) if self.step == 2 else ():
            if k == last - 1 and wire.label[0]:
                w, h = wire.label
                along, across = (w, h) if self.right else (h, w)
                # The wire passes at one side of its number: below it, or at its left.
                cell = _Cell(
                    k,
                    along,
                    across + 6,
                    label_of=wire.id,
                    pass_at=(across / 2 + 2) * (1 if self.right else -1),
                )
            else:
                cell = _Cell(k, 0.0, 2.0)
            way.append(self._add(cell))
        way.append(self.cells[wire.target])
        for a, b in itertools.pairwise(way):
            out_at = self._port(wire.source, wire.port_out, "out") if a.box else a.pass_at
            in_at = self._port(wire.target, wire.port_in, "in") if b.box else b.pass_at
            a.after.append((b, out_at, in_at))
            b.before.append((a, in_at, out_at))
        return way

    def _port(self, box: str, number: int, side: str) -> float:
        b = self.boxes[box]
        count = max(b.ports_in if side == "in" else b.ports_out, 1)
        return (self.cells[box].across) * ((number + 0.5) / count - 0.5)

    def _order(self) -> None:
        rank: dict[_Cell, float] = {}
        for cells in self.layers:
            rank.update((c, float(i)) for i, c in enumerate(cells))
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            for cells in self.layers if down else reversed(self.layers):
                pull = {}
                for c in cells:
                    links = c.before if down else c.after
                    # The port's offset breaks ties between wires into one box.
                    heights = [rank[o] + 0.4 * there / max(o.across, 1.0) for o, _, there in links]
                    pull[c] = sum(heights) / len(heights) if heights else rank[c]
                cells.sort(key=lambda c: (pull[c], rank[c]))
                rank.update((c, float(i)) for i, c in enumerate(cells))

    def _settle(self) -> None:
        for cells in self.layers:
            self._spread(cells, [0.0] * len(cells))
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            for cells in self.layers if down else reversed(self.layers):
                wishes = []
                for c in cells:
                    links = (c.before if down else c.after) or (c.after if down else c.before)
                    pulls = [o.at + there - here for o, here, there in links]
                    wishes.append(sum(pulls) / len(pulls) if pulls else c.at)
                self._spread(cells, wishes)

    def _spread(self, cells: list[_Cell], wishes: list[float]) -> None:
        """Places in this order, as near to the wishes as gaps allow: least squares by pooling neighbours."""
        shift = 0.0
        shifts = []
        for i, c in enumerate(cells):
            if i:
                shift += (cells[i - 1].across + c.across) / 2 + (
                    self.job.gap if c.box or cells[i - 1].box else 12.0
                )
            shifts.append(shift)
        pools: list[tuple[float, int]] = []
        for wish, s in zip(wishes, shifts, strict=True):
            total, count = wish - s, 1
            while pools and pools[-1][0] / pools[-1][1] > total / count:
                other, many = pools.pop()
                total, count = total + other, count + many
            pools.append((total, count))
        i = 0
        for total, count in pools:
            for _ in range(count):
                cells[i].at = total / count + shifts[i]
                i += 1

    def places(self) -> Places:
        """Coordinates of the page from places in layers."""
        start, middle, end = [], [], []
        along = 0.0
        for k, cells in enumerate(self.layers):
            room = max((c.along for c in cells), default=0.0)
            along += self.job.layer_gap / self.step if k else 0.0
            start.append(along)
            middle.append(along + room / 2)
            along += room
            end.append(along)
        centres = {c.box: self._point(middle[c.layer], c.at) for c in self.cells.values()}
        curves, labels = {}, {}
        for wire in self.job.wires:
            way = self.ways[wire.id]
            knots: list[tuple[float, float]] = []
            for c in way:
                if c is way[0]:
                    y = c.at + self._port(wire.source, wire.port_out, "out")
                    knots += [(middle[c.layer] + c.along / 2, y), (end[c.layer], y)]
                elif c is way[-1]:
                    y = c.at + self._port(wire.target, wire.port_in, "in")
                    knots += [(start[c.layer], y), (middle[c.layer] - c.along / 2, y)]
                else:
                    knots += [(start[c.layer], c.at + c.pass_at), (end[c.layer], c.at + c.pass_at)]
                    if c.label_of:
                        labels[wire.id] = self._point(middle[c.layer], c.at - (1 if self.right else -1) * 1.0)
            curves[wire.id] = tuple(self._point(*p) for p in _curve(knots))
        return Places("layers", centres, curves, labels, self._frames(centres))

    def _point(self, along: float, across: float) -> Point:
        return (along, across) if self.right else (across, along)

    def _frames(self, centres: dict[str, Point]) -> dict[str, Rect]:
        """A frame for each group whose hull no stranger enters; the others are left out rather than drawn wrongly."""
        rects = {
            b.id: Rect(centres[b.id][0] - b.w / 2, centres[b.id][1] - b.h / 2, b.w, b.h)
            for b in self.job.boxes
        }
        parent = {g.id: g.parent for g in self.job.groups}
        inside: dict[str, set[str]] = defaultdict(set)
        for b in self.job.boxes:
            group = b.group
            while group is not None:
                inside[group].add(b.id)
                group = parent[group]
        hulls: dict[str, Rect] = {}
        # Inner groups come after outer ones in a scene, so hulls grow from the inside out.
        for g in reversed(self.job.groups):
            parts = [rects[b] for b in rects if b in inside[g.id]]
            parts += [hull for other, hull in hulls.items() if parent[other] == g.id]
            if parts:
                x, y = min(p.x for p in parts) - _FRAME, min(p.y for p in parts) - _FRAME_HEAD
                w = max(max(p.right for p in parts) + _FRAME - x, g.label[0] + 20)
                hulls[g.id] = Rect(x, y, w, max(p.bottom for p in parts) + _FRAME - y)
        frames: dict[str, Rect] = {}
        for g in self.job.groups:
            hull = hulls.get(g.id)
            if hull is None or any(hull.meets(r) for b, r in rects.items() if b not in inside[g.id]):
                continue
            if all(not hull.meets(other) or other.holds(hull) for other in frames.values()):
                frames[g.id] = hull
        return frames


def _curve(knots: list[Point]) -> list[Point]:
    """Cubic pieces through the knots that leave and reach each of them along the flow."""
    points = [knots[0]]
    for (x0, y0), (x1, y1) in itertools.pairwise(knots):
        if abs(x1 - x0) < 1e-9 and abs(y1 - y0) < 1e-9:
            continue
        half = (x1 - x0) / 2
        points += [(x0 + half, y0), (x1 - half, y1), (x1, y1)]
    return points
