"""Losses, steps of optimisers, Fourier transforms and attention by given graphs: values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import graphnn as gn  # noqa: E402
from graphnn.core.errors import OnnxError  # noqa: E402
from onnx_nodes import (  # noqa: E402
    FLOAT,
    gradients_are_right,
    numbers,
    one_node,
    ours,
    same_as_reference,
    same_as_runtime,
)

LABELS = {(): np.array([2, 0, 1, 2]), (3,): np.random.default_rng(0).integers(0, 3, (4, 3))}
TRAINING = "ai.onnx.preview.training"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, 2, -5])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("op_type", ["SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"])
def test_a_loss_of_labels_is_onnxruntimes(
    op_type: str, reduction: str, ignored: int | None, weighted: bool
) -> None:
    for behind, labels in LABELS.items():
        labels = np.where(labels == 1, -5, labels) if ignored == -5 else labels
        inputs = {
            "scores": numbers(4, 3, *behind), "labels": labels, "weights": numbers(3, low=0.1) if weighted else None,
        }  # fmt: skip
        attributes = {"reduction": reduction, **({} if ignored is None else {"ignore_index": ignored})}
        same_as_runtime(op_type, inputs, opset=13, attributes=attributes)
        gradients_are_right(op_type, inputs, opset=13, attributes=attributes)


def test_the_logarithms_of_a_cross_entropy_are_its_second_output() -> None:
    inputs = {"scores": numbers(4, 3, 2), "labels": np.random.default_rng(0).integers(0, 3, (4, 2))}
    same_as_runtime("SoftmaxCrossEntropyLoss", inputs, 2, opset=13)
    gradients_are_right("SoftmaxCrossEntropyLoss", inputs, 2, opset=13)


@pytest.mark.parametrize("count", [0, 3])
@pytest.mark.parametrize(
    ("op_type", "parts", "attributes"),
    [("Adagrad", 3, {"decay_factor": 0.1, "norm_coefficient": 0.01}),
     ("Adam", 4, {"norm_coefficient": 0.01, "norm_coefficient_post": 0.02}),
     ("Momentum", 3, {"alpha": 0.9, "beta": 0.7, "norm_coefficient": 0.01, "mode": "standard"}),
     ("Momentum", 3, {"alpha": 0.9, "beta": 0.7, "norm_coefficient": 0.01, "mode": "nesterov"})],
)  # fmt: skip
def test_a_step_of_an_optimiser_is_that_of_the_reference(
    op_type: str, parts: int, attributes: dict[str, Any], count: int
) -> None:
    inputs = {"rate": np.float32(0.1), "count": np.int64(count)}
    inputs = {name: np.asarray(value) for name, value in inputs.items()}
    for k in range(parts):
        inputs |= {f"a{k}": numbers(3, seed=k, low=0.1), f"b{k}": numbers(2, 2, seed=9 + k, low=0.1)}
    same_as_reference(op_type, inputs, 2 * (parts - 1), opset=20, domain=TRAINING, attributes=attributes)


@pytest.mark.parametrize("size", [1, 5, 8])
@pytest.mark.parametrize("inverse", [0, 1])
@pytest.mark.parametrize("parts", [1, 2])
def test_a_fourier_transform_is_numpys(size: int, inverse: int, parts: int) -> None:
    x = numbers(2, 6, 3, parts)
    y = np.fft.ifft if inverse else np.fft.fft
    wanted = y(x[..., 0] + (1j * x[..., 1] if parts == 2 else 0), size, axis=1)
    model = one_node("DFT", {"x": x, "n": np.array(size), "axis": np.array(1)}, known=["n", "axis"], opset=20,
                     inverse=inverse)  # fmt: skip
    (found,) = ours(model, {"x": x})
    np.testing.assert_allclose(found, np.stack([wanted.real, wanted.imag], -1), atol=1e-6)
    if size > 1:
        gradients_are_right("DFT", {"x": x, "n": np.array(size), "axis": np.array(1)}, known=["n", "axis"],
                            opset=20, inverse=inverse)  # fmt: skip


@pytest.mark.parametrize("size", [2, 7, 8, 12])
def test_half_a_transform_and_back_gives_the_numbers_again(size: int) -> None:
    x = numbers(3, size, 1)
    (half,) = ours(one_node("DFT", {"x": x}, opset=20, onesided=1), {"x": x})
    wanted = np.fft.rfft(x[..., 0])
    np.testing.assert_allclose(half, np.stack([wanted.real, wanted.imag], -1), atol=1e-6)
    inputs = {"x": half, "n": np.array(size)}
    (back,) = ours(one_node("DFT", inputs, known=["n"], opset=20, inverse=1, onesided=1), {"x": half})
    np.testing.assert_allclose(back, x, atol=1e-6)


@pytest.mark.parametrize("onesided", [0, 1])
def test_frames_of_a_signal_are_transformed_behind_a_window(onesided: int) -> None:
    inputs = {"x": numbers(2, 50, 1), "step": np.array(7), "window": numbers(16, seed=1)}
    same_as_runtime("STFT", inputs, known=["step"], opset=17, onesided=onesided)
    gradients_are_right("STFT", inputs, known=["step"], opset=17, onesided=onesided)


def test_a_transform_of_an_open_axis_is_refused() -> None:
    model = one_node("DFT", {"x": numbers(2, 4, 1)}, opset=20, axes={"x": (2, "time", 1)})
    with pytest.raises(OnnxError, match="the axis is time; a known number from 1 to 4096 is read"):
        gn.io.load_onnx(model)
    assert gn.io.load_onnx(model, sizes={"time": 4}).outputs["y0"].shape == (2, 4, 2)


def test_weights_of_mel_filters_are_onnxruntimes() -> None:
    inputs = {name: np.array(n) for name, n in {"bins": 8, "n": 64, "rate": 8192}.items()}
    inputs |= {"low": np.array(20.0, np.float32), "high": np.array(4096.0, np.float32)}
    from onnx_nodes import agree, by_runtime

    model = one_node("MelWeightMatrix", inputs, opset=17, kinds=[FLOAT])
    agree(ours(model, {}, constants=inputs), by_runtime(model, inputs))


def test_attention_passes_its_scores_through_a_graph_of_the_file() -> None:
    info, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    halved = onnx.helper.make_graph(
        [node("Mul", ["s", "half"], ["t"])], "halved", [info("s", 1, None)], [info("t", 1, None)],
        [onnx.numpy_helper.from_array(np.float32(0.5), "half")],
    )  # fmt: skip
    inputs = {"q": numbers(2, 4, 5, 3), "k": numbers(2, 2, 6, 3, seed=1), "v": numbers(2, 2, 6, 2, seed=2)}
    settings: dict[str, Any] = {"opset": 24, "domain": "ai.onnx.preview", "attributes": {"score_mod": halved}}
    (found,) = ours(one_node("FlexAttention", inputs, **settings), inputs)
    k, v = (np.repeat(inputs[name], 2, axis=1) for name in "kv")
    scores = inputs["q"] @ k.swapaxes(-1, -2) / np.sqrt(3) / 2
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    np.testing.assert_allclose(found, shares @ v, atol=1e-6)
    gradients_are_right("FlexAttention", inputs, **settings)
