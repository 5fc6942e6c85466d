"""Add noise, draw from distributions, and let gradients pass draws: what regularises, and what samples.

All are built of random_uniform, random_normal and permutation: the same seed and counter give the same draws, and a
trainer adds 1 to the counter after each step.
"""

from __future__ import annotations

from graphnn.core.declare import composite
from graphnn.core.dims import shape_text, whole
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.op import Sample
from graphnn.core.scope import scope
from graphnn.ops.activation import relu
from graphnn.ops.arithmetic import maximum
from graphnn.ops.axes import as_node
from graphnn.ops.comparison import less
from graphnn.ops.exponential import log, log1p
from graphnn.ops.extremes import argmax
from graphnn.ops.gradient_control import straight_through
from graphnn.ops.index import one_hot, take_rows
from graphnn.ops.random import (
    check_rate,
    check_seed,
    dropout,
    permutation,
    random_node,
    random_normal,
    random_uniform,
)
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape
from graphnn.ops.softmaxes import softmax


@composite(
    "x(*s), rate(), counter():int64 -> y(*s)", latex=r"\frac{{x}}{1 - {rate}} [u \ge {rate}]",
    slopes=(r"\frac{[u \ge {rate}]}{1 - {rate}}", r"\frac{{y}}{1 - {rate}}", "0"),
    samples=[Sample(((3, 4, 2, 2), (), ()), {"seed": 5}, domain=(0.1, 0.9))],
)  # fmt: skip
def channel_dropout(x, rate, counter, *, seed):
    """Whole channels are set to 0 with probability `rate`, the others are divided by 1 - rate.

    Shapes: x (batch, channels, *s), rate (), counter () int64 -> y the same as x. Neighbouring elements of an image
    are too alike for dropout to hide anything. Source: Tompson et al., Efficient object localization using
    convolutional networks, CVPR 2015; PyTorch, torch.nn.Dropout2d.
    """
    ones = build_broadcast_to(as_node(1.0, channel_dropout).cast(x.dtype), x.shape[:2])
    kept = dropout.node(ones, rate, counter, seed=seed)
    return x * build_reshape(kept, (*x.shape[:2], *(1,) * (x.ndim - 2)))


@channel_dropout.build
def build_channel_dropout(x, rate, counter, seed):
    x = as_node(x, channel_dropout)
    if x.ndim < 2:
        raise ShapeError(f"channel_dropout: x has {x.ndim} axes; wanted (batch, channels, ...).")
    check_rate(rate, "channel_dropout")
    return channel_dropout.node(x, rate, counter, seed=check_seed(seed, "channel_dropout"))


@composite(
    "x(*s), std(), counter():int64 -> y(*s)", latex=r"{x} + {std}\, \varepsilon", slopes=("1", r"\varepsilon", "0"),
    samples=[Sample(((3, 4), (), ()), {"seed": 5}, domain=(0.1, 0.9))],
)  # fmt: skip
def gaussian_noise(x, std, counter, *, seed):
    """x plus normal noise of mean 0 and standard deviation std. Training only: to predict, leave it out.

    Shapes: x (*s), std (), counter () int64 -> y (*s). Source: Bishop, Training with noise is equivalent to Tikhonov
    regularization, 1995.
    """
    return x + std * random_node(random_normal, counter, x.shape, seed, x.dtype)


@gaussian_noise.build
def build_gaussian_noise(x, std, counter, seed):
    return gaussian_noise.node(x, std, counter, seed=check_seed(seed, "gaussian_noise"))


@composite(
    "x(*s), std(), counter():int64 -> y(*s)", latex=r"\max(0,\, {x} + {std}\, \varepsilon)",
    slopes=(r"[{y} > 0]", r"\varepsilon\, [{y} > 0]", "0"),
    samples=[Sample(((3, 4), (), ()), {"seed": 5}, domain=(0.1, 0.9))],
)  # fmt: skip
def noisy_relu(x, std, counter, *, seed):
    """The positive part of x plus normal noise of standard deviation std. Training only: to predict, take relu.

    Shapes: x (*s), std (), counter () int64 -> y (*s). The slope is 0 where the sum is 0. Source: Nair and Hinton,
    Rectified linear units improve restricted Boltzmann machines, ICML 2010.
    """
    return relu(x + std * random_node(random_normal, counter, x.shape, seed, x.dtype))


@noisy_relu.build
def build_noisy_relu(x, std, counter, seed):
    return noisy_relu.node(x, std, counter, seed=check_seed(seed, "noisy_relu"))


@composite(
    "mean(*s), std(*s), counter():int64 -> y(*s)", latex=r"{mean} + {std}\, \varepsilon",
    slopes=("1", r"\varepsilon", "0"), samples=[Sample(((3, 4), (3, 4), ()), {"seed": 5}, domain=(0.1, 0.9))],
)  # fmt: skip
def normal_sample(mean, std, counter, *, seed):
    """A draw from the normal distribution with this mean and standard deviation, through which gradients flow.

    Shapes: mean, std (*s), counter () int64 -> y (*s); mean and std broadcast. A network that gives logarithms of
    standard deviations: std = gn.exp(log_std). Source: Kingma and Welling, Auto-encoding variational Bayes, ICLR
    2014, equation 10.
    """
    return mean + std * random_node(random_normal, counter, mean.shape, seed, mean.dtype)


@normal_sample.build
def build_normal_sample(mean, std, counter, seed):
    return normal_sample.node(mean, std, counter, seed=check_seed(seed, "normal_sample"))


@composite(
    "low(*s), high(*s), counter():int64 -> y(*s)", latex=r"{low} + ({high} - {low})\, u",
    slopes=(r"1 - u", r"u", "0"), samples=[Sample(((3, 4), (3, 4), ()), {"seed": 5})],
)  # fmt: skip
def uniform_sample(low, high, counter, *, seed):
    """A draw from between low and high, all numbers equally likely, through which gradients flow.

    Shapes: low, high (*s), counter () int64 -> y (*s); low and high broadcast. Rounding may give high itself.
    Source: NumPy, numpy.random.Generator.uniform.
    """
    return low + (high - low) * random_node(random_uniform, counter, low.shape, seed, low.dtype)


@uniform_sample.build
def build_uniform_sample(low, high, counter, seed):
    return uniform_sample.node(low, high, counter, seed=check_seed(seed, "uniform_sample"))


@composite(
    "p(*s), counter():int64 -> y(*s)", latex=r"[u < {p}]", slopes=("0", "0"),
    samples=[Sample(((3, 4), ()), {"seed": 5}, domain=(0.0, 1.0))],
)  # fmt: skip
def bernoulli(p, counter, *, seed):
    """1 with probability p, else 0. Shapes: p (*s), counter () int64 -> y (*s).

    p = 0 gives 0 and p = 1 gives 1. A step has no slope: to let the gradient pass as if y were p, write
    `straight_through(bernoulli(p, ...), p)`. Source: PyTorch, torch.bernoulli.
    """
    return less(random_node(random_uniform, counter, p.shape, seed, p.dtype), p).cast(p.dtype)


@bernoulli.build
def build_bernoulli(p, counter, seed):
    return bernoulli.node(p, counter, seed=check_seed(seed, "bernoulli"))


def gumbel(counter, shape, seed, dtype="float32"):
    """Draws from the standard Gumbel distribution, that of the largest of many: added to logits they choose a class.

    Shapes: counter () int64 -> (*shape). Source: Gumbel, Statistical theory of extreme values, 1954.
    """
    with scope("gumbel"):
        u = random_node(random_uniform, counter, shape, check_seed(seed, "gumbel"), dtype)
        # 1 - u is as likely as u, and log1p is exact near 0. A u of 0 stands for half a step of the draws.
        half_step = 2.0**-25 if u.dtype.itemsize == 4 else 2.0**-54
        return -log(-log1p(-maximum(u, half_step)))


@composite(
    "logits(*b, n), temperature(), counter():int64 -> y(*b, n)",
    latex=r"\mathrm{softmax}(({logits} + \gamma) / {temperature})",
    slopes=(
        r"(\mathrm{diag}({y}) - {y} {y}^\top) / {temperature}",
        r"-(\mathrm{diag}({y}) - {y} {y}^\top) ({logits} + \gamma) / {temperature}^2",
        "0",
    ),
    samples=[Sample(((3, 4), (), ()), {"seed": 5}, domain=(0.5, 1.5))],
)  # fmt: skip
def gumbel_softmax(logits, temperature, counter, *, seed, hard=False):
    """A soft choice of one class, by probabilities softmax(logits): near 0 temperature makes it hard.

    Shapes: logits (*b, n), temperature (), counter () int64 -> y (*b, n). With `hard` the value is exactly one 1 and
    zeros, and the slope that of the soft choice. Source: Jang, Gu and Poole, Categorical reparameterization with
    Gumbel-softmax, ICLR 2017; Maddison, Mnih and Teh, The concrete distribution, ICLR 2017.
    """
    noise = gumbel(counter, logits.shape, seed, logits.dtype)
    soft = softmax((logits + noise) / temperature, axis=-1)
    if not hard:
        return soft
    return straight_through(one_hot(argmax(soft, axis=-1), soft.shape[-1], soft.dtype), soft)


@gumbel_softmax.build
def build_gumbel_softmax(logits, temperature, counter, seed, *, hard=False):
    logits = as_node(logits, gumbel_softmax)
    _check_classes(logits, "gumbel_softmax")
    if not isinstance(hard, bool):
        raise SettingError(f"gumbel_softmax: hard is True or False, found {hard!r}.")
    seed = check_seed(seed, "gumbel_softmax")
    return gumbel_softmax.node(logits, temperature, counter, seed=seed, hard=hard)


def categorical(logits, counter, seed):
    """A class drawn with probabilities softmax(logits). Shapes: logits (*b, n), counter () int64 -> (*b) int64.

    Whole numbers have no slope; gumbel_softmax has one. Source: the Gumbel-max trick, Maddison, Tarlow and Minka, A*
    sampling, 2014; PyTorch, torch.distributions.Categorical.
    """
    logits = as_node(logits, gumbel_softmax)
    _check_classes(logits, "categorical")
    return argmax(logits + gumbel(counter, logits.shape, seed, logits.dtype), axis=-1)


def _check_classes(logits, who):
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ShapeError(
            f"{who}: logits are {shape_text(logits.shape)}; wanted (..., n), a number for each class."
        )


def random_integers(counter, shape, seed, low, high):
    """Whole numbers from low to high - 1, all equally likely up to 2^-53 of the range.

    Shapes: counter () int64 -> (*shape) int64. Source: NumPy, numpy.random.Generator.integers.
    """
    first, stop = whole(low), whole(high)
    if first is None or stop is None or not 0 < stop - first <= 2**53 or max(abs(first), abs(stop)) > 2**62:
        raise SettingError(
            f"random_integers: low and high are whole numbers, low below high, at most 2**53 apart; found {low!r} "
            f"and {high!r}."
        )
    with scope("random_integers"):
        u = random_node(random_uniform, counter, shape, check_seed(seed, "random_integers"), "float64")
        # Positive numbers lose their fraction downwards, and the largest u times the range stays below the range.
        return (u * float(stop - first)).cast("int64") + first


@composite(
    "x(n, *s), counter():int64 -> y(n, *s)", latex=r"{x}_\pi", slopes=("1", "0"), types="any",
    samples=[Sample(((5, 3), ()), {"seed": 5}), Sample(((4,), ()), {"seed": 6})],
)  # fmt: skip
def shuffle(x, counter, *, seed):
    """The rows of x in a random order, all orders equally likely. Shapes: x (n, *s), counter () int64 -> y (n, *s).

    Two arrays with the same seed and counter are shuffled alike. Source: NumPy, numpy.random.Generator.permutation.
    """
    return take_rows(x, permutation(counter, x.shape[0], seed))


@shuffle.build
def build_shuffle(x, counter, seed):
    return shuffle.node(x, counter, seed=check_seed(seed, "shuffle"))


__all__ = [
    "bernoulli",
    "categorical",
    "channel_dropout",
    "gaussian_noise",
    "gumbel",
    "gumbel_softmax",
    "noisy_relu",
    "normal_sample",
    "random_integers",
    "shuffle",
    "uniform_sample",
]
