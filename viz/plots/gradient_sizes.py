"""Draw how large the gradients of every layer are over the epochs: where they vanish, where they explode."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number, power_of_ten
from viz.plots.plot import Plot
from viz.plots.style import Look, Style, did_you_mean, words
from viz.plots.table import Table

__all__ = ["gradient_sizes"]

_MOST_LINES = 6
_KINDS = ("lines", "heat")
_MEANING = {
    "activation gradient": "mean size of the gradient\nat what the layer hands on",
    "activation gradient std": "spread of the gradient\nat what the layer hands on",
    "parameter gradient": "mean size of the gradient\nof the parameters",
    "parameter gradient std": "spread of the gradient\nof the parameters",
    "update ratio": "size of the step by\nsize of the parameters",
}


def gradient_sizes(
    statistics: gn.train.GradientStatistics,
    path: str | os.PathLike[str] | None = None,
    *,
    measure: str = "parameter gradient",
    kind: str | None = None,
    **look: Unpack[Look],
) -> Plot:
    """The sizes that a `gn.train.GradientStatistics` kept, by layer over the epochs; saved if a path is given.

    measure : "parameter gradient", "activation gradient", either with " std", or "update ratio"
    kind : "lines", or "heat", a row per layer, which is what more than six layers get

    The scale is logarithmic; a gradient of exactly 0 has no place on it and is named in a note instead.
    Raises ValueError before the first epoch, and for a measure that is none.
    """
    style = Style.of("gradient_sizes", look)
    if not isinstance(statistics, gn.train.GradientStatistics):
        raise TypeError(
            f"gradient_sizes: wanted a gn.train.GradientStatistics, found {type(statistics).__name__}. "
            "Pass one to fit(callbacks=[...])."
        )
    columns = statistics.columns
    epochs = columns.pop("epoch")
    if measure not in columns:
        raise ValueError(f"gradient_sizes: there is no measure {measure!r}.{did_you_mean(measure, columns)}")
    if not len(epochs):
        raise ValueError(
            "gradient_sizes: nothing has been measured yet; pass the statistics to fit(callbacks=[...])."
        )
    if kind not in (None, *_KINDS):
        raise ValueError(f"gradient_sizes: kind is 'lines' or 'heat', found {kind!r}.")
    layers, values = statistics.layers, columns[measure]
    chosen = kind or ("lines" if len(layers) <= _MOST_LINES else "heat")
    height = 3.7 if chosen == "lines" else 1.7 + 0.27 * max(len(layers), 5)
    with style.page(7.2, height) as figure:
        axis = figure.subplots()
        if chosen == "lines":
            _lines(style, axis, epochs, layers, values, measure)
        else:
            _heat(style, figure, axis, epochs, layers, values, measure)
        axis.xaxis.get_major_locator().set_params(integer=True)
        notes = _notes(epochs, layers, values)
        style.note(figure, notes)
        table = Table.of(["epoch", *layers], [[e, *row] for e, row in zip(epochs, values, strict=True)])
        told = " ".join(
            f"{layer}: {number(v[0])} at first, {number(v[-1])} at the end."
            for layer, v in zip(layers, values.T, strict=True)
        )
        alt = f"The {measure} of {len(layers)} layers over {len(epochs)} epochs, on a log scale. {told}"
        plot = style.plot("gradient_sizes", figure, table, " ".join([alt, *notes]))
    if path is not None:
        plot.save(path)
    return plot


def _lines(
    style: Style, axis: Any, epochs: np.ndarray, layers: Sequence[str], values: np.ndarray, measure: str
) -> None:
    style.dress(axis, "epoch")
    axis.set_ylabel(_MEANING[measure])
    positive = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    if np.isfinite(positive).any():
        axis.set_yscale("log")
    else:
        axis.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    every = max(1, len(epochs) // 12)
    handles = []
    for k in range(len(layers)):
        series = style.series(k)
        handles += axis.plot(
            epochs, positive[:, k], color=series.colour, linestyle=series.line, marker=series.marker,
            markevery=(k * every // 3 % every, every), label=layers[k],
        )  # fmt: skip
    names = list(layers)
    if measure == "update ratio":
        handles.append(
            axis.axhline(1e-3, color=style.theme.muted, linewidth=1.0 * style.scale, linestyle=(0, (2, 3)))
        )
        names.append("0.001, which is usual")
    style.legend(axis, handles, names)


def _heat(
    style: Style,
    figure: Any,
    axis: Any,
    epochs: np.ndarray,
    layers: Sequence[str],
    values: np.ndarray,
    measure: str,
) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(np.isfinite(values) & (values > 0), np.log10(values), np.nan)
    low, high = (float(np.nanmin(logs)), float(np.nanmax(logs))) if np.isfinite(logs).any() else (0.0, 1.0)
    # Half a decade below the smallest, so that the smallest differs from what is not there.
    edges = (np.concatenate([epochs - 0.5, [epochs[-1] + 0.5]]), np.arange(len(layers) + 1) - 0.5)
    image = axis.pcolormesh(
        *edges, logs.T, cmap=style.amounts(), vmin=low - 0.5, vmax=max(high, low + 0.5), rasterized=True
    )
    zero = np.argwhere(values.T == 0)
    if len(zero):
        axis.plot(
            epochs[zero[:, 1]], zero[:, 0], linestyle="none", marker="x", color=style.theme.warning,
            markersize=4.5 * style.scale,
        )  # fmt: skip
    style.dress(axis, "epoch", "layer, input at the top", grid="")
    axis.set_yticks(range(len(layers)), [words(layer, 24) for layer in layers])
    axis.tick_params(axis="y", length=0)
    axis.invert_yaxis()
    bar = style.bar(figure, image, axis, "")
    bar.set_label(_MEANING[measure], fontsize=style.small)
    ticks = [
        k for k in range(int(np.floor(low)), int(np.ceil(high)) + 1) if low - 0.5 <= k <= max(high, low + 0.5)
    ]
    if len(ticks) > 1:
        bar.set_ticks(ticks, labels=[power_of_ten(k) for k in ticks])
    else:
        bar.set_ticks([low, high], labels=[number(10**low), number(10**high)] if high > low else None)


def _notes(epochs: np.ndarray, layers: Sequence[str], values: np.ndarray) -> list[str]:
    notes = []
    for word, wrong in (("exactly 0", values == 0), ("infinite", np.isinf(values))):
        parts = [
            f"{layers[k]} in {int(wrong[:, k].sum())} of {len(epochs)} epochs"
            for k in np.flatnonzero(wrong.any(axis=0)).tolist()
        ]
        if parts:
            notes.append(f"The gradient is {word}: {', '.join(parts)}.")
    unknown = [layers[k] for k in np.flatnonzero(np.isnan(values).all(axis=0)).tolist()]
    if unknown:
        notes.append(f"Not computed: {', '.join(unknown)}.")
    return notes
