"""Draw how sure several models together are of a curve: the mean of an ensemble or of bootstraps, and its bands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.models import answers_of, points_of
from viz.plots.plot import Plot
from viz.plots.style import Look, Style, blended
from viz.plots.table import Table

__all__ = ["bands"]


def bands(
    members: gn.nn.Ensemble | Sequence[Any],
    data: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    span: tuple[float, float] | None = None,
    target: str = "y",
    steps: int = 200,
    **look: Unpack[Look],
) -> Plot:
    """The members' curves over one feature, their mean, and bands of one and two standard deviations.

    members : a gn.nn.Ensemble, or models as `viz.fit_curve` takes them, two or more
    data : a gn.data.Dataset or (x, y), drawn as points
    span : (low, high) of the feature; by default somewhat beyond the data, for there the members part

    The bands show how far the members differ, which is not all that may be wrong. Saved if a path is given.
    """
    style = Style.of("bands", look)
    models = _members(members)
    points = points_of(data, "bands")
    if points is not None and points.x.shape[1] != 1:
        raise ValueError(f"bands: the data have {points.x.shape[1]} features, a curve shows 1.")
    low, high = _span(span, points)
    line = np.linspace(low, high, steps)
    curves = np.array([_column(answers_of(model, 1, "bands")(line[:, None]), steps) for model in models])
    mean, spread = curves.mean(axis=0), curves.std(axis=0, ddof=1)
    first = style.series(0)
    with style.page(7.2, 4.0) as figure:
        from matplotlib.patches import Patch

        axis = style.dress(figure.subplots(), "x" if points is None else points.columns[0], target)
        tints = [blended(style.theme.page, first.colour, share) for share in (0.16, 0.34)]
        for wide, tint in ((2.0, tints[0]), (1.0, tints[1])):
            axis.fill_between(
                line, mean - wide * spread, mean + wide * spread, color=tint, linewidth=0, zorder=1
            )
        thin = []
        for curve in curves[:12]:
            thin = axis.plot(line, curve, color=style.theme.muted, linewidth=0.6 * style.scale, zorder=2)
        (middle,) = axis.plot(line, mean, color=first.colour, linewidth=2.4 * style.scale, zorder=4)
        handles = [middle, Patch(color=tints[1]), Patch(color=tints[0]), *thin]
        said = ["mean", "± 1 standard deviation", "± 2", f"members ({len(curves)})"]
        if points is not None and points.y is not None:
            series = style.series(1)
            handles += axis.plot(
                points.x[:, 0], points.y.astype(np.float64), linestyle="none", marker="o", color=series.colour,
                zorder=3,
                markersize=4 * style.scale, markeredgecolor=style.theme.page, markeredgewidth=0.5,
            )  # fmt: skip
            said.append("data")
        axis.set_xlim(low, high)
        style.legend(axis, handles, said)
        notes = [f"{len(curves) - 12} more members are not drawn, but counted."] if len(curves) > 12 else []
        style.note(figure, notes)
        table = Table.of(["x", "mean", "standard deviation"], np.column_stack([line, mean, spread]).tolist())
        widest = int(spread.argmax())
        told = (
            f"{len(curves)} members over {number(low)} to {number(high)}; they part most at {number(line[widest])}, "
            f"by a standard deviation of {number(spread[widest])}, and least by {number(spread.min())}."
        )
        plot = style.plot("bands", figure, table, " ".join([told, *notes]))
    if path is not None:
        plot.save(path)
    return plot


def _members(members: Any) -> list[Any]:
    if isinstance(members, gn.nn.Ensemble):
        x = gn.input("x", ("batch", 1), "float32")
        found: list[Any] = list(members.outputs(x))
    elif isinstance(members, Sequence) and not isinstance(members, str):
        found = list(members)
    else:
        raise TypeError(
            f"bands: members are a gn.nn.Ensemble or a list of models, found {type(members).__name__}."
        )
    if len(found) < 2:
        raise ValueError(
            f"bands: wanted two members or more, found {len(found)}; of one there is viz.fit_curve."
        )
    return found


def _span(span: Any, points: Any) -> tuple[float, float]:
    if span is None:
        if points is None:
            raise ValueError("bands: without data say where, as span=(-1, 1).")
        low, high = float(points.x.min()), float(points.x.max())
        room = 0.15 * (high - low or 1.0)
        return low - room, high + room
    low, high = (float(end) for end in span)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"bands: span is (low, high), found {span!r}.")
    return low, high


def _column(found: np.ndarray, rows: int) -> np.ndarray:
    found = found.astype(np.float64)
    found = found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
    if found.shape != (rows,):
        raise ValueError(f"bands: wanted one prediction per row, found shape {found.shape} for {rows} rows.")
    return found
