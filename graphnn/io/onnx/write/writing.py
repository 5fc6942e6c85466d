"""Writing: what a writer is given of one node: its operands' names, its attributes, and ways to emit operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from graphnn.core.dims import Dim, DimLike, Shape, size_of
from graphnn.core.dtypes import DType, float64, int64
from graphnn.core.errors import OnnxError
from graphnn.core.node import Node
from graphnn.io.onnx.write.body import ELEMENT_TYPES, LARGEST, Body

__all__ = ["Writing", "refuse"]


def refuse(node: Node, why: str) -> NoReturn:
    """Raise OnnxError: who cannot be written, and why."""
    place = f" in scope {node.scope!r}" if node.scope else ""
    label = f"{node.op.name} {node.name!r}" if node.name else node.op.name
    raise OnnxError(f"save_onnx: {label}{place}: {why}.")


class Writing:
    """One node, as its writer sees it.

    node : what is written
    inputs : the names of its operands' values
    sources : the nodes that have these values: an operand without the axes along which it is only repeated, where
        the operator repeats it by itself
    stem : what names of its operators begin with
    """

    def __init__(self, body: Body, node: Node, inputs: Sequence[str], sources: Sequence[Node], stem: str):
        self.body, self.node, self.stem = body, node, stem
        self.inputs, self.sources = tuple(inputs), tuple(sources)

    @property
    def dtype(self) -> DType:
        """Of the result."""
        return self.node.dtype

    @property
    def shape(self) -> Shape:
        """Of the result."""
        return self.node.shape

    @property
    def opset(self) -> int:
        return self.body.opset

    def shape_of(self, slot: int) -> Shape:
        """Of an operand."""
        return self.sources[slot].shape

    def attribute(self, name: str) -> Any:
        """A setting of the node."""
        return self.node.attributes[name]

    def known(self, slot: int) -> np.ndarray | None:
        """The value of an operand that is a constant, None for others."""
        node = self.sources[slot]
        return node.storage.array if node.op.role == "constant" and node.storage is not None else None

    def single(self, slot: int) -> float | None:
        """A known number that an operator's float attribute holds as exactly as the node's dtype; else None."""
        value = self.known(slot)
        if value is None or value.size != 1:
            return None
        number = float(value.reshape(-1)[0])
        return number if self.dtype is not float64 or float(np.float32(number)) == number else None

    def refuse(self, why: str) -> NoReturn:
        """Raise OnnxError that names the node."""
        refuse(self.node, why)

    # Operators

    def emit(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """Put an operator of one result; the result's name. An operand that is left out is an empty text."""
        return self.body.emit(op_type, inputs, stem=self.stem, **attributes)[0]

    def several(self, op_type: str, count: int, *inputs: str, **attributes: Any) -> tuple[str, ...]:
        """Put an operator of several results."""
        return self.body.emit(op_type, inputs, count, stem=self.stem, **attributes)

    def number(self, value: float, dtype: DType | None = None) -> str:
        """A fixed number without axes, of the node's dtype."""
        return self.body.constant(np.array(value, dtype or self.dtype))

    def array(self, values: Any, dtype: DType) -> str:
        """A fixed array."""
        return self.body.constant(np.array(values, dtype))

    def ints(self, *values: DimLike) -> str:
        """An int64 vector; sizes of named axes are computed."""
        return self.body.sizes(values)

    def size(self, dims: Sequence[DimLike], dtype: DType) -> str:
        """The product of sizes as a number without axes."""
        total = size_of(tuple(dims))
        if not isinstance(total, Dim):
            return self.number(total, dtype)
        whole = self.emit("Squeeze", self.body.size(total), self.ints(0))
        return whole if dtype is int64 else self.cast(whole, dtype)

    def cast(self, value: str, dtype: DType) -> str:
        """The value in another dtype."""
        return self.emit("Cast", value, to=ELEMENT_TYPES[dtype])

    def reshape(self, value: str, old: Shape, new: Shape) -> str:
        """The value, whose shape is `old`, with the shape `new`."""
        told = self.body.reshaped_sizes(old, new)
        return self.emit("Reshape", value, told, allowzero=1 if 0 in old or 0 in new else None)

    def expand(self, value: str, shape: Shape) -> str:
        """The value repeated along axes."""
        return self.emit("Expand", value, self.body.sizes(shape))

    def unsqueeze(self, value: str, *axes: int) -> str:
        return self.emit("Unsqueeze", value, self.ints(*axes))

    def squeeze(self, value: str, *axes: int) -> str:
        return self.emit("Squeeze", value, self.ints(*axes))

    def cut(self, value: str, axis: int, start: int, stop: int | None) -> str:
        """Part of one axis."""
        end = self.ints(LARGEST if stop is None else stop)
        return self.emit("Slice", value, self.ints(start), end, self.ints(axis))

    def reduce(self, operator: str, value: str, axes: Sequence[int], keepdims: int = 1) -> str:
        """ReduceSum and its kin over the axes."""
        return self.emit(operator, value, self.ints(*axes), keepdims=keepdims)

    def zeros(self, shape: Shape, dtype: DType | None = None) -> str:
        """Zeros of a shape."""
        return self.expand(self.number(0, dtype), shape)

    def swap(self, value: str, ndim: int) -> str:
        """The last two axes exchanged."""
        axes = [*range(ndim - 2), ndim - 1, ndim - 2]
        return self.emit("Transpose", value, perm=axes)

    def range(self, size: DimLike, start: int = 0, step: int = 1) -> str:
        """start, start + step, ... as an int64 vector of `size` numbers."""
        if not isinstance(size, Dim):
            return self.body.constant(start + step * np.arange(size, dtype=np.int64))
        count = self.emit("Squeeze", self.body.size(size * step + start), self.ints(0))
        return self.emit("Range", self.number(start, int64), count, self.number(step, int64))
