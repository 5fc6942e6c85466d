"""The graph of a table: scaling, hidden layers, answers, loss; and the optimiser that its settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphnn import metrics, nn, ops, optim
from graphnn.core.leaves import input as new_input
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.data.dataset import Dataset
from graphnn.data.scaling import normalize, standardize, standardize_targets
from graphnn.metrics import Metric
from graphnn.tables.settings import TableSettings
from graphnn.tables.stack import activation_of, stack
from graphnn.train import Trainer


@dataclass(frozen=True)
class TableNet:
    """The nodes of one table: `answer` is probabilities (batch, classes), or numbers in the table's units."""

    answer: Node
    trainer: Trainer


def table_net(train: Dataset, settings: TableSettings) -> TableNet:
    """Build the graph for the features and targets of the training rows, which its scaling is learned from."""
    classes = len(train.classes)
    x = new_input("x", ("batch", train.x.shape[1]))
    scaled = x
    if settings.scaling != "none":
        learned = standardize if settings.scaling == "standardize" else normalize
        scaled = learned(train).node(x)

    def member() -> nn.Layer:
        return stack(
            train.x.shape[1], settings.hidden, classes or 1, activation_of(settings.activation, "settings"),
            dropout=settings.dropout, batch_norm=settings.batch_norm, seed=settings.seed,
        )  # fmt: skip

    practised: tuple[Node, ...]
    if settings.ensemble == 1:
        alone = member()
        scores, practised = alone(scaled), (alone(scaled, training=True),)
        found = ops.softmax(scores) if classes else scores
    else:
        several = nn.Ensemble(
            member, count=settings.ensemble, average="probabilities" if classes else "outputs", name="nets",
            seed=settings.seed,
        )  # fmt: skip
        found, practised = several(scaled), several.outputs(scaled, training=True)
    if classes:
        y = new_input("y", ("batch",), "int64")
        answer = found

        def loss(scores: Node) -> Node:
            return ops.softmax_cross_entropy(scores, y, label_smoothing=settings.label_smoothing)

        measured = _surprise(answer, y)
    else:
        y = new_input("y", ("batch", 1))
        targets = standardize_targets(train)
        scaled_y = targets.node(y)
        answer = targets.backward_node(found)

        def loss(scores: Node) -> Node:
            return ops.mean_squared_error(scores, scaled_y)

        measured = loss(found)
    trainer = Trainer(
        loss(practised[0]) if settings.ensemble == 1 else nn.ensemble_loss(practised, loss),
        _optimizer(settings, len(train)),
        output=answer,
        metrics=_watched(answer, y, classes),
        evaluation_loss=measured,
    )
    return TableNet(answer, trainer)


def _surprise(answer: Node, y: Node) -> Node:
    """The cross-entropy of averaged probabilities, never the logarithm of 0."""
    with scope("validation"):
        return ops.nll_loss(ops.log(ops.maximum(answer, 1e-30)), y)


def _watched(answer: Node, y: Node, classes: int) -> dict[str, Metric]:
    """What the history shows of each epoch."""
    if classes:
        return {"accuracy": metrics.accuracy(answer, y)}
    return {"r2": metrics.r2(answer, y)}


def table_measures(answer: Node, classes: int) -> tuple[Node, dict[str, Metric]]:
    """The input of the targets, and all that a report tells of held-out rows."""
    if not classes:
        y = new_input("y", ("batch", 1))
        return y, {
            "r2": metrics.r2(answer, y),
            "mae": metrics.mean_absolute_error(answer, y),
            "rmse": metrics.root_mean_squared_error(answer, y),
        }
    y = new_input("y", ("batch",), "int64")
    return y, {
        "accuracy": metrics.accuracy(answer, y),
        "f1": metrics.f1(answer, y, average="macro"),
        "auc": metrics.auc(answer, y, probabilities=True),
        "confusion": metrics.confusion_matrix(answer, y),
    }


def _optimizer(settings: TableSettings, rows: int) -> optim.Optimizer:
    steps = settings.epochs * -(-rows // settings.batch)
    schedules: dict[str, Callable[[], optim.Schedule]] = {
        "cosine": lambda: optim.cosine(steps),
        "linear": lambda: optim.linear(steps),
        "one_cycle": lambda: optim.one_cycle(max(steps, 10)),
        "warmup_cosine": lambda: optim.warmup(max(1, steps // 20)) * optim.cosine(steps),
    }
    made = schedules.get(settings.schedule)
    penalties = [kind(rate) for kind, rate in ((optim.L1, settings.l1), (optim.L2, settings.l2)) if rate]
    options: dict[str, Any] = {"schedule": None if made is None else made()}
    if penalties:
        options["penalty"] = penalties[0] if len(penalties) == 1 else penalties[0] + penalties[1]
    if settings.optimizer == "sgd":
        return optim.SGD(settings.rate, 0.9, **options)
    kinds: dict[str, Any] = {
        "adadelta": optim.AdaDelta,
        "adagrad": optim.AdaGrad,
        "adam": optim.Adam,
        "adamw": optim.AdamW,
        "lion": optim.Lion,
        "nadam": optim.Nadam,
        "rmsprop": optim.RMSProp,
    }
    made_optimizer: optim.Optimizer = kinds[settings.optimizer](settings.rate, **options)
    return made_optimizer
