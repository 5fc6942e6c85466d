"""Models of one ONNX node, run here, in onnxruntime and in ONNX's own reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper

import graphnn as gn

IR_VERSION = 10


def one_node(
    op_type: str,
    inputs: Mapping[str, np.ndarray | None],
    outputs: int = 1,
    *,
    known: Sequence[str] = (),
    opset: int = 22,
    domain: str = "",
    kinds: Sequence[int] | None = None,
    axes: Mapping[str, Sequence[int | str]] | None = None,
    attributes: Mapping[str, Any] | None = None,
    **more: Any,
) -> bytes:
    """The bytes of a model of one node. An operand of None is left out; `known` ones are initialisers.

    kinds : the element types of the outputs, that of the first operand if not said
    axes : the shapes of inputs, where some axes are named
    attributes, more : the node's attributes
    """
    given = {name: array for name, array in inputs.items() if array is not None}
    first = helper.np_dtype_to_tensor_dtype(next(iter(given.values())).dtype)
    kinds = kinds or [first] * outputs
    names = [f"y{k}" for k in range(outputs)]
    operands = [name if name in given else "" for name in inputs]
    while not operands[-1]:
        operands.pop()
    node = helper.make_node(op_type, operands, names, domain=domain, **more, **dict(attributes or {}))
    shapes = {name: array.shape for name, array in given.items()} | dict(axes or {})
    graph = helper.make_graph(
        [node],
        "one",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(given[name].dtype), shapes[name]
            )
            for name in given
            if name not in known
        ],
        [helper.make_tensor_value_info(n, kind, None) for n, kind in zip(names, kinds, strict=True)],
        [numpy_helper.from_array(given[name], name) for name in known],
    )
    opsets = [helper.make_opsetid("", opset)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    return model.SerializeToString()


def fed(model: bytes, inputs: Mapping[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    """The operands that the model takes as inputs."""
    names = [i.name for i in onnx.load_from_string(model).graph.input]
    return {name: inputs[name] for name in names}  # type: ignore[misc]


def ours(model: bytes, feeds: Mapping[str, np.ndarray], **settings: Any) -> list[np.ndarray]:
    """The outputs by the NumPy meaning of the graph that is read: the kernels have tests of their own."""
    from graphnn.transform.interpret import interpret

    read = gn.io.load_onnx(model, **settings)
    wanted = {n.name: feeds[n.name] for n in read.inputs}
    return interpret(list(read.outputs.values()), wanted)


def by_runtime(model: bytes, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs by onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(feeds))


def by_reference(model: bytes, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs by ONNX's reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(model).run(None, dict(feeds))


def agree(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], *, rtol=1e-5, atol=1e-5) -> None:
    """Assert that all outputs are equal in shape, and in value up to float32's rounding of some sums."""
    assert len(found) == len(wanted)
    for y, z in zip(found, wanted, strict=True):
        assert y.shape == z.shape
        assert_allclose(y, z, rtol=rtol, atol=atol)


def same_as_runtime(
    op_type: str, inputs: Mapping[str, np.ndarray | None], outputs: int = 1, **settings: Any
) -> None:
    """Assert that a node gives here what it gives in onnxruntime."""
    model = one_node(op_type, inputs, outputs, **settings)
    feeds = fed(model, inputs)
    agree(ours(model, feeds), by_runtime(model, feeds))


def same_as_reference(
    op_type: str, inputs: Mapping[str, np.ndarray | None], outputs: int = 1, **settings: Any
) -> None:
    """Assert that a node gives here what it gives in ONNX's reference evaluator."""
    model = one_node(op_type, inputs, outputs, **settings)
    feeds = fed(model, inputs)
    agree(ours(model, feeds), by_reference(model, feeds))


def same_as_native(model: bytes, native: gn.Node) -> None:
    """Assert that the first output is made of the same ops, in the same order, as a node that was built here."""
    read = gn.io.load_onnx(model)

    def ops_of(node):
        return [n.op.name for n in gn.Graph(node).nodes if n.role == "op"]

    assert ops_of(next(iter(read.outputs.values()))) == ops_of(native)


def gradients_are_right(
    op_type: str, inputs: Mapping[str, np.ndarray | None], outputs: int = 1, **settings: Any
) -> None:
    """Assert that the gradients of a weighted sum of all outputs agree with central differences."""
    model = one_node(op_type, inputs, outputs, **settings)
    read = gn.io.load_onnx(model)
    loss = None
    for k, node in enumerate(read.outputs.values()):
        if node.dtype not in (gn.float32, gn.float64):
            continue
        weights = np.random.default_rng(k).normal(size=[int(d) for d in node.shape])
        part = (node * gn.constant(weights, node.dtype)).sum()
        loss = part if loss is None else loss + part
    feeds = {n.name: inputs[n.name] for n in read.inputs}
    floats = [n for n in (*read.inputs, *read.parameters) if n.dtype in (gn.float32, gn.float64)]
    found = gn.check_gradients(loss, feeds, wrt=floats, samples=20)
    assert found.ok, str(found)


def numbers(*shape: int, seed: int = 0, dtype: Any = np.float32, low: float = -1.0, high: float = 1.0):
    """Numbers drawn evenly from an interval."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
