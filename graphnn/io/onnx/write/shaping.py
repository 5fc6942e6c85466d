"""Write what changes the shape or the order of axes, cuts, joins and pads."""

from __future__ import annotations

import numpy as np

from graphnn.core.dims import Dim, DimLike
from graphnn.core.dtypes import bool_, int64
from graphnn.io.onnx.write.body import LARGEST
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.writing import Writing


@writes("expand_dims")
def expand_dims(call: Writing) -> str:
    return call.unsqueeze(call.inputs[0], *call.attribute("axes"))


@writes("squeeze")
def squeeze(call: Writing) -> str:
    return call.squeeze(call.inputs[0], *call.attribute("axes"))


@writes("transpose")
def transpose(call: Writing) -> str:
    return call.emit("Transpose", call.inputs[0], perm=list(call.attribute("axes")))


@writes("broadcast_to")
def broadcast_to(call: Writing) -> str:
    return call.expand(call.inputs[0], call.shape)


@writes("concat")
def concat(call: Writing) -> str:
    return call.emit("Concat", *call.inputs, axis=call.attribute("axis"))


@writes("slice")
def slice_(call: Writing) -> str:
    """Axes that stay whole are not mentioned; ends are counted from the end where that is a number and they are not."""
    begins: list[DimLike] = []
    ends: list[DimLike] = []
    axes, steps = [], []
    settings = (call.attribute(name) for name in ("starts", "sizes", "steps"))
    for axis, (start, size, step) in enumerate(zip(*settings, strict=True)):
        whole = call.shape_of(0)[axis]
        if start == 0 and step == 1 and size == whole:
            continue
        begins.append(_from_end(start, whole))
        ends.append(_end(start, size, step, whole))
        axes.append(axis)
        steps.append(step)
    if not axes:
        return call.inputs[0]
    told = [call.ints(*begins), call.ints(*ends), call.ints(*axes)]
    if any(step != 1 for step in steps):
        told.append(call.ints(*steps))
    return call.emit("Slice", call.inputs[0], *told)


def _from_end(place: DimLike, whole: DimLike) -> DimLike:
    """A place on an axis as a number, from the front or else from the end, if it is one."""
    back = place - whole
    return back if isinstance(place, Dim) and isinstance(back, int) and back < 0 else place


def _end(start: DimLike, size: DimLike, step: DimLike, whole: DimLike) -> DimLike:
    stop = start + step * size
    if isinstance(step, int) and step < 0:
        # One before the first element has no number that does not mean the last one.
        return -LARGEST if stop == -1 or (isinstance(stop, int) and stop < 0) else _from_end(stop, whole)
    return LARGEST if stop == whole else _from_end(stop, whole)


@writes_function("place")
def place(call: Writing) -> str:
    """The operand among zeros: by padding, where its elements stand side by side, or else each place is looked up."""
    value = call.inputs[0]
    starts, steps = call.attribute("starts"), call.attribute("steps")
    old, new = call.shape_of(0), call.shape
    new_so_far = list(old)
    before: list[DimLike] = []
    after: list[DimLike] = []
    for axis, (start, step) in enumerate(zip(starts, steps, strict=True)):
        if step == 1 or new[axis] == old[axis] == 1:
            before.append(start)
            after.append(new[axis] - start - old[axis])
            continue
        before.append(0)
        after.append(0)
        # A row of zeros behind the last one is what stands where nothing of the operand does.
        zero = call.zeros((*new_so_far[:axis], 1, *old[axis + 1 :]))
        longer = call.emit("Concat", value, zero, axis=axis)
        value = call.emit("Gather", longer, _places(call, old[axis], new[axis], start, step), axis=axis)
        new_so_far[axis] = new[axis]
    return _padded(call, value, before, after)


def _padded(call: Writing, value: str, before: list[DimLike], after: list[DimLike]) -> str:
    if not any(before) and not any(after):
        return value
    return call.emit("Pad", value, call.ints(*before, *after), call.number(0))


def _places(call: Writing, old: DimLike, new: DimLike, start: DimLike, step: int) -> str:
    """For each place of the new axis the element that stands there; `old`, one too many, for none."""
    if isinstance(old, int) and isinstance(new, int) and isinstance(start, int) and isinstance(step, int):
        found = np.full(new, old, np.int64)
        found[start + step * np.arange(old)] = np.arange(old)
        return call.array(found, int64)
    count = call.emit("Squeeze", call.ints(old), call.ints(0))
    first = call.emit("Squeeze", call.ints(start), call.ints(0))
    away = call.emit("Sub", call.range(new), first)
    pace = call.emit("Squeeze", call.ints(step), call.ints(0))
    row = call.emit("Div", away, pace)
    exact = call.emit("Equal", call.emit("Mul", row, pace), away)
    inside = call.emit(
        "And", call.emit("GreaterOrEqual", row, call.number(0, int64)), call.emit("Less", row, count)
    )
    return call.emit("Where", call.emit("And", exact, inside), row, count)


@writes_function("causal_mask", "tri")
def triangle(call: Writing) -> str:
    """Whether the column is not beyond the row."""
    rows, columns = call.shape
    k = call.node.attributes.get("k", 0)
    if not isinstance(rows, Dim) and not isinstance(columns, Dim) and rows * columns <= 2**16:
        return call.array(np.tri(rows, columns, k, dtype=bool), bool_)
    down, across = call.unsqueeze(call.range(rows), 1), call.unsqueeze(call.range(columns), 0)
    return call.emit("GreaterOrEqual", call.emit("Add", down, call.number(k, int64)) if k else down, across)


@writes("arange")
def arange(call: Writing) -> str:
    return call.range(call.attribute("size"), call.attribute("start"), call.attribute("step"))


@writes_function("sequence_mask")
def sequence_mask(call: Writing) -> str:
    lengths = call.unsqueeze(call.inputs[0], len(call.shape) - 1)
    return call.emit("Less", call.range(call.attribute("size")), lengths)


@writes_function("argsort")
def argsort(call: Writing) -> str:
    """Equal numbers keep their order in both."""
    axis = call.attribute("axis")
    largest = int(call.attribute("descending"))
    count = call.ints(call.shape[axis])
    return call.several("TopK", 2, call.inputs[0], count, axis=axis, largest=largest, sorted=1)[1]
