"""Draw the loss over two numbers, flat or in space, and the ways that optimisers take down it.

>>> import graphnn as gn, viz
>>> a, b = gn.scalar(-1.5, "a"), gn.scalar(1.0, "b")
>>> loss = (1 - a) ** 2 + 10 * (b - a**2) ** 2
>>> plot = viz.surface(loss, (a, b), paths={"SGD": gn.optim.SGD(0.01), "Adam": gn.optim.Adam(0.1)}, steps=50)
>>> plot, float(a.value)
(<Plot surface: 1 panel, 6663 rows>, -1.5)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.descent import Way, descend, kept_values
from viz.plots.landscape import KINDS, Field, draw_field
from viz.plots.models import feeds_of
from viz.plots.plot import Plot
from viz.plots.style import Look, Style
from viz.plots.table import Table

__all__ = ["checked_loss", "surface"]


def surface(
    loss: gn.Node,
    parameters: Sequence[gn.Node],
    path: str | os.PathLike[str] | None = None,
    *,
    paths: Mapping[str, gn.optim.Optimizer | Any] | None = None,
    steps: int = 60,
    start: Sequence[float] | None = None,
    data: Any = None,
    span: tuple[tuple[float, float], tuple[float, float]] | None = None,
    kind: str = "flat",
    log: bool | None = None,
    grid: int = 81,
    **look: Unpack[Look],
) -> Plot:
    """A loss over two scalar parameters, which keep their values; saved if a path is given.

    paths : {name: optimiser}, each of which goes `steps` steps from `start`, or {name: points (steps + 1, 2)}
    start : where they begin, by default where the parameters are
    data : what the inputs of the loss are fed, a gn.data.Dataset or {input: rows}
    span : ((low, high), (low, high)) of the parameters; by default about the paths
    kind : "flat" (contour lines), "3d", or "both"
    log : levels in ratios instead of steps; by default for narrow valleys between high walls
    grid : points along each side

    Raises ValueError or TypeError for a loss that is no scalar, or parameters that are not two numbers.
    """
    style = Style.of("surface", look)
    checked_loss(loss, "surface")
    if kind not in KINDS:
        raise ValueError(f"surface: kind is 'flat', '3d' or 'both', found {kind!r}.")
    if not 2 <= grid <= 1000 or steps < 1:
        raise ValueError(f"surface: grid is from 2 to 1000 and steps 1 or more, found {grid} and {steps}.")
    chosen = _two(loss, parameters)
    program = gn.Program(loss)
    feeds = feeds_of(data, program.inputs, "surface")
    if start is not None and len(start) != 2:
        raise ValueError(f"surface: start is a number for each of the two parameters, found {start!r}.")
    origin = np.array([float(p.value) for p in chosen] if start is None else start, dtype=np.float64)
    ways = {
        str(name): _way(str(name), one, loss, chosen, steps, feeds, origin, program)
        for name, one in (paths or {}).items()
    }
    (left, right), (low, high) = _span(span, ways, origin)
    across, up = np.linspace(left, right, grid), np.linspace(low, high, grid)
    with kept_values(chosen):
        z = np.array([[_at(program, feeds, chosen, (a, b)) for a in across] for b in up])
    if not np.isfinite(z).any():
        raise ValueError(
            f"surface: the loss is no finite number anywhere within {(left, right)}, {(low, high)}."
        )
    names = (chosen[0].name or "first parameter", chosen[1].name or "second parameter")
    field = Field.of(names, across, up, z, log=log)
    with style.page(*((6.6, 9.4) if kind == "both" else (6.6, 5.2))) as figure:
        draw_field(style, figure, field, kind, ways)
        notes = _notes(ways, steps, (left, right, low, high))
        style.note(figure, notes)
        rows = [["grid", None, a, b, z[j, i]] for j, b in enumerate(up) for i, a in enumerate(across)]
        rows += [
            [name, k, *way.points[k], way.losses[k]]
            for name, way in ways.items()
            for k in range(len(way.points))
        ]
        x, y, least = field.lowest
        told = [
            f"Loss over {names[0]} from {number(left)} to {number(right)} and {names[1]} from {number(low)} to "
            f"{number(high)}, lowest at ({number(x)}, {number(y)}) with {number(least)}.",
            *(
                f"{name} comes from {number(way.losses[0])} to {number(way.losses[-1])} in {way.steps} steps."
                for name, way in ways.items()
            ),
        ]
        plot = style.plot(
            "surface", figure, Table.of(["what", "step", *names, "loss"], rows), " ".join([*told, *notes])
        )
    if path is not None:
        plot.save(path)
    return plot


def checked_loss(loss: Any, who: str) -> None:
    """Raise TypeError or ValueError unless it is a scalar node."""
    if not isinstance(loss, gn.Node):
        raise TypeError(f"{who}: loss is a node, found {type(loss).__name__}.")
    if loss.shape != ():
        raise ValueError(f"{who}: loss is one number, found {loss!r}. Take its mean, gn.mean(loss).")


def _two(loss: gn.Node, parameters: Sequence[gn.Node]) -> list[gn.Node]:
    found: list[gn.Node] = [parameters] if isinstance(parameters, gn.Node) else list(parameters)
    if len(found) != 2:
        raise ValueError(
            f"surface: wanted two parameters, found {len(found)}. For a net's many there is viz.loss_slice(loss, data)."
        )
    below = gn.Graph(loss).nodes
    for p in found:
        if not isinstance(p, gn.Node) or p.role != "parameter" or p.value.size != 1:
            raise ValueError(f"surface: a parameter is one number, such as gn.scalar(1.0, 'a'), found {p!r}.")
        if not any(p is node for node in below):
            raise ValueError(f"surface: the loss does not depend on {p.label}.")
    if found[0] is found[1]:
        raise ValueError(f"surface: {found[0].label} is named twice.")
    return found


def _at(program: gn.Program, feeds: Mapping[Any, Any], parameters: Sequence[gn.Node], values: Any) -> float:
    for p, value in zip(parameters, values, strict=True):
        p.value = np.full(p.shape, value)
    return float(program.run(feeds))


def _way(
    name: str, one: Any, loss: gn.Node, parameters: Sequence[gn.Node], steps: int, feeds: Mapping[Any, Any],
    origin: np.ndarray, program: gn.Program,
) -> Way:  # fmt: skip
    if isinstance(one, gn.optim.Optimizer):
        way = descend(loss, parameters, one, steps, feeds, origin.tolist())
        if not len(way.points):
            raise ValueError(
                f"surface: the loss is no finite number at the start of {name!r}, {origin.tolist()}."
            )
        return way
    points = np.asarray(one, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
        raise ValueError(
            f"surface: path {name!r} is an optimiser or finite points (steps + 1, 2), found shape {points.shape}."
        )
    with kept_values(parameters):
        return Way(points, np.array([_at(program, feeds, parameters, point) for point in points]))


def _span(
    span: Any, ways: Mapping[str, Way], origin: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]]:
    """About the ways; of one that goes uphill, only the beginning counts."""
    if span is not None:
        pairs = np.asarray(span, dtype=np.float64)
        if pairs.shape != (2, 2) or not np.isfinite(pairs).all() or not (pairs[:, 0] < pairs[:, 1]).all():
            raise ValueError(f"surface: span is ((low, high), (low, high)), found {span!r}.")
        return (float(pairs[0, 0]), float(pairs[0, 1])), (float(pairs[1, 0]), float(pairs[1, 1]))
    seen = [origin[None]] + [
        way.points if way.losses[-1] <= way.losses[0] else way.points[:2] for way in ways.values()
    ]
    points = np.concatenate(seen)
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum(0.3 * (high - low), 0.12 * (high - low).max())
    room = np.where(room > 0, room, 2.0)
    return (float(low[0] - room[0]), float(high[0] + room[0])), (
        float(low[1] - room[1]),
        float(high[1] + room[1]),
    )


def _notes(ways: Mapping[str, Way], steps: int, view: tuple[float, float, float, float]) -> list[str]:
    notes = []
    left, right, low, high = view
    for name, way in ways.items():
        x, y = way.points.T
        outside = np.flatnonzero((x < left) | (x > right) | (y < low) | (y > high))
        if len(outside):
            notes.append(f"{name} leaves the picture at step {outside[0]}.")
        if way.losses[-1] > way.losses[0]:
            notes.append(f"{name} went uphill.")
    return notes
