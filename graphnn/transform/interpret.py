"""Evaluate a graph by the NumPy meaning of its ops, without a compiler: the reference of every run.

>>> import graphnn as gn
>>> x = gn.input("x", ("batch", 2))
>>> interpret((x * 2.0).sum(), {"x": [[1.0, 2.0], [3.0, 4.0]]})
[array(20., dtype=float32)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, evaluate, evaluate_dim, shape_text
from graphnn.core.errors import DeclarationError, FaultError, FeedError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import as_array, input
from graphnn.core.node import NO_ATTRIBUTES, Node, current_origin
from graphnn.core.registry import SERVICES
from graphnn.core.scope import absolute_scope

__all__ = ["bind_axes", "evaluate_attributes", "evaluate_node", "interpret", "interpret_body", "match_feeds"]

Feeds = Mapping[Any, Any]


def interpret(outputs: Node | Graph | Iterable[Node], feeds: Feeds = NO_ATTRIBUTES) -> list[np.ndarray]:
    """The values of `outputs`, one new array each.

    `feeds` gives every input a value, by node or by name; parameters and constants have their own. Each value
    is what the op's meaning returns, in the node's dtype. A value is forgotten after its last use.

    Raises FeedError, DtypeError or ShapeError for feeds that do not fit, FaultError for data that an op
    cannot process, DeclarationError for a meaning that returns another shape than its op promised.
    """
    graph = outputs if isinstance(outputs, Graph) else Graph(outputs)
    values = match_feeds(graph, feeds)
    binding = bind_axes(graph.inputs, [values[node].shape for node in graph.inputs])
    uses = dict.fromkeys(graph.nodes, 0)
    for node in graph.nodes:
        for operand in node.operands:
            uses[operand] += 1
    for node in graph.outputs:
        uses[node] += 1
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            if node.storage is not None:
                values[node] = node.storage.array
            elif node.operands or node.op.role == "op":
                values[node] = evaluate_node(node, [values[o] for o in node.operands], binding)
                for operand in node.operands:
                    uses[operand] -= 1
                    if not uses[operand]:
                        del values[operand]
    return [np.array(values[node]) for node in graph.outputs]


def evaluate_node(node: Node, operands: Sequence[np.ndarray], binding: Mapping[str, int]) -> np.ndarray:
    """The value of one node by its op's meaning."""
    meaning = node.op.meaning
    attributes = evaluate_attributes(node.attributes, binding) if binding else node.attributes
    try:
        value = np.asarray(meaning(*operands, **attributes), dtype=node.dtype)  # type: ignore[misc]
    except IndexError as error:
        if isinstance(error, FaultError):  # from the body of a composite, which names its own node
            raise
        raise FaultError(f"{node!r}: {error}") from error
    wanted = evaluate(node.shape, binding)
    if value.shape != wanted:
        raise DeclarationError(
            f"{node.op.name}: the meaning returned shape {shape_text(value.shape)}, "
            f"but the declaration promises {shape_text(wanted)}."
        )
    return value


def match_feeds(graph: Graph, feeds: Feeds) -> dict[Node, np.ndarray]:
    """The fed array of every input of the graph, in its dtype; an error that names what is missing."""
    if not isinstance(feeds, Mapping):
        raise FeedError(
            f"feeds: wanted a dict from input (node or name) to array, found {type(feeds).__name__}."
        )
    by_name: dict[str, list[Node]] = {}
    for node in graph.inputs:
        by_name.setdefault(str(node.name), []).append(node)
    values: dict[Node, np.ndarray] = {}
    for key, value in feeds.items():
        node = _fed_node(graph, by_name, key)
        if node in values:
            raise FeedError(f"feeds: input {node.name!r} is fed twice, by node and by name.")
        values[node] = as_array(value, node.dtype, f"feed {node.name!r}")
    missing = [repr(node.name) for node in graph.inputs if node not in values]
    if missing:
        raise FeedError(f"feeds: {', '.join(missing)} missing. Feed every input of the graph.")
    return values


def _fed_node(graph: Graph, by_name: Mapping[str, list[Node]], key: Any) -> Node:
    if isinstance(key, Node):
        if key.op.role != "input" or key not in graph:
            raise FeedError(
                f"feeds: {key!r} is not an input of this graph.{did_you_mean(str(key.name), by_name)}"
            )
        return key
    found = by_name.get(key, []) if isinstance(key, str) else []
    if len(found) > 1:
        raise FeedError(f"feeds: {len(found)} inputs are called {key!r}; feed them by node.")
    if not found:
        raise FeedError(f"feeds: there is no input {key!r}.{did_you_mean(str(key), by_name)}")
    return found[0]


def bind_axes(inputs: Sequence[Node], shapes: Sequence[tuple[int, ...]]) -> dict[str, int]:
    """The size of every axis name, read off the shapes that are fed; an error where two feeds disagree."""
    binding: dict[str, int] = {}
    owner: dict[str, Node] = {}
    formulas: list[tuple[Node, int, Dim, int]] = []
    for node, shape in zip(inputs, shapes, strict=True):
        if len(shape) != len(node.shape):
            raise FeedError(
                f"feed {node.name!r}: wanted shape {shape_text(node.shape)}, found {shape_text(shape)}."
            )
        for axis, (dim, size) in enumerate(zip(node.shape, shape, strict=True)):
            if not isinstance(dim, Dim):
                if dim != size:
                    raise FeedError(
                        f"feed {node.name!r}: axis {axis} is {size}, wanted {dim}; the shape is "
                        f"{shape_text(shape)}, wanted {shape_text(node.shape)}."
                    )
                continue
            name = str(dim)
            if dim.terms != (((name,), 1),):
                formulas.append((node, axis, dim, size))
            elif binding.setdefault(name, size) != size:
                raise FeedError(
                    f"feed {node.name!r}: axis {name!r} is {size}, "
                    f"but {binding[name]} in feed {owner[name].name!r}."
                )
            else:
                owner.setdefault(name, node)
    for node, axis, dim, size in formulas:
        wanted = evaluate_dim(dim, binding)
        if wanted != size:
            raise FeedError(f"feed {node.name!r}: axis {axis} is {size}, wanted {dim} = {wanted}.")
    return binding


def evaluate_attributes(attributes: Mapping[str, Any], binding: Mapping[str, int]) -> Mapping[str, Any]:
    """The attributes with every axis name replaced by its size."""
    if not attributes:
        return attributes
    return {key: _evaluate_attribute(value, binding) for key, value in attributes.items()}


def _evaluate_attribute(value: Any, binding: Mapping[str, int]) -> Any:
    if isinstance(value, Dim):
        return evaluate_dim(value, binding)
    if isinstance(value, tuple):
        return tuple([_evaluate_attribute(v, binding) for v in value])
    return value


def interpret_body(
    body: Callable[..., Node], arrays: Sequence[np.ndarray], attributes: Mapping[str, Any]
) -> np.ndarray:
    """The meaning of a composite: its body, built on inputs of the arrays' shapes, then evaluated."""
    token = current_origin.set(None)
    try:
        with absolute_scope(""):
            operands = [
                input(f"operand {i}", shape, dtype)
                for i, (shape, dtype) in enumerate((np.shape(a), np.asarray(a).dtype) for a in arrays)
            ]
            output = body(*operands, **attributes)
    finally:
        current_origin.reset(token)
    # A body that ignores an operand still gets it fed.
    used = set(Graph(output).inputs)
    return interpret(
        output, {node: array for node, array in zip(operands, arrays, strict=True) if node in used}
    )[0]


SERVICES["interpret_body"] = interpret_body
