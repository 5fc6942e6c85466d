"""Operators that take and put elements by number give what onnxruntime gives, and their gradients are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import graphnn as gn
from graphnn.core.errors import FaultError, NeedsConstantError, OnnxError
from onnx_nodes import (
    agree,
    by_runtime,
    fed,
    gradients_are_right,
    numbers,
    one_node,
    ours,
    same_as_reference,
    same_as_runtime,
)

X = numbers(4, 5, 3)
ROWS = np.array([[0, -1], [2, 1]])
ONCE = np.array([[0, 1, 2], [1, 2, 0]])
UPDATES = numbers(2, 3, seed=1)


@pytest.mark.parametrize("known", [[], ["indices"]], ids=["fed", "known"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather_counts_negative_numbers_from_the_end(axis: int, known: list[str]) -> None:
    same_as_runtime("Gather", {"x": X, "indices": ROWS}, known=known, opset=13, axis=axis)
    gradients_are_right("Gather", {"x": X, "indices": ROWS}, known=known, opset=13, axis=axis)


@pytest.mark.parametrize("shape", [(4, 2, 3), (2, 2, 1), (1, 5, 3)])
def test_gather_elements_takes_from_the_first_elements_of_other_axes(shape: tuple[int, ...]) -> None:
    indices = np.random.default_rng(0).integers(-5, 5, shape)
    same_as_runtime("GatherElements", {"x": X, "indices": indices}, opset=13, axis=1)
    gradients_are_right("GatherElements", {"x": X, "indices": indices}, opset=13, axis=1)


@pytest.mark.parametrize(
    ("batch", "shape"), [(0, (6, 2)), (0, (2, 3)), (1, (4, 2, 1)), (1, (4, 2)), (2, (4, 5, 2, 1))]
)
def test_gather_nd_takes_elements_and_blocks_of_each_example(batch: int, shape: tuple[int, ...]) -> None:
    indices = np.random.default_rng(0).integers(-3, 3, shape)
    same_as_runtime("GatherND", {"x": X, "indices": indices}, opset=13, batch_dims=batch)
    gradients_are_right("GatherND", {"x": X, "indices": indices}, opset=13, batch_dims=batch)


@pytest.mark.parametrize("known", [[], ["indices"]], ids=["fed", "known"])
@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scatter_elements_joins_updates_of_one_place(reduction: str, known: list[str]) -> None:
    indices = ONCE if reduction == "none" else np.array([[1, 0, 1], [1, 2, -2]])
    inputs = {"x": numbers(3, 3), "indices": indices, "updates": UPDATES}
    same_as_runtime("ScatterElements", inputs, known=known, opset=18, axis=0, reduction=reduction)
    gradients_are_right("ScatterElements", inputs, known=known, opset=18, axis=0, reduction=reduction)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float64], ids=str)
@pytest.mark.parametrize("reduction", ["add", "mul", "max", "min"])
def test_scatter_elements_of_other_types(reduction: str, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x, updates = (rng.integers(-4, 5, s).astype(dtype) for s in ((3, 4), (3, 6)))
    inputs = {"x": x, "indices": rng.integers(-4, 4, (3, 6)), "updates": updates}
    same_as_runtime("ScatterElements", inputs, opset=18, axis=1, reduction=reduction)


def test_scatter_elements_of_fewer_rows_leaves_the_others_as_they_are() -> None:
    inputs = {"x": numbers(3, 4), "indices": np.array([[3, -4]]), "updates": numbers(1, 2, seed=2)}
    same_as_runtime("ScatterElements", inputs, opset=18, axis=1)
    gradients_are_right("ScatterElements", inputs, opset=18, axis=1)


def test_scatter_puts_truth_values() -> None:
    inputs = {"x": numbers(3, 4) > 0, "indices": np.array([[3, -4]]), "updates": np.array([[True, False]])}
    same_as_runtime("ScatterElements", inputs, opset=18, axis=1)


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
@pytest.mark.parametrize("depth", [1, 2])
def test_scatter_nd_joins_updates_of_one_block(reduction: str, depth: int) -> None:
    indices = np.array([[3, 1], [0, 2], [1, -1]] if reduction == "none" else [[3, 1], [-1, 1], [1, 2]])[
        :, :depth
    ]
    inputs = {"x": X, "indices": indices, "updates": numbers(3, *X.shape[depth:], seed=1)}
    same_as_runtime("ScatterND", inputs, opset=18, reduction=reduction)
    gradients_are_right("ScatterND", inputs, opset=18, reduction=reduction)


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize("axis", [1, -2])
def test_tensor_scatter_writes_each_example_at_its_place(mode: str, axis: int) -> None:
    updates = numbers(4, 2, 3, seed=1) if axis == 1 else numbers(4, 2, 3, seed=2)
    first = np.array([0, 3, 1, 2] if mode == "linear" else [4, 3, 1, 0])
    inputs = {"x": X, "updates": updates, "first": first}
    same_as_reference("TensorScatter", inputs, opset=24, mode=mode, axis=axis)
    gradients_are_right("TensorScatter", inputs, opset=24, mode=mode, axis=axis)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_one_hot_leaves_out_what_is_no_class(axis: int) -> None:
    inputs = {"labels": np.array([0, 2, -1, 7]), "depth": np.array([3]), "ends": np.float32([0.5, 2.0])}
    settings: dict[str, Any] = {"known": ["depth"], "opset": 11, "axis": axis, "kinds": [1]}
    same_as_runtime("OneHot", inputs, **settings)
    gradients_are_right("OneHot", inputs, **settings)


@pytest.mark.parametrize("time", [0, 1])
def test_reverse_sequence_turns_the_beginning_of_each_example(time: int) -> None:
    lengths = np.array([1, 4, 2, 3, 1][: X.shape[1 - time]])
    settings = {"opset": 10, "time_axis": time, "batch_axis": 1 - time}
    same_as_runtime("ReverseSequence", {"x": X, "lengths": np.minimum(lengths, X.shape[time])}, **settings)
    gradients_are_right("ReverseSequence", {"x": X, "lengths": lengths}, **settings)


@pytest.mark.parametrize("attributes", [{}, {"axis": 1}, {"axis": -1}])
def test_compress_needs_its_condition(attributes: dict[str, int]) -> None:
    inputs = {"x": X, "condition": np.array([True, False, True])}
    same_as_runtime("Compress", inputs, known=["condition"], opset=11, attributes=attributes)
    with pytest.raises(NeedsConstantError, match="the condition must be known") as caught:
        gn.io.load_onnx(one_node("Compress", inputs, opset=11, attributes=attributes))
    assert caught.value.inputs == ("condition",)


@pytest.mark.parametrize("attributes", [{}, {"sorted": 0}, {"axis": 0}, {"axis": 1, "sorted": 0}])
def test_unique_of_known_numbers(attributes: dict[str, int]) -> None:
    x = np.array([[2, 1, 1], [0, 1, 1], [2, 1, 1]])
    model = one_node("Unique", {"x": x}, 4, opset=11, kinds=[7, 7, 7, 7], attributes=attributes)
    agree(ours(model, {}, constants={"x": x}), by_runtime(model, {"x": x}))


def test_boxes_that_overlap_are_left_out() -> None:
    rng = np.random.default_rng(0)
    corners = np.sort(rng.uniform(0, 1, (2, 9, 2, 2)), axis=2)
    inputs = {
        "boxes": corners.reshape(2, 9, 4).astype(np.float32), "scores": numbers(2, 3, 9, low=0),
        "most": np.array([4]), "overlap": np.float32([0.3]), "least": np.float32([0.2]),
    }  # fmt: skip
    model = one_node("NonMaxSuppression", inputs, opset=11, kinds=[7])
    agree(ours(model, {}, constants=inputs), by_runtime(model, inputs))


def test_a_known_number_beyond_the_axis_is_told_when_the_file_is_read() -> None:
    with pytest.raises(OnnxError, match=r"the indices hold 4, which is beyond \(4,\)"):
        gn.io.load_onnx(one_node("Gather", {"x": X, "i": np.array([0, 4])}, known=["i"], opset=13))


def test_a_fed_number_beyond_the_axis_is_a_fault() -> None:
    inputs = {"x": X, "i": np.array([0, 4])}
    model = one_node("Gather", inputs, opset=13)
    with pytest.raises(FaultError):
        ours(model, fed(model, inputs))


def test_more_updates_than_can_be_compared_are_refused() -> None:
    many = {"x": numbers(3), "i": np.zeros(5000, np.int64), "u": numbers(5000)}
    with pytest.raises(
        OnnxError, match="reduction 'max' of 5000 updates along an axis; at most 4096 are read"
    ):
        gn.io.load_onnx(one_node("ScatterElements", many, opset=18, reduction="max"))


def test_open_axes_stay_open() -> None:
    inputs = {"x": X, "indices": ROWS}
    model = one_node("Gather", inputs, opset=13, axes={"x": ("batch", 5, 3)})
    read = gn.io.load_onnx(model)
    (y,) = read.outputs.values()
    assert [str(d) for d in y.shape] == ["2", "2", "5", "3"]
    for count in (2, 4):
        found = read.predict({"x": X[:count], "indices": np.array([[0, -1], [1, -2]])})
        np.testing.assert_array_equal(found, X[:count][[[0, -1], [1, -2]]])
