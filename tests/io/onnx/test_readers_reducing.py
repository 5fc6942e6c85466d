"""Reductions, places, cumulative sums and softmax of ONNX files give what onnxruntime gives, opset by opset."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import graphnn as gn
from onnx_nodes import (
    INT64,
    agree,
    by_reference,
    by_runtime,
    fed,
    gradients_are_right,
    numbers,
    one_node,
    ours,
    same_as_reference,
    same_as_runtime,
)

REDUCTIONS = [
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "ReduceSumSquare",
]  # fmt: skip
AXES = {"none": None, "one": [1], "last": [-1], "apart": [0, 2], "all": [0, 1, 2]}


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("op_type", REDUCTIONS)
def test_a_reduction_is_onnxruntimes(op_type: str, axes: str, keepdims: int) -> None:
    chosen = AXES[axes]
    operands = {"x": numbers(3, 4, 2, low=0.2), "axes": None if chosen is None else np.array(chosen)}
    same_as_runtime(op_type, operands, opset=18, known=["axes"] if chosen else [], keepdims=keepdims)


@pytest.mark.parametrize("op_type", REDUCTIONS)
def test_axes_of_older_files_are_an_attribute(op_type: str) -> None:
    opset = 11 if op_type == "ReduceSum" else 13
    settings = {"opset": opset, "keepdims": 0, "attributes": {"axes": [0, -1]}}
    same_as_runtime(op_type, {"x": numbers(3, 4, 2, low=0.2)}, **settings)


@pytest.mark.parametrize("op_type", REDUCTIONS)
def test_no_axes_reduce_nothing_where_the_file_says_so(op_type: str) -> None:
    operands = {"x": numbers(3, 2, low=0.2), "axes": np.zeros(0, np.int64)}
    same_as_reference(op_type, operands, opset=18, known=["axes"], noop_with_empty_axes=1)


WHOLE = ["ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"]


@pytest.mark.parametrize(
    ("op_type", "dtype"), [("ReduceMean", np.int32), *product(WHOLE, (np.int32, np.int64))], ids=str
)  # onnxruntime has no mean of int64
def test_reductions_of_whole_numbers_are_onnxruntimes(op_type: str, dtype: type) -> None:
    x = np.random.default_rng(0).integers(-6, 9, (3, 4, 2)).astype(dtype)
    same_as_runtime(op_type, {"x": x, "axes": np.array([1])}, opset=18, known=["axes"])


def test_sums_of_int32_begin_at_the_other_end() -> None:
    x = np.array([[2**30, 2**30, 5], [-(2**31), -1, 0]], np.int32)  # onnxruntime stops at the end in some ops
    operands = {"x": x, "axis": np.array([1])}
    sums = {
        "ReduceSum": x.sum(1, np.int32, keepdims=True), "ReduceProd": x.prod(1, np.int32, keepdims=True),
        "ReduceSumSquare": (x * x).sum(1, np.int32, keepdims=True), "CumSum": x.cumsum(1, np.int32),
    }  # fmt: skip
    for op_type, wanted in sums.items():
        model = one_node(op_type, operands, opset=18, known=["axis"])
        agree(ours(model, operands), [wanted])


@pytest.mark.parametrize("op_type", ["ReduceMax", "ReduceMin"])
def test_extremes_of_truth_values_are_any_and_all(op_type: str) -> None:
    x = np.array([[True, True], [True, False], [False, False]])
    same_as_reference(op_type, {"x": x, "axes": np.array([1])}, opset=20, known=["axes"], keepdims=0)


@pytest.mark.parametrize(
    "op_type", [r for r in REDUCTIONS if r != "ReduceMean"]
)  # a mean of nothing is no number
def test_of_nothing_comes_what_the_standard_says(op_type: str) -> None:
    operands = {"x": np.zeros((2, 0, 4), np.float32), "axes": np.array([1])}
    same_as_reference(op_type, operands, opset=20, known=["axes"])


@pytest.mark.parametrize("op_type", REDUCTIONS)
def test_gradients_of_reductions_agree_with_differences(op_type: str) -> None:
    operands = {"x": numbers(3, 4, 2, low=0.2), "axes": np.array([0, 2])}
    gradients_are_right(op_type, operands, opset=18, known=["axes"])


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("op_type", ["ArgMax", "ArgMin"])
def test_places_of_extremes_are_onnxruntimes_also_where_several_tie(
    op_type: str, axis: int, last: int
) -> None:
    x = np.random.default_rng(0).integers(0, 3, (4, 5, 3)).astype(np.float32)
    for keepdims in (0, 1):
        same_as_runtime(
            op_type, {"x": x}, kinds=[INT64], axis=axis, keepdims=keepdims, select_last_index=last, opset=13
        )


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, -1])
def test_the_k_largest_are_onnxruntimes(largest: int, axis: int) -> None:
    x = np.random.default_rng(0).integers(0, 6, (4, 5)).astype(np.float32)
    same_as_runtime(
        "TopK", {"x": x, "k": np.array([3])}, 2, kinds=[1, INT64], known=["k"], largest=largest, axis=axis
    )


def test_k_is_an_attribute_of_the_oldest_files() -> None:
    x = numbers(3, 5)
    model = one_node("TopK", {"x": x}, 2, kinds=[1, INT64], opset=9, k=2)
    agree(ours(model, {"x": x}), by_runtime(model, {"x": x}))


@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("op_type", ["CumSum", "CumProd"])
@pytest.mark.parametrize("dtype", [np.float32, np.int64], ids=["float32", "int64"])
def test_cumulative_sums_and_products_are_the_references(
    op_type: str, exclusive: int, reverse: int, dtype
) -> None:
    x = np.random.default_rng(0).integers(-3, 4, (2, 5, 3)).astype(dtype)
    for axis in (0, 1, -1):
        operands = {"x": x, "axis": np.array(axis)}
        settings = {"opset": 26, "known": ["axis"], "exclusive": exclusive, "reverse": reverse}
        same_as_reference(op_type, operands, **settings)


SINCE_11 = [
    (axis, opset) for axis in (0, 1, 2, -1, None) for opset in (9, 11, 13) if axis != -1 or opset >= 11
]


@pytest.mark.parametrize(("axis", "opset"), SINCE_11)  # before opset 11 axes count from the front
@pytest.mark.parametrize("op_type", ["Softmax", "LogSoftmax", "Hardmax"])
def test_softmax_runs_along_one_axis_since_opset_13_and_along_all_behind_before(op_type, axis, opset) -> None:
    settings = {} if axis is None else {"axis": axis}
    same_as_runtime(op_type, {"x": numbers(3, 4, 2)}, opset=opset, **settings)


def test_axes_that_hang_on_an_input_are_asked_for() -> None:
    operands = {"x": numbers(3, 4), "axes": np.array([1])}
    model = one_node("ReduceSum", operands, opset=18)
    with pytest.raises(gn.GraphError, match="axes") as found:
        gn.io.load_onnx(model)
    assert found.value.inputs == ("axes",)
    agree(ours(model, operands, constants={"axes": [1]}), by_reference(model, operands))


def test_an_open_axis_is_summed() -> None:
    operands = {"x": numbers(3, 4), "axes": np.array([0])}
    model = one_node("ReduceMean", operands, opset=18, known=["axes"], axes={"x": ("n", 4)}, keepdims=0)
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))
