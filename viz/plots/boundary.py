"""Draw what a classifier of two features answers all over the plane, with the data that it learned from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from viz.numbers import number
from viz.plots.models import Points, answers_of, kind_of, points_of, probabilities
from viz.plots.plane import Plane, plane_of
from viz.plots.plot import Plot
from viz.plots.style import Look, Style, blended
from viz.plots.table import Table

__all__ = ["boundary"]

_MOST_CLASSES = 8


def boundary(
    model: Any,
    data: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    span: tuple[tuple[float, float], tuple[float, float]] | None = None,
    features: tuple[int | str, int | str] | None = None,
    scores: str | None = None,
    classes: Sequence[str] = (),
    steps: int = 160,
    **look: Unpack[Look],
) -> Plot:
    """The classes of the plane, paler where the model is less sure, with the data on it; saved if a path is given.

    model : a gn.Trainer, an estimator such as gn.GraphClassifier, a node or layer with two inputs, or a function from
        rows (rows, 2) to a score per class, or one score for the second of two classes
    data : a gn.data.Dataset or (x, y); rows that are answered wrongly are ringed
    span : ((low, high), (low, high)) of the features; by default about the data
    features : which two, by number or name, of data that have more; the others are held at their means
    scores : "probabilities" or "logits", where the numbers themselves do not tell
    classes : their names, by default those of the data

    Raises ValueError for data with more features than two, unless `features` says which.
    """
    style = Style.of("boundary", look)
    points = points_of(data, "boundary")
    plane = plane_of("boundary", points, span, features, steps)
    ask = answers_of(model, plane.width, "boundary")
    known, has_shares = list(getattr(model, "classes_", ())), hasattr(model, "predict_proba")

    def is_label(found: np.ndarray) -> bool:
        return found.ndim == 1 and (found.dtype.kind != "f" or (known != [] and not has_shares))

    first = ask(plane.rows)
    # What the scores are is settled once: few of them may look like what they are not.
    sure = is_label(first)
    kind = "" if sure else kind_of(first, scores, "boundary")

    def shares(found: np.ndarray) -> np.ndarray:
        return _certain(found, known) if sure else probabilities(found, kind, "boundary")

    grid = shares(first)
    count = grid.shape[1]
    if not 2 <= count <= _MOST_CLASSES:
        raise ValueError(f"boundary: the model tells {count} classes apart, a picture 2 to {_MOST_CLASSES}.")
    names = [*map(str, classes)] or ([*points.classes] if points else []) or [*map(str, known)]
    names += [str(k) for k in range(len(names), count)]
    labels = None if points is None or points.y is None else _labels(points, known, names, count)
    with style.page(6.4, 5.0) as figure:
        axis = figure.subplots()
        style.dress(axis, *plane.names, grid="")
        shape = (plane.steps, plane.steps)
        image = _shade(style, axis, plane, grid.reshape(*shape, count))
        if count == 2:
            bar = style.bar(figure, image, axis, f"probability of {names[1]}")
            bar.set_ticks([0.0, 0.25, 0.5, 0.75, 1.0])
        handles: list[Any] = []
        said: list[str] = []
        wrong = 0
        if points is not None:
            handles, said, wrong = _points(
                style, axis, plane, points, labels, names, lambda rows: shares(ask(rows))
            )
        if count > 2:
            handles, said = _areas(style, handles, said, names, has_points=labels is not None)
        if image.graphnn_bounded:
            (line,) = axis.plot([], [], color=style.theme.text, linewidth=1.8 * style.scale)
            handles.append(line)
            said.append("even chances" if count == 2 else "boundary")
        if image.graphnn_dashed:
            (dashed,) = axis.plot(
                [], [], color=style.theme.text, linewidth=0.8 * style.scale, linestyle=(0, (4, 3))
            )
            handles.append(dashed)
            said.append(" and ".join(f"{level:.0%}".replace("%", " %") for level in image.graphnn_dashed))
        if handles:
            style.legend_of_page(figure, handles, said)
        notes = list(plane.notes)
        if count > 2:
            notes.insert(0, "The paler an area, the less sure the answer.")
        style.note(figure, notes)
        areas = np.bincount(grid.argmax(axis=1), minlength=count) / len(grid)
        alt = (
            f"Decision boundary over {plane.names[0]} and {plane.names[1]}. "
            + " ".join(f"Class {n} has {a:.0%} of the plane." for n, a in zip(names, areas, strict=False))
            + (
                f" {wrong} of {len(points.x)} rows are answered wrongly."
                if labels is not None and points
                else ""
            )
        )
        rows = np.column_stack([plane.rows[:, plane.axes], grid])
        table = Table.of([*plane.names, *(f"probability of {n}" for n in names[:count])], rows.tolist())
        plot = style.plot("boundary", figure, table, " ".join([alt, *plane.notes]))
    if path is not None:
        plot.save(path)
    return plot


def _certain(answers: np.ndarray, known: Sequence[Any]) -> np.ndarray:
    """Labels as probabilities of 0 and 1."""
    if not known and answers.dtype.kind not in "iub":
        raise ValueError(
            "boundary: the model answers with words; wanted numbers of classes, scores, or a model with classes_."
        )
    order = known or sorted(set(answers.tolist()) | set(range(int(answers.max()) + 1)))
    place = {label: k for k, label in enumerate(order)}
    found = np.zeros((len(answers), max(2, len(order))))
    found[np.arange(len(answers)), [place[label] for label in answers.tolist()]] = 1.0
    return found


def _is_whole(y: np.ndarray) -> bool:
    return y.dtype.kind == "f" and np.array_equal(y, np.round(y))


def _labels(points: Points, known: Sequence[Any], names: Sequence[str], count: int) -> np.ndarray:
    """The number of each row's class."""
    y = points.y
    if y is not None and known:
        place = {label: k for k, label in enumerate(known)}
        strange = [label for label in y.tolist() if label not in place]
        if not strange:
            return np.array([place[label] for label in y.tolist()])
    if y is None or not (y.dtype.kind in "iub" or _is_whole(y)):
        raise ValueError("boundary: y holds numbers, not classes; for these there is viz.regression_surface.")
    found = y.astype(np.int64)
    if found.min() < 0 or found.max() >= count:
        raise ValueError(
            f"boundary: y has classes from {found.min()} to {found.max()}, the model answers 0 to {count - 1}."
        )
    return found


def _shade(style: Style, axis: Any, plane: Plane, grid: np.ndarray) -> Any:
    """Colour by class, strength by how sure; the boundary on top."""
    from matplotlib.colors import to_rgb

    count = grid.shape[2]
    low, high = plane.spans
    where = {"extent": (*low, *high), "origin": "lower", "aspect": "auto", "interpolation": "bilinear"}
    across, up = plane.lines
    if count == 2:
        share = grid[:, :, 1]
        image = axis.imshow(share, cmap=_pair(style), vmin=0.0, vmax=1.0, **where)
        image.graphnn_bounded = bool(share.min() < 0.5 < share.max())
        image.graphnn_dashed = [level for level in (0.25, 0.75) if _is_apart(share, level)]
        lines = [(level, (0, (4, 3)), 0.8) for level in image.graphnn_dashed]
        for level, form, wide in [*lines, (0.5, "-", 1.8)] if image.graphnn_bounded else lines:
            axis.contour(
                across, up, share, levels=[level], colors=[style.theme.text], linestyles=[form],
                linewidths=wide * style.scale,
            )  # fmt: skip
        return image
    best, second = np.sort(grid, axis=2)[:, :, [-1, -2]].transpose(2, 0, 1)
    sure = 0.10 + 0.42 * np.clip(best - second, 0.0, 1.0)[:, :, None]
    colours = np.array([to_rgb(_area(style, k)) for k in range(count)])
    image = axis.imshow(
        np.array(to_rgb(style.theme.page)) * (1 - sure) + colours[grid.argmax(axis=2)] * sure, **where
    )
    image.graphnn_dashed, image.graphnn_bounded = [], False
    for k in range(count):
        lead = grid[:, :, k] - np.delete(grid, k, axis=2).max(axis=2)
        if lead.min() < 0 < lead.max():
            image.graphnn_bounded = True
            axis.contour(
                across, up, lead, levels=[0.0], colors=[style.theme.text], linewidths=1.8 * style.scale
            )
    return image


def _is_apart(share: np.ndarray, level: float) -> bool:
    """Whether a line at this level can be told from the one of even chances: where answers jump, both are one."""
    if not share.min() < level < share.max():
        return False
    jumps = share.min() < 0.5 < share.max()
    low, high = sorted((level, 0.5))
    return not jumps or bool(((share > low) & (share < high)).any())


def _pair(style: Style) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    if style.is_grey:
        return LinearSegmentedColormap.from_list("pair", ["#ffffff", "#9a9a9a"])
    page = style.theme.page
    ends = [blended(page, style.colours[k], 0.55) for k in (1, 0)]
    return LinearSegmentedColormap.from_list("pair", [ends[0], page, ends[1]])


def _area(style: Style, k: int) -> str:
    """The colour of a class's area: its points' colour, in grey one lightness per class."""
    return (
        f"#{(255 - 34 * (k % 6)):02x}" + f"{(255 - 34 * (k % 6)):02x}" * 2
        if style.is_grey
        else _colour(style, k)
    )


def _colour(style: Style, k: int, count: int = 3) -> str:
    # Of two classes the second is the positive one, blue as positive numbers are.
    return style.colours[(1 - k) if count == 2 else k % len(style.colours)]


def _points(
    style: Style,
    axis: Any,
    plane: Plane,
    points: Points,
    labels: np.ndarray | None,
    names: Sequence[str],
    shares: Any,
) -> tuple[list[Any], list[str], int]:
    """The rows of the data by shape and colour of their class, wrong ones ringed."""
    x = points.x[:, plane.axes]
    size, rim = ((6.0, 1.0) if len(x) <= 600 else (3.4, 0.6)) * np.array(style.scale)
    if labels is None:
        return axis.plot(*x.T, linestyle="none", marker=".", color=style.theme.text), ["data"], 0
    handles, said = [], []
    for k in range(len(names)):
        own = labels == k
        if not own.any():
            continue
        series = style.series(k)
        handles += axis.plot(
            *x[own].T, linestyle="none", marker=series.marker, markersize=size, markeredgewidth=rim,
            markerfacecolor=_colour(style, k, len(names)), markeredgecolor=style.theme.page,
        )  # fmt: skip
        said.append(f"{names[k]} ({int(own.sum())})")
    answers = shares(points.x).argmax(axis=1)
    bad = answers != labels
    if bad.any():
        handles += axis.plot(
            *x[bad].T, linestyle="none", marker="o", markersize=size * 1.8, fillstyle="none", color=style.theme.text,
            markeredgewidth=1.1 * style.scale,
        )  # fmt: skip
        said.append(f"answered wrongly ({number(int(bad.sum()))} of {number(len(x))})")
    return handles, said, int(bad.sum())


def _areas(
    style: Style, handles: list[Any], said: list[str], names: Sequence[str], *, has_points: bool
) -> tuple[list[Any], list[str]]:
    """Without points of each class the legend shows the areas."""
    if has_points:
        return handles, said
    from matplotlib.patches import Patch

    areas = [
        Patch(facecolor=blended(style.theme.page, _area(style, k), 0.5), edgecolor=style.theme.muted)
        for k in range(len(names))
    ]
    return [*areas, *handles], [*names, *said]
