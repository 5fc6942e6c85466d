"""The largest and the smallest along axes, and where the largest stands."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample
from graphnn.ops.axes import as_node, axis_view, checked_axes, neighbours, normal_axes, normal_axis, reduced
from graphnn.ops.comparison import equal
from graphnn.ops.reduce import build_sum, spread
from graphnn.ops.shape import build_reshape, move_axes_last, reshape

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
            f"max, min and argmax need at least one element; axes {axes} of shape {x} are empty."
        )
    return view


def checked_extreme_shape(x, axes, keepdims, who):
    """The output's shape; an empty axis is an error as soon as it is known."""
    axes = checked_axes(x, axes, who)
    shape = reduced(x, axes, keepdims)
    if 0 in [x[k] for k in axes] and 0 not in shape:
        raise ShapeError(f"{who}: an empty axis has no {who}; found shape {shape_text(x)}, axes {axes}.")
    return shape


def as_one_run(reduction, x, axis, keepdims):
    """A single node over all the axes: those apart are moved to the back first, so that ties are shared
    fairly.
    """
    x = as_node(x, reduction)
    axes = normal_axes(axis, x.shape, reduction.name)
    if not axes:
        return x
    if len(neighbours(axes)) == 1:
        return reduction.node(x, axes=axes, keepdims=bool(keepdims))
    y = reduction.node(move_axes_last(x, axes), axes=tuple(range(x.ndim - len(axes), x.ndim)), keepdims=False)
    return reshape.node(y, shape=reduced(x.shape, axes, True)) if keepdims else y


def share_among_ties(g, x, y, axes):
    """The slope of an extreme: g to the element that is it, in equal shares where several are."""
    winners = equal(x, spread(y, x, axes)).cast(x.dtype)
    count = build_sum(winners, axes, True)
    kept = count.shape
    return winners * spread(reshape.node(g, shape=kept) / count, x, axes)


@op(
    "x(*s) -> y(*r)", latex=r"\max {x}", slopes=(r"[{x} = {y}] / n",), onnx="ReduceMax", types="number",
    samples=_SAMPLES,
)  # fmt: skip
def max(x, *, axes, keepdims=False):
    """The largest along axes; of all if none is given. Shapes: x (*s) -> y (*s without the axes), or with 1s.

    NaN wins. Elements that tie share the gradient evenly, by convention, as in PyTorch's amax.

    Raises ShapeError for an empty axis.
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


def row_max(x, o):
    """The largest of x[o], which is not empty, by eight chains that do not wait for each other."""
    n = x.shape[1]
    a = x[o, 0]
    if n <= 16:  # joining the chains would cost more than one chain
        for k in range(1, n):
            a = larger(a, x[o, k])
        return a
    b, c, d, e, f, g, h = a, a, a, a, a, a, a
    whole = n - n % 8
    for k in range(0, whole, 8):
        a = larger(a, x[o, k])
        b = larger(b, x[o, k + 1])
        c = larger(c, x[o, k + 2])
        d = larger(d, x[o, k + 3])
        e = larger(e, x[o, k + 4])
        f = larger(f, x[o, k + 5])
        g = larger(g, x[o, k + 6])
        h = larger(h, x[o, k + 7])
    for k in range(whole, n):
        a = larger(a, x[o, k])
    return larger(larger(larger(a, b), larger(c, d)), larger(larger(e, f), larger(g, h)))


@max.vjp
def max_vjp(g, x, y, *, axes, keepdims):
    return [share_among_ties(g, x, y, axes)]


@op(
    "x(*s) -> y(*r)", latex=r"\min {x}", slopes=(r"[{x} = {y}] / n",), onnx="ReduceMin", types="number",
    samples=_SAMPLES,
)  # fmt: skip
def min(x, *, axes, keepdims=False):
    """The smallest along axes; of all if none is given.

    Shapes: x (*s) -> y (*s without the axes), or with 1s.

    NaN wins. Elements that tie share the gradient evenly, by convention, as in PyTorch's amin.

    Raises ShapeError for an empty axis.
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


@op(
    "x(*s) -> y(*r):int64", latex=r"\arg\max {x}", onnx="ArgMax", types="number",
    no_slope="a position does not move when values change a little",
    samples=[Sample(((3, 4, 2),), {"axis": 1}), Sample(((6,),), {"axis": 0})],
)  # fmt: skip
def argmax(x, *, axis):
    """Where the largest along an axis stands; in the flattened operand if no axis is given.

    Shapes: x (*s) -> y int64.

    The first of several; the first NaN if there is one.

    Raises ShapeError for an empty axis.
    """
    return np.argmax(x, axis=axis)


@argmax.build
def build_argmax(x, axis=None):
    x = as_node(x, argmax)
    if axis is None:
        return argmax.node(build_reshape(x, -1), axis=0)
    return argmax.node(x, axis=normal_axis(axis, x.shape, "argmax"))


@argmax.shape
def argmax_shape(x, *, axis):
    return checked_extreme_shape(x, (normal_axis(axis, x, "argmax"),), False, "argmax")


@argmax.view
def argmax_view(x, y, *, axis):
    return extreme_view(x, y, axes=(axis,))


@argmax.kernel
def argmax_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        for i in range(inner):
            at = 0
            best = x[o, i]
            for k in range(1, axis):
                v = x[o, np.uint64(k * inner + i)]
                if v > best or (v != v and best == best):
                    at, best = k, v
            y[o, i] = at


__all__ = [
    "argmax",
    "as_one_run",
    "checked_extreme_shape",
    "extreme_view",
    "larger",
    "max",
    "min",
    "row_max",
    "share_among_ties",
    "smaller",
]
