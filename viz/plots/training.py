"""Draw how a training went: losses and measures over the epochs, of one run or of several side by side."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.plot import Plot
from viz.plots.style import Look, Style, did_you_mean
from viz.plots.table import Table

__all__ = ["Rows", "Runs", "training_curve"]

Rows = Iterable[Mapping[str, float]]
Runs = gn.Trainer | gn.History | Rows | Mapping[str, gn.Trainer | gn.History | Rows]

_VALIDATION = "validation "
# Columns that have plots of their own.
_ASIDE = ("seconds", "gradient", "gradient std", "update ratio")
_MOST_PANELS = 4


@dataclass(frozen=True)
class _Curve:
    """One column of one run."""

    run: str
    measure: str
    values: np.ndarray
    is_validation: bool

    @property
    def column(self) -> str:
        return _VALIDATION * self.is_validation + self.measure


def training_curve(
    history: Runs,
    path: str | os.PathLike[str] | None = None,
    *,
    measures: Sequence[str] | None = None,
    log: bool | None = None,
    best: bool = True,
    **look: Unpack[Look],
) -> Plot:
    """The curves of a history over the epochs, training solid and validation dashed; saved if a path is given.

    history : a gn.History, a gn.Trainer, rows {measure: number}, or {name: one of these} to compare several runs
    measures : which, without the word "validation"; by default all but times and gradient sizes
    log : losses on a log scale; by default where they are positive and fall to less than a third
    best : mark the epoch in which the loss was lowest, on validation data if there are any

    Raises ValueError for a history without epochs, or a measure that is none.
    """
    style = Style.of("training_curve", look)
    curves = _curves(_runs(history), measures)
    several = len({curve.run for curve in curves}) > 1
    panels, left_out = _panels(curves)
    with style.page(7.2, 1.1 + 2.3 * len(panels)) as figure:
        from matplotlib.ticker import MaxNLocator

        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        marked = _best(curves) if best else {}
        for axis, (word, group) in zip(axes, panels.items(), strict=True):
            style.dress(axis, "", word)
            if _is_log(group, word, log=log):
                axis.set_yscale("log")
            keys = list(dict.fromkeys(c.run if several else c.measure for c in group))
            handles = [
                _draw(axis, style, curve, keys.index(curve.run if several else curve.measure))
                for curve in group
            ]
            names = [f"{c.run}: {c.column}" if several else c.column for c in group]
            extra = _mark_best(axis, style, group, marked, several=several)
            style.legend(axis, [*handles, *extra.values()], [*names, *extra])
        longest = max(len(curve.values) for curve in curves)
        axes[-1].set_xlabel("epoch")
        axes[-1].set_xlim(*((0.5, 1.5) if longest == 1 else (1 - 0.02 * longest, longest + 0.02 * longest)))
        axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        notes = _gaps(curves)
        if left_out:
            notes.append(f"Not shown: {', '.join(left_out)}. Choose by measures=.")
        style.note(figure, notes)
        plot = style.plot(
            "training_curve", figure, _table(curves, several=several), _alt(curves, marked, notes)
        )
    if path is not None:
        plot.save(path)
    return plot


def _runs(history: Runs) -> dict[str, gn.History]:
    if isinstance(history, Mapping):
        found = {str(name): _history(one) for name, one in history.items()}
    else:
        found = {"": _history(history)}
    if not found:
        raise ValueError("training_curve: there is no run to draw.")
    for name, one in found.items():
        if not len(one):
            whose = f" of {name!r}" if name else ""
            raise ValueError(f"training_curve: the history{whose} has no epochs; call fit first.")
    return found


def _history(one: Any) -> gn.History:
    if isinstance(one, gn.Trainer):
        return one.history
    if isinstance(one, gn.History):
        return one
    made = gn.History()
    if isinstance(one, str) or not isinstance(one, Iterable):
        raise TypeError(
            "training_curve: wanted a gn.History, a gn.Trainer or rows {measure: number}, found "
            f"{type(one).__name__}."
        )
    for row in one:
        if not isinstance(row, Mapping):
            raise TypeError(
                f"training_curve: a row is a mapping {{measure: number}}, found {type(row).__name__}."
            )
        made.add(row)
    return made


def _curves(runs: Mapping[str, gn.History], measures: Sequence[str] | None) -> list[_Curve]:
    names = list(dict.fromkeys(name for one in runs.values() for name in one.names))
    bare = list(dict.fromkeys(name.removeprefix(_VALIDATION) for name in names))
    if measures is None:
        chosen = [name for name in bare if not name.endswith(_ASIDE)]
    else:
        chosen = [measures] if isinstance(measures, str) else list(measures)
        for name in chosen:
            if name not in bare:
                raise ValueError(
                    f"training_curve: there is no measure {name!r}.{did_you_mean(str(name), bare)}"
                )
    found = [
        _Curve(run, measure, one[word + measure], bool(word))
        for measure in chosen
        for run, one in runs.items()
        for word in ("", _VALIDATION)
        if word + measure in one
    ]
    if not found:
        raise ValueError(f"training_curve: there is no measure to draw among {', '.join(map(repr, names))}.")
    return found


def _panels(curves: Sequence[_Curve]) -> tuple[dict[str, list[_Curve]], list[str]]:
    """Losses share a panel, every other measure has its own; what finds no room is named."""
    panels: dict[str, list[_Curve]] = {}
    for curve in curves:
        panels.setdefault("loss" if "loss" in curve.measure.lower() else curve.measure, []).append(curve)
    if set(panels) == {"loss"} or "loss" not in panels:
        ordered = panels
    else:
        ordered = {"loss": panels.pop("loss"), **panels}
    return dict(list(ordered.items())[:_MOST_PANELS]), list(ordered)[_MOST_PANELS:]


def _is_log(group: Sequence[_Curve], word: str, *, log: bool | None) -> bool:
    if log is False or word != "loss":
        return False
    values = np.concatenate([curve.values for curve in group])
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0:
        if log and len(values):
            raise ValueError(
                f"training_curve: a log scale has no place for the loss {values.min():g}; leave out log=True."
            )
        return False
    return bool(log) or float(values.min()) < float(values.max()) / 3


def _draw(axis: Any, style: Style, curve: _Curve, at: int) -> Any:
    series = style.series(at)
    count = len(curve.values)
    every = max(1, count // 12)
    (line,) = axis.plot(
        range(1, count + 1), curve.values, color=series.colour, label=curve.column,
        linestyle=(0, (4, 2)) if curve.is_validation else "-", marker=series.marker,
        markevery=(at * every // 3 % count, every), fillstyle="none" if curve.is_validation else "full",
        markerfacecoloralt=style.theme.page,
    )  # fmt: skip
    return line


def _best(curves: Sequence[_Curve]) -> dict[str, tuple[_Curve, int]]:
    """Per run the curve that judges it, and the position of its lowest loss."""
    found: dict[str, tuple[_Curve, int]] = {}
    for curve in curves:
        if curve.measure != "loss" or not np.isfinite(curve.values).any():
            continue
        if curve.run not in found or curve.is_validation:
            found[curve.run] = (
                curve,
                int(np.nanargmin(np.where(np.isfinite(curve.values), curve.values, np.nan))),
            )
    return found


def _mark_best(
    axis: Any,
    style: Style,
    group: Sequence[_Curve],
    marked: Mapping[str, tuple[_Curve, int]],
    *,
    several: bool,
) -> dict[str, Any]:
    """Rings at the best epoch, on the curves of the same kind as the one that judged; {legend: handle}."""
    handles: dict[str, Any] = {}
    for curve in group:
        if curve.run not in marked:
            continue
        judge, at = marked[curve.run]
        if at >= len(curve.values) or curve.is_validation != judge.is_validation:
            continue
        (ring,) = axis.plot(
            [at + 1], [curve.values[at]], linestyle="none", marker="o", markersize=11 * style.scale,
            fillstyle="none", color=style.theme.text, markeredgewidth=1.5,
        )  # fmt: skip
        handles["lowest " + judge.column if several else f"lowest {judge.column}: epoch {at + 1}"] = ring
    return handles


def _gaps(curves: Sequence[_Curve]) -> list[str]:
    notes = []
    for curve in curves:
        bad = np.flatnonzero(~np.isfinite(curve.values)) + 1
        if len(bad):
            whose = f"{curve.run}: " * bool(curve.run)
            listed = ", ".join(map(str, bad[:8])) + (", …" if len(bad) > 8 else "")
            notes.append(f"{whose}{curve.column} is no finite number in epoch {listed}.")
    return notes


def _table(curves: Sequence[_Curve], *, several: bool) -> Table:
    longest = max(len(curve.values) for curve in curves)
    head = [f"{c.run}: {c.column}" if several else c.column for c in curves]
    rows = [
        [k + 1, *(curve.values[k] if k < len(curve.values) else None for curve in curves)]
        for k in range(longest)
    ]
    return Table.of(["epoch", *head], rows)


def _alt(curves: Sequence[_Curve], marked: Mapping[str, tuple[_Curve, int]], notes: Sequence[str]) -> str:
    told = [
        f"{f'{c.run}: ' if c.run else ''}{c.column} goes from {number(c.values[0])} to {number(c.values[-1])} "
        f"in {len(c.values)} epochs."
        for c in curves
    ]
    best = [
        f"{f'{run}: ' if run else ''}the lowest {judge.column}, {number(judge.values[at])}, is that of epoch {at + 1}."
        for run, (judge, at) in marked.items()
    ]
    return " ".join(["Training curve.", *told, *best, *notes])
