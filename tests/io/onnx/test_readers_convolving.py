"""Convolutions of ONNX files give what onnxruntime gives, and gradients that differences and PyTorch confirm."""

from __future__ import annotations

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


def images(*shape):
    return numbers(*shape, seed=1)


def kernels(*shape):
    return numbers(*shape, seed=2)


CONVOLUTIONS = {
    "plain": ((2, 3, 7, 6), (4, 3, 3, 2), {}),
    "pads": ((2, 3, 7, 6), (4, 3, 3, 2), {"pads": [1, 0, 2, 1]}),
    "strides": ((2, 3, 7, 6), (4, 3, 3, 2), {"strides": [2, 3], "pads": [1, 1, 1, 1]}),
    "dilations": ((1, 2, 9, 8), (3, 2, 3, 3), {"dilations": [2, 3], "pads": [2, 3, 2, 3]}),
    "groups": ((2, 4, 6, 6), (6, 2, 3, 3), {"group": 2}),
    "depthwise": ((2, 4, 6, 6), (8, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
    "same-upper": ((1, 2, 7, 8), (3, 2, 3, 2), {"auto_pad": "SAME_UPPER", "strides": [2, 3]}),
    "same-lower": ((1, 2, 7, 8), (3, 2, 2, 3), {"auto_pad": "SAME_LOWER", "strides": [3, 2]}),
    "valid": ((1, 2, 7, 8), (3, 2, 2, 3), {"auto_pad": "VALID"}),
    "sequence": ((2, 3, 11), (4, 3, 4), {"strides": [2], "pads": [1, 2], "dilations": [2]}),
    "sequence-same": ((2, 4, 11), (4, 2, 4), {"auto_pad": "SAME_LOWER", "strides": [2], "group": 2}),
    "volume": ((2, 2, 5, 6, 4), (3, 2, 3, 2, 2), {"pads": [1, 0, 1, 0, 1, 1], "strides": [2, 1, 2]}),
    "volume-groups": ((1, 4, 5, 5, 5), (6, 2, 2, 3, 2), {"group": 2, "dilations": [2, 1, 1]}),
    "volume-same": ((1, 2, 5, 6, 4), (3, 2, 3, 2, 2), {"auto_pad": "SAME_UPPER", "strides": [2, 2, 2]}),
}


@pytest.mark.parametrize("bias", [False, True], ids=["bare", "bias"])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_a_convolution_is_onnxruntimes(case: str, bias: bool) -> None:
    x, w, settings = CONVOLUTIONS[case]
    operands = {"x": images(*x), "w": kernels(*w), "b": numbers(w[0], seed=3) if bias else None}
    same_as_runtime("Conv", operands, **settings)


def test_a_convolution_of_an_image_is_one_native_node() -> None:
    operands = {"x": images(2, 3, 7, 6), "w": kernels(4, 3, 3, 2)}
    model = one_node("Conv", operands, known=["w"], pads=[1, 0, 2, 1], strides=[2, 1])
    x, w = (gn.input(name, v.shape) for name, v in operands.items())
    same_as_native(model, gn.conv2d(x, w, stride=(2, 1), padding=((1, 2), (0, 1))))
    assert [p.name for p in gn.io.load_onnx(model).parameters] == ["w"]


@pytest.mark.parametrize("case", ["strides", "groups", "sequence", "volume-groups"])
def test_gradients_of_convolutions_agree_with_differences(case: str) -> None:
    x, w, settings = CONVOLUTIONS[case]
    operands = {"x": images(*x), "w": kernels(*w), "b": numbers(w[0], seed=3)}
    gradients_are_right("Conv", operands, known=["w", "b"], **settings)


TRANSPOSED = {
    "plain": ((2, 3, 4, 5), (3, 2, 3, 2), {}),
    "strides": ((2, 3, 4, 5), (3, 2, 3, 2), {"strides": [2, 3], "pads": [1, 0, 0, 1]}),
    "output-padding": ((1, 2, 3, 4), (2, 3, 3, 3), {"strides": [3, 2], "output_padding": [2, 1]}),
    "groups": ((2, 4, 4, 5), (4, 2, 3, 2), {"group": 2, "dilations": [2, 1]}),
    "output-shape": ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [8, 6]}),
    "output-shape-upper": (
        (1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [8, 6], "auto_pad": "SAME_UPPER"},
    ),
    "same-upper": ((1, 2, 4, 3), (2, 2, 4, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "same-lower": ((1, 2, 4, 3), (2, 2, 3, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
    "sequence": ((2, 3, 5), (3, 2, 4), {"strides": [2], "pads": [1, 2], "output_padding": [1]}),
    "volume": ((1, 2, 3, 4, 3), (2, 3, 2, 3, 2), {"strides": [2, 1, 2], "pads": [0, 1, 0, 1, 0, 1]}),
    "volume-groups": ((1, 4, 2, 3, 3), (4, 2, 3, 2, 2), {"group": 2, "dilations": [2, 1, 1]}),
}  # fmt: skip


@pytest.mark.parametrize("bias", [False, True], ids=["bare", "bias"])
@pytest.mark.parametrize("case", TRANSPOSED)
def test_a_transposed_convolution_is_onnxruntimes(case: str, bias: bool) -> None:
    x, w, settings = TRANSPOSED[case]
    channels = w[1] * settings.get("group", 1)
    operands = {"x": images(*x), "w": kernels(*w), "b": numbers(channels, seed=3) if bias else None}
    same_as_runtime("ConvTranspose", operands, **settings)


@pytest.mark.parametrize("case", ["strides", "volume"])
def test_gradients_of_transposed_convolutions_agree_with_differences(case: str) -> None:
    x, w, settings = TRANSPOSED[case]
    gradients_are_right("ConvTranspose", {"x": images(*x), "w": kernels(*w)}, known=["w"], **settings)


PATCHES = {
    "plain": ((1, 6, 9), [5, 5], [3, 2], {"strides": [1, 2], "pads": [0, 0, 0, 1]}),
    "strides": ((2, 9, 4), [5, 5], [1, 3], {"strides": [4, 2], "pads": [0, 0, 0, 0]}),
    "volume": ((1, 16, 12), [3, 4, 5], [2, 2, 2], {"pads": [0, 0, 0, 0, 0, 0], "strides": [2, 1, 1]}),
}


@pytest.mark.parametrize("case", PATCHES)
def test_patches_are_added_up_as_by_onnxruntime(case: str) -> None:
    x, image, block, settings = PATCHES[case]
    operands = {"x": images(*x), "image": np.array(image), "block": np.array(block)}
    same_as_runtime("Col2Im", operands, known=["image", "block"], **settings)


@pytest.mark.parametrize("activation", ["none", "silu"])
@pytest.mark.parametrize("past", [False, True], ids=["fresh", "past"])
def test_a_causal_convolution_carries_its_state(activation: str, past: bool) -> None:
    operands = {
        "x": images(2, 3, 5), "w": kernels(3, 1, 4), "b": numbers(3, seed=3),
        "past": numbers(2, 3, 3, seed=4) if past else None,
    }  # fmt: skip
    same_as_reference("CausalConvWithState", operands, 2, opset=27, activation=activation)


DEFORMED = {
    "plain": ((1, 2, 5, 6), (3, 2, 2, 2), (4, 5), {}),
    "groups": ((2, 4, 5, 5), (4, 2, 3, 3), (5, 5), {"group": 2, "offset_group": 2, "pads": [1, 1, 1, 1]}),
    "strides": ((1, 2, 7, 6), (2, 2, 2, 2), (3, 2), {"strides": [2, 3], "dilations": [2, 1]}),
}


def deformed(case: str) -> tuple[dict, dict]:
    x, w, places, settings = DEFORMED[case]
    count = settings.get("offset_group", 1) * w[2] * w[3]
    operands = {
        "x": images(*x), "w": kernels(*w), "offset": numbers(x[0], 2 * count, *places, seed=5) * 1.5,
        "b": numbers(w[0], seed=3), "mask": numbers(x[0], count, *places, seed=6),
    }  # fmt: skip
    return operands, settings


@pytest.mark.parametrize("case", DEFORMED)
def test_a_deformed_convolution_is_onnxruntimes(case: str) -> None:
    operands, settings = deformed(case)
    same_as_runtime("DeformConv", operands, **settings)


def test_gradients_of_a_deformed_convolution_agree_with_differences() -> None:
    operands, settings = deformed("groups")
    gradients_are_right("DeformConv", operands, **settings)


def test_a_batch_may_stay_open() -> None:
    operands = {"x": images(3, 2, 5, 4), "w": kernels(4, 2, 3, 3)}
    model = one_node("Conv", operands, known=["w"], axes={"x": ("batch", 2, 5, 4)}, pads=[1, 1, 1, 1])
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))


def test_a_stride_over_an_open_axis_names_the_way_out() -> None:
    operands = {"x": images(3, 2, 5, 4), "w": kernels(4, 2, 3, 3)}
    model = one_node(
        "Conv",
        operands,
        known=["w"],
        axes={"x": ("batch", 2, "height", 4)},
        auto_pad="SAME_UPPER",
        strides=[2, 2],
    )
    with pytest.raises(gn.GraphError, match="height"):
        gn.io.load_onnx(model)
    feeds = fed(model, operands)
    agree(ours(model, feeds, sizes={"height": 5}), by_runtime(model, feeds))


def test_gradients_of_a_convolution_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    operands = {"x": images(2, 4, 7, 6), "w": kernels(6, 2, 3, 2), "b": numbers(6, seed=3)}
    settings = {"pads": [1, 0, 1, 0], "strides": [2, 1], "group": 2}
    read = gn.io.load_onnx(one_node("Conv", operands, known=["w", "b"], **settings))
    loss = (read.outputs["y0"] ** 2).sum()
    leaves = [*read.inputs, *read.parameters]
    found = gn.Program([loss, *gn.gradient(loss, leaves)]).run({"x": operands["x"]})
    tensors = {name: torch.tensor(v, requires_grad=True) for name, v in operands.items()}
    y = torch.nn.functional.conv2d(
        tensors["x"], tensors["w"], tensors["b"], stride=(2, 1), padding=(1, 0), groups=2
    )
    (y**2).sum().backward()
    for leaf, g in zip(leaves, found[1:], strict=True):
        np.testing.assert_allclose(g, tensors[leaf.name].grad, rtol=1e-4, atol=1e-4)
