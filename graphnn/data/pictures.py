"""Small pictures with a shape in them, its box and its mask: for classifying, locating and segmenting."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graphnn.core.settings import seed_number, whole_number
from graphnn.data.dataset import Dataset

KINDS = ("circle", "square", "triangle", "cross")


class Pictures(NamedTuple):
    """What is seen in each picture.

    data : x float32 (rows, 1, size, size) in [0, 1], y int64 (rows,), the kind of shape
    boxes : float32 (rows, 4), left, top, right, bottom as shares of the width and height
    masks : float32 (rows, 1, size, size), 1 inside the shape
    """

    data: Dataset
    boxes: np.ndarray
    masks: np.ndarray

    def __repr__(self) -> str:
        return f"<Pictures: {self.data!r}, boxes {self.boxes.shape}, masks {self.masks.shape}>"


def shapes(rows: int = 500, *, size: int = 16, noise: float = 0.05, seed: int = 0) -> Pictures:
    """Circles, squares, triangles and crosses of random place, size and brightness, on a noisy dark ground."""
    rows, size = whole_number(rows, "shapes: rows", 1), whole_number(size, "shapes: size", 8)
    rng = np.random.Generator(np.random.Philox(seed_number(seed, "shapes")))
    kind = rng.permutation(np.arange(rows) % len(KINDS))
    radius = rng.uniform(0.18, 0.38, (rows, 1, 1)) * size
    centre = rng.uniform(0.0, 1.0, (2, rows, 1, 1)) * (size - 2 * radius) + radius
    middle = np.arange(size) + 0.5
    across, down = (middle[None, None, :] - centre[0]) / radius, (middle[None, :, None] - centre[1]) / radius
    inside = np.select(
        [kind[:, None, None] == k for k in range(len(KINDS))],
        [
            across**2 + down**2 <= 1.0,
            np.maximum(np.abs(across), np.abs(down)) <= 0.85,
            (np.abs(across) <= (down + 0.9) / 1.8) & (np.abs(down) <= 0.9),
            (np.minimum(np.abs(across), np.abs(down)) <= 0.3)
            & (np.maximum(np.abs(across), np.abs(down)) <= 0.95),
        ],
    )
    bright = rng.uniform(0.6, 1.0, (rows, 1, 1))
    image = np.clip(np.where(inside, bright, 0.1) + rng.normal(scale=noise, size=inside.shape), 0.0, 1.0)
    x = image[:, None].astype(np.float32)
    return Pictures(
        Dataset(x, kind.astype(np.int64), "shapes", KINDS), _boxes(inside), inside[:, None].astype(np.float32)
    )


def _boxes(inside: np.ndarray) -> np.ndarray:
    """The smallest box about each mask."""
    size = inside.shape[-1]
    edges = []
    columns, rows = np.any(inside, axis=1), np.any(inside, axis=2)
    for seen in (np.asarray(columns), np.asarray(rows)):
        edges.append((seen.argmax(axis=1), size - seen[:, ::-1].argmax(axis=1)))
    (left, right), (top, bottom) = edges
    return np.stack([left, top, right, bottom], axis=1).astype(np.float32) / size
