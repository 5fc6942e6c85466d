"""The largest and the smallest along axes, and where they stand."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample
from graphnn.core.routine import Routine
from graphnn.ops.axes import as_node, axis_view, checked_axes, normal_axis, reduced
from graphnn.ops.comparison import equal
from graphnn.ops.mathematics import float32_bits, float32_from_bits, float64_bits, float64_from_bits
from graphnn.ops.reduce import as_one_run, build_sum, spread
from graphnn.ops.shape import build_reshape, reshape

_SAMPLES = [
    Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
    Sample(((3, 4, 2),), {"axes": (0, 1), "keepdims": True}),
    Sample(((3, 21),), {"axes": (1,), "keepdims": False}),
]


def extreme_view(x, y, *, axes, keepdims=False):
    """The view of a reduction that needs an element to find, wherever it has something to find."""
    view = axis_view(x, y, axes=axes, keepdims=keepdims)
    outer, inner = view.shapes[1]
    if view.ints["axis"] == 0 and outer * inner > 0:
        raise ShapeError(
            f"max, min, argmax and argmin need at least one element; axes {axes} of shape {x} are empty."
        )
    return view


def checked_extreme_shape(x, axes, keepdims, who):
    """The output's shape; an empty axis is an error as soon as it is known."""
    axes = checked_axes(x, axes, who)
    shape = reduced(x, axes, keepdims)
    if 0 in [x[k] for k in axes] and 0 not in shape:
        raise ShapeError(f"{who}: an empty axis has no {who}; found shape {shape_text(x)}, axes {axes}.")
    return shape


def share_among_ties(g, x, y, axes):
    """The slope of an extreme: g to the element that is it, in equal shares where several are."""
    winners = equal(x, spread(y, x, axes)).cast(x.dtype)
    count = build_sum(winners, axes, True)
    kept = count.shape
    return winners * spread(reshape.node(g, shape=kept) / count, x, axes)


# A comparison of floats that minds NaN is no reduction that a compiler knows. Their bits, read as whole numbers, rise
# with the floats if those of negative numbers are turned over, and the largest whole number is found in vectors:
# four times as fast. NaN is found by its size without the sign.


def row_extreme32(x, o, turn):
    """The largest of the float32 x[o] (turn 0), or the smallest (turn -1); NaN if there is one."""
    best, size = np.int32(-2147483648), np.int32(0)
    for k in range(x.shape[1]):
        i = float32_bits(x[o, k])
        beyond = np.int32(i & np.int32(2147483647))
        size = beyond if beyond > size else size
        rank = np.int32(i ^ ((i >> np.int32(31)) & np.int32(2147483647)) ^ turn)
        best = rank if rank > best else best
    best = np.int32(best ^ turn)
    found = float32_from_bits(best ^ ((best >> np.int32(31)) & np.int32(2147483647)))
    return np.float32(np.nan) if size > np.int32(2139095040) else found


def row_extreme64(x, o, turn):
    """The same for float64."""
    best, size = np.int64(-9223372036854775808), np.int64(0)
    for k in range(x.shape[1]):
        i = float64_bits(x[o, k])
        beyond = np.int64(i & np.int64(9223372036854775807))
        size = beyond if beyond > size else size
        rank = np.int64(i ^ ((i >> np.int64(63)) & np.int64(9223372036854775807)) ^ turn)
        best = rank if rank > best else best
    best = np.int64(best ^ turn)
    found = float64_from_bits(best ^ ((best >> np.int64(63)) & np.int64(9223372036854775807)))
    return np.nan if size > np.int64(9218868437227405312) else found


def row_max32(x, o):
    return row_extreme32(x, o, np.int32(0))


def row_max64(x, o):
    return row_extreme64(x, o, np.int64(0))


def row_min32(x, o):
    return row_extreme32(x, o, np.int32(-1))


def row_min64(x, o):
    return row_extreme64(x, o, np.int64(-1))


row_max = Routine("row_max", lambda x, o: np.max(x[o]), row_max32, row_max64)
"""The largest of x[o], floats, which is not empty."""
row_min = Routine("row_min", lambda x, o: np.min(x[o]), row_min32, row_min64)
"""The smallest of x[o], floats, which is not empty."""


@op(
    "x(*s) -> y(*r)", latex=r"\max {x}", slopes=(r"[{x} = {y}] / n",), onnx="ReduceMax", types="number",
    samples=_SAMPLES, per_element=(1, 0),
)  # fmt: skip
def max(x, *, axes, keepdims=False):
    """The largest along axes; of all if none is given.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims.

    NaN wins. Elements that tie share the gradient evenly, by convention.

    Raises ShapeError for an empty axis. Source: PyTorch, torch.amax.
    """
    return np.max(x, axis=axes, keepdims=keepdims)


@max.build
def build_max(x, axis=None, keepdims=False):  # noqa: FBT002
    return as_one_run(max, x, axis, keepdims)


@max.shape
def max_shape(x, *, axes, keepdims):
    return checked_extreme_shape(x, axes, keepdims, "max")


max.view(extreme_view)


@max.kernel
def max_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        if inner == 1:
            y[o, 0] = 0.5  # a whole number cannot hold a half
        if inner == 1 and y[o, 0] != 0:
            y[o, 0] = row_max(x, o)
        else:
            for i in range(inner):
                y[o, i] = x[o, i]
            for k in range(1, axis):
                for i in range(inner):
                    y[o, i] = larger(y[o, i], x[o, np.uint64(k * inner + i)])


def larger(m, v):
    """The larger of two; NaN if one is."""
    return m if (m >= v) | (m != m) else v


@max.vjp
def max_vjp(g, x, y, *, axes, keepdims):
    return [share_among_ties(g, x, y, axes)]


@op(
    "x(*s) -> y(*r)", latex=r"\min {x}", slopes=(r"[{x} = {y}] / n",), onnx="ReduceMin", types="number",
    samples=_SAMPLES, per_element=(1, 0),
)  # fmt: skip
def min(x, *, axes, keepdims=False):
    """The smallest along axes; of all if none is given.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims.

    NaN wins. Elements that tie share the gradient evenly, by convention.

    Raises ShapeError for an empty axis. Source: PyTorch, torch.amin.
    """
    return np.min(x, axis=axes, keepdims=keepdims)


@min.build
def build_min(x, axis=None, keepdims=False):  # noqa: FBT002
    return as_one_run(min, x, axis, keepdims)


@min.shape
def min_shape(x, *, axes, keepdims):
    return checked_extreme_shape(x, axes, keepdims, "min")


min.view(extreme_view)


@min.kernel
def min_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        if inner == 1:
            y[o, 0] = 0.5
        if inner == 1 and y[o, 0] != 0:
            y[o, 0] = row_min(x, o)
        else:
            for i in range(inner):
                y[o, i] = x[o, i]
            for k in range(1, axis):
                for i in range(inner):
                    y[o, i] = smaller(y[o, i], x[o, np.uint64(k * inner + i)])


def smaller(m, v):
    """The smaller of two; NaN if one is."""
    return m if (m <= v) | (m != m) else v


@min.vjp
def min_vjp(g, x, y, *, axes, keepdims):
    return [share_among_ties(g, x, y, axes)]


def row_largest(x, o):
    """The largest of x[o], numbers of any kind, by four chains that do not wait for each other; NaN if one is."""
    n = x.shape[1]
    a = x[o, 0]
    b, c, d = a, a, a
    whole = n - n % 4
    for k in range(0, whole, 4):
        a = larger(a, x[o, k])
        b = larger(b, x[o, k + 1])
        c = larger(c, x[o, k + 2])
        d = larger(d, x[o, k + 3])
    for k in range(whole, n):
        a = larger(a, x[o, k])
    return larger(larger(a, b), larger(c, d))


@op(
    "x(*s) -> y(*r):int64", latex=r"\arg\max {x}", onnx="ArgMax", types="number",
    no_slope="a position does not move when values change a little", per_element=(1, 0),
    samples=[Sample(((3, 4, 2),), {"axis": 1}), Sample(((6,),), {"axis": 0})],
)  # fmt: skip
def argmax(x, *, axis):
    """Where the largest along an axis stands; in the flattened operand if no axis is given.

    Shapes: x (*s) -> y (*s without the axis) int64, or with a 1 by keepdims.

    The first of several; the first NaN if there is one.

    Raises ShapeError for an empty axis. Source: NumPy, numpy.argmax.
    """
    return np.argmax(x, axis=axis)


@argmax.build
def build_argmax(x, axis=None, keepdims=False):  # noqa: FBT002
    return place_of_extreme(argmax, x, axis, keepdims)


def place_of_extreme(record, x, axis, keepdims):
    """A node of argmax or argmin as users call them."""
    x = as_node(x, record)
    flat = build_reshape(x, -1) if axis is None else x
    k = normal_axis(0 if axis is None else axis, flat.shape, record.name)
    y = record.node(flat, axis=k)
    if not keepdims:
        return y
    return build_reshape(y, reduced(x.shape, range(x.ndim) if axis is None else (k,), True))


@argmax.shape
def argmax_shape(x, *, axis):
    return checked_extreme_shape(x, (normal_axis(axis, x, "argmax"),), False, "argmax")


def place_view(x, y, *, axis):
    """The view of a reduction to positions."""
    return extreme_view(x, y, axes=(axis,))


argmax.view(place_view)


@argmax.kernel
def argmax_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        for i in range(inner):
            y[o, i] = 0
        if inner == 1:
            best = row_largest(x, o)
            for k in range(axis):
                if x[o, k] == best or x[o, k] != x[o, k]:
                    y[o, 0] = k
                    break
        else:
            for k in range(1, axis):
                for i in range(inner):
                    v = x[o, np.uint64(k * inner + i)]
                    best = x[o, np.uint64(y[o, i] * inner + i)]
                    y[o, i] = k if not (best >= v) and best == best else y[o, i]


def row_smallest(x, o):
    """The smallest of x[o], numbers of any kind, by four chains that do not wait for each other; NaN if one is."""
    n = x.shape[1]
    a = x[o, 0]
    b, c, d = a, a, a
    whole = n - n % 4
    for k in range(0, whole, 4):
        a = smaller(a, x[o, k])
        b = smaller(b, x[o, k + 1])
        c = smaller(c, x[o, k + 2])
        d = smaller(d, x[o, k + 3])
    for k in range(whole, n):
        a = smaller(a, x[o, k])
    return smaller(smaller(a, b), smaller(c, d))


@op(
    "x(*s) -> y(*r):int64", latex=r"\arg\min {x}", onnx="ArgMin", types="number",
    no_slope="a position does not move when values change a little", per_element=(1, 0),
    samples=[Sample(((3, 4, 2),), {"axis": 1}), Sample(((6,),), {"axis": 0})],
)  # fmt: skip
def argmin(x, *, axis):
    """Where the smallest along an axis stands; in the flattened operand if no axis is given.

    Shapes: x (*s) -> y (*s without the axis) int64, or with a 1 by keepdims.

    The first of several; the first NaN if there is one.

    Raises ShapeError for an empty axis. Source: NumPy, numpy.argmin.
    """
    return np.argmin(x, axis=axis)


@argmin.build
def build_argmin(x, axis=None, keepdims=False):  # noqa: FBT002
    return place_of_extreme(argmin, x, axis, keepdims)


@argmin.shape
def argmin_shape(x, *, axis):
    return checked_extreme_shape(x, (normal_axis(axis, x, "argmin"),), False, "argmin")


argmin.view(place_view)


@argmin.kernel
def argmin_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        for i in range(inner):
            y[o, i] = 0
        if inner == 1:
            best = row_smallest(x, o)
            for k in range(axis):
                if x[o, k] == best or x[o, k] != x[o, k]:
                    y[o, 0] = k
                    break
        else:
            for k in range(1, axis):
                for i in range(inner):
                    v = x[o, np.uint64(k * inner + i)]
                    best = x[o, np.uint64(y[o, i] * inner + i)]
                    y[o, i] = k if not (best <= v) and best == best else y[o, i]


__all__ = ["argmax", "argmin", "max", "min"]
