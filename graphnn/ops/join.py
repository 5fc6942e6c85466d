"""Put arrays together, along an axis they have or along a new one, and take them apart again."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import Dim, as_shape, shape_text, whole
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node, normal_axis
from graphnn.ops.shape import expand_dims, squeeze
from graphnn.ops.slicing import slice


@op(
    "*xs(*s) -> y(*t)", latex=r"[{xs}]", slopes=("1",), onnx="Concat", types="any",
    per_element=(0, 0),
    samples=[
        Sample(((2, 3), (4, 3)), {"axis": 0}),
        Sample(((2, 3, 2), (2, 1, 2), (2, 2, 2)), {"axis": 1}),
    ],
)  # fmt: skip
def concat(*xs, axis=0):
    """Arrays one after another along an axis: `concat([a, b], axis=1)`.

    Shapes: (2, 3), (2, 4), axis 1 -> (2, 7).

    All other axes, of all xs, must agree. Source: NumPy, numpy.concatenate.
    """
    return np.concatenate(xs, axis)


@concat.build
def build_concat(xs, axis=0):
    nodes = _nodes(xs, concat)
    return concat.node(*nodes, axis=normal_axis(axis, nodes[0].shape, "concat"))


def _nodes(xs, op):
    """The operands as nodes; arrays take the dtype of the first node."""
    if isinstance(xs, Node) or not isinstance(xs, tuple | list) or not xs:
        raise ShapeError(
            f"{op.name}: wanted a non-empty list of nodes, as in {op.name}([a, b], axis=0); found {xs!r}."
        )
    first = next((x for x in xs if isinstance(x, Node)), None)
    if first is None:
        return [as_node(x, op, k) for k, x in enumerate(xs)]
    return list(op.as_nodes(tuple(xs)))


@concat.shape
def concat_shape(*xs, axis):
    first = xs[0]
    axis = normal_axis(axis, first, "concat")
    total = 0
    for k, shape in enumerate(xs):
        if len(shape) != len(first) or any(d != e for i, (d, e) in enumerate(zip(first, shape)) if i != axis):
            raise ShapeError(
                f"concat: xs[0] is {shape_text(first)} but xs[{k}] is {shape_text(shape)}; "
                f"all axes but axis {axis} must agree."
            )
        total = total + shape[axis]
    return (*first[:axis], total, *first[axis + 1 :])


@concat.view
def concat_view(*shapes, axis):
    *xs, y = shapes
    outer, inner = prod(y[:axis]), prod(y[axis + 1 :])
    views, start = [], 0
    for x in xs:
        views.append(View(((outer, x[axis] * inner), (outer, y[axis] * inner)), {"start": start}))
        start += x[axis] * inner
    return views


@concat.kernel
def concat_kernel(xs, y, start):
    outer, n = xs.shape
    for o in range(outer):
        for i in range(n):
            y[o, np.uint64(start + i)] = xs[o, i]


@concat.vjp
def concat_vjp(g, y, *xs, axis):
    parts, start = [], 0
    for x in xs:
        starts = tuple(start if k == axis else 0 for k in range(x.ndim))
        parts.append(slice.node(g, starts=starts, sizes=x.shape, steps=(1,) * x.ndim))
        start = start + x.shape[axis]
    return parts


def stack(xs, axis: int = 0) -> Node:
    """Arrays of one shape side by side along a new axis: (3, 4), (3, 4) -> (2, 3, 4)."""
    nodes = _nodes(xs, concat)
    for k, node in enumerate(nodes):
        if node.shape != nodes[0].shape:
            raise ShapeError(
                f"stack: xs[0] is {shape_text(nodes[0].shape)} but xs[{k}] is {shape_text(node.shape)}; "
                "all shapes must agree."
            )
    place = normal_axis(axis, (1, *nodes[0].shape), "stack")
    return concat.node(*[expand_dims.node(n, axes=(place,)) for n in nodes], axis=place)


def split(x, sizes, axis: int = 0) -> list[Node]:
    """Parts of x along an axis, by their sizes; a number is that many equal parts.

    (7, 3), sizes (2, 5) -> (2, 3), (5, 3). Sizes may be axis names. Source: ONNX, Split; NumPy, numpy.split.
    """
    x = as_node(x, slice)
    axis = normal_axis(axis, x.shape, "split")
    n = x.shape[axis]
    if whole(sizes) is not None:
        if sizes < 1 or isinstance(n, Dim) or n % sizes:
            raise ShapeError(
                f"split: axis {axis} of {shape_text(x.shape)} is not {sizes} equal parts; give their sizes, "
                "or see chunk."
            )
        sizes = (n // sizes,) * sizes
    sizes = as_shape(sizes, "split")
    if sum(sizes, 0) != n:
        raise ShapeError(
            f"split: sizes {shape_text(sizes)} do not add up to axis {axis} of {shape_text(x.shape)}."
        )
    parts, start = [], 0
    for size in sizes:
        starts = tuple(start if k == axis else 0 for k in range(x.ndim))
        shape = tuple(size if k == axis else d for k, d in enumerate(x.shape))
        parts.append(slice.node(x, starts=starts, sizes=shape, steps=(1,) * x.ndim))
        start = start + size
    return parts


def chunk(x, chunks: int, axis: int = 0) -> list[Node]:
    """At most `chunks` parts of x along an axis, all of one size but the last: 7 in 3 -> 3, 3, 1.

    Source: PyTorch, torch.chunk.
    """
    x = as_node(x, slice)
    axis = normal_axis(axis, x.shape, "chunk")
    n = x.shape[axis]
    if whole(chunks) is None or chunks < 1 or isinstance(n, Dim):
        raise ShapeError(
            f"chunk: wanted a whole number of parts from 1 on, of an axis of known size; found {chunks!r} for "
            f"axis {axis} of {shape_text(x.shape)}."
        )
    size = max(-(-n // chunks), 1)
    return split(x, [min(size, n - k) for k in range(0, n, size)] or [0], axis)


def unstack(x, axis: int = 0) -> list[Node]:
    """The slices of x along an axis, without it: (2, 3, 4), axis 1 -> three of (2, 4). Undoes stack."""
    x = as_node(x, slice)
    axis = normal_axis(axis, x.shape, "unstack")
    n = x.shape[axis]
    if isinstance(n, Dim):
        raise ShapeError(f"unstack: axis {axis} of {shape_text(x.shape)} must have a known size.")
    return [squeeze.node(part, axes=(axis,)) for part in split(x, (1,) * n, axis)]


__all__ = ["chunk", "concat", "split", "stack", "unstack"]
