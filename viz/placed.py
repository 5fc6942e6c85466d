"""The placed scene: what every back end draws, with a coordinate for each box, curve and line of text."""

from __future__ import annotations

from dataclasses import dataclass

from viz.scene import Box, Entry, Group, Heat, Scene, Wire
from viz.text import ASCENT, DESCENT, width
from viz.theme import Theme

__all__ = [
    "Placed",
    "PlacedBox",
    "PlacedEntry",
    "PlacedGroup",
    "PlacedHeat",
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
    """One line of text: `x` is its start, middle or end as `anchor` says, `y` its baseline."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    weight: str = "regular"
    anchor: str = "start"

    @property
    def width(self) -> float:
        return width(self.text, self.size, self.weight)

    @property
    def rect(self) -> Rect:
        """What the line covers."""
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        height = (ASCENT + DESCENT) * self.size
        return Rect(self.x - shift * self.width, self.y - ASCENT * self.size, self.width, height)

    def moved(self, dx: float, dy: float) -> Text:
        """The same text elsewhere."""
        return Text(self.x + dx, self.y + dy, self.text, self.size, self.colour, self.weight, self.anchor)


@dataclass(frozen=True)
class PlacedHeat:
    """A small array as cells inside `rect`."""

    rect: Rect
    heat: Heat


@dataclass(frozen=True)
class PlacedBox:
    """A box with the places of its texts, cells and dividing lines, all in coordinates of the page."""

    box: Box
    rect: Rect
    texts: tuple[Text, ...]
    heats: tuple[PlacedHeat, ...]
    rules: tuple[tuple[Point, Point], ...]


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

    def texts(self) -> list[Text]:
        """Every line of text on the page."""
        found = [t for box in self.boxes for t in box.texts]
        found += [w.label for w in self.wires if w.label is not None]
        found += [g.label for g in self.groups]
        found += [t for entry in self.entries for t in entry.texts]
        return found + ([self.title] if self.title else [])
