"""Reductions, running sums and extremes in PyTorch, and calls of them over any neighbouring axes."""

from __future__ import annotations

import warnings

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, twin

SIZE = st.sampled_from([0, 1, 1, 2, 3, 5])
FULL = st.sampled_from([1, 1, 2, 3, 5])


@twin("sum")
def total(torch, x, *, axes, keepdims):
    return torch.sum(x, dim=axes, keepdim=keepdims)


@twin("mean")
def mean(torch, x, *, axes, keepdims):
    return torch.mean(x, dim=axes, keepdim=keepdims)


def _folded(function):
    """A function of one axis, over several, from the back."""

    def over(torch, x, *, axes, keepdims):
        for k in reversed(axes):
            x = function(torch, x, k, keepdims)
        return x

    return over


twin("prod")(_folded(lambda torch, x, k, keep: torch.prod(x, dim=k, keepdim=keep)))


@twin("max")
def largest(torch, x, *, axes, keepdims):
    return torch.amax(x, dim=axes, keepdim=keepdims)


@twin("min")
def smallest(torch, x, *, axes, keepdims):
    return torch.amin(x, dim=axes, keepdim=keepdims)


@twin("argmax")
def argmax(torch, x, *, axis):
    return torch.argmax(x, dim=axis)


@twin("argmin")
def argmin(torch, x, *, axis):
    return torch.argmin(x, dim=axis)


@twin("any")
def any_true(torch, x, *, axes, keepdims):
    return torch.any(x, dim=axes, keepdim=keepdims)


@twin("all")
def all_true(torch, x, *, axes, keepdims):
    return torch.all(x, dim=axes, keepdim=keepdims)


def without_a_word(function, *operands, **settings):
    """PyTorch warns of fewer numbers than degrees of freedom, and gives NaN as NumPy does."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(var|std)\(\): degrees of freedom is <= 0")
        return function(*operands, **settings)


@twin("var")
def var(torch, x, *, axes, keepdims, ddof):
    return without_a_word(torch.var, x, dim=axes, correction=ddof, keepdim=keepdims)


@twin("std")
def std(torch, x, *, axes, keepdims, ddof):
    return without_a_word(torch.std, x, dim=axes, correction=ddof, keepdim=keepdims)


@twin("norm")
def norm(torch, x, *, axes, keepdims):
    return torch.linalg.vector_norm(x, dim=axes, keepdim=keepdims)


@twin("sum_to")
def sum_to(torch, x, *, shape):
    return x.sum_to_size(shape)


@twin("broadcast_to")
def broadcast_to(torch, x, *, shape):
    return torch.broadcast_to(x, shape)


@twin("size")
def size(torch, *, dims, dtype):
    count = 1
    for d in dims:
        count *= d
    return torch.tensor(count, dtype=getattr(torch, dtype))


def _running(torch, x, axis, exclusive, reverse, function, neutral):
    x = x.flip(axis) if reverse else x
    if exclusive:
        first = torch.full_like(x.narrow(axis, 0, min(1, x.shape[axis])), neutral)
        x = torch.cat([first, x.narrow(axis, 0, max(x.shape[axis] - 1, 0))], axis)
    y = function(x, axis)
    return y.flip(axis) if reverse else y


@twin("cumsum")
def cumsum(torch, x, *, axis, exclusive, reverse):
    return _running(torch, x, axis, exclusive, reverse, torch.cumsum, 0)


@twin("cumprod")
def cumprod(torch, x, *, axis, exclusive, reverse):
    return _running(torch, x, axis, exclusive, reverse, torch.cumprod, 1)


@twin("linear_scan")
def linear_scan(torch, a, b, *, axis, reverse):
    if not b.shape[axis]:
        return b + 0 * a
    steps = list(zip(a.unbind(axis), b.unbind(axis), strict=True))[:: -1 if reverse else 1]
    found = [steps[0][1]]
    for factor, term in steps[1:]:
        found.append(factor * found[-1] + term)
    return torch.stack(found[:: -1 if reverse else 1], axis)


def shape_and_axis(draw, sizes=SIZE, most=5):
    """A shape of rank 1 to `most`, and one of its axes."""
    shape = draw(st.lists(sizes, min_size=1, max_size=most))
    return tuple(shape), draw(st.integers(0, len(shape) - 1))


def shape_and_run(draw, inside=SIZE):
    """A shape and neighbouring axes of it, whose sizes come from `inside`."""
    shape = draw(st.lists(SIZE, min_size=1, max_size=5))
    first = draw(st.integers(0, len(shape) - 1))
    last = draw(st.integers(first, len(shape) - 1))
    for k in range(first, last + 1):
        shape[k] = draw(inside)
    return tuple(shape), tuple(range(first, last + 1))


@draws("sum", "mean", "prod", "any", "all", "norm")
def draw_reduction(draw):
    shape, axes = shape_and_run(draw)
    return Sample((shape,), {"axes": axes, "keepdims": draw(st.booleans())})


@draws("max", "min")
def draw_extreme(draw):
    shape, axes = shape_and_run(draw, FULL)
    return Sample((shape,), {"axes": axes, "keepdims": draw(st.booleans())})


@draws("argmax", "argmin")
def draw_place(draw):
    shape, axes = shape_and_run(draw, FULL)
    return Sample((shape,), {"axis": axes[0]})


@draws("var", "std")
def draw_spread(draw):
    shape, axes = shape_and_run(draw, st.sampled_from([2, 3, 5]))
    return Sample((shape,), {"axes": axes, "keepdims": draw(st.booleans()), "ddof": draw(st.integers(0, 1))})


@draws("cumsum", "cumprod")
def draw_running(draw):
    shape, axis = shape_and_axis(draw)
    return Sample((shape,), {"axis": axis, "exclusive": draw(st.booleans()), "reverse": draw(st.booleans())})


@draws("linear_scan")
def draw_scan(draw):
    shape, axis = shape_and_axis(draw)
    return Sample((shape, shape), {"axis": axis, "reverse": draw(st.booleans())})


@draws("broadcast_to")
def draw_broadcast(draw):
    shape = draw(st.lists(SIZE, max_size=5))
    thin = [n if draw(st.booleans()) else 1 for n in shape][draw(st.integers(0, len(shape))) :]
    return Sample((tuple(thin),), {"shape": tuple(shape)})


@draws("sum_to")
def draw_sum_to(draw):
    wide = draw_broadcast(draw)
    return Sample((wide.attributes["shape"],), {"shape": wide.shapes[0]})


@draws("size")
def draw_size(draw):
    dims = tuple(draw(st.lists(SIZE, max_size=5)))
    return Sample((), {"dims": dims, "dtype": draw(st.sampled_from(["int64", "float32", "float64"]))})
