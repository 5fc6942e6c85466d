"""Draw which classes a model takes for which: a confusion matrix with counts and shares."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.models import answers_of, kind_of, probabilities
from viz.plots.plot import Plot
from viz.plots.style import Look, Style, text_width, words
from viz.plots.table import Table
from viz.theme import contrast

__all__ = ["confusion"]

_MOST_WRITTEN = 20
_MOST = 100


def confusion(
    table: Any,
    data: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    classes: Sequence[str] = (),
    **look: Unpack[Look],
) -> Plot:
    """How often each class (row) was answered by each (column), with the share of its row; saved if a path is given.

    table : (classes, classes) as `gn.metrics.confusion_matrix` gives it, or (labels, answers), two rows of numbers;
        or, with data, a model as `viz.boundary` takes it
    data : a gn.data.Dataset or (x, y): the rows that the model answers
    classes : their names, by default those of the data

    Beside the rows stands the recall of each class, below the columns the precision; "–" where there is none.
    Raises ValueError for a table that is not square or holds negative numbers, or another number of names.
    """
    style = Style.of("confusion", look)
    if data is not None:
        table, known = _answered(table, data)
        classes = classes or known
    counts = _counts(table)
    size = len(counts)
    if len(classes) not in (0, size):
        raise ValueError(f"confusion: {len(classes)} names for {size} classes.")
    names = [str(name) for name in classes] or [str(k) for k in range(size)]
    rows, columns, hits = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
    shares = np.divide(counts, rows[:, None], out=np.full(counts.shape, np.nan), where=rows[:, None] > 0)
    written = size <= _MOST_WRITTEN
    side = float(np.clip(1.7 + 0.54 * size, 4.2, 7.6))
    with style.page(side + 1.2, side) as figure:
        axis = figure.subplots()
        cmap = style.amounts()
        image = axis.imshow(
            np.nan_to_num(shares),
            cmap=cmap,
            vmin=0.0,
            vmax=1.0,
            interpolation="nearest",
            aspect="equal" if style.size == "notebook" else "auto",
        )
        if written:
            paired = _write(style, axis, counts, shares, cmap)
        bar = style.bar(figure, image, axis, "share of the true class")
        bar.set_ticks([0.0, 0.25, 0.5, 0.75, 1.0], labels=["0", "25 %", "50 %", "75 %", "100 %"])
        every = 1 if written else -(-size // _MOST_WRITTEN)
        ticks = list(range(0, size, every))
        recall = [_percent(hits[k], rows[k]) for k in range(size)]
        precision = [_percent(hits[k], columns[k]) for k in range(size)]
        room = 22 if size <= 8 else 14
        axis.set_yticks(ticks, [words(names[k], room) for k in ticks])
        # Upright labels where a name is wider than its column.
        wide = figure.get_size_inches()[0] if style.size != "notebook" else side
        column = wide * 72 * 0.6 / size * every
        turned = max(text_width(words(names[k], room), 9 * style.scale) for k in ticks) > column
        axis.set_xticks(
            ticks, [words(names[k], room) for k in ticks], rotation=90 if turned else 0,
        )  # fmt: skip
        axis.set_xlabel("answered")
        axis.set_ylabel("true")
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        axis.set_xticks(np.arange(size + 1) - 0.5, minor=True)
        axis.set_yticks(np.arange(size + 1) - 0.5, minor=True)
        if written:
            axis.grid(which="minor", color=style.theme.hairline, linewidth=0.8)
            axis.tick_params(which="minor", length=0)
            axis.grid(visible=False, which="major")
        _margins(style, axis, recall, precision, ticks, written=written)
        total, right = counts.sum(), hits.sum()
        notes = [f"{number(right)} of {number(total)} right ({_percent(right, total)})."]
        if written:
            notes.append("Large: how often. Small: share of the row." if paired else "Numbers: how often.")
        notes += ["Right: recall. Top: precision."] if written else ["Too many classes to write numbers in."]
        style.note(figure, [" ".join(notes)])
        worst = [
            (counts[i, j], i, j) for i in range(size) for j in range(size) if i != j and counts[i, j] > 0
        ]
        worst.sort(key=lambda one: (-one[0], one[1], one[2]))
        told = " ".join(
            f"{names[i]} was taken for {names[j]} {number(c)} time{'' if c == 1 else 's'}."
            for c, i, j in worst[:5]
        )
        lines = [[names[i], names[j], counts[i, j], shares[i, j]] for i in range(size) for j in range(size)]
        plot = style.plot(
            "confusion", figure, Table.of(["true", "answered", "count", "share of the row"], lines),
            f"Confusion matrix of {size} classes. {notes[0]} {told or 'No mistakes.'}",
        )  # fmt: skip
    if path is not None:
        plot.save(path)
    return plot


def _answered(model: Any, data: Any) -> tuple[tuple[np.ndarray, np.ndarray], Sequence[str]]:
    """(labels, answers) of the model on these rows, as numbers of classes, and the names of the classes."""
    classes: Sequence[str] = data.classes if isinstance(data, gn.data.Dataset) else ()
    pair = (data.x, data.y) if isinstance(data, gn.data.Dataset) else data
    if not (isinstance(pair, tuple) and len(pair) == 2) or pair[1] is None:
        raise TypeError(f"confusion: data are a gn.data.Dataset or (x, y), found {type(data).__name__}.")
    # Rows may be pictures, which a model that predicts takes as they are.
    x, labels = np.asarray(pair[0]), np.asarray(pair[1])
    rows = x if hasattr(model, "predict") else x.reshape(len(x), -1)
    found = answers_of(model, int(np.prod(x.shape[1:])), "confusion")(rows)
    known = list(getattr(model, "classes_", ()))
    if found.dtype.kind == "f" and (found.ndim > 1 or not known):
        found = probabilities(found, kind_of(found, None, "confusion"), "confusion").argmax(axis=1)
        found = np.array(known)[found] if known else found
    if known:
        place = {label: k for k, label in enumerate(known)}
        strange = [label for label in labels.tolist() if label not in place]
        if strange:
            raise ValueError(
                f"confusion: the data have the class {strange[0]!r}, which the model does not know."
            )
        labels, found = (np.array([place[label] for label in column.tolist()]) for column in (labels, found))
        classes = classes or [str(label) for label in known]
    counted = int(max(labels.max(), found.max())) + 1 if labels.dtype.kind in "iub" else 0
    return (labels, found), classes if len(classes) == counted else ()


def _counts(table: Any) -> np.ndarray:
    if isinstance(table, tuple) and len(table) == 2:
        labels, answers = (np.asarray(column) for column in table)
        if labels.shape != answers.shape or labels.ndim != 1 or not len(labels):
            raise ValueError(
                f"confusion: labels {labels.shape} and answers {answers.shape} are not two equal rows."
            )
        if not all(column.dtype.kind in "iub" and column.min() >= 0 for column in (labels, answers)):
            raise ValueError("confusion: labels and answers are numbers of classes, from 0.")
        size = int(max(labels.max(), answers.max(), 1)) + 1
        if size > _MOST:
            raise ValueError(f"confusion: {size} classes; a picture shows {_MOST} at most.")
        return np.bincount(labels * size + answers, minlength=size * size).reshape(size, size)
    counts = np.asarray(table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not 2 <= len(counts) <= _MOST:
        raise ValueError(
            f"confusion: a table is square, for 2 to {_MOST} classes, found shape {counts.shape}."
        )
    if counts.dtype.kind not in "iuf" or not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("confusion: a table holds counts of 0 or more, found negative numbers or none.")
    return counts


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole > 0 else "–"


def _write(style: Style, axis: Any, counts: np.ndarray, shares: np.ndarray, cmap: Any) -> bool:
    """Write the numbers into the cells, with the shares below them where there is room; returns whether there is."""
    from matplotlib.colors import to_hex

    size = len(counts)
    large = max(8.5, 11 - 0.18 * size) * (style.scale if size <= 6 else 1.0)
    # From the back row nothing below this can be read; the cells of a slide are lower than those of a notebook.
    least = 7.0 * style.scale
    large, cell = max(large, least), 0.7 * 72 * axis.figure.get_size_inches()[1] / size
    pair = size <= 12 and 1.25 * (large + max(least, large - 2)) <= cell
    for i in range(size):
        if np.isnan(shares[i, i]):
            axis.text(
                (size - 1) / 2, i, "no rows of this class", ha="center", va="center", color=style.theme.muted,
                fontsize=large - 1, style="italic",
            )  # fmt: skip
            continue
        for j in range(size):
            if counts[i, j] == 0:
                continue
            share = float(shares[i, j])
            ground = str(to_hex(cmap(share)))
            ink = max((style.theme.text, style.theme.page), key=lambda c: contrast(c, ground))
            if contrast(ink, ground) < 4.5:
                ink = max(("#000000", "#ffffff"), key=lambda c: contrast(c, ground))
            text = axis.text(
                j, i - (0.13 if pair else 0), number(counts[i, j]), ha="center", va="center", color=ink, fontsize=large,
                fontweight="bold" if i == j else "normal",
            )  # fmt: skip
            text.graphnn_ground = ground
            if pair:
                small = axis.text(
                    j,
                    i + 0.24,
                    f"{100 * share:.0f} %",
                    ha="center",
                    va="center",
                    color=ink,
                    fontsize=max(least, large - 2),
                )
                small.graphnn_ground = ground
    return pair


def _margins(
    style: Style,
    axis: Any,
    recall: Sequence[str],
    precision: Sequence[str],
    ticks: Sequence[int],
    *,
    written: bool,
) -> None:
    """Recall to the right of each row, precision above each column."""
    if not written:
        return
    size = len(recall)
    for k in ticks:
        axis.annotate(
            recall[k], (size - 0.5, k), xytext=(4, 0), textcoords="offset points", va="center", ha="left",
            color=style.theme.muted, fontsize=style.small - 1, annotation_clip=False,
        )  # fmt: skip
        axis.annotate(
            precision[k], (k, -0.5), xytext=(0, 3), textcoords="offset points", va="bottom", ha="center",
            color=style.theme.muted, fontsize=style.small - 1, annotation_clip=False,
        )  # fmt: skip
