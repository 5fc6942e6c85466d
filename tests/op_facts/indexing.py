"""Blocks, rows and elements by number, and order, in PyTorch, and calls of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.reductions import FULL, SIZE, shape_and_axis
from op_facts.registry import draws, twin


def _block(torch, shape, starts, sizes, steps):
    """Where the block's elements stand in the flat array."""
    places = np.arange(math.prod(shape)).reshape(shape)
    for axis, (start, size, step) in enumerate(zip(starts, sizes, steps, strict=True)):
        places = np.take(places, start + step * np.arange(size), axis)
    return torch.from_numpy(np.ascontiguousarray(places))


@twin("slice")
def block(torch, x, *, starts, sizes, steps):
    return x.flatten()[_block(torch, x.shape, starts, sizes, steps)].reshape(sizes)


@twin("place")
def place(torch, x, *, shape, starts, steps):
    places = _block(torch, shape, starts, x.shape, steps)
    return torch.zeros(math.prod(shape), dtype=x.dtype).index_put((places,), x).reshape(shape)


@twin("take_rows")
def take_rows(torch, x, rows):
    return x[rows]


@twin("add_rows")
def add_rows(torch, x, rows, *, shape):
    return torch.zeros(shape, dtype=x.dtype).index_put((rows,), x, accumulate=True)


@twin("one_hot")
def one_hot(torch, labels, *, size, dtype):
    return (labels[..., None] == torch.arange(size)).to(getattr(torch, dtype))


@twin("take_window")
def take_window(torch, order, start, *, size):
    return order[int(start) : int(start) + size]


@twin("gather")
def gather(torch, x, indices, *, axis):
    shape = [indices.shape[axis] if k == axis else d for k, d in enumerate(x.shape)]
    return torch.gather(x, axis, indices.expand(shape))


@twin("add_along")
def add_along(torch, values, indices, *, axis, size):
    zeros = torch.zeros([size if k == axis else d for k, d in enumerate(values.shape)], dtype=values.dtype)
    return zeros.scatter_add(axis, indices.expand(values.shape), values)


@twin("scatter_add")
def scatter_add(torch, x, indices, values, *, axis):
    return torch.scatter_add(x, axis, indices, values)


@twin("take")
def take(torch, x, indices, *, axis):
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return torch.index_select(x, axis, indices.flatten()).reshape(shape)


@twin("ravel_index")
def ravel_index(torch, indices, *, dims):
    place = torch.zeros(indices.shape[:-1], dtype=torch.int64)
    for k, n in enumerate(dims):
        place = place * n + indices[..., k]
    return place


@twin("gather_nd")
def gather_nd(torch, x, indices):
    return x[indices.unbind(-1)]


@twin("scatter_add_nd")
def scatter_add_nd(torch, x, indices, values):
    return x.index_put(indices.unbind(-1), values, accumulate=True)


@twin("argsort")
def argsort(torch, x, *, axis, descending):
    return torch.argsort(x, dim=axis, descending=descending, stable=True)


@twin("sort")
def sort(torch, x, *, axis, descending):
    return torch.sort(x, dim=axis, descending=descending, stable=True).values


def _walk(draw, n):
    """Start, size and step of a walk along an axis of n elements."""
    size = draw(st.integers(0, n))
    if size == 0:
        return 0, 0, 1
    most = (n - 1) // max(size - 1, 1)
    step = draw(st.integers(-most, most).filter(bool)) if most else 1
    reach = (size - 1) * step
    return draw(st.integers(max(0, -reach), min(n - 1, n - 1 - reach))), size, step


@draws("slice")
def draw_slice(draw):
    shape = tuple(draw(st.lists(SIZE, max_size=5)))
    walks = [_walk(draw, n) for n in shape]
    names = ("starts", "sizes", "steps")
    return Sample((shape,), {name: tuple(w[k] for w in walks) for k, name in enumerate(names)})


@draws("place")
def draw_place(draw):
    cut = draw_slice(draw)
    rest = {k: v for k, v in cut.attributes.items() if k != "sizes"}
    return Sample((cut.attributes["sizes"],), {"shape": cut.shapes[0], **rest})


@draws("take_rows")
def draw_take_rows(draw):
    n = draw(FULL)
    rows = tuple(draw(st.lists(SIZE, max_size=2)))
    return Sample(((n, *draw(st.lists(SIZE, max_size=3))), rows), limits={"rows": n})


@draws("add_rows")
def draw_add_rows(draw):
    taken = draw_take_rows(draw)
    (n, *inner), rows = taken.shapes
    return Sample(((*rows, *inner), rows), {"shape": (n, *inner)}, limits={"rows": n})


@draws("one_hot")
def draw_one_hot(draw):
    size = draw(FULL)
    dtype = draw(st.sampled_from(["float32", "float64", "int64", "bool"]))
    return Sample(
        (tuple(draw(st.lists(SIZE, max_size=4))),), {"size": size, "dtype": dtype}, limits={"labels": size}
    )


@draws("take_window")
def draw_take_window(draw):
    n = draw(SIZE)
    size = draw(st.integers(0, n))
    return Sample(((n,), ()), {"size": size}, limits={"order": 9, "start": n - size + 1})


def _beside(draw, shape, axis, along):
    """Indices for an axis: as long as the array in the others, or 1 before, behind, or on both sides."""
    before = shape[:axis] if draw(st.booleans()) else (1,) * axis
    behind = shape[axis + 1 :] if draw(st.booleans()) else (1,) * (len(shape) - axis - 1)
    return (*before, along, *behind)


@draws("gather")
def draw_gather(draw):
    shape, axis = shape_and_axis(draw)
    n = draw(FULL)
    shape = (*shape[:axis], n, *shape[axis + 1 :])
    return Sample((shape, _beside(draw, shape, axis, draw(SIZE))), {"axis": axis}, limits={"indices": n})


@draws("add_along")
def draw_add_along(draw):
    shape, axis = shape_and_axis(draw)
    n = draw(FULL)
    indices = _beside(draw, shape, axis, shape[axis])
    return Sample((shape, indices), {"axis": axis, "size": n}, limits={"indices": n})


@draws("scatter_add")
def draw_scatter_add(draw):
    values, axis = shape_and_axis(draw)
    n = draw(FULL)
    x = (*values[:axis], n, *values[axis + 1 :])
    return Sample((x, values, values), {"axis": axis}, limits={"indices": n})


@draws("take")
def draw_take(draw):
    shape, axis = shape_and_axis(draw, most=4)
    n = draw(FULL)
    shape = (*shape[:axis], n, *shape[axis + 1 :])
    return Sample((shape, tuple(draw(st.lists(SIZE, max_size=2)))), {"axis": axis}, limits={"indices": n})


@draws("ravel_index")
def draw_ravel_index(draw):
    dims = tuple(draw(st.lists(FULL, min_size=1, max_size=5)))
    numbered = (*draw(st.lists(SIZE, max_size=3)), len(dims))
    return Sample((numbered,), {"dims": dims}, limits={"indices": min(dims)})


@draws("gather_nd")
def draw_gather_nd(draw):
    numbered = draw(st.lists(FULL, min_size=1, max_size=3))
    rest = draw(st.lists(SIZE, max_size=2))
    indices = (*draw(st.lists(SIZE, max_size=2)), len(numbered))
    return Sample(((*numbered, *rest), indices), limits={"indices": min(numbered)})


@draws("scatter_add_nd")
def draw_scatter_add_nd(draw):
    x, indices = draw_gather_nd(draw).shapes
    values = (*indices[:-1], *x[indices[-1] :])
    return Sample((x, indices, values), limits={"indices": min(x[: indices[-1]])})


@draws("argsort", "sort")
def draw_sort(draw):
    shape, axis = shape_and_axis(draw)
    return Sample((shape,), {"axis": axis, "descending": draw(st.booleans())})
