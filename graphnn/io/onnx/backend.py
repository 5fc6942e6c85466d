"""Run ONNX models by graphnn through the interface that the ONNX project gives its tests: `onnx.backend.base`.

>>> from graphnn.io.onnx import backend
>>> ready = backend.prepare(model)  # doctest: +SKIP
>>> (y,) = ready.run([x])  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, Shape
from graphnn.core.errors import FeedError, NeedsConstantError, OnnxError
from graphnn.core.node import Node
from graphnn.io.loaded import Model
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.read.importer import load_onnx

__all__ = ["GraphnnBackend", "Ready", "prepare", "run_model", "run_node", "supports_device"]

GraphnnBackend: Any
"""A subclass of onnx.backend.base.Backend, made when it is first asked for: importing graphnn imports no onnx."""


class Ready:
    """An ONNX model that is ready to run: what `prepare` gives.

    The file is read once. Where a shape, or another number that the graph's structure needs, comes in as an input,
    and where sizes of open axes must be known, it is read anew for the numbers and shapes that are fed.
    """

    def __init__(self, model: Any):
        self._model = model
        given = {each.name for each in model.graph.initializer}
        self._inputs = [each for each in model.graph.input if each.name not in given]
        self._fixed: tuple[tuple[tuple[int, ...], ...], dict[str, np.ndarray], Model] | None = None
        self._open: Model | None = None
        try:
            read = load_onnx(model.SerializeToString())
            if _names([n.shape for n in read.graph.nodes]) <= _names([n.shape for n in read.inputs]):
                self._open = read  # else an input that tells a size is not needed, and so not fed
        except NeedsConstantError:
            pass  # run will know
        except OnnxError:
            tensors = all(each.type.HasField("tensor_type") for each in self._inputs)
            if not tensors or not any(map(_is_open, self._inputs)):
                raise

    def run(self, inputs: Any, **_: Any) -> tuple[np.ndarray, ...]:
        """The outputs in the file's order and element types, for inputs in its order or by name."""
        feeds = self._named(inputs)
        read = self._open or self._read(feeds)
        taken = {node: _cast(feeds[str(node.name)], node) for node in read.inputs}
        found = read.predict(taken, list(read.outputs), batch=None)
        return tuple(_declared(found[each.name], each) for each in self._model.graph.output)

    def _named(self, inputs: Any) -> dict[str, np.ndarray]:
        names = [each.name for each in self._inputs]
        if not isinstance(inputs, Mapping):
            listed = list(inputs) if isinstance(inputs, Sequence) else [inputs]
            if len(listed) != len(names):
                raise FeedError(f"run: {len(listed)} inputs, wanted {len(names)}: {', '.join(names)}.")
            inputs = dict(zip(names, listed, strict=True))
        for name in names:
            if name not in inputs:
                raise FeedError(f"run: the input {name!r} is missing.")
        return {name: np.asarray(inputs[name]) for name in names}

    def _read(self, feeds: Mapping[str, np.ndarray]) -> Model:
        """The model for inputs of these shapes, and with these numbers where its structure needs them."""
        shapes = tuple(array.shape for array in feeds.values())
        if self._fixed is not None and self._fixed[0] == shapes and _agree(self._fixed[1], feeds):
            return self._fixed[2]
        content = self._with_shapes(feeds)
        constants: dict[str, np.ndarray] = {}
        while True:
            try:
                model = load_onnx(content, constants=constants)
            except NeedsConstantError as error:
                more = [name for name in error.inputs if name in feeds and name not in constants]
                if not more:
                    raise
                constants.update({name: _held(feeds[name]) for name in more})
            else:
                self._fixed = (shapes, constants, model)
                return model

    def _with_shapes(self, feeds: Mapping[str, np.ndarray]) -> bytes:
        """The file with the shapes of what is fed in the place of open ones."""
        model = onnx_package().ModelProto()
        model.CopyFrom(self._model)
        for each in model.graph.input:
            if each.name in feeds and _is_open(each):
                shape = each.type.tensor_type.shape
                del shape.dim[:]
                for size in feeds[each.name].shape:
                    shape.dim.add().dim_value = size
        for each in model.graph.output:  # they may use names of axes that are gone
            if each.type.HasField("tensor_type"):
                each.type.tensor_type.ClearField("shape")
        return bytes(model.SerializeToString())


def _names(shapes: Iterable[Shape]) -> set[str]:
    """The named axes in these shapes."""
    return {name for shape in shapes for d in shape if isinstance(d, Dim) for name in d.names()}


def _is_open(each: Any) -> bool:
    """Whether not all sizes of a tensor are known."""
    tensor = each.type.tensor_type
    return not tensor.HasField("shape") or any(not d.HasField("dim_value") for d in tensor.shape.dim)


def _agree(constants: Mapping[str, np.ndarray], feeds: Mapping[str, np.ndarray]) -> bool:
    return all(np.array_equal(_held(feeds[name]), array, equal_nan=True) for name, array in constants.items())


def _held(array: np.ndarray) -> np.ndarray:
    """Numbers in a type that NumPy itself knows."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array.copy()


def _cast(array: np.ndarray, node: Node) -> np.ndarray:
    """What is fed, in the dtype that our node holds it in."""
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise FeedError(f"run: input {node.name!r} is of type {array.dtype}, wanted {node.dtype}.")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise FeedError(f"run: input {node.name!r} holds numbers beyond int64, in which uint64 is held.")
    return array.astype(node.dtype)


def _declared(array: np.ndarray, output: Any) -> np.ndarray:
    """A result in the element type that the file declares for it."""
    kind = output.type.tensor_type.elem_type
    if not kind:
        return array
    with np.errstate(over="ignore"):  # beyond float16 is infinity
        return array.astype(onnx_package("onnx.helper").tensor_dtype_to_np_dtype(kind))


@cache
def _backend() -> Any:
    base: Any = onnx_package("onnx.backend.base").Backend

    class GraphnnBackend(base):
        """graphnn as a back end of ONNX: reads a model into a graph and runs it compiled."""

        @classmethod
        def prepare(cls, model: Any, device: str = "CPU", **_: Any) -> Ready:
            """Check the model by onnx.checker and read it. Raises OnnxError for what graphnn has no word for."""
            super().prepare(model, device)
            return Ready(model)

        @classmethod
        def run_node(
            cls, node: Any, inputs: Any, device: str = "CPU", outputs_info: Any = None, **options: Any
        ) -> tuple[np.ndarray, ...]:
            """Run one operator, of the version `opset_version=` if it is given.

            outputs_info : (dtype, shape) of each output; without it outputs come in the dtypes that we hold them in
            """
            super().run_node(node, inputs, device, outputs_info, **options)
            feeds = _operands(node, inputs)
            return Ready(_model_of_node(node, feeds, outputs_info, **options)).run(feeds)

        @classmethod
        def supports_device(cls, device: str) -> bool:
            """Whether models run on this device: on "CPU" they do."""
            return device.partition(":")[0] == "CPU"

    return GraphnnBackend


def _operands(node: Any, inputs: Any) -> dict[str, np.ndarray]:
    """The operands of a node by name; one that it takes twice may be given once or twice."""
    names = [name for name in node.input if name]
    if not isinstance(inputs, Mapping):
        listed = list(inputs)
        names = names if len(listed) == len(names) else list(dict.fromkeys(names))
        if len(listed) != len(names):
            raise FeedError(f"run_node: {len(listed)} inputs, wanted {len(names)}: {', '.join(names)}.")
        inputs = dict(zip(names, listed, strict=True))
    return {name: np.asarray(inputs[name]) for name in names}


def _model_of_node(
    node: Any, feeds: Mapping[str, np.ndarray], outputs_info: Any, opset_version: int | None = None
) -> Any:
    helper = onnx_package("onnx.helper")
    wanted = [name for name in node.output if name]

    def info(name: str, dtype: Any, shape: Sequence[int] | None) -> Any:
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)

    if outputs_info is None:
        outputs = [onnx_package().ValueInfoProto(name=name) for name in wanted]
    else:
        outputs = [
            info(name, dtype, shape) for name, (dtype, shape) in zip(wanted, outputs_info, strict=True)
        ]
    graph = helper.make_graph(
        [node], "node", [info(name, array.dtype, array.shape) for name, array in feeds.items()], outputs
    )
    if opset_version is None:
        opset_version = onnx_package("onnx.defs").get_schema(node.op_type, node.domain).since_version
    imports = [helper.make_opsetid(node.domain, opset_version)]
    return helper.make_model(graph, opset_imports=imports)


def prepare(model: Any, device: str = "CPU", **options: Any) -> Ready:
    """See GraphnnBackend.prepare."""
    return _backend().prepare(model, device, **options)


def run_model(model: Any, inputs: Any, device: str = "CPU", **options: Any) -> tuple[np.ndarray, ...]:
    """Prepare a model and run it once."""
    return _backend().run_model(model, inputs, device, **options)


def run_node(
    node: Any, inputs: Any, device: str = "CPU", outputs_info: Any = None, **options: Any
) -> tuple[np.ndarray, ...]:
    """See GraphnnBackend.run_node."""
    return _backend().run_node(node, inputs, device, outputs_info, **options)


def supports_device(device: str) -> bool:
    """Whether models run on this device: on "CPU" they do."""
    return device.partition(":")[0] == "CPU"


def __getattr__(name: str) -> Any:
    if name == "GraphnnBackend":
        return _backend()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
