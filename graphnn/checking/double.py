"""Copy a graph into float64, with its float leaves as inputs, so that differences lose nothing to rounding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphnn.core.attributes import Attributes
from graphnn.core.dtypes import FLOATS, float32, float64
from graphnn.core.graph import Graph
from graphnn.core.leaves import constant, input
from graphnn.core.node import Node
from graphnn.core.scope import absolute_scope


def can_be_float64(graph: Graph) -> bool:
    """Whether no op of the graph insists on float32."""
    return not any(
        port.dtype is float32
        for node in graph.nodes
        for port in (*node.op.signature.inputs, node.op.signature.output)
    )


def in_float64(outputs: Iterable[Node]) -> tuple[list[Node], dict[Node, Node], dict[Node, np.ndarray]]:
    """The outputs in float64, what became of each node, and what to feed for each leaf that has a value.

    Inputs and parameters become inputs of the same name, with a number behind it where two have one name; the values
    to feed are those of the parameters now.
    Random ops draw float64 numbers, which are not those that float32 would give.
    """
    graph = Graph(outputs)
    wide = can_be_float64(graph)
    new: dict[Node, Node] = {}
    feeds: dict[Node, np.ndarray] = {}
    taken = {node.name for node in graph.inputs}
    for node in graph.nodes:
        with absolute_scope(node.scope):
            dtype = float64 if node.dtype in FLOATS and wide else node.dtype
            if node.role in ("input", "parameter"):
                name = node.name or f"leaf {len(new)}"
                if node.role == "parameter" and name in taken:
                    name = f"{name} {len(new)}"
                taken.add(name)
                new[node] = input(name, node.shape, dtype)
                if node.storage is not None:
                    feeds[new[node]] = node.storage.array.astype(dtype)
            elif node.storage is not None:
                new[node] = node if dtype is node.dtype else constant(node.storage.array, dtype, node.name)
            else:
                attributes = _widened(node.attributes) if wide else node.attributes
                operands = tuple(new[o] for o in node.operands)
                new[node] = Node(node.op, operands, attributes, node.shape, dtype, node.name)
    return [new[node] for node in graph.outputs], new, feeds


def _widened(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    if attributes.get("dtype") != "float32":
        return attributes
    return Attributes({**attributes, "dtype": "float64"})
