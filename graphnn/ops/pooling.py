"""Pool images: the largest of what lies under a sliding window, its slope, and the slope of that."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import Dim, shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node
from graphnn.ops.convolution import geometry
from graphnn.ops.windows import cut_range, demand, read_numbers, slide, windows

_SETTINGS = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0, 0, 0), "dilation": (1, 1)}
_SLIDING = {"kernel": (3, 2), "stride": (1, 2), "padding": (1, 1, 1, 0), "dilation": (1, 2)}


def read_windows(who, x, axes, kernel_size, stride, padding, dilation, ceil_mode):
    """The attributes of a pooling node. What ceil_mode adds is padding behind."""
    if x.ndim < axes:
        raise ShapeError(f"{who}: x needs at least {axes} axes, found {shape_text(x.shape)}.")
    kernel = read_numbers(kernel_size, axes, who, "kernel_size", least=1)
    stride = kernel if stride is None else read_numbers(stride, axes, who, "stride", least=1)
    dilation = read_numbers(dilation, axes, who, "dilation", least=1)
    border = read_numbers(padding, axes, who, "padding", least=0)
    if any(2 * p > k for p, k in zip(border, kernel, strict=True)):
        raise ShapeError(
            f"{who}: padding is {border}, at most half of the kernel {kernel}: a window must touch x."
        )
    pads = []
    for k, size in enumerate(x.shape[x.ndim - axes :]):
        behind = border[k]
        if ceil_mode and not isinstance(size, Dim):
            room = size + 2 * border[k] - dilation[k] * (kernel[k] - 1) - 1
            steps = -(-room // stride[k])
            # The last window begins in x or before it, not in what is added behind.
            if steps * stride[k] < size + border[k]:
                behind += max(0, steps * stride[k] - room)
        elif ceil_mode and stride[k] != 1:
            raise ShapeError(
                f"{who}: ceil_mode needs to know the size of the axis {size}. Give a number, or leave it out."
            )
        pads += [border[k], behind]
    return {"kernel": kernel, "stride": stride, "padding": tuple(pads), "dilation": dilation}


# The largest


def largest_shape(who, x, kernel, stride, padding, dilation):
    if 0 in x[-2:]:
        raise ShapeError(f"{who}: x {shape_text(x)} has no rows or no columns to find the largest in.")
    return (*x[:-2], *windows(who, x[-2:], kernel, stride, padding, dilation))


def largest_view(x, y, kernel, stride, padding, dilation):
    """(planes, h * w) and (planes, p * q), the latter as often as asked, with all sizes as integers."""
    planes = prod(x[:-2])
    if planes and 0 in x[-2:]:
        raise ShapeError(f"max_pool2d: x {x} has no rows or no columns to find the largest in.")
    ints = {"kernel_h": kernel[0], "kernel_w": kernel[1], "height": x[-2], "width": x[-1], "columns": y[-1]}
    work = planes * (x[-2] * x[-1] + y[-2] * y[-1] * prod(kernel)) * 16
    ints = {**ints, **geometry(stride, padding, dilation), "first": 0, "last": planes, "work": work}
    return (planes, x[-2] * x[-1]), (planes, y[-2] * y[-1]), ints


def find_largest(x, kernel, stride, padding, dilation):
    """Where in its plane (h * w) the largest of each window stands: (*b, p, q); -1 for a window beside x."""
    h, w = x.shape[-2:]
    at = slide(np.arange(h * w).reshape(h, w), kernel, stride, padding, dilation, fill=-1)
    under = slide(x, kernel, stride, padding, dilation)
    at = np.broadcast_to(at, under.shape)
    best, largest = np.full(under.shape[:-4] + under.shape[-2:], -1), None
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            value, place = under[..., i, j, :, :], at[..., i, j, :, :]
            largest = np.full(value.shape, -np.inf, x.dtype) if largest is None else largest
            better = (place >= 0) & ((best < 0) | (value > largest) | np.isnan(value))
            best, largest = np.where(better, place, best), np.where(better, value, largest)
    return best


def place_of_largest(
    x, t, p, q, kernel_h, kernel_w, height, width, stride_h, stride_w, top, left, dilation_h, dilation_w
):
    """Where in plane t of x (planes, h * w) the largest under window (p, q) stands; -1 if all of it is beside."""
    at = -1
    best = x[t, 0]
    for i in range(kernel_h):
        row = p * stride_h - top + i * dilation_h
        if row >= 0 and row < height:
            for j in range(kernel_w):
                column = q * stride_w - left + j * dilation_w
                if column >= 0 and column < width:
                    v = x[t, np.uint64(row * width + column)]
                    if at < 0 or beats(v, best):
                        at, best = row * width + column, v
    return at


def larger(m, v):
    """The larger of two; NaN if one is."""
    return m if (m >= v) | (m != m) else v


def beats(v, m):
    """Whether v, which comes later, is taken instead of m."""
    return (v > m) | (v != v)


@op(
    "x(*b, h, w) -> y(*b, p, q)", latex=r"\max_{{\square}} {x}", slopes=(r"[{x} = {y}]",), onnx="MaxPool",
    samples=[
        Sample(((2, 3, 5, 6),), _SETTINGS),
        Sample(((2, 5, 6),), _SLIDING),
        Sample(((3, 3),), {**_SETTINGS, "stride": (1, 1)}),
    ],
)  # fmt: skip
def max_pool2d(x, *, kernel, stride, padding, dilation):
    """The largest under each window that slides over the last two axes of x.

    Shapes: x (*b, h, w) -> y (*b, p, q), where p = (h + 2 padding - dilation (k - 1) - 1) // stride + 1.

    `max_pool2d(x, kernel_size, stride=kernel_size, padding=0, dilation=1, ceil_mode=False)`: numbers, or one for
    each axis. Places of the padding never win; NaN does. Of several that tie the first, row by row, gets the
    slope. With ceil_mode windows that reach over the end count too.

    Source: PyTorch, torch.nn.functional.max_pool2d.
    """
    shape = max_pool2d_shape(x.shape, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    at = find_largest(x, kernel, stride, padding, dilation)
    return _taken(x, at, -np.inf).reshape(shape)


def _taken(x, at, otherwise):
    flat = x.reshape(prod(x.shape[:-2]), x.shape[-2] * x.shape[-1])
    places = np.maximum(at, 0).reshape(len(flat), prod(at.shape[-2:]))
    values = np.take_along_axis(flat, places, -1).reshape(at.shape)
    return np.where(at < 0, np.asarray(otherwise, x.dtype), values)


@max_pool2d.build
def build_max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):  # noqa: FBT002
    x = as_node(x, max_pool2d)
    return max_pool2d.node(
        x, **read_windows("max_pool2d", x, 2, kernel_size, stride, padding, dilation, ceil_mode)
    )


@max_pool2d.shape
def max_pool2d_shape(x, *, kernel, stride, padding, dilation):
    return largest_shape("max_pool2d", x, kernel, stride, padding, dilation)


@max_pool2d.view
def max_pool2d_view(x, y, *, kernel, stride, padding, dilation):
    wide, narrow, ints = largest_view(x, y, kernel, stride, padding, dilation)
    return View((wide, narrow), ints)


max_pool2d.shard(cut_range)


@max_pool2d.kernel
def max_pool2d_kernel(
    x, y, kernel_h, kernel_w, height, width, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, first,
    last,
):  # fmt: skip
    rows = y.shape[1] // max(1, columns)
    if are_squares(kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, top + left, rows, columns,
                   height, width):  # fmt: skip
        for t in range(first, last):
            for p in range(rows):
                at, below = 2 * p * width, (2 * p + 1) * width
                for q in range(columns):
                    a = larger(x[t, np.uint64(at + 2 * q)], x[t, np.uint64(at + 2 * q + 1)])
                    b = larger(x[t, np.uint64(below + 2 * q)], x[t, np.uint64(below + 2 * q + 1)])
                    y[t, np.uint64(p * columns + q)] = larger(a, b)
        return
    for t in range(first, last):
        for p in range(rows):
            for q in range(columns):
                at = place_of_largest(
                    x, t, p, q, kernel_h, kernel_w, height, width, stride_h, stride_w, top, left, dilation_h,
                    dilation_w,
                )  # fmt: skip
                y[t, np.uint64(p * columns + q)] = x[t, np.uint64(at)] if at >= 0 else -np.inf


def are_squares(
    kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, padding, rows, columns, height, width
):
    """Whether the windows are squares of 2 x 2, side by side inside of x: the most frequent case."""
    steps = kernel_h == 2 and kernel_w == 2 and stride_h == 2 and stride_w == 2
    plain = dilation_h == 1 and dilation_w == 1 and padding == 0
    return steps and plain and 2 * rows <= height and 2 * columns <= width


@max_pool2d.vjp
def max_pool2d_vjp(g, x, y, **attributes):
    return [max_pool2d_slope.node(g, x, **attributes)]


@op(
    "g(*b, p, q), x(*b, h, w) -> y(*b, h, w)", latex=r"{g}\, [{x} = \max_{{\square}} {x}]",
    slopes=(r"[{x} = \max_{{\square}} {x}]", "0"),
    samples=[
        Sample(((2, 3, 2, 3), (2, 3, 5, 6)), _SETTINGS),
        Sample(((2, 5, 3), (2, 5, 6)), _SLIDING),
    ],
)  # fmt: skip
def max_pool2d_slope(g, x, *, kernel, stride, padding, dilation):
    """Every g added to the place in zeros where the largest of its window in x stands: the slope of max_pool2d.

    Shapes: g (*b, p, q), x (*b, h, w) -> y (*b, h, w).

    Source: PyTorch, torch.ops.aten.max_pool2d_with_indices_backward.
    """
    max_pool2d_slope_shape(g.shape, x.shape, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    at = find_largest(x, kernel, stride, padding, dilation)
    planes = prod(x.shape[:-2])
    y = np.zeros((planes, x.shape[-2] * x.shape[-1]), g.dtype)
    at, g = at.reshape(planes, prod(g.shape[-2:])), g.reshape(planes, prod(g.shape[-2:]))
    kept = at >= 0
    owner = np.broadcast_to(np.arange(planes)[:, None], kept.shape)[kept]
    np.add.at(y, (owner, at[kept]), g[kept])
    return y.reshape(x.shape)


@max_pool2d_slope.shape
def max_pool2d_slope_shape(g, x, *, kernel, stride, padding, dilation):
    wanted = largest_shape("max_pool2d_slope", x, kernel, stride, padding, dilation)
    demand("max_pool2d_slope", "g", g, wanted, f"the windows of x {shape_text(x)}")
    return x


@max_pool2d_slope.view
def max_pool2d_slope_view(g, x, y, *, kernel, stride, padding, dilation):
    wide, narrow, ints = largest_view(x, g, kernel, stride, padding, dilation)
    return View((narrow, wide, wide), ints)


max_pool2d_slope.shard(cut_range)


@max_pool2d_slope.kernel
def max_pool2d_slope_kernel(
    g, x, y, kernel_h, kernel_w, height, width, columns, stride_h, stride_w, top, left, dilation_h, dilation_w,
    first, last,
):  # fmt: skip
    rows = g.shape[1] // max(1, columns)
    squares = are_squares(
        kernel_h,
        kernel_w,
        stride_h,
        stride_w,
        dilation_h,
        dilation_w,
        top + left,
        rows,
        columns,
        height,
        width,
    )
    for t in range(first, last):
        if not squares or 2 * rows < height or 2 * columns < width:
            for k in range(y.shape[1]):
                y[t, k] = 0.0
        for p in range(rows):
            if squares:
                at, below = 2 * p * width, (2 * p + 1) * width
                for q in range(columns):
                    a, b = x[t, np.uint64(at + 2 * q)], x[t, np.uint64(at + 2 * q + 1)]
                    c, d = x[t, np.uint64(below + 2 * q)], x[t, np.uint64(below + 2 * q + 1)]
                    # Each is compared with the best before it. The answers are numbers: branches that no processor
                    # foresees took five times as long.
                    best = larger(a, b)
                    is_d = 1.0 if beats(d, larger(best, c)) else 0.0
                    is_c = 1.0 if beats(c, best) else 0.0
                    is_b = 1.0 if beats(b, a) else 0.0
                    v = g[t, np.uint64(p * columns + q)]
                    y[t, np.uint64(below + 2 * q + 1)] = v if is_d > 0.0 else 0.0
                    y[t, np.uint64(below + 2 * q)] = v if is_c - is_d > 0.0 else 0.0
                    y[t, np.uint64(at + 2 * q + 1)] = v if is_b - is_c - is_d > 0.0 else 0.0
                    y[t, np.uint64(at + 2 * q)] = v if is_b + is_c + is_d == 0.0 else 0.0
            else:
                for q in range(columns):
                    place = place_of_largest(
                        x, t, p, q, kernel_h, kernel_w, height, width, stride_h, stride_w, top, left,
                        dilation_h, dilation_w,
                    )  # fmt: skip
                    if place >= 0:
                        y[t, np.uint64(place)] += g[t, np.uint64(p * columns + q)]


@max_pool2d_slope.vjp
def max_pool2d_slope_vjp(slope, g, x, y, **attributes):
    return [max_pool2d_pick.node(slope, x, **attributes), None]


@op(
    "v(*b, h, w), x(*b, h, w) -> y(*b, p, q)", latex=r"{v}_{{\arg\max_\square {x}}}",
    slopes=(r"[{x} = \max_{{\square}} {x}]", "0"),
    samples=[Sample(((2, 3, 5, 6), (2, 3, 5, 6)), _SETTINGS), Sample(((2, 5, 6), (2, 5, 6)), _SLIDING)],
)  # fmt: skip
def max_pool2d_pick(v, x, *, kernel, stride, padding, dilation):
    """The v that stands where the largest of each window in x stands; 0 for a window beside x.

    Shapes: v (*b, h, w), x (*b, h, w) -> y (*b, p, q): the slope of max_pool2d_slope.

    Source: PyTorch, the indices of torch.nn.functional.max_pool2d, gathered.
    """
    max_pool2d_pick_shape(v.shape, x.shape, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    return _taken(v, find_largest(x, kernel, stride, padding, dilation), 0)


@max_pool2d_pick.shape
def max_pool2d_pick_shape(v, x, *, kernel, stride, padding, dilation):
    demand("max_pool2d_pick", "v", v, x, "the shape of x")
    return largest_shape("max_pool2d_pick", x, kernel, stride, padding, dilation)


@max_pool2d_pick.view
def max_pool2d_pick_view(v, x, y, *, kernel, stride, padding, dilation):
    wide, narrow, ints = largest_view(x, y, kernel, stride, padding, dilation)
    return View((wide, wide, narrow), ints)


max_pool2d_pick.shard(cut_range)


@max_pool2d_pick.kernel
def max_pool2d_pick_kernel(
    v, x, y, kernel_h, kernel_w, height, width, columns, stride_h, stride_w, top, left, dilation_h, dilation_w,
    first, last,
):  # fmt: skip
    rows = y.shape[1] // max(1, columns)
    for t in range(first, last):
        for p in range(rows):
            for q in range(columns):
                at = place_of_largest(
                    x, t, p, q, kernel_h, kernel_w, height, width, stride_h, stride_w, top, left, dilation_h,
                    dilation_w,
                )  # fmt: skip
                y[t, np.uint64(p * columns + q)] = v[t, np.uint64(at)] if at >= 0 else 0.0


@max_pool2d_pick.vjp
def max_pool2d_pick_vjp(g, v, x, y, **attributes):
    return [max_pool2d_slope.node(g, x, **attributes), None]


__all__ = ["max_pool2d", "max_pool2d_pick", "max_pool2d_slope"]
