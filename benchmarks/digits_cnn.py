"""A small net for images of 8 x 8: two convolutions with pools and a dense layer, in graphnn, PyTorch and JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import convolutional

Step = Callable[[], Any]


def arrays(seed: int) -> dict[str, np.ndarray]:
    """A batch of 64 and starting weights; kernels are (out, in, rows, columns), dense weights (in, out)."""
    rng = np.random.default_rng(seed)
    shapes = {"w0": (16, 1, 3, 3), "w1": (32, 16, 3, 3), "w2": (128, 10)}
    return convolutional.draw(rng, (64, 1, 8, 8), shapes)


def ours(arrays: dict[str, np.ndarray]) -> Step:
    return convolutional.ours(arrays, padding="same")


def torch(arrays: dict[str, np.ndarray]) -> Step:
    return convolutional.torch(arrays, padding="same")


def jax(arrays: dict[str, np.ndarray]) -> Step:
    return convolutional.jax(arrays, padding="SAME")
