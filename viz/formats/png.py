"""Turn an SVG into PNG bytes, with the fonts that ship with the package: the same picture on every machine."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from viz.glyphs import found_for
from viz.text import fallback, font

__all__ = ["png"]

# What stands for a letter that no font has: that there is one is better known than hidden.
_BLANK = "□"
_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
    '<text x="8" y="28" font-size="20">{}</text></svg>'
)


def png(svg_text: str, *, scale: float = 2.0, page: str = "", system_fonts: bool = False) -> bytes:
    """PNG bytes; `scale` is pixels per unit of the SVG. `system_fonts` brings in scripts that no shipped font has.

    page : the colour of the page; it fills the last row and column, which the SVG may cover in part only
    Of fonts that are found on this machine, the files that have the letters are used, and no others. A letter that no
    font has is an empty square.
    """
    other = fallback()
    files = [font(weight).path for weight in ("regular", "medium")] + (
        [other.path] if other is not None else []
    )
    letters = {c for c in set(svg_text) if not any(f is not None and c in f for f in (font(), other))}
    found = {c: found_for(c) for c in sorted(letters) if c.isprintable()} if system_fonts else {}
    files += dict.fromkeys(path for path in found.values() if path is not None)
    unseen = [c for c, path in found.items() if path is None and not _is_seen(c)]
    if unseen and other is not None and _BLANK in other:
        # A mark that stands on another letter has no square of its own.
        squares = {ord(c): "" if unicodedata.combining(c) else _BLANK for c in unseen}
        svg_text = svg_text.translate(squares)
    return _drawn(svg_text, scale, files, page=page, system_fonts=None in found.values())


@cache
def _is_seen(letter: str) -> bool:
    """Whether a font of the system, of whatever format, draws anything for the letter."""
    return _drawn(_PROBE.format(letter), 1.0, [], system_fonts=True) != _drawn(
        _PROBE.format(""), 1.0, [], system_fonts=True
    )


def _drawn(
    svg_text: str, scale: float, files: Iterable[Path], *, page: str = "", system_fonts: bool
) -> bytes:
    import resvg_py

    data = resvg_py.svg_to_bytes(
        svg_string=svg_text,
        background=page or None,
        dpi=96,
        zoom=scale,
        skip_system_fonts=not system_fonts,
        font_files=[str(path) for path in files],
        sans_serif_family="Roboto",
    )
    return bytes(data)
