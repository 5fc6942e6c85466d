"""Keep a graph in a text file: `save_graph(graph, "net.json")`, `load_graph("net.json")`.

Format, version 1: one JSON object, one node a line, in topological order; the same graph gives the same
bytes::

    {"format": "graphnn graph", "version": 1, "nodes": [
    {"id": "n0", "op": "input", "name": "x", "shape": ["batch", 2], "dtype": "float32"},
    {"id": "n1", "op": "parameter", "name": "w", "shape": [2, 1], "dtype": "float32", "value": [0.5, -1.5]},
    {"id": "n2", "op": "matmul", "operands": ["n0", "n1"], "shape": ["batch", 1], "dtype": "float32"}
    ], "outputs": ["n2"]}

- `shape`: sizes, and polynomials in axis names as text, `"2*batch+3"`. Of an operation, shape and dtype are
  claims that are checked.
- `value`: the numbers in row-major order, as a list if they are few and finite, else as
  `{"base64": ...}` of their little-endian bytes (bool: one byte each, 0 or 1), so NaN and infinity keep
  their bits. In the file of a model, `{"tensor": name}` says which array beside the text it is.
- `attributes`: ints, floats, booleans, texts, null, lists (tuples) of these, and `{"dim": "2*batch"}`.
- `trainable`: false for a parameter that no gradient changes, such as a running mean.
- absent `name`, `scope`, `attributes`, `operands` are none.

A file is data from a stranger: it is read without evaluating anything, sizes are checked before memory is
taken, and whatever is wrong with it becomes a GraphError that says what and where.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from graphnn.core.collector import collector_paused
from graphnn.core.dims import Dim
from graphnn.core.dtypes import DType, is_float
from graphnn.core.errors import GraphError, GraphnnError, SettingError
from graphnn.core.graph import Graph
from graphnn.core.node import Node, require_storage
from graphnn.io.files import read_file, target, write_file
from graphnn.io.graph_records import FORMAT, VERSION, graph_of_records, parsed

__all__ = [
    "LIST_ELEMENTS",
    "attribute_of",
    "graph_from_json",
    "graph_of_text",
    "graph_text",
    "graph_to_json",
    "leaf_numbers",
    "load_graph",
    "record_of",
    "save_graph",
]

# Longer values are written as base64.
LIST_ELEMENTS = 16


def graph_to_json(graph: Graph | Node | Iterable[Node], *, weights: bool = True) -> str:
    """The graph as text. Without `weights`, parameters are left without values; the reader gives them."""
    graph = graph if isinstance(graph, Graph) else Graph(graph)
    return graph_text(graph, lambda leaf: leaf_numbers(leaf) if weights or leaf.role == "constant" else None)


def graph_text(graph: Graph, value: Callable[[Node], Any]) -> str:
    """The graph as text, where `value(leaf)` says how a parameter's or constant's value is written, if at all."""
    lines = ",\n".join([json.dumps(record_of(graph, node, value)) for node in graph.nodes])
    outputs = json.dumps([graph.ids[node] for node in graph.outputs])
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "nodes": [\n{lines}\n], "outputs": {outputs}}}\n'


def graph_from_json(text: str | bytes, weights: Mapping[str, Any] | None = None) -> Graph:
    """The graph that the text describes. `weights` gives parameters, by name or id, a value of their own.

    Raises GraphError for text that is damaged in any way, SettingError for `weights` of unknown parameters.
    """
    return graph_of_text(text, weights or {}, {})


def graph_of_text(text: str | bytes, weights: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Graph:
    """As `graph_from_json`; values may be `{"tensor": name}`, one of `tensors`."""
    try:
        with collector_paused():
            return graph_of_records(parsed(text), dict(weights), tensors)
    except SettingError:
        raise
    except RecursionError:
        raise GraphError("the text nests too deeply.") from None
    except GraphnnError as error:
        raise error if type(error) is GraphError else GraphError(str(error)) from error


def save_graph(
    graph: Graph | Node | Iterable[Node], path: str | os.PathLike[str], *, weights: bool = True
) -> None:
    """Write the graph to a file. The file is replaced as a whole: a crash leaves the old one.

    Raises SettingError for a path that is none, DataError if the file cannot be written.
    """
    place = target(path, "save_graph")
    content = graph_to_json(graph, weights=weights).encode("ascii")
    write_file(place, content)


def load_graph(path: str | os.PathLike[str], weights: Mapping[str, Any] | None = None) -> Graph:
    """The graph that `save_graph` wrote; errors begin with the file's name.

    Raises DataError for a file that cannot be read, GraphError for one that holds no graph or a damaged one.
    """
    place = target(path, "load_graph")
    content = read_file(place)
    try:
        return graph_from_json(content, weights)
    except GraphError as error:
        raise GraphError(f"{os.fspath(path)}: {error}") from error


# Writing


def record_of(
    graph: Graph, node: Node, value: Callable[[Node], Any], who: str = "graph_to_json"
) -> dict[str, Any]:
    """What the file says of a node; `who` is told in errors."""
    record: dict[str, Any] = {"id": graph.ids[node], "op": node.op.name}
    if node.operands:
        record["operands"] = [graph.ids[o] for o in node.operands]
    if node.name is not None:
        record["name"] = node.name
    if node.scope:
        record["scope"] = node.scope
    if node.attributes:
        record["attributes"] = {
            k: attribute_of(v, f"{who}: {node!r}: attribute {k!r}") for k, v in node.attributes.items()
        }
    record["shape"] = [d if isinstance(d, int) else str(d) for d in node.shape]
    record["dtype"] = str(node.dtype)
    if node.role == "parameter" and is_float(node.dtype) and not node.trainable:
        record["trainable"] = False
    if node.storage is not None and (written := value(node)) is not None:
        record["value"] = written
    return record


def attribute_of(value: Any, who: str) -> Any:
    """A static setting of a node as JSON has it; `who` is told in errors."""
    if isinstance(value, Dim):
        return {"dim": str(value)}
    if isinstance(value, tuple | list):
        return [attribute_of(v, who) for v in value]
    if isinstance(value, np.dtype):
        return str(value)
    if isinstance(value, float) and not np.isfinite(value):
        raise GraphError(f"{who} is {value!r}, which JSON cannot hold.")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise GraphError(f"{who} is {value!r}; only numbers, texts, axes and tuples of these can be kept.")


def leaf_numbers(node: Node) -> Any:
    array = require_storage(node, "graph_to_json").array
    if array.size <= LIST_ELEMENTS and np.isfinite(array).all():
        if is_float(array.dtype):
            return [_short(v) for v in array.reshape(-1)]
        return array.reshape(-1).tolist()
    return {"base64": base64.b64encode(_little_endian(array.dtype, array)).decode("ascii")}


def _short(number: Any) -> float:
    """The float with the fewest digits that reads back as the same number: 0.1 rather than 0.10000000149."""
    short = float(str(number))
    # A reader rounds twice, to float64 and to float32; next to the middle of two float32 that may go astray.
    return short if type(number)(short) == number else float(number)


def _little_endian(dtype: DType, array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, dtype=dtype.newbyteorder("<")).tobytes()
