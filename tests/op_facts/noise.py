"""Twins and drawn calls of what draws random numbers, and of what steers gradients.

PyTorch cannot draw our numbers, so the twins take them from the meaning of random_uniform and random_normal.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import graphnn as gn
from graphnn.core.op import Sample
from op_facts.registry import draws, no_twin, stops_nan, twin

SIZES = st.sampled_from([0, 1, 1, 2, 3, 5])
SHAPES = st.lists(SIZES, max_size=4).map(tuple)
SEEDS = st.integers(-5, 2**60)

no_twin(
    "its draws are our own; tests of counter_random prove their distribution",
    "random_uniform",
    "random_normal",
)
no_twin("its orders are our own; tests of counter_random prove their distribution", "permutation")
no_twin("it says when something is computed, and PyTorch has no graph to say that in", "again")
no_twin("PyTorch keeps state in modules, not in graphs", "with_update")


stops_nan("no number is below NaN, and PyTorch refuses to draw", "bernoulli")


def drawn(torch, record, counter, shape, seed):
    numbers = record.meaning(counter.numpy(), shape=tuple(shape), seed=seed, dtype="float64")
    return torch.from_numpy(np.array(numbers))


def kept(torch, rate, counter, shape, seed):
    return (drawn(torch, gn.random_uniform, counter, shape, seed) >= rate.detach()).double() / (1 - rate)


@twin("dropout")
def _(torch, x, rate, counter, *, seed):
    return torch.where(kept(torch, rate, counter, x.shape, seed) > 0, x / (1 - rate), torch.zeros_like(x))


@twin("channel_dropout")
def _(torch, x, rate, counter, *, seed):
    return x * kept(torch, rate, counter, x.shape[:2], seed).reshape(*x.shape[:2], *[1] * (x.ndim - 2))


@twin("gaussian_noise", "normal_sample")
def _(torch, x, std, counter, *, seed):
    return x + std * drawn(torch, gn.random_normal, counter, x.shape, seed)


@twin("noisy_relu")
def _(torch, x, std, counter, *, seed):
    return torch.relu(x + std * drawn(torch, gn.random_normal, counter, x.shape, seed))


@twin("uniform_sample")
def _(torch, low, high, counter, *, seed):
    return low + (high - low) * drawn(torch, gn.random_uniform, counter, low.shape, seed)


@twin("bernoulli")
def _(torch, p, counter, *, seed):
    return (drawn(torch, gn.random_uniform, counter, p.shape, seed) < p).double() + 0 * p


@twin("gumbel_softmax")
def _(torch, logits, temperature, counter, *, seed, hard):
    u = drawn(torch, gn.random_uniform, counter, logits.shape, seed).clamp(min=2.0**-54)
    soft = torch.softmax((logits - torch.log(-torch.log1p(-u))) / temperature, -1)
    if not hard:
        return soft
    choice = torch.nn.functional.one_hot(soft.argmax(-1), soft.shape[-1]).double()
    return choice + soft - soft.detach()


@twin("shuffle")
def _(torch, x, counter, *, seed):
    order = gn.permutation.meaning(counter.numpy(), size=len(x), seed=seed)
    return x[torch.from_numpy(np.array(order))]


def hooked(x, change):
    """x, with its gradient changed on the way back."""
    y = x.clone()
    if y.requires_grad:
        y.register_hook(change)
    return y


@twin("scale_gradient")
def _(torch, x, scale):
    return hooked(x, lambda g: g * scale)


@twin("gradient_reversal")
def _(torch, x, scale):
    return hooked(x, lambda g: -g * scale)


@twin("straight_through")
def _(torch, hard, soft):
    return hard.detach() + soft - soft.detach()


@twin("clip_gradient")
def _(torch, x, limit):
    return hooked(x, lambda g: torch.minimum(torch.maximum(g, -limit), limit))


@draws("random_uniform", "random_normal")
def _(draw):
    dtype = draw(st.sampled_from(["float32", "float64"]))
    return Sample(((),), {"shape": draw(SHAPES), "seed": draw(SEEDS), "dtype": dtype}, limits={"counter": 9})


@draws("permutation")
def _(draw):
    return Sample(((),), {"size": draw(st.integers(0, 20)), "seed": draw(SEEDS)}, limits={"counter": 9})


@draws("dropout", "gaussian_noise", "noisy_relu")
def _(draw):
    return Sample((draw(SHAPES), (), ()), {"seed": draw(SEEDS)}, (0.1, 0.9), {"counter": 9})


@draws("channel_dropout")
def _(draw):
    shape = (draw(SIZES), draw(SIZES), *draw(st.lists(SIZES, max_size=2)))
    return Sample((shape, (), ()), {"seed": draw(SEEDS)}, (0.1, 0.9), {"counter": 9})


@draws("normal_sample", "uniform_sample")
def _(draw):
    shape = draw(SHAPES)
    return Sample((shape, shape, ()), {"seed": draw(SEEDS)}, (0.1, 0.9), {"counter": 9})


@draws("bernoulli")
def _(draw):
    return Sample((draw(SHAPES), ()), {"seed": draw(SEEDS)}, (0.0, 1.0), {"counter": 9})


@draws("gumbel_softmax")
def _(draw):
    shape = (*draw(st.lists(SIZES, max_size=2)), draw(st.sampled_from([1, 2, 5])))
    return Sample(
        (shape, (), ()), {"seed": draw(SEEDS), "hard": draw(st.booleans())}, (0.5, 1.5), {"counter": 9}
    )


@draws("shuffle")
def _(draw):
    shape = (draw(SIZES), *draw(st.lists(SIZES, max_size=2)))
    return Sample((shape, ()), {"seed": draw(SEEDS)}, limits={"counter": 9})
