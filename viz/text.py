"""Measure text before it is drawn, so that every text fits its box on every machine, and warn of missing glyphs.

The two fonts of a drawing ship inside this package. Their advance widths are read here directly: a general font
library takes most of a second to open a font, this takes a few milliseconds.
"""

from __future__ import annotations

import importlib.util
import struct
import sys
import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path

__all__ = [
    "ASCENT",
    "DESCENT",
    "Font",
    "MissingGlyphWarning",
    "clean",
    "fallback",
    "font",
    "missing",
    "shorten",
    "width",
]

# Roboto's capitals and descenders as a share of the font size: what a line of text covers above and below its baseline.
ASCENT = 0.75
DESCENT = 0.22

_FOLDER = Path(__file__).parent / "fonts"


class MissingGlyphWarning(UserWarning):
    """A character is in no font that ships with the drawing or was found: PNG and PDF show an empty square."""


class Font:
    """Advance widths of one TrueType file, as a share of the font size."""

    def __init__(self, path: Path):
        data = path.read_bytes()
        tables = {}
        for i in range(struct.unpack_from(">H", data, 4)[0]):
            tag, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * i)
            tables[tag] = offset
        self.path = path
        self._units = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
        self._glyphs = _read_cmap(data, tables[b"cmap"])
        count = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]
        self._advances = struct.unpack_from(">" + "Hh" * count, data, tables[b"hmtx"])[::2]

    def __contains__(self, character: str) -> bool:
        return ord(character) in self._glyphs

    def advance(self, character: str) -> float:
        """The width of one character at size 1."""
        glyph = self._glyphs[ord(character)]
        return self._advances[min(glyph, len(self._advances) - 1)] / self._units


def _read_cmap(data: bytes, start: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for i in range(struct.unpack_from(">H", data, start + 2)[0]):
        platform, encoding, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * i)
        kind = struct.unpack_from(">H", data, start + offset)[0]
        if (platform, encoding) in ((3, 10), (0, 4), (0, 6)) and kind == 12:
            found |= _read_groups(data, start + offset)
        elif (platform, encoding) in ((3, 1), (0, 3)) and kind == 4:
            found |= _read_segments(data, start + offset)
    if not found:
        raise ValueError("the font has no Unicode table of characters.")
    return found


def _read_groups(data: bytes, at: int) -> dict[int, int]:
    """The groups of a `cmap` of format 12: letters beyond the first 65536, emoji among them."""
    glyphs: dict[int, int] = {}
    for k in range(struct.unpack_from(">I", data, at + 12)[0]):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * k)
        if first <= last <= sys.maxunicode and last - first <= 0xFFFF:
            glyphs.update((code, glyph + code - first) for code in range(first, last + 1) if glyph)
    return glyphs


def _read_segments(data: bytes, at: int) -> dict[int, int]:
    """The segments of a `cmap` of format 4, as the OpenType specification lays them out."""
    count = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + 4 * count)
    offsets_at = at + 16 + 6 * count
    offsets = struct.unpack_from(f">{count}H", data, offsets_at)
    glyphs = {}
    for i in range(count):
        for code in range(starts[i], min(ends[i], 0xFFFE) + 1):
            if offsets[i]:
                place = offsets_at + 2 * i + offsets[i] + 2 * (code - starts[i])
                glyph = struct.unpack_from(">H", data, place)[0]
                glyph = (glyph + deltas[i]) & 0xFFFF if glyph else 0
            else:
                glyph = (code + deltas[i]) & 0xFFFF
            if glyph:
                glyphs[code] = glyph
    return glyphs


@cache
def font(weight: str = "regular") -> Font:
    """One of the fonts that ship with the package: "regular" or "medium"."""
    return Font(_FOLDER / f"Roboto-{weight.capitalize()}.ttf")


@cache
def fallback() -> Font | None:
    """DejaVu Sans, which ships with ziafont: arrows, mathematics and scripts that Roboto lacks."""
    spec = importlib.util.find_spec("ziafont")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "fonts" / "DejaVuSans.ttf"
    return Font(path) if path.exists() else None


@cache
def _advance(character: str, weight: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn"):
        return 0.0
    if character in font(weight):
        return font(weight).advance(character)
    other = fallback()
    if other is not None and character in other:
        return other.advance(character)
    # Scripts that no shipped font has are drawn by a font of the machine: East Asian and emoji glyphs are square.
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.75


@cache
def width(text: str, size: float, weight: str = "regular") -> float:
    """How wide one line of text is, in the unit of `size`."""
    return size * sum(_advance(character, weight) for character in text)


def clean(text: str) -> str:
    """One printable line: line ends and tabs become visible spaces, control characters the replacement sign."""
    spaced = " ".join(text.split())
    return "".join("\N{REPLACEMENT CHARACTER}" if _unprintable(c) else c for c in spaced)


def _unprintable(character: str) -> bool:
    # Direction overrides could reorder the text around them, so they are shown as replaced too.
    code = ord(character)
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Co")
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        or code & 0xFFFE == 0xFFFE
    )


def shorten(text: str, room: float, size: float, weight: str = "regular") -> str:
    """The text, or as much of its head and tail as fits into `room`, with a clear … where it was cut."""
    if width(text, size, weight) <= room:
        return text
    room -= width("…", size, weight)
    head = tail = ""
    # The head tells what it is, the tail often carries the number that tells two names apart.
    for i in range(len(text)):
        longer_head = text[: i + 1]
        longer_tail = text[len(text) - (i + 1) // 2 :] if i else ""
        if width(longer_head, size, weight) + width(longer_tail, size, weight) > room:
            break
        head, tail = longer_head, longer_tail
    return head.rstrip() + "…" + tail.lstrip()


def missing(texts: Iterable[str]) -> list[str]:
    """Characters that no shipped font has, in order of code point; a warning names those that no other font has."""
    from viz.glyphs import found_for

    other = fallback()
    found = {
        c
        for text in texts
        for c in text
        if c not in font()
        and not (other is not None and c in other)
        and unicodedata.category(c) not in ("Cf", "Mn")
    }
    characters = sorted(found)
    nowhere = [character for character in characters if found_for(character) is None]
    if nowhere:
        shown = " ".join(nowhere[:12]) + (" …" if len(nowhere) > 12 else "")
        some = f"{len(nowhere)} characters are" if len(nowhere) > 1 else "1 character is"
        warnings.warn(
            f"{some} in no font that ships with graphnn or was found on this machine ({shown}): empty squares in PNG "
            "and PDF; in SVG and HTML the reader's browser has to have a font. Ways out: pip install "
            "justmytype-intl-cjk (Korean, Chinese, Japanese) or manimgx-fonts (other scripts, emoji), or "
            "viz.fonts('a file.ttf').",
            MissingGlyphWarning,
            stacklevel=2,
        )
    return characters
