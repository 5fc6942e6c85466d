"""Read the text of a graph: every record is checked, in words, before a node is made of it.

The format is described in `graphnn.io.graph_json`.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.core.builder import GraphBuilder, plain_nodes, record_is_plain
from graphnn.core.dims import Shape, as_shape, parse_dim, shape_text
from graphnn.core.dtypes import DType, as_dtype, bool_, int64, is_float
from graphnn.core.errors import GraphError, SettingError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import as_array
from graphnn.core.node import Node

__all__ = [
    "ARRAY_BYTES",
    "AXES",
    "DIM_LETTERS",
    "FORMAT",
    "NODES",
    "VERSION",
    "graph_of_records",
    "parsed",
    "strict_json",
    "utf8",
]

FORMAT, VERSION = "graphnn graph", 1
# What a reader accepts at most.
NODES = 5_000_000
AXES = 32
DIM_LETTERS = 200
ARRAY_BYTES = 2**31

_COMMON = {"dtype", "id", "name", "op", "scope", "shape"}
_OWN: dict[str, set[str]] = {"constant": {"value"}, "input": set(), "parameter": {"trainable", "value"}}
_FIELDS_OF_OPS = _COMMON | {"attributes", "operands"}
_FIELDS = {role: _COMMON | own for role, own in _OWN.items()}
_TEXTS = ("dtype", "name", "op", "scope")
_DIM_TYPES = frozenset((int, str))

# Id, what is known of the node, ids of its operands.
_Record = tuple[str, dict[str, Any], list[str]]


def parsed(text: str | bytes) -> dict[str, Any]:
    if isinstance(text, bytes):
        text = utf8(text)
    data = strict_json(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise GraphError(f'not a graph of graphnn: wanted an object with "format": "{FORMAT}".')
    version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        raise GraphError(f"version {_told(version)} is not known; this graphnn reads version {VERSION}.")
    _only(data, {"format", "nodes", "outputs", "version"}, "the file")
    return data


def utf8(content: bytes) -> str:
    """The text, or a GraphError for bytes that are none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GraphError(f"not a text in UTF-8: {error.reason} at byte {error.start}.") from None


def strict_json(text: str, who: str = "") -> Any:
    """What the text says, where no key stands twice and every number is one of JSON."""
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except GraphError:
        raise
    except ValueError as error:  # JSONDecodeError, and ints of thousands of digits
        raise GraphError(f"{f'{who}: ' if who else ''}not valid JSON: {error}.") from None


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


def _only(data: Mapping[str, Any], known: frozenset[str] | set[str], who: str) -> None:
    if known.issuperset(data):
        return
    for key in data:
        if key not in known:
            raise GraphError(f"{who}: there is no field {_told(key)}.{did_you_mean(key[:60], known)}")


def graph_of_records(
    data: dict[str, Any], weights: dict[str, Any], tensors: Mapping[str, np.ndarray]
) -> Graph:
    records, outputs = _list(data, "nodes", "the file"), _list(data, "outputs", "the file")
    if len(records) > NODES:
        raise GraphError(f"{len(records)} nodes are more than {NODES}.")
    given: set[str] = set()
    shapes: dict[tuple[Any, ...], Shape] = {}
    found = [
        _record_of(place, record, weights, given, tensors, shapes) for place, record in enumerate(records)
    ]
    for label in weights:
        if label not in given:
            raise SettingError(f"graph_from_json: weights: there is no parameter {label!r}.")
    nodes = _nodes(found, outputs)
    for key, parts, _ in found:
        _check_claim(key, nodes[key], parts["shape"], parts["dtype"])
    return Graph([nodes[key] for key in outputs])


def _record_of(
    place: int, record: Any, weights: Mapping[str, Any], given: set[str], tensors: Mapping[str, np.ndarray],
    shapes: dict[tuple[Any, ...], Shape],
) -> _Record:  # fmt: skip
    """A node's id, its record with shape, dtype, value and attributes read, and the ids of its operands."""
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise GraphError(f"node {place}: wanted an object with a text 'id', found {_told(record)}.")
    key, who = record["id"], f"node {_told(record['id'])}"
    if not isinstance(record.get("trainable", True), bool):
        raise GraphError(f"{who}: 'trainable' is true or false, found {_told(record['trainable'])}.")
    for field in _TEXTS:
        if field in record and not isinstance(record[field], str):
            raise GraphError(f"{who}: {field!r} is a text, found {_told(record[field])}.")
    shape, dtype = _shape(record, who, shapes), as_dtype(record.get("dtype"), who)
    role = record.get("op")
    _only(record, _FIELDS.get(str(role), _FIELDS_OF_OPS), f"{who} ({role})")
    parts: dict[str, Any] = {**record, "shape": shape, "dtype": dtype}
    if role in ("parameter", "constant"):
        parts["value"] = _value(record, role, shape, dtype, who, weights, given, tensors)
    if "attributes" in record:
        parts["attributes"] = _attributes(record, who)
    sources = _list(record, "operands", who)
    for source in sources:
        if not isinstance(source, str):
            raise GraphError(f"{who}: an operand is the id of a node, found {_told(source)}.")
    return key, parts, sources


def _value(
    record: Mapping[str, Any], role: str, shape: Shape, dtype: DType, who: str, weights: Mapping[str, Any],
    given: set[str], tensors: Mapping[str, np.ndarray],
) -> np.ndarray:  # fmt: skip
    label = next((word for word in (record.get("name"), record["id"]) if word in weights), None)
    if role == "parameter" and label is not None:
        value = as_array(weights[label], dtype, f"{who}: weights: {label!r}")
        if value.shape != shape:
            raise GraphError(
                f"{who}: weights: {label!r} has shape {shape_text(value.shape)}, wanted {shape_text(shape)}."
            )
        given.add(label)
        return value
    if "value" not in record:
        raise GraphError(
            f"{who}: {role} {record.get('name')!r} is kept without its value; give it: weights=."
        )
    return _array(record["value"], shape, dtype, who, tensors)


def _nodes(found: Sequence[_Record], outputs: Sequence[Any]) -> dict[str, Node]:
    """The nodes by id. Files as `save_graph` writes them have operands first; all else is the builder's matter."""
    ids: set[str] = set()
    for key, parts, sources in found:
        if key in ids or not ids.issuperset(sources) or not record_is_plain(parts, len(sources)):
            break
        ids.add(key)
    else:
        if outputs and all(isinstance(key, str) and key in ids for key in outputs):
            return plain_nodes(found)
    builder = GraphBuilder()
    for key, parts, sources in found:
        builder.add_record(key, parts)
        for slot, source in enumerate(sources):
            builder.add_edge(source, key, slot)
    builder.set_outputs(*outputs)
    return builder.build_nodes()


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


def _shape(record: Mapping[str, Any], who: str, known: dict[tuple[Any, ...], Shape]) -> Shape:
    if "shape" not in record:
        raise GraphError(f"{who} has no shape.")
    words = _list(record, "shape", who)
    if all(type(word) in _DIM_TYPES for word in words):  # 1 and True are one key
        shape = known.get(tuple(words))
        if shape is not None:
            return shape
    if len(words) > AXES:
        raise GraphError(f"{who}: {len(words)} axes are more than {AXES}.")
    for word in words:
        if isinstance(word, bool) or not isinstance(word, int | str):
            raise GraphError(f"{who}: an axis is a size or a name, found {_told(word)}.")
    shape = known[tuple(words)] = as_shape([_dim(word, who) for word in words], who)
    return shape


def _attributes(record: Mapping[str, Any], who: str) -> dict[str, Any]:
    found = record.get("attributes", {})
    if not isinstance(found, dict):
        raise GraphError(f"{who}: 'attributes' is an object, found {_told(found)}.")
    return {key: _read_attribute(value, f"{who}: attribute {_told(key)}") for key, value in found.items()}


def _read_attribute(value: Any, who: str) -> Any:
    if type(value) is int:
        return value
    if isinstance(value, list):
        return tuple([_read_attribute(v, who) for v in value])
    if isinstance(value, dict):
        if list(value) != ["dim"] or not isinstance(value["dim"], str):
            raise GraphError(f"{who}: an axis is {{'dim': text}}, found {_told(value)}.")
        return _dim(value["dim"], who)
    if isinstance(value, float) and not np.isfinite(value):
        raise GraphError(f"{who}: a number is beyond the range of floats.")
    return value


def _array(value: Any, shape: Shape, dtype: DType, who: str, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
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
        return _numbers(value, dtype, who).reshape(sizes)
    if tensors and isinstance(value, dict) and list(value) == ["tensor"]:
        return _tensor(value["tensor"], shape, dtype, who, tensors)
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


def _tensor(name: Any, shape: Shape, dtype: DType, who: str, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    if not isinstance(name, str) or name not in tensors:
        raise GraphError(f"{who}: there is no array {_told(name)} beside the graph.")
    array = tensors[name]
    if array.shape != shape or array.dtype != dtype:
        raise GraphError(
            f"{who}: the array {_told(name)} is {array.dtype} {shape_text(array.shape)}, wanted {dtype} "
            f"{shape_text(shape)}."
        )
    return array


def _numbers(values: list[Any], dtype: DType, who: str) -> np.ndarray:
    if is_float(dtype) and all(type(v) is float for v in values):
        with np.errstate(over="ignore"):
            found = np.array(values, np.float64).astype(dtype)
        if np.isfinite(found).all():
            return found
    return np.array([_number(v, dtype, who) for v in values], dtype=dtype)


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
