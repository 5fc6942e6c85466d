"""Pooling of ONNX files gives what onnxruntime gives: all ways of padding, and every number of axes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import graphnn as gn
from onnx_nodes import (
    INT64,
    agree,
    by_runtime,
    fed,
    gradients_are_right,
    numbers,
    one_node,
    ours,
    same_as_native,
    same_as_reference,
    same_as_runtime,
)

WINDOWS = {
    "plain": ((2, 3, 6, 7), {"kernel_shape": [2, 3]}),
    "strides": ((2, 3, 6, 7), {"kernel_shape": [2, 3], "strides": [2, 2]}),
    "pads": ((2, 3, 6, 7), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "uneven-pads": ((1, 2, 6, 7), {"kernel_shape": [3, 3], "strides": [2, 3], "pads": [1, 0, 2, 1]}),
    "same-upper": ((1, 2, 5, 7), {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "same-lower": ((1, 2, 5, 7), {"kernel_shape": [2, 2], "strides": [2, 3], "auto_pad": "SAME_LOWER"}),
    "valid": ((1, 2, 5, 7), {"kernel_shape": [2, 2], "strides": [2, 3], "auto_pad": "VALID"}),
    "ceil": ((1, 2, 6, 7), {"kernel_shape": [3, 2], "strides": [2, 3], "ceil_mode": 1}),
    "ceil-pads": ((1, 2, 6, 8), {"kernel_shape": [3, 3], "strides": [3, 2], "pads": [1, 1, 0, 1], "ceil_mode": 1}),
    "ceil-less": ((1, 1, 2, 2), {"kernel_shape": [1, 1], "strides": [2, 2], "ceil_mode": 1}),
    "dilations": ((1, 2, 8, 9), {"kernel_shape": [3, 2], "dilations": [2, 3], "strides": [1, 2]}),
    "sequence": ((2, 3, 9), {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
    "sequence-ceil": ((2, 3, 10), {"kernel_shape": [3], "strides": [3], "pads": [1, 0], "ceil_mode": 1}),
    "volume": ((1, 2, 5, 6, 4), {"kernel_shape": [2, 3, 2], "strides": [2, 1, 2], "pads": [1, 0, 1, 0, 1, 0]}),
    "volume-ceil": ((1, 1, 5, 6, 4), {"kernel_shape": [2, 3, 3], "strides": [2, 2, 2], "ceil_mode": 1}),
    "volume-dilations": ((1, 1, 6, 7, 6), {"kernel_shape": [2, 2, 2], "dilations": [2, 3, 1]}),
}  # fmt: skip


@pytest.mark.parametrize("places", [False, True], ids=["values", "places"])
@pytest.mark.parametrize("case", WINDOWS)
def test_the_largest_of_windows_are_onnxruntimes(case: str, places: bool) -> None:
    shape, settings = WINDOWS[case]
    kinds = [1, INT64][: 1 + places]
    same_as_runtime("MaxPool", {"x": numbers(*shape)}, 1 + places, kinds=kinds, **settings)


def test_places_of_the_largest_count_by_columns_if_asked() -> None:
    settings = {"kernel_shape": [2, 2], "strides": [2, 1], "storage_order": 1, "kinds": [1, INT64]}
    same_as_runtime("MaxPool", {"x": numbers(2, 3, 6, 5)}, 2, **settings)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["uint8", "int8"])
def test_the_largest_of_bytes_are_bytes(dtype) -> None:
    x = np.random.default_rng(0).integers(0, 100, (1, 2, 6, 6)).astype(dtype)
    same_as_runtime("MaxPool", {"x": x}, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


@pytest.mark.parametrize("whole", [0, 1])
@pytest.mark.parametrize("case", WINDOWS)
def test_means_of_windows_are_onnxruntimes(case: str, whole: int) -> None:
    shape, settings = WINDOWS[case]
    same_as_runtime("AveragePool", {"x": numbers(*shape)}, count_include_pad=whole, **settings)


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("case", [c for c in WINDOWS if "ceil" not in c])
def test_norms_of_windows_are_onnxruntimes(case: str, p: int) -> None:
    shape, settings = WINDOWS[case]
    same_as_runtime("LpPool", {"x": numbers(*shape)}, p=p, **settings)


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool", "LpPool"])
@pytest.mark.parametrize("case", ["uneven-pads", "volume-dilations"])
def test_gradients_of_pooling_agree_with_differences(op_type: str, case: str) -> None:
    shape, settings = WINDOWS[case]
    gradients_are_right(op_type, {"x": numbers(*shape)}, **settings)


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 4, 5), (1, 2, 3, 4, 2)], ids=["1d", "2d", "3d"])
@pytest.mark.parametrize("op_type", ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
def test_pooling_of_whole_images_is_onnxruntimes(op_type: str, shape) -> None:
    same_as_runtime(
        op_type, {"x": numbers(*shape)}, opset=21
    )  # onnxruntime knows GlobalLpPool up to opset 21


def test_pooling_of_an_image_is_that_of_a_native_graph() -> None:
    x = gn.input("x", (1, 2, 6, 6))
    for op_type, native in (("MaxPool", gn.max_pool2d(x, 2)), ("AveragePool", gn.avg_pool2d(x, 2))):
        model = one_node(op_type, {"x": numbers(1, 2, 6, 6)}, kernel_shape=[2, 2], strides=[2, 2])
        same_as_native(model, native)


UNPOOLED = {
    "plain": {"kernel_shape": [2, 2], "strides": [2, 2]},
    "overlapping": {"kernel_shape": [3, 3], "strides": [2, 2]},
}


@pytest.mark.parametrize("case", UNPOOLED)
def test_unpooling_puts_the_largest_back(case: str) -> None:
    settings = UNPOOLED[case]
    side = {"plain": 6, "overlapping": 7}[case]
    pooled = one_node("MaxPool", {"x": numbers(2, 2, side, side)}, 2, kinds=[1, INT64], **settings)
    values, places = by_runtime(pooled, {"x": numbers(2, 2, side, side)})
    same_as_reference("MaxUnpool", {"x": values, "at": places}, **settings)


def test_unpooling_into_a_larger_image_leaves_zeros_behind() -> None:
    x = np.array([[[[5.0, 6.0], [7.0, 8.0]]]], np.float32)
    at = np.array([[[[5, 7], [13, 15]]]])
    operands = {"x": x, "at": at, "shape": np.array([1, 1, 5, 5])}
    same_as_reference("MaxUnpool", operands, known=["shape"], kernel_shape=[2, 2], strides=[2, 2])


def test_an_open_batch_keeps_its_places() -> None:
    operands = {"x": numbers(3, 2, 4, 4)}
    model = one_node(
        "MaxPool",
        operands,
        2,
        kinds=[1, INT64],
        axes={"x": ("n", 2, 4, 4)},
        kernel_shape=[2, 2],
        strides=[2, 2],
    )
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))


def test_an_unknown_attribute_is_refused() -> None:
    model = onnx.load_from_string(one_node("MaxPool", {"x": numbers(1, 1, 4, 4)}, kernel_shape=[2, 2]))
    model.graph.node[0].attribute.append(onnx.helper.make_attribute("colour", 1))
    with pytest.raises(gn.GraphError, match="colour"):
        gn.io.load_onnx(model.SerializeToString())
