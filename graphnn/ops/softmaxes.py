"""Softmax and its kin, along the last axis; other axes are moved there and back."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.core.scope import scope
from graphnn.ops.arithmetic import neg
from graphnn.ops.axes import as_node, normal_axes, normal_axis, reduced
from graphnn.ops.comparison import where
from graphnn.ops.exponential import exp
from graphnn.ops.extremes import row_max
from graphnn.ops.mathematics import exp as fast_exp
from graphnn.ops.mathematics import log as fast_log
from graphnn.ops.reduce import build_broadcast_to, build_sum
from graphnn.ops.shape import build_reshape, build_transpose, move_axes_last, reshape

_SAMPLES = [Sample(((3, 4),)), Sample(((2, 3, 9),)), Sample(((5,),))]


def along_last(record, x, axis) -> Node:
    """A node that works along `axis`, by way of the last one."""
    x = as_node(x, record)
    k = normal_axis(axis, x.shape, record.name)
    if k == x.ndim - 1:
        return record.node(x)
    y = record.node(move_axes_last(x, (k,)))
    back = [*range(k), x.ndim - 1, *range(k, x.ndim - 1)]
    return build_transpose(y, back)


def along_rows(v: Node, like: Node) -> Node:
    """One number per row, v (*b), repeated along the rows of `like` (*b, c)."""
    return build_broadcast_to(reshape.node(v, shape=(*v.shape, 1)), like.shape)


def row_sums(v: Node, like: Node) -> Node:
    """Sums along the last axis, repeated along it."""
    return build_broadcast_to(build_sum(v, -1, True), like.shape)


@op(
    "x(*b, c) -> y(*b, c)", latex=r"\operatorname{softmax} {x}",
    slopes=(r"\operatorname{diag} {y} - {y} {y}^\top",), onnx="Softmax", samples=_SAMPLES, per_element=(5, 1),
)  # fmt: skip
def softmax(x):
    """Probabilities from scores: e^x over the sum of e^x along an axis, the last if none is given.

    The largest score is taken off first, so nothing overflows. A row that holds NaN or +infinity, or nothing but
    -infinity, gives NaN. A temperature t divides the scores: softmax(x / t). Shapes: x (*b, c) -> y (*b, c).
    Source: Bishop 2006, equation 4.104.
    """
    e = np.exp(x - np.max(x, axis=-1, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=-1, keepdims=True)


@softmax.build
def build_softmax(x, axis=-1):
    return along_last(softmax, x, axis)


@softmax.view
def softmax_view(x, y):
    rows = prod(x[:-1])
    return View(((rows, x[-1]), (prod(y),)), {"top": 0, "bottom": rows, "work": 20 * prod(x)})


@softmax.shard
def cut_rows(view, parts):
    """Rows in runs."""
    rows = view.ints["bottom"]
    cuts = [rows * i // parts for i in range(parts + 1)]
    return [View(view.shapes, {**view.ints, "top": a, "bottom": b}) for a, b in pairwise(cuts) if a < b] or [
        view
    ]


@softmax.kernel
def softmax_kernel(x, y, top, bottom):
    n = x.shape[1]
    block = rows_at_once(n)
    for first in range(top, bottom, block):
        last = first + block if first + block < bottom else bottom
        exponentials_of_rows(x, y, first, last)
        for r in range(first, last if n > 0 else first):
            total = 0.0
            for i in range(n):
                total += y[np.uint64(r * n + i)]
            share = 1.0 / total
            for i in range(n):
                y[np.uint64(r * n + i)] *= share


def exponentials(x, y):
    """e^(x - largest of its row) of x (rows, n) into the flat y."""
    rows, n = x.shape
    block = rows_at_once(n)
    for first in range(0, rows, block):
        exponentials_of_rows(x, y, first, first + block if first + block < rows else rows)


def rows_at_once(n):
    """Rows that are exponentiated together, as one long loop: rows of few numbers are too short for vector
    instructions. These stay in the nearest cache meanwhile.
    """
    return 1 + 2048 // (n + 1)


def exponentials_of_rows(x, y, first, last):
    """`exponentials` of the rows from first to last, without last."""
    n = x.shape[1]
    for r in range(first, last if n > 0 else first):
        top = row_max(x, r)
        for i in range(n):
            y[np.uint64(r * n + i)] = x[r, i] - top
    for k in range(first * n, last * n):
        y[np.uint64(k)] = fast_exp(y[np.uint64(k)])


@softmax.vjp
def softmax_vjp(g, x, y):
    return [softmax_slope.node(g, y)]


@composite(
    "g(*b, c), p(*b, c) -> y(*b, c)", latex=r"{p} \odot ({g} - {g} \cdot {p})",
    slopes=(r"\operatorname{diag} {p} - {p} {p}^\top", r"\operatorname{diag}({g} - {g} \cdot {p}) - {p} {g}^\top"),
    samples=[(3, 4), (2, 3, 9), (5,)], per_element=(4, 0),
)  # fmt: skip
def softmax_slope(g, p):
    """The slope of softmax at the scores whose softmax is p, times g, in one pass.

    Shapes: g, p (*b, c) -> y (*b, c). Source: Bishop 2006, equation 4.106.
    """
    return p * (g - row_sums(g * p, p))


@softmax_slope.view
def softmax_slope_view(g, p, y):
    view = softmax_view(p, y)
    rows = view.shapes[0]
    return View((rows, rows, rows), {**view.ints, "work": 8 * prod(p)})


softmax_slope.shard(cut_rows)


@softmax_slope.kernel
def softmax_slope_kernel(g, p, y, top, bottom):
    n = p.shape[1]
    for r in range(top, bottom):
        total = 0.0
        for i in range(n):
            total += g[r, i] * p[r, i]
        for i in range(n):
            y[r, i] = p[r, i] * (g[r, i] - total)


@composite(
    "x(*b, c), mask(*b, c):bool -> y(*b, c)", latex=r"\operatorname{softmax}({x} \text{ where } {mask})",
    slopes=(r"\operatorname{diag} {y} - {y} {y}^\top", "0"),
    samples=[Sample(((3, 4), (3, 4))), Sample(((2, 3, 9), (2, 3, 9)))],
)  # fmt: skip
def masked_softmax(x, mask):
    """Softmax along the last axis over the elements where mask is true; the others are 0.

    A row whose mask is false everywhere gives zeros, by convention, as in PyTorch's attention. What x holds where
    mask is false does not count, even NaN. Shapes: x (*b, c), mask (*b, c) bool -> y (*b, c).
    Source: Vaswani et al. 2017, section 3.2.3.
    """
    scores = where(mask, x, float(np.finfo(x.dtype).min))
    return where(mask, softmax.node(scores), 0.0)


@masked_softmax.build
def build_masked_softmax(x, mask):
    x, mask = masked_softmax.as_nodes((x, mask))
    return masked_softmax.node(x, build_broadcast_to(mask, x.shape))


@composite(
    "x(*b, c) -> y(*b, c)", latex=r"\operatorname{softmax}(-{x})", slopes=(r"{y} {y}^\top - \operatorname{diag} {y}",),
    samples=[(3, 4), (5,)],
)  # fmt: skip
def softmin(x):
    """Probabilities from costs: the softmax of -x along an axis, the last if none is given.

    Shapes: x (*b, c) -> y (*b, c). Source: PyTorch, torch.nn.functional.softmin.
    """
    return softmax.node(neg(x))


@softmin.build
def build_softmin(x, axis=-1):
    x = as_node(x, softmin)
    with scope("softmin"):
        return build_softmax(neg(x), axis)


@op(
    "x(*b, c) -> y(*b, c)", latex=r"\ln \operatorname{softmax} {x}",
    slopes=(r"I - \mathbf{1}\, (e^{{y}})^\top",), onnx="LogSoftmax", samples=_SAMPLES, per_element=(5, 1),
)  # fmt: skip
def log_softmax(x):
    """Logarithm of softmax along an axis, the last if none is given.

    Exact where softmax itself would underflow. Rows with NaN or +infinity, or with nothing but -infinity,
    give NaN. Shapes: x (*b, c) -> y (*b, c). Source: SciPy, scipy.special.log_softmax.
    """
    shifted = x - np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


@log_softmax.build
def build_log_softmax(x, axis=-1):
    return along_last(log_softmax, x, axis)


@log_softmax.kernel
def log_softmax_kernel(x, y):
    rows, n = y.shape
    if n == 0:
        return
    for r in range(rows):
        top = row_max(x, r)
        total = 0.0
        for i in range(n):
            v = x[r, i] - top
            y[r, i] = v
            total += fast_exp(v)
        off = fast_log(total)
        for i in range(n):
            y[r, i] -= off


@log_softmax.vjp
def log_softmax_vjp(g, x, y):
    return [g - exp(y) * row_sums(g, y)]


@op(
    "x(*b, c) -> y(*b)", latex=r"\ln \sum e^{{x}}", slopes=(r"\operatorname{softmax} {x}",),
    onnx="ReduceLogSumExp", samples=_SAMPLES, per_element=(4, 1),
)  # fmt: skip
def logsumexp(x):
    """Logarithm of the sum of e^x along an axis, the last if none is given; a smooth maximum.

    Shapes: x (*b, c) -> y (*b), or with 1s by keepdims; several axes and None (all) are possible. Nothing
    overflows. A row of nothing but -infinity, or an empty one, gives -infinity; one with +infinity gives
    infinity. Source: SciPy, scipy.special.logsumexp.
    """
    top = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    base = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    total = np.log(np.sum(np.exp(x - base), axis=-1))
    return total + base[..., 0]


@logsumexp.build
def build_logsumexp(x, axis=-1, keepdims=False):  # noqa: FBT002
    x = as_node(x, logsumexp)
    axes = normal_axes(axis, x.shape, "logsumexp")
    if not axes:
        raise ShapeError("logsumexp: wanted at least one axis to sum over.")
    rows = move_axes_last(x, axes)
    if len(axes) > 1:
        rows = build_reshape(rows, (*rows.shape[: -len(axes)], -1))
    y = logsumexp.node(rows)
    return reshape.node(y, shape=reduced(x.shape, axes, True)) if keepdims else y


@logsumexp.kernel
def logsumexp_kernel(x, y):
    for r in range(y.size):
        y[r] = log_of_row(x, r)


def log_of_row(x, r):
    """ln of the sum of e^x over x[r]."""
    n = x.shape[1]
    if n == 0:
        return -np.inf
    top = row_max(x, r)
    if not (top > -np.inf and top < np.inf):
        return top
    total = 0.0
    for i in range(n):
        total += fast_exp(x[r, i] - top)
    return top + fast_log(total)


@logsumexp.vjp
def logsumexp_vjp(g, x, y):
    return [along_rows(g, x) * exp(x - along_rows(y, x))]


__all__ = ["log_softmax", "logsumexp", "masked_softmax", "softmax", "softmax_slope", "softmin"]
