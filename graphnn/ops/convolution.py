"""Convolve images and sequences, spread them by transposed convolution, and take patches out of images.

Images are (n, c, h, w): a batch of n, channels, rows, columns. Names and the order of arguments are PyTorch's.
Convolution, its slope for the image (transposed convolution) and its slope for the weights are linear in each of
their two operands, and each one's slopes are the other two: so all slopes of any order are here.
"""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import shape_text, size_of
from graphnn.core.op import Sample, View
from graphnn.ops.activation import relu as relu_op
from graphnn.ops.arithmetic import add
from graphnn.ops.convolution_kernels import convolve_image, correlate_images, spread_image, workspace_size
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape
from graphnn.ops.windows import (
    checked_groups,
    convolved_shape,
    cut_range,
    demand,
    read_numbers,
    read_padding,
    slide,
    spread_shape,
    spread_size,
    unslide,
    windows,
)

PLAIN = {"stride": (1, 1), "padding": (0, 0, 0, 0), "dilation": (1, 1), "groups": 1}


def geometry(stride, padding, dilation):
    """What the kernels need of the attributes, by the names of their parameters."""
    return {
        "stride_h": stride[0], "stride_w": stride[1], "top": padding[0], "left": padding[2],
        "dilation_h": dilation[0], "dilation_w": dilation[1],
    }  # fmt: skip


def room_for(view, kernel, rows, columns, channels):
    """Numbers of working memory for one image, whose output has these rows and columns."""
    ints = view.ints
    height = (rows - 1) * ints["stride_h"] + (kernel[0] - 1) * ints["dilation_h"] + 1
    width = (columns - 1) * ints["stride_w"] + (kernel[1] - 1) * ints["dilation_w"] + 1
    return workspace_size(channels, channels * prod(kernel), height, width, rows, columns)


def with_bias(y, b, who):
    """`y` (n, o, *s) plus a number for each channel; y itself if there is none."""
    if b is None:
        return y
    _, b = add.as_nodes((y, b))
    demand(who, "b", b.shape, (y.shape[1],), "one number for each output channel")
    return y + build_broadcast_to(build_reshape(b, (b.shape[0], *(1,) * (y.ndim - 2))), y.shape)


# Convolution


@op(
    "x(n, c, h, w), w(o, i, k, l) -> y(n, o, p, q)", latex=r"{x} * {w}",
    slopes=(r"*^\top {w}", r"{x} *"), onnx="Conv",
    samples=[
        Sample(((2, 3, 5, 6), (4, 3, 3, 2)), {**PLAIN, "padding": (1, 0, 2, 1)}),
        Sample(((1, 4, 7, 6), (6, 2, 2, 3)), {**PLAIN, "stride": (2, 3), "dilation": (2, 1), "groups": 2}),
        Sample(((2, 3, 4, 5), (2, 3, 1, 1)), PLAIN),
    ],
)  # fmt: skip
def conv2d(x, w, *, stride, padding, dilation, groups):
    """Slide the kernels w over images x: each output number is the sum of products under the kernel.

    Shapes: x (n, c, h, w), w (o, c / groups, k, l) -> y (n, o, p, q), where
    p = (h + padding - dilation (k - 1) - 1) // stride + 1, and q alike.

    `conv2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1)`: numbers, or one for each axis. padding may be
    "valid" (none), "same" (as many zeros as keep h and w), or pairs ((top, bottom), (left, right)). b (o) is added
    to each channel. With groups = c every channel has kernels of its own (depthwise). The kernel is not flipped:
    in mathematics this is cross-correlation. A named h or w needs stride 1.

    Source: PyTorch, torch.nn.functional.conv2d; LeCun et al., Gradient-based learning applied to document
    recognition, 1998.
    """
    convolved_shape("conv2d", x.shape, w.shape, stride, padding, dilation, groups)
    patches = slide(x, w.shape[2:], stride, padding, dilation)
    n, c, k, m, p, q = patches.shape
    patches = patches.reshape(n, groups, c // groups, k, m, p, q)
    kernels = w.reshape(groups, len(w) // groups, *w.shape[1:])
    return np.einsum("ngcijpq,gocij->ngopq", patches, kernels).reshape(n, len(w), p, q)


@conv2d.build
def build_conv2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    x, w = conv2d.as_nodes((x, w))
    attributes = _attributes("conv2d", 2, w, stride, padding, dilation, groups)
    return with_bias(conv2d.node(x, w, **attributes), b, "conv2d")


def _attributes(who, axes, w, stride, padding, dilation, groups):
    """Attributes as the nodes have them, for `axes` sliding axes."""
    stride = read_numbers(stride, axes, who, "stride", least=1)
    dilation = read_numbers(dilation, axes, who, "dilation", least=1)
    kernel = w.shape[2:] if w.ndim == axes + 2 else (1,) * axes
    padding = read_padding(padding, kernel, stride, dilation, who)
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@conv2d.shape
def conv2d_shape(x, w, *, stride, padding, dilation, groups):
    return convolved_shape("conv2d", x, w, stride, padding, dilation, groups)


def convolution_view(x, w, y, *, stride, padding, dilation, groups):
    work = y[0] * y[2] * y[3] * prod(w)
    ints = {"columns": y[3], "groups": groups, "first": 0, "last": y[0], "work": work}
    return View((x, w, (y[0], y[1], y[2] * y[3])), {**ints, **geometry(stride, padding, dilation)})


conv2d.view(convolution_view)
conv2d.shard(cut_range)


def convolution_scratch(view):
    w, (_, _, size) = view.shapes[1], view.shapes[-1]
    columns = view.ints["columns"]
    return room_for(view, w[2:], size // columns if columns else 0, columns, w[1])


conv2d.scratch(convolution_scratch)


@conv2d.cost
def conv2d_cost(node):
    n, _, p, q = node.shape
    return 2 * size_of((n, p, q, *node.operands[1].shape))


@conv2d.kernel
def conv2d_kernel(
    x, w, y, scratch, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, first, last
):
    for n in range(first, last):
        convolve_image(
            x, w, y, scratch, n, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups
        )  # fmt: skip


@conv2d.vjp
def conv2d_vjp(g, x, w, y, *, stride, padding, dilation, groups):
    rest = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return [_spread_back(g, w, x.shape, rest), conv2d_weight_slope.node(x, g, kernel=w.shape[2:], **rest)]


def _spread_back(g, w, shape, attributes):
    """Transposed convolution that ends in the shape of the image that was convolved."""
    stride, padding, dilation = (attributes[name] for name in ("stride", "padding", "dilation"))
    short = spread_size(g.shape[2:], w.shape[2:], stride, padding, (0, 0), dilation)
    missing = tuple(d - e for d, e in zip(shape[2:], short, strict=True))
    return conv_transpose2d.node(g, w, output_padding=missing, **attributes)


@composite(
    "x(n, c, h, w), w(o, i, k, l), b(o) -> y(n, o, p, q)", latex=r"{x} * {w} + {b}",
    slopes=(r"*^\top {w}", r"{x} *", "1"),
    samples=[
        Sample(((2, 3, 5, 6), (4, 3, 3, 2), (4,)), {**PLAIN, "padding": (1, 0, 2, 1), "relu": False}),
        Sample(((2, 3, 5, 6), (4, 3, 3, 2), (4,)), {**PLAIN, "relu": True}),
    ],
)  # fmt: skip
def conv2d_bias(x, w, b, *, stride, padding, dilation, groups, relu):
    """conv2d of x and w, plus b for each channel, and relu of that if asked: a layer in one pass.

    Shapes: x (n, c, h, w), w (o, c / groups, k, l), b (o) -> y (n, o, p, q). relu'(0) = 0.

    Source: PyTorch, torch.nn.functional.conv2d.
    """
    y = conv2d.node(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
    y = with_bias(y, b, "conv2d_bias")
    return relu_op(y) if relu else y


@conv2d_bias.shape
def conv2d_bias_shape(x, w, b, *, stride, padding, dilation, groups, relu):
    return conv2d_shape(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)


@conv2d_bias.view
def conv2d_bias_view(x, w, b, y, *, stride, padding, dilation, groups, relu):
    view = convolution_view(x, w, y, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return View((x, w, b, view.shapes[-1]), {**view.ints, "relu": int(relu)})


conv2d_bias.shard(cut_range)
conv2d_bias.scratch(convolution_scratch)


@conv2d_bias.kernel
def conv2d_bias_kernel(
    x, w, b, y, scratch, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, first, last, relu
):  # fmt: skip
    for n in range(first, last):
        convolve_image(
            x, w, y, scratch, n, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups
        )  # fmt: skip
        for o in range(y.shape[1]):
            if relu:
                for k in range(y.shape[2]):
                    v = y[n, o, k] + b[o]
                    y[n, o, k] = 0.0 if v < 0.0 else v
            else:
                for k in range(y.shape[2]):
                    y[n, o, k] += b[o]


# Its slope for the weights


@op(
    "x(n, c, h, w), g(n, o, p, q) -> y(o, i, k, l)", latex=r"{x} * {g}", slopes=(r"*^\top {g}", r"{x} *"),
    samples=[
        Sample(((2, 3, 5, 6), (2, 4, 4, 8)), {**PLAIN, "kernel": (3, 2), "padding": (1, 0, 2, 1)}),
        Sample(
            ((2, 4, 7, 6), (2, 6, 3, 2)),
            {**PLAIN, "kernel": (2, 3), "stride": (2, 3), "dilation": (2, 1), "groups": 2},
        ),
    ],
)  # fmt: skip
def conv2d_weight_slope(x, g, *, kernel, stride, padding, dilation, groups):
    """The adjoint of the weights of conv2d: under each tap of the kernel, the products of x and g summed.

    Shapes: x (n, c, h, w), g (n, o, p, q), kernel (k, l) -> y (o, c / groups, k, l).

    Source: PyTorch, torch.nn.grad.conv2d_weight.
    """
    rest = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shape = conv2d_weight_slope_shape(x.shape, g.shape, kernel=kernel, **rest)
    patches = slide(x, kernel, stride, padding, dilation)
    n, c, k, m, p, q = patches.shape
    patches = patches.reshape(n, groups, c // groups, k, m, p, q)
    adjoint = g.reshape(n, groups, g.shape[1] // groups, p, q)
    return np.einsum("ngcijpq,ngopq->gocij", patches, adjoint).reshape(shape)


@conv2d_weight_slope.shape
def conv2d_weight_slope_shape(x, g, *, kernel, stride, padding, dilation, groups):
    who, groups = "conv2d_weight_slope", checked_groups("conv2d_weight_slope", groups, x[1], g[1])
    wanted = (x[0], g[1], *windows(who, x[2:], kernel, stride, padding, dilation))
    demand(who, "g", g, wanted, f"the shape of conv2d of x {shape_text(x)} with kernels {tuple(kernel)}")
    return (g[1], x[1] if groups == 1 else x[1] // groups, *kernel)


@conv2d_weight_slope.view
def conv2d_weight_slope_view(x, g, y, *, kernel, stride, padding, dilation, groups):
    taps = prod(y[1:])
    work = prod(g) * taps
    ints = {"kernel_h": kernel[0], "kernel_w": kernel[1], "columns": g[3], "groups": groups}
    ints = {**ints, "first_tap": 0, "last_tap": taps, "work": work}
    return View((x, (*g[:2], g[2] * g[3]), (y[0], taps)), {**ints, **geometry(stride, padding, dilation)})


@conv2d_weight_slope.shard
def cut_taps(view, parts):
    """Whole taps: no sum is split."""
    return cut_range(view, parts, "first_tap", "last_tap")


@conv2d_weight_slope.scratch
def conv2d_weight_slope_scratch(view):
    (_, _, size), (o, taps), ints = view.shapes[1], view.shapes[2], view.ints
    kernel = ints["kernel_h"], ints["kernel_w"]
    rows = size // ints["columns"] if ints["columns"] else 0
    sums = o // ints["groups"] * (ints["last_tap"] - ints["first_tap"])
    return room_for(view, kernel, rows, ints["columns"], taps // prod(kernel)) + sums


@conv2d_weight_slope.cost
def conv2d_weight_slope_cost(node):
    n, _, p, q = node.operands[1].shape
    return 2 * size_of((n, p, q, *node.shape))


@conv2d_weight_slope.kernel
def conv2d_weight_slope_kernel(
    x, g, y, scratch, kernel_h, kernel_w, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups,
    first_tap, last_tap,
):  # fmt: skip
    correlate_images(
        x, g, y, scratch, kernel_h, kernel_w, columns, stride_h, stride_w, top, left, dilation_h, dilation_w,
        groups, first_tap, last_tap,
    )  # fmt: skip


@conv2d_weight_slope.vjp
def conv2d_weight_slope_vjp(slope, x, g, y, *, kernel, **attributes):
    return [_spread_back(g, slope, x.shape, attributes), conv2d.node(x, slope, **attributes)]


# Transposed convolution


@op(
    "x(n, o, p, q), w(o, i, k, l) -> y(n, c, h, w)", latex=r"{x} *^\top {w}",
    slopes=(r"* {w}", r"* {x}"), onnx="ConvTranspose",
    samples=[
        Sample(((2, 4, 3, 4), (4, 3, 3, 2)), {**PLAIN, "padding": (1, 0, 2, 1), "output_padding": (0, 0)}),
        Sample(
            ((1, 6, 2, 3), (6, 2, 2, 3)),
            {**PLAIN, "stride": (2, 3), "output_padding": (1, 2), "dilation": (2, 1), "groups": 2},
        ),
    ],
)  # fmt: skip
def conv_transpose2d(x, w, *, stride, padding, output_padding, dilation, groups):
    """Spread every number of x over the places under the kernel w: conv2d backwards, its slope for the image.

    Shapes: x (n, o, p, q), w (o, c / groups, k, l) -> y (n, c, h, w), where
    h = (p - 1) stride - padding + dilation (k - 1) + 1 + output_padding, and w alike.

    `conv_transpose2d(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)`: padding is cut off
    and may be pairs ((top, bottom), (left, right)); output_padding, less than stride, are rows and columns at the end
    that conv2d would not have looked at. b (c) is added to each channel.

    Source: PyTorch, torch.nn.functional.conv_transpose2d; Dumoulin and Visin, A guide to convolution arithmetic,
    2016, section 4.
    """
    rest = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shape = conv_transpose2d_shape(x.shape, w.shape, output_padding=output_padding, **rest)
    n, o, p, q = x.shape
    parts = np.einsum(
        "ngopq,gocij->ngcijpq",
        x.reshape(n, groups, o // groups, p, q),
        w.reshape(groups, o // groups, *w.shape[1:]),
    )
    return unslide(parts.reshape(n, shape[1], *w.shape[2:], p, q), shape, stride, padding, dilation)


@conv_transpose2d.build
def build_conv_transpose2d(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    x, w = conv_transpose2d.as_nodes((x, w))
    attributes = _attributes("conv_transpose2d", 2, w, stride, padding, dilation, groups)
    extra = read_numbers(output_padding, 2, "conv_transpose2d", "output_padding", least=0)
    return with_bias(conv_transpose2d.node(x, w, output_padding=extra, **attributes), b, "conv_transpose2d")


@conv_transpose2d.shape
def conv_transpose2d_shape(x, w, *, stride, padding, output_padding, dilation, groups):
    return spread_shape("conv_transpose2d", x, w, stride, padding, output_padding, dilation, groups)


@conv_transpose2d.view
def conv_transpose2d_view(x, w, y, *, stride, padding, output_padding, dilation, groups):
    work = x[0] * x[2] * x[3] * prod(w)
    ints = {"columns": x[3], "groups": groups, "first": 0, "last": x[0], "work": work}
    return View(((x[0], x[1], x[2] * x[3]), w, y), {**ints, **geometry(stride, padding, dilation)})


conv_transpose2d.shard(cut_range)


@conv_transpose2d.scratch
def conv_transpose2d_scratch(view):
    (_, _, size), w, _ = view.shapes
    columns = view.ints["columns"]
    return room_for(view, w[2:], size // columns if columns else 0, columns, w[1])


@conv_transpose2d.cost
def conv_transpose2d_cost(node):
    x, w = node.operands
    return 2 * size_of((x.shape[0], *x.shape[2:], *w.shape))


@conv_transpose2d.kernel
def conv_transpose2d_kernel(
    x, w, y, scratch, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, first, last
):
    for n in range(first, last):
        spread_image(
            x, w, y, scratch, n, columns, stride_h, stride_w, top, left, dilation_h, dilation_w, groups
        )  # fmt: skip


@conv_transpose2d.vjp
def conv_transpose2d_vjp(g, x, w, y, *, output_padding, **attributes):
    return [
        conv2d.node(g, w, **attributes),
        conv2d_weight_slope.node(g, x, kernel=w.shape[2:], **attributes),
    ]


__all__ = ["conv2d", "conv2d_bias", "conv2d_weight_slope", "conv_transpose2d"]
