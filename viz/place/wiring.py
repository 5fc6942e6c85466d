"""Make wires of an engine's curves: forward and backward side by side, smooth, mended where they run into something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from viz.place.check_wires import Fault, wire_faults
from viz.place.detour import Detour
from viz.place.placed import PlacedWire, Point, Rect
from viz.place.route import arrow, cut_end, head_length, offset, reversed_curve, steady
from viz.place.smooth import Smoother
from viz.scene import Scale, Wire
from viz.theme import Theme

__all__ = ["BETWEEN_PAIR", "Wiring"]

BETWEEN_PAIR = 2.6
_ROUNDS = 6
_LED_AT_MOST = 24
# A hub of a hundred wires cannot be mended: it gets this much work and no more.
_LED_IN_ALL = 90
# A little stricter than the check of the finished picture.
_TOGETHER_AT_MOST = 18.0

Curve = tuple[Point, ...]


class Wiring:
    """The wires of a picture: `middles` between forward and backward ones, and `placed` without their numbers.

    `strange` are the frames that hold neither end of a wire. `led` counts how often a wire was led around something,
    `faults` are those that nothing helped against.
    """

    def __init__(
        self, forward: Sequence[Wire], twins: Mapping[str, Wire], curves: Mapping[str, Curve],
        rects: Mapping[str, Rect], theme: Theme, scale: Scale | None, direction: str,
        strange: Mapping[str, Sequence[Rect]] | None = None,
    ):  # fmt: skip
        self.forward, self.twins, self.rects, self.direction = forward, twins, rects, direction
        self.theme, self.scale = theme, scale
        self.strange = strange or {}
        self.middles = {w.id: self._ends(w, curves[w.id]) for w in forward}
        self.faults: list[Fault] = []
        self.led: Counter[str] = Counter()
        self._made: dict[str, tuple[Curve, PlacedWire, PlacedWire | None]] = {}

    def _ends(self, wire: Wire, curve: Curve) -> Curve:
        """Engines round sizes to whole points: let the wire end exactly on the sides of its boxes."""
        source, target = self.rects[wire.source], self.rects[wire.target]
        (x0, y0), (x1, y1) = curve[0], curve[-1]
        if self.direction == "LR":
            return ((source.right, y0), *curve[1:-1], (target.x, y1))
        return ((x0, source.bottom), *curve[1:-1], (x1, target.y))

    def move(self, dx: float, dy: float) -> None:
        """The same wires elsewhere."""
        for wire in self.forward:
            first, second = self._pair(wire)
            self.middles[wire.id] = middle = _moved(self.middles[wire.id], dx, dy)
            self._made[wire.id] = (
                middle,
                _moved_wire(first, dx, dy),
                None if second is None else _moved_wire(second, dx, dy),
            )

    @property
    def placed(self) -> tuple[PlacedWire, ...]:
        """Forward wires in their order, then the backward ones beside them."""
        ahead, back = [], []
        for wire in self.forward:
            first, second = self._pair(wire)
            ahead.append(first)
            back += [second] if second is not None else []
        return (*ahead, *back)

    def _pair(self, wire: Wire) -> tuple[PlacedWire, PlacedWire | None]:
        middle = self.middles[wire.id]
        made = self._made.get(wire.id)
        if made is None or made[0] is not middle:
            made = self._made[wire.id] = (middle, *self._new_pair(wire, middle))
        return made[1:]

    def _new_pair(self, wire: Wire, middle: Curve) -> tuple[PlacedWire, PlacedWire | None]:
        twin, theme = self.twins.get(wire.id), self.theme
        if twin is None:
            return _wire(wire, middle, theme.forward_width), None
        w = theme.wire_width(twin.size, self.scale)
        ahead = _wire(wire, offset(middle, -(BETWEEN_PAIR + w) / 2), theme.forward_width)
        back = reversed_curve(offset(middle, (BETWEEN_PAIR + theme.forward_width) / 2))
        return ahead, _wire(twin, back, w)

    def smooth(self) -> None:
        """Straighten what winds more than it must."""
        smoother = Smoother(self.rects.values(), self.direction, self.theme.widest + 2.0)
        for wire in self.forward:
            self.middles[wire.id] = smoother.smooth(self.middles[wire.id], self.strange.get(wire.id, ()))

    def mend(self) -> None:
        """Lead wires that run into something around it, as long as that leaves fewer faults."""
        self.faults = self._faults()
        led = self.led
        detour: Detour | None = None
        for _ in range(_ROUNDS):
            left = min(_LED_AT_MOST, _LED_IN_ALL - led.total())
            wrong = [key for key in self._wrong() if led[key] < 3][: max(left, 0)]
            if not wrong:
                break
            detour = detour or Detour(self.rects.values(), self.direction)
            before, best = dict(self.middles), len(self.faults)
            led.update(wrong)
            if not sum(self._lead(key, detour) for key in wrong):
                continue
            faults = self._faults()
            if len(faults) < best:
                self.faults = faults
                continue
            # Together they made it worse: take them one by one.
            after, self.middles = self.middles, before
            for key in wrong:
                kept = self.middles[key]
                if kept is after[key]:
                    continue
                self.middles[key] = after[key]
                faults = self._faults()
                if len(faults) < len(self.faults):
                    self.faults = faults
                else:
                    self.middles[key] = kept

        self._steady()

    def _steady(self) -> None:
        """Where an arrow head lies under its box because the wire leaves or comes in flat, it gets a straight end."""
        home = {twin.id: key for key, twin in self.twins.items()}
        for fault in [f for f in self.faults if f.is_head]:
            key = home.get(fault.wire, fault.wire)
            kept = self.middles[key]
            self.middles[key] = steady(kept, self.direction)
            faults = self._faults()
            if len(faults) < len(self.faults):
                self.faults = faults
            else:
                self.middles[key] = kept

    def _faults(self) -> list[Fault]:
        return wire_faults(self.placed, self.rects, _TOGETHER_AT_MOST)

    def _wrong(self) -> list[str]:
        """Forward wires to lead anew, fewest first that take part in all faults."""
        home = {twin.id: key for key, twin in self.twins.items()}
        rows = [(home.get(f.wire, f.wire), home.get(f.other, f.other)) for f in self.faults]
        found = []
        while rows:
            counts = Counter(key for row in rows for key in dict.fromkeys(row) if key in self.middles)
            # Of two in each other's way it is now the turn of one, now of the other.
            worst = max(counts, key=lambda key: counts[key] - 2 * self.led[key])
            found.append(worst)
            rows = [row for row in rows if worst not in row]
        return found

    def _half(self, key: str) -> float:
        """How far the pair reaches to either side of its middle."""
        twin = self.twins.get(key)
        if twin is None:
            return self.theme.forward_width / 2
        w = self.theme.wire_width(twin.size, self.scale)
        return (BETWEEN_PAIR + self.theme.forward_width) / 2 + max(w, self.theme.forward_width)

    def _lead(self, key: str, detour: Detour) -> bool:
        """Whether a way was found."""
        middle = self.middles[key]
        others = [(curve, self._half(k)) for k, curve in self.middles.items() if k != key]
        # Where no way keeps a good distance a closer one may do.
        reach = self._half(key) + (2.5, 1.0, 0.5)[self.led[key] - 1]
        strange = self.strange.get(key, ())
        found = detour.way(middle[0], middle[-1], reach, others, strange, near=self.led[key] != 2)
        if found is not None:
            self.middles[key] = found
        return found is not None


def _wire(wire: Wire, curve: Curve, w: float) -> PlacedWire:
    line = cut_end(curve, head_length(w))
    return PlacedWire(wire, line, arrow(line[-1], curve[-1], w), w)


def _moved(points: Sequence[Point], dx: float, dy: float) -> Curve:
    return tuple((x + dx, y + dy) for x, y in points)


def _moved_wire(wire: PlacedWire, dx: float, dy: float) -> PlacedWire:
    return PlacedWire(wire.wire, _moved(wire.curve, dx, dy), _moved(wire.head, dx, dy), wire.width)
