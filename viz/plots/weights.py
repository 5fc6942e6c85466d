"""Draw weights as images: a matrix as it is, or each unit's weights in the shape of what it looks at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.plot import Plot
from viz.plots.style import Look, Style, text_width, words
from viz.plots.table import Table

__all__ = ["weights"]

_MOST_TILES = 64
_MOST_SIGNED = 400  # cells that get a minus sign


def weights(
    source: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    shape: tuple[int, int] | None = None,
    units: Sequence[int] | None = None,
    columns: int | None = None,
    titles: Sequence[object] | None = (),
    **look: Unpack[Look],
) -> Plot:
    """The numbers of a parameter as colours on one scale about zero; saved if a path is given.

    source : a parameter, an array, or a gn.Trainer, of which the first parameter with two axes or more is drawn
    shape : of what a unit looks at, as (8, 8): each column of a matrix (in, out) becomes such a tile. Kernels of a
        convolution (out, in, height, width) are tiles by themselves: a row per unit, a column per channel.
    units : numbers of the units to draw, by default the first 64 tiles
    columns : tiles side by side
    titles : what stands over each tile, such as the digit that an image shows; None for nothing. By default the
        numbers of the units

    Raises ValueError for a shape that does not fit, a parameter without elements, or titles that are not one per tile.
    """
    style = Style.of("weights", look)
    name, values = _read(source)
    tiles, labels, wide = _tiles(values, shape, units)
    over, told_over = _over(titles, labels)
    left_out = max(0, len(tiles) - _MOST_TILES) if units is None else 0
    tiles, labels = tiles[: len(tiles) - left_out], labels[: len(labels) - left_out]
    known = np.concatenate([t[np.isfinite(t)] for t in tiles])
    limit = float(np.abs(known).max()) if len(known) and np.abs(known).max() > 0 else 1.0
    across = min(len(tiles), columns or wide or int(np.ceil(np.sqrt(len(tiles) * 1.6))))
    down = -(-len(tiles) // across)
    tall = tiles[0].shape[0] / tiles[0].shape[1]
    page = 6.8 if len(tiles) == 1 else float(np.clip(0.95 * across + 1.6, 4.4, 6.8))
    title = f"weight of {name}" if name else "value"
    # High enough for the words along the scale, with a note below; a single tile has ticks and a label, too.
    least = max(2.0, text_width(title[:44], style.small) / 72 + (1.3 if len(tiles) == 1 else 0.8))
    high = float(np.clip((page - 1.5) * down * tall / across + 0.22 * down + 0.4, least, 8.5))
    with style.page(page, high) as figure:
        axes = figure.subplots(down, across, squeeze=False).ravel()
        image = None
        cells = sum(tile.size for tile in tiles)
        # A title is as wide as its tile at most.
        letters = max(2, int((figure.get_size_inches()[0] - 1.5) * 72 / across / (0.62 * style.small)))
        for axis, tile, title_of in zip(axes, tiles, over, strict=False):
            axis.set_facecolor(style.theme.page)
            image = axis.imshow(tile, cmap=style.signs(), vmin=-limit, vmax=limit, interpolation="nearest")
            if cells <= _MOST_SIGNED:
                _minus(style, axis, tile, limit)
            for row, column in np.argwhere(~np.isfinite(tile)):
                axis.text(
                    column,
                    row,
                    "×",
                    ha="center",
                    va="center",
                    color=style.theme.warning,
                    fontsize=style.small,
                )
            if len(tiles) > 1:
                axis.set_xticks([])
                axis.set_yticks([])
            else:
                style.dress(axis, *(("output", "input") if tile.shape[0] > 1 else ("element", "")), grid="")
                _whole(axis, tile.shape)
            if title_of and (told_over or across <= 16):
                axis.set_title(words(title_of, letters), fontsize=style.small, pad=2.5, loc="center")
            for spine in axis.spines.values():
                spine.set_visible(True)
                spine.set_color(style.theme.hairline)
        for axis in axes[len(tiles) :]:
            axis.remove()
        bar = style.bar(figure, image, list(axes[: len(tiles)]), title)
        bar.set_ticks([-limit, -limit / 2, 0.0, limit / 2, limit])
        bar.set_ticklabels([number(float(f"{t:.3g}")) for t in bar.get_ticks()])
        notes = [f"{left_out} more tiles are not shown; choose by units=."] if left_out else []
        if cells <= _MOST_SIGNED and (known < 0).any():
            notes.append("− marks negative weights.")
        lost = cells - len(known)
        if lost:
            notes.append(f"{lost} weights are no finite number (×).")
        style.note(figure, notes)
        table = Table.of(
            ["tile", "row", "column", "weight"],
            [
                [label, i, j, tile[i, j]]
                for tile, label in zip(tiles, labels, strict=True)
                for i in range(tile.shape[0])
                for j in range(tile.shape[1])
            ],
        )
        what = f"weights of {name}" if name else "values"
        told = f"{len(tiles)} image{'s' * (len(tiles) > 1)} of {' × '.join(map(str, tiles[0].shape))} {what}"
        spread = f", from {number(known.min())} to {number(known.max())}" if len(known) else ""
        if told_over:
            notes.insert(0, f"Over them stands: {', '.join(over[: len(tiles)])}.")
        plot = style.plot("weights", figure, table, " ".join([f"{told}{spread}.", *notes]))
    if path is not None:
        plot.save(path)
    return plot


def _read(source: Any) -> tuple[str, np.ndarray]:
    if isinstance(source, gn.Trainer):
        found = [p for p in source.parameters if p.ndim > 1]
        if not found:
            raise ValueError("weights: the trainer has no parameter with two axes or more.")
        source = found[0]
    if isinstance(source, gn.Node):
        name = "/".join(filter(None, [source.scope, source.name or source.op.name]))
        values = np.asarray(source.value)
    else:
        name, values = "", np.asarray(source)
    if values.dtype.kind not in "biuf" or not values.size:
        raise ValueError(
            f"weights: wanted a parameter or an array of numbers, found {values.dtype} {values.shape}."
        )
    return name, values.astype(np.float64)


def _tiles(
    values: np.ndarray, shape: tuple[int, int] | None, units: Sequence[int] | None
) -> tuple[list[np.ndarray], list[str], int]:
    """Tiles, their names, and how many stand side by side if that is given by the parameter itself."""
    if values.ndim <= 2 and shape is None:
        if units is not None:
            raise ValueError("weights: units needs the shape of what a unit looks at, as shape=(8, 8).")
        return [np.atleast_2d(values)], ["all"], 1
    if values.ndim == 2 and shape is not None:
        if shape[0] * shape[1] != values.shape[0]:
            raise ValueError(
                f"weights: {values.shape[0]} inputs do not make an image of {shape[0]} × {shape[1]}; "
                f"shape wants {_shapes(values.shape[0])}."
            )
        chosen = _chosen(units, values.shape[1])
        return [values[:, k].reshape(shape) for k in chosen], [str(k) for k in chosen], 0
    if values.ndim in (3, 4) and shape is None:
        kernels = (
            values.reshape(values.shape[0], -1, *values.shape[2:]) if values.ndim == 4 else values[:, :, None]
        )
        chosen = _chosen(units, len(kernels))
        channels = kernels.shape[1] if values.ndim == 4 else 1
        if values.ndim == 3:
            return [values[k] for k in chosen], [str(k) for k in chosen], 0
        tiles = [kernels[k, c] for k in chosen for c in range(channels)]
        names = [f"{k}" if channels == 1 else f"{k}, {c}" for k in chosen for c in range(channels)]
        return tiles, names, channels if 1 < channels <= 16 else 0
    raise ValueError(
        f"weights: {values.ndim} axes {values.shape} are no images; wanted at most 4, and no shape for 3 or 4."
    )


def _over(titles: Sequence[object] | None, labels: Sequence[str]) -> tuple[list[str], bool]:
    """What stands over each tile, and whether it was asked for."""
    if titles is None:
        return [""] * len(labels), False
    if isinstance(titles, str):
        raise TypeError(
            f"weights: titles are one for each tile, as in ['a', 'b'], found one text {titles!r}."
        )
    found = [str(title) for title in titles]
    if not found:
        return [*labels] if len(labels) > 1 else [""], False
    if len(found) != len(labels):
        raise ValueError(f"weights: titles are one for each of the {len(labels)} tiles, found {len(found)}.")
    return found, True


def _chosen(units: Sequence[int] | None, count: int) -> list[int]:
    if units is None:
        return list(range(count))
    for k in units:
        if not 0 <= k < count:
            raise ValueError(f"weights: there is no unit {k}; they count from 0 to {count - 1}.")
    if not len(units):
        raise ValueError("weights: units names none.")
    return [int(k) for k in units]


def _shapes(count: int) -> str:
    """Two factors of the number that are nearest to each other."""
    side = max(k for k in range(1, int(np.sqrt(count)) + 1) if count % k == 0)
    return f"({side}, {count // side})"


def _minus(style: Style, axis: Any, tile: np.ndarray, limit: float) -> None:
    from viz.theme import contrast

    for row, column in np.argwhere(tile < 0):
        ground = _ground(style, float(tile[row, column]), limit)
        ink = max(("#000000", "#ffffff"), key=lambda colour: contrast(colour, ground))
        text = axis.text(
            column, row, "−", ha="center", va="center", color=ink, fontsize=8 * style.scale, clip_on=True
        )
        text.graphnn_ground = ground


def _ground(style: Style, value: float, limit: float) -> str:
    from matplotlib.colors import to_hex

    return str(to_hex(style.signs()(0.5 + 0.5 * value / limit)))


def _whole(axis: Any, shape: tuple[int, ...]) -> None:
    """Ticks at whole numbers; a row alone has no second axis."""
    from matplotlib.ticker import MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    if shape[0] == 1:
        axis.set_yticks([])
    else:
        axis.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axis.set_aspect("auto" if max(shape) > 4 * min(shape) else "equal")
