"""Hold the ONNX graph itself while it is written: inputs, initialisers, and what is known of every value."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.core.dims import Dim, Shape
from graphnn.core.dtypes import DType, is_float
from graphnn.core.errors import GraphError
from graphnn.io.onnx.write.body import ELEMENT_TYPES, Body, tensor_of

__all__ = ["GraphBody"]

# With this version of the format came notes on nodes and numbers.
NOTES_SINCE = 10


class GraphBody(Body):
    """The operators of the graph, its inputs, and its numbers.

    inputs, value_info : ValueInfoProtos; initializers : TensorProtos without their numbers, and these beside them
    """

    def __init__(self, opset: int, ir_version: int):
        super().__init__(opset)
        self.ir_version = ir_version
        self.inputs: list[Any] = []
        self.value_info: list[Any] = []
        self.initializers: list[tuple[Any, np.ndarray]] = []
        self._homes: dict[str, tuple[str, int]] = {}
        self._axes: dict[str, str] = {}

    def add_input(self, name: str, dtype: DType, shape: Shape) -> str:
        """Declare an input; its axes lend their sizes to others of their name."""
        self.inputs.append(self.info(name, dtype, shape))
        for k, dim in enumerate(shape):
            if isinstance(dim, Dim) and dim.names() == [str(dim)]:
                self._homes.setdefault(str(dim), (name, k))
        return name

    def add_initializer(self, array: np.ndarray, name: str, notes: dict[str, str]) -> str:
        """Numbers that belong to the model."""
        tensor = self._onnx.TensorProto()
        tensor.name, tensor.data_type = name, ELEMENT_TYPES[array.dtype]
        tensor.dims.extend(array.shape)
        if notes and self.ir_version >= NOTES_SINCE:
            self.note(tensor, notes)
        self.initializers.append((tensor, array))
        return name

    def put_constant(self, array: np.ndarray, name: str) -> str:
        # Readers take an initialiser of floats for something to train: such constants stand among the operators.
        if is_float(array.dtype) and array.ndim:
            return super().put_constant(array, name)
        self.initializers.append((tensor_of(array, name), array))
        return name

    def axis(self, name: str) -> str:
        if name not in self._axes:
            if name not in self._homes:
                raise GraphError(
                    f"save_onnx: axis {name!r} has no size: no input of the exported graph has it in its shape. "
                    "Give an input that axis, or a number in its place."
                )
            source, k = self._homes[name]
            self._axes[name] = self.emit("Shape", [source], start=k, end=k + 1)[0]
        return self._axes[name]

    def describe(self, name: str, dtype: DType, shape: Shape) -> None:
        """Keep what is known of a value."""
        self.value_info.append(self.info(name, dtype, shape))

    def info(self, name: str, dtype: DType, shape: Shape) -> Any:
        """Name, element type and shape of a value; named axes are texts, as `batch` or `2*batch+3`."""
        info = self._onnx.ValueInfoProto()
        info.name = name
        tensor = info.type.tensor_type
        tensor.elem_type = ELEMENT_TYPES[dtype]
        tensor.shape.SetInParent()
        for dim in shape:
            if isinstance(dim, Dim):
                tensor.shape.dim.add().dim_param = str(dim)
            else:
                tensor.shape.dim.add().dim_value = dim
        return info

    def note(self, proto: Any, notes: dict[str, str]) -> None:
        """Put texts into the metadata of a part of the file."""
        if self.ir_version >= NOTES_SINCE:
            for key, value in notes.items():
                entry = proto.metadata_props.add()
                entry.key, entry.value = key, value
