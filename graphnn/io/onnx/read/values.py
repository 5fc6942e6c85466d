"""What a name in an ONNX graph stands for: a node, or numbers that are known while the file is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from graphnn.core.dims import Dim, DimLike, Shape
from graphnn.core.dtypes import DType, bool_, float32, float64, int64
from graphnn.core.errors import GraphError
from graphnn.core.node import Node

__all__ = ["HELD", "KINDS", "RANGES", "Value", "as_known", "element_name", "kind_of", "shape_vector"]

KINDS: dict[int, str] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
    17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4",
    23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
}  # fmt: skip
"""Names of the element types that TensorProto numbers."""

HELD: dict[str, DType] = {
    "float32": float32, "float64": float64, "float16": float32, "bfloat16": float32, "bool": bool_,
    **dict.fromkeys(("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64"), int64),
}  # fmt: skip
"""The dtype that an element type is computed in; those that are absent are refused."""

RANGES: dict[str, tuple[int, int]] = {
    **{f"int{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 16, 32, 64)},
    **{f"uint{n}": (0, 2**n - 1) for n in (8, 16, 32, 64)},
}
"""The smallest and the largest number of each whole type."""


@dataclass(frozen=True, eq=False)
class Value:
    """One name of an ONNX graph.

    node : where it is computed, or None as long as nobody has asked for it as a node
    known : its numbers where they are known while the file is read, in the dtype that they are held in; of dtype
        object, with ints and Dims, where sizes of named axes are among them
    kind : the element type that the file gives it, such as "int32"
    name : the file's name for it
    learns : whether `known` are the numbers of a parameter, so that nothing may be computed from them beforehand
    """

    node: Node | None
    known: np.ndarray | None
    kind: str
    name: str = ""
    learns: bool = False

    @property
    def shape(self) -> Shape:
        return self.known.shape if self.node is None and self.known is not None else self._node.shape

    @property
    def dtype(self) -> DType:
        """That of its node, also where that has not been made yet."""
        return HELD[self.kind] if self.node is None else self.node.dtype

    @property
    def symbolic(self) -> bool:
        """Whether it is known but for the sizes of named axes."""
        return self.known is not None and self.known.dtype == object

    @property
    def fixed(self) -> bool:
        """Whether it is known, and no parameter: what is computed from such values alone is known, too."""
        return self.known is not None and not self.learns

    @property
    def _node(self) -> Node:
        if self.node is None:
            raise GraphError(f"the value {self.name!r} has neither node nor numbers.")
        return self.node


def element_name(number: int) -> str:
    """The name of the element type with this number."""
    return KINDS.get(number, f"the unknown type {number}")


def kind_of(dtype: DType) -> str:
    """The element type that a node of this dtype has, if the file does not say otherwise."""
    return str(dtype)


def as_known(numbers: np.ndarray, kind: str) -> np.ndarray:
    """Numbers as a Value knows them: in the dtype they are held in, or of dtype object where Dims are among them."""
    if numbers.dtype == object:
        flat = numbers.reshape(-1).tolist()
        if any(isinstance(d, Dim) for d in flat):
            return numbers
        return np.array([int(d) for d in flat], np.int64).reshape(numbers.shape)
    return numbers.astype(HELD[kind], copy=False)


def shape_vector(dims: Iterable[DimLike]) -> np.ndarray:
    """Sizes as numbers that are known: int64, or of dtype object if some of them are named."""
    listed = list(dims)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return as_known(out, "int64")
