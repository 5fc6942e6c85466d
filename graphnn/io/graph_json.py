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
  their bits.
- `attributes`: ints, floats, booleans, texts, null, lists (tuples) of these, and `{"dim": "2*batch"}`.
- absent `name`, `scope`, `attributes`, `operands` are none.

A file is data from a stranger: it is read without evaluating anything, sizes are checked before memory is
taken, and whatever is wrong with it becomes a GraphError that says what and where.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.builder import GraphBuilder
from graphnn.core.dims import Dim, Shape, as_shape, parse_dim, shape_text
from graphnn.core.dtypes import DType, as_dtype, bool_, int64, is_float
from graphnn.core.errors import GraphError, GraphnnError, SettingError, did_you_mean
from graphnn.core.files import write_whole
from graphnn.core.graph import Graph
from graphnn.core.leaves import as_array
from graphnn.core.node import Node, require_storage

__all__ = [
    "ARRAY_BYTES",
    "AXES",
    "DIM_LETTERS",
    "LIST_ELEMENTS",
    "NODES",
    "graph_from_json",
    "graph_to_json",
    "load_graph",
    "save_graph",
]

FORMAT, VERSION = "graphnn graph", 1
# What a reader accepts at most.
NODES = 5_000_000
AXES = 32
DIM_LETTERS = 200
ARRAY_BYTES = 2**31
# Longer values are written as base64.
LIST_ELEMENTS = 16

_COMMON = {"dtype", "id", "name", "op", "scope", "shape"}
_OWN: dict[str, set[str]] = {"constant": {"value"}, "input": set(), "parameter": {"value"}}
_OF_OPS = {"attributes", "operands"}


def graph_to_json(graph: Graph | Node | Iterable[Node], *, weights: bool = True) -> str:
    """The graph as text. Without `weights`, parameters are left without values; the reader gives them."""
    graph = graph if isinstance(graph, Graph) else Graph(graph)
    lines = ",\n".join([json.dumps(_record(graph, node, weights)) for node in graph.nodes])
    outputs = json.dumps([graph.ids[node] for node in graph.outputs])
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "nodes": [\n{lines}\n], "outputs": {outputs}}}\n'


def graph_from_json(text: str | bytes, weights: Mapping[str, Any] | None = None) -> Graph:
    """The graph that the text describes. `weights` gives parameters, by name or id, a value of their own.

    Raises GraphError for text that is damaged in any way, SettingError for `weights` of unknown parameters.
    """
    try:
        return _graph(_parsed(text), dict(weights or {}))
    except SettingError:
        raise
    except RecursionError:
        raise GraphError("the text nests too deeply.") from None
    except GraphnnError as error:
        raise error if type(error) is GraphError else GraphError(str(error)) from error


def save_graph(
    graph: Graph | Node | Iterable[Node], path: str | os.PathLike[str], *, weights: bool = True
) -> None:
    """Write the graph to a file. The file is replaced as a whole: a crash leaves the old one."""
    write_whole(path, graph_to_json(graph, weights=weights).encode("ascii"))


def load_graph(path: str | os.PathLike[str], weights: Mapping[str, Any] | None = None) -> Graph:
    """The graph that `save_graph` wrote; errors begin with the file's name."""
    content = Path(path).read_bytes()
    try:
        return graph_from_json(content, weights)
    except GraphError as error:
        raise GraphError(f"{os.fspath(path)}: {error}") from error


# Writing


def _record(graph: Graph, node: Node, weights: bool) -> dict[str, Any]:  # noqa: FBT001
    record: dict[str, Any] = {"id": graph.ids[node], "op": node.op.name}
    if node.operands:
        record["operands"] = [graph.ids[o] for o in node.operands]
    if node.name is not None:
        record["name"] = node.name
    if node.scope:
        record["scope"] = node.scope
    if node.attributes:
        record["attributes"] = {
            k: _attribute(v, f"{node!r}: attribute {k!r}") for k, v in node.attributes.items()
        }
    record["shape"] = [d if isinstance(d, int) else str(d) for d in node.shape]
    record["dtype"] = str(node.dtype)
    if node.storage is not None and (weights or node.role == "constant"):
        record["value"] = _numbers(require_storage(node, "graph_to_json").array)
    return record


def _attribute(value: Any, who: str) -> Any:
    if isinstance(value, Dim):
        return {"dim": str(value)}
    if isinstance(value, tuple | list):
        return [_attribute(v, who) for v in value]
    if isinstance(value, np.dtype):
        return str(value)
    if isinstance(value, float) and not np.isfinite(value):
        raise GraphError(f"graph_to_json: {who} is {value!r}, which JSON cannot hold.")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise GraphError(
        f"graph_to_json: {who} is {value!r}; only numbers, texts, axes and tuples of these can be kept."
    )


def _numbers(array: np.ndarray) -> Any:
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


# Reading


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        data = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise GraphError(f"not a text in UTF-8: {error.reason} at byte {error.start}.") from None
    except GraphError:
        raise
    except ValueError as error:  # JSONDecodeError, and ints of thousands of digits
        raise GraphError(f"not valid JSON: {error}.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise GraphError(f'not a graph of graphnn: wanted an object with "format": "{FORMAT}".')
    version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        raise GraphError(f"version {_told(version)} is not known; this graphnn reads version {VERSION}.")
    _only(data, {"format", "nodes", "outputs", "version"}, "the file")
    return data


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise GraphError(
            f"a key stands twice in an object: {', '.join(map(repr, [k for k, _ in pairs][:8]))}."
        )
    return out


def _refuse_constant(word: str) -> Any:
    raise GraphError(f"{word} is not JSON; such numbers are kept as base64.")


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _list(data: Mapping[str, Any], key: str, who: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise GraphError(f"{who}: {key!r} is a list, found {_told(value)}.")
    return value


def _only(data: Mapping[str, Any], known: Iterable[str], who: str) -> None:
    for key in data:
        if key not in known:
            raise GraphError(f"{who}: there is no field {_told(key)}.{did_you_mean(key[:60], known)}")


def _graph(data: dict[str, Any], weights: dict[str, Any]) -> Graph:
    records, outputs = _list(data, "nodes", "the file"), _list(data, "outputs", "the file")
    if len(records) > NODES:
        raise GraphError(f"{len(records)} nodes are more than {NODES}.")
    builder = GraphBuilder()
    claims: dict[str, tuple[Shape, DType]] = {}
    given: set[str] = set()
    for place, record in enumerate(records):
        if not isinstance(record, dict) or not isinstance(record.get("id"), str):
            raise GraphError(f"node {place}: wanted an object with a text 'id', found {_told(record)}.")
        key, who = record["id"], f"node {_told(record['id'])}"
        for field in ("dtype", "name", "op", "scope"):
            if not isinstance(record.get(field, ""), str):
                raise GraphError(f"{who}: {field!r} is a text, found {_told(record[field])}.")
        shape, dtype = claims[key] = _shape(record, who), as_dtype(record.get("dtype"), who)
        role = record.get("op")
        _only(record, _COMMON | _OWN.get(str(role), _OF_OPS), f"{who} ({role})")
        parts: dict[str, Any] = {**record, "shape": shape, "dtype": dtype}
        label = next((word for word in (record.get("name"), key) if word in weights), None)
        if role == "parameter" and label is not None:
            parts["value"] = as_array(weights[label], dtype, f"{who}: weights: {label!r}")
            if parts["value"].shape != shape:
                raise GraphError(
                    f"{who}: weights: {label!r} has shape {shape_text(parts['value'].shape)}, "
                    f"wanted {shape_text(shape)}."
                )
            given.add(label)
        elif role in ("parameter", "constant"):
            if "value" not in record:
                raise GraphError(
                    f"{who}: {role} {record.get('name')!r} is kept without its value; give it: weights=."
                )
            parts["value"] = _array(record["value"], shape, dtype, who)
        parts["attributes"] = _attributes(record, who)
        builder.add_record(key, parts)
        for slot, source in enumerate(_list(record, "operands", who)):
            if not isinstance(source, str):
                raise GraphError(f"{who}: an operand is the id of a node, found {_told(source)}.")
            builder.add_edge(source, key, slot)
    for label in weights:
        if label not in given:
            raise SettingError(f"graph_from_json: weights: there is no parameter {label!r}.")
    builder.set_outputs(*outputs)
    nodes = builder.build_nodes()
    for key, node in nodes.items():
        _check_claim(key, node, *claims[key])
    return Graph([nodes[key] for key in outputs])


def _check_claim(key: str, node: Node, shape: Shape, dtype: DType) -> None:
    if node.shape != shape or node.dtype is not dtype:
        raise GraphError(
            f"node {key!r}: the file says {dtype} {shape_text(shape)}, but {node.op.name} gives "
            f"{node.dtype} {shape_text(node.shape)}."
        )


def _dim(word: Any, who: str) -> Any:
    if isinstance(word, str) and len(word) > DIM_LETTERS:
        raise GraphError(f"{who}: an axis of {len(word)} letters is longer than {DIM_LETTERS}.")
    return parse_dim(word) if isinstance(word, str) else word


def _shape(record: Mapping[str, Any], who: str) -> Shape:
    if "shape" not in record:
        raise GraphError(f"{who} has no shape.")
    words = _list(record, "shape", who)
    if len(words) > AXES:
        raise GraphError(f"{who}: {len(words)} axes are more than {AXES}.")
    for word in words:
        if isinstance(word, bool) or not isinstance(word, int | str):
            raise GraphError(f"{who}: an axis is a size or a name, found {_told(word)}.")
    return as_shape([_dim(word, who) for word in words], who)


def _attributes(record: Mapping[str, Any], who: str) -> dict[str, Any]:
    found = record.get("attributes", {})
    if not isinstance(found, dict):
        raise GraphError(f"{who}: 'attributes' is an object, found {_told(found)}.")
    return {key: _read_attribute(value, f"{who}: attribute {_told(key)}") for key, value in found.items()}


def _read_attribute(value: Any, who: str) -> Any:
    if isinstance(value, list):
        return tuple([_read_attribute(v, who) for v in value])
    if isinstance(value, dict):
        if list(value) != ["dim"] or not isinstance(value["dim"], str):
            raise GraphError(f"{who}: an axis is {{'dim': text}}, found {_told(value)}.")
        return _dim(value["dim"], who)
    if isinstance(value, float) and not np.isfinite(value):
        raise GraphError(f"{who}: a number is beyond the range of floats.")
    return value


def _array(value: Any, shape: Shape, dtype: DType, who: str) -> np.ndarray:
    """The numbers of a leaf; nothing is allocated before their count is known to be right."""
    sizes = [d for d in shape if isinstance(d, int)]
    if len(sizes) != len(shape):
        raise GraphError(f"{who}: a value has sizes, found the shape {shape_text(shape)}.")
    count = math.prod(sizes)
    size = count * dtype.itemsize
    if size > ARRAY_BYTES:
        raise GraphError(f"{who}: {size} bytes are more than {ARRAY_BYTES}.")
    if isinstance(value, list):
        if len(value) != count:
            raise GraphError(f"{who}: shape {shape_text(shape)} has {count} numbers, found {len(value)}.")
        return np.array([_number(v, dtype, who) for v in value], dtype=dtype).reshape(sizes)
    if not isinstance(value, dict) or list(value) != ["base64"] or not isinstance(value["base64"], str):
        raise GraphError(f"{who}: a value is a list or {{'base64': text}}, found {_told(value)}.")
    letters = value["base64"]
    if len(letters) != 4 * ((size + 2) // 3):
        raise GraphError(
            f"{who}: {size} bytes take {4 * ((size + 2) // 3)} letters of base64, found {len(letters)}."
        )
    try:
        content = base64.b64decode(letters, validate=True)
    except (binascii.Error, ValueError) as error:
        raise GraphError(f"{who}: not base64: {error}.") from None
    if len(content) != size:
        raise GraphError(f"{who}: wanted {size} bytes, found {len(content)}.")
    if dtype is bool_ and content.strip(b"\0\1"):
        raise GraphError(f"{who}: a bool is the byte 0 or 1.")
    return np.frombuffer(content, dtype=dtype.newbyteorder("<")).astype(dtype).reshape(sizes)


def _number(value: Any, dtype: DType, who: str) -> Any:
    if dtype is bool_:
        fits = isinstance(value, bool)
    elif dtype is int64:
        fits = type(value) is int and -(2**63) <= value < 2**63
    else:
        fits = type(value) is float or (type(value) is int and abs(value) <= 2**53)
        with np.errstate(over="ignore"):
            fits = fits and bool(np.isfinite(np.float64(value).astype(dtype)))
    if not fits:
        raise GraphError(f"{who}: {_told(value)} is not a {dtype}.")
    return value
