"""Place the legend below the picture or beside it: samples and words in rows that fit the page, then the notes."""

from __future__ import annotations

from dataclasses import dataclass

from viz.numbers import power_of_ten
from viz.place.placed import PlacedEntry, Point, Rect, Text
from viz.scene import Entry, Scale, Scene
from viz.text import clean, shorten, width
from viz.theme import Theme

__all__ = ["Key", "PlacedLegend", "key_below", "key_beside", "place_legend", "wrapped"]

_SAMPLE = {
    "box": (22.0, 13.0),
    "tone": (22.0, 13.0),
    "forward": (30.0, 8.0),
    "sign": (34.0, 8.0),
    "heat": (27.0, 9.0),
    "text": (0.0, 0.0),
}
_GAP, _CLASS_GAP, _SAMPLE_GAP, _ROW = 18.0, 34.0, 7.0, 21.0
_DECADE = 30.0
# A legend beside the picture is a column at most so wide, if its widest entry fits; this far from the picture.
_COLUMN, _ASIDE = 230.0, 20.0
# Entries of one class stay together: what boxes are, what backward wires are, how numbers are written.
_CLASSES = (("box", "tone", "forward"), ("sign", "scale"), ("heat", "text"))


@dataclass(frozen=True)
class PlacedLegend:
    """Entries placed from (0, 0), and what they cover."""

    entries: tuple[PlacedEntry, ...]
    width: float
    height: float

    def at(self, x: float, y: float) -> tuple[PlacedEntry, ...]:
        """The entries with the corner of the legend at (x, y)."""
        return tuple(
            PlacedEntry(e.entry, e.sample.moved(x, y), tuple(t.moved(x, y) for t in e.texts))
            for e in self.entries
        )


def place_legend(scene: Scene, theme: Theme, room: float) -> PlacedLegend:
    """Lay the entries out in rows at most `room` wide, or as wide as the widest single entry."""
    placed: list[PlacedEntry] = []
    x = y = furthest = 0.0
    row = 0.0
    for kinds in _CLASSES:
        entries = [entry for entry in scene.legend.entries if entry.kind in kinds]
        if not entries:
            continue
        sizes = [_size(entry, scene.scale, theme) for entry in entries]
        together = sum(w for w, _ in sizes) + _GAP * (len(sizes) - 1)
        if x and x + _CLASS_GAP - _GAP + together > room:
            x, y, row = 0.0, y + row, 0.0
        elif x:
            x += _CLASS_GAP - _GAP
        for entry, (w, h) in zip(entries, sizes, strict=True):
            if x and x + w > room:
                x, y, row = 0.0, y + row, 0.0
            placed.append(_place(entry, scene.scale, theme, x, y))
            furthest, row = max(furthest, x + w), max(row, h)
            x += w + _GAP
    return PlacedLegend(tuple(placed), furthest, y + row if placed else 0.0)


@dataclass(frozen=True)
class Key:
    """Legend and notes together, placed from (0, 0), with the line that parts them from the picture."""

    entries: tuple[PlacedEntry, ...]
    notes: tuple[Text, ...]
    rule: tuple[Point, Point] | None
    width: float
    height: float

    def at(self, x: float, y: float) -> Key:
        """The same with its corner at (x, y)."""
        rule = None
        if self.rule is not None:
            (ax, ay), (bx, by) = self.rule
            rule = ((ax + x, ay + y), (bx + x, by + y))
        return Key(
            PlacedLegend(self.entries, self.width, self.height).at(x, y),
            tuple(note.moved(x, y) for note in self.notes),
            rule,
            self.width,
            self.height,
        )


def key_below(scene: Scene, theme: Theme, legend: PlacedLegend, room: float) -> Key:
    """The legend in its rows, then the notes in lines that fit, under a rule as wide as the page."""
    bottom, size = 0.0, theme.detail_size
    rule: tuple[Point, Point] | None = None
    entries: tuple[PlacedEntry, ...] = ()
    if legend.entries:
        rule = ((0.0, 22.0), (room, 22.0))
        entries = legend.at(0.0, 38.0)
        bottom = 38.0 + legend.height
    notes: list[Text] = []
    for words in scene.notes:
        bottom += 6.0
        for line in wrapped(words, room, size):
            bottom += 1.2 * size
            notes.append(Text(0.0, bottom - 0.3 * size, line, size, theme.muted))
    return Key(entries, tuple(notes), rule, room, bottom)


def key_beside(scene: Scene, theme: Theme) -> Key | None:
    """Legend and notes in a column for the right side, behind an upright rule; None where there are none."""
    legend = place_legend(scene, theme, _COLUMN)
    if not legend.entries and not scene.notes:
        return None
    bottom, size = legend.height, theme.detail_size
    room = max(legend.width, _COLUMN)
    notes: list[Text] = []
    for words in scene.notes:
        bottom += 8.0
        for line in wrapped(words, room, size):
            bottom += 1.25 * size
            notes.append(Text(_ASIDE, bottom - 0.3 * size, line, size, theme.muted))
    taken = max(legend.width, *(note.width for note in notes), 0.0) if notes else legend.width
    return Key(legend.at(_ASIDE, 0.0), tuple(notes), ((0.0, 0.0), (0.0, bottom)), _ASIDE + taken, bottom)


def wrapped(words: str, room: float, size: float) -> list[str]:
    """The words in lines that are at most `room` wide; a word that is wider by itself is shortened."""
    lines: list[str] = []
    for word in clean(words).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(shorten(word, room, size))
    return lines


def _ticks(scale: Scale) -> list[int]:
    step = 1 if scale.high - scale.low <= 3 else 2
    return list(range(scale.high, scale.low - 1, -step))[::-1]


def _sample_size(entry: Entry, scale: Scale | None) -> tuple[float, float]:
    if entry.kind == "scale" and scale is not None:
        return _DECADE * max(scale.high - scale.low, 2), 9.0
    return _SAMPLE.get(entry.kind, (0.0, 0.0))


def _size(entry: Entry, scale: Scale | None, theme: Theme) -> tuple[float, float]:
    sample, _ = _sample_size(entry, scale)
    gap = _SAMPLE_GAP if sample else 0.0
    if entry.kind == "scale":
        gap += 8.0
    return sample + gap + width(entry.label, theme.detail_size), 33.0 if entry.kind == "scale" else _ROW


def _place(entry: Entry, scale: Scale | None, theme: Theme, x: float, y: float) -> PlacedEntry:
    w, h = _sample_size(entry, scale)
    middle = y + 7.0
    size = theme.detail_size
    ink = theme.muted if entry.kind == "text" else theme.text
    gap = (_SAMPLE_GAP if w else 0.0) + (8.0 if entry.kind == "scale" else 0.0)
    if entry.kind == "scale":
        x += 5.0
    texts = [
        Text(
            x + w + gap - (5.0 if entry.kind == "scale" else 0.0),
            middle + 0.36 * size,
            entry.label,
            size,
            ink,
        )
    ]
    if entry.kind == "scale" and scale is not None:
        texts += [
            Text(x + w * (power - scale.low) / max(scale.high - scale.low, 1), middle + 16.0,
                 power_of_ten(power), theme.small_size, theme.muted, anchor="middle")
            for power in _ticks(scale)
        ]  # fmt: skip
    return PlacedEntry(entry, Rect(x, middle - h / 2, w, h), tuple(texts))
