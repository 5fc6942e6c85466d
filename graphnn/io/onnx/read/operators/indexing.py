"""Readers of operators that take elements by number, or put them where numbers say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim, DimLike, Shape, shape_text, size_of
from graphnn.core.dtypes import bool_, int64
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.scattering import (
    REDUCTIONS,
    scatter_along,
    scatter_blocks,
    size_node,
    wrapped,
)
from graphnn.io.onnx.read.registry import reads


def _axis(call: Call, name: str, default: int, ndim: int) -> int:
    """An attribute that names one of so many axes, from 0 on."""
    axis = call.integer(name, default)
    if not -ndim <= axis < ndim:
        call.refuse(f"attribute {name!r} is {axis}, but there are {ndim} axes.")
    return int(axis) % ndim


# Take


@reads("Gather")
def gather(call: Call) -> Node:
    shape = call.shape(0)
    axis = _axis(call, "axis", 0, len(shape))
    return ops.take(call.node(0), wrapped(call, 1, shape[axis : axis + 1], "the indices"), axis)


@reads("GatherElements")
def gather_elements(call: Call) -> Node:
    x, wanted = call.node(0), call.shape(1)
    axis = _axis(call, "axis", 0, x.ndim)
    if len(wanted) != x.ndim:
        call.refuse(f"data {shape_text(x.shape)} and indices {shape_text(wanted)} have as many axes.")
    indices = wrapped(call, 1, x.shape[axis : axis + 1], "the indices")
    return ops.gather(_corner(call, x, wanted, axis), indices, axis)


def _corner(call: Call, x: Node, shape: Shape, axis: int) -> Node:
    """The first elements of x along the other axes, as many as `shape` says."""
    wanted = tuple(x.shape[k] if k == axis else d for k, d in enumerate(shape))
    if wanted == x.shape:
        return x
    if any(isinstance(d, int) and isinstance(n, int) and d > n for d, n in zip(wanted, x.shape, strict=True)):
        call.refuse(f"indices {shape_text(shape)} reach beyond data {shape_text(x.shape)}.")
    return ops.slice.node(x, starts=(0,) * x.ndim, sizes=wanted, steps=(1,) * x.ndim)


@reads("GatherND")
def gather_nd(call: Call) -> Node:
    x, shape = call.node(0), call.shape(1)
    batch = call.integer("batch_dims", 0)
    k = _depth(call, x.shape[batch:], shape)
    numbers = wrapped(call, 1, x.shape[batch : batch + k], "the indices")
    if batch == 0:
        return ops.gather_nd(x, numbers)
    if not 0 < batch < min(x.ndim, len(shape)):
        call.refuse(f"attribute 'batch_dims' is {batch}; wanted fewer than the axes of data and indices.")
    count = size_of(x.shape[:batch])
    if isinstance(count, Dim):
        call.refuse("the axes of 'batch_dims' must have known sizes.")
    rest = shape[batch:-1]
    line = (count, *(1,) * len(rest), 1)
    examples = constant(np.arange(count).reshape(line), int64)
    numbers = ops.reshape(numbers, (count, *rest, k))
    numbers = ops.concat([ops.broadcast_to(examples, (count, *rest, 1)), numbers], -1)
    y = ops.gather_nd(ops.reshape(x, (count, *x.shape[batch:])), numbers)
    return ops.reshape(y, (*shape[:-1], *x.shape[batch + k :]))


def _depth(call: Call, x: Shape, indices: Shape) -> int:
    """How many axes indices number."""
    k = indices[-1] if indices else None
    if not isinstance(k, int) or not 1 <= k <= len(x):
        call.refuse(f"the last axis of indices {shape_text(indices)} numbers 1 to {len(x)} axes.")
    return k


@reads("ArrayFeatureExtractor", domain="ai.onnx.ml")
def array_feature_extractor(call: Call) -> Node:
    x = call.node(0)
    if x.ndim == 0:
        call.refuse("there are no columns in a single number.")
    columns = ops.reshape(wrapped(call, 1, x.shape[-1:], "the columns"), (-1,))
    y = ops.take(x, columns, -1)
    return ops.reshape(y, (1, *y.shape)) if x.ndim == 1 else y


@reads("Compress")
def compress(call: Call) -> Node:
    x = call.node(0)
    kept = np.flatnonzero(call.known(1, "the condition"))
    if not call.has_attribute("axis"):
        x, axis = ops.reshape(x, (-1,)), 0
    else:
        axis = _axis(call, "axis", 0, x.ndim)
    n = x.shape[axis]
    if isinstance(n, int) and kept.size and kept[-1] >= n:
        call.refuse(f"the condition keeps element {kept[-1]}, but the axis has {n}.")
    return ops.take(x, constant(kept, int64), axis)


@reads("ReverseSequence")
def reverse_sequence(call: Call) -> Node:
    x = call.node(0)
    time, batch = _axis(call, "time_axis", 0, x.ndim), _axis(call, "batch_axis", 1, x.ndim)
    if {time, batch} != {0, 1}:
        call.refuse(f"'time_axis' and 'batch_axis' are 0 and 1, found {time} and {batch}.")
    place = ops.expand_dims(ops.arange(x.shape[time]), 1 - time)
    lengths = ops.expand_dims(call.node(1), 1 - batch)
    turned = ops.where(place < lengths, lengths - 1 - place, place)
    return ops.gather(x, ops.reshape(turned, (*turned.shape, *(1,) * (x.ndim - 2))), time)


# Put


@reads("Scatter", "ScatterElements")
def scatter_elements(call: Call) -> Node:
    x, shape = call.node(0), call.shape(1)
    axis = _axis(call, "axis", 0, x.ndim)
    reduction = call.choice("reduction", "none", REDUCTIONS)
    if call.shape(2) != shape or len(shape) != x.ndim:
        call.refuse(
            f"indices {shape_text(shape)} and updates {shape_text(call.shape(2))} have one shape, with as many "
            f"axes as data {shape_text(x.shape)}."
        )
    corner = _corner(call, x, shape, axis)
    indices = wrapped(call, 1, x.shape[axis : axis + 1], "the indices")
    y = scatter_along(call, corner, indices, call.node(2), axis, reduction)
    return y if corner is x else _set_corner(call, x, y)


def _set_corner(call: Call, x: Node, y: Node) -> Node:
    """x with y in the place of its first elements."""
    start, step = (0,) * x.ndim, (1,) * x.ndim
    number = y.cast("int64") if y.dtype is bool_ else y
    put = ops.place(number, shape=x.shape, starts=start, steps=step)
    ones = ops.broadcast_to(constant(1, int64), y.shape)
    return ops.where(ops.place(ones, shape=x.shape, starts=start, steps=step) > 0, put.cast(x.dtype), x)


@reads("ScatterND")
def scatter_nd(call: Call) -> Node:
    x, shape = call.node(0), call.shape(1)
    reduction = call.choice("reduction", "none", REDUCTIONS)
    k = _depth(call, x.shape, shape)
    if call.shape(2) != (*shape[:-1], *x.shape[k:]):
        call.refuse(
            f"updates are {shape_text(call.shape(2))}, wanted {shape_text((*shape[:-1], *x.shape[k:]))}."
        )
    return scatter_blocks(call, x, wrapped(call, 1, x.shape[:k], "the indices"), call.node(2), reduction)


@reads("TensorScatter")
def tensor_scatter(call: Call) -> Node:
    x, updates = call.node(0), call.node(1)
    mode = call.choice("mode", "linear", ("linear", "circular"))
    axis = _axis(call, "axis", -2, x.ndim)
    if axis == 0 or updates.ndim != x.ndim:
        call.refuse("the cache and its update have as many axes, the first of them the batch.")
    line: list[DimLike] = [1] * x.ndim
    line[axis] = updates.shape[axis]
    places = ops.reshape(ops.arange(updates.shape[axis]), line)
    if call.has(2):
        first = call.node(2)
        if first.ndim != 1:
            call.refuse(f"wanted one place for each example, found {shape_text(first.shape)}.")
        places = places + ops.reshape(first, (first.shape[0], *(1,) * (x.ndim - 1)))
        line[0] = updates.shape[0]
    if mode == "circular":
        places = ops.mod(places, size_node(x.shape[axis]))
    whole = ops.broadcast_to(places, updates.shape) if line[0] != 1 and x.ndim > 2 else places
    return scatter_along(call, x, whole, updates, axis, "none")


@reads("OneHot")
def one_hot(call: Call) -> Node:
    labels, ends = call.node(0), call.node(2)
    depth = call.number_at(1, "the depth")
    if depth != depth // 1 or ends.shape != (2,):
        call.refuse(f"wanted a whole depth and two values, found {depth} and {shape_text(ends.shape)}.")
    depth = int(depth)
    axis = _axis(call, "axis", -1, labels.ndim + 1)
    labels = labels.cast("int64")
    labels = ops.where(labels < 0, labels + depth, labels)
    line = [depth if k == axis else 1 for k in range(labels.ndim + 1)]
    hot = ops.equal(ops.expand_dims(labels, axis), ops.reshape(ops.arange(depth), line))
    return ops.where(hot, ends[1], ends[0])


# Results whose size hangs on the numbers: read where these are known


@reads("NonZero")
def non_zero(call: Call) -> np.ndarray:
    x = call.known(0, "what is asked for its places")
    return np.array(np.nonzero(np.atleast_1d(x)), np.int64)


@reads("Unique")
def unique(call: Call) -> Sequence[Node | np.ndarray]:
    x = call.known(0, "what is asked for its different elements")
    axis = _axis(call, "axis", 0, x.ndim) if call.has_attribute("axis") else None
    _, first, back, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    back = back.reshape(-1)
    if not call.flag("sorted", 1):
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        first, back, counts = first[order], rank[back], counts[order]
    flat = ops.reshape(call.node(0), (-1,)) if axis is None else call.node(0)
    y = ops.take(flat, constant(first, int64), axis or 0)
    return y, first.astype(np.int64), back.astype(np.int64), counts.astype(np.int64)


@reads("NonMaxSuppression")
def non_max_suppression(call: Call) -> np.ndarray:
    """Of boxes that overlap, the ones with the best scores: rows of example, class and box, class by class."""
    boxes, scores = call.known(0, "the boxes"), call.known(1, "the scores")
    most = int(call.number_at(2, "the number of boxes")) if call.has(2) else 0
    overlap = float(call.number_at(3, "the overlap")) if call.has(3) else 0.0
    least = float(call.number_at(4, "the score")) if call.has(4) else -np.inf
    if boxes.ndim != 3 or boxes.shape[2] != 4 or scores.ndim != 3 or scores.shape[2] != boxes.shape[1]:
        call.refuse(f"boxes are (n, b, 4) and scores (n, c, b), found {boxes.shape} and {scores.shape}.")
    if call.flag("center_point_box", 0):
        middle, half = boxes[..., :2], boxes[..., 2:] / 2
        boxes = np.concatenate([middle - half, middle + half], -1)
    low, high = np.minimum(boxes[..., :2], boxes[..., 2:]), np.maximum(boxes[..., :2], boxes[..., 2:])
    rows = [
        (example, kind, box)
        for example, kind in np.ndindex(*scores.shape[:2])
        for box in _best(low[example], high[example], scores[example, kind], most, overlap, least)
    ]
    return np.array(rows, np.int64).reshape(-1, 3)


def _best(
    low: np.ndarray, high: np.ndarray, scores: np.ndarray, most: int, overlap: float, least: float
) -> list[int]:  # fmt: skip
    area = np.prod(high - low, axis=-1)
    chosen: list[int] = []
    for box in np.argsort(-scores, kind="stable").tolist():
        if len(chosen) >= most:
            break
        if scores[box] <= least:
            continue
        sides = np.maximum(np.minimum(high[chosen], high[box]) - np.maximum(low[chosen], low[box]), 0)
        both = np.prod(sides, axis=-1)
        if not (both > overlap * (area[chosen] + area[box] - both)).any():
            chosen.append(box)
    return chosen
