r"""Draw formulas as outlines of their letters: measured before they are placed, the same on every machine.

A formula that is one symbol or one number stays text. Pieces between signs of equality are drawn once per process,
and numbers are put together from their digits, for typesetting a piece takes ten milliseconds or more.

>>> from viz.formula import formula
>>> drawn = formula(r"\frac{1}{x} = 0.5")
>>> 2.0 < drawn.width < 4.0, drawn.down > 0.5
(True, True)
>>> formula("x") is None, formula(r"\nosuchcommand{") is None
(True, True)
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["Formula", "Piece", "Stroke", "formula"]

# Formulas are typeset at this size, and scaled.
_SIZE = 100.0
_EQUALS_GAP = 0.28
_PLAIN = re.compile(r"[A-Za-z](_\{?\w\}?)?|-?[\d.]+|\\mathrm\{[\w ]*\}|\\[a-z]+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# A minus here is a sign of the number that follows; the typesetter would set it apart like a difference.
_SIGN = re.compile(r"([(\[,]|\\(?:left|cdot|times)[(\[]?)(\s*)-(?=[\s\d.])")

# One stroke of a path: its letter, "M", "L", "Q", "C" or "Z", and its numbers.
Stroke = tuple[str, tuple[float, ...]]


@dataclass(frozen=True)
class Piece:
    """Outlines at font size 1: y grows downwards from the baseline, x from the beginning. Filled, without a border."""

    strokes: tuple[Stroke, ...]
    width: float
    up: float
    down: float


@dataclass(frozen=True)
class Formula:
    """Pieces beside one another, each with its x, at font size 1; `up` and `down` are above and below the baseline."""

    pieces: tuple[tuple[float, Piece], ...]
    width: float
    up: float
    down: float

    def strokes(self, x: float, y: float, size: float) -> Iterable[Stroke]:
        """The outlines at a place of the page."""
        for at, piece in self.pieces:
            for letter, numbers in piece.strokes:
                moved = [
                    (x + size * (at + n)) if k % 2 == 0 else (y + size * n) for k, n in enumerate(numbers)
                ]
                yield letter, tuple(moved)


@cache
def formula(tex: str) -> Formula | None:
    """The formula; None if it is one symbol or number, or is not understood, and is better written as text."""
    parts = [part.strip() for part in tex.split(" = ")]
    if len(parts) == 1 and _PLAIN.fullmatch(parts[0]):
        return None
    pieces: list[tuple[float, Piece]] = []
    x = 0.0
    for k, part in enumerate(parts):
        if k:
            equals = _piece("=")
            if equals is None:
                return None
            pieces.append((x + _EQUALS_GAP, equals))
            x += equals.width + 2 * _EQUALS_GAP
        piece = _number(part) if _NUMBER.fullmatch(part) else _piece(part)
        if piece is None:
            return None
        pieces.append((x, piece))
        x += piece.width
    return Formula(tuple(pieces), x, max(p.up for _, p in pieces), max(p.down for _, p in pieces))


@cache
def _number(word: str) -> Piece | None:
    """A number, from the outlines of its digits."""
    strokes: list[Stroke] = []
    x = up = 0.0
    for sign in word:
        found = _sign(sign)
        if found is None:
            return None
        strokes += [
            (letter, tuple(n + x if k % 2 == 0 else n for k, n in enumerate(numbers)))
            for letter, numbers in found.strokes
        ]
        x, up = x + found.width, max(up, found.up)
    return Piece(tuple(strokes), x, up, 0.0)


@cache
def _sign(sign: str) -> Piece | None:
    return _piece({"-": "{-}", ".": r"\text{.}"}.get(sign, sign))


@cache
def _piece(tex: str) -> Piece | None:
    import xml.etree.ElementTree as ElementTree

    ziafont, ziamath = _typesetters()
    before = ziamath.config.svg2, ziafont.config.svg2
    try:
        ziamath.config.svg2 = ziafont.config.svg2 = False
        root = ElementTree.Element("g")
        typeset = ziamath.Latex(_SIGN.sub(r"\1\2{-}", tex), size=_SIZE)
        typeset.node.draw(0, 0, root)
        bounds = typeset.node.bbox
    except Exception:  # noqa: BLE001 - whatever the typesetter cannot read is written as text
        return None
    finally:
        ziamath.config.svg2, ziafont.config.svg2 = before
    left = min(0.0, bounds.xmin)
    strokes = tuple(stroke for element in root.iter() for stroke in _strokes(element, left))
    if not strokes:
        return None
    return Piece(
        strokes, (bounds.xmax - left) / _SIZE, max(bounds.ymax, 0.0) / _SIZE, max(-bounds.ymin, 0.0) / _SIZE
    )


def _typesetters() -> tuple[Any, Any]:
    """ziafont and ziamath, which look for their fonts in a way that Python calls old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import ziafont
        import ziamath
    return ziafont, ziamath


def _strokes(element: Any, left: float) -> Iterable[Stroke]:
    if element.tag == "rect":
        x, y, w, h = (float(element.attrib[key]) for key in ("x", "y", "width", "height"))
        corners = ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
        for k, (a, b) in enumerate(corners):
            yield ("L" if k else "M"), ((a - left) / _SIZE, b / _SIZE)
        yield "Z", ()
    elif element.tag == "path":
        for letter, numbers in re.findall(r"([MLQCZ])([^MLQCZ]*)", element.attrib["d"]):
            found = [float(word) / _SIZE for word in re.findall(r"-?[\d.]+(?:e-?\d+)?", numbers)]
            shift = left / _SIZE
            yield letter, tuple(n - shift if k % 2 == 0 else n for k, n in enumerate(found))
