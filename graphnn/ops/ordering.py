"""Put numbers in order: sort, the order itself, and the k largest."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import Dim, shape_text, whole
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node, normal_axis
from graphnn.ops.gathering import gather
from graphnn.ops.slicing import slice

_SAMPLES = [
    Sample(((3, 4, 2),), {"axis": 1}),
    Sample(((9,),), {"axis": 0, "descending": True}),
    Sample(((2, 5),), {"axis": 1}),
]


@op(
    "x(*s) -> y(*t):int64", latex=r"\operatorname{argsort} {x}", types="number",
    samples=[*_SAMPLES, Sample(((37, 2),), {"axis": 0})],
    no_slope="places do not move when values change a little", per_element=(8, 0),
)  # fmt: skip
def argsort(x, *, axis, descending=False):
    """The places of the numbers along an axis in rising order, the last axis if none is given.

    Shapes: x (*s) -> y (*s) int64. Numbers that are equal keep their order. NaN counts as the largest.
    Source: NumPy, numpy.argsort (kind="stable"); descending and NaN: PyTorch, torch.argsort.
    """
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    # Ranks rise with the numbers and have a negative; equal numbers have equal ranks.
    ranks = np.unique(x, return_inverse=True)[1].reshape(x.shape)
    return np.argsort(-ranks, axis=axis, kind="stable")


@argsort.build
def build_argsort(x, axis=-1, *, descending=False):
    x = as_node(x, argsort)
    return argsort.node(x, axis=normal_axis(axis, x.shape, "argsort"), descending=bool(descending))


@argsort.shape
def argsort_shape(x, **_):
    return x


@argsort.view
def argsort_view(x, y, *, axis, descending):
    outer, inner = prod(y[:axis]), prod(y[axis + 1 :])
    return View(((outer, y[axis] * inner),) * 2, {"axis": y[axis], "descending": int(descending)})


@argsort.scratch
def argsort_scratch(view):
    return 2 * view.ints["axis"]


@argsort.kernel
def argsort_kernel(x, y, scratch, axis, descending):
    outer = y.shape[0]
    inner = y.shape[1] // axis if axis > 0 else 0
    for o in range(outer):
        for i in range(inner):
            for left in range(0, axis, 16):
                order_run(x, scratch, o, i, inner, left, left + 16 if left + 16 < axis else axis, descending)
            source, width = 0, 16
            while width < axis:
                for left in range(0, axis, 2 * width):
                    merge_runs(x, scratch, o, i, inner, source, axis - source, left, width, axis, descending)
                source = axis - source
                width = 2 * width
            for k in range(axis):
                y[o, k * inner + i] = scratch[source + k]


def order_run(x, scratch, o, i, inner, left, end, descending):
    """Put the numbers from left to end in order by insertion, which is the fastest way for a few."""
    for k in range(left, end):
        v = x[o, np.uint64(k * inner + i)]
        place = k
        while place > left:
            w = x[o, np.uint64(scratch[place - 1] * inner + i)]
            if not (is_below(w, v) if descending else is_below(v, w)):
                break
            scratch[place] = scratch[place - 1]
            place -= 1
        scratch[place] = k


def merge_runs(x, scratch, o, i, inner, source, target, left, width, axis, descending):
    """Merge the ordered runs at `left` and `left + width`; of equal numbers those of the first run come first."""
    middle = left + width if left + width < axis else axis
    end = middle + width if middle + width < axis else axis
    a, b, k = left, middle, left
    while a < middle and b < end:
        # Choices instead of jumps: which run is next cannot be foreseen.
        p, q = scratch[np.uint64(source + a)], scratch[np.uint64(source + b)]
        v, w = x[o, np.uint64(p * inner + i)], x[o, np.uint64(q * inner + i)]
        second = int(is_below(v, w) if descending else is_below(w, v))
        scratch[np.uint64(target + k)] = p + second * (q - p)
        a += 1 - second
        b += second
        k += 1
    for rest in range(a, middle):
        scratch[np.uint64(target + k + rest - a)] = scratch[np.uint64(source + rest)]
    for rest in range(b, end):
        scratch[np.uint64(target + k + rest - b)] = scratch[np.uint64(source + rest)]


def is_below(v, w):
    """v < w, where NaN is the largest."""
    return (v < w) | ((w != w) & (v == v))


@composite(
    "x(*s) -> y(*t)", latex=r"\operatorname{sort} {x}", types="number", slopes=(r"[{y}_j = {x}_i]",),
    samples=_SAMPLES,
)  # fmt: skip
def sort(x, *, axis, descending=False):
    """The numbers along an axis in rising order, the last axis if none is given.

    Shapes: x (*s) -> y (*s). NaN counts as the largest. The slope goes to the place that a number came from.
    Source: NumPy, numpy.sort; descending: PyTorch, torch.sort.
    """
    return gather.node(x, argsort.node(x, axis=axis, descending=descending), axis=axis)


@sort.build
def build_sort(x, axis=-1, *, descending=False):
    x = as_node(x, sort)
    return sort.node(x, axis=normal_axis(axis, x.shape, "sort"), descending=bool(descending))


@sort.shape
def sort_shape(x, **_):
    return x


def topk(x, k: int, axis: int = -1, *, largest: bool = True) -> tuple[Node, Node]:
    """The k largest numbers (or the smallest) along an axis, in order, and their places: two nodes.

    Shapes: x (batch, n), k -> values (batch, k), indices (batch, k) int64. Of equal numbers the first come first;
    NaN counts as the largest. Source: PyTorch, torch.topk; ONNX, TopK.
    """
    x = as_node(x, argsort)
    axis = normal_axis(axis, x.shape, "topk")
    n = x.shape[axis]
    if whole(k) is None or k < 0 or (not isinstance(n, Dim) and k > n):
        raise ShapeError(
            f"topk: k is 0 to {n}, the size of axis {axis} of {shape_text(x.shape)}; found {k!r}."
        )
    order = argsort.node(x, axis=axis, descending=bool(largest))
    sizes = tuple(int(k) if a == axis else d for a, d in enumerate(x.shape))
    first = slice.node(order, starts=(0,) * x.ndim, sizes=sizes, steps=(1,) * x.ndim)
    return gather.node(x, first, axis=axis), first


__all__ = ["argsort", "sort", "topk"]
