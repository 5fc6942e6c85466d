"""Random draws of ONNX files: of the right distribution, the same on every run, moved by a counter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx

import graphnn as gn
from graphnn.core.errors import OnnxError
from onnx_nodes import INT64, numbers, one_node


def drawn(
    op_type: str, inputs: dict[str, np.ndarray] | None = None, **settings: Any
) -> tuple[Any, np.ndarray]:
    read = gn.io.load_onnx(_model(op_type, inputs or {}, **settings))
    feeds = {n.name: (inputs or {})[n.name] for n in read.inputs}
    return read, read.predict(feeds)


def _model(op_type: str, inputs: dict[str, np.ndarray], **settings: Any) -> bytes:
    if inputs:
        return one_node(op_type, inputs, **settings)
    helper, kind = onnx.helper, settings.get("dtype", 1)
    node = helper.make_node(op_type, [], ["y"], name=settings.pop("name", "draw"), **settings)
    graph = helper.make_graph([node], "g", [], [helper.make_tensor_value_info("y", kind, None)])
    opsets = [helper.make_opsetid("", 22)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def test_uniform_draws_fill_their_interval() -> None:
    _, y = drawn("RandomUniform", shape=[100, 200], low=-2.0, high=3.0, seed=7.0)
    assert y.dtype == np.float32 and y.shape == (100, 200)
    assert -2 <= y.min() < -1.99 and 2.99 < y.max() <= 3
    assert abs(y.mean() - 0.5) < 0.05


def test_normal_draws_have_their_mean_and_deviation() -> None:
    _, y = drawn("RandomNormal", shape=[20000], mean=3.0, scale=2.0, seed=7.0, dtype=11)
    assert y.dtype == np.float64
    assert abs(y.mean() - 3) < 0.05 and abs(y.std() - 2) < 0.05


@pytest.mark.parametrize("op_type", ["RandomUniformLike", "RandomNormalLike"])
def test_draws_like_an_operand_have_its_shape_and_type(op_type: str) -> None:
    read, y = drawn(op_type, {"x": numbers(3, 4)}, axes={"x": ("batch", 4)})
    assert y.dtype == np.float32 and y.shape == (3, 4)
    assert [str(d) for d in next(iter(read.outputs.values())).shape] == ["batch", "4"]


def test_bernoulli_draws_ones_as_often_as_it_is_told() -> None:
    _, y = drawn("Bernoulli", {"p": np.repeat(np.float32([0.0, 0.2, 1.0]), 5000)}, dtype=7, kinds=[INT64])
    assert y.dtype == np.int64
    zeros, some, ones = y.reshape(3, -1).mean(1)
    assert zeros == 0 and ones == 1 and abs(some - 0.2) < 0.03


def test_multinomial_draws_classes_by_their_logits() -> None:
    shares = np.array([0.1, 0.6, 0.3])
    logits = np.log(np.stack([shares, shares[::-1]])).astype(np.float32)
    _, y = drawn("Multinomial", {"x": logits}, sample_size=5000, dtype=7, kinds=[INT64])
    assert y.shape == (2, 5000)
    for row, wanted in zip(y, (shares, shares[::-1]), strict=True):
        np.testing.assert_allclose(np.bincount(row, minlength=3) / 5000, wanted, atol=0.03)


def test_draws_repeat_until_the_counter_moves() -> None:
    read, first = drawn("RandomNormal", shape=[9], seed=1.0)
    np.testing.assert_array_equal(read.predict(), first)
    (moving,) = [p for p in read.parameters if p.dtype is gn.int64]
    assert moving.shape == ()
    moving.value = 1
    assert not np.array_equal(read.predict(), first)


def test_seeds_come_from_the_file_or_from_the_name() -> None:
    def draw(**settings: Any) -> bytes:
        return bytes(drawn("RandomNormal", shape=[9], **settings)[1].tobytes())

    assert draw(seed=1.0) == draw(seed=1.0, name="other")
    assert len({draw(seed=1.0), draw(seed=2.0), draw(seed=1.5), draw(), draw(name="other")}) == 5


def test_draws_that_are_no_floats_are_refused() -> None:
    with pytest.raises(OnnxError, match="draws are floats, found attribute 'dtype' int64"):
        drawn("RandomNormal", shape=[2], dtype=7)
