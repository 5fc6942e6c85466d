"""Make images and sequences larger or smaller: nearest, linear, or the mean of what falls together."""

from __future__ import annotations

from math import floor, prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import Dim, shape_text, whole
from graphnn.core.errors import SettingError, ShapeError, did_you_mean
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node
from graphnn.ops.windows import cut_range, read_numbers

NEAREST, LINEAR, CORNERS, AREA = range(4)
WAYS = {"nearest": NEAREST, "linear": LINEAR, "corners": CORNERS, "area": AREA}

_ROWS = 64
"""Rows for which the places and weights of a new element are computed once."""


def source_of(k, n, m, way, weights):
    """Which of the n elements make element k of m: the first, and how many. Their weights go into `weights`.

    One element, or all of an area, weigh alike: weights[0]. Two neighbours weigh weights[0] and weights[1].
    """
    weights[0] = 1.0
    if way == NEAREST:
        return k * n // m, 1
    if way == AREA:
        first = k * n // m
        count = ((k + 1) * n + m - 1) // m - first
        weights[0] = 1.0 / count
        return first, count
    if way == CORNERS:
        at = k * (n - 1) / (m - 1) if m > 1 else 0.0 * n
    else:
        at = (k + 0.5) * n / m - 0.5
    if at <= 0.0:
        return 0, 1
    first = int(at)
    if first >= n - 1 or at == first:
        return first, 1
    weights[0], weights[1] = 1.0 - (at - first), at - first
    return first, 2


def _shares(n, m, way):
    """Element k of m, the element of n that it is made of, and its weight there, for all that have a weight."""
    for k in range(m):
        weights = np.zeros(2)
        first, count = source_of(k, n, m, WAYS[way], weights)
        for s in range(count):
            yield k, first + s, weights[s if way in ("linear", "corners") else 0]


def resize(x, size=None, scale=None, mode="nearest", align_corners=False):  # noqa: FBT002
    """x (n, c, *s) with other sizes *s: `size`, or the old ones times `scale`, one number or one for each axis.

    mode is "nearest", "linear" ("bilinear" says the same for images) or "area" (the mean of what falls together).
    align_corners keeps the outermost elements in place, in linear modes. Each axis is resized by a node of its own.

    Source: PyTorch, torch.nn.functional.interpolate, with recompute_scale_factor=True for a scale.
    """
    x = as_node(x, resize_axis)
    axes = x.ndim - 2
    if axes < 1:
        raise ShapeError(
            f"resize: x is (n, c, *s) with at least one axis to resize, found {shape_text(x.shape)}."
        )
    ways = {"nearest": "nearest", "linear": "linear", "bilinear": "linear", "area": "area"}
    if mode not in ways:
        raise SettingError(f"resize: mode {mode!r} is unknown.{did_you_mean(str(mode), ways)}")
    if align_corners and ways[mode] != "linear":
        raise SettingError(f'resize: align_corners is for mode "linear" or "bilinear", found mode {mode!r}.')
    if (size is None) == (scale is None):
        raise SettingError("resize: give either size or scale.")
    sizes = (
        _scaled(x.shape[2:], scale) if size is None else read_numbers(size, axes, "resize", "size", least=1)
    )
    way = "corners" if align_corners else ways[mode]
    for k, wanted in enumerate(sizes):
        if x.shape[2 + k] != wanted:
            x = resize_axis.node(x, axis=2 + k, length=wanted, way=way)
    return x


def _scaled(sizes, scale):
    factors = scale if isinstance(scale, tuple | list) else (scale,) * len(sizes)
    if len(factors) != len(sizes) or any(
        isinstance(f, bool) or not isinstance(f, int | float) for f in factors
    ):
        raise SettingError(
            f"resize: scale is a number, or one for each of {len(sizes)} axes, found {scale!r}."
        )
    out = []
    for n, factor in zip(sizes, factors, strict=True):
        if isinstance(n, Dim) and whole(factor) is None:
            raise ShapeError(f"resize: the axis {n} can be scaled by whole numbers only, found {factor!r}.")
        if factor <= 0 or (not isinstance(n, Dim) and floor(n * factor) < 1):
            raise SettingError(f"resize: an axis of {n} scaled by {factor!r} has nothing left.")
        out.append(n * factor if isinstance(n, Dim) else floor(n * factor))
    return tuple(out)


def adaptive_avg_pool2d(x, output_size):
    """Means over as many areas as asked, whatever the size of x (n, c, h, w); 1 is the mean of each channel.

    Source: PyTorch, torch.nn.functional.adaptive_avg_pool2d.
    """
    sizes = read_numbers(output_size, 2, "adaptive_avg_pool2d", "output_size", least=1)
    return resize(x, sizes, mode="area")


def _check(who, shape, axis, way):
    if way not in WAYS:
        raise SettingError(f"{who}: way {way!r} is unknown.{did_you_mean(str(way), WAYS)}")
    if not 0 <= axis < len(shape):
        raise ShapeError(f"{who}: there is no axis {axis} in {shape_text(shape)}.")


@op(
    "x(*s) -> y(*t)", latex=r"R\, {x}", slopes=("R",), onnx="Resize",
    samples=[
        Sample(((2, 3, 4),), {"axis": 1, "length": 5, "way": "linear"}),
        Sample(((2, 3, 4),), {"axis": 2, "length": 7, "way": "corners"}),
        Sample(((2, 5),), {"axis": 1, "length": 3, "way": "area"}),
        Sample(((3, 2),), {"axis": 0, "length": 7, "way": "nearest"}),
    ],
)  # fmt: skip
def resize_axis(x, *, axis, length, way):
    """One axis of x with another length; the new elements are those nearest, or weighted means of neighbours.

    Shapes: x (*s) -> y (*s with `length` at `axis`).

    Element k of m, made of n: "nearest" takes floor(k n / m); "linear" weighs the neighbours of
    (k + 1/2) n / m - 1/2, "corners" those of k (n - 1) / (m - 1); "area" is the mean from floor(k n / m) to
    ceil((k + 1) n / m). Whole numbers are computed exactly.

    Source: PyTorch, torch.nn.functional.interpolate.
    """
    resize_axis_shape(x.shape, axis=axis, length=length, way=way)
    y = np.zeros((*x.shape[:axis], length, *x.shape[axis + 1 :]), x.dtype)
    rows, new = np.moveaxis(x, axis, 0), np.moveaxis(y, axis, 0)
    for k, source, weight in _shares(len(rows), length, way):
        new[k] += x.dtype.type(weight) * rows[source]
    return y


@resize_axis.shape
def resize_axis_shape(x, *, axis, length, way):
    _check("resize_axis", x, axis, way)
    if x[axis] == 0:
        raise ShapeError(
            f"resize_axis: axis {axis} of x {shape_text(x)} is empty: there is nothing to repeat."
        )
    return (*x[:axis], length, *x[axis + 1 :])


@resize_axis.view
def resize_axis_view(x, y, *, axis, length, way):
    outer, inner = prod(x[:axis]), prod(x[axis + 1 :])
    if x[axis] == 0 and prod(y):
        raise ShapeError(f"resize_axis: axis {axis} of x {x} is empty: there is nothing to repeat.")
    ints = {
        "n": x[axis],
        "m": y[axis],
        "way": WAYS[way],
        "first": 0,
        "last": outer,
        "work": 16 * (prod(x) + prod(y)),
    }
    return View(((outer, x[axis] * inner), (outer, y[axis] * inner)), ints)


def two_numbers(view):
    return 2


resize_axis.shard(cut_range)
resize_axis.scratch(two_numbers)


@resize_axis.kernel
def resize_axis_kernel(x, y, scratch, n, m, way, first, last):
    inner = y.shape[1] // max(1, m)
    for top in range(first, last, _ROWS):
        bottom = min(top + _ROWS, last)
        for k in range(m):
            start, count = source_of(k, n, m, way, scratch)
            for o in range(top, bottom):
                for i in range(inner):
                    y[o, np.uint64(k * inner + i)] = scratch[0] * x[o, np.uint64(start * inner + i)]
                for s in range(1, count):
                    weight = scratch[0] if way == AREA else scratch[1]
                    for i in range(inner):
                        y[o, np.uint64(k * inner + i)] += weight * x[o, np.uint64((start + s) * inner + i)]


@resize_axis.vjp
def resize_axis_vjp(g, x, y, *, axis, length, way):
    return [resize_axis_slope.node(g, axis=axis, length=x.shape[axis], way=way)]


@op(
    "g(*s) -> y(*t)", latex=r"R^\top {g}", slopes=(r"R^\top",),
    samples=[
        Sample(((2, 5, 4),), {"axis": 1, "length": 3, "way": "linear"}),
        Sample(((2, 3, 7),), {"axis": 2, "length": 4, "way": "corners"}),
        Sample(((2, 3),), {"axis": 1, "length": 5, "way": "area"}),
        Sample(((7, 2),), {"axis": 0, "length": 3, "way": "nearest"}),
    ],
)  # fmt: skip
def resize_axis_slope(g, *, axis, length, way):
    """Every g added to the elements that it was made of, with their weights: the slope of resize_axis.

    Shapes: g (*s) -> y (*s with `length` at `axis`).

    Source: PyTorch, the backward pass of torch.nn.functional.interpolate.
    """
    resize_axis_slope_shape(g.shape, axis=axis, length=length, way=way)
    y = np.zeros((*g.shape[:axis], length, *g.shape[axis + 1 :]), g.dtype)
    rows, old = np.moveaxis(g, axis, 0), np.moveaxis(y, axis, 0)
    for k, source, weight in _shares(length, len(rows), way):
        old[source] += g.dtype.type(weight) * rows[k]
    return y


@resize_axis_slope.shape
def resize_axis_slope_shape(g, *, axis, length, way):
    _check("resize_axis_slope", g, axis, way)
    if length == 0:
        raise ShapeError("resize_axis_slope: length is 0, wanted 1 or more.")
    return (*g[:axis], length, *g[axis + 1 :])


@resize_axis_slope.view
def resize_axis_slope_view(g, y, *, axis, length, way):
    wide = resize_axis_view(y, g, axis=axis, length=g[axis], way=way)
    return View((wide.shapes[1], wide.shapes[0]), wide.ints)


resize_axis_slope.shard(cut_range)
resize_axis_slope.scratch(two_numbers)


@resize_axis_slope.kernel
def resize_axis_slope_kernel(g, y, scratch, n, m, way, first, last):
    inner = y.shape[1] // max(1, n)
    for top in range(first, last, _ROWS):
        bottom = min(top + _ROWS, last)
        for o in range(top, bottom):
            for i in range(y.shape[1]):
                y[o, i] = 0.0
        for k in range(m):
            start, count = source_of(k, n, m, way, scratch)
            for o in range(top, bottom):
                for s in range(count):
                    weight = scratch[0] if way == AREA or s == 0 else scratch[1]
                    for i in range(inner):
                        y[o, np.uint64((start + s) * inner + i)] += weight * g[o, np.uint64(k * inner + i)]


@resize_axis_slope.vjp
def resize_axis_slope_vjp(slope, g, y, *, axis, length, way):
    return [resize_axis.node(slope, axis=axis, length=g.shape[axis], way=way)]


__all__ = ["adaptive_avg_pool2d", "resize", "resize_axis", "resize_axis_slope"]
