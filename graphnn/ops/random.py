"""Random numbers as nodes: every draw is a function of a seed and a counter, so that a run can be
repeated.
"""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import as_shape, whole
from graphnn.core.dtypes import as_dtype, is_float
from graphnn.core.errors import DtypeError, SettingError
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node
from graphnn.ops.comparison import greater_equal, where
from graphnn.ops.counter_random import fill_normal, fill_uniform
from graphnn.ops.counter_random import permutation as fill_permutation
from graphnn.ops.linalg import cut_range

_DRAWN = "a draw does not depend on its counter in a way that has a slope"
# Ten rounds of Philox give four numbers: about so many operations for each.
_ROUNDS = 20
# Draws that are still in the nearest cache when they are used.
_BLOCK = 2048
_SAMPLES = [
    Sample(((),), {"shape": (3, 5), "seed": 7, "dtype": "float32"}),
    Sample(((),), {"shape": (4,), "seed": -1, "dtype": "float64"}),
]


def check_seed(seed, who):
    """The seed as an int; an error unless it is one."""
    number = whole(seed)
    if number is None or not -(2**63) <= number < 2**63:
        raise SettingError(f"{who}: a seed is a whole number of at most 64 bits, found {seed!r}.")
    return number


def float_dtype(dtype, who):
    found = as_dtype(dtype, who)
    if not is_float(found):
        raise DtypeError(f"{who}: draws are float32 or float64, found {found}.")
    return found


def drawn(fill, counter, shape, seed, dtype):
    """A new array, filled by a kernel run as plain Python."""
    y = np.empty(shape, dtype)
    fill(seed, int(counter), 0, y.reshape(-1))
    return y


@op(
    "counter():int64 -> y(*t)", latex=r"U(0, 1)", onnx="RandomUniform", no_slope=_DRAWN, samples=_SAMPLES,
    per_element=(_ROUNDS, 0),
)  # fmt: skip
def random_uniform(counter, *, shape, seed, dtype="float32"):
    """Numbers drawn evenly from [0, 1). Shapes: counter () int64 -> y (*shape).

    The same seed and counter give the same numbers, on every machine; a trainer adds 1 to the counter after
    each step. Nodes that must not draw alike need seeds of their own. Source: Salmon et al., Philox, SC 2011.
    """
    return drawn(fill_uniform, counter, shape, seed, dtype)


@random_uniform.build
def build_random_uniform(counter, shape, seed, dtype="float32"):
    return random_node(random_uniform, counter, shape, seed, dtype)


def random_node(record, counter, shape, seed, dtype):
    """A random node with its attributes checked."""
    return record.node(
        counter,
        shape=as_shape(shape, record.name),
        seed=check_seed(seed, record.name),
        dtype=str(float_dtype(dtype, record.name)),
    )


@random_uniform.shape
def random_uniform_shape(counter, *, shape, seed, dtype):
    return as_shape(shape, "random_uniform")


@random_uniform.dtype
def random_uniform_dtype(counter, *, shape, seed, dtype):
    return float_dtype(dtype, "random_uniform")


def random_view(counter, y, *, shape, seed, dtype):
    return View(((1,), (prod(y),)), drawing(seed, prod(y)))


def drawing(seed, size):
    """What a kernel that draws `size` numbers is told: the seed, and from where to where it draws."""
    return {"seed": seed, "first": 0, "last": size, "work": _ROUNDS * size}


def cut_draws(view, parts):
    """The draws in runs: each is a function of its place. Runs begin where lines of the cache do."""
    return cut_range(view, parts, "first", "last", 16)


random_uniform.view(random_view)
random_uniform.shard(cut_draws)


@random_uniform.kernel
def random_uniform_kernel(counter, y, seed, first, last):
    fill_uniform(seed, counter[0], first, y[first:last])


@op(
    "counter():int64 -> y(*t)", latex=r"N(0, 1)", onnx="RandomNormal", no_slope=_DRAWN, samples=_SAMPLES,
    per_element=(_ROUNDS, 2),
)  # fmt: skip
def random_normal(counter, *, shape, seed, dtype="float32"):
    """Numbers drawn from the normal distribution with mean 0 and variance 1.

    Shapes: counter () int64 -> y (*shape). Seeds and counters as in random_uniform. Source: Box and Muller, A note
    on the generation of random normal deviates, 1958.
    """
    return drawn(fill_normal, counter, shape, seed, dtype)


@random_normal.build
def build_random_normal(counter, shape, seed, dtype="float32"):
    return random_node(random_normal, counter, shape, seed, dtype)


@random_normal.shape
def random_normal_shape(counter, *, shape, seed, dtype):
    return as_shape(shape, "random_normal")


@random_normal.dtype
def random_normal_dtype(counter, *, shape, seed, dtype):
    return float_dtype(dtype, "random_normal")


random_normal.view(random_view)
random_normal.shard(cut_draws)


@random_normal.kernel
def random_normal_kernel(counter, y, seed, first, last):
    fill_normal(seed, counter[0], first, y[first:last])


@op(
    "counter():int64 -> y(*t):int64", latex=r"\pi_n", no_slope=_DRAWN,
    samples=[Sample(((),), {"size": 9, "seed": 3}), Sample(((),), {"size": 1, "seed": 3})],
)  # fmt: skip
def permutation(counter, *, size, seed):
    """The numbers 0 to size - 1 in a random order, all orders equally likely.

    Shapes: counter () int64 -> y (size). Seeds and counters as in random_uniform. Source: Durstenfeld, Algorithm
    235: random permutation, 1964.
    """
    y = np.empty(size, np.int64)
    fill_permutation(seed, int(counter), y)
    return y


@permutation.build
def build_permutation(counter, size, seed):
    return permutation.node(
        counter, size=as_shape((size,), "permutation")[0], seed=check_seed(seed, "permutation")
    )


@permutation.shape
def permutation_shape(counter, *, size, seed):
    return (size,)


@permutation.view
def permutation_view(counter, y, *, size, seed):
    return View(((1,), y), {"seed": seed})


@permutation.kernel
def permutation_kernel(counter, y, seed):
    fill_permutation(seed, counter[0], y)


@composite(
    "x(*s), rate(), counter():int64 -> y(*s)", latex=r"\frac{{x}}{1 - {rate}} [u \ge {rate}]",
    slopes=(r"\frac{[u \ge {rate}]}{1 - {rate}}", r"\frac{{y}}{1 - {rate}}", "0"), onnx="Dropout",
    samples=[Sample(((3, 4), (), ()), {"seed": 5}, domain=(0.1, 0.9))], per_element=(_ROUNDS, 0),
)  # fmt: skip
def dropout(x, rate, counter, *, seed):
    """Each element is set to 0 with probability `rate`, the others are divided by 1 - rate.

    Shapes: x (*s), rate (), counter () int64 -> y (*s). The mean stays. Training only: to predict, leave it out of
    the graph. rate is from 0 up to, but not including, 1; seed and counter as in random_uniform: the counter must
    move for the draw to change. The slope draws the same mask again. That rate decides which elements are set to 0
    is left out of its slope: it is a step, flat nearly everywhere. Source: Srivastava et al., Dropout, JMLR 2014.
    """
    draws = random_node(random_uniform, counter, x.shape, seed, x.dtype)
    return where(greater_equal(draws, rate), x / (1.0 - rate), 0.0)


@dropout.build
def build_dropout(x, rate, counter, seed):
    x = as_node(x, dropout)
    check_rate(rate, "dropout")
    return dropout.node(x, rate, counter, seed=check_seed(seed, "dropout"))


def check_rate(rate, who):
    """Raise SettingError for a number that is no rate of dropout."""
    if isinstance(rate, int | float) and not 0 <= rate < 1:
        raise SettingError(f"{who}: rate is from 0 up to, but not including, 1; found {rate!r}.")


# A view of its own also says that the op is not pointwise: element i depends on i.
@dropout.view
def dropout_view(x, rate, counter, y, *, seed):
    return View(((prod(x),), (1,), (1,), (prod(x),)), drawing(seed, prod(x)))


dropout.shard(cut_draws)


@dropout.kernel
def dropout_kernel(x, rate, counter, y, seed, first, last):
    share = rate[0]
    scale = 1.0 / (1.0 - share)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        fill_uniform(seed, counter[0], start, y[start:stop])
        for i in range(np.uint64(start), np.uint64(stop)):
            v = x[i] * scale
            y[i] = v if y[i] >= share else 0.0


@dropout.vjp
def dropout_vjp(g, x, rate, counter, y, *, seed):
    return [dropout.node(g, rate, counter, seed=seed), (g * y).sum() / (1.0 - rate), None]


__all__ = ["dropout", "permutation", "random_normal", "random_uniform"]
