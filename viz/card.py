"""Find the size of a box from what it says, and the places of its texts inside."""

from __future__ import annotations

from dataclasses import dataclass

from viz.placed import PlacedBox, PlacedHeat, Point, Rect, Text
from viz.scene import Box, Reading
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
_QUIET_STATES = ("not computed", "no path", "stale", "accumulated")


@dataclass(frozen=True)
class Card:
    """The contents of one box, measured from its own upper left corner."""

    width: float
    height: float
    texts: tuple[Text, ...]
    heats: tuple[PlacedHeat, ...]
    rules: tuple[tuple[Point, Point], ...]

    def place(self, box: Box, x: float, y: float) -> PlacedBox:
        """The same contents with the corner at (x, y)."""
        return PlacedBox(
            box,
            Rect(x, y, self.width, self.height),
            tuple(t.moved(x, y) for t in self.texts),
            tuple(PlacedHeat(h.rect.moved(x, y), h.heat) for h in self.heats),
            tuple(((a + x, b + y), (c + x, d + y)) for (a, b), (c, d) in self.rules),
        )


def card(box: Box, theme: Theme, direction: str, wires_in: int, wires_out: int) -> Card:
    """Measure a box. `wires_in` and `wires_out` ports must find room on the sides that face the flow."""
    ink = theme.inks[box.role]
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

    y += 0.45 * theme.title_size + 0.75 * theme.detail_size
    detail = shorten(box.detail, 2 * _WIDEST_TITLE, theme.detail_size)
    if detail:
        texts.append(Text(left, y, detail, theme.detail_size, theme.muted))
    row = width(detail, theme.detail_size)
    # The mark is also drawn as a strong border, so it is not said twice.
    mark = box.mark if box.mark not in (box.name, box.title) else ""
    if mark:
        row += _GAP + 6 + width(mark, theme.detail_size, "medium")
    inner = max(inner, row)
    y_detail, y = y, y + 0.25 * theme.detail_size

    blocks = _Readings(box.readings, theme, left, y)
    inner = max(inner, blocks.inner)
    y = blocks.bottom + _PAD_Y

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
    return Card(total, height, (*texts, *blocks.texts), blocks.heats, rules)


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
        height = line * max(len(reading.lines), 1)
        x = start
        if reading.heat is not None:
            w, h = _cells_size(reading.heat.rows)
            height = max(height, h + 2)
            self.heats += (PlacedHeat(Rect(x, top + (height - h) / 2, w, h), reading.heat),)
            x += w + _GAP
        quiet = reading.state in _QUIET_STATES
        colour = theme.warning if reading.state == "not finite" else theme.muted if quiet else theme.text
        first = top + (height - line * len(reading.lines)) / 2 + 0.83 * theme.value_size + 0.1 * line
        for i, text in enumerate(reading.lines):
            size = theme.value_size if i == 0 else theme.detail_size
            shade = theme.muted if i else colour
            self.texts += (Text(x, first + i * line, text, size, shade),)
            self.inner = max(self.inner, x + width(text, size))
        self.inner = max(self.inner, x - _GAP if reading.heat else x)
        self.texts += (Text(left, first, reading.label, theme.small_size, theme.muted),)
        return top + height


def _cells_size(rows: tuple[tuple[float, ...], ...]) -> tuple[float, float]:
    """Square cells within a square of fixed size; a single row becomes a strip."""
    count = max(len(rows), len(rows[0]))
    side = min(9.0, _CELLS_SIDE / count) if len(rows) > 1 else min(9.0, 2 * _CELLS_SIDE / count)
    return side * len(rows[0]), side * len(rows)
