"""Draw a field of losses over two directions, flat or in space, with ways that lead down it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.numbers import number
from viz.plots.descent import Way
from viz.plots.space import space
from viz.plots.style import Style

__all__ = ["KINDS", "Field", "draw_field"]

KINDS = ("flat", "3d", "both")
_LEVELS = 15


@dataclass(frozen=True)
class Field:
    """Losses `z` (up, across) over a grid, and whether their levels stand in ratios instead of steps."""

    names: tuple[str, str]
    across: np.ndarray
    up: np.ndarray
    z: np.ndarray
    log: bool

    @classmethod
    def of(
        cls,
        names: tuple[str, str],
        across: np.ndarray,
        up: np.ndarray,
        z: np.ndarray,
        *,
        log: bool | None = None,
    ) -> Field:
        """A field; without a word on `log` levels stand in ratios where a narrow valley lies between high walls."""
        known = z[np.isfinite(z)]
        if log is None:
            low, middle, high = (np.percentile(known, q) for q in (0, 50, 100)) if len(known) else (0, 0, 0)
            log = bool(high - low > 12 * max(middle - low, 1e-300) or (low > 0 and high > 300 * low))
        return cls(names, across, up, z, log)

    @property
    def floor(self) -> float:
        """What is taken off the losses before their logarithm, so that the lowest has one."""
        low, middle = float(np.nanmin(self._finite)), float(np.nanmedian(self._finite))
        return low - max(1.5e-2 * (middle - low), 1e-12 * max(abs(middle), 1e-300))

    @property
    def _finite(self) -> np.ndarray:
        return np.where(np.isfinite(self.z), self.z, np.nan)

    def height(self, losses: np.ndarray) -> np.ndarray:
        """Where losses stand in the picture."""
        losses = np.where(np.isfinite(losses), losses, np.nan)
        if not self.log:
            return losses
        return np.log10(np.maximum(losses - self.floor, 1e-300))

    def loss(self, height: float) -> float:
        """The loss that stands at this height."""
        return 10.0**height + self.floor if self.log else height

    @property
    def lowest(self) -> tuple[float, float, float]:
        """The lowest loss of the grid, with its place."""
        up, across = np.unravel_index(int(np.nanargmin(self._finite)), self.z.shape)
        return float(self.across[across]), float(self.up[up]), float(self.z[up, across])


def draw_field(
    style: Style, figure: Any, field: Field, kind: str, ways: Mapping[str, Way], *, equal: bool = False
) -> None:
    """Put the field on the page, with the ways and a legend that tells where each came to."""
    beside = kind == "both" and style.size == "slide"
    grid = figure.add_gridspec(2 if kind == "both" and not beside else 1, 2 if beside else 1)
    handles: list[Any] = []
    axis = None
    if kind != "3d":
        axis = figure.add_subplot(grid[0])
        handles = _flat(style, figure, axis, field, ways, equal=equal)
    if kind != "flat":
        deep = space(style, figure, grid[-1], field.names, "loss, on a log scale" if field.log else "loss")
        found = _deep(style, deep, field, ways)
        handles = handles or found
    names = [f"{name}: {number(way.losses[-1])} after {way.steps} steps" for name, way in ways.items()]
    if ways:
        handles.insert(len(ways), _ring(style))
        names.append("start")
    if axis is not None:
        names.append(f"lowest on the grid: {number(field.lowest[2])}")
    if names:
        style.legend_of_page(figure, handles, names)


def _flat(
    style: Style, figure: Any, axis: Any, field: Field, ways: Mapping[str, Way], *, equal: bool
) -> list[Any]:
    height = field.height(field.z)
    low, high = float(np.nanmin(height)), float(np.nanmax(height))
    levels = np.linspace(low, high if high > low else low + 1.0, _LEVELS)
    style.dress(axis, *field.names, grid="")
    if equal:
        axis.set_aspect("equal")
    areas = axis.contourf(
        field.across, field.up, height, levels=levels, cmap=style.shades(), extend="neither"
    )
    if high > low:
        axis.contour(
            field.across, field.up, height, levels=levels, colors=[style.theme.muted], linewidths=0.5 * style.scale,
            linestyles="-",
        )  # fmt: skip
    bar = style.bar(figure, areas, axis, "loss, on a log scale" if field.log else "loss")
    ticks = levels[:: 2 if len(levels) < 16 else 3]
    # Where the lowest loss is 0, taking its logarithm and back leaves some rounding.
    told = np.array([field.loss(float(t)) for t in ticks])
    told[np.abs(told) < 1e-12 * np.abs(told).max()] = 0.0
    bar.set_ticks(ticks, labels=[number(float(f"{loss:.3g}")) for loss in told])
    handles = [_way(style, axis, k, way.points.T) for k, way in enumerate(ways.values())]
    x, y, _ = field.lowest
    handles += axis.plot(
        [x], [y], linestyle="none", marker="*", markersize=11 * style.scale, color=style.theme.text,
        markeredgecolor=style.theme.page, zorder=3,
    )  # fmt: skip
    axis.set_xlim(field.across[0], field.across[-1])
    axis.set_ylim(field.up[0], field.up[-1])
    return handles


def _way(style: Style, axis: Any, at: int, columns: np.ndarray) -> Any:
    """One way: a mark at each of some steps, a ring where it began, a large mark where it came to."""
    series = style.series(at)
    count = columns.shape[1]
    size = 4 * style.scale
    (line,) = axis.plot(
        *columns, color=series.colour, linestyle=series.line, marker=series.marker, markersize=size,
        markevery=max(1, count // 14), markeredgecolor=style.theme.page, markeredgewidth=0.5, zorder=4 + 0.1 * at,
    )  # fmt: skip
    # A way that leaves the picture is cut off at its edge, and a note says so.
    line.graphnn_beyond = True
    axis.plot(*columns[:, :1], zorder=3.9, **_ring_look(style))
    (end,) = axis.plot(
        *columns[:, -1:], linestyle="none", marker=series.marker, markersize=9 * style.scale, color=series.colour,
        markeredgecolor=style.theme.page, zorder=5 + 0.1 * at,
    )  # fmt: skip
    end.graphnn_beyond = True
    return line


def _ring_look(style: Style) -> dict[str, Any]:
    return {
        "linestyle": "none", "marker": "o", "markersize": 9 * style.scale, "markerfacecolor": style.theme.page,
        "markeredgecolor": style.theme.text, "markeredgewidth": 1.5,
    }  # fmt: skip


def _ring(style: Style) -> Any:
    """What the legend shows for the place where the ways begin."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **_ring_look(style))


def _deep(style: Style, axis: Any, field: Field, ways: Mapping[str, Way]) -> list[Any]:
    from matplotlib.ticker import FuncFormatter

    height = field.height(field.z)
    across, up = np.meshgrid(field.across, field.up)
    axis.plot_surface(
        across, up, height, cmap=style.shades(), rcount=60, ccount=60, linewidth=0.25, rasterized=True,
        edgecolor=style.theme.muted, antialiased=True, zorder=1,
    )  # fmt: skip
    axis.set_xlim(field.across[0], field.across[-1])
    axis.set_ylim(field.up[0], field.up[-1])
    low, high = float(np.nanmin(height)), float(np.nanmax(height))
    axis.set_zlim(low, high if high > low else low + 1.0)
    if field.log:
        axis.zaxis.set_major_formatter(
            FuncFormatter(lambda t, _: number(float(f"{field.loss(float(t)):.2g}")))
        )
    handles = []
    for k, way in enumerate(ways.values()):
        x, y = way.points.T
        inside = (x >= field.across[0]) & (x <= field.across[-1]) & (y >= field.up[0]) & (y <= field.up[-1])
        z = np.clip(field.height(way.losses), low, high) + 0.01 * (high - low)
        columns = np.where(inside, np.stack([x, y, z]), np.nan)
        handles.append(_way(style, axis, k, columns))
    return handles
