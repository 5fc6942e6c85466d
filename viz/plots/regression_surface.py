"""Draw what a model of two features predicts all over the plane, flat with contours or as a surface in space."""

from __future__ import annotations

import os
from typing import Any, Unpack

import numpy as np

from viz.numbers import number
from viz.plots.models import answers_of, points_of
from viz.plots.plane import plane_of
from viz.plots.plot import Plot
from viz.plots.space import space
from viz.plots.style import Look, Style
from viz.plots.table import Table

__all__ = ["regression_surface"]


def regression_surface(
    model: Any,
    data: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    kind: str = "flat",
    span: tuple[tuple[float, float], tuple[float, float]] | None = None,
    features: tuple[int | str, int | str] | None = None,
    target: str = "y",
    steps: int = 81,
    **look: Unpack[Look],
) -> Plot:
    """The predictions over two features, with the data in the same colours; saved if a path is given.

    model : a gn.Trainer, an estimator such as gn.GraphRegressor, a node or layer, or a function of rows (rows, 2)
    kind : "flat", with contour lines, those below zero dashed, or "3d"
    target : the name of what is predicted, with its unit
    data, span, features : those of `viz.boundary`
    """
    who = "regression_surface"
    style = Style.of(who, look)
    if kind not in ("flat", "3d"):
        raise ValueError(f"{who}: kind is 'flat' or '3d', found {kind!r}.")
    points = points_of(data, who)
    plane = plane_of(who, points, span, features, steps)
    ask = answers_of(model, plane.width, who)

    def predict(rows: np.ndarray) -> np.ndarray:
        found = ask(rows).astype(np.float64)
        found = found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
        if found.shape != (len(rows),):
            raise ValueError(
                f"{who}: wanted one prediction per row, found {found.shape} for {len(rows)} rows."
            )
        return found

    z = predict(plane.rows).reshape(plane.steps, plane.steps)
    y = None if points is None or points.y is None else points.y.astype(np.float64)
    both = np.concatenate([z.ravel(), [] if y is None else y])
    both = both[np.isfinite(both)]
    low, high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
    signed = low < 0 < high
    limit = max(-low, high)
    bounds = {"vmin": -limit, "vmax": limit} if signed else {"vmin": low, "vmax": max(high, low + 1e-12)}
    cmap = style.signs(0.85) if signed else style.amounts()
    across, up = plane.lines
    with style.page(6.4, 5.0) as figure:
        if kind == "flat":
            axis = figure.subplots()
            style.dress(axis, *plane.names, grid="")
            image = axis.pcolormesh(across, up, z, cmap=cmap, shading="gouraud", rasterized=True, **bounds)
            if np.nanmax(z) > np.nanmin(z):
                lines = axis.contour(
                    across, up, z, levels=9, colors=[style.theme.text], linewidths=0.7 * style.scale
                )
                lines.set_linestyle(["--" if level < 0 else "-" for level in lines.levels])
            style.bar(
                figure,
                image,
                axis,
                f"{target}, predicted (area) and given (points)" if y is not None else target,
            )
            if y is not None and points is not None:
                axis.scatter(
                    *points.x[:, plane.axes].T, c=y, cmap=cmap, s=26 * style.scale**2, edgecolor=style.theme.text,
                    linewidth=0.8, **bounds,
                )  # fmt: skip
        else:
            axis = space(style, figure, figure.add_gridspec(1, 1)[0], plane.names, target)
            axis.plot_surface(
                *np.meshgrid(across, up), z, cmap=cmap, rcount=60, ccount=60, linewidth=0, antialiased=False,
                rasterized=True, alpha=0.85, **bounds,
            )  # fmt: skip
            if y is not None and points is not None:
                axis.scatter(
                    *points.x[:, plane.axes].T, y, c=y, cmap=cmap, s=18 * style.scale**2, edgecolor=style.theme.text,
                    linewidth=0.6, depthshade=False, zorder=3, **bounds,
                )  # fmt: skip
        notes = list(plane.notes)
        told = (
            f"Predicted {target} over {plane.names[0]} and {plane.names[1]}, from {number(z.min())} to "
            f"{number(z.max())}."
        )
        if y is not None and points is not None:
            error = float(np.sqrt(np.mean((predict(points.x) - y) ** 2)))
            notes.insert(0, f"Root mean squared error on the {len(y)} points: {number(error)}.")
        style.note(figure, notes)
        rows = np.column_stack([plane.rows[:, plane.axes], z.ravel()])
        plot = style.plot(
            who,
            figure,
            Table.of([*plane.names, f"predicted {target}"], rows.tolist()),
            " ".join([told, *notes]),
        )
    if path is not None:
        plot.save(path)
    return plot
