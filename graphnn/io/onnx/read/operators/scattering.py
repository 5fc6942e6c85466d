"""Put elements where numbers say: what Scatter, ScatterElements, ScatterND and TensorScatter have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim, DimLike, shape_text, size_of
from graphnn.core.dtypes import bool_, int64, is_float
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call

__all__ = ["REDUCTIONS", "scatter_along", "scatter_blocks", "size_node", "wrapped"]

REDUCTIONS = ("none", "add", "mul", "max", "min")
_MOST_COMPARED = 4096
"""So many updates along an axis are compared with each other to find those of one place,"""
_MOST_PAIRS = 2**28
"""in at most so many pairs."""


def size_node(n: DimLike) -> Node:
    """A size as a 0-d node."""
    return ops.size(n) if isinstance(n, Dim) else constant(n, int64)


def wrapped(call: Call, slot: int, sizes: Sequence[DimLike], what: str) -> Node:
    """Whole numbers, of which negative ones count from the end, as numbers from 0 on.

    sizes : of the axis that they count along; or one for each entry of the last axis. Numbers that are known are
        checked here, others when the graph runs.
    """
    value = call.value(slot)
    if value.known is not None and not value.symbolic and not any(isinstance(n, Dim) for n in sizes):
        n = np.array(sizes[0] if len(sizes) == 1 else list(sizes), np.int64)
        low, high = value.known < -n, value.known >= n
        if (low | high).any():
            found = value.known[low | high].reshape(-1)[0]
            call.refuse(f"{what} hold {found}, which is beyond {shape_text(tuple(sizes))}.")
        return constant(np.where(value.known < 0, value.known + n, value.known), int64)
    numbers = call.node(slot)
    if len(sizes) == 1:
        n_node = size_node(sizes[0])
    elif any(isinstance(d, Dim) for d in sizes):
        n_node = ops.stack([size_node(d) for d in sizes])
    else:
        n_node = constant(list(sizes), int64)
    return ops.where(numbers < 0, numbers + n_node, numbers)


def scatter_along(call: Call, x: Node, indices: Node, updates: Node, axis: int, reduction: str) -> Node:
    """x with updates put at, or combined with, the places along `axis` that indices number.

    Shapes: x (b, n, c), updates (b, m, c), indices as updates, or of size 1 in other axes than `axis`.
    """
    if x.dtype is bool_:
        y = scatter_along(call, x.cast("int64"), indices, updates.cast("int64"), axis, reduction)
        return y.cast("bool")
    n = x.shape[axis]
    if reduction == "add":
        return ops.add(x, ops.add_along(updates, indices, axis, n))
    ones = constant(np.ones((), str(x.dtype)), x.dtype)
    if reduction == "none":
        counts = ops.add_along(ops.broadcast_to(ones, indices.shape), indices, axis, n)
        return ops.where(_spread(counts > 0, x), ops.add_along(updates, indices, axis, n), x)
    # Updates of one place: the first of them gets what all of them come to, the others are left out.
    m = indices.shape[axis]
    if isinstance(m, Dim) or m > _MOST_COMPARED:
        call.refuse(
            f"reduction {reduction!r} of {m} updates along an axis; at most {_MOST_COMPARED} are read."
        )
    pairs = size_of(updates.shape) * m
    if isinstance(pairs, int) and pairs > _MOST_PAIRS:
        call.refuse(
            f"reduction {reduction!r} compares {pairs} pairs of updates; at most {_MOST_PAIRS} are read."
        )
    same = ops.equal(ops.expand_dims(indices, axis + 1), ops.expand_dims(indices, axis))
    others = ops.expand_dims(updates, axis)
    if reduction == "mul":
        joined = ops.prod(ops.where(same, others, 1 if x.dtype is int64 else 1.0), axis + 1)
    else:
        worst = _worst(x, largest=reduction == "max")
        reduce = ops.max if reduction == "max" else ops.min
        joined = reduce(ops.where(same, others, worst), axis + 1)
    line = [1] * (indices.ndim + 1)
    line[axis] = line[axis + 1] = m
    before = constant(np.tri(m, k=-1, dtype=np.bool_).reshape(line))
    first = ops.logical_not(ops.any(ops.logical_and(same, before), axis + 1))
    hits = ops.add_along(first.cast(x.dtype), indices, axis, n)
    zero = 0 if x.dtype is int64 else 0.0
    moved = ops.add_along(ops.where(first, joined, zero), indices, axis, n)
    combine = {"mul": ops.mul, "max": ops.maximum, "min": ops.minimum}[reduction]
    return ops.where(_spread(hits > 0, x), combine(x, moved), x)


def _spread(mask: Node, x: Node) -> Node:
    return mask if mask.shape == x.shape else ops.broadcast_to(mask, x.shape)


def _worst(x: Node, *, largest: bool) -> Node:
    """A number that loses against all others."""
    if is_float(x.dtype):
        return constant(-np.inf if largest else np.inf, x.dtype)
    info = np.iinfo(np.int64)
    return constant(info.min if largest else info.max, int64)


def scatter_blocks(call: Call, x: Node, numbers: Node, updates: Node, reduction: str) -> Node:
    """x with updates put at, or combined with, the blocks that are numbered along its first k axes.

    Shapes: x (n1, ..., nk, *c), numbers (*b, k), updates (*b, *c).
    """
    k = int(numbers.shape[-1])  # type: ignore[arg-type]
    count, block = size_of(numbers.shape[:-1]), size_of(x.shape[k:])
    flat = ops.reshape(ops.ravel_index(numbers, x.shape[:k]), (count, 1))
    y = scatter_along(
        call,
        ops.reshape(x, (size_of(x.shape[:k]), block)),
        flat,
        ops.reshape(updates, (count, block)),
        0,
        reduction,
    )
    return ops.reshape(y, x.shape)
