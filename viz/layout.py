"""Give every box of a scene a place and every wire a curve, once, whatever file is written from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from viz.card import Card, card
from viz.columns import columns
from viz.engines import Job, JobBox, JobGroup, JobWire, Places, solve
from viz.key import place_legend
from viz.labels import Ground, free_place
from viz.placed import Placed, PlacedBox, PlacedEntry, PlacedGroup, PlacedWire, Point, Rect, Text
from viz.route import arrow, cut_end, flatten, head_length, nearest, offset, reversed_curve, sampled
from viz.scene import Box, Scene, Wire
from viz.smooth import Smoother
from viz.text import ASCENT, DESCENT, shorten, width
from viz.theme import LIGHT, Theme

__all__ = ["layout"]

_DIRECTIONS = ("LR", "TB")
_BETWEEN_PAIR = 2.6
_WIDEST_LABEL = 260.0
# Beyond this size nobody sees a second layout that orders outgoing wires by where they go, or straightened wires.
_FINE_AT_MOST = 400


def layout(scene: Scene, *, direction: str = "LR", engine: str | None = None, theme: Theme = LIGHT) -> Placed:
    """Place a scene: "LR" flows to the right, "TB" downwards. `engine` is "embedded", "dot", "layers", or chosen."""
    if direction not in _DIRECTIONS:
        raise ValueError(f"viz: direction is 'LR' (to the right) or 'TB' (downwards), found {direction!r}.")
    plan = _Plan(scene, direction, theme)
    places = solve(plan.job({}), engine)
    order = plan.order_of_ports(places)
    if order:
        places = solve(plan.job(order), engine)
    return _Page(plan, places).placed


class _Plan:
    """The scene as a job for an engine: measured boxes, and one layout wire per forward wire."""

    def __init__(self, scene: Scene, direction: str, theme: Theme):
        self.scene, self.direction, self.theme = scene, direction, theme
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

    def job(self, order: Mapping[str, int]) -> Job:
        """The job; `order` gives wires the number of the port at which they leave."""
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
        }
        wires = tuple(
            JobWire(w.id, w.source, order.get(w.id, 0), w.target, slots[w.id], self._label_room(w))
            for w in self.forward
        )
        groups = tuple(
            JobGroup(g.id, g.parent, (width(self.group_label(g.label), self.theme.detail_size) + 10, 17.0))
            for g in self.scene.groups
        )
        numbered = any(w.label[0] for w in wires)
        gap = 26.0 if self.twins else 20.0
        return Job(boxes, wires, groups, self.before, self.direction, gap, 56.0 if numbered else 40.0)

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
        return (_BETWEEN_PAIR + self.theme.forward_width + w) / 2 + w / 2

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


class _Page:
    """Assembles the page: content in its corner, the title above, the legend below."""

    def __init__(self, plan: _Plan, places: Places):
        self.plan, self.places, self.theme = plan, places, plan.theme
        scene, theme = plan.scene, plan.theme
        self.frames = places.frames
        bounds = self._bounds()
        legend = place_legend(scene, theme, max(bounds.w, 440.0))
        title_height = theme.heading_size * 2 if scene.title else 0.0
        title = shorten(scene.title, max(bounds.w, legend.width, 440.0), theme.heading_size, "medium")
        title_width = width(title, theme.heading_size, "medium")
        inner = max(bounds.w, legend.width, title_width)
        self.dx = theme.margin - bounds.x + (inner - bounds.w) / 2
        self.dy = theme.margin - bounds.y + title_height
        bottom = theme.margin + title_height + bounds.h
        # Where numbers of wires may stand: not on the title, not on the legend.
        self.area = Rect(
            6.0, title_height + 6.0, inner + 2 * theme.margin - 12.0, bounds.h + theme.margin + 8.0
        )
        rule: tuple[Point, Point] | None = None
        entries: tuple[PlacedEntry, ...] = ()
        if legend.entries:
            at = bottom + 22.0
            rule = ((theme.margin, at), (theme.margin + inner, at))
            entries = legend.at(theme.margin, at + 16.0)
            bottom = at + 16.0 + legend.height
        boxes = tuple(self._box(box) for box in scene.boxes)
        wires = self._wires({b.box.id: b.rect for b in boxes})
        self.placed = Placed(
            scene=scene,
            theme=theme,
            direction=plan.direction,
            engine=places.engine,
            width=round(inner + 2 * theme.margin, 1),
            height=round(bottom + theme.margin, 1),
            boxes=boxes,
            wires=wires,
            groups=tuple(self._groups(wires)),
            entries=entries,
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
            legend_rule=rule,
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
        for curve in self.places.curves.values():
            for x, y in flatten(curve):
                xs += (x - reach, x + reach)
                ys += (y - reach, y + reach)
        for frame in self.frames.values():
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

    def _groups(self, wires: tuple[PlacedWire, ...]) -> list[PlacedGroup]:
        depth: dict[str | None, int] = {None: -1}
        found = []
        points = [p for wire in wires for p in sampled(wire.curve, 4.0)] if self.frames else []
        for group in self.plan.scene.groups:
            depth[group.id] = depth[group.parent] + 1
            frame = self.frames.get(group.id)
            if frame is None:
                continue
            rect = frame.moved(self.dx, self.dy)
            near = [p for p in points if rect.x < p[0] < rect.right and rect.y - 9 < p[1] < rect.bottom + 9]
            label = self._group_label(self.plan.group_label(group.label), rect, near)
            found.append(PlacedGroup(group, rect, label, depth[group.id]))
        return found

    def _group_label(self, words: str, rect: Rect, points: list[Point]) -> Text:
        """The name stands at the upper left, further along that edge where a wire passes, or at the lower edge."""
        size, step = self.theme.detail_size, 12.0
        first = Text(rect.x + 11, rect.y + 15.5, words, size, self.theme.muted, "medium")
        tries = max(1, int((rect.w - first.width - 22) / step))
        for drop, reach in ((0.0, 5.0), (0.0, 1.0), (rect.h - 21.0, 1.0)):
            for k in range(tries):
                label = first.moved(k * step, drop)
                around = label.rect.grown(reach)
                if not any(around.x < x < around.right and around.y < y < around.bottom for x, y in points):
                    return label
        return first

    def _wires(self, rects: Mapping[str, Rect]) -> tuple[PlacedWire, ...]:
        theme, scale = self.theme, self.plan.scene.scale
        placed: list[PlacedWire] = []
        backward: list[PlacedWire] = []
        middles: dict[str, tuple[Point, ...]] = {}
        fine = len(rects) <= _FINE_AT_MOST
        smoother = Smoother(rects.values(), self.plan.direction, theme.widest + 2.0)
        for wire in self.plan.forward:
            middle = self._ends(wire, tuple(self._moved(p) for p in self.places.curves[wire.id]), rects)
            middle = smoother.smooth(middle) if fine else middle
            twin = self.plan.twins.get(wire.id)
            if twin is None:
                placed.append(_wire(wire, middle, theme.forward_width))
                continue
            w = theme.wire_width(twin.size, scale)
            placed.append(_wire(wire, offset(middle, -(_BETWEEN_PAIR + w) / 2), theme.forward_width))
            back = reversed_curve(offset(middle, (_BETWEEN_PAIR + theme.forward_width) / 2))
            backward.append(_wire(twin, back, w))
            middles[twin.id] = middle
        if not any(done.wire.label for done in backward):
            return (*placed, *backward)
        ground = Ground(rects.values(), ((w.curve, w.width) for w in (*placed, *backward)))
        for done in (*placed, *backward):
            x, y = zip(*done.head, strict=True)
            ground.take(Rect(min(x), min(y), max(x) - min(x), max(y) - min(y)))
        return (*placed, *(self._labelled(done, middles[done.wire.id], ground) for done in backward))

    def _ends(self, wire: Wire, curve: tuple[Point, ...], rects: Mapping[str, Rect]) -> tuple[Point, ...]:
        """Engines round sizes to whole points: let the wire end exactly on the sides of its boxes."""
        source, target = rects[wire.source], rects[wire.target]
        (x0, y0), (x1, y1) = curve[0], curve[-1]
        if self.plan.direction == "LR":
            return ((source.right, y0), *curve[1:-1], (target.x, y1))
        return ((x0, source.bottom), *curve[1:-1], (x1, target.y))

    def _labelled(self, placed: PlacedWire, middle: tuple[Point, ...], ground: Ground) -> PlacedWire:
        """The wire with its number at the place that the engine kept for it, or at a free one beside the wire.

        Where all around is taken the number is left to the tooltip: a number over a wire cannot be read.
        """
        twin, theme = placed.wire, self.theme
        if not twin.label:
            return placed
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
        found = free_place(label, wishes, placed.curve, placed.width, ground, self.area)
        return PlacedWire(twin, placed.curve, placed.head, placed.width, found)


def _wire(wire: Wire, curve: tuple[Point, ...], w: float) -> PlacedWire:
    line = cut_end(curve, head_length(w))
    return PlacedWire(wire, line, arrow(line[-1], curve[-1], w), w)
