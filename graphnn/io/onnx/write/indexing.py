"""Write look-ups by index, and sums into places that an index names."""

from __future__ import annotations

from graphnn.core.dims import Shape, size_of
from graphnn.core.dtypes import float32
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.writing import Writing


@writes("take_rows")
def take_rows(call: Writing) -> str:
    return call.emit("Gather", *call.inputs, axis=0)


@writes_function("add_rows")
def add_rows(call: Writing) -> str:
    x, rows = call.inputs
    places = call.unsqueeze(rows, len(call.shape_of(1)))
    return call.emit("ScatterND", call.zeros(call.shape), places, x, reduction="add")


@writes_function("one_hot")
def one_hot(call: Writing) -> str:
    labels, axis = call.inputs[0], len(call.shape) - 1
    if call.dtype is float32:
        pair = call.array([0, 1], call.dtype)
        return call.emit("OneHot", labels, call.ints(call.attribute("size")), pair, axis=axis)
    same = call.emit("Equal", call.unsqueeze(labels, axis), call.range(call.attribute("size")))
    return call.cast(same, call.dtype)


@writes_function("take_window")
def take_window(call: Writing) -> str:
    order, start = call.inputs
    begin = call.unsqueeze(start, 0)
    end = call.emit("Add", begin, call.ints(call.attribute("size")))
    return call.emit("Slice", order, begin, end)


def _wide(call: Writing, indices: str, old: Shape, operand: Shape, axis: int) -> str:
    """Indices for every element beside the axis, where they stand once for several."""
    wanted = tuple(old[k] if k == axis else d for k, d in enumerate(operand))
    return indices if wanted == old else call.expand(indices, wanted)


@writes("gather")
def gather(call: Writing) -> str:
    x, indices = call.inputs
    axis = call.attribute("axis")
    indices = _wide(call, indices, call.shape_of(1), call.shape_of(0), axis)
    return call.emit("GatherElements", x, indices, axis=axis)


@writes_function("add_along")
def add_along(call: Writing) -> str:
    values, indices = call.inputs
    axis = call.attribute("axis")
    indices = _wide(call, indices, call.shape_of(1), call.shape_of(0), axis)
    return call.emit("ScatterElements", call.zeros(call.shape), indices, values, axis=axis, reduction="add")


@writes_function("ravel_index")
def ravel_index(call: Writing) -> str:
    dims = call.attribute("dims")
    paces = call.ints(*[size_of(dims[k + 1 :]) for k in range(len(dims))])
    return call.reduce("ReduceSum", call.emit("Mul", call.inputs[0], paces), (-1,), keepdims=0)
