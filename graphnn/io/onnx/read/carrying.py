"""Let an output that asks for the size of an axis hang on an input that has this axis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from graphnn.core.dims import Dim
from graphnn.core.dtypes import bool_
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.io.onnx.read.values import Value
from graphnn.ops.comparison import logical_or, not_equal
from graphnn.ops.conversion import cast
from graphnn.ops.slicing import slice

__all__ = ["carried"]


def carried(output: Node, inputs: Sequence[Value]) -> Node:
    """The output, such that the inputs it hangs on carry every axis that its graph names.

    The shape of an input may be all that a model uses of it, but sizes are read off what is fed.
    """
    graph = Graph(output)
    missing = {name for node in graph.nodes for name in _named(node)} - set(_plain(graph.inputs))
    given = [v.node for v in inputs if v.node is not None]
    for node in given:
        found = missing.intersection(_plain([node]))
        if found:
            missing -= found
            output = _tied(output, node)
    return output


def _plain(inputs: Iterable[Node]) -> Iterator[str]:
    """The axes whose sizes can be read off these inputs."""
    for node in inputs:
        for d in node.shape:
            if isinstance(d, Dim) and d.terms == (((str(d),), 1),):
                yield str(d)


def _named(node: Node) -> Iterator[str]:
    for value in (node.shape, *node.attributes.values()):
        yield from _names(value)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Dim):
        yield from value.names()
    elif isinstance(value, tuple):
        for part in value:
            yield from _names(part)


def _tied(output: Node, node: Node) -> Node:
    """The output and the sum of no elements of the node, which is 0."""
    zeros, ones = (0,) * node.ndim, (1,) * node.ndim
    nothing = slice.node(node, starts=zeros, sizes=zeros, steps=ones)
    if nothing.dtype is bool_:
        nothing = cast(nothing, "int64")
    zero = nothing.sum()
    if output.dtype is bool_:
        return logical_or(output, not_equal(zero, 0))
    return output + cast(zero, output.dtype)
