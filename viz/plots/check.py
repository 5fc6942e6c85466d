"""Look over a finished plot as a reader would: text can be read, curves can be seen, legends say what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from viz.plots.style import settings
from viz.theme import contrast

if TYPE_CHECKING:
    from viz.plots.plot import Plot

__all__ = ["problems"]

_SMALLEST = 7.0  # points, on a page of a notebook; a slide is seen from further away
_PALEST, _PALEST_LINE = 4.5, 3.0


def problems(plot: Plot) -> list[str]:
    """What is wrong with the picture, in words; an empty list if nothing is."""
    with settings(plot.style):
        return [*_texts_problems(plot), *_line_problems(plot), *_legend_problems(plot)]


def _texts_problems(plot: Plot) -> Iterator[str]:
    figure = plot.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    placed = [(text, text.get_window_extent(renderer)) for text in _texts(figure)]
    for text, box in placed:
        said = text.get_text()
        if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            yield f"{said!r} is cut off by the edge of the page."
        if text.get_fontsize() < _SMALLEST * plot.style.scale - 1e-9:
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


def _line_problems(plot: Plot) -> Iterator[str]:
    """Curves and marks stand within their axes, and are strong enough to be seen on the page.

    What may reach beyond the axes, and is told of in a note, has the attribute `graphnn_beyond`.
    """
    page = plot.style.theme.page
    for axis, line in _lines(plot.figure):
        name = line.get_label()
        strokes = [line.get_color()] if _is_stroked(line) else []
        if _is_marked(line):
            # A ring has only an edge, and a mark with a fill only needs its fill.
            hollow = _hex(line.get_markerfacecolor()) == page or line.get_fillstyle() == "none"
            strokes.append(line.get_markeredgecolor() if hollow else line.get_markerfacecolor())
        for colour in strokes:
            if (ratio := contrast(_hex(colour), page)) < _PALEST_LINE:
                yield f"The curve {name!r} has a contrast of {ratio:.1f}, wanted {_PALEST_LINE}."
        if hasattr(axis, "get_zlim") or getattr(line, "graphnn_beyond", False):
            continue
        if line.get_transform() != axis.transData:
            continue  # a line across the whole axes
        spans = (sorted(axis.get_xlim()), sorted(axis.get_ylim()))
        scales = (axis.get_xscale(), axis.get_yscale())
        points = np.asarray(line.get_data(), dtype=np.float64)
        seen = np.isfinite(points) & ((points > 0) | (np.array(scales) != "log")[:, None])
        for known, (low, high), side in zip(points[:, seen.all(axis=0)], spans, "xy", strict=True):
            slack = 1e-6 * (high - low)
            if known.size and (known.min() < low - slack or known.max() > high + slack):
                yield (
                    f"The curve {name!r} reaches from {known.min():.4g} to {known.max():.4g} in {side}, the axis shows "
                    f"{low:.4g} to {high:.4g}."
                )


def _legend_problems(plot: Plot) -> Iterator[str]:
    """Every entry of a legend looks like something drawn, and every marked or dashed curve is in a legend."""
    figure = plot.figure
    legends = [*figure.legends, *(axis.get_legend() for axis in figure.axes if axis.get_legend() is not None)]
    drawn = {_look_of(line) for _, line in _lines(figure)}
    said: set[tuple[Any, ...]] = set()
    for legend in legends:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if not hasattr(handle, "get_linestyle") or not hasattr(handle, "get_marker"):
                continue
            look = _look_of(handle)
            said.add(look)
            # Contours are drawn as collections, and are not looked at one by one.
            visible = _is_stroked(handle) or _is_marked(handle)
            if visible and look not in drawn and not any(axis.collections for axis in figure.axes):
                yield f"The legend's {text.get_text()!r} looks like nothing that is drawn."
    if not legends or any("more" in t.get_text() and t.get_text().startswith("… ") for legend in legends
                          for t in legend.get_texts()):  # fmt: skip
        return
    colours = {look[0] for look in said} | {look[2] for look in said}
    theme = plot.style.theme
    plain = {_hex(theme.text), _hex(theme.muted), _hex(theme.page), "#000000", "#ffffff"}
    for _, line in _lines(figure):
        look = _look_of(line)
        own = {look[0], look[2], _hex(line.get_markeredgecolor()) if look[3] else ""} - plain - {""}
        # A mark of its own form in the colour of the text means something, as a ring does; a line helps the eye.
        strange = look[3] not in {*(known[3] for known in said), ""} and not plot.style.is_grey
        if own.isdisjoint(colours) if own else strange:
            yield f"The curve {line.get_label()!r} is not in the legend."


def _lines(figure: Any) -> Iterator[tuple[Any, Any]]:
    """The curves and marks that can be seen, with their axes."""
    for axis in figure.axes:
        if axis.get_label() == "<colorbar>":
            continue
        for line in axis.get_lines():
            if line.get_visible() and len(line.get_xdata()) and (_is_stroked(line) or _is_marked(line)):
                yield axis, line


def _is_stroked(line: Any) -> bool:
    return str(line.get_linestyle()).lower() not in ("none", "", " ") and line.get_linewidth() > 0


def _is_marked(line: Any) -> bool:
    return str(line.get_marker()).lower() not in ("none", "", " ")


def _look_of(line: Any) -> tuple[Any, ...]:
    """Colour, dashes, fill and marker: what an eye compares in a legend."""
    stroked, marked = _is_stroked(line), _is_marked(line)
    dashes = str(getattr(line, "_unscaled_dash_pattern", line.get_linestyle()))
    return (
        _hex(line.get_color()) if stroked else "",
        dashes if stroked else "",
        _hex(line.get_markerfacecolor()) if marked and line.get_fillstyle() != "none" else "",
        str(line.get_marker()) if marked else "",
    )


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
