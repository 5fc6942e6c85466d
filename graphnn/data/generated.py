"""Data made by a formula and a seed: points of a plane in classes, and curves to fit."""

from __future__ import annotations

from math import pi

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.core.settings import seed_number, whole_number
from graphnn.data.dataset import Dataset

_POINT = ("x1", "x2")


def moons(rows: int = 200, *, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half circles that reach into each other: x float32 (rows, 2), y int64 (rows,).

    `noise` is the standard deviation of what is added to every coordinate.
    """
    rng, n = _start("moons", rows, 2, noise, seed)
    y = np.arange(n) % 2
    angle = rng.uniform(0.0, pi, n)
    x = np.stack([np.cos(angle) + y, np.sin(angle) * (1 - 2 * y) + 0.5 * y], axis=1)
    return _labelled(rng, x, y, noise, "moons", ("upper", "lower"))


def circles(rows: int = 200, *, noise: float = 0.05, factor: float = 0.5, seed: int = 0) -> Dataset:
    """A ring of radius 1 and one of radius `factor` within it: x float32 (rows, 2), y int64 (rows,)."""
    rng, n = _start("circles", rows, 2, noise, seed)
    if not isinstance(factor, int | float) or not 0.0 < factor < 1.0:
        raise SettingError(f"circles: factor lies between 0 and 1, found {factor!r}.")
    y = np.arange(n) % 2
    angle, radius = rng.uniform(0.0, 2 * pi, n), np.where(y == 1, factor, 1.0)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _labelled(rng, x, y, noise, "circles", ("outer", "inner"))


def blobs(
    rows: int = 200, *, classes: int = 3, features: int = 2, spread: float = 0.5, seed: int = 0
) -> Dataset:
    """Round clouds about random centres in [-3, 3]: x float32 (rows, features), y int64 (rows,).

    `spread` is the standard deviation of a cloud.
    """
    rng, n = _start("blobs", rows, whole_number(classes, "blobs: classes", 1), spread, seed)
    centres = rng.uniform(-3.0, 3.0, (classes, whole_number(features, "blobs: features", 1)))
    y = np.arange(n) % classes
    names = tuple(f"x{k + 1}" for k in range(features))
    return _labelled(rng, centres[y], y, spread, "blobs", tuple(map(str, range(classes))), names)


def gaussians(rows: int = 200, *, distance: float = 2.0, seed: int = 0) -> Dataset:
    """Two overlapping normal clouds of variance 1, `distance` apart: x float32 (rows, 2), y int64 (rows,).

    No classifier errs less often than Phi(-distance / 2), 16 % at a distance of 2: a measure for every other.
    """
    rng, n = _start("gaussians", rows, 2, 0.0, seed)
    y = np.arange(n) % 2
    centre = np.stack([(y - 0.5) * float(distance), np.zeros(n)], axis=1)
    return _labelled(rng, centre, y, 1.0, "gaussians", ("left", "right"))


def spirals(
    rows: int = 300, *, classes: int = 3, turns: float = 1.0, noise: float = 0.03, seed: int = 0
) -> Dataset:
    """Spiral arms from the centre outwards, one per class: x float32 (rows, 2) within radius 1, y int64 (rows,)."""
    rng, n = _start("spirals", rows, whole_number(classes, "spirals: classes", 1), noise, seed)
    y = np.arange(n) % classes
    radius = np.sqrt(rng.uniform(0.0025, 1.0, n))  # even over the area, not crowded at the centre
    angle = 2 * pi * (radius * float(turns) + y / classes)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _labelled(rng, x, y, noise, "spirals", tuple(map(str, range(classes))))


def xor(rows: int = 200, *, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Four clouds at (+-1, +-1); the class says whether the signs differ: x float32 (rows, 2), y int64 (rows,).

    With 4 rows and noise=0 it is the truth table of exclusive or.
    """
    rng, n = _start("xor", rows, 4, noise, seed)
    corner = np.arange(n) % 4
    signs = np.stack([corner // 2 * 2.0 - 1.0, corner % 2 * 2.0 - 1.0], axis=1)
    return _labelled(rng, signs, (signs[:, 0] != signs[:, 1]) * 1, noise, "xor", ("same", "different"))


def plane(rows: int = 200, *, features: int = 2, noise: float = 0.1, seed: int = 0) -> Dataset:
    """A linear function of random weights: x float32 (rows, features) in [-1, 1], y float32 (rows, 1)."""
    rng, n = _start("plane", rows, 1, noise, seed)
    features = whole_number(features, "plane: features", 1)
    x = rng.uniform(-1.0, 1.0, (n, features))
    weights, offset = rng.normal(size=features), rng.normal()
    y = x @ weights + offset + rng.normal(scale=noise, size=n)
    names = tuple(f"x{k + 1}" for k in range(features))
    return Dataset(x.astype(np.float32), y[:, None].astype(np.float32), "plane", (), names)


def sine(rows: int = 200, *, noise: float = 0.1, periods: float = 1.0, seed: int = 0) -> Dataset:
    """A sine curve: x float32 (rows, 1) in [-1, 1], y float32 (rows, 1) = sin(pi periods x) + noise."""
    rng, n = _start("sine", rows, 1, noise, seed)
    x = rng.uniform(-1.0, 1.0, (n, 1))
    y = np.sin(pi * float(periods) * x) + rng.normal(scale=noise, size=(n, 1))
    return Dataset(x.astype(np.float32), y.astype(np.float32), "sine", (), ("x",))


def _start(who: str, rows: int, least: int, noise: float, seed: int) -> tuple[np.random.Generator, int]:
    """The random stream and the number of rows, both checked."""
    if not isinstance(noise, int | float) or isinstance(noise, bool) or not 0.0 <= noise < 1e6:
        raise SettingError(f"{who}: noise is a standard deviation, 0 or more; found {noise!r}.")
    number = whole_number(rows, f"{who}: rows", least)
    return np.random.Generator(np.random.Philox(seed_number(seed, who))), number


def _labelled(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, noise: float, name: str, classes: tuple[str, ...],
    columns: tuple[str, ...] = _POINT,
) -> Dataset:  # fmt: skip
    """Points with noise, in random order."""
    order = rng.permutation(len(x))
    noisy = x + rng.normal(scale=noise, size=x.shape) if noise else x
    return Dataset(
        np.ascontiguousarray(noisy[order], np.float32), y[order].astype(np.int64), name, classes, columns
    )
