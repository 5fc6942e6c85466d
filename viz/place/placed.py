"""The placed scene: what every back end draws, with a coordinate for each box, curve and line of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from viz.formula import Formula, Stroke, formula
from viz.scene import Badge, Box, Entry, Group, Heat, Picture, Scene, Span, Spark, Wire
from viz.text import ASCENT, DESCENT, width
from viz.theme import Theme

__all__ = [
    "Placed",
    "PlacedBadge",
    "PlacedBox",
    "PlacedEntry",
    "PlacedGroup",
    "PlacedHeat",
    "PlacedSketch",
    "PlacedWire",
    "Point",
    "Rect",
    "Text",
]

Point = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    def moved(self, dx: float, dy: float) -> Rect:
        """The same rectangle elsewhere."""
        return Rect(self.x + dx, self.y + dy, self.w, self.h)

    def grown(self, by: float) -> Rect:
        """A rectangle that reaches further on all four sides."""
        return Rect(self.x - by, self.y - by, self.w + 2 * by, self.h + 2 * by)

    def meets(self, other: Rect, slack: float = 0.0) -> bool:
        """Whether the two share more than `slack` in both directions."""
        return (
            min(self.right, other.right) - max(self.x, other.x) > slack
            and min(self.bottom, other.bottom) - max(self.y, other.y) > slack
        )

    def holds(self, other: Rect, slack: float = 0.0) -> bool:
        """Whether the other lies inside, up to `slack`."""
        return (
            other.x >= self.x - slack
            and other.y >= self.y - slack
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )


@dataclass(frozen=True)
class Text:
    """One line of text: `x` is its start, middle or end as `anchor` says, `y` its baseline.

    `tex` is the formula that the text stands for, where it is one; `formula` are its outlines if it is drawn so.
    """

    x: float
    y: float
    text: str
    size: float
    colour: str
    weight: str = "regular"
    anchor: str = "start"
    tex: str = ""

    @property
    def formula(self) -> Formula | None:
        return formula(self.tex) if self.tex else None

    @property
    def width(self) -> float:
        drawn = self.formula
        return width(self.text, self.size, self.weight) if drawn is None else drawn.width * self.size

    def strokes(self) -> Iterable[Stroke]:
        """The outlines of the formula on the page; none for a text that is drawn as text."""
        drawn = self.formula
        return () if drawn is None else drawn.strokes(self.rect.x, self.y, self.size)

    @property
    def rect(self) -> Rect:
        """What the line covers."""
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        drawn = self.formula
        up, down = (ASCENT, DESCENT) if drawn is None else (drawn.up, drawn.down)
        return Rect(self.x - shift * self.width, self.y - up * self.size, self.width, (up + down) * self.size)

    def moved(self, dx: float, dy: float) -> Text:
        """The same text elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True)
class PlacedHeat:
    """A small array as cells inside `rect`."""

    rect: Rect
    heat: Heat


@dataclass(frozen=True)
class PlacedSketch:
    """An image, a line or a bar inside `rect`."""

    rect: Rect
    sketch: Picture | Spark | Span


@dataclass(frozen=True)
class PlacedBadge:
    """A badge: its frame and its words."""

    badge: Badge
    rect: Rect
    text: Text

    def moved(self, dx: float, dy: float) -> PlacedBadge:
        """The same badge elsewhere."""
        return PlacedBadge(self.badge, self.rect.moved(dx, dy), self.text.moved(dx, dy))


@dataclass(frozen=True)
class PlacedBox:
    """A box with the places of its texts, cells, dividing lines and badges, all in coordinates of the page.

    `ring` marks it with a thick border: it is what the picture is about, as in the frames of a film.
    """

    box: Box
    rect: Rect
    texts: tuple[Text, ...]
    heats: tuple[PlacedHeat, ...]
    rules: tuple[tuple[Point, Point], ...]
    badges: tuple[PlacedBadge, ...] = ()
    ring: bool = False
    sketches: tuple[PlacedSketch, ...] = ()


@dataclass(frozen=True)
class PlacedWire:
    """A wire as a curve of cubic Bezier pieces (1 + 3k points), its arrow head as a polygon, and its number."""

    wire: Wire
    curve: tuple[Point, ...]
    head: tuple[Point, ...]
    width: float
    label: Text | None = None


@dataclass(frozen=True)
class PlacedGroup:
    """A frame around the boxes of a scope, with its name."""

    group: Group
    rect: Rect
    label: Text
    depth: int


@dataclass(frozen=True)
class PlacedEntry:
    """One entry of the legend: where its sample and its words stand."""

    entry: Entry
    sample: Rect
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Placed:
    """A scene in which everything has its place on a page."""

    scene: Scene
    theme: Theme
    direction: str
    engine: str
    width: float
    height: float
    boxes: tuple[PlacedBox, ...]
    wires: tuple[PlacedWire, ...]
    groups: tuple[PlacedGroup, ...]
    entries: tuple[PlacedEntry, ...]
    title: Text | None
    legend_rule: tuple[Point, Point] | None
    notes: tuple[Text, ...] = ()

    def texts(self) -> list[Text]:
        """Every line of text on the page."""
        found = [t for box in self.boxes for t in box.texts]
        found += [badge.text for box in self.boxes for badge in box.badges]
        found += [w.label for w in self.wires if w.label is not None]
        found += [g.label for g in self.groups]
        found += [t for entry in self.entries for t in entry.texts]
        return [*found, *self.notes, *([self.title] if self.title else [])]
