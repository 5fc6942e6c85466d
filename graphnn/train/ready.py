"""Graphs of a net for the two commonest tasks: inputs, training and inference graph, loss, output, metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphnn.core.dims import shape_text
from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.graph import Graph
from graphnn.core.leaves import describe, input
from graphnn.core.node import Node
from graphnn.core.settings import fraction, whole_number
from graphnn.metrics import accuracy, r2
from graphnn.nn.ensemble import Ensemble, ensemble_loss
from graphnn.nn.layer import Layer
from graphnn.ops import log_softmax, logsumexp, mean_squared_error, reshape, softmax_cross_entropy, stack

if TYPE_CHECKING:
    from graphnn.train.evaluation import Measure

Net = Layer | Callable[[Node], Node]
Metrics = Callable[[Node, Node], Mapping[str, Any]] | None


def classification(
    net: Net, features: int | Sequence[int], classes: int, metrics: Metrics, label_smoothing: float, dtype: str
) -> dict[str, Any]:  # fmt: skip
    """The parts of a Trainer that tells classes apart."""
    who = "Trainer.classifier"
    classes = whole_number(classes, f"{who}: classes", 2)
    smoothing = fraction(label_smoothing, f"{who}: label_smoothing")
    members: tuple[Node, ...] = ()
    if isinstance(net, Ensemble) and net.average == "probabilities":
        members, output = _members(net, features, dtype, who)
    else:
        training, output = _graphs(net, features, dtype, who)
    if output.shape[1:] != (classes,):
        flat = " A gn.nn.Flatten() before it makes one axis of many." if output.ndim > 2 else ""
        raise ShapeError(
            f"{who}: the net gives {shape_text(output.shape)}, wanted (batch, {classes}): one score per class, "
            f"as from a last layer gn.nn.Dense({classes}).{flat}"
        )
    if output.op.name == "softmax":
        raise SettingError(
            f"{who}: the net ends in a softmax, but its loss takes the scores before it, and would apply another. "
            "Leave the softmax away; gn.softmax(trainer.output) gives the probabilities."
        )
    y = input("y", ("batch",), "int64")

    def loss_of(scores: Node) -> Node:
        return softmax_cross_entropy(scores, y, label_smoothing=smoothing)

    return {
        "loss": ensemble_loss(members, loss_of) if members else loss_of(training),
        "evaluation_loss": softmax_cross_entropy(output, y),
        "output": output,
        "metrics": _metrics(metrics, output, y, {"accuracy": accuracy}, who),
    }


def regression(
    net: Net, features: int | Sequence[int], targets: int | Sequence[int], metrics: Metrics,
    loss: Callable[[Node, Node], Node] | None, dtype: str,
) -> dict[str, Any]:  # fmt: skip
    """The parts of a Trainer that predicts numbers."""
    who = "Trainer.regressor"
    wanted = () if targets == 1 else _shape(targets, f"{who}: targets")
    training, output = _graphs(net, features, dtype, who)
    if wanted == () and output.shape[1:] == (1,):
        training, output = (reshape(node, ("batch",)) for node in (training, output))
    if output.shape[1:] != wanted:
        raise ShapeError(
            f"{who}: the net gives {shape_text(output.shape)}, wanted {shape_text((output.shape[0], *wanted))}: "
            f"as many numbers per row as there are targets."
        )
    y = input("y", ("batch", *wanted), str(output.dtype))
    measure = mean_squared_error if loss is None else loss
    found = []
    for prediction in (training, output):
        value = measure(prediction, y)
        if not isinstance(value, Node) or value.shape != ():
            raise GraphError(
                f"{who}: loss is a function of (output, y) that gives a 0-d node, found {value!r}."
            )
        found.append(value)
    return {
        "loss": found[0],
        "evaluation_loss": found[1],
        "output": output,
        "metrics": _metrics(metrics, output, y, {"R2": r2}, who),
    }


def _graphs(net: Net, features: int | Sequence[int], dtype: str, who: str) -> tuple[Node, Node]:
    """What the net makes of an input "x" in training and in inference."""
    if not callable(net) or isinstance(net, type):
        raise SettingError(f"{who}: net is a layer or a function of a node, found {net!r}.")
    shape = _shape(features, f"{who}: features")
    x = input("x", ("batch", *shape), "int64" if _takes(net) == "int64" else dtype)
    training, output = (net(x, training=True), net(x)) if isinstance(net, Layer) else (found := net(x), found)
    for node in (training, output):
        if not isinstance(node, Node):
            raise GraphError(f"{who}: the net gives a node, found {node!r}.")
        if not node.shape or node.shape[0] != x.shape[0]:
            raise ShapeError(f"{who}: the net gives {describe(node)}; its first axis must be the batch.")
    return training, output


def _members(
    net: Ensemble, features: int | Sequence[int], dtype: str, who: str
) -> tuple[tuple[Node, ...], Node]:
    """The scores of each member in training; and scores whose softmax is the average of their probabilities."""
    training, _ = _graphs(net, features, dtype, who)
    x = Graph(training).inputs[0]
    chances = [log_softmax(scores) for scores in net.outputs(x)]
    output = logsumexp(stack(chances), axis=0) - math.log(len(chances))
    return net.outputs(x, training=True), output


def _takes(net: Net) -> str:
    """The dtype that a net wants: that of its first layer that wants one, such as an embedding."""
    wanted = getattr(net, "takes", "any")
    if wanted == "any":
        for step in getattr(net, "steps", ()):
            wanted = _takes(step)
            if wanted != "any":
                break
    return str(wanted)


def _shape(given: Any, who: str) -> tuple[int, ...]:
    sizes = given if isinstance(given, Sequence) and not isinstance(given, str) else (given,)
    return tuple(whole_number(size, who, 1) for size in sizes)


def _metrics(
    wanted: Metrics, output: Node, y: Node, usual: Mapping[str, Callable[[Node, Node], Measure]], who: str
) -> dict[str, Measure]:  # fmt: skip
    if wanted is None:
        return {name: measure(output, y) for name, measure in usual.items()}
    found = wanted(output, y) if callable(wanted) else None
    if not isinstance(found, Mapping):
        raise SettingError(
            f"{who}: metrics is a function of (output, y) that gives {{name: metric}}, found {wanted!r}."
        )
    return dict(found)


__all__ = ["classification", "regression"]
