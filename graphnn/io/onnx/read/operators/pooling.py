"""Read pooling: the largest, the mean or the norm of each window, or of a whole image, and its way back."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim, shape_text, size_of
from graphnn.core.dtypes import float64, is_float
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.sliding import (
    Sliding,
    bounded,
    flat_pads,
    positives,
    read_sliding,
    sizes_of,
    trimmed,
)
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import Value

Pass = Callable[..., tuple[Node, ...]]


def by_planes(function: Pass, sliding: Sliding, *xs: Node) -> tuple[Node, ...]:
    """A function of windows over two axes, used for the last two axes of (n, c, *s) and then for each one before.

    The function is given the settings of max_pool2d and the nodes, (*b, h, w) each.
    """
    axes = len(sliding.kernel)
    if axes > 1:
        xs = function(_settings(sliding, axes - 2, 2), *xs)
    for k in reversed(range(axes - 2 if axes > 1 else 1)):
        before, behind = xs[0].shape[: 2 + k], xs[0].shape[3 + k :]
        # A plane has a column for each place of the axes behind.
        flat = [ops.reshape(x, (size_of(before), x.shape[2 + k], size_of(behind))) for x in xs]
        found = function(_settings(sliding, k, 1), *flat)
        xs = tuple(ops.reshape(y, (*before, y.shape[1], *behind)) for y in found)
    return xs


def _settings(sliding: Sliding, first: int, count: int) -> dict[str, Any]:
    """The settings of one or two sliding axes, as those of two: of the second nothing is pooled."""
    part, more = slice(first, first + count), (1,) * (2 - count)
    return {
        "kernel": sliding.kernel[part] + more, "stride": sliding.stride[part] + more,
        "padding": flat_pads(sliding.whole_pads[part]) + (0, 0) * (2 - count),
        "dilation": sliding.dilation[part] + more,
    }  # fmt: skip


def _one_axis(sliding: Sliding) -> dict[str, Any]:
    return {
        "kernel": sliding.kernel[0], "stride": sliding.stride[0], "padding": flat_pads(sliding.whole_pads),
    }  # fmt: skip


def _read(call: Call, x: Node) -> Sliding:
    if x.ndim < 3:
        call.refuse(f"wanted images (n, c, *s), found {shape_text(x.shape)}.")
    return read_sliding(call, x.shape[2:], call.integers("kernel_shape"))


# The largest


@reads("MaxPool")
def max_pool(call: Call) -> Node | Value | list[Node | Value]:
    x = call.node(0)
    sliding = _read(call, x)
    by_column = call.flag("storage_order", 0)
    # Whole numbers of up to 32 bits are exact as float64.
    floats = x if is_float(x.dtype) else x.cast("float64")
    pooled = _largest(floats, sliding)
    y = pooled if floats is x else Value(pooled.cast(x.dtype), None, call.kind(0))
    return [y, _places(call, floats, sliding, by_column=by_column)] if call.wants(1) else y


def _largest(x: Node, sliding: Sliding) -> Node:
    if x.ndim == 3:
        return ops.max_pool1d.node(x, **_one_axis(sliding), dilation=sliding.dilation[0])
    return by_planes(lambda settings, v: (ops.max_pool2d.node(v, **settings),), sliding, x)[0]


def _places(call: Call, x: Node, sliding: Sliding, *, by_column: bool) -> Node:
    """Where in the flattened x the largest of each window stands; with `by_column` images lie column by column."""
    n, c, *sizes = x.shape
    known = sizes_of(call, sizes, "the size of images whose places are wanted")
    bounded(call, prod(known), "the places of an image")
    order = np.arange(prod(known), dtype=np.float64)
    numbers = order.reshape(known[::-1]).T if by_column else order.reshape(known)
    at = ops.broadcast_to(constant(numbers, float64), x.shape)

    def follow(settings: dict[str, Any], at: Node, v: Node) -> tuple[Node, ...]:
        return ops.max_pool2d_pick.node(at, v, **settings), ops.max_pool2d.node(v, **settings)

    at = by_planes(follow, sliding, at, x.cast("float64"))[0].cast("int64")
    first = ops.reshape(ops.arange(size_of((n, c))), (n, c, *(1,) * len(sizes)))
    return at + first * prod(known)


@reads("MaxUnpool")
def max_unpool(call: Call) -> Node:
    x, at = call.node(0), call.node(1)
    kernel = call.integers("kernel_shape")
    axes = len(kernel)
    stride, pads = positives(call, "strides", axes), call.integers("pads", (0,) * (2 * axes))
    if axes != x.ndim - 2 or len(pads) != 2 * axes:
        call.refuse(f"attributes 'kernel_shape' and 'pads' do not fit the axes of {shape_text(x.shape)}.")
    sizes = [
        (n - 1) * s - pads[k] - pads[axes + k] + w
        for k, (n, s, w) in enumerate(zip(x.shape[2:], stride, kernel, strict=True))
    ]
    shape = (*x.shape[:2], *sizes)
    total = size_of(shape)
    values, at = ops.reshape(x, (-1,)), ops.reshape(at, (-1,))
    y = ops.add_along(values, at, 0, total)
    if any(s < w for s, w in zip(stride, kernel, strict=True)):
        # Windows overlap: the same number may come from several of them, and counts once.
        y = y / ops.maximum(ops.add_along(values * 0.0 + 1.0, at, 0, total), 1.0)
    y = ops.reshape(y, shape)
    if call.has(2):
        wanted = call.ints(2, "the output's shape")
        if len(wanted) != x.ndim or any(
            isinstance(d, Dim) and d != e for d, e in zip(wanted, shape, strict=True)
        ):
            call.refuse(f"an output of {shape_text(wanted)} cannot be made of {shape_text(shape)}.")
        y = trimmed(y, 0, tuple((0, have - want) for have, want in zip(shape, wanted, strict=True)))
    return y


# Means and norms


@reads("AveragePool")
def average_pool(call: Call) -> Node:
    x = call.node(0)
    sliding, whole = _read(call, x), call.flag("count_include_pad", 0)
    axes = len(sliding.kernel)
    # What avg_pool2d counts of its padding: as much behind as in front.
    even = all(a == b for a, b in sliding.pads)
    if axes <= 2 and even and not any(d > 1 for d in sliding.dilation):
        settings = {"count_include_pad": whole}
        if axes == 1:
            return ops.avg_pool1d.node(x, **_one_axis(sliding), **settings)
        stride, around = sliding.stride, flat_pads(sliding.whole_pads)
        return ops.avg_pool2d.node(x, kernel=sliding.kernel, stride=stride, padding=around, **settings)
    total = _sums(x, sliding)
    counts = [_counts(call, n, k, sliding, whole=whole) for k, n in enumerate(x.shape[2:])]
    bounded(call, prod(map(len, counts)), "the windows of different sizes")
    shares = 1.0 / np.maximum(reduce(np.multiply.outer, counts), 1)
    return total * constant(shares.astype(x.dtype))


def _counts(call: Call, n: int | Dim, axis: int, sliding: Sliding, *, whole: bool) -> np.ndarray:
    """How many elements of an axis each window holds, those of the padding among them if `whole`."""
    kernel, stride, dilation = sliding.kernel[axis], sliding.stride[axis], sliding.dilation[axis]
    (before, after), beyond = sliding.pads[axis], sliding.beyond[axis]
    if (whole and not beyond) or not (before or after or beyond):
        return np.array([kernel])
    (n,) = sizes_of(call, (n,), "an axis along which windows differ in size")
    steps = (n + before + after + beyond - sliding.span[axis]) // stride + 1
    bounded(call, steps * kernel, "the places under all windows along an axis")
    at = (np.arange(steps) * stride - before)[:, None] + np.arange(kernel) * dilation
    low, high = (-before, n + after) if whole else (0, n)
    return ((at >= low) & (at < high)).sum(1)


def _sums(x: Node, sliding: Sliding) -> Node:
    """The sum of each window."""

    def add_up(settings: dict[str, Any], v: Node) -> tuple[Node, ...]:
        kernel = constant(np.ones((1, 1, *settings["kernel"])), x.dtype)
        planes = ops.reshape(v, (size_of(v.shape[:-2]), 1, *v.shape[-2:]))
        rest = {name: settings[name] for name in ("stride", "padding", "dilation")}
        y = ops.conv2d.node(planes, kernel, **rest, groups=1)
        return (ops.reshape(y, (*v.shape[:-2], *y.shape[-2:])),)

    return by_planes(add_up, sliding, x)[0]


@reads("LpPool")
def lp_pool(call: Call) -> Node:
    x = call.node(0)
    p = _order(call)
    return _root(_sums(_power(x, p), _read(call, x)), p)


def _order(call: Call) -> float:
    """The p of a norm; a number with a fraction in the oldest opset."""
    p = call.number("p", 2.0) if call.version < 2 else call.integer("p", 2)
    if p <= 0:
        call.refuse(f"attribute 'p' is above 0, found {p}.")
    return p


def _power(x: Node, p: float) -> Node:
    return ops.abs(x) if p == 1 else ops.square(x) if p == 2 else ops.abs(x) ** float(p)


def _root(total: Node, p: float) -> Node:
    """The p-th root of what is not negative. Its slope at 0 is 0, by convention."""
    if p == 1:
        return total
    some = total > 0.0
    inner = ops.where(some, total, 1.0)
    return ops.where(some, ops.sqrt(inner) if p == 2 else inner ** (1.0 / p), 0.0)


# Whole images


def _places_of(x: Node) -> tuple[int, ...]:
    return tuple(range(2, x.ndim))


@reads("GlobalAveragePool")
def global_average_pool(call: Call) -> Node:
    x = call.node(0)
    return ops.global_avg_pool2d(x) if x.ndim == 4 else ops.mean(x, _places_of(x), keepdims=True)


@reads("GlobalMaxPool")
def global_max_pool(call: Call) -> Node:
    x = call.node(0)
    if x.ndim == 4 and not any(isinstance(d, Dim) for d in x.shape[2:]):
        return ops.global_max_pool2d(x)
    return ops.max(x, _places_of(x), keepdims=True)


@reads("GlobalLpPool")
def global_lp_pool(call: Call) -> Node:
    x, p = call.node(0), _order(call)
    if p == 2:
        return ops.norm(x, 2, _places_of(x), keepdims=True)
    return _root(ops.sum(_power(x, p), _places_of(x), keepdims=True), p)
