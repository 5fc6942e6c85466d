"""Say what a picture shows: boxes, wires, groups and a legend, without coordinates and without any file syntax.

A scene is what layout engines and back ends have in common. It is made by `viz.scene` from a graph or a run, but
can as well be written by hand: `viz.draw` takes it like a graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Box", "Entry", "Group", "Heat", "Legend", "Reading", "Scale", "Scene", "Wire"]


@dataclass(frozen=True)
class Heat:
    """A small array as rows of elements, drawn as coloured cells; `limit` is the size of the strongest colour."""

    rows: tuple[tuple[float, ...], ...]
    limit: float


@dataclass(frozen=True)
class Reading:
    """What one row of a box says: the value or the gradient of its node, or why there is none.

    `state` is "known", "not finite", "zero", "not computed", "no path", "stale" or "accumulated". Each looks
    different from a number that happens to be zero.
    """

    label: str
    lines: tuple[str, ...]
    state: str = "known"
    heat: Heat | None = None
    detail: str = ""


@dataclass(frozen=True)
class Box:
    """One node: what it is, how the user calls it, and its readings."""

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


@dataclass(frozen=True)
class Wire:
    """One edge of the graph, or the gradient that runs back along it.

    A backward wire names the forward wire beside which it runs in `beside`. `size` is the root mean square of
    the contribution, None where it is not known; `sign` is "positive", "negative", "mixed" or "zero".
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


@dataclass(frozen=True)
class Group:
    """A scope: a frame around its boxes. `parent` is the id of the scope that holds it."""

    id: str
    label: str
    parent: str | None = None


@dataclass(frozen=True)
class Scale:
    """The range of wire sizes in decades: the thinnest wire stands for 10**low and less, the widest for 10**high."""

    low: int
    high: int


@dataclass(frozen=True)
class Entry:
    """One line of the legend: a sample of `kind` and its words.

    `kind` is "box" (of the role `key`), "forward", "sign" (the sign `key`), "scale" (of wire widths), "heat" or "text".
    """

    kind: str
    label: str
    key: str = ""


@dataclass(frozen=True)
class Legend:
    """What the reader needs to read the picture: only what occurs in it."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Scene:
    """Everything a picture shows, in drawing order."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...] = ()
    groups: tuple[Group, ...] = ()
    legend: Legend = field(default_factory=Legend)
    scale: Scale | None = None
    title: str = ""
    description: str = ""
