"""Look over a finished plot as a reader would: no text is cut off, covers other text, is too small or too pale."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from viz.plots.style import settings
from viz.theme import contrast

if TYPE_CHECKING:
    from viz.plots.plot import Plot

__all__ = ["problems"]

_SMALLEST = 7.0  # points
_PALEST = 4.5


def problems(plot: Plot) -> list[str]:
    """What is wrong with the picture, in words; an empty list if nothing is."""
    with settings(plot.style):
        return list(_problems(plot))


def _problems(plot: Plot) -> Iterator[str]:
    figure = plot.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    placed = [(text, text.get_window_extent(renderer)) for text in _texts(figure)]
    for text, box in placed:
        said = text.get_text()
        if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            yield f"{said!r} is cut off by the edge of the page."
        if text.get_fontsize() < _SMALLEST:
            yield f"{said!r} is {text.get_fontsize():.1f} points small."
        ground = text.graphnn_ground if hasattr(text, "graphnn_ground") else plot.style.theme.page
        if (ratio := contrast(_hex(text.get_color()), ground)) < _PALEST:
            yield f"{said!r} has a contrast of {ratio:.1f}, wanted {_PALEST}."
    for (one, a), (two, b) in combinations(placed, 2):
        # A hair of the line height may touch: extents of text are rounded up.
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1.0 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1.5:
            yield f"{one.get_text()!r} and {two.get_text()!r} overlap."
    for axis in figure.axes:
        if hasattr(axis, "get_zlim"):
            continue
        area = axis.get_window_extent(renderer)
        outside = [
            axis.title,
            axis.xaxis.label,
            axis.yaxis.label,
            *filter(None, [axis.get_legend(), figure._suptitle]),
        ]
        for artist in outside:
            if not artist.get_visible() or (hasattr(artist, "get_text") and not artist.get_text()):
                continue
            if getattr(artist, "graphnn_within", False):
                continue
            box = artist.get_window_extent(renderer)
            if (
                min(area.x1, box.x1) - max(area.x0, box.x0) > 1
                and min(area.y1, box.y1) - max(area.y0, box.y0) > 1.5
            ):
                yield f"{type(artist).__name__} lies over the data of the axes {axis.get_title(loc='left')!r}."


def _texts(figure: Any) -> list[Any]:
    """Every text that is drawn: matplotlib keeps tick labels beyond the view, which are not."""
    from matplotlib.text import Text

    hidden: set[int] = set()
    for axis in figure.axes:
        sides = [axis.xaxis, axis.yaxis, *([axis.zaxis] if hasattr(axis, "zaxis") else [])]
        for side in sides:
            low, high = sorted(side.get_view_interval())
            slack = 1e-9 * (high - low) if side.get_scale() == "linear" else 1e-9 * abs(low)
            for tick in [*side.get_major_ticks(), *side.get_minor_ticks()]:
                shown = low - slack <= tick.get_loc() <= high + slack and side.get_visible() and axis.axison
                hidden.update(id(label) for label in (tick.label1, tick.label2) if not shown)
            if not (side.get_visible() and axis.axison):
                hidden.update((id(side.label), id(side.get_offset_text())))
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]


def _hex(colour: Any) -> str:
    from matplotlib.colors import to_hex

    return str(to_hex(colour))
