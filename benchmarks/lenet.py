"""LeNet on images of 28 x 28: two layers of convolution with pools, two dense ones, in graphnn, PyTorch and JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import convolutional

Step = Callable[[], Any]


def arrays(seed: int) -> dict[str, np.ndarray]:
    """A batch of 64 and starting weights; kernels are (out, in, rows, columns), dense weights (in, out)."""
    rng = np.random.default_rng(seed)
    shapes = {"w0": (8, 1, 5, 5), "w1": (16, 8, 5, 5), "w2": (256, 64), "w3": (64, 10)}
    return convolutional.draw(rng, (64, 1, 28, 28), shapes)


def ours(arrays: dict[str, np.ndarray]) -> Step:
    return convolutional.ours(arrays, padding="valid")


def torch(arrays: dict[str, np.ndarray]) -> Step:
    return convolutional.torch(arrays, padding="valid")


def jax(arrays: dict[str, np.ndarray]) -> Step:
    return convolutional.jax(arrays, padding="VALID")
