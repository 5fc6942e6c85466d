"""Normalisation of ONNX files gives what onnxruntime, or ONNX's reference, gives."""

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


def batch(*shape, dtype=np.float32):
    c = shape[1]
    return {
        "x": numbers(*shape, dtype=dtype), "scale": numbers(c, seed=1, dtype=dtype),
        "shift": numbers(c, seed=2, dtype=dtype), "mean": numbers(c, seed=3, dtype=dtype),
        "var": numbers(c, seed=4, low=0.1, dtype=dtype),
    }  # fmt: skip


SHAPES = [(4, 3), (2, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2)]
RANKS = ["2d", "3d", "4d", "5d"]


@pytest.mark.parametrize("shape", SHAPES, ids=RANKS)
def test_batch_norm_in_use_is_onnxruntimes(shape) -> None:
    same_as_runtime("BatchNormalization", batch(*shape), epsilon=1e-3)


@pytest.mark.parametrize("opset", [7, 9, 14, 15])
def test_batch_norm_of_older_files_is_onnxruntimes(opset: int) -> None:
    same_as_runtime("BatchNormalization", batch(2, 3, 4, 5), opset=opset)


@pytest.mark.parametrize("shape", SHAPES, ids=RANKS)
def test_batch_norm_in_training_gives_the_new_statistics(shape) -> None:
    same_as_reference("BatchNormalization", batch(*shape), 3, training_mode=1, momentum=0.7)


def test_statistics_are_no_parameters_that_learn() -> None:
    model = one_node("BatchNormalization", batch(2, 3, 4, 5), known=["scale", "shift", "mean", "var"])
    read = gn.io.load_onnx(model)
    assert {p.name: p.trainable for p in read.parameters} == {
        "scale": True, "shift": True, "mean": False, "var": False,
    }  # fmt: skip
    x, *rest = (gn.input(name, v.shape) for name, v in batch(2, 3, 4, 5).items())
    same_as_native(model, gn.batch_norm_inference(x, *rest))


def test_statistics_for_every_place_are_refused() -> None:
    model = one_node("BatchNormalization", batch(2, 3, 4, 5), opset=7, spatial=0)
    with pytest.raises(gn.GraphError, match="spatial"):
        gn.io.load_onnx(model)


@pytest.mark.parametrize("trains", [0, 1])
def test_gradients_of_batch_norm_agree_with_differences(trains: int) -> None:
    operands = batch(3, 2, 2, 3)
    outputs = 3 if trains else 1
    gradients_are_right("BatchNormalization", operands, outputs, training_mode=trains)


def test_gradients_of_batch_norm_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    operands = batch(4, 3, 5, 2)
    model = one_node(
        "BatchNormalization", operands, 3, known=["scale", "shift", "mean", "var"], training_mode=1
    )
    read = gn.io.load_onnx(model)
    loss = (read.outputs["y0"] ** 3).sum()
    leaves = [*read.inputs, *(p for p in read.parameters if p.trainable)]
    found = gn.Program([loss, *gn.gradient(loss, leaves)]).run({"x": operands["x"]})
    tensors = {
        name: torch.tensor(v, requires_grad=name in ("x", "scale", "shift")) for name, v in operands.items()
    }
    y = torch.nn.functional.batch_norm(
        tensors["x"], None, None, tensors["scale"], tensors["shift"], training=True
    )
    (y**3).sum().backward()
    for leaf, g in zip(leaves, found[1:], strict=True):
        np.testing.assert_allclose(g, tensors[leaf.name].grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES[1:], ids=RANKS[1:])
def test_instance_norm_is_onnxruntimes(shape) -> None:
    operands = {name: v for name, v in batch(*shape).items() if name in ("x", "scale", "shift")}
    same_as_runtime("InstanceNormalization", operands, epsilon=1e-2)


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_is_the_references(groups: int) -> None:
    operands = {"x": numbers(2, 6, 3, 2), "scale": numbers(6, seed=1), "shift": numbers(6, seed=2)}
    same_as_reference("GroupNormalization", operands, num_groups=groups, epsilon=1e-2)


def test_group_norm_of_opset_18_is_refused_as_the_standard_withdrew_it() -> None:
    operands = {"x": numbers(2, 6, 3), "scale": numbers(2, seed=1), "shift": numbers(2, seed=2)}
    with pytest.raises(gn.GraphError, match="version 18"):
        gn.io.load_onnx(one_node("GroupNormalization", operands, opset=18, num_groups=2))


@pytest.mark.parametrize("axis", [1, 2, -1])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("bias", [False, True], ids=["bare", "bias"])
def test_layer_norm_is_onnxruntimes(axis: int, outputs: int, bias: bool) -> None:
    shape = (2, 3, 4)
    kept = shape[axis % 3 :]
    operands = {
        "x": numbers(*shape), "scale": numbers(*kept, seed=1), "shift": numbers(*kept, seed=2) if bias else None,
    }  # fmt: skip
    same_as_runtime("LayerNormalization", operands, outputs, axis=axis, epsilon=1e-3)


def test_statistics_of_doubles_are_floats() -> None:
    operands = {"x": numbers(2, 3, 4, dtype=np.float64), "scale": numbers(4, seed=1, dtype=np.float64)}
    model = one_node("LayerNormalization", operands, 3, kinds=[11, 1, 1])
    found = ours(model, operands)
    assert [y.dtype for y in found] == [np.float64, np.float32, np.float32]
    np.testing.assert_allclose(found[1][..., 0], operands["x"].mean(-1), rtol=1e-5, atol=1e-7)


def test_a_scale_of_layer_norm_is_stretched() -> None:
    operands = {"x": numbers(2, 3, 4), "scale": numbers(4, seed=1), "shift": numbers(1, seed=2)}
    same_as_reference("LayerNormalization", operands, axis=1)


@pytest.mark.parametrize("axis", [1, -1])
def test_root_mean_square_norm_is_the_references(axis: int) -> None:
    kept = (2, 3, 4)[axis % 3 :]
    operands = {"x": numbers(2, 3, 4), "scale": numbers(*kept, seed=1)}
    same_as_reference("RMSNormalization", operands, opset=23, axis=axis, epsilon=1e-3)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_vectors_of_length_one_are_onnxruntimes(p: int, axis: int) -> None:
    same_as_runtime("LpNormalization", {"x": numbers(3, 4, 5)}, p=p, axis=axis)


@pytest.mark.parametrize("p", [1, 2])
def test_a_vector_of_zeros_stays_zeros_and_has_a_finite_slope(p: int) -> None:
    x = numbers(3, 4)
    x[1] = 0.0
    model = one_node("LpNormalization", {"x": x}, p=p)
    read = gn.io.load_onnx(model)
    y = read.outputs["y0"]
    values, slope = gn.Program([y, gn.gradient(y.sum(), read.inputs)[0]]).run({"x": x})
    assert (values[1] == 0.0).all() and np.isfinite(values).all() and np.isfinite(slope[[0, 2]]).all()


@pytest.mark.parametrize("size", [1, 3, 5])
def test_local_response_norm_is_onnxruntimes(size: int) -> None:
    same_as_runtime("LRN", {"x": numbers(2, 6, 3, 4)}, size=size, alpha=0.2, beta=0.6, bias=1.5)


@pytest.mark.parametrize("size", [2, 4])
def test_an_even_window_of_neighbours_reaches_farther_behind(size: int) -> None:
    x = numbers(2, 6, 3, 4)  # neither onnxruntime nor the reference does this
    (found,) = ours(one_node("LRN", {"x": x}, size=size, alpha=0.2, beta=0.6, bias=1.5), {"x": x})
    for c in range(6):
        first, last = max(0, c - (size - 1) // 2), min(5, c + size // 2)
        total = (x[:, first : last + 1] ** 2).sum(1)
        np.testing.assert_allclose(found[:, c], x[:, c] / (1.5 + 0.2 / size * total) ** 0.6, rtol=1e-5)


@pytest.mark.parametrize("axes", [(0, 2, 3), (1,), (2, 3)], ids=["default", "channels", "places"])
def test_mean_variance_norm_is_onnxruntimes(axes) -> None:
    same_as_runtime("MeanVarianceNormalization", {"x": numbers(3, 2, 4, 5)}, attributes={"axes": axes})


@pytest.mark.parametrize(
    ("op_type", "settings"),
    [
        ("LRN", {"size": 4, "opset": 13}),
        ("LpNormalization", {"p": 1}),
        ("MeanVarianceNormalization", {"opset": 13}),
    ],
)
def test_gradients_of_other_norms_agree_with_differences(op_type: str, settings) -> None:
    gradients_are_right(op_type, {"x": numbers(2, 5, 3, 2)}, **settings)


def test_an_open_batch_is_normalised() -> None:
    operands = {"x": numbers(3, 4), "scale": numbers(4, seed=1), "shift": numbers(4, seed=2)}
    model = one_node("LayerNormalization", operands, known=["scale", "shift"], axes={"x": ("n", 4)})
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))
