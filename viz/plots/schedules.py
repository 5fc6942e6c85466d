"""Draw how schedules let the learning rate rise and fall over the steps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Unpack

import graphnn as gn
from viz.numbers import number
from viz.plots.plot import Plot
from viz.plots.style import Look, Style
from viz.plots.table import Table

__all__ = ["schedule_curve"]


def schedule_curve(
    schedules: gn.optim.Schedule | Mapping[str, gn.optim.Schedule],
    steps: int,
    path: str | os.PathLike[str] | None = None,
    *,
    learning_rate: float | None = None,
    **look: Unpack[Look],
) -> Plot:
    """The factors of a schedule over its first steps; saved if a path is given.

    schedules : one, or {name: schedule} to compare several in one picture
    learning_rate : draw rates instead of factors

    Raises ValueError for no schedule, SettingError for a schedule that depends on the loss.
    """
    style = Style.of("schedule_curve", look)
    named = {schedules.text: schedules} if isinstance(schedules, gn.optim.Schedule) else dict(schedules)
    if not named:
        raise ValueError("schedule_curve: there is no schedule to draw.")
    scale = 1.0 if learning_rate is None else float(learning_rate)
    curves = {name: schedule.values(steps) * scale for name, schedule in named.items()}
    what = "factor of the learning rate" if learning_rate is None else "learning rate"

    with style.page(7.2, 3.3) as figure:
        from matplotlib.ticker import MaxNLocator

        axis = style.dress(figure.subplots(), "step", what)
        lines = []
        for k, (name, values) in enumerate(curves.items()):
            series = style.series(k)
            # A step keeps its rate until the next one: stairs, not slopes between points.
            lines += axis.plot(
                range(len(values)), values, color=series.colour, linestyle=series.line, drawstyle="steps-post",
                label=name,
            )  # fmt: skip
        axis.set_ylim(bottom=0.0)
        axis.margins(x=0.01)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        style.legend(axis, lines, list(curves))
        table = Table.of(
            ["step", *curves], list(zip(range(steps), *(values for values in curves.values()), strict=True))
        )
        told = "; ".join(
            f"{name}: from {number(v[0])} over at most {number(v.max())} to {number(v[-1])}"
            for name, v in curves.items()
        )
        plot = style.plot("schedule_curve", figure, table, f"The {what} over {steps} steps. {told}.")
    if path is not None:
        plot.save(path)
    return plot
