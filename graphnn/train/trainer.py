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

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.core.errors import FeedError, GraphError, SettingError, ShapeError
from graphnn.core.graph import Graph
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.settings import seed_number, whole_number
from graphnn.data.dataset import Dataset
from graphnn.engine.program import Program
from graphnn.engine.run import Run, trace
from graphnn.ops import cast
from graphnn.optim.optimizer import Optimizer
from graphnn.train.call import number, put
from graphnn.train.callback import Callback, checked_callbacks
from graphnn.train.epoch import Epochs, Position
from graphnn.train.evaluation import CHUNK, Evaluation, Measure, checked_metrics, nodes_of
from graphnn.train.fitting import Plan, fit_epochs
from graphnn.train.history import History
from graphnn.train.identity import Identity
from graphnn.train.ready import classification, regression
from graphnn.train.rows import Data, Rows, matched_rows, place_of
from graphnn.train.state import State
from graphnn.train.step import Step, checked_parameters, plain_step
from graphnn.train.turns import Turn, checked_turns, step_in_turn
from graphnn.train.whole_state import put_state, state_nodes, state_of

if TYPE_CHECKING:
    from graphnn.nn.layer import Layer
    from graphnn.train.checkpoint import Checkpoint

# Data sets that stay prepared for measuring.
_KEPT_EVALUATIONS = 3


class Trainer:
    """Trains the parameters of a scalar loss.

    Parameters
    ----------
    loss : 0-d float node, a mean over the rows of a batch
    optimizer : builds the step from parameters and gradients
    output : what `predict` gives, such as the logits
    metrics : {name: 0-d node, a mean over a batch, or a gn.metrics.Metric}, measured by `evaluate` and on validation
        data
    parameters : which to train; by default every trainable parameter that the loss needs
    evaluation_loss : the loss of the inference graph, where that differs from `loss`, as with dropout
    terms : {name: 0-d node}, parts of a mixed loss, whose means over each epoch enter the history
    accumulate : batches whose gradients make one step; for a mean loss the same as one batch of all their rows
    watch : look for NaN and infinity after every node, and name the first bad one (slower)
    """

    def __init__(
        self,
        loss: Node,
        optimizer: Optimizer,
        *,
        output: Node | None = None,
        metrics: Mapping[str, Measure] | None = None,
        parameters: Sequence[Node] | None = None,
        evaluation_loss: Node | None = None,
        terms: Mapping[str, Node] | None = None,
        accumulate: int = 1,
        watch: bool = False,
    ):
        if not isinstance(loss, Node):
            raise GraphError(f"Trainer: loss is a node, found {loss!r}.")
        if not isinstance(optimizer, Optimizer):
            raise SettingError(
                f"Trainer: optimizer is one of gn.optim, such as gn.optim.Adam(), found {optimizer!r}."
            )
        if evaluation_loss is not None:
            if not isinstance(evaluation_loss, Node):
                raise GraphError(f"Trainer: evaluation_loss is a node, found {evaluation_loss!r}.")
            if evaluation_loss.shape != ():
                raise ShapeError(f"Trainer: evaluation_loss {describe(evaluation_loss)} is not a scalar.")
        measured = loss if evaluation_loss is None else evaluation_loss
        accumulate = whole_number(accumulate, "Trainer: accumulate", 1)
        checked_metrics(metrics or {}, ["loss"])
        chosen = checked_parameters(loss, parameters, Graph(loss).parameters)
        step = plain_step(loss, optimizer, chosen, accumulate=accumulate)
        self._set_up(
            loss, optimizer, step, {"loss": measured}, output=output, metrics=metrics, terms=terms,
            accumulate=accumulate, watch=watch,
        )  # fmt: skip

    def _set_up(
        self, loss: Node, optimizer: Optimizer, step: Step, evaluation_losses: Mapping[str, Node], *,
        output: Node | None, metrics: Mapping[str, Measure] | None, terms: Mapping[str, Node] | None,
        accumulate: int, watch: bool,
    ) -> None:  # fmt: skip
        if output is not None and not isinstance(output, Node):
            raise GraphError(f"Trainer: output is a node, found {output!r}.")
        self.metrics = checked_metrics({} if metrics is None else metrics, evaluation_losses)
        self.loss, self.optimizer, self.output = loss, optimizer, output
        self.evaluation_loss = next(iter(evaluation_losses.values()))
        self.terms = _checked_terms({} if terms is None else terms, step.measured)
        self.accumulate, self.watch = accumulate, watch
        self.graph = Graph([loss, *self.terms.values()])
        self.parameters, self.gradients, self.updates = step.parameters, step.gradients, step.updates
        self.history = History()
        self.position = Position([*step.measured, *self.terms])
        self._step = replace(step, measured={**step.measured, **self.terms})
        self.gathered = step.gathered
        self.measures: dict[str, Measure] = {**evaluation_losses, **self.metrics}
        self._epochs: tuple[Any, Epochs] | None = None
        self._evaluations: dict[Any, Evaluation] = {}
        self._programs: dict[str, Program] = {}
        # What is known of the last fit: its callbacks, why one of them stopped it, and on what it was; or, of a state
        # that was set and no fit has gone on with yet, the whole of it.
        self.callbacks: tuple[Callback, ...] = ()
        self.stop_reason: str | None = None
        self.identity: Identity | None = None
        self.remembered: State | None = None

    # Other ways to make one

    @classmethod
    def in_turn(
        cls,
        turns: Sequence[Turn],
        *,
        output: Node | None = None,
        metrics: Mapping[str, Measure] | None = None,
        terms: Mapping[str, Node] | None = None,
        watch: bool = False,
    ) -> Trainer:
        """A trainer of several losses that take turns on each batch, as the two networks of a GAN do.

        All turns are one compiled step; each sees the parameters that the turns before it left, and has an optimiser
        of its own. The history has a column "name loss" per turn; `loss` is the sum of the losses.
        """
        found = checked_turns(turns)
        loss = found[0].loss
        for turn in found[1:]:
            loss = loss + cast(turn.loss, loss.dtype)
        step = step_in_turn(found)
        made = cls.__new__(cls)
        losses = {f"{turn.name} loss": turn.loss for turn in found}
        made._set_up(
            loss, found[0].optimizer, step, losses, output=output, metrics=metrics, terms=terms,
            accumulate=1, watch=watch,
        )  # fmt: skip
        return made

    @classmethod
    def classifier(
        cls, net: Layer | Callable[[Node], Node], features: int | Sequence[int], classes: int,
        optimizer: Optimizer, *, metrics: Callable[[Node, Node], Mapping[str, Measure]] | None = None,
        label_smoothing: float = 0.0, dtype: str = "float32", accumulate: int = 1, watch: bool = False,
    ) -> Trainer:  # fmt: skip
        """A trainer of a net that tells classes apart, for data with inputs "x" and "y".

        net : a layer that ends in `classes` scores without a softmax, such as gn.nn.Sequential
        features : of a row of x: how many, or their shape, as (1, 28, 28)
        classes : how many; y holds numbers from 0 to classes - 1
        metrics : function of (scores, y) that gives {name: metric}; by default the accuracy

        The loss is the softmax cross-entropy; evaluating and predicting use the net's inference graph. The members of
        a gn.nn.Ensemble are each trained as if alone, and predict scores whose softmax is their average.
        """
        parts = classification(net, features, classes, metrics, label_smoothing, dtype)
        return cls(parts.pop("loss"), optimizer, accumulate=accumulate, watch=watch, **parts)

    @classmethod
    def regressor(
        cls, net: Layer | Callable[[Node], Node], features: int | Sequence[int], targets: int | Sequence[int],
        optimizer: Optimizer, *, metrics: Callable[[Node, Node], Mapping[str, Measure]] | None = None,
        loss: Callable[[Node, Node], Node] | None = None, dtype: str = "float32", accumulate: int = 1,
        watch: bool = False,
    ) -> Trainer:  # fmt: skip
        """A trainer of a net that predicts numbers, for data with inputs "x" and "y".

        features : of a row of x: how many, or their shape
        targets : of a row of y: 1 for a column (y of shape (rows,) or (rows, 1)), more for (rows, targets), or their
            shape; `predict` gives (rows,) for 1
        loss : function of (output, y) that gives a scalar; by default the mean squared error
        metrics : function of (output, y) that gives {name: metric}; by default R2
        """
        parts = regression(net, features, targets, metrics, loss, dtype)
        return cls(parts.pop("loss"), optimizer, accumulate=accumulate, watch=watch, **parts)

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
        callbacks: Sequence[Callback | Callable[[Any, dict[str, float]], object]] = (),
        checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
        resume: bool = False,
    ) -> History:
        """Train for `epochs` passes over the rows of `data`, in mini-batches drawn inside compiled code.

        data : a Dataset (for inputs called x and y), or {input: rows}; memory-mapped rows are read batch by batch
        batch : rows per step; the last step of an epoch takes what is left
        seed : of the shuffles; the same seed and start give the same bits
        validation : data to evaluate after each epoch; its measures enter the history as "validation ..."
        callbacks : gn.train.Callback, or functions f(trainer, row), called after each epoch
        checkpoint : a file to keep the state of the training in, or gn.train.Checkpoint, which says when
        resume : go on from the checkpoint if its file is there, else from the trainer's present state, as after Ctrl-C
            or `set_state`; `epochs` then counts those of the training that is gone on with. It ends with the bits of
            one that was not interrupted. Without a file, and without an unfinished fit of these data and settings, a
            new one begins at the present parameters, so a script may always say resume=True.

        May be called again to go on. Ctrl-C ends it between steps; parameters and history stay usable.
        Raises NotFiniteError, naming the first bad node, when the loss is no longer a number; SettingError or
        DataError, before anything is changed, where what is gone on with does not fit.
        """
        plan = Plan(
            whole_number(epochs, "fit: epochs", 1),
            whole_number(batch, "fit: batch", 1),
            shuffle=bool(shuffle),
            seed=seed_number(seed, "fit"),
            progress=bool(progress),
            resume=bool(resume),
        )
        found = checked_callbacks(callbacks)
        arrays, axis = matched_rows(data, [self.loss, *self.terms.values()], "fit")
        measuring = None if validation is None else self._evaluation(validation, "validation")
        return fit_epochs(self, plan, arrays, axis, measuring, found, checkpoint)

    def stop(self, why: str) -> None:
        """End the running `fit` after this epoch; for callbacks. `why` becomes `history.stopped`."""
        if not isinstance(why, str) or not why:
            raise SettingError(f"stop: say why in words, found {why!r}.")
        self.stop_reason = why

    def step(self, feeds: Mapping[Any, Any]) -> float:
        """One optimiser step on one batch; gives the loss before it (of turns, the sum of their losses)."""
        return float(self._program("step", self.loss, self.updates).run(feeds))

    def inspect(self, feeds: Mapping[Any, Any]) -> Run:
        """Values, gradients and edge contributions of the loss for one batch, without a step."""
        return trace(self.loss, feeds)

    # Measuring

    def evaluate(self, data: Data) -> dict[str, Any]:
        """Loss and metrics over all rows of `data`, as floats, or arrays for metrics such as a confusion matrix."""
        return self._evaluation(data, "evaluate").run()

    def predict(self, feeds: Any) -> np.ndarray:
        """The model's output for all rows; `feeds` is a Dataset, {input: rows}, or the rows if there is one input."""
        if self.output is None:
            raise SettingError(
                "predict: the trainer does not know the model's output. Pass output=... to Trainer."
            )
        program = self._program("predict", self.output)
        if not isinstance(feeds, Mapping | Dataset):
            if len(program.inputs) != 1:
                raise FeedError(
                    f"predict: the output has {len(program.inputs)} inputs; pass {{input: rows}}."
                )
            feeds = {program.inputs[0]: feeds}
        arrays, _ = matched_rows(feeds, [self.output], "predict")
        count = len(next(iter(arrays.values())))
        parts = [
            program.run({n: a[i : i + CHUNK] for n, a in arrays.items()}) for i in range(0, count, CHUNK)
        ]
        return np.concatenate(parts)

    # State

    def state(self) -> State:
        """Everything that later steps depend on, as arrays and facts; see `gn.train.save_checkpoint` for files."""
        return state_of(self)

    def set_state(self, state: State) -> None:
        """Put a state of an equal trainer in place; the next `fit(resume=True)` goes on from it exactly.

        Raises DataError, before anything is changed, if the state is of another model, optimiser or trainer.
        """
        put_state(self, state)

    def snapshot(self) -> State:
        """The present state, to be put back by `set_state`, for tools that try something."""
        return state_of(self)

    @functools.cached_property
    def state_nodes(self) -> dict[str, Node]:
        """All parameters that matter between two steps, by name."""
        return state_nodes(self)

    @contextlib.contextmanager
    def kept(self) -> Iterator[State]:
        """A block after which the trainer is as it was before, whatever was trained within."""
        before, epochs = state_of(self), self._epochs
        known = self.callbacks, self.identity, self.remembered
        try:
            yield before
        finally:
            put_state(self, before)
            self._epochs = epochs
            self.callbacks, self.identity, self.remembered = known

    # Preparing

    def begin_anew(self, identity: Identity) -> None:
        """Stand before a new epoch, for a fit that goes on from nothing but the parameters."""
        self.identity, self.stop_reason = identity, None
        if number(self.position.cursor):  # an epoch was interrupted: its order is not drawn again
            self.position.next_epoch()
            for node in self.gathered:
                put(node, 0)

    def epochs_for(self, arrays: Rows, axis: str, *, shuffle: bool, seed: int) -> Epochs:
        """The compiled epochs over these rows; the last ones are kept."""
        key = (place_of(arrays), shuffle, seed)
        if self._epochs is None or self._epochs[0] != key:
            self._epochs = key, Epochs(
                self._step, arrays, axis, self.position,
                shuffle=shuffle, seed=seed, accumulate=self.accumulate, watch=self.watch,
            )  # fmt: skip
        return self._epochs[1]

    def _program(self, name: str, outputs: Any, updates: Any = None) -> Program:
        if name not in self._programs:
            self._programs[name] = Program(outputs, updates, watch=self.watch)
        return self._programs[name]

    def _evaluation(self, data: Data, who: str) -> Evaluation:
        arrays, axis = matched_rows(data, nodes_of(self.measures), who)
        key = place_of(arrays)
        found = self._evaluations.pop(key, None)
        if found is None:
            found = Evaluation(self.measures, arrays, axis, watch=self.watch)
        self._evaluations[key] = found  # the newest is the last
        if len(self._evaluations) > _KEPT_EVALUATIONS:
            del self._evaluations[next(iter(self._evaluations))]
        return found


def _checked_terms(terms: Any, taken: Mapping[str, Node]) -> dict[str, Node]:
    if not isinstance(terms, Mapping):
        raise SettingError(f"Trainer: terms are a mapping {{name: node}}, found {terms!r}.")
    for name, node in terms.items():
        if not isinstance(name, str) or name in taken or name == "seconds":
            raise SettingError(
                f"Trainer: a term is called by a text other than {', '.join(taken)}, seconds; found {name!r}."
            )
        if not isinstance(node, Node) or node.shape != ():
            raise SettingError(f"Trainer: term {name!r} is a 0-d node, a part of the loss, found {node!r}.")
    return dict(terms)


__all__ = ["Trainer"]
