"""Readers of operators that give numbers which depend on no values: constants, sizes, ranges."""

from __future__ import annotations

import math

import numpy as np

from graphnn.core.dims import Dim, size_of
from graphnn.core.dtypes import FLOATS
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import HELD, Value, element_name, shape_vector
from graphnn.ops.conversion import cast
from graphnn.ops.reduce import broadcast_to
from graphnn.ops.triangles import arange, eye


@reads("Constant")
def constant_(call: Call) -> Value:
    """Numbers that stand in the node itself, in one of five attributes."""
    given = [name for name in _CONSTANTS if call.has_attribute(name)]
    if len(given) != 1:
        call.refuse(
            f"its numbers stand in one of {', '.join(_CONSTANTS)}; sparse tensors and texts are not read."
        )
    (name,) = given
    if name == "value":
        return call.tensor(name)
    dtype = np.float32 if "float" in name else np.int64
    read = {
        "value_float": call.number, "value_floats": call.numbers, "value_int": call.integer,
        "value_ints": call.integers,
    }[name]  # fmt: skip
    array = np.array(read(name), dtype)
    return Value(None, array, str(array.dtype))


_CONSTANTS = ("value", "value_float", "value_floats", "value_int", "value_ints")


@reads("Shape")
def shape(call: Call) -> Value:
    """The sizes of an array, those of named axes too."""
    dims = call.shape(0)
    n = len(dims)
    low, high = (
        min(max(k + n if k < 0 else k, 0), n) for k in (call.integer("start", 0), call.integer("end", n))
    )
    return Value(None, shape_vector(dims[low:high]), "int64")


@reads("Size")
def size(call: Call) -> Value:
    return Value(None, shape_vector([size_of(call.shape(0))]).reshape(()), "int64")


@reads("ConstantOfShape")
def constant_of_shape(call: Call) -> Value:
    """One number everywhere; 0 if none is given."""
    value = call.tensor("value", None)
    known = np.zeros(1, np.float32) if value is None else value.known
    if known.size != 1:
        call.refuse(f"it repeats one number, found {known.size}.")
    dims = call.ints(0, "the shape")
    if any(not isinstance(d, Dim) and d < 0 for d in dims):
        call.refuse(f"an axis cannot be shorter than 0, found {dims}.")
    filled = broadcast_to(constant(known.reshape(()), known.dtype), dims)
    return Value(filled, None, "float32" if value is None else value.kind)


@reads("Range")
def range_(call: Call) -> Node:
    """Numbers in a row, from the first up to the limit."""
    call.ignore("stash_type")
    if call.value(0).dtype in FLOATS:
        start, limit, delta = (
            float(call.number_at(k, what)) for k, what in enumerate(("the start", "the limit", "the step"))
        )
        if not all(map(math.isfinite, (start, limit, delta))) or delta == 0:
            call.refuse(f"from {start} to {limit} by steps of {delta} is no row of numbers.")
        count = math.ceil((limit - start) / delta) if abs(limit - start) < 2**40 * abs(delta) else 2**40
        return cast(arange(max(count, 0)), call.value(0).dtype) * delta + start
    first, last, step = (call.ints(k, what) for k, what in enumerate(("the start", "the limit", "the step")))
    if not len(first) == len(last) == len(step) == 1:
        call.refuse("its start, limit and step are one number each.")
    if isinstance(step[0], Dim) or step[0] == 0:
        call.refuse(f"a step is a whole number other than 0, found {step[0]}.")
    return arange(first[0], last[0], step[0])


@reads("EyeLike")
def eye_like(call: Call) -> Value:
    """Ones on a diagonal, in the shape of the operand."""
    dims = call.shape(0)
    if len(dims) != 2:
        call.refuse(f"wanted a matrix, found {len(dims)} axes.")
    number = call.integer("dtype", None)
    kind = call.kind(0) if number is None else element_name(number)
    if kind not in HELD:
        call.refuse(f"numbers of type {kind} are not read.")
    k = call.integer("k", 0)
    return Value(eye(dims[0], dims[1], min(max(k, -(2**40)), 2**40), HELD[kind]), None, kind)
