"""Keep histograms of weights and gradients while a training goes on, and draw how they move.

>>> import graphnn as gn, viz
>>> data = gn.data.moons()
>>> net = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh), gn.nn.Dense(2)], seed=1)
>>> trainer = gn.Trainer.classifier(net, 2, 2, gn.optim.Adam(0.01))
>>> kept = viz.histograms(data)
>>> _ = trainer.fit(data, epochs=5, callbacks=[kept], progress=False)
>>> kept.plot(of="gradients")
<Plot histogram_plot: 3 panels, 132 rows>
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np

import graphnn as gn
from viz.numbers import number
from viz.plots.models import feeds_of
from viz.plots.plot import Plot
from viz.plots.style import Look, Style, blended, did_you_mean, words
from viz.plots.table import Table

__all__ = ["Histogram", "Histograms", "histogram_plot", "histograms"]

_OF = ("weights", "gradients")
_MOST_PANELS = 6
_MOST_RIDGES = 24
# Of fewer elements a histogram says little; such parameters are kept only where there are no larger ones.
_LEAST = 8


class Histogram(NamedTuple):
    """The values of one parameter at one epoch: `edges` (bins + 1,), `counts` (bins,), and how many are no number."""

    edges: np.ndarray
    counts: np.ndarray
    lost: int


class Histograms(gn.train.Callback):
    """A callback that keeps histograms of every trained parameter, from before the first epoch on.

    Attributes
    ----------
    epochs : for which it kept them; 0 is before the training
    names : of the parameters that have at least eight elements
    kept : {"weights" or "gradients": one {name: Histogram} per epoch}
    """

    def __init__(self, data: Any = None, *, rows: int = 64, bins: int = 40):
        if bins < 2 or rows < 1:
            raise ValueError(
                f"histograms: wanted 2 or more bins and 1 or more rows, found {bins} and {rows}."
            )
        self._data, self._rows, self._bins = data, int(rows), int(bins)
        self._slopes: gn.Program | None = None
        self._feeds: dict[Any, Any] = {}
        self._parameters: dict[str, gn.Node] = {}
        self.epochs: list[int] = []
        self.kept: dict[str, list[dict[str, Histogram]]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._parameters)

    def begin(self, trainer: gn.Trainer) -> None:
        sizes = [p.value.size for p in trainer.parameters]
        chosen = [at for at, size in enumerate(sizes) if size >= min(_LEAST, max(sizes))]
        self._parameters = _named([trainer.parameters[at] for at in chosen])
        self.epochs, self.kept = [], {word: [] for word in (_OF if self._data is not None else _OF[:1])}
        if self._data is not None:
            self._slopes = gn.Program([trainer.gradients[at] for at in chosen])
            self._feeds = feeds_of(self._data, self._slopes.inputs, "histograms", rows=self._rows)
        self._keep(len(trainer.history))

    def epoch(self, trainer: gn.Trainer, row: dict[str, float]) -> None:
        self._keep(len(trainer.history))

    def _keep(self, epoch: int) -> None:
        self.epochs.append(epoch)
        found = {"weights": [p.value for p in self._parameters.values()]}
        if self._slopes is not None:
            found["gradients"] = list(self._slopes.run(self._feeds))
        for word, arrays in found.items():
            self.kept[word].append(
                {n: _histogram(a, self._bins) for n, a in zip(self._parameters, arrays, strict=True)}
            )

    def state(self) -> dict[str, Any]:
        return {
            "epochs": list(self.epochs),
            "kept": {
                word: [{n: [h.edges, h.counts, h.lost] for n, h in one.items()} for one in found]
                for word, found in self.kept.items()
            },
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.epochs = list(state["epochs"])
        self.kept = {
            word: [{n: Histogram(e, c, int(lost)) for n, (e, c, lost) in one.items()} for one in found]
            for word, found in state["kept"].items()
        }

    def plot(self, path: str | os.PathLike[str] | None = None, **settings: Any) -> Plot:
        """The picture; settings are those of `histogram_plot`."""
        return histogram_plot(self, path, **settings)

    def __repr__(self) -> str:
        return f"<Histograms: {len(self.names)} parameters, {len(self.epochs)} epochs>"


def histograms(data: Any = None, *, rows: int = 64, bins: int = 40) -> Histograms:
    """A callback for `fit(callbacks=[...])` that keeps histograms of the weights after each epoch.

    data, rows : with data also those of the gradients, on its first rows; a Dataset or {input: rows}
    bins : of each histogram, between its smallest and its largest value; fewer for less than 400 elements
    """
    return Histograms(data, rows=rows, bins=bins)


def histogram_plot(
    kept: Histograms,
    path: str | os.PathLike[str] | None = None,
    *,
    of: str = "weights",
    kind: str = "ridge",
    parameters: str | Sequence[str] | None = None,
    **look: Unpack[Look],
) -> Plot:
    """How the values of each parameter spread over the epochs; saved if a path is given.

    of : "weights" or "gradients"
    kind : "ridge", a hill per epoch with the last one in front, or "heat", a column per epoch
    parameters : names of those to draw, by default the first six

    Raises ValueError before the first epoch, and for names that are none.
    """
    who = "histogram_plot"
    style = Style.of(who, look)
    if not isinstance(kept, Histograms):
        raise TypeError(f"{who}: wanted what viz.histograms() gives, found {type(kept).__name__}.")
    for word, value, known in (("of", of, _OF), ("kind", kind, ("ridge", "heat"))):
        if value not in known:
            raise ValueError(f"{who}: {word} is {' or '.join(map(repr, known))}, found {value!r}.")
    if not kept.epochs:
        raise ValueError(f"{who}: nothing has been kept yet; pass the callback to fit(callbacks=[...]).")
    if of not in kept.kept:
        raise ValueError(f"{who}: no gradients were kept; make the callback with data, viz.histograms(data).")
    names = (
        [parameters]
        if isinstance(parameters, str)
        else list(kept.names if parameters is None else parameters)
    )
    for name in names:
        if name not in kept.names:
            raise ValueError(f"{who}: there is no parameter {name!r}.{did_you_mean(str(name), kept.names)}")
    left_out = len(names) - _MOST_PANELS if parameters is None else 0
    names = names[:_MOST_PANELS] if parameters is None else names
    columns = min(len(names), 3 if style.size == "slide" else 2)
    rows = -(-len(names) // columns)
    found = kept.kept[of]
    with style.page(7.2, 0.9 + 2.4 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, name in zip(grid, names, strict=False):
            draw = _ridges if kind == "ridge" else _columns
            draw(style, axis, kept.epochs, [one[name] for one in found])
            axis.set_title(words(name, 40))
            label = "value" if of == "weights" else "gradient"
            style.dress(axis, *((label, "epoch") if kind == "ridge" else ("epoch", label)), grid="x")
        for axis in grid[len(names) :]:
            axis.remove()
        notes = ["Height" if kind == "ridge" else "Depth of colour"]
        notes[0] += (
            " is the share of a parameter's elements per unit of value, by its own largest in each epoch."
        )
        notes += _lost(kept.epochs, found, names)
        if left_out > 0:
            notes.append(f"{left_out} more parameters are not shown; choose by parameters=.")
        style.note(figure, notes)
        lines = [
            [e, n, one[n].edges[k], one[n].edges[k + 1], one[n].counts[k]]
            for n in names
            for e, one in zip(kept.epochs, found, strict=True)
            for k in range(len(one[n].counts))
        ]
        told = " ".join(
            f"{n}: from {_span(found[0][n])} in epoch {kept.epochs[0]} to {_span(found[-1][n])} in epoch "
            f"{kept.epochs[-1]}."
            for n in names
        )
        table = Table.of(["epoch", "parameter", "from", "to", "count"], lines)
        plot = style.plot(
            who, figure, table, f"Histograms of {of} over the epochs. {told} {' '.join(notes[1:])}"
        )
    if path is not None:
        plot.save(path)
    return plot


def _named(parameters: Sequence[gn.Node]) -> dict[str, gn.Node]:
    found: dict[str, gn.Node] = {}
    for node in parameters:
        path = "/".join(filter(None, [node.scope, node.name or "parameter"]))
        name, again = path, 1
        while name in found:
            again += 1
            name = f"{path}#{again}"
        found[name] = node
    return found


def _histogram(values: np.ndarray, bins: int) -> Histogram:
    flat = np.asarray(values, dtype=np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    # Equal values make one block about them, as wide as can be told from them.
    room = 0.0 if high - low > 1e-9 * max(abs(low), abs(high)) else max(abs(high), 1.0) * 1e-3
    # Few elements in many bins would make a comb.
    bins = min(bins, max(4, int(np.ceil(2 * np.sqrt(len(flat))))))
    counts, edges = np.histogram(finite, bins=bins, range=(low - room, high + room))
    return Histogram(edges, counts, len(flat) - len(finite))


def _density(one: Histogram) -> np.ndarray:
    density = one.counts / np.diff(one.edges)
    return density / density.max() if density.max() > 0 else density


def _ridges(style: Style, axis: Any, epochs: Sequence[int], found: Sequence[Histogram]) -> None:
    """Hills, one behind the other; of many epochs an even choice with the first and the last."""
    chosen = np.unique(np.linspace(0, len(epochs) - 1, min(len(epochs), _MOST_RIDGES)).round().astype(int))
    step = float(np.median(np.diff([epochs[k] for k in chosen]))) if len(chosen) > 1 else 1.0
    first, last = style.colours[1], style.colours[0]
    for place, k in enumerate(chosen):
        share = place / max(len(chosen) - 1, 1)
        colour = blended(first, last, share)
        edges, height = found[k].edges, _density(found[k]) * 2.4 * step
        x = np.repeat(edges, 2)[1:-1]
        top = epochs[k] - np.repeat(height, 2)
        axis.fill_between(
            x, np.full(len(x), float(epochs[k])), top, facecolor=blended(style.theme.page, colour, 0.35),
            edgecolor=colour, linewidth=0.9 * style.scale, zorder=2 + place * 0.01,
        )  # fmt: skip
    axis.set_ylim(epochs[-1] + 0.3 * step, epochs[0] - 2.7 * step)
    axis.yaxis.set_major_locator(_whole(epochs))


def _columns(style: Style, axis: Any, epochs: Sequence[int], found: Sequence[Histogram]) -> None:
    for epoch, one in zip(epochs, found, strict=True):
        axis.pcolormesh(
            np.array([epoch - 0.5, epoch + 0.5]), one.edges, _density(one)[:, None], cmap=style.amounts(),
            vmin=-0.06, vmax=1.0, rasterized=True,
        )  # fmt: skip
    axis.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axis.xaxis.set_major_locator(_whole(epochs))


def _whole(epochs: Sequence[int]) -> Any:
    """Ticks at a few epochs, none beyond them."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    ticks = MaxNLocator(nbins=4, integer=True).tick_values(epochs[0], epochs[-1])
    return FixedLocator([t for t in ticks if epochs[0] <= t <= epochs[-1]])


def _lost(epochs: Sequence[int], found: Sequence[Mapping[str, Histogram]], names: Sequence[str]) -> list[str]:
    notes = []
    for name in names:
        bad = [(e, one[name].lost) for e, one in zip(epochs, found, strict=True) if one[name].lost]
        if bad:
            notes.append(f"{name}: {bad[0][1]} elements are no finite number from epoch {bad[0][0]} on.")
    return notes


def _span(one: Histogram) -> str:
    return f"{number(one.edges[0])} … {number(one.edges[-1])}"
