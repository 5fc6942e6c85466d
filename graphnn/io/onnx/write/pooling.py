"""Write pooling by maxima, and its slopes, which use the places of the maxima."""

from __future__ import annotations

from graphnn.core.dims import Shape, size_of
from graphnn.io.onnx.write.convolving import pads
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.writing import Writing


def _pooled(call: Writing, slot: int, count: int) -> tuple[str, ...]:
    """MaxPool of images (*b, h, w), seen as (n, c, h, w); `count` of its results."""
    return call.several(
        "MaxPool",
        count,
        _as_images(call, call.inputs[slot], call.shape_of(slot)),
        kernel_shape=list(call.attribute("kernel")),
        strides=list(call.attribute("stride")),
        pads=pads(call.attribute("padding")),
        dilations=list(call.attribute("dilation")),
    )


def _as_images(call: Writing, value: str, shape: Shape) -> str:
    if len(shape) == 4:
        return value
    if len(shape) < 4:
        return call.unsqueeze(value, *range(4 - len(shape)))
    return call.emit("Reshape", value, call.ints(-1, 1, *shape[-2:]))


@writes("max_pool2d")
def max_pool2d(call: Writing) -> str:
    (y,) = _pooled(call, 0, 1)
    ndim = len(call.shape)
    if ndim < 4:
        return call.squeeze(y, *range(4 - ndim))
    return y if ndim == 4 else call.emit("Reshape", y, call.body.sizes(call.shape))


@writes_function("max_pool2d_slope")
def max_pool2d_slope(call: Writing) -> str:
    """Each adjoint is added to the element that was the largest; places count through all images."""
    _, places = _pooled(call, 1, 2)
    flat = call.zeros((size_of(call.shape),))
    line = call.ints(-1)
    found = call.emit(
        "ScatterElements",
        flat,
        call.emit("Reshape", places, line),
        call.emit("Reshape", call.inputs[0], line),
        axis=0,
        reduction="add",
    )
    return call.reshape(found, (size_of(call.shape),), call.shape)


@writes_function("max_pool2d_pick")
def max_pool2d_pick(call: Writing) -> str:
    _, places = _pooled(call, 1, 2)
    line = call.ints(-1)
    flat = call.emit("Reshape", call.inputs[0], line)
    found = call.emit("GatherElements", flat, call.emit("Reshape", places, line), axis=0)
    return call.reshape(found, (size_of(call.shape),), call.shape)
