"""Sums and means over axes, and their counterpart, broadcasting: each is the slope of the other."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import Dim, as_shape, shape_text, size_of
from graphnn.core.dtypes import as_dtype, is_float
from graphnn.core.errors import DtypeError, ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.axes import (
    as_node,
    axis_view,
    checked_axes,
    contiguous_strides,
    neighbours,
    normal_axes,
    reduced,
    strided,
    strided_load,
)
from graphnn.ops.shape import move_axes_last, reshape


@op(
    "x(*s) -> y(*t)", latex=r"{x}", slopes=("1",), onnx="Expand", types="any",
    per_element=(0, 0),
    samples=[
        Sample(((4,),), {"shape": (3, 4)}),
        Sample(((3, 1),), {"shape": (3, 4)}),
        Sample(((),), {"shape": (2, 3)}),
        Sample(((2, 1, 3, 1),), {"shape": (5, 2, 4, 3, 2)}),
    ],
)  # fmt: skip
def broadcast_to(x, *, shape):
    """Repeat along axes of size 1 and along new axes in front.

    Shapes: x (*s) -> y (*t); its slope is sum_to. Source: NumPy, numpy.broadcast_to.
    """
    return np.broadcast_to(x, shape)


@broadcast_to.build
def build_broadcast_to(x, shape):
    x = as_node(x, broadcast_to)
    shape = as_shape(shape, "broadcast_to")
    return x if shape == x.shape else broadcast_to.node(x, shape=shape)


@broadcast_to.shape
def broadcast_to_shape(x, *, shape):
    shape = as_shape(shape, "broadcast_to")
    gap = len(shape) - len(x)
    if gap < 0 or any(d not in (1, wanted) for d, wanted in zip(x, shape[gap:], strict=False)):
        raise ShapeError(
            f"broadcast_to: {shape_text(x)} does not stretch to {shape_text(shape)}; counted from the back, "
            "axes must be equal or 1."
        )
    return shape


@broadcast_to.view
def broadcast_to_view(x, y, *, shape):
    gap = len(y) - len(x)
    strides = [0] * gap + [0 if n == 1 else s for n, s in zip(x, contiguous_strides(x), strict=True)]
    walk, ints = strided(y, strides, 0)
    return View(((prod(x),), walk), ints)


@broadcast_to.kernel
def broadcast_to_kernel(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5):
    strided_load(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5)


@broadcast_to.vjp
def broadcast_to_vjp(g, x, y, *, shape):
    return [sum_to(g, x.shape)]


def spread(g: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """A reduction's result (axes kept or dropped) repeated along the reduced axes, in the shape of `x`."""
    kept = reduced(x.shape, axes, True)
    return build_broadcast_to(g if g.shape == kept else reshape.node(g, shape=kept), x.shape)


@op(
    "x(*s) -> y(*r)", latex=r"\sum {x}", slopes=("1",), onnx="ReduceSum", types="number",
    per_element=(1, 0),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((3, 4, 2),), {"axes": (1, 2), "keepdims": True}),
        Sample(((19, 3),), {"axes": (0,), "keepdims": False}),
        Sample(((2, 600),), {"axes": (1,), "keepdims": False}, domain=(0.0, 1.0)),
    ],
)  # fmt: skip
def sum(x, *, axes, keepdims=False):
    """Sum over axes; over all if none is given.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims.

    Rounding: a row along the last axis is added in blocks of 256, those in blocks of 64, so that a million
    float32 numbers add up with an error below about 140 units of rounding of the sum of their sizes (a plain
    loop: a million). Sums over other axes add eight rows at a time. The sum over an empty axis is 0.

    Source: NumPy, numpy.sum; blocks: Higham, The accuracy of floating point summation (1993), section 3.
    """
    return np.sum(x, axis=axes, keepdims=keepdims)


@sum.build
def build_sum(x, axis=None, keepdims=False):  # noqa: FBT002
    return over_runs(sum, x, axis, keepdims)


def over_runs(reduction, x, axis, keepdims):
    """A node for every run of neighbouring axes, from the back, so that the axes in front keep their
    places.
    """
    x = as_node(x, reduction)
    for run in reversed(neighbours(normal_axes(axis, x.shape, reduction.name))):
        x = reduction.node(x, axes=run, keepdims=bool(keepdims))
    return x


def as_one_run(reduction, x, axis, keepdims, **settings):
    """A single node over all the axes: those apart are moved to the back first. For what cannot be done
    axis by axis: ties that share fairly, a variance.
    """
    x = as_node(x, reduction)
    axes = normal_axes(axis, x.shape, reduction.name)
    if not axes:
        return x
    if len(neighbours(axes)) == 1:
        return reduction.node(x, axes=axes, keepdims=bool(keepdims), **settings)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    y = reduction.node(move_axes_last(x, axes), axes=last, keepdims=False, **settings)
    return reshape.node(y, shape=reduced(x.shape, axes, True)) if keepdims else y


@sum.shape
def sum_shape(x, *, axes, keepdims):
    return reduced(x, checked_axes(x, axes, "sum"), keepdims)


sum.view(axis_view)


@sum.kernel
def sum_kernel(x, y, axis):
    add_up(x, y, axis)


def add_up(x, y, axis):
    """Sum x (outer, axis * inner) over `axis` into y (outer, inner)."""
    outer, inner = y.shape
    for o in range(outer):
        for i in range(inner):
            y[o, i] = 0
        if inner == 1:
            # Compiled, the innermost loop runs in 32 lanes; blocks keep long sums exact.
            zero = y[o, 0]
            if axis <= 256:
                y[o, 0] = run_sum(x, o, 0, axis, zero)
            else:
                for far in range(0, axis, 16384):
                    y[o, 0] += block_sum(x, o, far, far + 16384 if far + 16384 < axis else axis, zero)
        else:
            whole = axis - axis % 8
            for k in range(0, whole, 8):
                add_eight(x, y, o, k * inner, inner)
            for k in range(whole, axis):
                for i in range(inner):
                    y[o, i] += x[o, np.uint64(k * inner + i)]


def block_sum(x, o, first, last, zero):
    """The sum of x[o, first:last] in blocks of 256; `zero` is a 0 of its dtype."""
    total = zero
    for start in range(first, last, 256):
        total += run_sum(x, o, start, start + 256 if start + 256 < last else last, zero)
    return total


def run_sum(x, o, first, last, zero):
    """The sum of x[o, first:last], number by number."""
    total = zero
    for k in range(first, last):
        total += x[o, np.uint64(k)]
    return total


def add_eight(x, y, o, start, n):
    """Add eight neighbouring runs of n numbers, from x[o, start] on, to y[o]: y is read and written once
    for all.
    """
    for i in range(n):
        at = start + i
        a = x[o, np.uint64(at)] + x[o, np.uint64(at + n)]
        b = x[o, np.uint64(at + 2 * n)] + x[o, np.uint64(at + 3 * n)]
        c = x[o, np.uint64(at + 4 * n)] + x[o, np.uint64(at + 5 * n)]
        d = x[o, np.uint64(at + 6 * n)] + x[o, np.uint64(at + 7 * n)]
        y[o, i] += (a + b) + (c + d)


@sum.vjp
def sum_vjp(g, x, y, *, axes, keepdims):
    return [spread(g, x, axes)]


@op(
    "x(*s) -> y(*r)", latex=r"\operatorname{mean} {x}", slopes=(r"\tfrac{1}{n}",), onnx="ReduceMean",
    per_element=(1, 0),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((3, 4, 2),), {"axes": (0, 1), "keepdims": True}),
        Sample(((5, 7),), {"axes": (0, 1), "keepdims": False}),
    ],
)  # fmt: skip
def mean(x, *, axes, keepdims=False):
    """Mean over axes; over all if none is given.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims.

    Floats only. Rounds as sum does. The mean over an empty axis is NaN. Source: NumPy, numpy.mean.
    """
    return np.sum(x, axis=axes, keepdims=keepdims) / x.dtype.type(prod(x.shape[k] for k in axes))


@mean.build
def build_mean(x, axis=None, keepdims=False):  # noqa: FBT002
    return over_runs(mean, x, axis, keepdims)


@mean.shape
def mean_shape(x, *, axes, keepdims):
    return reduced(x, checked_axes(x, axes, "mean"), keepdims)


mean.view(axis_view)


@mean.kernel
def mean_kernel(x, y, axis):
    add_up(x, y, axis)
    outer, inner = y.shape
    n = float(axis)
    for o in range(outer):
        for i in range(inner):
            y[o, i] = y[o, i] / n


@mean.vjp
def mean_vjp(g, x, y, *, axes, keepdims):
    return [spread(g / count_of(x, axes), x, axes)]


def count_of(x: Node, axes: tuple[int, ...]) -> float | Node:
    """How many numbers of `x` lie along `axes`: a number, or a node where an axis is named."""
    dims = tuple(x.shape[k] for k in axes)
    count = size_of(dims)
    return size.node(dims=dims, dtype=str(x.dtype)) if isinstance(count, Dim) else float(count)


@op(
    "-> y()", latex=r"n", samples=[Sample((), {"dims": (3, 4), "dtype": "float32"})],
    onnx="Size", per_element=(0, 0), no_slope="a size does not depend on any value",
)  # fmt: skip
def size(*, dims, dtype="int64"):
    """The product of sizes, known when a named axis is: `size(("batch", 3))`. Shapes: y ().

    A dtype of int64 or a float. Source: NumPy, numpy.size.
    """
    return np.array(prod(dims), dtype=dtype)


@size.build
def build_size(dims, dtype="int64"):
    return size.node(dims=as_shape(dims, "size"), dtype=str(as_dtype(dtype, "size")))


@size.dtype
def size_dtype(*, dims, dtype):
    found = as_dtype(dtype, "size")
    if not is_float(found) and found != np.int64:
        raise DtypeError(f"size: a size is int64 or a float, found {found}.")
    return found


@size.view
def size_view(y, *, dims, dtype):
    return View(((1,),), {"count": prod(dims)})


@size.kernel
def size_kernel(y, count):
    y[0] = count


@composite(
    "x(*s) -> y(*t)", latex=r"\sum {x}", slopes=("1",), types="number",
    samples=[
        Sample(((3, 4),), {"shape": (4,)}),
        Sample(((3, 4),), {"shape": (3, 1)}),
        Sample(((2, 3, 4),), {"shape": (1, 4)}),
        Sample(((2, 3),), {"shape": ()}),
    ],
)  # fmt: skip
def sum_to(x, *, shape):
    """Sum what broadcast_to would repeat: back from the shape of x to `shape`.

    Shapes: x (*s) -> y (*t). Source: PyTorch, Tensor.sum_to_size.
    """
    return sum_down(x, shape)


@sum_to.build
def sum_down(x, shape):
    """One sum for the axes in front that `shape` lacks, and one for each run of axes of size 1."""
    x = as_node(x, sum_to)
    shape = as_shape(shape, "sum_to")
    gap = x.ndim - len(shape)
    if gap < 0 or any(d not in (1, given) for d, given in zip(shape, x.shape[gap:], strict=False)):
        raise ShapeError(f"sum_to: {shape_text(x.shape)} does not sum down to {shape_text(shape)}.")
    kept = tuple(k for k in range(gap, x.ndim) if shape[k - gap] == 1 and x.shape[k] != 1)
    y = build_sum(x, kept, True) if kept else x
    return build_sum(y, tuple(range(gap))) if gap else y


@sum_to.shape
def sum_to_shape(x, *, shape):
    return as_shape(shape, "sum_to")


__all__ = ["broadcast_to", "mean", "size", "sum", "sum_to"]
