"""Write a placed scene as PDF: lines stay lines, text stays text that can be selected and searched.

The fonts of the drawing are put into the file, as far as its letters need them. Equal pictures give equal bytes.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, assert_never
from zlib import crc32

from viz.formats.marks import Block, Cells, Cluster, Line, Mark, Polygon, Raster, Words, marks
from viz.formats.pixels import enlarged, png_bytes
from viz.glyphs import is_known, of_weight, runs, visual
from viz.place.placed import Placed, Rect, Text
from viz.place.sheet import Sheet
from viz.text import font, width

__all__ = ["pdf", "pdf_pages"]

# A unit of the picture is a pixel of 96 to the inch; a point of PDF is 1/72 inch.
_POINTS = 72 / 96
_FONTS = {"regular": "Roboto-Regular", "medium": "Roboto-Medium"}
# One weight of a stand-in serves names and titles: to cut one out of a large font takes a second.
_WEIGHT = 450


def pdf(placed: Placed, sheets: Sequence[Sheet] = ()) -> bytes:
    """The picture as PDF: one page as large as the picture, or a page for each sheet."""
    return _document([(placed, sheet) for sheet in sheets or [_whole(placed)]])


def pdf_pages(pictures: Sequence[Placed], sheets: Sequence[Sheet]) -> bytes:
    """Several pictures as PDF, each on its sheet."""
    return _document(list(zip(pictures, sheets, strict=True)))


def _whole(placed: Placed) -> Sheet:
    return Sheet(Rect(0.0, 0.0, placed.width, placed.height), placed.width, placed.height)


def _document(pages: Sequence[tuple[Placed, Sheet]]) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    _register()
    content = io.BytesIO()
    page = Canvas(content, pageCompression=1, invariant=1)
    first = pages[0][0].scene
    page.setTitle(first.title or first.description)
    page.setSubject(first.description)
    page.setCreator("graphnn")
    # Of large fonts the letters that the document has are taken.
    page.letters = "".join(sorted({c for placed, _ in pages for text in placed.texts() for c in text.text}))
    for placed, sheet in pages:
        page.setPageSize((sheet.width * _POINTS, sheet.height * _POINTS))
        page.scale(_POINTS * sheet.scale, -_POINTS * sheet.scale)
        page.translate(-sheet.view.x, -sheet.view.bottom)
        for mark in marks(placed, sheet):
            _write(page, mark)
        page.showPage()
    page.save()
    return content.getvalue()


@cache
def _register() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in _FONTS.values():
        pdfmetrics.registerFont(TTFont(name, str(Path(__file__).parents[1] / "fonts" / f"{name}.ttf")))


def _write(page: Any, mark: Mark) -> None:
    match mark:
        case Block():
            _block(page, mark)
        case Line():
            _line(page, mark)
        case Polygon():
            path = page.beginPath()
            path.moveTo(*mark.points[0])
            for point in mark.points[1:]:
                path.lineTo(*point)
            path.close()
            _paint(page, mark.fill, mark.stroke, mark.width, mark.dashes)
            page.drawPath(path, stroke=int(bool(mark.stroke)), fill=int(bool(mark.fill)))
        case Words():
            _words(page, mark)
        case Cells():
            _cells(page, mark)
        case Raster():
            _raster(page, mark)
        case Cluster():
            page.saveState()
            if mark.opacity != 1.0:
                page.setFillAlpha(mark.opacity)
                page.setStrokeAlpha(mark.opacity)
            for inner in _as_read(mark.marks):
                _write(page, inner)
            page.restoreState()
        case _:
            assert_never(mark)


def _as_read(found: tuple[Mark, ...]) -> list[Mark]:
    """Words last, line by line from the left: so they are copied out of the file in the order of reading."""
    words = [mark for mark in found if isinstance(mark, Words)]
    words.sort(key=lambda mark: (round(mark.text.y), mark.text.rect.x))
    return [*(mark for mark in found if not isinstance(mark, Words)), *words]


def _colour(word: str) -> tuple[float, ...]:
    # Plain numbers: a colour object of reportlab's would make all that is faded solid again.
    return tuple(int(word[k : k + 2], 16) / 255 for k in (1, 3, 5))


def _paint(page: Any, fill: str, stroke: str, width: float, dashes: tuple[float, ...] = ()) -> None:
    if fill:
        page.setFillColor(_colour(fill))
    if stroke:
        page.setStrokeColor(_colour(stroke))
        page.setLineWidth(width)
        page.setDash(list(dashes), 0)


def _block(page: Any, mark: Block) -> None:
    _paint(page, mark.fill, mark.stroke, mark.width, mark.dashes)
    r, how = mark.rect, {"stroke": int(bool(mark.stroke)), "fill": int(bool(mark.fill))}
    if mark.radius:
        page.roundRect(r.x, r.y, r.w, r.h, min(mark.radius, r.w / 2, r.h / 2), **how)
    else:
        page.rect(r.x, r.y, r.w, r.h, **how)


def _line(page: Any, mark: Line) -> None:
    _paint(page, "", mark.stroke, mark.width, mark.dashes)
    first, *rest = mark.points
    path = page.beginPath()
    path.moveTo(*first)
    if len(rest) == 1:
        path.lineTo(*rest[0])
    for i in range(0, len(rest) - 2, 3):
        (a, b), (c, d), (e, f) = rest[i : i + 3]
        path.curveTo(a, b, c, d, e, f)
    page.drawPath(path, stroke=1, fill=0)


def _words(page: Any, mark: Words) -> None:
    text = mark.text
    if not text.text:
        return
    page.saveState()
    # The page's y grows downwards; letters must not stand on their heads.
    page.translate(text.rect.x, text.y)
    page.scale(1, -1)
    page.setFillColor(_colour(text.colour))
    if text.formula is None:
        page.setFont(_FONTS[text.weight], text.size)
        # No rim around it: words that were written twice would be found twice.
        _string(page, text)
    else:
        # Unseen words that fill the room of the formula, so that it is found and copied as text.
        words = page.beginText(0, 0)
        words.setFont(_FONTS[text.weight], text.size)
        words.setHorizScale(100 * text.width / width(text.text, text.size, text.weight))
        words.setTextRenderMode(3)
        words.textOut(text.text)
        page.drawText(words)
    page.restoreState()
    if text.formula is not None:
        _formula(page, text)


def _string(page: Any, text: Text) -> None:
    """Words in the fonts that have their letters, in the room that was measured for them."""
    if all(character in font(text.weight) for character in text.text):
        page.drawString(0, 0, text.text)
        return
    seen = visual(text.text)
    if all(map(_is_drawn, seen)):
        _in_fonts(page, text, seen, 0.0, text.width)
        return
    x = 0.0
    # What joins letters has nothing to join where one of them is a square.
    seen = "".join(character for character in seen if unicodedata.category(character) != "Cf")
    for drawn, letters in groupby(seen, _is_drawn):
        words = "".join(letters)
        room = width(words, text.size, text.weight)
        if drawn:
            _in_fonts(page, text, words, x, room)
        else:
            _squares(page, text, x, room, len(words))
        x += room


def _is_drawn(character: str) -> bool:
    """Whether a font has the letter, or none is needed: marks stand on others, some letters are never seen."""
    return is_known(character) or unicodedata.category(character) in ("Mn", "Cf", "Cc", "Zs")


def _in_fonts(page: Any, text: Text, words: str, x: float, room: float) -> None:
    pieces = [(_registered(path, text.weight, page.letters), part) for path, part in runs(words, text.weight)]
    wide = sum(page.stringWidth(part, name, text.size) for name, part in pieces)
    said = page.beginText(x, 0)
    if wide:
        said.setHorizScale(100 * room / wide)
    for name, part in pieces:
        said.setFont(name, text.size)
        said.textOut(part)
    page.drawText(said)


def _squares(page: Any, text: Text, x: float, room: float, count: int) -> None:
    """Empty squares for letters that no font has: that there are any is better known than hidden."""
    page.setStrokeColor(_colour(text.colour))
    page.setLineWidth(0.07 * text.size)
    page.setDash([], 0)
    side = min(0.7 * text.size, 0.8 * room / count)
    for k in range(count):
        page.rect(x + (k + 0.5) * room / count - side / 2, 0, side, side, stroke=1, fill=0)


@cache
def _registered(path: Path, weight: str, letters: str) -> str:
    """The name under which reportlab knows the font of a file; the shipped one where it cannot be put into a PDF."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    if path.stem in _FONTS.values():
        return path.stem
    data = of_weight(path, _WEIGHT, letters)
    name = path.stem if data is None else f"{path.stem}-{crc32(letters.encode()):08x}"
    if name in pdfmetrics.getRegisteredFontNames():
        return name
    try:
        pdfmetrics.registerFont(TTFont(name, str(path) if data is None else io.BytesIO(data)))
    except (TTFError, OSError):  # outlines of a kind that reportlab does not write
        return _FONTS[weight]
    return name


def _formula(page: Any, text: Text) -> None:
    path = page.beginPath()
    now = (0.0, 0.0)
    for letter, n in text.strokes():
        if letter == "M":
            path.moveTo(*n)
        elif letter == "L":
            path.lineTo(*n)
        elif letter == "C":
            path.curveTo(*n)
        elif letter == "Q":  # PDF knows cubic curves only
            (x0, y0), (x1, y1, x2, y2) = now, n
            first = x0 + 2 / 3 * (x1 - x0), y0 + 2 / 3 * (y1 - y0)
            path.curveTo(*first, x2 + 2 / 3 * (x1 - x2), y2 + 2 / 3 * (y1 - y2), x2, y2)
        else:
            path.close()
        now = (n[-2], n[-1]) if n else now
    page.setFillColor(_colour(text.colour))
    page.drawPath(path, stroke=0, fill=1, fillMode=1)


def _raster(page: Any, mark: Raster) -> None:
    from reportlab.lib.utils import ImageReader

    r = mark.rect
    page.saveState()
    page.translate(r.x, r.bottom)
    page.scale(1, -1)
    page.drawImage(ImageReader(io.BytesIO(png_bytes(enlarged(mark.picture)))), 0, 0, r.w, r.h)
    page.restoreState()
    _paint(page, "", mark.stroke, 1.0)
    page.rect(r.x, r.y, r.w, r.h, stroke=1, fill=0)


def _cells(page: Any, mark: Cells) -> None:
    r, rows = mark.rect, mark.colours
    w, h = r.w / len(rows[0]), r.h / len(rows)
    for i, row in enumerate(rows):
        for j, colour in enumerate(row):
            page.setFillColor(_colour(colour))
            page.rect(r.x + w * j, r.y + h * i, w, h, stroke=0, fill=1)
    _paint(page, "", mark.stroke, 1.0)
    page.rect(r.x, r.y, r.w, r.h, stroke=1, fill=0)
