"""Write convolutions, their slopes, patches, and pictures of another size."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.core.dims import Dim
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.writing import Writing
from graphnn.ops.resizing import resize_axis as resize


def pads(padding: tuple[int, ...]) -> list[int]:
    """(top, bottom, left, right) as the standard has it: all that comes before, then all that comes after."""
    return [*padding[0::2], *padding[1::2]]


def _settings(call: Writing) -> dict[str, Any]:
    return {
        "strides": list(call.attribute("stride")),
        "pads": pads(call.attribute("padding")),
        "dilations": list(call.attribute("dilation")),
        "group": call.attribute("groups"),
    }


@writes("conv2d")
def conv2d(call: Writing) -> str:
    return call.emit("Conv", *call.inputs, **_settings(call))


@writes("conv2d_bias")
def conv2d_bias(call: Writing) -> str:
    y = call.emit("Conv", *call.inputs, **_settings(call))
    return call.emit("Relu", y) if call.attribute("relu") else y


@writes("conv_transpose2d")
def conv_transpose2d(call: Writing) -> str:
    more = list(call.attribute("output_padding"))
    return call.emit("ConvTranspose", *call.inputs, output_padding=more, **_settings(call))


@writes_function("conv2d_weight_slope")
def conv2d_weight_slope(call: Writing) -> str:
    """A convolution, too, with channels and rows of the batch exchanged: the adjoint is its kernel."""
    x, g = call.inputs
    groups = call.attribute("groups")
    settings = {
        "strides": list(call.attribute("dilation")),
        "dilations": list(call.attribute("stride")),
        "pads": pads(call.attribute("padding")),
    }
    channels, outputs = call.shape_of(0)[1], call.shape_of(1)[1]
    if isinstance(channels, Dim) or isinstance(outputs, Dim):
        call.refuse("the numbers of channels are not known")
    x, g = (call.emit("Transpose", v, perm=[1, 0, 2, 3]) for v in (x, g))
    parts = []
    for k in range(groups):
        i, o = channels // groups, outputs // groups
        part = x if groups == 1 else call.cut(x, 0, k * i, (k + 1) * i)
        kernel = g if groups == 1 else call.cut(g, 0, k * o, (k + 1) * o)
        found = call.emit("Conv", part, kernel, **settings)
        parts.append(call.emit("Transpose", found, perm=[1, 0, 2, 3]))
    whole = parts[0] if groups == 1 else call.emit("Concat", *parts, axis=0)
    # With strides the last windows end before the image does, and what they leave out is seen here as more kernel.
    height, width = call.attribute("kernel")
    return call.emit("Slice", whole, call.ints(0, 0), call.ints(height, width), call.ints(2, 3))


@writes_function("unfold")
def unfold(call: Writing) -> str:
    """A convolution of each channel with kernels that hold a single 1."""
    channels = call.shape_of(0)[1]
    if isinstance(channels, Dim):
        call.refuse("the number of channels is not known")
    height, width = call.attribute("kernel")
    places = height * width
    kernels = np.tile(np.eye(places).reshape(places, 1, height, width), (channels, 1, 1, 1))
    found = call.emit(
        "Conv",
        call.inputs[0],
        call.array(kernels, call.dtype),
        strides=list(call.attribute("stride")),
        pads=pads(call.attribute("padding")),
        dilations=list(call.attribute("dilation")),
        group=channels,
    )
    return call.emit("Reshape", found, call.ints(0, 0, -1))


@writes("fold")
def fold(call: Writing) -> str:
    return call.emit(
        "Col2Im",
        call.inputs[0],
        call.ints(*call.attribute("sizes")),
        call.ints(*call.attribute("kernel")),
        strides=list(call.attribute("stride")),
        pads=pads(call.attribute("padding")),
        dilations=list(call.attribute("dilation")),
    )


@writes_function("resize_axis", "resize_axis_slope")
def resized(call: Writing) -> str:
    """A product with the matrix of weights, in which every way of resizing is the same."""
    axis, way = call.attribute("axis"), call.attribute("way")
    slope = call.node.op.name == "resize_axis_slope"
    length, n = call.shape[axis], call.shape_of(0)[axis]
    if isinstance(length, Dim) or isinstance(n, Dim):
        call.refuse(f"axis {axis} has no known size, before and after")
    old, new = (length, n) if slope else (n, length)
    weights = resize.meaning(np.eye(old), axis=0, length=new, way=way)  # type: ignore[misc]
    matrix = call.array(weights.T if slope else weights, call.dtype)
    ndim = len(call.shape)
    if axis == ndim - 2:
        return call.emit("MatMul", matrix, call.inputs[0])
    order = [k for k in range(ndim) if k != axis] + [axis]
    x = call.inputs[0] if axis == ndim - 1 else call.emit("Transpose", call.inputs[0], perm=order)
    y = call.emit("MatMul", x, call.emit("Transpose", matrix, perm=[1, 0]))
    back = [order.index(k) for k in range(ndim)]
    return y if axis == ndim - 1 else call.emit("Transpose", y, perm=back)
