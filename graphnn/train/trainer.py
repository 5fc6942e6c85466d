"""Trainer: fit, evaluate, predict and inspect a model given as nodes.

>>> import graphnn as gn
>>> data = gn.data.digits()
>>> x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
>>> logits = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)(x)
>>> trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.Adam(0.01), output=logits,
...                      metrics={"accuracy": gn.accuracy(logits, y)})
>>> history = trainer.fit(data, epochs=5, progress=False)
>>> trainer.evaluate(data)["accuracy"] > 0.9
True
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.errors import FeedError, GraphError, NotFiniteError, SettingError, ShapeError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import as_array, describe, is_counter
from graphnn.core.node import Node
from graphnn.core.settings import seed_number, whole_number
from graphnn.data.dataset import Dataset
from graphnn.engine.program import Program
from graphnn.engine.progress import progress_bar
from graphnn.engine.run import Run, trace
from graphnn.optim.optimizer import Optimizer
from graphnn.train.epoch import Epochs
from graphnn.train.history import History
from graphnn.transform.gradient import gradient

Data = Dataset | Mapping[Any, Any]

# Rows that evaluate and predict process at once.
_CHUNK = 1024


class Trainer:
    """Trains the parameters of a scalar loss.

    Parameters
    ----------
    loss : 0-d float node
    optimizer : builds the step from parameters and gradients
    output : what `predict` gives, such as the logits
    metrics : {name: 0-d node}, means over a batch, measured by `evaluate` and on validation data
    parameters : which to train; by default every float parameter that the loss needs
    evaluation_loss : the loss of the inference graph, where that differs from `loss`, as with dropout
    watch : look for NaN and infinity after every node, and name the first bad one (slower)
    """

    def __init__(
        self,
        loss: Node,
        optimizer: Optimizer,
        *,
        output: Node | None = None,
        metrics: Mapping[str, Node] | None = None,
        parameters: Sequence[Node] | None = None,
        evaluation_loss: Node | None = None,
        watch: bool = False,
    ):
        if not isinstance(loss, Node):
            raise GraphError(f"Trainer: loss is a node, found {loss!r}.")
        if not isinstance(optimizer, Optimizer):
            raise SettingError(
                f"Trainer: optimizer is one of gn.optim, such as gn.optim.Adam(), found {optimizer!r}."
            )
        for word, node in (("output", output), ("evaluation_loss", evaluation_loss)):
            if node is not None and not isinstance(node, Node):
                raise GraphError(f"Trainer: {word} is a node, found {node!r}.")
        if evaluation_loss is not None and evaluation_loss.shape != ():
            raise ShapeError(f"Trainer: evaluation_loss {describe(evaluation_loss)} is not a scalar.")
        self.loss, self.optimizer, self.output = loss, optimizer, output
        self.graph = Graph(loss)
        self.metrics = _checked_metrics(metrics or {})
        self.watch = watch
        self.history = History()
        if parameters is None:
            parameters = [p for p in self.graph.parameters if is_float(p.dtype)]
        self.parameters = tuple(parameters)
        if not self.parameters:
            raise GraphError(f"Trainer: {describe(loss)} depends on no parameter; there is nothing to train.")
        self.gradients = tuple(gradient(loss, list(self.parameters)))
        self.updates = optimizer.updates(self.parameters, self.gradients)
        self.updates.update({c: c + 1 for c in self.graph.parameters if is_counter(c)})
        self._evaluation_loss = loss if evaluation_loss is None else evaluation_loss
        self._epochs: tuple[Any, Epochs] | None = None
        self._programs: dict[str, Program] = {}

    # Training

    def fit(
        self,
        data: Data,
        *,
        epochs: int = 10,
        batch: int = 64,
        shuffle: bool = True,
        seed: int = 0,
        validation: Data | None = None,
        progress: bool = True,
    ) -> History:
        """Train for `epochs` passes over the rows of `data`, in mini-batches drawn inside compiled code.

        data : a Dataset (for inputs called x and y), or {input: rows}
        batch : rows per step; the last step of an epoch takes what is left
        seed : of the shuffles; the same seed and start give the same bits
        validation : data to evaluate after each epoch; its measures enter the history as "validation ..."

        May be called again to go on. Ctrl-C ends it between steps; parameters and history stay usable.
        Raises NotFiniteError, naming the first bad node, when the loss is no longer a number.
        """
        epochs, batch = whole_number(epochs, "fit: epochs", 1), whole_number(batch, "fit: batch", 1)
        seed = seed_number(seed, "fit")
        arrays, axis = self._rows(data, self.loss, "fit")
        checked = (
            None if validation is None else self._rows(validation, self._evaluation_loss, "validation")[0]
        )
        runner = self._epochs_for(arrays, axis, shuffle=shuffle, seed=seed)
        batch = min(batch, runner.rows)
        steps = -(-runner.rows // batch)
        with progress_bar(epochs * steps, "step", show=progress, keep=True) as bar:
            for _ in range(epochs):
                bar.set_description(f"epoch {len(self.history) + 1}", refresh=False)
                began = time.perf_counter()
                row = {"loss": runner.run(batch, bar.update)}
                row["seconds"] = time.perf_counter() - began
                if not np.isfinite(row["loss"]):
                    raise NotFiniteError(self._not_finite(row["loss"], arrays))
                if checked is not None:
                    row.update({f"validation {k}": v for k, v in self._evaluate(checked).items()})
                self.history.add(row)
                bar.set_postfix_str(_postfix(row), refresh=False)
        return self.history

    def step(self, feeds: Mapping[Any, Any]) -> float:
        """One optimiser step on one batch; gives the loss before it."""
        return float(self._program("step", self.loss, self.updates).run(feeds))

    def inspect(self, feeds: Mapping[Any, Any]) -> Run:
        """Values, gradients and edge contributions of the loss for one batch, without a step."""
        return trace(self.loss, feeds)

    # Measuring

    def evaluate(self, data: Data) -> dict[str, float]:
        """Loss and metrics over all rows of `data`, as means over rows."""
        return self._evaluate(self._rows(data, self._evaluation_loss, "evaluate")[0])

    def predict(self, feeds: Any) -> np.ndarray:
        """The model's output for all rows; `feeds` is {input: rows}, or the rows if there is one input."""
        if self.output is None:
            raise SettingError(
                "predict: the trainer does not know the model's output. Pass output=... to Trainer."
            )
        program = self._program("predict", self.output)
        if not isinstance(feeds, Mapping):
            if len(program.inputs) != 1:
                raise FeedError(
                    f"predict: the output has {len(program.inputs)} inputs; pass {{input: rows}}."
                )
            feeds = {program.inputs[0]: feeds}
        arrays, _ = self._rows(feeds, self.output, "predict")
        count = len(next(iter(arrays.values())))
        parts = [
            program.run({n: a[i : i + _CHUNK] for n, a in arrays.items()}) for i in range(0, count, _CHUNK)
        ]
        return np.concatenate(parts)

    def _evaluate(self, arrays: Mapping[Node, np.ndarray]) -> dict[str, float]:
        names = ["loss", *self.metrics]
        program = self._program("evaluate", [self._evaluation_loss, *self.metrics.values()])
        needed = {n: arrays[n] for n in program.inputs if n in arrays}
        count = len(next(iter(needed.values())))
        sums = np.zeros(len(names))
        for i in range(0, count, _CHUNK):
            part = {n: a[i : i + _CHUNK] for n, a in needed.items()}
            sums += np.array([float(v) for v in program.run(part)]) * min(_CHUNK, count - i)
        return dict(zip(names, (sums / count).tolist(), strict=True))

    def _program(self, name: str, outputs: Any, updates: Any = None) -> Program:
        if name not in self._programs:
            self._programs[name] = Program(outputs, updates, watch=self.watch)
        return self._programs[name]

    def _epochs_for(
        self, arrays: Mapping[Node, np.ndarray], axis: str, *, shuffle: bool, seed: int
    ) -> Epochs:
        key = (tuple((n, id(a)) for n, a in arrays.items()), shuffle, seed)
        if self._epochs is None or self._epochs[0] != key:
            runner = Epochs(
                self.loss, self.updates, arrays, axis, shuffle=shuffle, seed=seed, watch=self.watch
            )
            if self._epochs is not None:
                runner.epoch.value = int(self._epochs[1].epoch.value)
            self._epochs = (key, runner)
        return self._epochs[1]

    # Checking

    def _rows(self, data: Data, target: Node, who: str) -> tuple[dict[Node, np.ndarray], str]:
        """The rows for each input of `target`, checked, and the name of the batch axis."""
        inputs = Graph(
            [target, *self.metrics.values()] if who in ("evaluate", "validation") else target
        ).inputs
        given = {"x": data.x, "y": data.y} if isinstance(data, Dataset) else data
        if not isinstance(given, Mapping):
            raise FeedError(
                f"{who}: data is a Dataset or a mapping {{input: rows}}, found {type(data).__name__}."
            )
        if not inputs:
            raise GraphError(
                f"{who}: {describe(target)} has no input, so there are no rows to take. Use gn.Program."
            )
        by_name = {n.name: n for n in inputs}
        arrays: dict[Node, np.ndarray] = {}
        for key, value in given.items():
            node = key if isinstance(key, Node) else by_name.get(key)
            if node is None or by_name.get(node.name) is not node:
                if isinstance(data, Dataset):
                    continue
                raise FeedError(
                    f"{who}: there is no input {key!r}.{did_you_mean(str(key), [n.name or '' for n in inputs])}"
                )
            arrays[node] = _checked_rows(node, value, who)
        missing = [n.label for n in inputs if n not in arrays]
        if missing:
            raise FeedError(f"{who}: no rows for input {', '.join(missing)}.")
        axes = {str(n.shape[0]) for n in inputs}
        if len(axes) > 1:
            raise ShapeError(
                f"{who}: the inputs' first axes have different names: {', '.join(sorted(axes))}; "
                "one batch axis is wanted."
            )
        counts = {n.label: len(a) for n, a in arrays.items()}
        if len(set(counts.values())) > 1:
            raise ShapeError(
                f"{who}: rows differ in number: {', '.join(f'{k} has {v}' for k, v in counts.items())}."
            )
        if not next(iter(counts.values())):
            raise FeedError(f"{who}: the data has no rows.")
        return {n: arrays[n] for n in inputs}, axes.pop()

    def _not_finite(self, loss: float, arrays: Mapping[Node, np.ndarray]) -> str:
        text = f"fit: the mean loss of epoch {len(self.history) + 1} is {loss}."
        probe = Program(self.loss, optimize=False, watch=True)
        try:
            probe.run({n: a[:_CHUNK] for n, a in arrays.items()})
        except NotFiniteError as error:
            text += f" The first bad node now: {error}"
        bad = [p.label for p in self.parameters if not np.isfinite(p.value).all()]
        if bad:
            text += f" Parameters that are no longer finite: {', '.join(bad[:6])}."
        return (
            text + " A smaller learning rate or scaled data often helps; watch=True stops at the very step."
        )


def _checked_rows(node: Node, value: Any, who: str) -> np.ndarray:
    if not node.shape or not isinstance(node.shape[0], Dim) or node.shape[0].names() != [str(node.shape[0])]:
        raise ShapeError(
            f"{who}: the first axis of input {describe(node)} must be named, as in ('batch', 64), to take batches."
        )
    # Kernels read the rows where they are, if they are plain numbers side by side.
    same = (
        type(value) is np.ndarray
        and value.dtype == node.dtype
        and value.flags.c_contiguous
        and value.flags.aligned
    )
    array = value if same else as_array(value, node.dtype, f"{who}: input {node.label}")
    wanted = node.shape[1:]
    if array.ndim != len(node.shape) or any(
        isinstance(d, int) and d != s for d, s in zip(wanted, array.shape[1:])
    ):
        raise ShapeError(
            f"{who}: input {node.label} has rows of shape {shape_text(array.shape)}, wanted {shape_text(node.shape)}."
        )
    if is_float(node.dtype) and not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise FeedError(
            f"{who}: input {node.label} holds NaN or infinity, first in row {row}. Remove or fill such rows."
        )
    return array


def _checked_metrics(metrics: Mapping[str, Node]) -> dict[str, Node]:
    if not isinstance(metrics, Mapping):
        raise SettingError(f"Trainer: metrics are a mapping {{name: node}}, found {metrics!r}.")
    if "loss" in metrics:
        raise SettingError("Trainer: no metric is called 'loss', for the loss is measured anyway.")
    for name, node in metrics.items():
        if not isinstance(node, Node) or node.shape != ():
            raise SettingError(f"Trainer: metric {name!r} is a 0-d node, found {node!r}.")
    return dict(metrics)


def _postfix(row: Mapping[str, float]) -> str:
    return ", ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "seconds")
