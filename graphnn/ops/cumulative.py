"""Run along an axis and keep every step: cumulative sums and products, and linear recurrences."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.leaves import constant_like
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.arithmetic import add
from graphnn.ops.axes import as_node, normal_axis
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape
from graphnn.ops.slicing import place, slice

_CUMULATIVE = [
    Sample(((3, 4, 2),), {"axis": 1}),
    Sample(((5,),), {"axis": 0, "exclusive": True}),
    Sample(((2, 4),), {"axis": 1, "reverse": True}),
    Sample(((4, 2),), {"axis": 0, "exclusive": True, "reverse": True}),
]


def along_view(*shapes, axis, **settings):
    """Every operand and the output as (outer, axis * inner), the size of the axis, and the settings."""
    y = shapes[-1]
    outer, inner = prod(y[:axis]), prod(y[axis + 1 :])
    ints = {"axis": y[axis], **{k: int(v) for k, v in settings.items()}}
    return View(((outer, y[axis] * inner),) * len(shapes), ints)


def stepwise(record, x, axis, **settings) -> Node:
    """A node along one axis; along the flattened operand if none is given."""
    x = as_node(x, record)
    if axis is None:
        x, axis = build_reshape(x, -1), 0
    settings = {k: bool(v) for k, v in settings.items()}
    return record.node(x, axis=normal_axis(axis, x.shape, record.name), **settings)


@op(
    "x(*s) -> y(*t)", latex=r"\operatorname{cumsum} {x}", slopes=(r"[i \le j]",), onnx="CumSum", types="number",
    samples=_CUMULATIVE, per_element=(1, 0),
)  # fmt: skip
def cumsum(x, *, axis, exclusive=False, reverse=False):
    """Sums up to each place along an axis; of the flattened operand if no axis is given.

    Shapes: x (*s) -> y (*s). `exclusive` leaves the place itself out, so that the first is 0; `reverse` counts
    from the end. Source: NumPy, numpy.cumsum; the settings: ONNX, CumSum.
    """
    turned = np.flip(x, axis) if reverse else x
    y = np.cumsum(turned, axis, dtype=x.dtype)
    if exclusive and y.shape[axis]:
        zeros = np.zeros_like(np.take(y, [0], axis))
        y = np.concatenate([zeros, np.take(y, range(y.shape[axis] - 1), axis)], axis)
    return np.flip(y, axis) if reverse else y


@cumsum.build
def build_cumsum(x, axis=None, *, exclusive=False, reverse=False):
    return stepwise(cumsum, x, axis, exclusive=exclusive, reverse=reverse)


@cumsum.shape
def cumsum_shape(x, **_):
    return x


cumsum.view(along_view)


@cumsum.kernel
def cumsum_kernel(x, y, axis, exclusive, reverse):
    outer = y.shape[0]
    inner = y.shape[1] // axis if axis > 0 else 0
    step = -inner if reverse else inner
    first = (axis - 1) * inner if reverse else 0
    for o in range(outer):
        if inner == 1:
            y[o, np.uint64(first)] = 0
            total = y[o, np.uint64(first)]
            for k in range(axis):
                at = np.uint64(first + k * step)
                before = total
                total = total + x[o, at]
                y[o, at] = before if exclusive else total
            continue
        for i in range(inner):
            y[o, np.uint64(first + i)] = 0
            if not exclusive:
                y[o, np.uint64(first + i)] = x[o, np.uint64(first + i)]
        for k in range(1, axis):
            at = first + k * step
            source = at - step if exclusive else at
            for i in range(inner):
                y[o, np.uint64(at + i)] = y[o, np.uint64(at - step + i)] + x[o, np.uint64(source + i)]


@cumsum.vjp
def cumsum_vjp(g, x, y, *, axis, exclusive, reverse):
    return [cumsum.node(g, axis=axis, exclusive=exclusive, reverse=not reverse)]


@op(
    "a(*s), b(*s) -> y(*t)", latex=r"{y}_t = {a}_t\, {y}_{t-1} + {b}_t", per_element=(2, 0),
    slopes=(r"\prod_{{t < k \le j}} {a}_k\; {y}_{t-1}", r"\prod_{{t < k \le j}} {a}_k"),
    samples=[
        Sample(((3, 4, 2),) * 2, {"axis": 1}),
        Sample(((5,),) * 2, {"axis": 0, "reverse": True}),
        Sample(((2, 4),) * 2, {"axis": 1}),
    ],
)  # fmt: skip
def linear_scan(a, b, *, axis, reverse=False):
    """The recurrence y_t = a_t y_(t-1) + b_t along an axis, begun by y = 0 before the first place.

    Shapes: a, b (*s) -> y (*s). Running averages, discounted rewards, linear state-space models. `reverse`
    runs from the end. Source: Blelloch, Prefix sums and their applications (1990), section 1.4.
    """
    a, b = (np.moveaxis(v, axis, 0)[:: -1 if reverse else 1] for v in (a, b))
    y = np.array(b)
    for t in range(1, len(y)):
        y[t] = a[t] * y[t - 1] + b[t]
    return np.moveaxis(y[:: -1 if reverse else 1], 0, axis)


@linear_scan.build
def build_linear_scan(a, b, axis=0, *, reverse=False):
    a, b = linear_scan.as_nodes((a, b))
    if a.shape != b.shape:
        common = add(a, b).shape
        a, b = build_broadcast_to(a, common), build_broadcast_to(b, common)
    return linear_scan.node(a, b, axis=normal_axis(axis, a.shape, "linear_scan"), reverse=bool(reverse))


@linear_scan.shape
def linear_scan_shape(a, b, **_):
    return a


linear_scan.view(along_view)


@linear_scan.kernel
def linear_scan_kernel(a, b, y, axis, reverse):
    outer = y.shape[0]
    inner = y.shape[1] // axis if axis > 0 else 0
    step = -inner if reverse else inner
    first = (axis - 1) * inner if reverse else 0
    for o in range(outer):
        if inner == 1:
            last = b[o, np.uint64(first)]
            y[o, np.uint64(first)] = last
            for k in range(1, axis):
                j = np.uint64(first + k * step)
                last = a[o, j] * last + b[o, j]
                y[o, j] = last
            continue
        for i in range(inner):
            y[o, np.uint64(first + i)] = b[o, np.uint64(first + i)]
        for k in range(1, axis):
            at = first + k * step
            for i in range(inner):
                j = np.uint64(at + i)
                y[o, j] = a[o, j] * y[o, np.uint64(at - step + i)] + b[o, j]


@linear_scan.vjp
def linear_scan_vjp(g, a, b, y, *, axis, reverse):
    gb = linear_scan.node(shifted(a, axis, reverse=not reverse), g, axis=axis, reverse=not reverse)
    return [gb * shifted(y, axis, reverse=reverse), gb]


def shifted(x: Node, axis: int, *, reverse: bool) -> Node:
    """x one place on along an axis (back, in reverse), with 0 where nothing came from."""
    n = x.shape[axis]
    if n == 0:
        return x
    sizes = tuple(n - 1 if k == axis else d for k, d in enumerate(x.shape))
    front, back = _starts(x, axis, 0), _starts(x, axis, 1)
    ones = (1,) * x.ndim
    kept = slice.node(x, starts=back if reverse else front, sizes=sizes, steps=ones)
    return place.node(kept, shape=x.shape, starts=front if reverse else back, steps=ones)


def _starts(x, axis, start):
    return tuple(start if k == axis else 0 for k in range(x.ndim))


@composite(
    "x(*s) -> y(*t)", latex=r"\operatorname{cumprod} {x}", samples=_CUMULATIVE, onnx="CumProd",
    slopes=(r"\prod_{{k \le j,\, k \ne i}} {x}_k",),
)  # fmt: skip
def cumprod(x, *, axis, exclusive=False, reverse=False):
    """Products up to each place along an axis; of the flattened operand if no axis is given.

    Shapes: x (*s) -> y (*s). `exclusive` leaves the place itself out, so that the first is 1; `reverse` counts
    from the end. Nothing is divided, so zeros do no harm to slopes. Source: NumPy, numpy.cumprod; the settings:
    ONNX, CumProd.
    """
    n = x.shape[axis]
    if n == 0:
        return x
    starts = _starts(x, axis, n - 1 if reverse else 0)
    edge = tuple(1 if k == axis else d for k, d in enumerate(x.shape))
    ones = (1,) * x.ndim
    if exclusive:
        begin = build_broadcast_to(constant_like(1.0, x.dtype, cumprod, 0), edge)
    else:
        begin = slice.node(x, starts=starts, sizes=edge, steps=ones)
    begin = place.node(begin, shape=x.shape, starts=starts, steps=ones)
    factors = shifted(x, axis, reverse=reverse) if exclusive else x
    return linear_scan.node(factors, begin, axis=axis, reverse=reverse)


@cumprod.build
def build_cumprod(x, axis=None, *, exclusive=False, reverse=False):
    return stepwise(cumprod, x, axis, exclusive=exclusive, reverse=reverse)


@cumprod.shape
def cumprod_shape(x, **_):
    return x


__all__ = ["cumprod", "cumsum", "linear_scan"]
