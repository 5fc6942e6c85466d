"""Draw from the beta distribution: shares between 0 and 1, as for mixing examples."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import as_shape
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.counter_random import fill_normal, fill_uniform
from graphnn.ops.linalg import cut_range
from graphnn.ops.mathematics import exp, log
from graphnn.ops.random import check_seed, float_dtype, random_view

# A try of the sampler fails with a probability below 0.05: so many fail once in 10^80 draws.
_TRIES = 63


def log_gamma_draw(shape, seed, stream, draw, room):
    """The logarithm of a draw from the gamma distribution with this shape and scale 1. `room` holds one number.

    Draw number `draw` has 64 tries of its own, so that no draw hangs on how often another one failed. Of a shape below
    1 the draw for shape + 1 is taken times u^(1 / shape), as a logarithm, which does not underflow.

    Source: Marsaglia and Tsang, A simple method for generating gamma variables, 2000.
    """
    d = (shape + 1.0 if shape < 1.0 else shape) - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    found = log(d)
    for k in range(_TRIES):
        at = (draw * 64 + k) * 8  # a normal and a uniform number from blocks of their own
        fill_normal(seed, stream, at, room)
        z = room[0]
        v = 1.0 + c * z
        if v > 0.0:
            v = v * v * v
            fill_uniform(seed, stream, at + 4, room)
            if log(1.0 - room[0]) < 0.5 * z * z + d - d * v + d * log(v):
                found = log(d) + log(v)
                break
    if shape < 1.0:
        fill_uniform(seed, stream, (draw * 64 + _TRIES) * 8, room)
        found += log(1.0 - room[0]) / shape
    return found


def fill_beta(alpha, beta, seed, stream, first, y):
    """Fill y with the draws from `first` on."""
    for i in range(y.size):
        a = log_gamma_draw(alpha, seed, stream, 2 * (first + i), y[i : i + 1])
        b = log_gamma_draw(beta, seed, stream, 2 * (first + i) + 1, y[i : i + 1])
        # A / (A + B), without either: the smaller one may be too small for its dtype.
        e = exp(-np.abs(b - a))
        y[i] = e / (1.0 + e) if b > a else 1.0 / (1.0 + e)


@op(
    "alpha(), beta(), counter():int64 -> y(*t)", latex=r"\mathrm{{B}}({alpha}, {beta})",
    no_slope="draws are kept or thrown away, which has no slope",
    samples=[
        Sample(((), (), ()), {"shape": (3, 5), "seed": 7}, domain=(0.3, 3.0)),
        Sample(((), (), ()), {"shape": (4,), "seed": -1}, domain=(0.3, 3.0)),
    ],
    per_element=(100, 8),
)  # fmt: skip
def random_beta(alpha, beta, counter, *, shape, seed):
    """Numbers between 0 and 1 drawn from the beta distribution; alpha = beta = 1 is even, below 1 prefers the ends.

    Shapes: alpha, beta () above 0, counter () int64 -> y (*shape). Seeds and counters as in random_uniform. Where a
    processor has no fused multiply-add, a draw in some millions may be another one.

    Source: two gamma variables after Marsaglia and Tsang, 2000; Devroye, Non-uniform random variate generation, 1986,
    chapter IX, theorem 4.1.
    """
    sides = [
        [_log_gamma(size, seed, int(counter), 2 * k + side) for side, size in enumerate((alpha, beta))]
        for k in range(prod(shape))
    ]
    a, b = np.array(sides, alpha.dtype).reshape(-1, 2).T
    return np.exp(a - np.logaddexp(a, b)).reshape(shape)


def _log_gamma(shape, seed, stream, draw):
    """As log_gamma_draw, in NumPy's words."""
    d = (shape + 1 if shape < 1 else shape) - shape.dtype.type(1 / 3)
    start = 8 * 64 * draw
    for k in range(_TRIES):
        z = _number(fill_normal, shape, seed, stream, start + 8 * k)
        v = (1 + z / np.sqrt(9 * d)) ** 3
        u = _number(fill_uniform, shape, seed, stream, start + 8 * k + 4)
        if v > 0 and np.log1p(-u) < z * z / 2 + d * (1 - v + np.log(v)):
            break
    u = _number(fill_uniform, shape, seed, stream, start + 8 * _TRIES)
    return np.log(d * v) + (np.log1p(-u) / shape if shape < 1 else 0)


def _number(fill, like, seed, stream, at):
    y = np.empty(1, like.dtype)
    fill(seed, stream, at, y)
    return y[0]


@random_beta.build
def build_random_beta(alpha, beta, counter, shape, seed, dtype="float32"):
    kind = float_dtype(dtype, "random_beta")
    operands = []
    for word, value in (("alpha", alpha), ("beta", beta)):
        if isinstance(value, Node):
            operands.append(value)
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < float("inf"):
            raise SettingError(f"random_beta: {word} is a positive number, found {value!r}.")
        operands.append(constant(value, dtype=kind))
    return random_beta.node(
        *operands, counter, shape=as_shape(shape, "random_beta"), seed=check_seed(seed, "random_beta")
    )


@random_beta.shape
def random_beta_shape(alpha, beta, counter, *, shape, seed):
    return as_shape(shape, "random_beta")


@random_beta.view
def random_beta_view(alpha, beta, counter, y, *, shape, seed):
    view = random_view(counter, y, shape=shape, seed=seed, dtype=None)
    return view._replace(shapes=((1,), (1,), *view.shapes))


@random_beta.shard
def random_beta_shard(view, parts):
    return cut_range(view, parts, "first", "last", 16)


@random_beta.kernel
def random_beta_kernel(alpha, beta, counter, y, seed, first, last):
    fill_beta(alpha[0], beta[0], seed, counter[0], first, y[first:last])


__all__ = ["random_beta"]
