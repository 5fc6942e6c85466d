"""Draw the loss of a net about its present weights, in two random directions through all of its parameters."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.descent import kept_values
from viz.plots.landscape import KINDS, Field, draw_field
from viz.plots.models import feeds_of
from viz.plots.plot import Plot
from viz.plots.style import Look, Style
from viz.plots.surface import checked_loss
from viz.plots.table import Table

__all__ = ["directions", "loss_slice"]


def loss_slice(
    loss: gn.Node | gn.Trainer,
    data: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    parameters: Sequence[gn.Node] | None = None,
    span: float = 1.0,
    grid: int = 31,
    seed: int = 0,
    kind: str = "flat",
    log: bool | None = None,
    **look: Unpack[Look],
) -> Plot:
    """The loss on `data` over a plane through the present parameters, which are not changed; saved if a path is given.

    loss : a scalar node, or a gn.Trainer, of which the evaluation loss is drawn
    data : what the loss is fed, a gn.data.Dataset or {input: rows}
    parameters : which are moved, by default all trainable ones
    span : how far to each side; at 1 every filter has moved by its own length
    seed : of the two directions
    kind, log : those of `viz.surface`

    Each direction is normal noise, scaled filter by filter to the length of the weights there, so that the picture
    does not depend on how a net of rectifiers is scaled; parameters with one axis, such as biases, stay.
    Source: Li et al., Visualizing the Loss Landscape of Neural Nets, 2018, section 4.
    """
    who = "loss_slice"
    style = Style.of(who, look)
    if kind not in KINDS:
        raise ValueError(f"{who}: kind is 'flat', '3d' or 'both', found {kind!r}.")
    if not 2 <= grid <= 500 or not (np.isfinite(span) and span > 0):
        raise ValueError(f"{who}: grid is from 2 to 500 and span positive, found {grid} and {span!r}.")
    if isinstance(loss, gn.Trainer):
        parameters = list(loss.parameters) if parameters is None else parameters
        loss = loss.evaluation_loss
    checked_loss(loss, who)
    chosen = [p for p in gn.Graph(loss).parameters if p.trainable] if parameters is None else list(parameters)
    if not any(p.ndim > 1 for p in chosen):
        raise ValueError(
            f"{who}: the loss has no weights with two axes or more; for two numbers there is viz.surface."
        )
    program = gn.Program(loss)
    feeds = feeds_of(data, program.inputs, who)
    moved = [p for p in chosen if p.ndim > 1]
    first, second = directions(moved, seed)
    places = np.linspace(-span, span, grid)
    with kept_values(moved) as centre:
        here = float(program.run(feeds))
        z = np.empty((grid, grid))
        for j, v in enumerate(places):
            for i, u in enumerate(places):
                for p, w, d, e in zip(moved, centre, first, second, strict=True):
                    p.value = w + u * d + v * e
                z[j, i] = float(program.run(feeds))
    if not np.isfinite(z).any():
        raise ValueError(f"{who}: the loss is no finite number anywhere in the slice.")
    field = Field.of(("first direction, in filter lengths", "second direction"), places, places, z, log=log)
    with style.page(*((6.6, 9.4) if kind == "both" else (6.0, 5.2))) as figure:
        draw_field(style, figure, field, kind, {}, equal=kind == "flat")
        count = sum(p.value.size for p in moved)
        notes = [
            f"Through {number(count)} weights, whose loss is {number(here)} (centre), along two random directions with "
            f"the length of each filter (seed {seed})."
        ]
        style.note(figure, notes)
        rows = [[u, v, z[j, i]] for j, v in enumerate(places) for i, u in enumerate(places)]
        low, high = float(np.nanmin(z)), float(np.nanmax(z))
        told = f"Slice of the loss about the present weights, from {number(low)} to {number(high)}."
        plot = style.plot(
            who,
            figure,
            Table.of(["first direction", "second direction", "loss"], rows),
            " ".join([told, *notes]),
        )
    if path is not None:
        plot.save(path)
    return plot


def directions(parameters: Sequence[gn.Node], seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Two random directions through these weights, each filter as long as that of the weights.

    A filter is what makes one output: a column of a matrix (in, out), the kernel (in, height, width) of a convolution.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    both: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for found in both:
        for p in parameters:
            w = np.asarray(p.value, dtype=np.float64)
            axes = tuple(range(1, w.ndim)) if w.ndim > 2 else (0,)
            d = rng.normal(size=w.shape)
            length = np.sqrt(np.sum(d * d, axis=axes, keepdims=True))
            d *= np.sqrt(np.sum(w * w, axis=axes, keepdims=True)) / np.where(length > 0, length, 1.0)
            found.append(d.astype(p.value.dtype))
    return both
