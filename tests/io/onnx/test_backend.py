"""The back end reads a model for what is fed, and gives results in the types that the file declares."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import graphnn as gn  # noqa: E402
from graphnn.core.errors import FeedError, OnnxError  # noqa: E402
from graphnn.io.onnx import backend  # noqa: E402

info, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
FLOAT, INT32, INT64, STRING, FLOAT16, BFLOAT16, UINT64 = 1, 6, 7, 8, 10, 16, 13


def model(nodes: list[Any], inputs: list[Any], outputs: list[Any], **arrays: Any) -> Any:
    held = [onnx.numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    graph = onnx.helper.make_graph(nodes, "g", inputs, outputs, held)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)


def reshaping(axes: Any = ("n", 4)) -> Any:
    inputs = [info("x", FLOAT, axes), info("shape", INT64, [2])]
    return model([node("Reshape", ["x", "shape"], ["y"])], inputs, [info("y", FLOAT, ["a", "b"])])


def test_a_shape_that_is_fed_may_differ_from_run_to_run() -> None:
    ready = backend.prepare(reshaping())
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    for shape in ([4, 2], [8, 1], [4, 2], [-1, 8]):
        (y,) = ready.run([x, np.array(shape)])
        np.testing.assert_array_equal(y, x.reshape(shape))
    (y,) = ready.run({"x": x[:1], "shape": np.array([2, 2])})
    np.testing.assert_array_equal(y, x[0].reshape(2, 2))


def test_a_model_is_read_again_only_where_a_fixed_number_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    honest = backend.load_onnx

    def counting(*words: Any, **settings: Any) -> Any:
        reads.append(settings)
        return honest(*words, **settings)

    monkeypatch.setattr(backend, "load_onnx", counting)
    ready = backend.prepare(reshaping())
    x = np.zeros((2, 4), np.float32)
    ready.run([x, np.array([4, 2])])
    before = len(reads)
    ready.run([x + 1, np.array([4, 2])])
    assert len(reads) == before
    ready.run([x, np.array([2, 4])])
    assert len(reads) > before


def test_an_axis_that_only_an_unneeded_input_tells_is_taken_from_what_is_fed() -> None:
    shape_of = node("Shape", ["x"], ["s"])
    ones = node("ConstantOfShape", ["s"], ["y"], value=onnx.helper.make_tensor("v", FLOAT, [1], [1.0]))
    ready = backend.prepare(model([shape_of, ones], [info("x", FLOAT, ["n"])], [info("y", FLOAT, ["n"])]))
    for n in (2, 5):
        (y,) = ready.run([np.zeros(n, np.float32)])
        np.testing.assert_array_equal(y, np.ones(n))


@pytest.mark.parametrize("kind", [INT32, FLOAT16, BFLOAT16, UINT64])
def test_results_have_the_element_types_of_the_file(kind: int) -> None:
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
    summed = model([node("Add", ["x", "x"], ["y"])], [info("x", kind, [2])], [info("y", kind, [2])])
    (y,) = backend.run_model(summed, [np.array([1, 2]).astype(dtype)])
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.astype(np.float64), [2, 4])


def test_initialisers_that_are_listed_as_inputs_are_not_fed() -> None:
    inputs = [info("x", FLOAT, [2]), info("b", FLOAT, [2])]
    added = model([node("Add", ["x", "b"], ["y"])], inputs, [info("y", FLOAT, [2])], b=np.float32([1, 2]))
    (y,) = backend.run_model(added, np.float32([1, 1]))
    np.testing.assert_array_equal(y, [2, 3])


def test_one_node_runs_alone() -> None:
    x = np.float32([[1, -2], [3, 4]])
    (y,) = backend.run_node(node("Relu", ["x"], ["y"]), [x])
    np.testing.assert_array_equal(y, np.maximum(x, 0))
    for fed in ({"a": x}, [x], [x, x]):
        (y,) = backend.run_node(node("Gemm", ["a", "a"], ["y"]), fed, opset_version=13)
        np.testing.assert_array_equal(y, x @ x)
    with pytest.raises(FeedError, match="run_node: 0 inputs, wanted 1: x"):
        backend.run_node(node("Relu", ["x"], ["y"]), [])
    (y,) = backend.run_node(node("Shape", ["x"], ["y"]), [x], outputs_info=[(np.int64, (2,))])
    np.testing.assert_array_equal(y, [2, 2])


def test_what_is_fed_must_fit() -> None:
    ready = backend.prepare(reshaping((2, 4)))
    x = np.zeros((2, 4), np.float32)
    with pytest.raises(FeedError, match="1 inputs, wanted 2: x, shape"):
        ready.run([x])
    with pytest.raises(FeedError, match="the input 'shape' is missing"):
        ready.run({"x": x})
    with pytest.raises(FeedError, match="input 'x' is of type <U32, wanted float32"):
        ready.run([x.astype(str), np.array([4, 2])])
    counted = model([node("Identity", ["x"], ["y"])], [info("x", UINT64, [1])], [info("y", UINT64, [1])])
    with pytest.raises(FeedError, match="numbers beyond int64"):
        backend.run_model(counted, [np.array([2**63], np.uint64)])


def test_what_cannot_be_read_is_refused_when_it_is_prepared() -> None:
    texts = model([node("Identity", ["x"], ["y"])], [info("x", STRING, ["n"])], [info("y", STRING, ["n"])])
    with pytest.raises(OnnxError, match="elements of type string are not read"):
        backend.prepare(texts).run([np.array(["a"])])
    with pytest.raises(onnx.checker.ValidationError):
        backend.prepare(model([node("Nothing", ["x"], ["y"])], [info("x", 1, [1])], [info("y", 1, [1])]))


def test_only_the_cpu_is_a_device() -> None:
    for who in (backend, backend.GraphnnBackend):
        assert who.supports_device("CPU") and who.supports_device("CPU:0") and not who.supports_device("CUDA")
    assert issubclass(backend.GraphnnBackend, onnx.backend.base.Backend)
    with pytest.raises(AttributeError, match="no attribute 'Backend'"):
        backend.Backend  # noqa: B018


def test_importing_the_back_end_imports_no_onnx() -> None:
    code = "import sys, graphnn.io.onnx.backend; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_class_runs_models_and_nodes() -> None:
    x = np.float32([-1, 2])
    graph = model([node("Relu", ["x"], ["y"])], [info("x", FLOAT, [2])], [info("y", FLOAT, [2])])
    (y,) = backend.GraphnnBackend.run_model(graph, [x])
    (z,) = backend.GraphnnBackend.run_node(graph.graph.node[0], [x])
    np.testing.assert_array_equal([y, z], [np.maximum(x, 0)] * 2)
    assert gn.io.load_onnx(graph.SerializeToString()).predict(x).tolist() == [0, 2]
