"""Pool by means, pool whole images, and pool sequences: all made of other ops."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite
from graphnn.core.dims import Dim, shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample
from graphnn.core.registry import SERVICES
from graphnn.ops.arithmetic import mul
from graphnn.ops.axes import as_node
from graphnn.ops.convolution import conv2d
from graphnn.ops.pooling import largest_shape, max_pool2d, read_windows
from graphnn.ops.reduce import build_broadcast_to, build_mean
from graphnn.ops.shape import reshape
from graphnn.ops.windows import Ints, windows

_MEANS = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0, 0, 0), "count_include_pad": True}
_SEQUENCE = {"kernel": 3, "stride": 2, "padding": (1, 1)}


def window_sizes(sizes, kernel, stride, padding, count_include_pad):
    """By how many elements the sum of a window is divided, for each axis; None if by those of the kernel.

    What padding has behind more than in front came from ceil_mode, and never counts.
    """
    if all(padding[2 * k] == padding[2 * k + 1] for k in (0, 1)) and (count_include_pad or not any(padding)):
        return None
    if any(isinstance(n, Dim) for n in sizes):
        raise ShapeError(
            f"avg_pool2d: the axes {shape_text(sizes)} must be known where windows differ in size. Give numbers, or "
            "use count_include_pad=True."
        )
    counts = windows("avg_pool2d", sizes, kernel, stride, padding, (1, 1))
    out = []
    for k, size in enumerate(sizes):
        begin = np.arange(counts[k]) * stride[k] - padding[2 * k]
        end = np.minimum(begin + kernel[k], size + (padding[2 * k] if count_include_pad else 0))
        out.append(end - (begin if count_include_pad else np.maximum(begin, 0)))
    return out


@composite(
    "x(*b, h, w) -> y(*b, p, q)", latex=r"\operatorname{mean}_{{\square}} {x}", slopes=(r"\tfrac{1}{k}",),
    onnx="AveragePool",
    samples=[
        Sample(((2, 3, 5, 6),), _MEANS),
        Sample(((2, 5, 7),), {**_MEANS, "kernel": (3, 2), "padding": (1, 1, 1, 1), "count_include_pad": False}),
        Sample(((5, 5),), {**_MEANS, "padding": (0, 1, 1, 1)}),
    ],
)  # fmt: skip
def avg_pool2d(x, *, kernel, stride, padding, count_include_pad):
    """The mean of each window that slides over the last two axes of x.

    Shapes: x (*b, h, w) -> y (*b, p, q), where p = (h + 2 padding - k) // stride + 1.

    `avg_pool2d(x, kernel_size, stride=kernel_size, padding=0, ceil_mode=False, count_include_pad=True)`: numbers, or
    one for each axis. The zeros of the padding count, unless count_include_pad is False. With ceil_mode windows
    that reach over the end count too, with the elements that they have.

    Source: PyTorch, torch.nn.functional.avg_pool2d.
    """
    shape = avg_pool2d_shape(x.shape, kernel=kernel, stride=stride, padding=padding, count_include_pad=True)
    sizes = window_sizes(x.shape[-2:], kernel, stride, padding, count_include_pad)
    planes = reshape.node(x, shape=(size_of(x.shape[:-2]), 1, *x.shape[-2:]))
    each = 1.0 / prod(kernel) if sizes is None else 1.0
    w = SERVICES["constant_like"](np.full((1, 1, *kernel), each, x.dtype), x.dtype, conv2d, 1)
    y = conv2d.node(planes, w, stride=stride, padding=padding, dilation=(1, 1), groups=1)
    if sizes is not None:
        counts = np.outer(*sizes)
        shares = 1.0 / np.where(counts > 0, counts, 1)  # an empty image has windows of nothing but padding
        share = SERVICES["constant_like"](shares.astype(x.dtype), x.dtype, mul, 1)
        y = y * build_broadcast_to(share, y.shape)
    return reshape.node(y, shape=shape)


@avg_pool2d.build
def build_avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):  # noqa: FBT002
    x = as_node(x, avg_pool2d)
    found = read_windows("avg_pool2d", x, 2, kernel_size, stride, padding, 1, ceil_mode)
    del found["dilation"]
    return avg_pool2d.node(x, **found, count_include_pad=bool(count_include_pad))


@avg_pool2d.shape
def avg_pool2d_shape(x, *, kernel, stride, padding, count_include_pad):
    return (*x[:-2], *windows("avg_pool2d", x[-2:], kernel, stride, padding, (1, 1)))


# Sequences


def _as_plane(shape):
    return (*shape[:-1], 1, shape[-1])


def _plane(kernel: int, stride: int, padding: Ints):
    return {"kernel": (1, kernel), "stride": (1, stride), "padding": (0, 0, *padding)}


def _one_axis(found):
    """Attributes of one sliding axis."""
    return {key: value if key == "padding" else value[0] for key, value in found.items()}


@composite("x(*b, l) -> y(*b, p)", latex=r"\max_{{\square}} {x}", slopes=(r"[{x} = {y}]",), onnx="MaxPool",
           samples=[Sample(((2, 3, 7),), {**_SEQUENCE, "dilation": 1})])  # fmt: skip
def max_pool1d(x, *, kernel, stride, padding, dilation):
    """The largest under each window that slides over the last axis of x.

    Shapes: x (*b, l) -> y (*b, p), where p = (l + 2 padding - dilation (k - 1) - 1) // stride + 1.

    `max_pool1d(x, kernel_size, stride=kernel_size, padding=0, dilation=1, ceil_mode=False)`, as max_pool2d.

    Source: PyTorch, torch.nn.functional.max_pool1d.
    """
    plane = reshape.node(x, shape=_as_plane(x.shape))
    y = max_pool2d.node(plane, **_plane(kernel, stride, padding), dilation=(1, dilation))
    return reshape.node(y, shape=(*y.shape[:-2], y.shape[-1]))


@max_pool1d.build
def build_max_pool1d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):  # noqa: FBT002
    x = as_node(x, max_pool1d)
    found = read_windows("max_pool1d", x, 1, kernel_size, stride, padding, dilation, ceil_mode)
    return max_pool1d.node(x, **_one_axis(found))


@max_pool1d.shape
def max_pool1d_shape(x, *, kernel, stride, padding, dilation):
    settings = _plane(kernel, stride, padding)
    shape = largest_shape("max_pool1d", _as_plane(x), dilation=(1, dilation), **settings)
    return (*shape[:-2], shape[-1])


@composite("x(*b, l) -> y(*b, p)", latex=r"\operatorname{mean}_{{\square}} {x}", slopes=(r"\tfrac{1}{k}",),
           onnx="AveragePool",
           samples=[Sample(((2, 3, 7),), {**_SEQUENCE, "count_include_pad": True})])  # fmt: skip
def avg_pool1d(x, *, kernel, stride, padding, count_include_pad):
    """The mean of each window that slides over the last axis of x.

    Shapes: x (*b, l) -> y (*b, p), where p = (l + 2 padding - k) // stride + 1.

    `avg_pool1d(x, kernel_size, stride=kernel_size, padding=0, ceil_mode=False, count_include_pad=True)`, as
    avg_pool2d.

    Source: PyTorch, torch.nn.functional.avg_pool1d.
    """
    plane = reshape.node(x, shape=_as_plane(x.shape))
    y = avg_pool2d.node(plane, **_plane(kernel, stride, padding), count_include_pad=count_include_pad)
    return reshape.node(y, shape=(*y.shape[:-2], y.shape[-1]))


@avg_pool1d.build
def build_avg_pool1d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):  # noqa: FBT002
    x = as_node(x, avg_pool1d)
    found = _one_axis(read_windows("avg_pool1d", x, 1, kernel_size, stride, padding, 1, ceil_mode))
    del found["dilation"]
    return avg_pool1d.node(x, **found, count_include_pad=bool(count_include_pad))


@avg_pool1d.shape
def avg_pool1d_shape(x, *, kernel, stride, padding, count_include_pad):
    settings = _plane(kernel, stride, padding)
    shape = avg_pool2d_shape(_as_plane(x), count_include_pad=count_include_pad, **settings)
    return (*shape[:-2], shape[-1])


# Whole images


@composite("x(n, c, h, w) -> y(n, c, 1, 1)", latex=r"\operatorname{{mean}}_{{h,w}} {x}", slopes=(r"\tfrac{1}{hw}",),
           onnx="GlobalAveragePool", samples=[(2, 3, 4, 5)])  # fmt: skip
def global_avg_pool2d(x):
    """The mean of each channel of each image. Shapes: x (n, c, h, w) -> y (n, c, 1, 1).

    Source: Lin et al., Network in network, 2014, section 3.2.
    """
    return build_mean(x, (2, 3), True)


@composite("x(n, c, h, w) -> y(n, c, 1, 1)", latex=r"\max_{{h,w}} {x}", slopes=(r"[{x} = {y}]",),
           onnx="GlobalMaxPool", samples=[(2, 3, 4, 5)])  # fmt: skip
def global_max_pool2d(x):
    """The largest of each channel of each image. Shapes: x (n, c, h, w) -> y (n, c, 1, 1), h and w known.

    Of several that tie the first gets the slope, as in max_pool2d.

    Source: PyTorch, torch.nn.functional.adaptive_max_pool2d to one place.
    """
    sizes = tuple(x.shape[2:])
    return max_pool2d.node(x, kernel=sizes, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1))


__all__ = ["avg_pool1d", "avg_pool2d", "global_avg_pool2d", "global_max_pool2d", "max_pool1d"]
