"""Say what a picture shows: boxes, wires, groups and a legend, without coordinates and without any file syntax.

A scene is what layout engines and back ends have in common. It is made by `viz.scene` from a graph or a run, but
can as well be written by hand: `viz.draw` takes it like a graph.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from viz.text import clean

__all__ = [
    "Badge", "Box", "Entry", "Group", "Heat", "Legend", "Picture", "Reading", "Scale", "Scene", "Span", "Spark", "Wire",
]  # fmt: skip


class _Words:
    """What says something says it in printable lines, whoever it comes from: no format has to fear control characters.

    `note`s may have several lines, everything else has one.
    """

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            if key not in _LOOSE and isinstance(value, str) and not value.isprintable():
                lines = value.split("\n") if key == "note" else [value]
                object.__setattr__(self, key, "\n".join(map(clean, lines)))
            elif key in _LINES and not all(map(str.isprintable, value)):
                object.__setattr__(self, key, tuple(map(clean, value)))


# Names by which parts of a scene find each other are never shown.
_LOOSE = frozenset({"id", "group", "parent", "source", "target", "beside"})
_LINES = frozenset({"lines", "ports", "notes"})


@dataclass(frozen=True)
class Heat:
    """A small array as rows of elements, drawn as coloured cells; `limit` is the size of the strongest colour."""

    rows: tuple[tuple[float, ...], ...]
    limit: float


@dataclass(frozen=True)
class Picture:
    """A small image: its bytes from the upper left, grey (1 channel) or red, green and blue (3), in base64."""

    width: int
    height: int
    channels: int
    pixels: str

    def __post_init__(self) -> None:
        size = self.width * self.height * self.channels
        if (
            self.channels not in (1, 3)
            or min(self.width, self.height) < 1
            or len(self.pixels) != -(-size // 3) * 4
        ):
            raise ValueError(
                f"viz: a picture of {self.width} × {self.height} pixels in {self.channels} channels is not what "
                f"{len(self.pixels)} characters of base64 hold."
            )
        self.data()

    def data(self) -> bytes:
        """The bytes. Raises ValueError for characters that are not base64."""
        try:
            return base64.b64decode(self.pixels, validate=True)
        except ValueError:
            raise ValueError("viz: the pixels of a picture are not base64.") from None


@dataclass(frozen=True)
class Spark:
    """A row of numbers drawn as a small line, lowest to highest; NaN is a gap. `mark` is the place of a dot, or −1."""

    values: tuple[float, ...]
    mark: int = -1


@dataclass(frozen=True)
class Span:
    """A part of a whole as a bar: it begins and ends at these shares, from 0 to 1."""

    first: float
    last: float


@dataclass(frozen=True)
class Reading(_Words):
    """What one row of a box says: the value or the gradient of its node, or why there is none.

    `state` is "known", "not finite", "zero", "not computed", "no path", "stopped", "no slope", "stale" or
    "accumulated". Each looks different from a number that happens to be zero. `formula` is the TeX of what `lines`
    say as plain text. `heat`, `pictures`, `spark` and `span` stand before the lines, if there are any.
    """

    label: str
    lines: tuple[str, ...]
    state: str = "known"
    heat: Heat | None = None
    detail: str = ""
    formula: str = ""
    pictures: tuple[Picture, ...] = ()
    spark: Spark | None = None
    span: Span | None = None


@dataclass(frozen=True)
class Badge(_Words):
    """A few words in a frame of their own at the foot of a box; `tone` is "", "good", "warn" or "bad"."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Box(_Words):
    """One node, or a fold of many: what it is, how the user calls it, its readings and badges.

    `role` is "input", "parameter", "constant", "op" or "fold"; `tone` ("", "good", "warn", "bad", "quiet") colours it;
    `border` is "" or "dashed".
    """

    id: str
    role: str
    title: str
    name: str = ""
    detail: str = ""
    mark: str = ""
    ports: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    group: str | None = None
    note: str = ""
    badges: tuple[Badge, ...] = ()
    tone: str = ""
    border: str = ""


@dataclass(frozen=True)
class Wire(_Words):
    """One edge of the graph, or the gradient that runs back along it.

    A backward wire names the forward wire beside which it runs in `beside`. `size` is the root mean square of
    the contribution, None where it is not known; `sign` is "positive", "negative", "mixed", "zero", "not finite", or
    "unknown" where the reader is to find it.
    `count` edges run along it; `tone` ("", "strong", "quiet") brings it forward or back.
    """

    id: str
    source: str
    target: str
    slot: int
    port: str = ""
    kind: str = "forward"
    beside: str = ""
    size: float | None = None
    sign: str = ""
    label: str = ""
    note: str = ""
    count: int = 1
    tone: str = ""


@dataclass(frozen=True)
class Group(_Words):
    """A scope: a frame around its boxes. `parent` is the id of the scope that holds it.

    `kind` is "scope", or "region" for a part of the picture that is marked, such as the gradient of a gradient.
    """

    id: str
    label: str
    parent: str | None = None
    kind: str = "scope"


@dataclass(frozen=True)
class Scale:
    """The range of wire sizes in decades: the thinnest wire stands for 10**low and less, the widest for 10**high."""

    low: int
    high: int


@dataclass(frozen=True)
class Entry(_Words):
    """One line of the legend: a sample of `kind` and its words.

    `kind` is "box" (of the role `key`), "tone" (of that name), "forward", "sign" (the sign `key`), "scale" (of wire
    widths), "heat" or "text".
    """

    kind: str
    label: str
    key: str = ""


@dataclass(frozen=True)
class Legend:
    """What the reader needs to read the picture: only what occurs in it."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Scene(_Words):
    """Everything a picture shows, in drawing order. `notes` are said below the legend, a line each.

    `direction` is "LR" or "TB" where the picture is better drawn so, if nobody says otherwise.
    """

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...] = ()
    groups: tuple[Group, ...] = ()
    legend: Legend = field(default_factory=Legend)
    scale: Scale | None = None
    title: str = ""
    description: str = ""
    notes: tuple[str, ...] = ()
    direction: str = ""
