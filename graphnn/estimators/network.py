"""Network: an estimator's graph, its trainer and its state, built from a blueprint and pickled as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn import nn, optim
from graphnn.core.errors import DataError, SettingError
from graphnn.core.graph import Graph
from graphnn.core.leaves import input as new_input
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.engine.program import Program
from graphnn.estimators.blueprint import Blueprint
from graphnn.init import generator
from graphnn.ops import (
    binary_cross_entropy_with_logits,
    exp,
    huber_loss,
    mean_absolute_error,
    poisson_nll_loss,
    sigmoid,
    size,
    softmax,
    softmax_cross_entropy,
    square,
)
from graphnn.tables.stack import activation_of, stack
from graphnn.train import Trainer

# Rows that are predicted at once.
_CHUNK = 1024


class Network:
    """Inputs x (batch, features), y and, if rows are weighted, weight (batch,); output, loss, trainer.

    The loss is the sum over the members of an ensemble, so that each learns as it would alone. Pickling keeps the
    blueprint and the numbers, and builds the graph again.
    """

    def __init__(self, blueprint: Blueprint):
        self.blueprint = plan = blueprint
        self.x = new_input("x", ("batch", plan.features), plan.dtype)
        self.y = (
            new_input("y", ("batch",), "int64")
            if plan.kind == "softmax"
            else new_input("y", ("batch", plan.outputs), plan.dtype)
        )
        self.weight = new_input("weight", ("batch",), plan.dtype) if plan.weighted else None
        nets = [self._member(k) for k in range(plan.ensemble)]
        results = [_called(net, self.x, plan, training=False) for net in nets]
        same = plan.net is None and not plan.dropout and not plan.batch_norm
        practised = results if same else [_called(net, self.x, plan, training=True) for net in nets]
        with scope("output"):
            self.output = _mean([_final(result, plan) for result in results])
        self.layers = tuple(nets)
        with scope("loss"):
            loss = _sum([self._loss(result) for result in practised])
            measured = loss if same and not plan.alpha else _sum([self._loss(result) for result in results])
            if plan.alpha:
                loss = loss + self._penalty()
        self.trainer = Trainer(
            loss, _optimizer(plan), output=self.output, evaluation_loss=None if measured is loss else measured
        )
        self.loss = loss
        # All that later steps depend on, in the order of the graph, which is the same whenever it is built.
        graph = Graph([loss, self.output, *self.trainer.updates.values()])
        self._kept = tuple(dict.fromkeys([*graph.parameters, *self.trainer.updates]))
        self._predict: Program | None = None

    def _member(self, number: int) -> nn.Layer:
        plan = self.blueprint
        seed = int(generator(plan.seed, f"member {number}").integers(2**31))
        name = "net" if plan.ensemble == 1 else f"net{number + 1}"
        if plan.net is None:
            return stack(
                plan.features, plan.hidden, plan.outputs, activation_of(plan.activation, "activation"),
                dropout=plan.dropout, batch_norm=plan.batch_norm, seed=seed, name=name,
            )  # fmt: skip
        made = plan.net(plan.outputs, seed)
        if not isinstance(made, nn.Layer):
            raise SettingError(f"net: a function of (outputs, seed) that gives a layer; it gave {made!r}.")
        if plan.ensemble > 1:
            made.name = name
        return made

    def _loss(self, result: Node) -> Node:
        """The mean over the rows, by their weights if they have some; the sum over several outputs."""
        plan = self.blueprint
        rows = _LOSSES[plan.loss](result, self.y, plan.smoothing)
        if len(rows.shape) == 2:
            rows = rows.sum(axis=1) if plan.outputs > 1 else rows.reshape(("batch",))
        if self.weight is None:
            return rows.mean()
        return (rows * self.weight).sum() / self.weight.sum()

    def _penalty(self) -> Node:
        """alpha / 2 * |w|^2 over the rows of the batch, for weights and not for biases, as scikit-learn has it."""
        plan = self.blueprint
        matrices = [p for p in self.parameters if len(p.shape) > 1]
        rows = size(self.x.shape[:1], plan.dtype) if self.weight is None else self.weight.sum()
        return _sum([square(w).sum() for w in matrices]) * (0.5 * plan.alpha) / rows

    @property
    def parameters(self) -> list[Node]:
        """What is trained, layer by layer."""
        found = [p for net in self.layers for p in net.parameters if p.trainable]
        return list(dict.fromkeys(found))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """The output for rows (n, features): probabilities, or values."""
        if self._predict is None:
            self._predict = Program(self.output)
        parts = [self._predict.run({self.x: rows[i : i + _CHUNK]}) for i in range(0, len(rows), _CHUNK)]
        return np.concatenate(parts)

    def state(self) -> list[np.ndarray]:
        """Copies of all parameters, running statistics, counters and the optimiser's state."""
        return [np.array(node.value) for node in self._kept]

    def set_state(self, arrays: Sequence[np.ndarray]) -> None:
        """Put back what `state` gave, here or in a network of the same sizes."""
        if [a.shape for a in arrays] != [n.shape for n in self._kept]:
            raise DataError("estimator: the kept numbers do not fit the network that its settings build.")
        for node, array in zip(self._kept, arrays, strict=True):
            node.value = array

    def take_weights(self, other: Network) -> None:
        """Begin with the parameters and running statistics of a network of the same layers."""
        mine, theirs = (
            list(dict.fromkeys(p for net in n.layers for p in net.parameters)) for n in (self, other)
        )
        if [p.shape for p in mine] != [p.shape for p in theirs]:
            raise SettingError(
                "warm_start: the settings build layers of other sizes than the last fit had; say warm_start=False."
            )
        for new, old in zip(mine, theirs, strict=True):
            new.value = old.value

    def __reduce__(self) -> tuple[Callable[..., Network], tuple[Any, ...]]:
        return _rebuilt, (self.blueprint, self.state(), [row["loss"] for row in self.trainer.history])


def _rebuilt(blueprint: Blueprint, state: Sequence[np.ndarray], losses: Sequence[float]) -> Network:
    network = Network(blueprint)
    network.set_state(state)
    for loss in losses:
        network.trainer.history.add({"loss": loss})
    return network


def _called(net: nn.Layer, x: Node, plan: Blueprint, *, training: bool) -> Node:
    result = net(x, training=training)
    if result.shape[1:] != (plan.outputs,):
        raise SettingError(
            f"net: the layer gives shape {result.shape}, wanted (batch, {plan.outputs}), one column per output."
        )
    return result


def _final(result: Node, plan: Blueprint) -> Node:
    if plan.kind == "softmax":
        return softmax(result)
    if plan.kind == "logistic":
        return sigmoid(result)
    return exp(result) if plan.loss == "poisson" else result


def _mean(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else _sum(nodes) / float(len(nodes))


def _sum(nodes: Sequence[Node]) -> Node:
    total = nodes[0]
    for node in nodes[1:]:
        total = total + node
    return total


def _logistic(result: Node, y: Node, smoothing: float) -> Node:
    target = y if not smoothing else y * (1.0 - smoothing) + 0.5 * smoothing
    return binary_cross_entropy_with_logits(result, target, reduction="none")


_LOSSES: Mapping[str, Callable[[Node, Node, float], Node]] = {
    "softmax": lambda r, y, s: softmax_cross_entropy(r, y, reduction="none", label_smoothing=s),
    "logistic": _logistic,
    "squared_error": lambda r, y, s: square(r - y) * 0.5,
    "absolute_error": lambda r, y, s: mean_absolute_error(r, y, reduction="none"),
    "huber": lambda r, y, s: huber_loss(r, y, reduction="none"),
    "poisson": lambda r, y, s: poisson_nll_loss(r, y, reduction="none"),
}


def _optimizer(plan: Blueprint) -> optim.Optimizer:
    schedules: dict[str, Callable[[int], optim.Schedule]] = {
        "cosine": optim.cosine,
        "linear": optim.linear,
        "one_cycle": lambda steps: optim.one_cycle(max(steps, 10)),
    }
    schedule = schedules[plan.schedule](plan.steps) if plan.schedule in schedules else None
    rate, moments = plan.rate, (plan.beta1, plan.beta2)
    if plan.solver == "sgd":
        nesterov = plan.nesterov and plan.momentum > 0.0
        return optim.SGD(rate, plan.momentum, nesterov=nesterov, schedule=schedule)
    if plan.solver == "lion":
        return optim.Lion(rate, *moments, schedule=schedule)
    for name, family in (
        ("rmsprop", optim.RMSProp),
        ("adagrad", optim.AdaGrad),
        ("adadelta", optim.AdaDelta),
    ):
        if plan.solver == name:
            return family(rate, schedule=schedule)
    # L-BFGS asks the graph for loss and gradients only; its trainer stands ready to go on with Adam.
    kinds = {"adamw": optim.AdamW, "nadam": optim.Nadam}
    return kinds.get(plan.solver, optim.Adam)(rate, *moments, plan.epsilon, schedule=schedule)
