"""What a file asks for beyond reason, or against its own shapes, is refused in a sentence, before memory is taken."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import OnnxError
from onnx_nodes import numbers, one_node

FAR = 2**40
X = numbers(1, 2, 5, 6)
REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "a kernel beyond reason": ("LpPool", {"x": X}, {"kernel_shape": [FAR, 2]}, "places of a kernel"),
    "padding beyond reason": ("AveragePool", {"x": X}, {"kernel_shape": [2, 2], "pads": [FAR, 0, 0, 0]}, "'pads'"),
    "strides of 0": ("MaxPool", {"x": X}, {"kernel_shape": [2, 2], "strides": [0, 1]}, "'strides'"),
    "too few strides": ("MaxPool", {"x": X}, {"kernel_shape": [2, 2], "strides": [1]}, "'strides'"),
    "a kernel larger than the image": ("MaxPool", {"x": X}, {"kernel_shape": [9, 2]}, "too short"),
    "neighbours beyond reason": ("LRN", {"x": X}, {"size": 2**33}, "'size'"),
    "samples beyond reason": (
        "RoiAlign", {"x": X, "r": numbers(1, 4), "i": np.zeros(1, np.int64)},
        {"sampling_ratio": 2**33, "opset": 16}, "samples of a region",
    ),
    "a grid beyond reason": (
        "AffineGrid", {"t": numbers(1, 2, 3), "size": np.array([1, 1, 2**20, 2**20])},
        {"known": ["size"], "opset": 20}, "places of a grid",
    ),
    "a scale beyond reason": (
        "Resize", {"x": X, "roi": None, "scales": np.array([1, 1, 1e30, 1], np.float32)},
        {"known": ["scales"], "mode": "linear"}, "scales above 0",
    ),
    "steps beyond reason": (
        "GRU", {"x": numbers(5000, 1, 1), "w": numbers(1, 3, 1), "r": numbers(1, 3, 1)},
        {"hidden_size": 1, "outputs": 2}, "number of steps",
    ),
    "weights of another size": (
        "LSTM", {"x": numbers(3, 1, 2), "w": numbers(1, 8, 3), "r": numbers(1, 8, 2)}, {"hidden_size": 2}, "do not fit",
    ),
    "an unknown activation": (
        "RNN", {"x": numbers(3, 1, 2), "w": numbers(1, 2, 2), "r": numbers(1, 2, 2)},
        {"hidden_size": 2, "activations": ["Swoosh"]}, "'swoosh'",
    ),
    "kernels of another size": ("Conv", {"x": X, "w": numbers(3, 2, 2, 2)}, {"kernel_shape": [3, 2]}, "kernel_shape"),
    "groups that do not divide": ("Conv", {"x": X, "w": numbers(3, 1, 2, 2)}, {"group": 2}, "groups"),
    "a patch of another size": (
        "Col2Im", {"x": numbers(1, 5, 4), "image": np.array([3, 3, 3]), "block": np.array([2, 2, 2])},
        {"known": ["image", "block"]}, "patches",
    ),
    "an axis that is not there": ("ArgMax", {"x": X}, {"axis": 4, "kinds": [7]}, "no axis 4"),
    "an axis named twice": (
        "ReduceSum", {"x": X, "axes": np.array([1, -3])}, {"known": ["axes"]}, "twice",
    ),
    "an unknown word": ("GridSample", {"x": X, "g": numbers(1, 2, 2, 2)}, {"padding_mode": "mirror"}, "padding_mode"),
    "heads that do not share": (
        "Attention", {"q": numbers(1, 3, 2, 4), "k": numbers(1, 2, 2, 4), "v": numbers(1, 2, 2, 4)},
        {"opset": 24}, "do not share",
    ),
    "half a past": (
        "Attention",
        {"q": X, "k": X, "v": X, "m": None, "past": numbers(1, 2, 1, 6)}, {"opset": 24}, "go together",
    ),
    "matrices of another rank": ("Gemm", {"x": X, "w": numbers(3, 4)}, {}, "two matrices"),
    "norms of another order": ("LpNormalization", {"x": X}, {"p": 3}, "'p'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_a_file_against_reason_is_refused_at_once(case: str) -> None:
    op_type, operands, settings, words = REFUSED[case]
    model = one_node(op_type, operands, **{"opset": 22} | settings)
    begin = time.perf_counter()
    with pytest.raises(OnnxError, match=words):
        gn.io.load_onnx(model)
    assert time.perf_counter() - begin < 2.0
