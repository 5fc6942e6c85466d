"""How far numbers spread, and how long they are as a vector: variance, standard deviation, norms."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import whole
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant_like
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.arithmetic import abs, pow, sqrt
from graphnn.ops.axes import as_node, axis_view, checked_axes, normal_axes, reduced
from graphnn.ops.comparison import equal, where
from graphnn.ops.conversion import stop_gradient
from graphnn.ops.extremes import build_max
from graphnn.ops.reduce import add_up, as_one_run, build_mean, build_sum, count_of, spread
from graphnn.ops.shape import build_expand_dims


def _least_one_axis(x, axis, who):
    """x and the axes to reduce; a new axis of size 1 where there is none."""
    axes = normal_axes(axis, x.shape, who)
    return (x, axes) if axes else (build_expand_dims(x, x.ndim), (x.ndim,))


def _checked_ddof(ddof, who):
    if whole(ddof) is None or ddof < 0:
        raise SettingError(f"{who}: ddof is a whole number from 0 on, found {ddof!r}.")
    return int(ddof)


@op(
    "x(*s) -> y(*r)", latex=r"\operatorname{var} {x}", per_element=(4, 0),
    slopes=(r"\tfrac{2}{n - \mathrm{ddof}} ({x} - \bar{{x}})",),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((3, 4, 2),), {"axes": (0, 1), "keepdims": True, "ddof": 1}),
        Sample(((3, 7),), {"axes": (1,), "keepdims": False, "ddof": 1}),
    ],
)  # fmt: skip
def var(x, *, axes, keepdims=False, ddof=0):
    """Variance over axes, over all if none is given: the sum of (x - mean)^2, by n - ddof.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims. Floats only.

    Two passes, and what the rounded mean is off is taken out again, so a large mean does no harm. NaN where
    n - ddof is 0. Source: NumPy, numpy.var; Chan, Golub, LeVeque, Algorithms for computing the sample variance
    (1983), equation 1.7.
    """
    n = np.prod([x.shape[k] for k in axes])
    off = x - np.sum(x, axis=axes, keepdims=True) / x.dtype.type(n)
    total = (
        np.sum(off * off, axis=axes, keepdims=keepdims) - np.sum(off, axis=axes, keepdims=keepdims) ** 2 / n
    )
    return (total / np.maximum(n - ddof, 0)).astype(x.dtype)


@var.build
def build_var(x, axis=None, ddof=0, keepdims=False):  # noqa: FBT002
    x, axes = _least_one_axis(as_node(x, var), axis, "var")
    return as_one_run(var, x, axes, keepdims, ddof=_checked_ddof(ddof, "var"))


@var.shape
def var_shape(x, *, axes, keepdims, ddof):
    return reduced(x, checked_axes(x, axes, "var"), keepdims)


@var.view
def var_view(x, y, *, axes, keepdims, ddof):
    view = axis_view(x, y, axes=axes)
    return View(view.shapes, {**view.ints, "ddof": ddof})


@var.scratch
def var_scratch(view):
    return 2 * view.shapes[1][1]


@var.kernel
def var_kernel(x, y, scratch, axis, ddof):
    add_up(x, y, axis)
    outer, inner = y.shape
    n = float(axis)
    share = n - ddof if n > ddof else 0.0
    for o in range(outer):
        for i in range(inner):
            scratch[i] = y[o, i] / n
            scratch[np.uint64(inner + i)] = 0
            y[o, i] = 0
        if inner == 1:
            for start in range(0, axis, 256):
                stop = start + 256 if start + 256 < axis else axis
                off, square = deviations(x, o, start, stop, scratch[0], 0.0)
                scratch[1] += off
                y[o, 0] += square
        else:
            for k in range(axis):
                for i in range(inner):
                    d = x[o, np.uint64(k * inner + i)] - scratch[i]
                    scratch[np.uint64(inner + i)] += d
                    y[o, i] += d * d
        for i in range(inner):
            off = scratch[np.uint64(inner + i)]
            y[o, i] = (y[o, i] - off * off / n) / share


def deviations(x, o, first, last, middle, zero):
    """The sums of x[o, first:last] - middle and of its square."""
    off, square = zero, zero
    for k in range(first, last):
        d = x[o, np.uint64(k)] - middle
        off += d
        square += d * d
    return off, square


@var.vjp
def var_vjp(g, x, y, *, axes, keepdims, ddof):
    n = count_of(x, axes)
    off = x - build_mean(x, axes, True)
    if isinstance(n, Node):
        return [spread(g * (2.0 / (n - float(ddof))), x, axes) * off]
    return [spread(g * (2.0 / (n - ddof) if n > ddof else float("nan")), x, axes) * off]


@composite(
    "x(*s) -> y(*r)", latex=r"\operatorname{std} {x}",
    slopes=(r"\tfrac{1}{(n - \mathrm{ddof})\, {y}} ({x} - \bar{{x}})",),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((3, 4, 2),), {"axes": (0, 1), "keepdims": True, "ddof": 1}),
    ],
)  # fmt: skip
def std(x, *, axes, keepdims=False, ddof=0):
    """Standard deviation over axes, over all if none is given: the root of the variance by n - ddof.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims. Floats only. The slope where the deviation
    is 0 is 0, by convention. Source: NumPy, numpy.std; the convention: PyTorch, torch.std.
    """
    square = var.node(x, axes=axes, keepdims=keepdims, ddof=ddof)
    flat = equal(square, 0.0)
    return where(flat, 0.0, sqrt(where(flat, 1.0, square)))


@std.build
def build_std(x, axis=None, ddof=0, keepdims=False):  # noqa: FBT002
    x, axes = _least_one_axis(as_node(x, std), axis, "std")
    return as_one_run(std, x, axes, keepdims, ddof=_checked_ddof(ddof, "std"))


@std.shape
def std_shape(x, *, axes, keepdims, ddof):
    return reduced(x, checked_axes(x, axes, "std"), keepdims)


@op(
    "x(*s) -> y(*r)", latex=r"\lVert {x} \rVert", slopes=(r"{x} / {y}",), onnx="ReduceL2", per_element=(2, 0),
    samples=[
        Sample(((3, 4, 2),), {"axes": (1,), "keepdims": False}),
        Sample(((3, 4, 2),), {"axes": (0, 1), "keepdims": True}),
        Sample(((3, 7),), {"axes": (1,), "keepdims": False}),
    ],
)  # fmt: skip
def norm(x, *, axes, keepdims=False):
    """The length of the numbers along axes as one vector, of all if none is given: the root of the sum of squares.

    Shapes: x (*s) -> y (*s without the axes), or with 1s by keepdims. Floats only.

    `norm(x, ord)` with ord 1 sums sizes, with infinity takes the largest, with p from 1 on is (sum |x|^p)^(1/p).
    Nothing overflows but a length that does. The slope of a vector of zeros is 0, by convention.
    Source: PyTorch, torch.linalg.vector_norm.
    """
    top = np.max(np.abs(x), axis=axes, keepdims=True, initial=0)
    unit = np.where((top > 0) & np.isfinite(top), top, 1).astype(x.dtype)
    length = unit * np.sqrt(np.sum((x / unit) ** 2, axis=axes, keepdims=True))
    return length if keepdims else np.squeeze(length, axes)


@norm.build
def build_norm(x, ord=2, axis=None, keepdims=False):  # noqa: FBT002
    x, axes = _least_one_axis(as_node(x, norm), axis, "norm")
    if isinstance(ord, Node | str) or not ord >= 1:
        raise SettingError(f"norm: ord is a number from 1 on, or infinity; found {ord!r}.")
    if ord == 1:
        return build_sum(abs(x), axes, keepdims)
    if ord == np.inf:
        return build_max(abs(x), axes, keepdims)
    return as_one_run(norm, x, axes, keepdims) if ord == 2 else power_norm(x, float(ord), axes, keepdims)


def power_norm(x: Node, p: float, axes: tuple[int, ...], keepdims: bool) -> Node:  # noqa: FBT001
    """(sum |x|^p)^(1/p), of numbers divided by the largest, so that no power overflows."""
    sizes = abs(x)
    top = stop_gradient(build_max(sizes, axes, True))
    unit = where((top > 0.0) & (top < float("inf")), top, 1.0)
    total = build_sum(pow(sizes / unit, p), axes, True)
    flat = equal(total, 0.0)
    y = unit * where(flat, 0.0, pow(where(flat, 1.0, total), 1.0 / p))
    return y if keepdims else y.reshape(reduced(x.shape, axes, False))


@norm.shape
def norm_shape(x, *, axes, keepdims):
    return reduced(x, checked_axes(x, axes, "norm"), keepdims)


norm.view(axis_view)


@norm.kernel
def norm_kernel(x, y, axis):
    outer, inner = y.shape
    for o in range(outer):
        for i in range(inner):
            y[o, i] = 0
        if inner == 1:
            for start in range(0, axis, 256):
                stop = start + 256 if start + 256 < axis else axis
                y[o, 0] += deviations(x, o, start, stop, 0.0, 0.0)[1]
        else:
            for k in range(axis):
                for i in range(inner):
                    v = x[o, np.uint64(k * inner + i)]
                    y[o, i] += v * v
        for i in range(inner):
            total = y[o, i]
            # Squares of numbers below 1e-19 or above 1e19 have lost digits in float32, or all.
            if total >= 1e-20 and total < np.inf:
                y[o, i] = np.sqrt(total)
            else:
                y[o, i] = scaled_length(x, o, i, inner, axis, total)


def scaled_length(x, o, i, inner, axis, total):
    """The length of every inner-th number of x[o] from i on; `total` is the sum of squares, as far as it goes."""
    if total != total:
        return total
    top = 0.0
    for k in range(axis):
        v = np.abs(x[o, np.uint64(k * inner + i)])
        top = v if v > top else top
    if not (top > 0.0 and top < np.inf):
        return top
    rest = 0.0
    for k in range(axis):
        v = x[o, np.uint64(k * inner + i)] / top
        rest += v * v
    return top * np.sqrt(rest)


@norm.vjp
def norm_vjp(g, x, y, *, axes, keepdims):
    length = where(equal(y, 0.0), constant_like(1.0, y.dtype, norm, 0), y)
    return [x / spread(length, x, axes) * spread(g, x, axes)]


__all__ = ["norm", "std", "var"]
