"""Name the nets to race, and give every peer the same batch, the same weights and the same optimiser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Net:
    """A chain of dense layers with relu between them, trained on one batch of this size."""

    widths: tuple[int, ...]
    batch: int

    @property
    def name(self) -> str:
        return "-".join(map(str, self.widths))

    @property
    def layers(self) -> list[tuple[int, int]]:
        return list(zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def parameter_count(self) -> int:
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self.layers)


@dataclass(frozen=True)
class SGD:
    """w <- w - rate * gw."""

    rate: float = 0.05


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba, 2015, with eps outside the root: w <- w - rate * mhat / (sqrt(vhat) + eps)."""

    rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8


@dataclass(frozen=True)
class Problem:
    """One race: softmax cross-entropy, its mean over the batch, in float32.

    Shapes: x (batch, in), labels (batch,) int64, weights [(w (in, out), b (out,)), ...].
    """

    net: Net
    x: Array
    labels: NDArray[np.int64]
    weights: list[tuple[Array, Array]]
    optimizer: SGD | Adam


NETS = (
    Net((2, 16, 16, 2), 32),
    Net((64, 64, 32, 10), 64),
    Net((784, 128, 10), 64),
    Net((784, 512, 512, 10), 256),
)


def problem(net: Net, optimizer: SGD | Adam) -> Problem:
    """The same numbers for every peer and on every day."""
    rng = np.random.default_rng(net.parameter_count)
    x = rng.standard_normal((net.batch, net.widths[0]), dtype=np.float32)
    labels = rng.integers(0, net.widths[-1], net.batch, dtype=np.int64)
    weights = [
        (
            rng.standard_normal((fan_in, fan_out), dtype=np.float32) * np.float32((2 / fan_in) ** 0.5),
            np.zeros(fan_out, np.float32),
        )
        for fan_in, fan_out in net.layers
    ]
    return Problem(net, x, labels, weights, optimizer)
