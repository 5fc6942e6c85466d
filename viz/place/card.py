"""Find the size of a box from what it says, and the places of its texts inside."""

from __future__ import annotations

from dataclasses import dataclass

from viz.formula import formula
from viz.place.placed import PlacedBadge, PlacedBox, PlacedHeat, PlacedSketch, Point, Rect, Text
from viz.scene import Badge, Box, Reading
from viz.text import shorten, width
from viz.theme import Theme

__all__ = ["Card", "card"]

_PAD_X, _PAD_Y = 11.0, 9.0
_GAP = 8.0
# Names of users and ops beyond this width are shortened in the box; the tooltip keeps them whole.
_WIDEST_TITLE = 190.0
_SMALLEST_WIDTH = 54.0
_PORT_PITCH = 15.0
_CELLS_SIDE = 30.0
# Images stand in rows of so many, each within a square of this side; lines and bars have one size.
_PICTURES_IN_ROW, _PICTURE_SIDE, _PICTURE_GAP = 4, 30.0, 3.0
_SPARK, _SPAN = (64.0, 20.0), (72.0, 9.0)
_BADGE_HEIGHT, _BADGE_PAD = 14.0, 5.0
_QUIET_STATES = ("not computed", "no path", "stopped", "no slope", "stale", "accumulated")


@dataclass(frozen=True)
class Card:
    """The contents of one box, measured from its own upper left corner."""

    width: float
    height: float
    texts: tuple[Text, ...]
    heats: tuple[PlacedHeat, ...]
    rules: tuple[tuple[Point, Point], ...]
    badges: tuple[PlacedBadge, ...] = ()
    sketches: tuple[PlacedSketch, ...] = ()

    def place(self, box: Box, x: float, y: float) -> PlacedBox:
        """The same contents with the corner at (x, y)."""
        return PlacedBox(
            box,
            Rect(x, y, self.width, self.height),
            tuple(t.moved(x, y) for t in self.texts),
            tuple(PlacedHeat(h.rect.moved(x, y), h.heat) for h in self.heats),
            tuple(((a + x, b + y), (c + x, d + y)) for (a, b), (c, d) in self.rules),
            tuple(b.moved(x, y) for b in self.badges),
            sketches=tuple(PlacedSketch(s.rect.moved(x, y), s.sketch) for s in self.sketches),
        )


def card(box: Box, theme: Theme, direction: str, wires_in: int, wires_out: int) -> Card:
    """Measure a box. `wires_in` and `wires_out` ports must find room on the sides that face the flow."""
    ink = theme.ink(box.role, box.tone)
    flows_down = direction == "TB"
    ports = box.ports if len(set(box.ports)) > 1 else ()
    names = [shorten(p, 34.0, theme.small_size) for p in ports]
    # Left to right the operand names stand in a gutter at the left, top to bottom in a line of their own on top.
    port_widths = [width(n, theme.small_size) for n in names]
    left = _PAD_X + (max(port_widths) + 5.0 if names and not flows_down else 0.0)
    y = _PAD_Y + (theme.small_size + 3.0 if names and flows_down else 0.0)
    texts: list[Text] = []

    title = shorten(box.title, _WIDEST_TITLE, theme.title_size, "medium") or "‹empty›"
    y += 0.77 * theme.title_size
    texts.append(Text(left, y, title, theme.title_size, ink.text, "medium"))
    inner = width(title, theme.title_size, "medium")
    side = _side_word(box)
    if side:
        size = theme.name_size if box.name else theme.small_size
        side = shorten(side, _WIDEST_TITLE, size)
        inner += _GAP + 4 + width(side, size)
    y_title = y

    detail = shorten(box.detail, 2 * _WIDEST_TITLE, theme.detail_size)
    # The mark is also drawn as a strong border, so it is not said twice.
    mark = box.mark if box.mark not in (box.name, box.title) else ""
    y += 0.45 * theme.title_size + 0.75 * theme.detail_size if detail or mark else 0.05 * theme.title_size
    if detail:
        texts.append(Text(left, y, detail, theme.detail_size, theme.muted))
    row = width(detail, theme.detail_size)
    if mark:
        row += _GAP + 6 + width(mark, theme.detail_size, "medium")
    inner = max(inner, row)
    y_detail, y = y, y + 0.25 * theme.detail_size

    blocks = _Readings(box.readings, theme, left, y)
    inner = max(inner, blocks.inner)
    badges, y, row = _badges(box.badges, theme, left, blocks.bottom)
    inner = max(inner, row)
    y += _PAD_Y

    total = max(inner + left + _PAD_X, _SMALLEST_WIDTH)
    if flows_down:
        total = max(total, max(wires_in, wires_out) * _PORT_PITCH)
        if names:
            total = max(total, len(names) * (max(port_widths) + 8))
    height = y if flows_down else max(y, max(wires_in, wires_out) * _PORT_PITCH)
    right = total - _PAD_X
    if side:
        size = theme.name_size if box.name else theme.small_size
        colour = theme.inks["op"].text if box.name else theme.muted
        texts.append(Text(right, y_title, side, size, colour, anchor="end"))
    if mark:
        texts.append(Text(right, y_detail, mark, theme.detail_size, theme.text, "medium", anchor="end"))
    for i, name in enumerate(names):
        share = (i + 0.5) / len(names)
        if flows_down:
            at = Text(
                total * share, theme.small_size + 1.0, name, theme.small_size, theme.muted, anchor="middle"
            )
        else:
            at = Text(6.0, height * share + 0.33 * theme.small_size, name, theme.small_size, theme.muted)
        texts.append(at)
    rules = tuple(((left, at), (right, at)) for at in blocks.rules)
    return Card(total, height, (*texts, *blocks.texts), blocks.heats, rules, badges, blocks.sketches)


def _badges(
    badges: tuple[Badge, ...], theme: Theme, left: float, top: float
) -> tuple[tuple[PlacedBadge, ...], float, float]:
    """The badges in rows below the readings, where these rows end, and how wide they are."""
    placed: list[PlacedBadge] = []
    x, y, widest, size = left, top + 6.0, 0.0, theme.small_size
    for badge in badges:
        words = shorten(badge.text, _WIDEST_TITLE, size)
        w = width(words, size) + 2 * _BADGE_PAD
        if x > left and x + w - left > _WIDEST_TITLE:
            x, y = left, y + _BADGE_HEIGHT + 3.0
        rect = Rect(x, y, w, _BADGE_HEIGHT)
        text = Text(x + _BADGE_PAD, y + 0.74 * _BADGE_HEIGHT, words, size, theme.ink("op", badge.tone).text)
        placed.append(PlacedBadge(badge, rect, text))
        widest, x = max(widest, x + w - left), x + w + 4.0
    return tuple(placed), y + _BADGE_HEIGHT if placed else top, widest


def _side_word(box: Box) -> str:
    """What stands at the right of the title: the user's name of an op, the role of a leaf."""
    if box.name:
        return box.name
    return box.role if box.role != "op" and box.title != box.role else ""


class _Readings:
    """The rows of values and gradients: a word, then cells and one or two lines."""

    def __init__(self, readings: tuple[Reading, ...], theme: Theme, left: float, top: float):
        self.texts: tuple[Text, ...] = ()
        self.heats: tuple[PlacedHeat, ...] = ()
        self.sketches: tuple[PlacedSketch, ...] = ()
        self.rules: list[float] = []
        self.inner = 0.0
        words = max((width(r.label, theme.small_size) for r in readings), default=0.0) + _GAP
        y = top
        for reading in readings:
            y += 6.0
            self.rules.append(y)
            y += 5.0
            y = self._row(reading, theme, left, left + words, y)
        self.inner = max(self.inner - left, 0.0)
        self.bottom = y

    def _row(self, reading: Reading, theme: Theme, left: float, start: float, top: float) -> float:
        line = 1.28 * theme.value_size
        drawn = formula(reading.formula) if reading.formula and reading.lines else None
        # A fraction reaches further up and down than a line of text.
        up = 0.83 * theme.value_size + 0.1 * line
        down = line - up
        if drawn is not None:
            up, down = (
                max(up, drawn.up * theme.value_size + 1.5),
                max(down, drawn.down * theme.value_size + 1.5),
            )
        said = up + down + line * max(len(reading.lines) - 1, 0)
        x, height = self._sketched(reading, start, top, said)
        quiet = reading.state in _QUIET_STATES
        colour = theme.warning if reading.state == "not finite" else theme.muted if quiet else theme.text
        first = top + (height - said) / 2 + up
        for i, text in enumerate(reading.lines):
            size = theme.value_size if i == 0 else theme.detail_size
            shade = theme.muted if i else colour
            at = first + (down - (line - 0.83 * theme.value_size - 0.1 * line) + i * line if i else 0.0)
            words = Text(x, at, text, size, shade, tex="" if i else reading.formula)
            self.texts += (words,)
            self.inner = max(self.inner, x + words.width)
        self.inner = max(self.inner, x - _GAP if x > start else x)
        self.texts += (Text(left, first, reading.label, theme.small_size, theme.muted),)
        return top + height

    def _sketched(self, reading: Reading, start: float, top: float, height: float) -> tuple[float, float]:
        """Place cells, images, a line or a bar; gives where the words begin, and how high the row is."""
        x = start
        if reading.heat is not None:
            w, h = _cells_size(reading.heat.rows)
            height = max(height, h + 2)
            self.heats += (PlacedHeat(Rect(x, top + (height - h) / 2, w, h), reading.heat),)
            x += w + _GAP
        if reading.pictures:
            side = _PICTURE_SIDE / max(max(p.width, p.height) for p in reading.pictures)
            w = side * max(p.width for p in reading.pictures) + _PICTURE_GAP
            h = side * max(p.height for p in reading.pictures) + _PICTURE_GAP
            columns = min(len(reading.pictures), _PICTURES_IN_ROW)
            rows = -(-len(reading.pictures) // columns)
            height = max(height, rows * h - _PICTURE_GAP + 2)
            y = top + (height - rows * h + _PICTURE_GAP) / 2
            self.sketches += tuple(
                PlacedSketch(
                    Rect(x + w * (k % columns), y + h * (k // columns), p.width * side, p.height * side), p
                )
                for k, p in enumerate(reading.pictures)
            )
            x += columns * w - _PICTURE_GAP + _GAP
        for sketch, (w, h) in ((reading.spark, _SPARK), (reading.span, _SPAN)):
            if sketch is not None:
                height = max(height, h + 2)
                self.sketches += (PlacedSketch(Rect(x, top + (height - h) / 2, w, h), sketch),)
                x += w + _GAP
        return x, height


def _cells_size(rows: tuple[tuple[float, ...], ...]) -> tuple[float, float]:
    """Square cells within a square of fixed size; a single row becomes a strip."""
    count = max(len(rows), len(rows[0]))
    side = min(9.0, _CELLS_SIDE / count) if len(rows) > 1 else min(9.0, 2 * _CELLS_SIDE / count)
    return side * len(rows[0]), side * len(rows)
