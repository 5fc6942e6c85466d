"""Draw what an elementwise op does to a number, and its slope; kinks and jumps are found and marked.

>>> import graphnn as gn, viz
>>> plot = viz.curve(gn.relu, gn.tanh)
>>> plot.alt.split(". ")[1]
'relu: a kink at 0, where the slope is 0.'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.plot import Plot
from viz.plots.style import Look, Series, Style
from viz.plots.table import Table

__all__ = ["curve"]

_POINTS = 801
_MOST_BREAKS = 12
_MOST_NAMED = 4
_HUGE = 1e5


@dataclass(frozen=True)
class _Break:
    """Where value or slope changes at once: their limits from both sides, and what they are at the place itself."""

    x: float
    values: tuple[float, float, float]  # left, at, right
    slopes: tuple[float, float, float]

    @property
    def is_pole(self) -> bool:
        """Whether the value grows beyond all bounds there."""
        return any(abs(value) > _HUGE for value in self.values)

    @property
    def is_jump(self) -> bool:
        return _differ(self.values[0], self.values[2])


@dataclass(frozen=True)
class _Curve:
    name: str
    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray
    breaks: tuple[_Break, ...]
    more: int


def curve(
    *functions: Callable[[gn.Node], gn.Node] | Mapping[str, Callable[[gn.Node], gn.Node]],
    path: str | os.PathLike[str] | None = None,
    span: tuple[float, float] = (-4.0, 4.0),
    slope: bool = True,
    **look: Unpack[Look],
) -> Plot:
    """The values of elementwise ops over `span`, and beside them their slopes; saved if a path is given.

    functions : ops such as gn.relu, functions from a node to a node, or {name: one of these}; several are compared
    slope : draw the slopes too, as the graph of `gn.gradient` gives them

    A full dot marks what the op says at a kink or jump, open dots what it tends to from either side.
    Raises ValueError for a function that is not elementwise, or takes more than one node.
    """
    style = Style.of("curve", look)
    low, high = (float(end) for end in span)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"curve: span is (low, high) with low below high, found {span!r}.")
    named = _named(functions)
    curves = [_read(name, function, low, high) for name, function in named.items()]
    with style.page(7.2, 3.5 if slope else 4.0) as figure:
        axes = figure.subplots(1, 2 if slope else 1, squeeze=False)[0]
        for axis, word in zip(axes, ("value", "slope"), strict=False):
            style.dress(axis, "x", word)
            axis.axhline(0, color=style.theme.muted, linewidth=0.8)
            axis.axvline(0, color=style.theme.muted, linewidth=0.8)
            axis.set_xlim(low, high)
        handles = []
        for k, one in enumerate(curves):
            series = style.series(k)
            handles.append(_draw(style, axes[0], series, one, one.y, "values"))
            if slope:
                _draw(style, axes[1], series, one, one.slope, "slopes")
        bounded = not any(place.is_pole for one in curves for place in one.breaks)
        beyond = [
            _limit(axis, [getattr(one, attribute) for one in curves], bounded=bounded)
            for axis, attribute in zip(axes, ("y", "slope"), strict=False)
        ]
        if len(curves) > 1 or not style.title:
            style.legend_of_page(figure, handles, [one.name for one in curves])
        notes = [_told(one) for one in curves if one.breaks]
        for what, cut in zip(("values", "slopes"), beyond, strict=False):
            if cut:
                who = ", ".join(curves[k].name for k in cut[:_MOST_NAMED])
                notes.append(f"Some {what} lie beyond the picture: {who}{', …' * (len(cut) > _MOST_NAMED)}.")
        style.note(figure, notes)
        columns = ["x", *(f"{one.name}{word}" for one in curves for word in ("", " slope"))]
        rows = list(zip(curves[0].x, *(c for one in curves for c in (one.y, one.slope)), strict=True))
        alt = [
            f"Values{' and slopes' * slope} of {', '.join(named)} from {number(low)} to {number(high)}.",
            *notes,
        ]
        plot = style.plot("curve", figure, Table.of(columns, rows), " ".join(alt))
    if path is not None:
        plot.save(path)
    return plot


def _named(functions: Any) -> dict[str, Callable[[gn.Node], gn.Node]]:
    named: dict[str, Callable[[gn.Node], gn.Node]] = {}
    for one in functions:
        if not isinstance(one, Mapping):
            one = {getattr(one, "__name__", type(one).__name__): one}
        for name, function in one.items():
            if isinstance(function, gn.Node) or not callable(function):
                raise TypeError(
                    f"curve: wanted an op or a function from a node to a node, found {function!r}."
                )
            name, again = str(name).replace("<lambda>", "function"), 1
            base = name
            while name in named:
                again += 1
                name = f"{base} {again}"
            named[name] = function
    if not named:
        raise ValueError("curve: there is nothing to draw; pass an op such as gn.relu.")
    return named


def _read(name: str, function: Callable[[gn.Node], gn.Node], low: float, high: float) -> _Curve:
    x = gn.input("x", ("points",), "float64")
    try:
        y = function(x)
    except TypeError as error:
        raise ValueError(
            f"curve: {name} cannot be called with one node ({error}). Pass a function of one, such as "
            "{'cube': lambda x: gn.pow(x, 3)}."
        ) from error
    if not isinstance(y, gn.Node) or y.shape != x.shape or np.dtype(y.dtype).kind != "f":
        given = f"{y.dtype} {y.shape}" if isinstance(y, gn.Node) else type(y).__name__
        raise ValueError(f"curve: {name} does not give a float for each number of (points,), found {given}.")
    program = gn.Program([y, gn.gradient(gn.sum(y), x, no_path="zero")])

    def read(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = map(np.asarray, program.run({x: points}))
        # Beyond where an op is defined, as of log below 0, the formula of its slope may still give numbers.
        return values, np.where(np.isnan(values), np.nan, slopes)

    points = np.linspace(low, high, _POINTS)
    values, slopes = read(points)
    alone = read(points[_POINTS // 2 :])[0]
    # Vectorised and scalar ends of a kernel may round differently in the last bit.
    if not np.allclose(alone, values[_POINTS // 2 :], rtol=1e-9, atol=1e-12, equal_nan=True):
        raise ValueError(
            f"curve: {name} is not elementwise: what it gives for a number depends on the others."
        )
    found = _breaks(read, points, values, slopes)
    return _Curve(
        name, points, values, slopes, tuple(found[:_MOST_BREAKS]), max(0, len(found) - _MOST_BREAKS)
    )


def _differ(a: float, b: float) -> bool:
    return bool(np.isfinite(a) and np.isfinite(b) and abs(a - b) > 1e-4 * max(1.0, abs(a), abs(b)))


def _breaks(read: Any, points: np.ndarray, values: np.ndarray, slopes: np.ndarray) -> list[_Break]:
    """Places where value or slope changes at once: found on the grid, then closed in upon by halving."""
    step = points[1] - points[0]
    found: dict[float, _Break] = {}
    candidates = set()
    for column in (values, slopes):
        change = np.abs(np.diff(column))
        known = change[np.isfinite(change)]
        if len(known):
            usual = float(np.median(known))
            candidates.update(
                np.flatnonzero(change > 4 * usual + 1e-3 * max(1.0, float(known.max()))).tolist()
            )
    for at in sorted(candidates):
        left, right = float(points[at]), float(points[at + 1])
        for _ in range(34):
            middle = 0.5 * (left + right)
            (a, m, b), (ga, gm, gb) = read(np.array([left, middle, right]))
            first, second = abs(m - a) / step + abs(gm - ga), abs(b - m) / step + abs(gb - gm)
            left, right = (left, middle) if first >= second else (middle, right)
        place = 0.5 * (left + right)
        # Kinks stand at numbers that people write down.
        near = round(place, 6)
        place = near if abs(near - place) < 2 * (right - left) + 1e-9 else place
        room = 1e-7 * max(1.0, abs(place))
        v, g = read(np.array([place - room, place, place + room]))
        one = _Break(
            place + 0.0, (float(v[0]), float(v[1]), float(v[2])), (float(g[0]), float(g[1]), float(g[2]))
        )
        if one.is_pole or _differ(v[0], v[2]) or _differ(g[0], g[2]):
            found.setdefault(one.x, one)
    return [found[place] for place in sorted(found)]


def _draw(style: Style, axis: Any, series: Series, one: _Curve, column: np.ndarray, word: str) -> Any:
    """The curve, cut where it jumps, with its dots."""
    x, y = one.x, column
    for place in one.breaks:
        left, at, right = getattr(place, word)
        if place.is_pole or _differ(left, right):
            k = int(np.searchsorted(x, place.x))
            keep = ~np.isclose(x, place.x, atol=1e-9)
            cut = int(keep[:k].sum())
            x, y = x[keep], y[keep]
            x = np.concatenate([x[:cut], [place.x, place.x, place.x], x[cut:]])
            y = np.concatenate([y[:cut], [left, np.nan, right], y[cut:]])
    (line,) = axis.plot(x, y, color=series.colour, linestyle=series.line, label=one.name)
    size = 5.5 * style.scale
    for place in one.breaks:
        if place.is_pole:
            continue
        left, at, right = getattr(place, word)
        if _differ(left, right):
            ends = [end for end in dict.fromkeys((left, right)) if _differ(end, at)]
            axis.plot(
                [place.x] * len(ends), ends, linestyle="none", marker="o", markersize=size, zorder=4,
                markerfacecolor=style.theme.page, markeredgecolor=series.colour, markeredgewidth=1.4,
            )  # fmt: skip
        axis.plot(
            [place.x], [at], linestyle="none", marker="o", markersize=size, color=series.colour, zorder=5
        )
    return line


def _limit(axis: Any, columns: list[np.ndarray], *, bounded: bool) -> list[int]:
    """What runs off to infinity must not press all else flat; returns the numbers of the curves that are cut off."""
    known = np.concatenate([column[np.isfinite(column)] for column in columns])
    if not len(known):
        return []
    low, high = np.percentile(known, [1.5, 98.5] if bounded else [8, 92])
    span = max(high - low, 1e-6)
    if known.max() - known.min() <= 4 * span:
        return []
    low, high = low - 0.6 * span, high + 0.6 * span
    axis.set_ylim(low, high)
    for line in axis.get_lines():
        line.graphnn_beyond = True
    return [k for k, column in enumerate(columns) if np.nanmin(column) < low or np.nanmax(column) > high]


def _told(one: _Curve) -> str:
    """The kinks and jumps of one curve, in words."""
    parts = []
    for place in one.breaks[:_MOST_NAMED]:
        if place.is_pole:
            parts.append(f"no bounds at {number(place.x)}")
        elif place.is_jump:
            parts.append(f"a jump at {number(place.x)}, where the value is {number(place.values[1])}")
        else:
            parts.append(f"a kink at {number(place.x)}, where the slope is {number(place.slopes[1])}")
    rest = len(one.breaks) - _MOST_NAMED + one.more
    return f"{one.name}: {'; '.join(parts)}{f'; {rest} more' if rest > 0 else ''}."
