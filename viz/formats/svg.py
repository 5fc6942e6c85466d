"""Write a placed scene as SVG.

Text stays text; there is no script, no style sheet, and no identifier that two pictures on one page could share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from viz.formats.marks import Block, Cells, Cluster, Line, Mark, Polygon, Raster, Words, marks
from viz.formats.pixels import encoded
from viz.place.placed import Placed, Point, Rect
from viz.place.sheet import Sheet

__all__ = ["fragment", "svg"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\n": "&#10;"})


def svg(placed: Placed, sheet: Sheet | None = None) -> str:
    """The picture, or a sheet of it, as one SVG document. Equal placed scenes give equal bytes."""
    size = (placed.width, placed.height) if sheet is None else (sheet.width, sheet.height)
    view = Rect(0.0, 0.0, placed.width, placed.height) if sheet is None else sheet.view
    w, h, seen = _n(size[0]), _n(size[1]), " ".join(_n(v) for v in (view.x, view.y, view.w, view.h))
    title = placed.scene.title or placed.scene.description
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="{seen}" role="img" '
        f'font-family="{_esc(placed.theme.family)}">',
        f"<title>{_esc(title)}</title>",
        f"<desc>{_esc(placed.scene.description)}</desc>",
    ]
    return "\n".join([*lines, fragment(marks(placed, sheet)), "</svg>", ""])


def fragment(found: Iterable[Mark]) -> str:
    """Marks as SVG elements, a line each, for whoever writes the document around them."""
    return "\n".join(line for mark in found for line in _mark(mark))


def _n(value: float) -> str:
    """A coordinate with at most two decimals and no trailing zeros; never `-0`."""
    return f"{round(value, 2) + 0.0:.10g}"


def _esc(text: str) -> str:
    return text.translate(_ESCAPES)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _mark(mark: Mark) -> Iterator[str]:
    match mark:
        case Block():
            yield _block(mark)
        case Line():
            yield _line(mark)
        case Polygon():
            line = _outline(mark.stroke, mark.width, mark.dashes)
            yield f'<polygon points="{_points(mark.points)}" fill="{mark.fill}"{line}/>'
        case Words():
            yield _words(mark)
        case Cells():
            yield from _cells(mark)
        case Raster():
            yield _raster(mark)
        case Cluster():
            yield from _cluster(mark)
        case _:
            assert_never(mark)


def _outline(stroke: str, width: float, dashes: Sequence[float] = ()) -> str:
    if not stroke:
        return ""
    wide = f' stroke-width="{_n(width)}"' if width != 1.0 else ""
    return f' stroke="{stroke}"{wide}{_dashed(dashes)}'


def _dashed(dashes: Sequence[float]) -> str:
    return f' stroke-dasharray="{" ".join(_n(d) for d in dashes)}"' if dashes else ""


def _block(mark: Block) -> str:
    r = mark.rect
    place = f'x="{_n(r.x)}" y="{_n(r.y)}" ' if r.x or r.y else ""
    rounded = f' rx="{_n(mark.radius)}"' if mark.radius else ""
    return (
        f'<rect {place}width="{_n(r.w)}" height="{_n(r.h)}"{rounded} fill="{mark.fill or "none"}"'
        f"{_outline(mark.stroke, mark.width, mark.dashes)}/>"
    )


def _line(mark: Line) -> str:
    first, *rest = mark.points
    if len(rest) == 1:
        way = f"M{_points([first])}L{_points(rest)}"
    else:
        way = f"M{_points([first])}" + "".join("C" + _points(rest[i : i + 3]) for i in range(0, len(rest), 3))
    if len(rest) == 1 and mark.width == 1.0 and not mark.dashes:
        return f'<path d="{way}" stroke="{mark.stroke}"/>'
    return f'<path d="{way}" fill="none" stroke="{mark.stroke}" stroke-width="{_n(mark.width)}"{_dashed(mark.dashes)}/>'


def _words(mark: Words) -> str:
    text = mark.text
    if text.formula is not None:
        return _formula(mark)
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    weight = ' font-weight="500"' if text.weight == "medium" else ""
    around = (
        f' stroke="{mark.halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
        if mark.halo
        else ""
    )
    # The measured length is part of the text: where another font has to stand in, it is fitted to the same room.
    length = f' textLength="{_n(text.width)}" lengthAdjust="spacingAndGlyphs"' if len(text.text) > 1 else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}" fill="{text.colour}"'
        f"{anchor}{weight}{around}{length}>{_esc(text.text)}</text>"
    )


def _formula(mark: Words) -> str:
    """The outlines of a formula; what they say stands beside them as words."""
    text = mark.text
    way = "".join(letter + " ".join(_n(v) for v in numbers) for letter, numbers in text.strokes())
    said = _esc(text.text)
    return (
        f'<g role="math" aria-label="{said}" fill="{text.colour}"><title>{said}</title><path d="{way}"/></g>'
    )


def _raster(mark: Raster) -> str:
    r = mark.rect
    place = f'x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.w)}" height="{_n(r.h)}"'
    # Both words for sharp squares: some programs know the one, some the other.
    return (
        f'<g><image {place} preserveAspectRatio="none" image-rendering="optimizeSpeed" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{encoded(mark.picture)}"/>'
        f'<rect {place} fill="none" stroke="{mark.stroke}"/></g>'
    )


def _cells(mark: Cells) -> Iterator[str]:
    r, rows = mark.rect, mark.colours
    w, h = r.w / len(rows[0]), r.h / len(rows)
    yield '<g shape-rendering="crispEdges">'
    for i, row in enumerate(rows):
        for j, colour in enumerate(row):
            place = f'x="{_n(r.x + w * j)}" y="{_n(r.y + h * i)}"'
            yield f'<rect {place} width="{_n(w)}" height="{_n(h)}" fill="{colour}"/>'
    frame = f'x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.w)}" height="{_n(r.h)}"'
    yield f'<rect {frame} fill="none" stroke="{mark.stroke}"/></g>'


def _cluster(mark: Cluster) -> Iterator[str]:
    facts = "".join(f' {key}="{_esc(value)}"' for key, value in mark.facts)
    faded = f' opacity="{_n(mark.opacity)}"' if mark.opacity != 1.0 else ""
    note = f"<title>{_esc(mark.note)}</title>" if mark.note else ""
    yield f"<g{facts}{faded}>{note}"
    for inner in mark.marks:
        yield from _mark(inner)
    yield "</g>"
