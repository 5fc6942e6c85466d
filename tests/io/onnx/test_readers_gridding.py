"""Sampling at computed places gives what onnxruntime, or ONNX's reference, gives."""

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
    same_as_reference,
    same_as_runtime,
)


def grid(*places, axes: int = 2):
    """Places within and a little beyond an image."""
    return numbers(2, *places, axes, seed=1) * 1.4


@pytest.mark.parametrize("corners", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["linear", "nearest", "cubic"])
def test_samples_of_images_are_onnxruntimes(mode: str, padding: str, corners: int) -> None:
    operands = {"x": numbers(2, 3, 4, 5), "grid": grid(3, 6)}
    settings = {"mode": mode, "padding_mode": padding, "align_corners": corners}
    same_as_runtime("GridSample", operands, opset=20, **settings)


@pytest.mark.parametrize("corners", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["linear", "nearest"])
def test_samples_of_volumes_are_onnxruntimes(mode: str, padding: str, corners: int) -> None:
    operands = {"x": numbers(2, 1, 3, 4, 2), "grid": grid(2, 3, 2, axes=3)}
    settings = {"mode": mode, "padding_mode": padding, "align_corners": corners}
    same_as_runtime("GridSample", operands, opset=20, **settings)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_modes_of_opset_16_have_other_names(mode: str) -> None:
    same_as_runtime("GridSample", {"x": numbers(2, 3, 4, 5), "grid": grid(3, 6)}, opset=16, mode=mode)


@pytest.mark.parametrize(("mode", "padding"), list(product(["linear", "cubic"], ["zeros", "reflection"])))
def test_gradients_of_samples_agree_with_differences(mode: str, padding: str) -> None:
    operands = {"x": numbers(2, 2, 4, 5), "grid": grid(2, 3)}
    gradients_are_right("GridSample", operands, opset=20, mode=mode, padding_mode=padding)


def test_a_place_that_is_no_number_is_seen() -> None:
    operands = {"x": numbers(1, 1, 4, 5), "grid": np.array([[[[np.nan, 0.0], [0.1, 0.2]]]], np.float32)}
    for padding in ("zeros", "border", "reflection"):
        model = one_node("GridSample", operands, opset=20, padding_mode=padding)
        (found,) = ours(model, operands)
        assert np.isfinite(found[..., 1]).all()


def test_an_open_batch_is_sampled() -> None:
    operands = {"x": numbers(2, 3, 4, 5), "grid": grid(3, 6)}
    model = one_node("GridSample", operands, opset=20, axes={"x": ("n", 3, 4, 5), "grid": ("n", 3, 6, 2)})
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))


@pytest.mark.parametrize("corners", [0, 1])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 3, 4, 5)], ids=["images", "volumes"])
def test_grids_of_matrices_are_onnxruntimes(size, corners: int) -> None:
    axes = len(size) - 2
    operands = {"theta": numbers(2, axes, axes + 1), "size": np.array(size)}
    same_as_runtime("AffineGrid", operands, known=["size"], align_corners=corners, opset=20)


REGIONS = np.array([[0, 0, 9, 9], [0, 5, 4, 9], [5, 5, 9.7, 9.2], [2, 3, 2.5, 3.2]], np.float32)


@pytest.mark.parametrize("ratio", [0, 1, 2])
@pytest.mark.parametrize("word", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("mode", ["avg", "max"])
def test_regions_are_onnxruntimes(mode: str, word: str, ratio: int) -> None:
    operands = {"x": numbers(2, 3, 10, 9), "rois": REGIONS, "which": np.array([0, 1, 1, 0])}
    known = [] if ratio else ["rois"]
    settings = {
        "mode": mode,
        "sampling_ratio": ratio,
        "output_height": 3,
        "output_width": 2,
        "spatial_scale": 0.8,
    }
    settings["opset"] = 16  # onnxruntime's latest
    same_as_runtime("RoiAlign", operands, known=known, coordinate_transformation_mode=word, **settings)


def test_regions_of_older_files_begin_at_the_pixel() -> None:
    operands = {"x": numbers(2, 3, 10, 9), "rois": REGIONS, "which": np.array([0, 1, 1, 0])}
    same_as_runtime("RoiAlign", operands, opset=10, sampling_ratio=2, output_height=2, output_width=2)


def test_the_number_of_samples_hangs_on_the_regions() -> None:
    operands = {"x": numbers(1, 1, 6, 6), "rois": REGIONS[:1], "which": np.array([0])}
    with pytest.raises(gn.GraphError, match="regions") as found:
        gn.io.load_onnx(one_node("RoiAlign", operands))
    assert found.value.inputs == ("rois",)


def test_gradients_of_regions_agree_with_differences() -> None:
    operands = {"x": numbers(2, 2, 6, 5), "rois": REGIONS[1:3] / 2.3 + 0.1, "which": np.array([1, 0])}
    settings = {"sampling_ratio": 2, "output_height": 2, "output_width": 2, "known": ["which"]}
    gradients_are_right("RoiAlign", operands, **settings)


def test_of_regions_the_reference_takes_the_largest_share() -> None:
    operands = {"x": numbers(2, 3, 10, 9), "rois": REGIONS, "which": np.array([0, 1, 1, 0])}
    same_as_reference("RoiAlign", operands, mode="max", sampling_ratio=2, output_height=2, output_width=2)
