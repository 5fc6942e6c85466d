"""Give every box of a scene a place and every wire a curve, once, whatever file is written from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from viz.place.card import Card, card
from viz.place.columns import columns
from viz.place.engines import Job, JobBox, JobGroup, JobWire, Places, solve
from viz.place.key import key_below, key_beside, place_legend
from viz.place.labels import Ground, free_place
from viz.place.naming import Naming, roomier
from viz.place.placed import Placed, PlacedBox, PlacedGroup, PlacedWire, Point, Rect, Text
from viz.place.route import flatten, nearest
from viz.place.rows import in_rows
from viz.place.wiring import BETWEEN_PAIR, Wiring
from viz.scene import Box, Scene, Wire
from viz.text import ASCENT, DESCENT, shorten, width
from viz.theme import LIGHT, Theme

__all__ = ["layout"]

_DIRECTIONS = ("LR", "TB")
_WIDEST_LABEL = 260.0
# How far a legend at the right stands from the picture.
_ASIDE = 18.0
# So far, and the distance that all words keep, words stand from an arrow head.
_OFF_HEAD = 3.0
# Beyond this size nobody sees a second layout that orders outgoing wires by where they go, straightened wires, or
# names that are whole.
_FINE_AT_MOST = 400
# More room helps where few wires are wrong; of a hub of hundreds it only makes a larger picture.
_SPREADS, _SPREAD_AT_MOST, _FAULTS_AT_MOST = (1.4, 1.9, 2.5), 300, 60


def layout(
    scene: Scene,
    *,
    direction: str = "LR",
    engine: str | None = None,
    theme: Theme = LIGHT,
    ratio: float | None = None,
    room: float | None = None,
    beside: bool = False,
    solved: dict[Job, Places] | None = None,
) -> Placed:
    """Place a scene: "LR" flows to the right, "TB" downwards. `engine` is "embedded", "dot", "layers", or chosen.

    ratio : a long picture is broken into rows, or into columns if it flows downwards, to come near this width : height
    room : or into rows that are at most so wide
    beside : legend and notes stand at the right of the picture, not below it
    solved : the answers of the engine so far, for who lays the same scene out in several ways
    """
    if direction not in _DIRECTIONS:
        raise ValueError(f"viz: direction is 'LR' (to the right) or 'TB' (downwards), found {direction!r}.")
    plan = _Plan(scene, direction, theme)
    plan.ratio, plan.room, plan.beside = ratio, room, beside
    solved = {} if solved is None else solved
    best = _page(plan, engine, solved)
    # Where wires stay in each other's way, more room between boxes helps.
    for plan.spread in _SPREADS if len(scene.wires) <= _SPREAD_AT_MOST else ():
        if not 0 < best.faults <= _FAULTS_AT_MOST:
            break
        best = min(best, _page(plan, engine, solved), key=lambda page: page.faults)
    return best.placed


def _page(plan: _Plan, engine: str | None, solved: dict[Job, Places]) -> _Page:
    job = plan.job({})
    places = _solved(job, engine, solved)
    order, entries = plan.order_of_ports(places), plan.order_of_entries(places)
    if order or entries:
        job = plan.job(order, entries)
        places = _solved(job, engine, solved)
    rows = in_rows(job, places, plan.ratio, plan.room) if plan.ratio or plan.room else None
    page = _Page(plan, rows or places)
    for below in (True, False) if page.cut and len(plan.scene.boxes) <= _FINE_AT_MOST else ():
        frames = roomier(
            page.places.frames, page.cut, plan.scene.groups, page.wiring.rects.values(), below=below
        )
        if frames is not None:
            other = _Page(plan, replace(page.places, frames=frames))
            if other.faults <= page.faults and len(other.cut) < len(page.cut):
                page = other
    return page


def _solved(job: Job, engine: str | None, solved: dict[Job, Places]) -> Places:
    if job not in solved:
        solved[job] = solve(job, engine)
    return solved[job]


class _Plan:
    """The scene as a job for an engine: measured boxes, and one layout wire per forward wire."""

    def __init__(self, scene: Scene, direction: str, theme: Theme):
        self.scene, self.direction, self.theme = scene, direction, theme
        self.spread = 1.0
        self.ratio: float | None = None
        self.room: float | None = None
        self.beside = False
        self.forward = [w for w in scene.wires if w.kind == "forward"]
        self.twins = {w.beside: w for w in scene.wires if w.kind == "backward"}
        self.leaving: dict[str, list[Wire]] = defaultdict(list)
        self.entering: dict[str, list[Wire]] = defaultdict(list)
        for wire in self.forward:
            self.leaving[wire.source].append(wire)
            self.entering[wire.target].append(wire)
        self.before = columns(scene.boxes, self.forward, scene.groups)
        # A port per leaving wire keeps the gradients that come back apart; values alone may leave at one point.
        self.fans = bool(self.twins)
        self.cards: dict[str, Card] = {
            box.id: card(
                box,
                theme,
                direction,
                len(self.entering[box.id]),
                len(self.leaving[box.id]) if self.fans else 1,
            )
            for box in scene.boxes
        }

    def job(self, order: Mapping[str, int], entries: Mapping[str, int] | None = None) -> Job:
        """The job; `order` gives wires the number of the port at which they leave, `entries` at which they enter."""
        boxes = tuple(
            JobBox(
                box.id,
                self.cards[box.id].width,
                self.cards[box.id].height,
                len(self.entering[box.id]),
                len(self.leaving[box.id]) if order else 1,
                box.group,
            )
            for box in self.scene.boxes
        )
        slots = {
            w.id: k
            for wires in self.entering.values()
            for k, w in enumerate(sorted(wires, key=lambda w: w.slot))
        } | dict(entries or {})
        wires = tuple(
            JobWire(w.id, w.source, order.get(w.id, 0), w.target, slots[w.id], self._label_room(w))
            for w in self.forward
        )
        groups = tuple(
            JobGroup(
                g.id,
                g.parent,
                (width(self.group_label(g.label), self.theme.detail_size) + 10, 17.0),
                g.kind == "region",
            )
            for g in self.scene.groups
        )
        numbered = any(w.label[0] for w in wires)
        gap = 26.0 if self.twins else 20.0
        layer_gap = 56.0 if numbered else 40.0
        return Job(
            boxes, wires, groups, self.before, self.direction, gap * self.spread, layer_gap * self.spread
        )

    def group_label(self, label: str) -> str:
        return shorten(label, _WIDEST_LABEL, self.theme.detail_size)

    def _label_room(self, wire: Wire) -> tuple[float, float]:
        twin = self.twins.get(wire.id)
        if twin is None or not twin.label:
            return (0.0, 0.0)
        w = width(twin.label, self.theme.small_size)
        h = (ASCENT + DESCENT) * self.theme.small_size
        lift = 2 * self.lift(twin)
        return (w + 10, h + lift + 2) if self.direction == "LR" else (w + lift + 8, h + 8)

    def lift(self, twin: Wire) -> float:
        """How far the outer edge of a backward wire lies from the middle of the pair."""
        w = self.theme.wire_width(twin.size, self.scene.scale)
        return (BETWEEN_PAIR + self.theme.forward_width + w) / 2 + w / 2

    def order_of_ports(self, places: Places) -> dict[str, int]:
        """Wires leave a box in the order in which their targets lie across the flow, so that they do not cross."""
        if not self.fans or len(self.scene.boxes) > _FINE_AT_MOST:
            return {}
        across = 1 if self.direction == "LR" else 0
        order: dict[str, int] = {}
        for wires in self.leaving.values():
            # Where a wire passes other layers its way counts, not its end.
            ranked = sorted(
                enumerate(wires),
                key=lambda item: (
                    places.curves[item[1].id][3][across],
                    places.curves[item[1].id][-1][across],
                    item[0],
                ),
            )
            order.update((wire.id, k) for k, (_, wire) in enumerate(ranked))
        return order

    def order_of_entries(self, places: Places) -> dict[str, int]:
        """Wires enter a fold, whose ports have no names, in the order in which they come across the flow."""
        if len(self.scene.boxes) > _FINE_AT_MOST:
            return {}
        across = 1 if self.direction == "LR" else 0
        order: dict[str, int] = {}
        for box in self.scene.boxes:
            wires = self.entering[box.id]
            if box.role == "fold" and len(wires) > 1:
                ranked = sorted(wires, key=lambda w: (places.curves[w.id][-4][across], w.slot, w.id))
                if ranked != sorted(wires, key=lambda w: w.slot):
                    order.update((wire.id, k) for k, wire in enumerate(ranked))
        return order


class _Page:
    """Assembles the page: content in its corner, the title above, the legend below or beside."""

    def __init__(self, plan: _Plan, places: Places):
        self.plan, self.places, self.theme = plan, places, plan.theme
        scene, theme = plan.scene, plan.theme
        self.cut: frozenset[str] = frozenset()
        self.frames = {**{key: (frame,) for key, frame in places.frames.items()}, **places.pieces}
        self.wiring = self._wiring()
        bounds = self._bounds()
        aside = key_beside(scene, theme) if plan.beside else None
        legend = place_legend(scene, theme, max(bounds.w, 440.0))
        least = bounds.w + _ASIDE + aside.width if aside else max(bounds.w, legend.width, 440.0)
        title_height = theme.heading_size * 2 if scene.title else 0.0
        title = shorten(scene.title, least, theme.heading_size, "medium")
        title_width = width(title, theme.heading_size, "medium")
        top = theme.margin + title_height
        if aside:
            inner, tall = max(least, title_width), max(bounds.h, aside.height)
            self.dx, self.dy = theme.margin - bounds.x, top - bounds.y + (tall - bounds.h) / 2
            key = aside.at(theme.margin + bounds.w + _ASIDE, top + (tall - aside.height) / 2)
            bottom = top + tall
        else:
            inner = max(bounds.w, legend.width, title_width)
            self.dx, self.dy = theme.margin - bounds.x + (inner - bounds.w) / 2, top - bounds.y
            key = key_below(scene, theme, legend, inner).at(theme.margin, top + bounds.h)
            bottom = top + bounds.h + key.height
        # Where numbers of wires may stand: not on the title, not on the legend.
        self.area = Rect(
            6.0,
            title_height + 6.0,
            (bounds.w if aside else inner) + 2 * theme.margin - 12.0,
            (tall if aside else bounds.h) + theme.margin + 8.0,
        )
        boxes = tuple(self._box(box) for box in scene.boxes)
        self.rects = [b.rect for b in boxes]
        self.wiring.move(self.dx, self.dy)
        groups, wires = self._words()
        self.placed = Placed(
            scene=scene,
            theme=theme,
            direction=plan.direction,
            engine=places.engine,
            width=round(inner + 2 * theme.margin, 1),
            height=round(bottom + theme.margin, 1),
            boxes=boxes,
            wires=wires,
            groups=groups,
            entries=key.entries,
            title=Text(
                theme.margin,
                theme.margin + theme.heading_size * 0.8,
                title,
                theme.heading_size,
                theme.text,
                "medium",
            )
            if title
            else None,
            legend_rule=key.rule,
            notes=key.notes,
        )

    def _bounds(self) -> Rect:
        """What boxes, wires, their numbers and frames cover together."""
        xs: list[float] = []
        ys: list[float] = []
        for box_id, (x, y) in self.places.centres.items():
            c = self.plan.cards[box_id]
            xs += (x - c.width / 2, x + c.width / 2)
            ys += (y - c.height / 2, y + c.height / 2)
        reach = self.theme.widest + 3
        led = self.wiring.led
        for key, engine_curve in self.places.curves.items():
            curve = self.wiring.middles[key] if led[key] else engine_curve
            for x, y in flatten(curve):
                xs += (x - reach, x + reach)
                ys += (y - reach, y + reach)
        for frame in (frame for frames in self.frames.values() for frame in frames):
            xs += (frame.x, frame.right)
            ys += (frame.y, frame.bottom)
        for wire_id, (x, y) in self.places.labels.items():
            w = width(self.plan.twins[wire_id].label, self.theme.small_size) / 2 + reach
            xs += (x - w, x + w)
            ys += (y - 10 - reach, y + 10 + reach)
        left, top = min(xs, default=0.0), min(ys, default=0.0)
        return Rect(left, top, max(xs, default=0.0) - left, max(ys, default=0.0) - top)

    def _moved(self, point: Point) -> Point:
        return point[0] + self.dx, point[1] + self.dy

    def _box(self, box: Box) -> PlacedBox:
        c = self.plan.cards[box.id]
        x, y = self._moved(self.places.centres[box.id])
        return c.place(box, x - c.width / 2, y - c.height / 2)

    def _wiring(self) -> Wiring:
        """The wires where the engine put the boxes."""
        plan = self.plan
        rects = {}
        for key, (x, y) in self.places.centres.items():
            c = plan.cards[key]
            rects[key] = Rect(x - c.width / 2, y - c.height / 2, c.width, c.height)
        wiring = Wiring(
            plan.forward, plan.twins, self.places.curves, rects, self.theme, plan.scene.scale, plan.direction,
            self._strange() if len(rects) <= _FINE_AT_MOST else None,
        )  # fmt: skip
        if len(rects) <= _FINE_AT_MOST:
            wiring.smooth()
            wiring.mend()
        return wiring

    def _strange(self) -> dict[str, tuple[Rect, ...]]:
        """For each wire the frames that hold neither of its ends: it has no business there."""
        parent = {g.id: g.parent for g in self.plan.scene.groups}
        around: dict[str, set[str]] = {}
        for box in self.plan.scene.boxes:
            group, held = box.group, around.setdefault(box.id, set())
            while group is not None:
                held.add(group)
                group = parent[group]
        return {
            w.id: tuple(
                frame
                for key, frames in self.frames.items()
                if key not in around[w.source] and key not in around[w.target]
                for frame in frames
            )
            for w in self.plan.forward
        } if self.frames else {}  # fmt: skip

    def _ground(self) -> Ground:
        """Boxes, wires and arrow heads; only asked for where words have to find a place between them."""
        placed = self.wiring.placed
        ground = Ground(self.rects, placed)
        for done in placed:
            x, y = zip(*done.head, strict=True)
            # Words that almost touch an arrow head seem to lie on the wire.
            ground.take(Rect(min(x), min(y), max(x) - min(x), max(y) - min(y)).grown(_OFF_HEAD))
        return ground

    def _words(self) -> tuple[tuple[PlacedGroup, ...], tuple[PlacedWire, ...]]:
        """Groups with their names, and wires with their numbers."""
        wiring = self.wiring
        placed = wiring.placed
        self.faults = len(wiring.faults)
        labelled = any(done.wire.label for done in placed)
        if not self.frames and not labelled:
            return (), placed
        ground = self._ground()
        frames = {
            key: tuple(frame.moved(self.dx, self.dy) for frame in frames)
            for key, frames in self.frames.items()
        }
        naming = Naming(frames, ground, self.theme)
        groups = tuple(naming.placed(self.plan.scene.groups, self.plan.group_label))
        self.faults += naming.crossed
        self.cut = frozenset(naming.cut)
        if labelled:
            placed = tuple(
                self._labelled(done, wiring.middles[done.wire.beside], ground) if done.wire.label else done
                for done in placed
            )
        return groups, placed

    def _labelled(self, placed: PlacedWire, middle: tuple[Point, ...], ground: Ground) -> PlacedWire:
        """The wire with its number at the place that the engine kept for it, or at a free one beside the wire.

        Where all around is taken the number is left to the tooltip: a number over a wire cannot be read.
        """
        twin, theme = placed.wire, self.theme
        size, lift = theme.small_size, self.plan.lift(twin)
        label = Text(0.0, 0.0, twin.label, size, theme.signs[twin.sign], anchor="middle")
        wishes = []
        at = self.places.labels.get(twin.beside)
        if at is not None:
            x, y = self._moved(at)
            near = nearest(middle, (x, y))
            if self.plan.direction == "LR":
                y = min(y, near[1] - lift - 3 - label.rect.h / 2)
            else:
                x = max(x, near[0] + lift + 4 + label.width / 2)
            # Where a simpler bend replaced the engine's curve, its place may have been left behind.
            if (
                abs(x - near[0]) < label.width / 2 + 2 * lift + 12
                and abs(y - near[1]) < label.rect.h + 2 * lift + 12
            ):
                wishes.append((x, y))
        found = free_place(label, wishes, placed, ground, self.area)
        return PlacedWire(twin, placed.curve, placed.head, placed.width, found)
