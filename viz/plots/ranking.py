"""Draw how well scores tell two classes apart (ROC), and whether probabilities mean what they say (reliability)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np

from viz.numbers import number
from viz.plots.plot import Plot
from viz.plots.style import Look, Style
from viz.plots.table import Table

__all__ = ["reliability_curve", "roc_curve"]


def roc_curve(
    scores: Any, labels: Any, path: str | os.PathLike[str] | None = None, **look: Unpack[Look]
) -> Plot:
    """Share of the class found by share of the others taken for it, at every threshold; saved if a path is given.

    scores : a number per row, larger for the class, or {name: such numbers} to compare models
    labels : 1 for rows of the class, 0 for others

    The area under the curve is the chance that a row of the class has the larger score, ties counting half.
    Source: Fawcett, An introduction to ROC analysis, 2006.
    """
    style = Style.of("roc_curve", look)
    named, truth = _checked("roc_curve", scores, labels)
    if truth.all() or not truth.any():
        raise ValueError("roc_curve: wanted rows of both classes, found labels of one only.")
    with style.page(5.6, 5.0) as figure:
        axis = style.dress(
            figure.subplots(), "share of the others taken for the class", "share of the class found"
        )
        axis.set_aspect("equal")
        axis.plot([0, 1], [0, 1], color=style.theme.muted, linewidth=1.0, linestyle=(0, (2, 3)))
        handles, said, rows, told = [], [], [], []
        for k, (name, values) in enumerate(named.items()):
            false, true, thresholds = _steps(values, truth)
            area = float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2))
            series = style.series(k)
            handles += axis.plot(
                false, true, color=series.colour, linestyle=series.line, marker=series.marker, clip_on=False,
                markevery=max(1, len(false) // 10), markersize=4.5 * style.scale,
            )  # fmt: skip
            said.append(f"{name}: area {number(area)}")
            told.append(f"The area under the curve of {name} is {number(area)}.")
            rows += [[name, t, f, r] for t, f, r in zip(thresholds, false, true, strict=True)]
        axis.set_xlim(0, 1)
        axis.set_ylim(0, 1)
        style.legend(axis, handles, said)
        style.note(
            figure,
            [
                f"{number(int(truth.sum()))} rows of the class, {number(int((~truth).sum()))} others. Dotted: chance."
            ],
        )
        table = Table.of(["model", "threshold", "share of others", "share of the class"], rows)
        plot = style.plot("roc_curve", figure, table, " ".join(["ROC curve.", *told]))
    if path is not None:
        plot.save(path)
    return plot


def reliability_curve(
    probabilities: Any,
    labels: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    bins: int = 10,
    **look: Unpack[Look],
) -> Plot:
    """How often it happened where a probability was said, over bins of equal width; saved if a path is given.

    probabilities : of the class, a number per row, or {name: such numbers}
    labels : 1 for rows of the class, 0 for others

    Below stand the numbers of rows. The calibration error is the mean distance from the diagonal, rows counting alike.
    Source: Guo et al., On Calibration of Modern Neural Networks, 2017, equation 3.
    """
    style = Style.of("reliability_curve", look)
    named, truth = _checked("reliability_curve", probabilities, labels)
    if bins < 2:
        raise ValueError(f"reliability_curve: bins is 2 or more, found {bins}.")
    edges = np.linspace(0.0, 1.0, bins + 1)
    with style.page(5.6, 5.6) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1.0])
        style.dress(upper, "", "how often it was the class")
        style.dress(lower, "probability said", "rows")
        upper.plot([0, 1], [0, 1], color=style.theme.muted, linewidth=1.0, linestyle=(0, (2, 3)))
        handles, said, rows, told = [], [], [], []
        for k, (name, values) in enumerate(named.items()):
            if values.min() < 0 or values.max() > 1:
                raise ValueError(
                    f"reliability_curve: probabilities lie from 0 to 1, {name} has {values.min():g} to "
                    f"{values.max():g}."
                )
            place = np.clip((values * bins).astype(int), 0, bins - 1)
            count = np.bincount(place, minlength=bins)
            some = np.flatnonzero(count)
            mean = np.bincount(place, values, bins)[some] / count[some]
            share = np.bincount(place, truth.astype(float), bins)[some] / count[some]
            error = float(np.sum(count[some] * np.abs(mean - share)) / len(values))
            series = style.series(k)
            handles += upper.plot(
                mean, share, color=series.colour, linestyle=series.line, marker=series.marker, clip_on=False,
                markersize=6 * style.scale,
            )  # fmt: skip
            lower.stairs(
                count, edges, color=series.colour, linestyle=series.line, linewidth=1.6 * style.scale
            )
            said.append(f"{name}: calibration error {number(error)}")
            told.append(f"The calibration error of {name} is {number(error)}.")
            rows += [
                [name, edges[b], edges[b + 1], count[b], m, s]
                for b, m, s in zip(some, mean, share, strict=True)
            ]
        upper.set_xlim(0, 1)
        upper.set_ylim(0, 1)
        lower.set_ylim(bottom=0)
        lower.yaxis.get_major_locator().set_params(nbins=3, integer=True)
        style.legend(upper, handles, said)
        style.note(
            figure, ["Dotted: a model that means what it says. Above it the class came more often than said."]
        )
        table = Table.of(["model", "from", "to", "rows", "mean probability", "share of the class"], rows)
        plot = style.plot("reliability_curve", figure, table, " ".join(["Reliability.", *told]))
    if path is not None:
        plot.save(path)
    return plot


def _checked(who: str, scores: Any, labels: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
    truth = np.asarray(labels)
    truth = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
    if truth.ndim != 1 or not len(truth) or not np.isin(truth, (0, 1)).all():
        raise ValueError(f"{who}: labels are 0 and 1, one per row, found {truth.dtype} {truth.shape}.")
    named = dict(scores) if isinstance(scores, Mapping) else {"model": scores}
    found = {}
    for name, values in named.items():
        values = np.asarray(values, dtype=np.float64)
        values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
        if values.shape != truth.shape:
            raise ValueError(
                f"{who}: {name} has shape {values.shape}, wanted a number for each of {len(truth)} labels."
            )
        if not np.isfinite(values).all():
            raise ValueError(f"{who}: {name} holds NaN or infinity.")
        found[str(name)] = values
    if not found:
        raise ValueError(f"{who}: there are no scores to draw.")
    return found, truth.astype(bool)


def _steps(values: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The corners of the curve: equal scores make one step."""
    order = np.argsort(-values, kind="stable")
    ranked, hit = values[order], truth[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    true, false = np.cumsum(hit)[last], np.cumsum(~hit)[last]
    return (
        np.concatenate([[0.0], false / (~truth).sum()]),
        np.concatenate([[0.0], true / truth.sum()]),
        np.concatenate([[np.inf], ranked[last]]),
    )
