"""Open a model that was made elsewhere: `load_onnx("net.onnx")` gives an ordinary graph."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from graphnn.core.collector import collector_paused
from graphnn.core.errors import OnnxError, SettingError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import as_array, input
from graphnn.core.node import Node
from graphnn.core.scope import absolute_scope
from graphnn.io.loaded import Model
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.read.axes import Axes
from graphnn.io.onnx.read.carrying import carried
from graphnn.io.onnx.read.files import Outside, read_model
from graphnn.io.onnx.read.limits import Limits
from graphnn.io.onnx.read.readers import import_readers
from graphnn.io.onnx.read.tensors import Numbers, element_kind
from graphnn.io.onnx.read.values import HELD, Value
from graphnn.io.onnx.read.walk import Walk

__all__ = ["load_onnx"]

_DEFAULTS = Limits()


def load_onnx(
    source: str | os.PathLike[str] | bytes,
    *,
    sizes: Mapping[str, int] | None = None,
    constants: Mapping[str, Any] | None = None,
    trainable: bool = True,
    limits: Limits = _DEFAULTS,
) -> Model:
    """The model in an ONNX file, as an ordinary graph: it predicts, is drawn, differentiated and trained.

    source : the path of the file, or its bytes
    sizes : {axis name: size} for axes that the file leaves open
    constants : {input: numbers} for inputs that are given once and for all, such as a shape that arrives as an input
    trainable : whether the floats that the file holds as initialisers are trained; those without axes are constants
    limits : what the file may ask for at most

    An open axis of the file is a named axis of the graph. Smaller whole numbers are held as int64, float16 and
    bfloat16 as float32; `notes` of the model tells where, and what else the file said. Where a file claims another
    element type for a name than it has, it is refused; another shape is a remark among the notes.

    Raises OnnxError for a file that is damaged or holds what graphnn has no word for, NeedsConstantError where `sizes`
    or `constants` help, DataError for a file that cannot be read, SettingError for other arguments that do not fit.

    Example
    -------
    >>> import tempfile, graphnn as gn
    >>> y = gn.nn.Dense(2, seed=1)(gn.input("x", ("batch", 3)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gn.io.save_onnx(y, f"{folder}/net.onnx")
    ...     model = gn.io.load_onnx(f"{folder}/net.onnx")
    >>> model.inputs[0].shape, model.predict([[1.0, 2.0, 3.0]]).shape
    ((batch, 3), (1, 2))
    """
    if not isinstance(limits, Limits):
        raise SettingError(f"load_onnx: limits are Limits, found {limits!r}.")
    onnx_package()
    import_readers()
    proto, folder = read_model(source, limits)
    given = _constants(constants or {})
    axes = Axes(sizes or {}, limits)
    numbers = Numbers(limits, Outside(folder))
    walk = Walk(proto, numbers, limits, trainable=bool(trainable))
    with collector_paused(), absolute_scope(""):
        graph = proto.graph
        declared = _inputs(graph, axes, given, walk)
        axes.check_used()
        found = walk.model_graph(graph, declared)
        outputs = {
            value_info.name: _output(walk, value, value_info.name)
            for value_info, value in zip(graph.output, found, strict=True)
        }
        outputs = {name: carried(node, declared) for name, node in outputs.items()}
    notes = {
        "format": "onnx",
        "producer": " ".join(filter(None, (proto.producer_name, proto.producer_version)))[:200],
        "opsets": dict(sorted(walk.opsets.items())),
        "inputs": {v.name: v.kind for v in declared},
        "outputs": {o.name: v.kind for o, v in zip(graph.output, found, strict=True)},
        "remarks": list(walk.remarks),
    }
    return Model(Graph(outputs.values()), outputs, notes)


def _constants(constants: Any) -> dict[str, Any]:
    if not isinstance(constants, Mapping) or not all(isinstance(k, str) for k in constants):
        raise SettingError("load_onnx: constants are {input: numbers}.")
    return dict(constants)


def _inputs(graph: Any, axes: Axes, given: dict[str, Any], walk: Walk) -> list[Value]:
    """The model's inputs, as nodes that are fed or as the numbers that the user gives."""
    initialised = {t.name for t in graph.initializer}
    protos = [p for p in graph.input if p.name not in initialised]  # such an initialiser is a default
    for name in given:
        if name not in [p.name for p in protos]:
            hint = did_you_mean(name, [p.name for p in protos])
            raise SettingError(f"load_onnx: constants: there is no input {name!r}.{hint}")
    shapes = {p.name: _tensor_type(p) for p in protos}
    axes.reserve([t.shape for t in shapes.values()])
    found = []
    for proto in protos:
        who, kind = f"input {proto.name[:60]!r}", shapes[proto.name]
        if not proto.name:
            raise OnnxError("an input of the model has no name.")
        element = element_kind(kind.elem_type, who)
        if not kind.HasField("shape"):
            raise OnnxError(f"{who}: the file does not say how many axes it has.")
        shape = axes.shape(kind.shape, proto.name, who)
        if proto.name in given:
            array = as_array(given[proto.name], HELD[element], f"load_onnx: constants: {proto.name!r}")
            fits = len(array.shape) == len(shape) and all(
                not isinstance(d, int) or d == n for d, n in zip(shape, array.shape, strict=True)
            )
            if not fits:
                raise SettingError(
                    f"load_onnx: constants: {proto.name!r} has shape {array.shape}, wanted {shape}."
                )
            found.append(Value(None, array, element, proto.name))
        else:
            found.append(Value(input(proto.name, shape, HELD[element]), None, element, proto.name))
        if str(HELD[element]) != element:
            walk.remark(f"input {proto.name[:60]!r} is {element} in the file and {HELD[element]} here")
    return found


def _tensor_type(proto: Any) -> Any:
    if proto.type.WhichOneof("value") != "tensor_type":
        raise OnnxError(
            f"input {proto.name[:60]!r} is no tensor; sequences, optionals, maps and sparse tensors are not read."
        )
    return proto.type.tensor_type


def _output(walk: Walk, value: Value, name: str) -> Node:
    node = walk.as_node(value, trainable=True)
    if node.name is None and node.role == "op":
        node.named(name)
    if str(node.dtype) != value.kind:
        walk.remark(f"output {name[:60]!r} is {value.kind} in the file and {node.dtype} here")
    return node
