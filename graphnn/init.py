"""Initialisers: how a parameter's first values are drawn. Each takes a shape and a seed, and gives an array."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.core.dims import as_shape, evaluate
from graphnn.core.errors import SettingError
from graphnn.core.settings import positive_number

Initializer = Callable[[tuple[int, ...], "np.random.Generator"], np.ndarray]


def zeros(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """All zero; right for biases, wrong for weights: equal units stay equal."""
    return np.zeros(_sizes(shape))


def constant(value: float) -> Initializer:
    """One number everywhere."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise SettingError(f"init.constant: wanted a finite number, found {value!r}.")
    return lambda shape, rng: np.full(_sizes(shape), float(value))


def uniform(limit: float = 0.05) -> Initializer:
    """Evenly between -limit and limit."""
    limit = positive_number(limit, "limit")
    return lambda shape, rng: _stream(rng).uniform(-limit, limit, _sizes(shape))


def normal(deviation: float = 0.01) -> Initializer:
    """Normal with a given standard deviation."""
    deviation = positive_number(deviation, "deviation")
    return lambda shape, rng: _stream(rng).normal(0.0, deviation, _sizes(shape))


def xavier(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Uniform within sqrt(6 / (fan in + fan out)); keeps variance through tanh. Source: Glorot and Bengio 2010."""
    fan_in, fan_out = fans(shape)
    limit = math.sqrt(6.0 / max(1, fan_in + fan_out))
    return _stream(rng).uniform(-limit, limit, shape)


def he(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with deviation sqrt(2 / fan in); keeps variance through relu. Source: He et al. 2015."""
    return _stream(rng).normal(0.0, math.sqrt(2.0 / max(1, fans(shape)[0])), shape)


def lecun(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with deviation 1 / sqrt(fan in); keeps variance through selu. Source: LeCun et al. 1998, section 4.6."""
    return _stream(rng).normal(0.0, math.sqrt(1.0 / max(1, fans(shape)[0])), shape)


def orthogonal(gain: float = 1.0) -> Initializer:
    """Rows or columns, whichever are fewer, of length `gain` and at right angles. Source: Saxe et al. 2014.

    More than two axes: the last one against all others.
    """
    gain = positive_number(gain, "gain")

    def draw(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        shape = _sizes(shape)
        if len(shape) < 2:
            raise SettingError(f"init.orthogonal: wanted a weight of two axes or more, found shape {shape}.")
        columns = shape[-1]
        rows = math.prod(shape[:-1])
        q, r = np.linalg.qr(_stream(rng).normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # without this the draw is not even over all rotations
        return gain * (q if rows >= columns else q.T).reshape(shape)

    return draw


def identity(gain: float = 1.0) -> Initializer:
    """`gain` where row and column are equal, else 0. Source: Le, Jaitly, Hinton 2015, for recurrent weights."""
    gain = positive_number(gain, "gain")

    def draw(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        shape = _sizes(shape)
        if len(shape) != 2:
            raise SettingError(f"init.identity: wanted a weight of two axes, found shape {shape}.")
        return gain * np.eye(*shape)

    return draw


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan in, fan out) of a weight whose last axis is the units'."""
    shape = _sizes(shape)
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    rest = math.prod(shape[:-2])
    return rest * shape[-2], rest * shape[-1]


def _sizes(shape: Any) -> tuple[int, ...]:
    return evaluate(as_shape(shape, "init"), {})


def _stream(rng: np.random.Generator) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        raise SettingError(f"init: an initialiser draws from a numpy.random.Generator, found {rng!r}.")
    return rng


def generator(seed: int, path: str) -> np.random.Generator:
    """The random stream of one parameter: a function of the seed and the parameter's path only.

    So a layer's first values do not change when another layer is added.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *path.encode()])))


__all__ = [
    "Initializer",
    "constant",
    "fans",
    "generator",
    "he",
    "identity",
    "lecun",
    "normal",
    "orthogonal",
    "uniform",
    "xavier",
    "zeros",
]
