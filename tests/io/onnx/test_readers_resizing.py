"""Resizing of ONNX files gives what onnxruntime gives, whatever finds the place and the weights of an element."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import graphnn as gn
from onnx_nodes import (
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

PLACES = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"]
SIZES = {"larger": [1, 2, 7, 9], "smaller": [1, 2, 3, 2], "mixed": [1, 2, 8, 3], "one": [1, 2, 1, 4]}


def by_sizes(sizes, **settings) -> dict:
    return {"x": numbers(1, 2, 4, 5), "roi": None, "scales": None, "sizes": np.array(sizes)}


def by_scales(scales) -> dict:
    return {"x": numbers(1, 2, 4, 6), "roi": None, "scales": np.array(scales, np.float32)}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_an_image_of_other_sizes_is_onnxruntimes(mode: str, places: str, sizes: str) -> None:
    settings = {"mode": mode, "coordinate_transformation_mode": places, "known": ["sizes"], "opset": 19}
    same_as_runtime("Resize", by_sizes(SIZES[sizes]), **settings)


@pytest.mark.parametrize(
    "scales", [(1, 1, 2, 3), (1, 1, 0.5, 0.5), (1, 1, 1.5, 0.5)], ids=["up", "down", "both"]
)
@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_a_scaled_image_is_onnxruntimes(mode: str, places: str, scales) -> None:
    settings = {"mode": mode, "coordinate_transformation_mode": places, "known": ["scales"], "opset": 19}
    same_as_runtime("Resize", by_scales(scales), **settings)


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
@pytest.mark.parametrize("places", PLACES)
def test_the_nearest_is_rounded_as_by_onnxruntime(rounding: str, places: str) -> None:
    for scales in ((1, 1, 2, 3), (1, 1, 0.5, 0.5)):
        settings = {"coordinate_transformation_mode": places, "nearest_mode": rounding, "opset": 19}
        same_as_runtime("Resize", by_scales(scales), known=["scales"], **settings)


@pytest.mark.parametrize(("mode", "sizes"), list(product(["linear", "cubic"], ["smaller", "mixed"])))
def test_a_smaller_image_may_be_smoothed(mode: str, sizes: str) -> None:
    settings = {"mode": mode, "antialias": 1, "known": ["sizes"], "opset": 19}
    same_as_reference("Resize", by_sizes(SIZES[sizes]), **settings)


@pytest.mark.parametrize("excludes", [0, 1])
@pytest.mark.parametrize("a", [-0.5, -0.75])
def test_cubic_weights_have_settings(a: float, excludes: int) -> None:
    settings = {
        "mode": "cubic",
        "cubic_coeff_a": a,
        "exclude_outside": excludes,
        "known": ["sizes"],
        "opset": 19,
    }
    same_as_runtime("Resize", by_sizes(SIZES["mixed"]), **settings)


def test_a_region_is_cropped_and_resized() -> None:
    operands = {
        "x": numbers(1, 1, 4, 5), "roi": np.array([0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7], np.float32), "scales": None,
        "sizes": np.array([1, 1, 3, 3]),
    }  # fmt: skip
    settings = {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "opset": 19}
    same_as_runtime("Resize", operands, known=["roi", "sizes"], extrapolation_value=10.0, **settings)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_a_ratio_is_kept(policy: str) -> None:
    operands = by_sizes([7, 8])
    settings = {
        "attributes": {"axes": [2, 3]},
        "keep_aspect_ratio_policy": policy,
        "known": ["sizes"],
        "opset": 19,
    }
    same_as_runtime("Resize", operands, **settings)


def test_resizing_of_opset_10_is_onnxruntimes() -> None:
    for mode, scales in product(("nearest", "linear"), ((1, 1, 2, 3), (1, 1, 0.5, 0.5))):
        operands = {"x": numbers(1, 2, 4, 6), "scales": np.array(scales, np.float32)}
        same_as_runtime("Resize", operands, known=["scales"], mode=mode, opset=10)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsampling_is_onnxruntimes(mode: str) -> None:
    operands = {"x": numbers(1, 2, 4, 5), "scales": np.array([1, 1, 2, 3], np.float32)}
    same_as_runtime("Upsample", operands, known=["scales"], mode=mode, opset=9)
    same_as_runtime("Upsample", {"x": operands["x"]}, opset=7, mode=mode, scales=[1.0, 1.0, 2.0, 3.0])


def test_usual_ways_are_those_of_a_native_graph() -> None:
    x = gn.input("x", (1, 2, 4, 5))
    for places, native in (
        ({"mode": "linear"}, gn.resize(x, (8, 10), mode="linear")),
        ({"mode": "linear", "coordinate_transformation_mode": "align_corners"},
         gn.resize(x, (8, 10), mode="linear", align_corners=True)),
        ({"nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}, gn.resize(x, (8, 10))),
    ):  # fmt: skip
        same_as_native(one_node("Resize", by_sizes([1, 2, 8, 10]), known=["sizes"], **places), native)


@pytest.mark.parametrize(
    "settings",
    [{"mode": "cubic"}, {"mode": "linear", "antialias": 1}, {"mode": "nearest"}, {"mode": "linear"}],
    ids=["cubic", "smoothed", "nearest", "linear"],
)
def test_gradients_of_resizing_agree_with_differences(settings) -> None:
    gradients_are_right("Resize", by_sizes(SIZES["mixed"]), known=["sizes"], opset=19, **settings)


def test_whole_numbers_are_resized() -> None:
    x = np.random.default_rng(0).integers(0, 200, (1, 1, 3, 4)).astype(np.uint8)
    operands = {"x": x, "roi": None, "scales": np.array([1, 1, 2, 2], np.float32)}
    same_as_runtime("Resize", operands, known=["scales"], mode="nearest")


def test_an_open_batch_is_resized_and_an_open_image_asks_for_its_size() -> None:
    operands = by_scales((1, 1, 2, 2))
    model = one_node("Resize", operands, known=["scales"], mode="cubic", axes={"x": ("n", 2, 4, 6)})
    agree(ours(model, operands), by_runtime(model, fed(model, operands)))
    model = one_node("Resize", operands, known=["scales"], mode="cubic", axes={"x": ("n", 2, "h", 6)})
    with pytest.raises(gn.GraphError, match="'h'"):
        gn.io.load_onnx(model)


@pytest.mark.parametrize("shape", [(4, 4, 3), (10, 7, 3), (5, 10, 2)], ids=["crop", "pad", "both"])
def test_the_middle_is_cut_out_or_padded(shape) -> None:
    same_as_reference("CenterCropPad", {"x": numbers(7, 8, 3), "shape": np.array(shape)}, known=["shape"])
