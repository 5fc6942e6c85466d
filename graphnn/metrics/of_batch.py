"""Accuracy of one batch as a node, for graphs that show it beside the loss."""

from __future__ import annotations

from graphnn.core.errors import GraphError, ShapeError
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.ops import argmax, cast, equal, mean


def accuracy(logits: Node, labels: Node) -> Node:
    """Share of rows whose largest logit stands at the label. Shapes: logits (*b, classes), labels int64 (*b)."""
    for node in (logits, labels):
        if not isinstance(node, Node):
            raise GraphError(f"accuracy: wanted nodes, found {node!r}.")
    if not logits.shape or logits.shape[:-1] != labels.shape:
        raise ShapeError(
            f"accuracy: logits are {describe(logits)} but labels {describe(labels)}; wanted (*b, classes) and (*b)."
        )
    return mean(cast(equal(argmax(logits, axis=-1), labels), logits.dtype)).named("accuracy")


__all__ = ["accuracy"]
