"""Keep the sizes of gradients and steps of every layer, epoch by epoch.

>>> import graphnn as gn
>>> data = gn.data.digits()
>>> statistics = gn.train.GradientStatistics(data, rows=64)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import GraphError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.engine.program import Program
from graphnn.ops import abs as abs_
from graphnn.ops import cast, concat, flatten, global_norm, mean, std
from graphnn.train.callback import Callback
from graphnn.train.diagnosis.report import table
from graphnn.train.diagnosis.stages import Stage, anatomy
from graphnn.train.rows import Data, matched_rows
from graphnn.transform.gradient import Adjoints

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

MEASURES = (
    "activation gradient", "activation gradient std", "parameter gradient", "parameter gradient std", "update ratio",
)  # fmt: skip


class GradientStatistics(Callback):
    """After each epoch measures, on one batch that stays the same, the gradients of every layer.

    data, rows : the batch is the first rows of this data
    history : whether the numbers enter the history too, as "<layer> <measure>"

    Per layer: mean size and spread of the loss's gradient at what the layer hands on ("activation gradient"), of the
    gradient of its parameters ("parameter gradient"), and the "update ratio": the norm of the step that the optimiser
    would make now by the norm of the layer's parameters; about 0.001 is usual. NaN where a layer has no parameters.
    """

    def __init__(self, data: Data, *, rows: int = 64, history: bool = True):
        self.rows = whole_number(rows, "GradientStatistics: rows", 1)
        self._data, self._into_history = data, bool(history)
        self.layers: tuple[str, ...] = ()
        self._program: Program | None = None
        self._owner: Trainer | None = None
        self._feeds: dict[Node, np.ndarray] = {}
        self._values: list[np.ndarray] = []
        self._epochs: list[int] = []

    def begin(self, trainer: Trainer) -> None:
        self._values, self._epochs = [], []
        if self._owner is trainer:
            return
        arrays, _ = matched_rows(self._data, [trainer.loss], "GradientStatistics")
        stages = anatomy(trainer.loss, trainer.output).stages
        if not stages:
            raise GraphError("GradientStatistics: the loss has no layer in which data meets parameters.")
        self.layers = tuple(s.name for s in stages)
        self._program = Program(_measured(trainer, stages))
        self._feeds = {n: arrays[n][: self.rows] for n in self._program.inputs}
        self._owner = trainer

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        if self._program is None:
            return
        found = np.array(self._program.run(self._feeds), dtype=np.float64)
        values = found.reshape(len(self.layers), len(MEASURES))
        self._values.append(values)
        self._epochs.append(len(trainer.history))
        if self._into_history:
            for layer, numbers in zip(self.layers, values.tolist(), strict=True):
                row.update({f"{layer} {m}": v for m, v in zip(MEASURES, numbers, strict=True)})

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """ "epoch" (epochs,), and each measure as an array (epochs, layers)."""
        shape = (len(self._values), len(self.layers), len(MEASURES))
        values = np.array(self._values, dtype=np.float64).reshape(shape)
        out: dict[str, np.ndarray] = {"epoch": np.array(self._epochs, dtype=np.int64)}
        out.update({m: values[:, :, i] for i, m in enumerate(MEASURES)})
        return out

    def table(self) -> str:
        """One line per epoch and layer, as text."""
        rows = [
            [f"{epoch} {layer}", *(f"{v:.3g}" for v in line)]
            for epoch, values in zip(self._epochs, self._values, strict=True)
            for layer, line in zip(self.layers, values.tolist(), strict=True)
        ]
        return table(["epoch layer", *MEASURES], rows)

    def state(self) -> dict[str, Any]:
        return {"epochs": list(self._epochs), "values": [np.array(v) for v in self._values]}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self._epochs = list(state["epochs"])
        self._values = [np.array(v) for v in state["values"]]


def _measured(trainer: Trainer, stages: tuple[Stage, ...]) -> list[Node]:
    adjoints = Adjoints(trainer.loss)
    slope = dict(zip(trainer.parameters, trainer.gradients, strict=True))
    nan = constant(np.nan, float64)
    out: list[Node] = []
    for stage in stages:
        g = adjoints[stage.output]
        out += [nan, nan] if g is None else [mean(abs_(cast(g, float64))), std(cast(g, float64))]
        learned = [p for p in stage.parameters if p in slope]
        if not learned:
            out += [nan, nan, nan]
            continue
        all_ = concat([flatten(cast(slope[p], float64)) for p in learned])
        before = [cast(p, float64) for p in learned]
        after = [cast(trainer.updates.get(p, p), float64) for p in learned]
        change = global_norm([new - old for new, old in zip(after, before, strict=True)])
        out += [mean(abs_(all_)), std(all_), change / global_norm(before)]
    return out


__all__ = ["MEASURES", "GradientStatistics"]
