"""Hold the operators of an ONNX graph or function while they are written, with their constants and named axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, DimLike, Shape
from graphnn.core.dtypes import DType, bool_, float32, float64, int64
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.write.names import Names

__all__ = ["ELEMENT_TYPES", "Body", "FunctionBody", "little_endian", "tensor_of"]

ELEMENT_TYPES: dict[DType, int] = {float32: 1, int64: 7, bool_: 9, float64: 11}
"""The numbers that the standard gives to element types."""

LARGEST = 2**63 - 1


def tensor_of(array: np.ndarray, name: str = "") -> Any:
    """A TensorProto that holds the array."""
    tensor = onnx_package().TensorProto()
    tensor.name, tensor.data_type = name, ELEMENT_TYPES[array.dtype]
    tensor.dims.extend(array.shape)
    tensor.raw_data = little_endian(array).tobytes()
    return tensor


def little_endian(array: np.ndarray) -> np.ndarray:
    """The array as files hold it."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)


class Body:
    """Operators, one after the other; each uses only values of those before it.

    nodes : the NodeProtos
    opset : the version of the standard's operators that they are of
    rooted : whether names begin with a slash, as those of the graph itself do
    """

    rooted = True

    def __init__(self, opset: int):
        self.opset = opset
        self.nodes: list[Any] = []
        self.names = Names()
        self._onnx = onnx_package()
        self._attribute = onnx_package("onnx.helper").make_attribute
        self._constants: dict[tuple[DType, tuple[int, ...], bytes], str] = {}
        self._sizes: dict[Dim, str] = {}

    def emit(
        self,
        op_type: str,
        inputs: Sequence[str],
        outputs: int = 1,
        *,
        stem: str = "",
        domain: str = "",
        **attributes: Any,
    ) -> tuple[str, ...]:
        """Put one operator at the end; the names of its results. Attributes that are None are left out."""
        node = self._onnx.NodeProto()
        node.op_type, node.domain = op_type, domain
        node.name = self.names.take(f"{stem}/{op_type}" if stem or self.rooted else op_type)
        node.input.extend(inputs)
        names = [self.names.take(f"{node.name}_output_{k}") for k in range(outputs)]
        node.output.extend(names)
        for key, value in attributes.items():
            if value is not None:
                node.attribute.append(self._attribute(key, value))
        self.nodes.append(node)
        return tuple(names)

    def rename(self, old: str, new: str, since: int) -> bool:
        """Give a result of the operators from number `since` on another name; False if none of them gives it."""
        found = False
        for node in self.nodes[since:]:
            for names in (node.input, node.output):
                for k, name in enumerate(names):
                    if name == old:
                        found = found or names is node.output
                        names[k] = new
        return found

    # Constants

    def constant(self, array: np.ndarray) -> str:
        """A fixed value; equal ones are written once."""
        array = np.asarray(array)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.put_constant(array, self.names.take("constant"))
        return self._constants[key]

    def put_constant(self, array: np.ndarray, name: str) -> str:
        """Write a constant under a name that is free."""
        node = self._onnx.NodeProto()
        node.op_type = "Constant"
        node.name = self.names.take("/Constant" if self.rooted else "Constant")
        node.output.append(name)
        node.attribute.append(self._attribute("value", tensor_of(array)))
        self.nodes.append(node)
        return name

    # Sizes of axes, known when the file runs

    def axis(self, name: str) -> str:
        """The size of a named axis, as a value of shape (1,)."""
        raise NotImplementedError

    def size(self, dim: DimLike) -> str:
        """The size of an axis, as an int64 value of shape (1,)."""
        if not isinstance(dim, Dim):
            return self.constant(np.array([dim], np.int64))
        if dim not in self._sizes:
            total = ""
            for monomial, factor in dim.terms:
                parts = [self.axis(name) for name in monomial]
                if factor != 1 or not parts:
                    parts.append(self.constant(np.array([factor], np.int64)))
                term = parts[0]
                for part in parts[1:]:
                    (term,) = self.emit("Mul", [term, part])
                if total:
                    (term,) = self.emit("Add", [total, term])
                total = term
            self._sizes[dim] = total
        return self._sizes[dim]

    def sizes(self, dims: Sequence[DimLike]) -> str:
        """Sizes as one int64 vector."""
        if not any(isinstance(d, Dim) for d in dims):
            return self.constant(np.array(dims, np.int64).reshape(len(dims)))
        pieces: list[str] = []
        known: list[int] = []
        for dim in [*dims, None]:
            if isinstance(dim, int):
                known.append(dim)
                continue
            if known:
                pieces.append(self.constant(np.array(known, np.int64)))
                known = []
            if dim is not None:
                pieces.append(self.size(dim))
        return pieces[0] if len(pieces) == 1 else self.emit("Concat", pieces, axis=0)[0]

    def reshaped_sizes(self, old: Shape, new: Shape) -> str:
        """What Reshape is told: axes that stay are 0, and one that is not known is -1, so that nothing is computed."""
        if 0 in old or 0 in new:
            return self.sizes(new)  # to Reshape 0 says something else, unless it is told otherwise
        told: list[DimLike] = [
            0 if isinstance(d, Dim) and k < len(old) and old[k] == d else d for k, d in enumerate(new)
        ]
        unknown = [k for k, d in enumerate(told) if isinstance(d, Dim)]
        if len(unknown) == 1:
            told[unknown[0]] = -1
        return self.sizes(told)


class FunctionBody(Body):
    """The operators of a function.

    formals : {name: shape} of the operands; sizes of axes that stand alone in one of these shapes are read off it
    extra : names of axes whose sizes are operands as well, after the others
    """

    rooted = False

    def __init__(self, opset: int, formals: dict[str, Shape]):
        super().__init__(opset)
        self.formals = formals
        self.extra: dict[str, str] = {}
        self._axes: dict[str, str] = {}
        for name in formals:
            self.names.take(name)

    def axis(self, name: str) -> str:
        if name not in self._axes:
            self._axes[name] = self._find(name)
        return self._axes[name]

    def _find(self, name: str) -> str:
        for formal, shape in self.formals.items():
            for k, dim in enumerate(shape):
                if isinstance(dim, Dim) and str(dim) == name:
                    return self.emit("Shape", [formal], start=k, end=k + 1)[0]
        self.extra[name] = self.names.take(f"axis {name}")
        return self.extra[name]
