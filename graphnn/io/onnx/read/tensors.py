"""Read a TensorProto into an array, with every count checked before memory is taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.core.errors import OnnxError
from graphnn.io.onnx.read.limits import Limits
from graphnn.io.onnx.read.values import HELD, KINDS, RANGES

__all__ = ["Budget", "Numbers", "element_kind", "tensor_shape"]

# The field that holds the numbers of a type where they are not raw bytes, after onnx.proto.
_FIELDS = {
    "float32": "float_data", "float64": "double_data", "int64": "int64_data",
    **dict.fromkeys(("int32", "int16", "int8", "uint16", "uint8", "bool", "float16", "bfloat16"), "int32_data"),
    **dict.fromkeys(("uint32", "uint64"), "uint64_data"),
}  # fmt: skip
_ALL_FIELDS = (
    "float_data",
    "int32_data",
    "string_data",
    "int64_data",
    "double_data",
    "uint64_data",
    "raw_data",
)
_BYTES = {"bfloat16": 2, "bool": 1}


class Budget:
    """How many bytes of numbers may still be read."""

    def __init__(self, limits: Limits):
        self.limits, self.left = limits, limits.data_bytes

    def take(self, size: int, who: str) -> None:
        self.left -= size
        if self.left < 0:
            raise OnnxError(
                f"{who}: the numbers of the model take more than {self.limits.data_bytes} bytes. "
                "If you trust the file: load_onnx(..., limits=Limits(data_bytes=...))."
            )


def element_kind(number: int, who: str) -> str:
    """The name of an element type that can be held, by TensorProto's number for it."""
    kind = KINDS.get(number)
    if kind is None:
        raise OnnxError(f"{who}: the element type {number} does not exist.")
    if kind not in HELD:
        raise OnnxError(f"{who}: elements of type {kind} are not read; wanted floats, whole numbers or bool.")
    return kind


def tensor_shape(dims: Any, limits: Limits, who: str) -> tuple[int, ...]:
    """Sizes as a file gives them, checked."""
    shape = tuple(dims)
    if len(shape) > limits.axes:
        raise OnnxError(f"{who}: {len(shape)} axes are more than {limits.axes}.")
    for size in shape:
        if size < 0:
            raise OnnxError(f"{who}: an axis of size {size} cannot be.")
    if math.prod(shape) > limits.elements:
        raise OnnxError(f"{who}: {math.prod(shape)} elements are more than {limits.elements}.")
    return shape


class Numbers:
    """Reads TensorProtos of one model; `outside` fetches what stands in files beside it."""

    def __init__(self, limits: Limits, outside: Callable[[Any, int, str], bytes]):
        self._limits, self._budget, self._outside = limits, Budget(limits), outside

    def read(self, tensor: Any, who: str) -> tuple[str, np.ndarray]:
        """The element type that the file says, and the numbers in the dtype that they are held in."""
        kind = element_kind(tensor.data_type, who)
        shape = tensor_shape(tensor.dims, self._limits, who)
        if tensor.HasField("segment"):
            raise OnnxError(f"{who}: a tensor in segments is not read; write it in one piece.")
        count = math.prod(shape)
        size = count * _width(kind)
        self._budget.take(count * HELD[kind].itemsize, who)
        if tensor.data_location == 1:
            found = _of_bytes(self._outside(tensor, size, who), kind, count, who)
        elif tensor.HasField("raw_data"):
            found = _of_bytes(tensor.raw_data, kind, count, who)
        else:
            found = _of_field(tensor, kind, count, who)
        if kind == "uint64" and found.size and found.max() > np.iinfo(np.int64).max:
            raise OnnxError(f"{who}: holds numbers beyond int64, in which uint64 is held.")
        with np.errstate(all="ignore"):
            return kind, found.astype(HELD[kind], copy=True).reshape(shape)


def _width(kind: str) -> int:
    return _BYTES.get(kind) or np.dtype(kind).itemsize


def _of_bytes(content: bytes, kind: str, count: int, who: str) -> np.ndarray:
    size = count * _width(kind)
    if len(content) != size:
        raise OnnxError(f"{who}: {count} numbers of {kind} take {size} bytes, found {len(content)}.")
    if kind == "bfloat16":
        return _widened(np.frombuffer(content, np.dtype("<u2")))
    if kind == "bool":
        if content.strip(b"\0\1"):
            raise OnnxError(f"{who}: a bool is the byte 0 or 1.")
        return np.frombuffer(content, np.bool_)
    return np.frombuffer(content, np.dtype(kind).newbyteorder("<"))


def _of_field(tensor: Any, kind: str, count: int, who: str) -> np.ndarray:
    field = _FIELDS[kind]
    values = getattr(tensor, field)
    if len(values) != count:
        others = [f for f in _ALL_FIELDS if f != field and len(getattr(tensor, f))]
        beside = f", and {len(getattr(tensor, others[0]))} in {others[0]}" if others else ""
        raise OnnxError(f"{who}: wanted {count} numbers of {kind} in {field}, found {len(values)}{beside}.")
    if kind in ("float32", "float64"):
        return np.array(values, np.float64 if kind == "float64" else np.float32)
    found = np.array(values, np.uint64 if field == "uint64_data" else np.int64)
    low, high = (0, 1) if kind == "bool" else RANGES.get(kind, (0, 2**16 - 1))
    if found.size and (int(found.min()) < low or int(found.max()) > high):
        raise OnnxError(f"{who}: holds numbers that are no {kind}.")
    if kind == "float16":
        return found.astype(np.uint16).view(np.float16)
    if kind == "bfloat16":
        return _widened(found.astype(np.uint16))
    return found.astype(kind)


def _widened(halves: np.ndarray) -> np.ndarray:
    """bfloat16 as float32: its bits are the upper half."""
    wide = halves.astype(np.uint32) << np.uint32(16)
    return wide.view(np.float32)
