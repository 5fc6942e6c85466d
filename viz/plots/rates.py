"""Draw a learning-rate test: the loss while the rate grows, with the rate that it suggests."""

from __future__ import annotations

import os
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.plot import Plot
from viz.plots.style import Look, Style
from viz.plots.table import Table

__all__ = ["rate_curve"]


def rate_curve(
    found: gn.train.RateTest, path: str | os.PathLike[str] | None = None, **look: Unpack[Look]
) -> Plot:
    """The losses of `gn.train.find_rate` over the learning rate; saved if a path is given.

    Marked are the rate at which the loss fell fastest, the suggested one, and the one at which it blew up. Losses far
    above the start are cut off, which a note says.
    """
    style = Style.of("rate_curve", look)
    if not isinstance(found, gn.train.RateTest):
        raise TypeError(f"rate_curve: wanted what gn.train.find_rate gives, found {type(found).__name__}.")
    rates, losses, smoothed = found.rates, found.losses, found.smoothed
    first, second = style.series(0), style.series(1)
    with style.page(7.2, 3.7) as figure:
        axis = style.dress(figure.subplots(), "learning rate, growing with each step", "loss of the batch")
        axis.set_xscale("log")
        (dots,) = axis.plot(
            rates, losses, linestyle="none", marker=".", markersize=4 * style.scale, color=style.theme.muted
        )
        (line,) = axis.plot(rates, smoothed, color=first.colour)
        handles: list[Any] = [dots, line]
        names = ["each step", "smoothed"]
        marks = (
            (found.steepest, "fell fastest", style.series(2), "^"),
            (found.suggested, "suggested", second, "D"),
            (found.blew_up, "blew up", style.series(3), "X"),
        )
        low, high = _window(losses, smoothed)
        axis.set_ylim(low, high)
        # A note says how many lie beyond.
        dots.graphnn_beyond = line.graphnn_beyond = True
        for rate, word, series, marker in marks:
            if rate is None:
                continue
            at = min(
                float(
                    np.interp(np.log(rate), np.log(rates), np.where(np.isfinite(smoothed), smoothed, high))
                ),
                high,
            )
            axis.axvline(rate, color=series.colour, linestyle=series.line, linewidth=1.3 * style.scale)
            handles += axis.plot(
                [rate], [at], marker=marker, markersize=9 * style.scale, linestyle=series.line, color=series.colour,
                markeredgecolor=style.theme.page, clip_on=False, zorder=5,
            )  # fmt: skip
            names.append(f"{word}: {rate:.2g}")
        style.legend(axis, handles, names)
        outside = int(np.sum(~(losses <= high)))
        notes = (
            [
                f"{outside} of {len(losses)} losses {'lie' if outside > 1 else 'lies'} above the picture or "
                f"{'are' if outside > 1 else 'is'} no number."
            ]
            if outside
            else []
        )
        if found.suggested is None:
            notes.append("No rate lowered the loss, so none is suggested.")
        style.note(figure, notes)
        table = Table.of(
            ["learning rate", "loss", "smoothed"], list(zip(rates, losses, smoothed, strict=True))
        )
        alt = f"Learning-rate test. {found} The loss starts at {number(losses[0])}. {' '.join(notes)}"
        plot = style.plot("rate_curve", figure, table, alt)
    if path is not None:
        plot.save(path)
    return plot


def _window(losses: np.ndarray, smoothed: np.ndarray) -> tuple[float, float]:
    """What the picture shows of the losses: up to well above the start, not up to where they blew up to."""
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        return 0.0, 1.0
    known = smoothed[np.isfinite(smoothed)]
    low = float(min(finite.min(), known.min() if len(known) else np.inf))
    start = float(np.median(finite[: max(3, len(finite) // 10)]))
    high = min(float(finite.max()), start + 1.2 * max(start - low, 0.2 * abs(start), 1e-12))
    span = max(high - low, 1e-12)
    return low - 0.06 * span, high + 0.06 * span
