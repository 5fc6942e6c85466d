"""Lay a grid of points over two features, with the other features held where the data have their means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.numbers import number
from viz.plots.models import Points
from viz.plots.style import did_you_mean

__all__ = ["Plane", "plane_of"]

Span = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Plane:
    """A square grid: `rows` (steps * steps, width) run along the first of the two `axes` fastest."""

    names: tuple[str, str]
    axes: list[int]
    spans: Span
    steps: int
    rows: np.ndarray
    notes: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many features a row has."""
        return int(self.rows.shape[1])

    @property
    def lines(self) -> tuple[np.ndarray, np.ndarray]:
        """The places of the grid along both axes."""
        return np.linspace(*self.spans[0], self.steps), np.linspace(*self.spans[1], self.steps)


def plane_of(
    who: str, points: Points | None, span: Any, features: tuple[int | str, int | str] | None, steps: int
) -> Plane:
    """The grid for these data. Raises ValueError where data and span do not say which."""
    if not 2 <= steps <= 2000:
        raise ValueError(f"{who}: steps is from 2 to 2000, found {steps}.")
    if points is None:
        if span is None:
            raise ValueError(f"{who}: without data say which part of the plane, as span=((-1, 1), (-1, 1)).")
        names, axes, means = ("x1", "x2"), [0, 1], np.zeros(2)
    else:
        axes = _chosen(who, points, features)
        names = (points.columns[axes[0]], points.columns[axes[1]])
        means = points.x.mean(axis=0)
    spans = _spans(who, points, axes, span)
    across, up = (np.linspace(low, high, steps) for low, high in spans)
    rows = np.tile(means, (steps * steps, 1))
    rows[:, axes[0]], rows[:, axes[1]] = np.tile(across, steps), np.repeat(up, steps)
    held = [k for k in range(len(means)) if k not in axes]
    notes: tuple[str, ...] = ()
    if held and points is not None:
        shown = ", ".join(f"{points.columns[k]} at {number(means[k])}" for k in held[:4])
        notes = (f"The other features are held at their means: {shown}{', …' if len(held) > 4 else ''}.",)
    return Plane(names, axes, spans, steps, rows, notes)


def _chosen(who: str, points: Points, features: tuple[int | str, int | str] | None) -> list[int]:
    width = points.x.shape[1]
    if features is None:
        if width != 2:
            way = " Name two of them: features=(0, 1)." if width > 2 else ""
            raise ValueError(
                f"{who}: the data have {width} feature{'s' * (width != 1)}, a plane shows 2.{way}"
            )
        return [0, 1]
    if len(features) != 2:
        raise ValueError(f"{who}: features names two of the data's {width}, found {features!r}.")
    found = []
    for one in features:
        if isinstance(one, str):
            if one not in points.columns:
                raise ValueError(f"{who}: there is no feature {one!r}.{did_you_mean(one, points.columns)}")
            one = points.columns.index(one)
        if not 0 <= one < width:
            raise ValueError(f"{who}: there is no feature {one}; they count from 0 to {width - 1}.")
        found.append(int(one))
    if found[0] == found[1]:
        raise ValueError(f"{who}: features names {points.columns[found[0]]!r} twice.")
    return found


def _spans(who: str, points: Points | None, axes: list[int], span: Any) -> Span:
    if span is not None:
        pairs = np.asarray(span, dtype=np.float64)
        if pairs.shape != (2, 2) or not np.isfinite(pairs).all() or not (pairs[:, 0] < pairs[:, 1]).all():
            raise ValueError(f"{who}: span is ((low, high), (low, high)), found {span!r}.")
        return (float(pairs[0, 0]), float(pairs[0, 1])), (float(pairs[1, 0]), float(pairs[1, 1]))
    x = points.x[:, axes] if points is not None else np.zeros((1, 2))
    low, high = x.min(axis=0), x.max(axis=0)
    room = np.maximum(0.1 * (high - low), np.where(high > low, 0.0, 1.0))
    return (float(low[0] - room[0]), float(high[0] + room[0])), (
        float(low[1] - room[1]),
        float(high[1] + room[1]),
    )
