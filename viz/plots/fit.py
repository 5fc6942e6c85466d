"""Draw how a regression fits: its curve through the data of one feature, or its predictions by the given values."""

from __future__ import annotations

import os
from typing import Any, Unpack

import numpy as np

from viz.numbers import number
from viz.plots.models import answers_of, points_of
from viz.plots.plot import Plot
from viz.plots.style import Look, Style
from viz.plots.table import Table

__all__ = ["fit_curve"]


def fit_curve(
    model: Any,
    data: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    target: str = "y",
    steps: int = 400,
    **look: Unpack[Look],
) -> Plot:
    """Data and predictions, and below them the residuals (given minus predicted); saved if a path is given.

    model : a gn.Trainer, an estimator such as gn.GraphRegressor, a node or layer, or a function of rows
    data : a gn.data.Dataset or (x, y). One feature is drawn as a curve; of more, predicted by given values.
    target : the name of y, with its unit
    """
    style = Style.of("fit_curve", look)
    points = points_of(data, "fit_curve")
    if points is None or points.y is None:
        raise ValueError("fit_curve: wanted data with targets, a gn.data.Dataset or (x, y).")
    y = points.y.astype(np.float64)
    width = points.x.shape[1]
    ask = answers_of(model, width, "fit_curve")
    found = _column(ask(points.x), len(y))
    residuals = y - found
    first, second = style.series(0), style.series(1)
    dots: dict[str, Any] = {
        "linestyle": "none", "marker": "o", "markersize": 4 * style.scale, "color": first.colour,
        "markeredgecolor": style.theme.page, "markeredgewidth": 0.5,
    }  # fmt: skip
    with style.page(7.2, 5.0) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1.0])
        if width == 1:
            name, across = points.columns[0], points.x[:, 0]
            low, high = float(across.min()), float(across.max())
            room = 0.03 * (high - low or 1.0)
            line = np.linspace(low - room, high + room, steps)
            (given,) = upper.plot(across, y, **dots)
            (curve,) = upper.plot(
                line,
                _column(ask(line[:, None]), steps),
                color=second.colour,
                linewidth=2.2 * style.scale,
                zorder=3,
            )
            handles, said = [given, curve], [f"given ({number(len(y))} points)", "predicted"]
            style.dress(upper, "", target)
        else:
            name, across = f"{target}, predicted", found
            (given,) = upper.plot(found, y, **dots)
            ends = [float(min(found.min(), y.min())), float(max(found.max(), y.max()))]
            (curve,) = upper.plot(ends, ends, color=second.colour, linestyle=second.line)
            handles, said = [given, curve], [f"{number(len(y))} points", "given = predicted"]
            style.dress(upper, "", f"{target}, given")
        style.legend(upper, handles, said)
        style.dress(lower, name, "residual")
        lower.axhline(0, color=second.colour, linewidth=1.4 * style.scale)
        lower.vlines(across, 0, residuals, color=style.theme.muted, linewidth=0.6)
        lower.plot(across, residuals, **{**dots, "markersize": 3.2 * style.scale})
        spread = float(np.sum((y - y.mean()) ** 2))
        error = float(np.sqrt(np.mean(residuals**2)))
        share = f", R² {number(1 - float(np.sum(residuals**2)) / spread)}" if spread > 0 else ""
        notes = [
            f"Root mean squared error {number(error)}{share}; mean residual {number(float(residuals.mean()))}."
        ]
        style.note(figure, notes)
        rows = np.column_stack([points.x, y, found, residuals]).tolist()
        table = Table.of([*points.columns, target, f"predicted {target}", "residual"], rows)
        what = f"{target} over {name}" if width == 1 else f"{target} by its prediction from {width} features"
        plot = style.plot("fit_curve", figure, table, f"Fit of {what}, {len(y)} points. {notes[0]}")
    if path is not None:
        plot.save(path)
    return plot


def _column(found: np.ndarray, rows: int) -> np.ndarray:
    found = found.astype(np.float64)
    found = found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
    if found.shape != (rows,):
        raise ValueError(
            f"fit_curve: wanted one prediction per row, found shape {found.shape} for {rows} rows."
        )
    return found
