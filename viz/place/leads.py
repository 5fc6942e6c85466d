"""Say in the margin of a page where each wire goes on that the page cuts off."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from viz.place.placed import Placed, Point, Rect, Text
from viz.place.route import sampled
from viz.text import ASCENT, shorten

__all__ = ["leads"]

_SPACING = 4.0
_GAP = 5.0
_WIDEST_NAME = 90.0


def leads(placed: Placed, cuts: Sequence[Rect], edge: float) -> list[tuple[Text, ...]]:
    """For each page, in its margin of this width: `to add, page 2` and `from x, page 1`, where wires cross its border.

    Where two would cover each other the first one stands.
    """
    page_of = {
        b.box.id: _page(cuts, (b.rect.x + b.rect.w / 2, b.rect.y + b.rect.h / 2)) for b in placed.boxes
    }
    titles = {b.box.id: b.box.name or b.box.title for b in placed.boxes}
    found: list[list[Text]] = [[] for _ in cuts]
    told: set[tuple[str, int, str]] = set()
    for wire in placed.wires:
        if wire.wire.kind != "forward":
            continue
        points = list(sampled(wire.curve, _SPACING))
        pages = [_page(cuts, p) for p in points]
        for (a, here), (b, there) in itertools.pairwise(zip(points, pages, strict=True)):
            if here == there:
                continue
            for page, at, word, box in (
                (here, a, "to", wire.wire.target),
                (there, b, "from", wire.wire.source),
            ):
                other = page_of[box]
                if page is None or other is None or other == page:
                    continue
                lines = (f"{word} {titles[box]}", f"page {other + 1}")
                texts = _texts(placed, cuts[page], at, lines, edge)
                said = (wire.wire.id, page, word)
                if said in told:
                    continue
                told.add(said)
                if not any(t.rect.meets(o.rect) for t in texts for o in found[page]):
                    found[page] += texts
    return [tuple(texts) for texts in found]


def _page(cuts: Sequence[Rect], point: Point) -> int | None:
    x, y = point
    for k, cut in enumerate(cuts):
        if cut.x <= x <= cut.right and cut.y <= y <= cut.bottom:
            return k
    return None


def _texts(placed: Placed, cut: Rect, at: Point, lines: tuple[str, str], edge: float) -> tuple[Text, ...]:
    """Two lines beside the border that is nearest."""
    size, colour = placed.theme.small_size, placed.theme.muted
    x, y = at
    room = {"left": x - cut.x, "right": cut.right - x, "top": y - cut.y, "bottom": cut.bottom - y}
    side = min(room, key=lambda name: room[name])
    widest = edge - 2 * _GAP if side in ("left", "right") else _WIDEST_NAME
    words = [shorten(line, widest, size) for line in lines]
    step = 1.2 * size
    if side in ("left", "right"):
        left = side == "left"
        start, top = (cut.x - _GAP, y) if left else (cut.right + _GAP, y)
        anchor = "end" if left else "start"
    else:
        top = cut.y - _GAP - step if side == "top" else cut.bottom + _GAP + ASCENT * size
        start, anchor = x, "middle"
    return tuple(
        Text(start, top + k * step, word, size, colour, anchor=anchor) for k, word in enumerate(words)
    )
