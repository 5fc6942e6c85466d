"""Fit a placed scene to a width, a slide or pages of paper: which part of it stands on each sheet, and how large.

>>> import graphnn as gn
>>> import viz
>>> a = gn.scalar(2.0, "a")
>>> sheet, = viz.draw(a * a, slide="16:9").sheets
>>> sheet.width, sheet.height
(1280.0, 720.0)
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

from viz.place.leads import leads
from viz.place.placed import Placed, Rect, Text

__all__ = ["PAGES", "SLIDES", "SPREAD_BELOW", "Fit", "Sheet", "SmallTextWarning", "sheets"]

# Pixels of 96 to the inch. A slide is as large as a projector of moderate resolution.
SLIDES = {"16:9": (1280.0, 720.0), "4:3": (960.0, 720.0), "16:10": (1152.0, 720.0)}
PAGES = {"a4": (793.7, 1122.5), "a3": (1122.5, 1587.4), "letter": (816.0, 1056.0)}
_SLIDE_MARGIN, _PAGE_MARGIN = 24.0, 48.0
# What is enlarged beyond this looks coarse; what is smaller than this cannot be read from the back row, or on paper.
_LARGEST_SCALE = 2.0
_SMALLEST_ON_SLIDE, _SMALLEST_ON_PAPER = 8.0, 6.0
# A picture that would have to shrink below this is spread over several pages instead.
SPREAD_BELOW = 0.7
_SPREAD_SCALE = 0.85
_SPREAD_SCALES = (0.85, 0.78, 0.7)
# A cut through a frame is as bad as pages that differ by this part, squared.
_TORN = 0.04
_PAGE = 0.1
# So many pages more are better than a frame that is torn although it would fit one of them.
_TORN_PAGE = 0.8


class SmallTextWarning(UserWarning):
    """The picture had to shrink so far that its text is hard to read."""


@dataclass(frozen=True)
class Fit:
    """The wish: a width in pixels, a slide by its ratio, or pages of paper by their format. At most one of them."""

    width: float | None = None
    slide: str | None = None
    page: str | None = None

    def __post_init__(self) -> None:
        if sum(wish is not None for wish in (self.width, self.slide, self.page)) > 1:
            raise ValueError("viz: a picture is fitted to one of width, slide and page, not to several.")
        if self.width is not None and not 40 <= self.width <= 40_000:
            raise ValueError(f"viz: width is a number of pixels from 40 to 40000, found {self.width!r}.")
        for word, wish, known in (("slide", self.slide, SLIDES), ("page", self.page, PAGES)):
            if wish is not None and wish.lower() not in known:
                raise ValueError(f"viz: {word} is one of {', '.join(map(repr, known))}, found {wish!r}.")

    def scale(self, placed: Placed) -> float:
        """How large the picture would come out on one sheet; to compare two layouts of one scene."""
        room = self._room(placed)
        return 1.0 if room is None else min(room[0] / placed.width, room[1] / placed.height)

    def is_low(self, placed: Placed) -> bool:
        """Whether the height of the sheet, not its width, is what keeps the picture from being larger."""
        room = self._room(placed)
        enlarged = min(self.scale(placed), _LARGEST_SCALE)
        return room is not None and placed.height * enlarged > 0.99 * room[1]

    def is_readable(self, placed: Placed) -> bool:
        """Whether the text on the slide is large enough for the back row; of other wishes nothing is asked."""
        if self.slide is None:
            return True
        return not 0 < _least(placed) * min(self.scale(placed), _LARGEST_SCALE) < _SMALLEST_ON_SLIDE

    @property
    def ratios(self) -> tuple[float, ...]:
        """Width : height of the slide, or of the paper upright and lying; none for a picture of free height."""
        if self.slide is not None:
            w, h = SLIDES[self.slide.lower()]
            return ((w - 2 * _SLIDE_MARGIN) / (h - 2 * _SLIDE_MARGIN),)
        if self.page is not None:
            w, h = PAGES[self.page.lower()]
            ratio = (w - 2 * _PAGE_MARGIN) / (h - 2 * _PAGE_MARGIN)
            return ratio, 1 / ratio
        return ()

    @property
    def column(self) -> float:
        """How wide a picture may be that is spread over upright pages, one below the other."""
        w, _ = PAGES[(self.page or "a4").lower()]
        return (w - 2 * _PAGE_MARGIN) / _SPREAD_SCALE - 60.0

    def is_column(self, placed: Placed) -> bool:
        """Whether the picture stands on upright pages as one column, at a size that pages may have."""
        w, _ = PAGES[(self.page or "a4").lower()]
        return placed.height > placed.width and placed.width * SPREAD_BELOW <= w - 2 * _PAGE_MARGIN

    def _room(self, placed: Placed) -> tuple[float, float] | None:
        if self.slide is not None:
            w, h = SLIDES[self.slide.lower()]
            return w - 2 * _SLIDE_MARGIN, h - 2 * _SLIDE_MARGIN
        if self.page is not None:
            w, h = _turned(PAGES[self.page.lower()], placed)
            return w - 2 * _PAGE_MARGIN, h - 2 * _PAGE_MARGIN
        return None


@dataclass(frozen=True)
class Sheet:
    """One sheet: `view` is the part of the picture that fills its `width` x `height` pixels.

    `cut` is what of it is shown, where the rest belongs to other sheets; `leads` say where its wires go on.
    """

    view: Rect
    width: float
    height: float
    number: int = 1
    count: int = 1
    cut: Rect | None = None
    leads: tuple[Text, ...] = ()

    @property
    def covers(self) -> tuple[Rect, ...]:
        """The margins around what is shown, to be covered."""
        if self.cut is None:
            return ()
        v, c = self.view.grown(3.0), self.cut  # a back end may round a page up to whole pixels
        return (
            Rect(v.x, v.y, v.w, c.y - v.y),
            Rect(v.x, c.bottom, v.w, v.bottom - c.bottom),
            Rect(v.x, c.y, c.x - v.x, c.h),
            Rect(c.right, c.y, v.right - c.right, c.h),
        )

    @property
    def scale(self) -> float:
        """Pixels of the sheet per unit of the picture."""
        return self.width / self.view.w

    def caption(self, placed: Placed) -> Text | None:
        """`2 / 6`, at the lower right, where there are several sheets."""
        if self.count == 1:
            return None
        size, edge = placed.theme.detail_size / self.scale, 0.5 * _PAGE_MARGIN / self.scale
        words = f"{self.number} / {self.count}"
        return Text(
            self.view.right - edge, self.view.bottom - edge, words, size, placed.theme.muted, anchor="end"
        )


def sheets(placed: Placed, fit: Fit) -> tuple[Sheet, ...]:
    """The sheets of a picture. Warns with SmallTextWarning where it had to shrink so far that it is hard to read."""
    whole = Rect(0.0, 0.0, placed.width, placed.height)
    if fit.width is not None:
        scale = fit.width / placed.width
        _warn(placed, scale, _SMALLEST_ON_PAPER, f"width={fit.width:g}")
        return (Sheet(whole, fit.width, round(placed.height * scale, 1)),)
    if fit.slide is not None:
        w, h = SLIDES[fit.slide.lower()]
        scale = min(fit.scale(placed), _LARGEST_SCALE)
        _warn(placed, scale, _SMALLEST_ON_SLIDE, f"slide={fit.slide!r}")
        return (Sheet(_centred(whole, w / scale, h / scale), w, h),)
    if fit.page is not None:
        w, h = _turned(PAGES[fit.page.lower()], placed)
        scale = min(fit.scale(placed), 1.0)
        if scale >= SPREAD_BELOW:
            return (Sheet(_centred(whole, w / scale, h / scale), w, h),)
        return _spread(placed, PAGES[fit.page.lower()])
    return (Sheet(whole, placed.width, placed.height),)


def _turned(paper: tuple[float, float], placed: Placed) -> tuple[float, float]:
    """Paper upright or lying, as the picture is."""
    short, long = paper
    return (long, short) if placed.width > placed.height else (short, long)


def _centred(inner: Rect, w: float, h: float) -> Rect:
    return Rect(inner.x - (w - inner.w) / 2, inner.y - (h - inner.h) / 2, w, h)


def _warn(placed: Placed, scale: float, smallest: float, wish: str) -> None:
    least = _least(placed) * scale
    if 0 < least < smallest:
        warnings.warn(
            f"viz: to fit {wish} the text shrinks to {least:.1f} pixels. Show less: fold scopes (depth=1), look at a "
            "part (focus='name'), or hide constants (hide='constants').",
            SmallTextWarning,
            stacklevel=4,
        )


def _least(placed: Placed) -> float:
    return min((text.size for text in placed.texts()), default=0.0)


def _spread(placed: Placed, paper: tuple[float, float]) -> tuple[Sheet, ...]:
    """Several pages, cut between boxes wherever there is a gap: in one column if that is possible, on few pages."""
    rects = [box.rect for box in placed.boxes] + [text.rect for text in placed.texts()]
    frames = [group.rect for group in placed.groups]
    # A cut along a wire that leads from row to row would show half of it twice.
    level = [
        (a[1] - 4.0, a[1] + 4.0)
        for wire in placed.wires
        for a, b in zip(wire.curve[:-1:3], wire.curve[3::3], strict=True)
        if abs(a[1] - b[1]) < 2.0 and abs(a[0] - b[0]) > 150.0
    ]
    short, long = paper
    tried: list[tuple[bool, float, int, Any]] = []
    for upright in (True, False) if placed.height >= placed.width else (False, True):
        w, h = (short, long) if upright else (long, short)
        for scale in _SPREAD_SCALES:
            room = (w - 2 * _PAGE_MARGIN) / scale, (h - 2 * _PAGE_MARGIN) / scale
            columns = _cuts(
                placed.width, room[0], [(r.x, r.right) for r in rects], [(r.x, r.right) for r in frames]
            )
            rows = _cuts(
                placed.height, room[1], [*((r.y, r.bottom) for r in rects), *level], [(r.y, r.bottom) for r in frames]
            )  # fmt: skip
            torn = sum(f.h <= room[1] and f.y < cut < f.bottom for f in frames for cut, _ in rows)
            cost = len(columns) * len(rows) + _TORN_PAGE * torn
            tried.append((len(columns) > 1, cost, len(tried), (w, h, scale, columns, rows)))
    w, h, scale, columns, rows = min(tried)[3]
    edge = _PAGE_MARGIN / scale
    # A single column stands in the middle of its pages.
    aside = (w / scale - placed.width) / 2 if len(columns) == 1 else edge
    cells = [Rect(x, y, right - x, bottom - y) for y, bottom in rows for x, right in columns]
    shown = [cell for cell in cells if any(cell.meets(rect) for rect in rects)]
    return tuple(
        Sheet(Rect(cell.x - aside, cell.y - edge, w / scale, h / scale), w, h, k, len(shown), cell, texts)
        for k, (cell, texts) in enumerate(zip(shown, leads(placed, shown, edge), strict=True), 1)
    )


def _cuts(
    length: float, room: float, taken: Sequence[tuple[float, float]], frames: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Stretches of at most `room`, as few as possible and of about one length, which end where nothing stands."""
    gaps = [(0.0, 0)]
    reach = 0.0
    for start, end in sorted(taken):
        if start > reach:
            gaps.append(_gap(reach, start, frames))
        reach = max(reach, end)
    least = _greedy(length, room, [at for at, _ in gaps])
    # One page more than needed is worth it where it spares several frames.
    ways = [_evenly(length, room, gaps, len(least) + more) for more in (0, 1)]
    _, cuts = min((cost + _PAGE * more, cuts) for more, (cost, cuts) in enumerate(ways))
    return [(a, b) for a, b in pairwise(cuts)] if cuts else least


def _evenly(
    length: float, room: float, gaps: Sequence[tuple[float, int]], count: int
) -> tuple[float, list[float]]:
    """The cost of so many stretches of about one length that tear few frames, and their ends from 0 on, if any."""
    aim = length / count
    # For each gap the best way to cut what lies before it into so many stretches: its cost, and the gap before.
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for k in range(1, count + 1):
        found: dict[int, tuple[float, int]] = {}
        for j, (at, torn) in enumerate([(length, 0)] if k == count else gaps):
            ways = [
                (cost + _TORN * torn + ((at - gaps[i][0] - aim) / room) ** 2, i)
                for i, (cost, _) in best[-1].items()
                if 0 < at - gaps[i][0] <= room
            ]
            if ways:
                found[j] = min(ways)
        best.append(found)
    if not best[-1]:
        return inf, []
    cost, j = best[-1][0]
    ends = [length]
    for steps in reversed(best[1:-1]):
        ends.append(gaps[j][0])
        j = steps[j][1]
    return cost, [0.0, *reversed(ends)]


def _gap(start: float, end: float, frames: Sequence[tuple[float, float]]) -> tuple[float, int]:
    """Where a gap between boxes is cut, and how many frames are torn there: as few as possible."""
    places = [(start + end) / 2, *(at for a, b in frames for at in (a - 2.0, b + 2.0) if start < at < end)]
    torn = [sum(a < at < b for a, b in frames) for at in places]
    k = min(range(len(places)), key=lambda k: (torn[k], abs(places[k] - places[0])))
    return places[k], torn[k]


def _greedy(length: float, room: float, gaps: Sequence[float]) -> list[tuple[float, float]]:
    """As long stretches as possible; where there is no gap in the second half of one it is cut at its end."""
    found, at = [], 0.0
    while length - at > room:
        cut = gaps[bisect_right(gaps, at + room) - 1]
        if cut <= at + room / 2:
            cut = at + room
        found.append((at, cut))
        at = cut
    return [*found, (at, length)]
