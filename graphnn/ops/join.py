"""Put arrays together: along an axis they have, or along a new one."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node, normal_axis
from graphnn.ops.shape import expand_dims
from graphnn.ops.slicing import slice


@op(
    "*xs(*s) -> y(*t)", latex=r"[{xs}]", slopes=("1",), onnx="Concat", types="any",
    samples=[
        Sample(((2, 3), (4, 3)), {"axis": 0}),
        Sample(((2, 3, 2), (2, 1, 2), (2, 2, 2)), {"axis": 1}),
    ],
)  # fmt: skip
def concat(*xs, axis=0):
    """Arrays one after another along an axis: `concat([a, b], axis=1)`.

    Shapes: (2, 3), (2, 4), axis 1 -> (2, 7).

    All other axes must agree.
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


__all__ = ["concat", "stack"]
