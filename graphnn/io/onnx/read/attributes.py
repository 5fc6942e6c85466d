"""Read the attributes of an ONNX node: their type as the file says it, and their value when a reader asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphnn.core.errors import OnnxError
from graphnn.io.onnx.read.tensors import Numbers
from graphnn.io.onnx.read.values import Value

__all__ = ["Attribute", "read_attributes", "text_of"]

Attribute = tuple[str, Callable[[], Any]]
"""The type's name, such as "INTS", and what gives the value."""

_TYPES = {
    1: "FLOAT", 2: "INT", 3: "STRING", 4: "TENSOR", 5: "GRAPH", 6: "FLOATS", 7: "INTS", 8: "STRINGS", 9: "TENSORS",
    10: "GRAPHS", 11: "SPARSE_TENSOR", 12: "SPARSE_TENSORS", 13: "TYPE_PROTO", 14: "TYPE_PROTOS",
}  # fmt: skip


def read_attributes(
    protos: Iterable[Any], given: Mapping[str, Attribute], numbers: Numbers, who: str
) -> dict[str, Attribute]:
    """The attributes of a node by name; inside a function, those that refer to its own (`given`) are these."""
    found: dict[str, Attribute] = {}
    for proto in protos:
        name = proto.name
        if not name or name in found:
            raise OnnxError(f"{who}: an attribute has no name, or the name {name[:40]!r} stands twice.")
        if proto.ref_attr_name:
            if proto.ref_attr_name in given:
                found[name] = given[proto.ref_attr_name]
            continue  # the caller left it out, so the operator's default holds
        kind = _TYPES.get(proto.type)
        if kind is None:
            raise OnnxError(f"{who}: attribute {name[:40]!r} is of the unknown type {proto.type}.")
        found[name] = (kind, _reader(proto, kind, numbers, f"{who}: attribute {name[:40]!r}"))
    return found


def _reader(proto: Any, kind: str, numbers: Numbers, who: str) -> Callable[[], Any]:
    if kind == "FLOAT":
        return lambda: float(proto.f)
    if kind == "INT":
        return lambda: int(proto.i)
    if kind == "STRING":
        return lambda: text_of(proto.s, who)
    if kind == "FLOATS":
        return lambda: tuple(map(float, proto.floats))
    if kind == "INTS":
        return lambda: tuple(map(int, proto.ints))
    if kind == "STRINGS":
        return lambda: tuple(text_of(s, who) for s in proto.strings)
    if kind == "TENSOR":
        return lambda: _tensor(proto.t, numbers, who)
    if kind == "GRAPH":
        return lambda: proto.g
    return lambda: _refuse(kind, who)


def text_of(content: bytes | str, who: str) -> str:
    """Bytes of the file as text."""
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise OnnxError(f"{who}: is no text in UTF-8.") from None


def _tensor(proto: Any, numbers: Numbers, who: str) -> Value:
    kind, array = numbers.read(proto, who)
    return Value(None, array, kind, proto.name)


def _refuse(kind: str, who: str) -> Any:
    raise OnnxError(f"{who}: attributes of type {kind} are not read.")
