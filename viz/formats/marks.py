"""Turn a placed scene into marks: rectangles, lines, polygons and words, which any file format can write down.

Every decision about how a thing looks is made here, once; a back end only spells the marks out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from viz.place.placed import (
    Placed,
    PlacedBox,
    PlacedEntry,
    PlacedGroup,
    PlacedHeat,
    PlacedSketch,
    PlacedWire,
    Point,
    Rect,
    Text,
)
from viz.place.sheet import Sheet
from viz.scene import Heat, Picture, Span
from viz.sketches import bar, line_pieces
from viz.theme import Theme

__all__ = ["Block", "Cells", "Cluster", "Line", "Mark", "Polygon", "Raster", "Words", "marks"]

_SAMPLE_HEAT = Heat(((-1.0, 0.0, 1.0),), 1.0)
_BORDER, _STRONG_BORDER, _FINE = 1.2, 2.2, 0.8
_RING, _RING_GAP = 2.4, 3.4
_DASHED = (6.0, 4.0)
_SPARK_WIDTH, _DOT = 1.2, 2.2
_FADED = 0.6


@dataclass(frozen=True)
class Block:
    """A rectangle with round corners of this radius. No fill or stroke: "" ; a `stroke` of width 1 if not said."""

    rect: Rect
    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    radius: float = 0.0
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Line:
    """A curve of cubic Bezier pieces (1 + 3k points), or a straight line (2 points)."""

    points: tuple[Point, ...]
    stroke: str
    width: float = 1.0
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Polygon:
    """A closed polygon."""

    points: tuple[Point, ...]
    fill: str
    stroke: str = ""
    width: float = 1.0
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Words:
    """One line of text; `halo` is the colour of a rim that keeps it apart from what it stands on.

    A text that has a `formula` is drawn by its outlines, and its words are kept beside them for search.
    """

    text: Text
    halo: str = ""


@dataclass(frozen=True)
class Cells:
    """A small array as coloured cells, row by row, inside a frame."""

    rect: Rect
    colours: tuple[tuple[str, ...], ...]
    stroke: str


@dataclass(frozen=True)
class Raster:
    """A small image inside a frame, its pixels as sharp squares."""

    rect: Rect
    picture: Picture
    stroke: str


@dataclass(frozen=True)
class Cluster:
    """The marks of one node or wire. `kind` is "node", "wire" or "picture"; `facts` are what a program may read."""

    kind: str
    marks: tuple[Mark, ...]
    note: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    opacity: float = 1.0


Mark = Block | Line | Polygon | Words | Cells | Raster | Cluster


def marks(placed: Placed, sheet: Sheet | None = None) -> tuple[Mark, ...]:
    """All marks of a picture, in drawing order. On a sheet the ground covers the sheet, and pages are numbered."""
    theme = placed.theme
    ground = Rect(0.0, 0.0, placed.width, placed.height) if sheet is None else sheet.view
    found: list[Mark] = [Block(ground, fill=theme.page)]
    for group in placed.groups:
        found += _group(group, theme)
    found += [_wire(wire, theme) for wire in placed.wires]
    found += [_box(box, theme) for box in placed.boxes]
    # Numbers of wires come last, so that no line runs over them.
    found += [Words(wire.label, halo=theme.page) for wire in placed.wires if wire.label is not None]
    if placed.title is not None:
        found.append(Words(placed.title))
    if placed.legend_rule is not None:
        found.append(Line(placed.legend_rule, theme.hairline))
    for entry in placed.entries:
        found += [*_sample(entry, placed), *(Words(text) for text in entry.texts)]
    found += [Words(note) for note in placed.notes]
    if sheet is not None:
        found += [Block(margin, fill=theme.page) for margin in sheet.covers]
        found += [Words(text) for text in sheet.leads]
    caption = None if sheet is None else sheet.caption(placed)
    return (*found, *([] if caption is None else [Words(caption)]))


def _group(placed: PlacedGroup, theme: Theme) -> list[Mark]:
    fill = theme.group if placed.depth % 2 == 0 else theme.group_inner
    marked = placed.group.kind == "region"
    frame = Block(
        placed.rect, fill, theme.group_border, 1.6 if marked else 1.0, 10.0, (7.0, 4.0) if marked else ()
    )
    return [frame, Words(placed.label)]


def _stretched(dashes: Sequence[float], width: float) -> tuple[float, ...]:
    # Dashes grow a little with the line, else a wide dashed wire looks like a row of tiles.
    return tuple(d * (1 + 0.12 * width) for d in dashes)


def _style(kind: str, sign: str, theme: Theme) -> tuple[str, Sequence[float]]:
    if kind == "forward":
        return theme.forward, ()
    return theme.signs[sign], theme.dashes[sign]


def _wire(placed: PlacedWire, theme: Theme) -> Cluster:
    wire = placed.wire
    colour, dashes = _style(wire.kind, wire.sign, theme)
    if wire.tone == "strong":
        colour = theme.text
    return Cluster(
        "wire",
        (
            Line(placed.curve, colour, placed.width, _stretched(dashes, placed.width)),
            Polygon(placed.head, colour),
        ),
        wire.note,
        (("data-wire", wire.id), ("data-from", wire.source), ("data-to", wire.target)),
        _FADED if wire.tone == "quiet" else 1.0,
    )


def _shape(
    role: str,
    r: Rect,
    theme: Theme,
    *,
    border: float = _BORDER,
    tone: str = "",
    dashes: tuple[float, ...] = (),
) -> Iterator[Mark]:
    """Each role has a form of its own: input rounded, parameter with cut corners, constant sharp, op softly rounded."""
    ink = theme.ink(role, tone)
    if role == "parameter":
        c = min(8.0, r.h * 0.32)
        corners = (
            (r.x + c, r.y), (r.right - c, r.y), (r.right, r.y + c), (r.right, r.bottom - c),
            (r.right - c, r.bottom), (r.x + c, r.bottom), (r.x, r.bottom - c), (r.x, r.y + c),
        )  # fmt: skip
        yield Polygon(corners, ink.fill, ink.border, border, dashes)
        return
    radius = {"input": min(16.0, r.h / 2), "op": min(5.0, r.h * 0.25), "fold": 5.0}.get(role, 0.0)
    yield Block(r, ink.fill, ink.border, border, radius, dashes)
    if role == "fold":  # a frame in a frame: there is more inside
        yield Block(r.grown(-2.6), "", ink.border, _FINE, 3.0)


def _box(placed: PlacedBox, theme: Theme) -> Cluster:
    box = placed.box
    found: list[Mark] = [
        *_shape(
            box.role,
            placed.rect,
            theme,
            border=_STRONG_BORDER if box.mark or box.border else _BORDER,
            tone=box.tone,
            dashes=_DASHED if box.border == "dashed" else (),
        )
    ]
    found += [Line(rule, theme.hairline) for rule in placed.rules]
    found += [_cells(heat, theme) for heat in placed.heats]
    found += [mark for sketch in placed.sketches for mark in _sketch(sketch, theme)]
    found += [Words(text) for text in placed.texts]
    for badge in placed.badges:
        ink = theme.ink("op", badge.badge.tone)
        found += [Block(badge.rect, ink.fill, ink.border, _FINE, badge.rect.h / 2), Words(badge.text)]
    if placed.ring:
        r = placed.rect.grown(_RING_GAP)
        found.append(Block(r, "", theme.text, _RING, min(8.0, r.h * 0.25)))
    return Cluster("node", tuple(found), box.note, (("data-node", box.id), ("data-role", box.role)))


def _sketch(placed: PlacedSketch, theme: Theme) -> Iterator[Mark]:
    r, sketch = placed.rect, placed.sketch
    if isinstance(sketch, Picture):
        yield Raster(r, sketch, theme.hairline)
    elif isinstance(sketch, Span):
        yield Block(r, theme.page, theme.hairline)
        yield Block(bar(sketch, r), theme.signs["positive"])
    else:
        yield Block(r, theme.page, theme.hairline)
        pieces, dot = line_pieces(sketch, r)
        for points in pieces:
            bent = [points[0]]  # straight strokes, as Bezier pieces
            for a, b in pairwise(points):
                bent += [a, b, b]
            yield Line(tuple(bent), theme.signs["positive"], _SPARK_WIDTH)
        if dot is not None:
            x, y = dot
            yield Block(Rect(x - _DOT, y - _DOT, 2 * _DOT, 2 * _DOT), theme.text, radius=_DOT)


def _cells(placed: PlacedHeat, theme: Theme) -> Cells:
    heat = placed.heat
    colours = tuple(tuple(theme.heat(value, heat.limit) for value in row) for row in heat.rows)
    return Cells(placed.rect, colours, theme.hairline)


def _sample(placed: PlacedEntry, page: Placed) -> list[Mark]:
    theme, entry, r = page.theme, placed.entry, placed.sample
    middle = r.y + r.h / 2
    if entry.kind == "box":
        return [*_shape(entry.key, r, theme)]
    if entry.kind == "tone":
        return [*_shape("op", r, theme, tone=entry.key)]
    if entry.kind in ("forward", "sign"):
        colour, dashes = _style(entry.kind, entry.key, theme)
        width = theme.forward_width if entry.kind == "forward" else 2.4
        # Values run to the right, gradients come back from it.
        tip, tail, way = (r.right, r.x, 1) if entry.kind == "forward" else (r.x, r.right, -1)
        back = tip - way * (5.2 + 1.35 * width)
        half = 2.1 + 0.85 * width
        head = ((tip, middle), (back, middle - half), (back, middle + half))
        line = Line(((tail, middle), (back, middle)), colour, width, _stretched(dashes, width))
        return [line, Polygon(head, colour)]
    if entry.kind == "scale":
        thin, wide = theme.thinnest / 2, theme.widest / 2
        wedge = (
            (r.x, middle - thin),
            (r.right, middle - wide),
            (r.right, middle + wide),
            (r.x, middle + thin),
        )
        return [Polygon(wedge, theme.forward)]
    if entry.kind == "heat":
        return [_cells(PlacedHeat(r, _SAMPLE_HEAT), theme)]
    return []
