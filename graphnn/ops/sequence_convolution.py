"""Convolve sequences (n, c, l): a batch of n, channels, steps. A sequence is an image of one row."""

from __future__ import annotations

from graphnn.core.declare import composite
from graphnn.core.dims import shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.convolution import conv2d, conv_transpose2d, with_bias
from graphnn.ops.shape import reshape
from graphnn.ops.windows import convolved_shape, read_numbers, read_padding, spread_shape

_SAMPLES = [
    Sample(((2, 3, 7), (4, 3, 3)), {"stride": 1, "padding": (2, 1), "dilation": 1, "groups": 1}),
    Sample(((2, 4, 9), (4, 2, 2)), {"stride": 2, "padding": (0, 0), "dilation": 3, "groups": 2}),
]


def _as_image(shape):
    return (*shape[:2], 1, *shape[2:])


def _plane(stride, padding, dilation, groups):
    """The settings of a sequence, for an image of one row."""
    return {"stride": (1, stride), "padding": (0, 0, *padding), "dilation": (1, dilation), "groups": groups}


def _read(who, x, w, stride, padding, dilation, groups):
    for name, node, axes in (("x", x, "(n, c, l)"), ("w", w, "(o, c / groups, k)")):
        if node.ndim != 3:
            raise ShapeError(f"{who}: {name} needs 3 axes {axes}, found {shape_text(node.shape)}.")
    stride = read_numbers(stride, 1, who, "stride", least=1)
    dilation = read_numbers(dilation, 1, who, "dilation", least=1)
    padding = read_padding(padding, w.shape[2:], stride, dilation, who)
    return {"stride": stride[0], "padding": padding, "dilation": dilation[0], "groups": groups}


def _widened(*nodes: Node) -> list[Node]:
    return [reshape.node(node, shape=_as_image(node.shape)) for node in nodes]


def _narrowed(y: Node) -> Node:
    return reshape.node(y, shape=(*y.shape[:2], y.shape[3]))


@composite("x(n, c, l), w(o, i, k) -> y(n, o, p)", latex=r"{x} * {w}", slopes=(r"*^\top {w}", r"{x} *"),
           onnx="Conv", samples=_SAMPLES)  # fmt: skip
def conv1d(x, w, *, stride, padding, dilation, groups):
    """Slide the kernels w over sequences x: each output number is the sum of products under the kernel.

    Shapes: x (n, c, l), w (o, c / groups, k) -> y (n, o, p), where
    p = (l + padding - dilation (k - 1) - 1) // stride + 1.

    `conv1d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1)`. padding may be "valid" (none), "same" (as
    many zeros as keep l), or one pair ((before, after),): ((k - 1, 0),) looks at the past only. b (o) is added to
    each channel.

    Source: PyTorch, torch.nn.functional.conv1d.
    """
    convolved_shape("conv1d", x.shape, w.shape, (stride,), padding, (dilation,), groups)
    return _narrowed(conv2d.node(*_widened(x, w), **_plane(stride, padding, dilation, groups)))


@conv1d.build
def build_conv1d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    x, w = conv1d.as_nodes((x, w))
    y = conv1d.node(x, w, **_read("conv1d", x, w, stride, padding, dilation, groups))
    return with_bias(y, b, "conv1d")


@conv1d.shape
def conv1d_shape(x, w, *, stride, padding, dilation, groups):
    return convolved_shape("conv1d", x, w, (stride,), padding, (dilation,), groups)


@composite("x(n, o, p), w(o, i, k) -> y(n, c, l)", latex=r"{x} *^\top {w}", slopes=(r"* {w}", r"* {x}"),
           onnx="ConvTranspose", samples=[
               Sample(((2, 4, 3), (4, 3, 3)),
                      {"stride": 2, "padding": (1, 0), "output_padding": 1, "dilation": 1, "groups": 1}),
           ])  # fmt: skip
def conv_transpose1d(x, w, *, stride, padding, output_padding, dilation, groups):
    """Spread every number of x over the places under the kernel w: conv1d backwards.

    Shapes: x (n, o, p), w (o, c / groups, k) -> y (n, c, l), where
    l = (p - 1) stride - padding + dilation (k - 1) + 1 + output_padding.

    `conv_transpose1d(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)`, as
    conv_transpose2d.

    Source: PyTorch, torch.nn.functional.conv_transpose1d.
    """
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    conv_transpose1d_shape(x.shape, w.shape, output_padding=output_padding, **settings)
    y = conv_transpose2d.node(*_widened(x, w), output_padding=(0, output_padding), **_plane(**settings))
    return _narrowed(y)


@conv_transpose1d.build
def build_conv_transpose1d(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    x, w = conv_transpose1d.as_nodes((x, w))
    settings = _read("conv_transpose1d", x, w, stride, padding, dilation, groups)
    (extra,) = read_numbers(output_padding, 1, "conv_transpose1d", "output_padding", least=0)
    return with_bias(conv_transpose1d.node(x, w, output_padding=extra, **settings), b, "conv_transpose1d")


@conv_transpose1d.shape
def conv_transpose1d_shape(x, w, *, output_padding, stride, padding, dilation, groups):
    return spread_shape("conv_transpose1d", x, w, (stride,), padding, (output_padding,), (dilation,), groups)


__all__ = ["conv1d", "conv_transpose1d"]
