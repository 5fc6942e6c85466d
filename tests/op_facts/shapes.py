"""Reshaping, joining, padding, repeating, triangles and diagonals in PyTorch, and calls of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.reductions import FULL, SIZE, shape_and_axis
from op_facts.registry import draws, stops_nan, twin


@twin("reshape")
def reshape(torch, x, *, shape):
    return x.reshape(shape)


@twin("expand_dims")
def expand_dims(torch, x, *, axes):
    for k in axes:
        x = x.unsqueeze(k)
    return x


@twin("squeeze")
def squeeze(torch, x, *, axes):
    return x.squeeze(axes)


@twin("transpose")
def transpose(torch, x, *, axes):
    return x.permute(axes)


@twin("concat")
def concat(torch, *xs, axis):
    return torch.cat(xs, axis)


@twin("flip")
def flip(torch, x, *, axes):
    return torch.flip(x, axes)


@twin("roll")
def roll(torch, x, *, shifts, axes):
    return torch.roll(x, shifts, axes)


@twin("tile")
def tile(torch, x, *, reps):
    return torch.tile(x, reps)


@twin("repeat")
def repeat(torch, x, *, repeats, axis):
    return torch.repeat_interleave(x, repeats, axis)


@twin("pad")
def pad(torch, x, *, widths, mode):
    for axis, width in enumerate(widths):
        places = np.pad(np.arange(x.shape[axis]), width, mode)
        x = x.index_select(axis, torch.from_numpy(places))
    return x


@twin("pad_constant")
def pad_constant(torch, x, value, *, widths):
    y = value.expand([before + n + after for n, (before, after) in zip(x.shape, widths, strict=True)]).clone()
    y[tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))] = x
    return y


@twin("tril")
def tril(torch, x, *, k):
    return torch.tril(x, k)


@twin("triu")
def triu(torch, x, *, k):
    return torch.triu(x, k)


@twin("tri")
def tri(torch, *, shape, k):
    return torch.ones(shape).tril(k).bool()


@twin("diagonal")
def diagonal(torch, x, *, k):
    return torch.diagonal(x, k, -2, -1)


@twin("diag_embed")
def diag_embed(torch, x, *, k):
    return torch.diag_embed(x, k)


@twin("matrix_trace")
def matrix_trace(torch, x):
    return torch.diagonal(x, 0, -2, -1).sum(-1)


@twin("arange")
def arange(torch, *, start, step, size):
    return start + step * torch.arange(size)


@twin("sequence_mask")
def sequence_mask(torch, lengths, *, size):
    return torch.arange(size) < lengths[..., None]


@twin("masked_fill")
def masked_fill(torch, x, mask, value):
    return torch.where(mask, value, x)


stops_nan("what is filled does not matter", "masked_fill")


def _any_shape(draw, sizes=SIZE):
    return tuple(draw(st.lists(sizes, max_size=5)))


@draws("reshape")
def draw_reshape(draw):
    shape = _any_shape(draw)
    size = math.prod(shape)
    parts = [d for d in (2, 3, 5) if size and size % d == 0]
    first = draw(st.sampled_from([1, *parts]))
    return Sample((shape,), {"shape": draw(st.sampled_from([(size,), (first, size // first), (1, size, 1)]))})


@draws("expand_dims")
def draw_expand_dims(draw):
    shape = tuple(draw(st.lists(SIZE, max_size=3)))
    count = draw(st.integers(1, 2))
    places = draw(
        st.lists(st.integers(0, len(shape) + count - 1), min_size=count, max_size=count, unique=True)
    )
    return Sample((shape,), {"axes": tuple(sorted(places))})


@draws("squeeze")
def draw_squeeze(draw):
    shape = (*_any_shape(draw)[:4], 1)
    ones = [k for k, n in enumerate(shape) if n == 1]
    axes = draw(st.lists(st.sampled_from(ones), min_size=1, unique=True))
    return Sample((shape,), {"axes": tuple(sorted(axes))})


@draws("transpose")
def draw_transpose(draw):
    shape = _any_shape(draw)
    return Sample((shape,), {"axes": tuple(draw(st.permutations(range(len(shape)))))})


@draws("concat")
def draw_concat(draw):
    shape, axis = shape_and_axis(draw)
    sizes = draw(st.lists(SIZE, min_size=1, max_size=3))
    return Sample(tuple((*shape[:axis], n, *shape[axis + 1 :]) for n in sizes), {"axis": axis})


@draws("flip")
def draw_flip(draw):
    shape = _any_shape(draw)
    return Sample((shape,), {"axes": tuple(k for k in range(len(shape)) if draw(st.booleans()))})


@draws("roll")
def draw_roll(draw):
    shape, axis = shape_and_axis(draw)
    axes = draw(st.sampled_from([(axis,), (axis, 0)]))
    return Sample((shape,), {"shifts": tuple(draw(st.integers(-7, 7)) for _ in axes), "axes": axes})


@draws("tile")
def draw_tile(draw):
    shape = tuple(draw(st.lists(SIZE, max_size=4)))
    return Sample((shape,), {"reps": tuple(draw(st.lists(st.integers(0, 3), max_size=4)))})


@draws("repeat")
def draw_repeat(draw):
    shape, axis = shape_and_axis(draw)
    return Sample((shape,), {"repeats": draw(st.integers(0, 3)), "axis": axis})


@draws("pad")
def draw_pad(draw):
    shape = tuple(draw(st.lists(FULL, min_size=1, max_size=4)))
    mode = draw(st.sampled_from(["reflect", "symmetric", "edge", "wrap"]))
    most = [min(3, n - 1 if mode == "reflect" else 3 if mode == "edge" else n) for n in shape]
    return Sample((shape,), {"widths": tuple(_ends(draw, n) for n in most), "mode": mode})


def _ends(draw, most):
    return draw(st.integers(0, most)), draw(st.integers(0, most))


@draws("pad_constant")
def draw_pad_constant(draw):
    shape = tuple(draw(st.lists(SIZE, max_size=4)))
    return Sample((shape, ()), {"widths": tuple(_ends(draw, 3) for _ in shape)})


@draws("tril", "triu", "diagonal")
def draw_triangle(draw):
    shape = (*draw(st.lists(SIZE, max_size=3)), draw(SIZE), draw(SIZE))
    m, n = shape[-2:]
    return Sample((shape,), {"k": draw(st.integers(-m, n))})


@draws("diag_embed")
def draw_diag_embed(draw):
    shape = tuple(draw(st.lists(SIZE, min_size=1, max_size=4)))
    return Sample((shape,), {"k": draw(st.integers(-2, 2))})


@draws("tri")
def draw_tri(draw):
    return Sample((), {"shape": (draw(SIZE), draw(SIZE)), "k": draw(st.integers(-4, 4))})


@draws("arange")
def draw_arange(draw):
    start, step = draw(st.integers(-5, 5)), draw(st.integers(-3, 3).filter(bool))
    return Sample((), {"start": start, "step": step, "size": draw(SIZE)})


@draws("sequence_mask")
def draw_sequence_mask(draw):
    return Sample((tuple(draw(st.lists(SIZE, max_size=4))),), {"size": draw(SIZE)}, limits={"lengths": 7})
