"""Let an optimiser go down a loss, step by step, and keep the way; afterwards all is as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import graphnn as gn

__all__ = ["Way", "descend", "kept_values"]


@dataclass(frozen=True)
class Way:
    """`points` (steps + 1, parameters) and the loss at each."""

    points: np.ndarray
    losses: np.ndarray

    @property
    def steps(self) -> int:
        return len(self.points) - 1


@contextmanager
def kept_values(parameters: Sequence[gn.Node]) -> Iterator[list[np.ndarray]]:
    """A block after which these parameters hold what they held before."""
    before = [np.array(p.value) for p in parameters]
    try:
        yield before
    finally:
        for p, value in zip(parameters, before, strict=True):
            p.value = value


def descend(
    loss: gn.Node, parameters: Sequence[gn.Node], optimizer: gn.optim.Optimizer, steps: int,
    feeds: Mapping[Any, Any], start: Sequence[float] | None = None,
) -> Way:  # fmt: skip
    """The way of `steps` steps from `start`, or from where the parameters are; it ends early at NaN or infinity."""
    known, averaged = list(optimizer.state), list(optimizer.averaged)
    with kept_values(parameters):
        if start is not None:
            for p, value in zip(parameters, start, strict=True):
                p.value = value
        # Outputs are those before the step, so a last look follows the last one.
        updates = optimizer.updates(
            parameters, gn.gradient(loss, list(parameters), no_path="zero"), loss=loss
        )
        program, look = gn.Program([loss, *parameters], updates=updates), gn.Program([loss, *parameters])
        found = []
        for k in range(steps + 1):
            found.append([float(v) for v in (program if k < steps else look).run(feeds)])
            if not np.isfinite(found[-1]).all():
                found.pop()
                break
    for state, before in ((optimizer.state, known), (optimizer.averaged, averaged)):
        for node in [node for node in state if not any(node is one for one in before)]:
            del state[node]
    numbers = np.array(found, dtype=np.float64).reshape(len(found), 1 + len(parameters))
    return Way(numbers[:, 1:], numbers[:, 0])
