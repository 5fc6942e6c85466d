"""Standardise over any axes, and scale and shift every channel: what all norms are made of.

Kernels see flat arrays of (n, c, s) elements: each of c channels has statistics of its own, over n and s.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.core.routine import Routine
from graphnn.ops.arithmetic import neg, sqrt, square
from graphnn.ops.axes import as_node, neighbours, normal_axes
from graphnn.ops.reduce import build_broadcast_to, build_mean, build_sum

_LAST = {"axes": (1,), "centered": True}
_STATISTICS = [
    (((3, 4),), _LAST),
    (((3, 5, 2),), {"axes": (0, 2), "centered": True}),
    (((5, 3),), {"axes": (0,), "centered": True}),
    (((2, 3, 4),), {"axes": (2,), "centered": False}),
    (((5, 3),), {"axes": (0,), "centered": False}),
]


def kept_run(axes, rank, who):
    """First and last + 1 of the axes that keep statistics of their own; they must be neighbours."""
    kept = [k for k in range(rank) if k not in axes]
    if len(neighbours(kept)) > 1:
        raise ShapeError(
            f"{who}: the axes that are left, {tuple(kept)}, must be neighbours; move them together by transpose."
        )
    return (kept[0], kept[-1] + 1) if kept else (0, 0)


def statistics_shape(record):
    """The shape rule of an op over x with statistics over `axes`."""

    def shape(*shapes, axes, centered):
        x = shapes[0]
        if tuple(axes) != normal_axes(axes, x, record.name) or not axes:
            raise ShapeError(
                f"{record.name}: wanted sorted axes to take statistics over, found axes={axes!r}."
            )
        kept_run(axes, len(x), record.name)
        return x

    return shape


def statistics_view(*shapes, axes, centered):
    """Flat arrays of (n, c, s) elements: each of c has its statistics, over n and s."""
    x = shapes[-1]
    first, last = kept_run(axes, len(x), "standardize")
    c = prod(x[first:last])
    s = prod(x[last:]) if last else prod(x)
    ints = {"n": prod(x[:first]), "c": c, "s": s, "centered": int(centered), "left": 0, "right": c}
    flat = tuple((prod(shape),) for shape in shapes)
    return View(flat, {**ints, "work": 30 * prod(x)})


def statistics_scratch(view):
    """Four numbers per channel: a coarse mean, its correction, one over the spread, and room for sums."""
    return 5 * view.ints["c"] + 1


def cut_channels(view, parts):
    """Channels in runs; where neighbours in memory are of different channels, at whole lines of the cache."""
    c, step = view.ints["c"], 16 if view.ints["s"] == 1 else 1
    steps = -(-c // step)
    cuts = [min(c, step * (steps * i // parts)) for i in range(parts + 1)]
    return [View(view.shapes, {**view.ints, "left": a, "right": b}) for a, b in pairwise(cuts) if a < b] or [
        view
    ]


def _less(x, mean, correction):
    return (x - mean) - correction


def _slope(g, g_mean, x, mean, correction, steepness, r):
    return ((g - g_mean) - ((x - mean) - correction) * steepness) * r


# Routines, for the order counts: x - (mean + correction) would be rounded at the size of x.
less = Routine("less", _less, _less, _less)
slope = Routine("slope", _slope, _slope, _slope)


def mean_and_spread(x, eps, scratch, n, c, s, left, right, centered):
    """Per channel: a mean to scratch[:c], its correction behind it, and 1 / sqrt(variance + eps) behind that.

    Twice through the data: a mean that is rounded at the size of x would spoil a small spread, so the second pass
    also takes the mean of what is left. Source: Chan, Golub, LeVeque 1983, equation 1.7.
    """
    scratch[np.uint64(5 * c)] = n * s
    count = scratch[np.uint64(5 * c)]
    for j in range(left, right):
        scratch[np.uint64(j)] = 0.0
        scratch[np.uint64(c + j)] = 0.0
        scratch[np.uint64(2 * c + j)] = 0.0
    if s == 1:
        if centered:
            for i in range(n):
                for j in range(left, right):
                    scratch[np.uint64(j)] += x[np.uint64(i * c + j)]
            for j in range(left, right):
                scratch[np.uint64(j)] = scratch[np.uint64(j)] / count
        for i in range(n):
            for j in range(left, right):
                d = less(x[np.uint64(i * c + j)], scratch[np.uint64(j)], 0.0)
                scratch[np.uint64(c + j)] += d
                scratch[np.uint64(2 * c + j)] += d * d
    else:
        for j in range(left, right):
            if centered:
                for i in range(n):
                    start = (i * c + j) * s
                    for far in range(start, start + s, 512):
                        total = 0.0
                        for k in range(far, far + 512 if far + 512 < start + s else start + s):
                            total += x[np.uint64(k)]
                        scratch[np.uint64(j)] += total
                scratch[np.uint64(j)] = scratch[np.uint64(j)] / count
            m = scratch[np.uint64(j)]
            for i in range(n):
                start = (i * c + j) * s
                for far in range(start, start + s, 512):
                    total = 0.0
                    squares = 0.0
                    for k in range(far, far + 512 if far + 512 < start + s else start + s):
                        d = less(x[np.uint64(k)], m, 0.0)
                        total += d
                        squares += d * d
                    scratch[np.uint64(c + j)] += total
                    scratch[np.uint64(2 * c + j)] += squares
    for j in range(left, right):
        off = scratch[np.uint64(c + j)] / count if centered else 0.0
        variance = scratch[np.uint64(2 * c + j)] / count - off * off
        variance = 0.0 if variance < 0.0 else variance
        scratch[np.uint64(c + j)] = off
        scratch[np.uint64(2 * c + j)] = 1.0 / np.sqrt(variance + eps[0])


@composite(
    "x(*s), eps() -> y(*t)", latex=r"\frac{{x} - \mu}{\sqrt{\sigma^2 + {eps}}}",
    slopes=(
        r"\frac{1}{\sqrt{\sigma^2 + {eps}}} \left( I - \tfrac{1}{n} \mathbf{1} \mathbf{1}^\top"
        r" - \tfrac{1}{n} {y} {y}^\top \right)",
        r"-\frac{{y}}{2 (\sigma^2 + {eps})}",
    ),
    samples=[Sample((*shapes, ()), attributes, (0.2, 2.0)) for shapes, attributes in _STATISTICS],
    per_element=(8, 0),
)  # fmt: skip
def standardize(x, eps, *, axes, centered=True):
    """Zero mean and unit spread over some axes: x less its mean, over the root of its variance plus eps.

    The variance is that of a population (divided by n). centered=False leaves the mean where it is and divides by
    the root of the mean square plus eps. All axes but one run of neighbours may be taken. A mean far from 0 costs
    no digits. Shapes: x (*s), eps () -> y (*s).

    Source: Ba, Kiros, Hinton 2016, equation 3; Ioffe and Szegedy 2015, algorithm 1.
    """
    d = deviation(x, axes, centered)
    return d / sqrt(build_mean(square(d), axes, True) + eps)


def deviation(x, axes, centered):
    """x less its mean over axes, or x itself."""
    return x - build_mean(x, axes, True) if centered else x


@standardize.build
def build_standardize(x, axis=-1, eps=1e-5, centered=True):  # noqa: FBT002
    x = as_node(x, standardize)
    return standardize.node(x, eps, axes=normal_axes(axis, x.shape, "standardize"), centered=bool(centered))


standardize.shape(statistics_shape(standardize))
standardize.scratch(statistics_scratch)
standardize.shard(cut_channels)


@standardize.view
def standardize_view(x, eps, y, *, axes, centered):
    view = statistics_view(x, y, axes=axes, centered=centered)
    return View((view.shapes[0], (1,), view.shapes[1]), view.ints)


def channels_at_once(s, left, right):
    """Channels that lie mixed are taken together, others one by one: each is in the nearest cache when it is read
    again.
    """
    return right - left if s == 1 and right > left else 1


@standardize.kernel
def standardize_kernel(x, eps, y, scratch, n, c, s, left, right, centered):
    step = channels_at_once(s, left, right)
    for first in range(left, right, step):
        mean_and_spread(x, eps, scratch, n, c, s, first, first + step, centered)
        if s == 1:
            for i in range(n):
                for j in range(left, right):
                    d = less(x[np.uint64(i * c + j)], scratch[np.uint64(j)], scratch[np.uint64(c + j)])
                    y[np.uint64(i * c + j)] = d * scratch[np.uint64(2 * c + j)]
        else:
            m, off, r = (
                scratch[np.uint64(first)],
                scratch[np.uint64(c + first)],
                scratch[np.uint64(2 * c + first)],
            )
            for i in range(n):
                for k in range((i * c + first) * s, (i * c + first + 1) * s):
                    y[np.uint64(k)] = less(x[np.uint64(k)], m, off) * r


@standardize.vjp
def standardize_vjp(g, x, eps, y, *, axes, centered):
    variance = build_mean(square(deviation(x, axes, centered)), axes, True)
    of_eps = neg(build_sum(g * y / (variance + eps)) * 0.5)
    return [standardize_slope.node(g, x, eps, axes=axes, centered=centered), of_eps]


@composite(
    "g(*s), x(*s), eps() -> y(*t)",
    latex=r"\frac{{g} - \overline{{g}} - \hat{x}\, \overline{{g} \hat{x}}}{\sqrt{\sigma^2 + {eps}}},"
    r"\quad \hat{x} = \operatorname{standardize} {x}",
    slopes=(
        r"\operatorname{standardize}' {x}",
        r"{g}\, \operatorname{standardize}'' {x}",
        r"{g}\, \partial_{{eps}} \operatorname{standardize}' {x}",
    ),
    samples=[Sample((*shapes, *shapes, ()), attributes, (0.2, 2.0)) for shapes, attributes in _STATISTICS],
    per_element=(12, 0),
)  # fmt: skip
def standardize_slope(g, x, eps, *, axes, centered=True):
    """The slope of standardize with respect to x, times g, in one pass. Shapes: g, x (*s), eps () -> y (*s).

    Source: Ioffe and Szegedy 2015, section 3, the slopes after algorithm 1.
    """
    d = deviation(x, axes, centered)
    root = sqrt(build_mean(square(d), axes, True) + eps)
    y = d / root
    return (deviation(g, axes, centered) - y * build_mean(g * y, axes, True)) / root


standardize_slope.shape(statistics_shape(standardize_slope))
standardize_slope.scratch(statistics_scratch)
standardize_slope.shard(cut_channels)


@standardize_slope.view
def standardize_slope_view(g, x, eps, y, *, axes, centered):
    view = statistics_view(g, x, y, axes=axes, centered=centered)
    return View((*view.shapes[:2], (1,), view.shapes[2]), view.ints)


@standardize_slope.kernel
def standardize_slope_kernel(g, x, eps, y, scratch, n, c, s, left, right, centered):
    step = channels_at_once(s, left, right)
    for first in range(left, right, step):
        mean_and_spread(x, eps, scratch, n, c, s, first, first + step, centered)
        count = scratch[np.uint64(5 * c)]
        if s == 1:
            slope_of_columns(g, x, y, scratch, n, c, left, right, count, centered)
        else:
            m, off, r = (
                scratch[np.uint64(first)],
                scratch[np.uint64(c + first)],
                scratch[np.uint64(2 * c + first)],
            )
            total = 0.0
            products = 0.0
            for i in range(n):
                for k in range((i * c + first) * s, (i * c + first + 1) * s):
                    v = g[np.uint64(k)]
                    total += v
                    products += v * less(x[np.uint64(k)], m, off)
            total = total / count if centered else 0.0
            products = r * r * (products / count)
            for i in range(n):
                for k in range((i * c + first) * s, (i * c + first + 1) * s):
                    y[np.uint64(k)] = slope(g[np.uint64(k)], total, x[np.uint64(k)], m, off, products, r)


def slope_of_columns(g, x, y, scratch, n, c, left, right, count, centered):
    """The slope where neighbours in memory are of different channels: sums per channel, row by row."""
    for j in range(left, right):
        scratch[np.uint64(3 * c + j)] = 0.0
        scratch[np.uint64(4 * c + j)] = 0.0
    for i in range(n):
        for j in range(left, right):
            d = less(x[np.uint64(i * c + j)], scratch[np.uint64(j)], scratch[np.uint64(c + j)])
            scratch[np.uint64(3 * c + j)] += g[np.uint64(i * c + j)]
            scratch[np.uint64(4 * c + j)] += g[np.uint64(i * c + j)] * d
    for j in range(left, right):
        r = scratch[np.uint64(2 * c + j)]
        scratch[np.uint64(3 * c + j)] = scratch[np.uint64(3 * c + j)] / count if centered else 0.0
        scratch[np.uint64(4 * c + j)] = r * r * (scratch[np.uint64(4 * c + j)] / count)
    for i in range(n):
        for j in range(left, right):
            y[np.uint64(i * c + j)] = slope(
                g[np.uint64(i * c + j)], scratch[np.uint64(3 * c + j)], x[np.uint64(i * c + j)],
                scratch[np.uint64(j)], scratch[np.uint64(c + j)], scratch[np.uint64(4 * c + j)],
                scratch[np.uint64(2 * c + j)],
            )  # fmt: skip


@op(
    "x(*s), scale(*c), shift(*c) -> y(*s)", latex=r"{scale} \odot {x} + {shift}",
    slopes=(r"{scale}", r"\sum {x}", "1"),
    samples=[
        Sample(((3, 4), (4,), (4,)), {"axis": 1}),
        Sample(((2, 3, 4), (3,), (3,)), {"axis": 1}),
        Sample(((2, 3, 4), (3, 4), (3, 4)), {"axis": 1}),
        Sample(((3,), (), ()), {"axis": 1}),
    ],
    per_element=(2, 0),
)  # fmt: skip
def scale_shift(x, scale, shift, *, axis=1):
    """A scale and a shift for every channel: the axes of x from `axis` on, as many as scale has.

    Shapes: x (*s), scale, shift (*c), which are axes of x in a row -> y (*s).

    Source: Ioffe and Szegedy 2015, algorithm 1, last line.
    """
    return x * spread_along(np.reshape, scale, x, axis) + spread_along(np.reshape, shift, x, axis)


def spread_along(reshaped, v, x, axis):
    """v with axes of size 1 behind its own, so that it broadcasts along x."""
    return reshaped(v, (*v.shape, *[1] * (x.ndim - axis - v.ndim)))


@scale_shift.build
def build_scale_shift(x, scale, shift, axis=1):
    x, scale, shift = scale_shift.as_nodes((x, scale, shift))
    return scale_shift.node(x, scale, shift, axis=axis % x.ndim if x.ndim else axis)


@scale_shift.shape
def scale_shift_shape(x, scale, shift, *, axis):
    if not 0 <= axis <= len(x) or x[axis : axis + len(scale)] != scale:
        raise ShapeError(
            f"scale_shift: scale is {shape_text(scale)}, which are not the axes of x {shape_text(x)} from "
            f"axis {axis} on."
        )
    return x


@scale_shift.view
def scale_shift_view(x, scale, shift, y, *, axis):
    c, s = prod(scale), prod(x[axis + len(scale) :])
    rows = prod(x[:axis]) if s == 1 else prod(x[:axis]) * c
    ints = {"c": c, "s": s, "top": 0, "bottom": rows, "work": 2 * prod(x)}
    return View(((prod(x),), (c,), (c,), (prod(x),)), ints)


@scale_shift.shard
def cut_rows_of_channels(view, parts):
    rows = view.ints["bottom"]
    cuts = [rows * i // parts for i in range(parts + 1)]
    return [View(view.shapes, {**view.ints, "top": a, "bottom": b}) for a, b in pairwise(cuts) if a < b] or [
        view
    ]


@scale_shift.kernel
def scale_shift_kernel(x, scale, shift, y, c, s, top, bottom):
    if s == 1:
        for i in range(top, bottom):
            for j in range(c):
                y[np.uint64(i * c + j)] = x[np.uint64(i * c + j)] * scale[j] + shift[j]
        return
    for i in range(top, bottom):
        a, b = scale[np.uint64(i % c)], shift[np.uint64(i % c)]
        for k in range(i * s, (i + 1) * s):
            y[np.uint64(k)] = x[np.uint64(k)] * a + b


@scale_shift.vjp
def scale_shift_vjp(g, x, scale, shift, y, *, axis):
    others = tuple(k for k in range(x.ndim) if not axis <= k < axis + scale.ndim)
    return [times_channels(g, scale, axis), sum_over(g * x, others), sum_over(g, others)]


def sum_over(x, axes):
    """The sum over axes, which may be none."""
    return build_sum(x, axes) if axes else x


def times_channels(x: Node, scale: Node, axis: int) -> Node:
    """x with every channel multiplied by its scale."""
    zero = build_broadcast_to(constant(0.0, scale.dtype), scale.shape)
    return scale_shift.node(x, scale, zero, axis=axis)


__all__ = ["scale_shift", "standardize", "standardize_slope"]
