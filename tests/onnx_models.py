"""Small ONNX files of many kinds, made by hand: what the tests of reading start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
Shape = Sequence[int | str | None] | None


def info(name: str, shape: Shape, kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def array(values: Any, name: str, dtype: str = "float32") -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype), name)


def model(
    nodes: Sequence[onnx.NodeProto], inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto],
    initialisers: Sequence[onnx.TensorProto] = (), *, opset: int = 20, functions: Sequence[onnx.FunctionProto] = (),
    domains: Mapping[str, int] | None = None,
) -> onnx.ModelProto:  # fmt: skip
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(initialisers))
    opsets = [helper.make_opsetid(d, v) for d, v in {"": opset, **(domains or {})}.items()]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


node = helper.make_node


def mlp() -> onnx.ModelProto:
    """Two layers, as PyTorch's older exporter names them."""
    return model(
        [
            node("Gemm", ["x", "l1.weight", "l1.bias"], ["h"], name="/l1/Gemm", transB=1),
            node("Relu", ["h"], ["r"], name="/act/Relu"),
            node("Gemm", ["r", "l2.weight", "l2.bias"], ["y"], name="/l2/Gemm", transB=1),
        ],
        [info("x", ["batch", 3])],
        [info("y", ["batch", 2])],
        [
            array(numbers(4, 3), "l1.weight"), array(numbers(4, seed=1), "l1.bias"),
            array(numbers(2, 4, seed=2), "l2.weight"), array(numbers(2, seed=3), "l2.bias"),
        ],
    )  # fmt: skip


def lenet() -> onnx.ModelProto:
    """Convolution, batch norm, pooling, flatten, and a layer."""
    return model(
        [
            node("Conv", ["x", "k", "c"], ["a"], name="/conv/Conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            node("BatchNormalization", ["a", "g", "b", "m", "v"], ["n"], name="/norm/BatchNormalization"),
            node("Clip", ["n", "low", "high"], ["r"]),
            node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
            node("Flatten", ["p"], ["f"], axis=1),
            node("MatMul", ["f", "w"], ["z"]),
            node("Softmax", ["z"], ["y"], axis=-1),
        ],
        [info("x", ["n", 1, 6, 6])],
        [info("y", ["n", 5])],
        [
            array(numbers(2, 1, 3, 3), "k"), array(numbers(2), "c"), array([1.0, 2.0], "g"), array([0.0, 1.0], "b"),
            array([0.5, 0.0], "m"), array([1.0, 0.5], "v"), array(0.0, "low"), array(6.0, "high"),
            array(numbers(18, 5), "w"),
        ],
    )  # fmt: skip


def attention() -> onnx.ModelProto:
    """Shape arithmetic on named axes, as exporters write it, around a product of queries and keys."""
    return model(
        [
            node("Shape", ["x"], ["s"]),
            node("Gather", ["s", "zero"], ["rows"]),
            node("Gather", ["s", "one"], ["time"]),
            node("Unsqueeze", ["rows", "axes"], ["r1"]),
            node("Unsqueeze", ["time", "axes"], ["t1"]),
            node("Concat", ["r1", "t1", "heads"], ["split"], axis=0),
            node("MatMul", ["x", "w"], ["q"]),
            node("Reshape", ["q", "split"], ["q4"]),
            node("Transpose", ["q4"], ["qt"], perm=[0, 2, 1, 3]),
            node("Transpose", ["q4"], ["kt"], perm=[0, 2, 3, 1]),
            node("MatMul", ["qt", "kt"], ["scores"]),
            node("Softmax", ["scores"], ["p"]),
            node("MatMul", ["p", "qt"], ["o"]),
            node("Transpose", ["o"], ["ot"], perm=[0, 2, 1, 3]),
            node("Reshape", ["ot", "back"], ["y"]),
        ],
        [info("x", ["batch", "time", 4])],
        [info("y", ["batch", "time", 4])],
        [
            array(0, "zero", "int64"), array(1, "one", "int64"), array([0], "axes", "int64"),
            array([2, 2], "heads", "int64"), array(numbers(4, 4), "w"), array([0, 0, -1], "back", "int64"),
        ],
    )  # fmt: skip


def shapes() -> onnx.ModelProto:
    """Slices, splits, pads and their kin, each from numbers that are known."""
    return model(
        [
            node("Slice", ["x", "starts", "ends", "axes", "steps"], ["a"]),
            node("Split", ["a", "sizes"], ["b", "c"], axis=1),
            node("Pad", ["b", "pads", "fill"], ["d"], mode="constant"),
            node("Tile", ["c", "reps"], ["e"]),
            node("Concat", ["d", "e"], ["f"], axis=-1),
            node("Expand", ["f", "wide"], ["g"]),
            node("ReduceSum", ["g", "axes"], ["h"], keepdims=0),
            node("TopK", ["h", "k"], ["y", "i"], axis=-1),
        ],
        [info("x", ["n", 6])],
        [info("y", [2]), info("i", [2], INT64)],
        [
            array([0, 1], "starts", "int64"), array([2**62, 6], "ends", "int64"), array([0, 1], "axes", "int64"),
            array([1, 2], "steps", "int64"), array([1, 2], "sizes", "int64"), array([0, 1, 0, 1], "pads", "int64"),
            array(0.5, "fill"), array([1, 2], "reps", "int64"), array([3, 1, 1], "wide", "int64"),
            array([2], "k", "int64"),
        ],
    )  # fmt: skip


def wholes() -> onnx.ModelProto:
    """Whole numbers of several widths, comparisons, casts, and an If that is known."""
    branch = helper.make_graph([node("Neg", ["a"], ["t"])], "then", [], [info("t", ["k"])])
    other = helper.make_graph([node("Abs", ["a"], ["e"])], "else", [], [info("e", ["k"])])
    return model(
        [
            node("Add", ["u", "v"], ["s"]),
            node("Cast", ["s"], ["a"], to=FLOAT),
            node("Greater", ["one", "two"], ["c"]),
            node("If", ["c"], ["d"], then_branch=branch, else_branch=other),
            node("Less", ["d", "half"], ["e"]),
            node("Where", ["e", "d", "half"], ["f"]),
            node("Cast", ["u"], ["rows"], to=TensorProto.INT32),
            node("Gather", ["table", "rows"], ["g"], axis=0),
            node("Mul", ["f", "g"], ["y"]),
            node("BitShift", ["u", "v"], ["z"], direction="LEFT"),
        ],
        [info("u", [3], TensorProto.UINT8)],
        [info("y", ["k"]), info("z", [3], TensorProto.UINT8)],
        [
            array([1, 2, 3], "v", "uint8"), array(1.0, "one"), array(2.0, "two"), array([0.5], "half"),
            array(numbers(9), "table"),
        ],
    )  # fmt: skip


def functions() -> onnx.ModelProto:
    """Functions of the model's own, one within the other, with attributes that refer."""
    scaled = helper.make_function(
        "own", "Scaled", ["a"], ["b"],
        [
            node("Constant", [], ["k"]),
            node("Mul", ["a", "k"], ["b"]),
        ],
        [helper.make_opsetid("", 20)], attributes=["factor"],
    )  # fmt: skip
    scaled.node[0].attribute.append(onnx.AttributeProto(name="value_float", type=1, ref_attr_name="factor"))
    outer = helper.make_function(
        "own", "Twice", ["a"], ["b"],
        [
            node("Scaled", ["a"], ["c"], domain="own", factor=2.0),
            node("Scaled", ["c"], ["b"], domain="own", factor=0.5),
        ],
        [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)],
    )  # fmt: skip
    return model(
        [
            node("Twice", ["x"], ["h"], domain="own", name="/block/Twice"),
            node("MeanVarianceNormalization", ["h"], ["m"], axes=[0, 1]),
            node("HardSwish", ["m"], ["y"]),
        ],
        [info("x", ["n", 4])],
        [info("y", ["n", 4])],
        functions=[scaled, outer],
        domains={"own": 1},
    )


def recurrent() -> onnx.ModelProto:
    """An LSTM over a short sequence, and what follows it."""
    return model(
        [
            node("LSTM", ["x", "w", "r", "b"], ["all", "last", ""], hidden_size=2),
            node("Squeeze", ["last", "axes"], ["h"]),
            node("Elu", ["h"], ["y"], alpha=0.5),
        ],
        [info("x", [3, "batch", 2])],
        [info("y", ["batch", 2])],
        [
            array(numbers(1, 8, 2), "w"), array(numbers(1, 8, 2, seed=1), "r"), array(numbers(1, 16, seed=2), "b"),
            array([0], "axes", "int64"),
        ],
    )  # fmt: skip


def old() -> onnx.ModelProto:
    """Version 9 of the operators: what are operands today were attributes."""
    return model(
        [
            node("Slice", ["x"], ["a"], starts=[0, 1], ends=[9223372036854775807, 4], axes=[0, 1]),
            node("Unsqueeze", ["a"], ["b"], axes=[1]),
            node("Pad", ["b"], ["c"], pads=[0, 0, 1, 0, 0, 1], value=2.0, mode="constant"),
            node("Clip", ["c"], ["d"], min=-1.0, max=1.5),
            node("ReduceSum", ["d"], ["e"], axes=[2], keepdims=1),
            node("Squeeze", ["e"], ["f"], axes=[1]),
            node("Split", ["d"], ["p", "q"], axis=2, split=[2, 3]),
            node("Dropout", ["f"], ["y"], ratio=0.3),
        ],
        [info("x", ["n", 5])],
        [info("y", ["n", 1]), info("q", ["n", 1, 3])],
        opset=9,
    )


BASES: dict[str, Callable[[], onnx.ModelProto]] = {
    f.__name__: f for f in (mlp, lenet, attention, shapes, wholes, functions, recurrent, old)
}
