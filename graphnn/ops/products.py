"""Products over axes, and counts of what is true: whether any is, whether all are, how many are not 0."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import size_of
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.axes import as_node, axis_view, checked_axes, reduced
from graphnn.ops.conversion import build_cast
from graphnn.ops.cumulative import cumprod
from graphnn.ops.reduce import build_sum, over_runs, spread
from graphnn.ops.shape import reshape

_TRUTH = "a truth value has no slope"


@op(
    "x(*s) -> y(*r)", latex=r"\prod {x}", slopes=(r"\prod_{{k \ne i}} {x}_k",), onnx="ReduceProd", types="number",
    per_element=(1, 0),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((2, 3, 2),), {"axes": (1, 2), "keepdims": True}),
        Sample(((5,),), {"axes": (0,), "keepdims": False}),
    ],
)  # fmt: skip
def prod(x, *, axes, keepdims=False):
    """Product over axes; over all if none is given.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims.

    The slope multiplies what stands before and after each factor and divides nothing, so it is right beside
    one zero or several. The product over an empty axis is 1. Source: NumPy, numpy.prod.
    """
    return np.prod(x, axis=axes, keepdims=keepdims)


@prod.build
def build_prod(x, axis=None, keepdims=False):  # noqa: FBT002
    return over_runs(prod, x, axis, keepdims)


@prod.shape
def prod_shape(x, *, axes, keepdims):
    return reduced(x, checked_axes(x, axes, "prod"), keepdims)


prod.view(axis_view)


@prod.kernel
def prod_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        for i in range(inner):
            y[o, i] = 1
        if inner == 1:
            total = y[o, 0]
            for k in range(axis):
                total *= x[o, k]
            y[o, 0] = total
        else:
            for k in range(axis):
                for i in range(inner):
                    y[o, i] *= x[o, np.uint64(k * inner + i)]


@prod.vjp
def prod_vjp(g, x, y, *, axes, keepdims):
    first, last = axes[0], axes[-1]
    line = (*x.shape[:first], size_of(x.shape[first : last + 1]), *x.shape[last + 1 :])
    row = x if len(axes) == 1 else reshape.node(x, shape=line)
    others = cumprod.node(row, axis=first, exclusive=True, reverse=False)
    others = others * cumprod.node(row, axis=first, exclusive=True, reverse=True)
    return [spread(g, x, axes) * (others if len(axes) == 1 else reshape.node(others, shape=x.shape))]


@op(
    "x(*s):bool -> y(*r):bool", latex=r"\bigvee {x}", no_slope=_TRUTH, per_element=(1, 0),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((3, 1, 2),), {"axes": (1, 2), "keepdims": True}),
    ],
)  # fmt: skip
def any(x, *, axes, keepdims=False):
    """Whether any is true along axes; of all if none is given. Numbers are true if they are not 0.

    Shapes: x (*s) -> y (*s without the axes) bool, or with 1s by keepdims. Of nothing, false.
    Source: NumPy, numpy.any.
    """
    return np.any(x, axis=axes, keepdims=keepdims)


@any.build
def build_any(x, axis=None, keepdims=False):  # noqa: FBT002
    return over_runs(any, build_cast(as_node(x, any), "bool"), axis, keepdims)


@any.shape
def any_shape(x, *, axes, keepdims):
    return reduced(x, checked_axes(x, axes, "any"), keepdims)


any.view(axis_view)


@any.kernel
def any_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        if inner == 1:
            total = 0
            for k in range(axis):
                total += 1 if x[o, k] else 0
            y[o, 0] = total > 0
            continue
        for i in range(inner):
            y[o, i] = False
        for k in range(axis):
            for i in range(inner):
                y[o, i] |= x[o, np.uint64(k * inner + i)]


@op(
    "x(*s):bool -> y(*r):bool", latex=r"\bigwedge {x}", no_slope=_TRUTH, per_element=(1, 0),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((3, 1, 2),), {"axes": (1, 2), "keepdims": True}),
    ],
)  # fmt: skip
def all(x, *, axes, keepdims=False):
    """Whether all are true along axes; of all if none is given. Numbers are true if they are not 0.

    Shapes: x (*s) -> y (*s without the axes) bool, or with 1s by keepdims. Of nothing, true.
    Source: NumPy, numpy.all.
    """
    return np.all(x, axis=axes, keepdims=keepdims)


@all.build
def build_all(x, axis=None, keepdims=False):  # noqa: FBT002
    return over_runs(all, build_cast(as_node(x, all), "bool"), axis, keepdims)


@all.shape
def all_shape(x, *, axes, keepdims):
    return reduced(x, checked_axes(x, axes, "all"), keepdims)


all.view(axis_view)


@all.kernel
def all_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        if inner == 1:
            total = 0
            for k in range(axis):
                total += 1 if x[o, k] else 0
            y[o, 0] = total == axis
            continue
        for i in range(inner):
            y[o, i] = True
        for k in range(axis):
            for i in range(inner):
                y[o, i] &= x[o, np.uint64(k * inner + i)]


def count_nonzero(x, axis=None, keepdims=False) -> Node:  # noqa: FBT002
    """How many are not 0 along axes, as int64; of all if none is given. Source: NumPy, numpy.count_nonzero."""
    x = build_cast(as_node(x, any), "bool")
    return build_sum(build_cast(x, "int64"), axis, keepdims)


__all__ = ["all", "any", "count_nonzero", "prod"]
