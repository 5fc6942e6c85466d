"""Readers of losses of labels: negative log likelihood, and softmax cross-entropy."""

from __future__ import annotations

from collections.abc import Callable

from graphnn import ops
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads

_REDUCTIONS = ("none", "sum", "mean")


@reads("NegativeLogLikelihoodLoss")
def negative_log_likelihood_loss(call: Call) -> Node:
    return _of_classes(call, _last(call.node(0)), ops.nll_loss)


@reads("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy_loss(call: Call) -> tuple[Node, ...]:
    scores = _last(call.node(0))
    loss = _of_classes(call, scores, ops.softmax_cross_entropy)
    if not call.wants(1):
        return (loss,)
    return loss, ops.moveaxis(ops.log_softmax(scores), -1, 1)


def _last(scores: Node) -> Node:
    """Scores with the classes, axis 1 of the file, along the last axis."""
    return scores if scores.ndim == 2 else ops.moveaxis(scores, 1, -1)


def _of_classes(call: Call, scores: Node, loss: Callable[..., Node]) -> Node:
    labels, weight = call.node(1), call.optional(2)
    reduction = call.choice("reduction", "mean", _REDUCTIONS)
    ignored = call.integer("ignore_index", None)
    return loss(scores, labels, reduction, weight=weight, ignore_index=ignored)
