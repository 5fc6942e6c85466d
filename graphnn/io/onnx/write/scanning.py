"""Write what goes on from element to element: running sums, and running sums of products."""

from __future__ import annotations

from graphnn.core.dims import Dim
from graphnn.core.dtypes import int64
from graphnn.io.onnx.write.body import LARGEST
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.writing import Writing


@writes("cumsum")
def cumsum(call: Writing) -> str:
    return call.emit(
        "CumSum",
        call.inputs[0],
        call.number(call.attribute("axis"), int64),
        exclusive=int(call.attribute("exclusive")),
        reverse=int(call.attribute("reverse")),
    )


@writes_function("linear_scan")
def linear_scan(call: Writing) -> str:
    """y_t = a_t y_(t-1) + b_t by doubling: each round joins stretches twice as long. Source: Hillis, Steele 1986."""
    a, b = call.inputs
    axis, reverse = call.attribute("axis"), call.attribute("reverse")
    steps = call.shape[axis]
    if isinstance(steps, Dim):
        call.refuse(f"axis {axis} has no known size, and ONNX has no running sum of products")
    return doubled(call, a, b, axis, steps, reverse=reverse)


def doubled(call: Writing, a: str, b: str, axis: int, steps: int, *, reverse: bool) -> str:
    """All y_t of an axis with so many steps."""
    reach = 1
    while reach < steps:
        b = call.emit("Add", b, call.emit("Mul", a, _moved(call, b, axis, reach, 0.0, reverse=reverse)))
        if 2 * reach < steps:
            a = call.emit("Mul", a, _moved(call, a, axis, reach, 1.0, reverse=reverse))
        reach *= 2
    return b


def _moved(call: Writing, value: str, axis: int, by: int, fill: float, *, reverse: bool) -> str:
    """The value moved along an axis, and a number where nothing came."""
    begin, end = (by, LARGEST) if reverse else (0, -by)
    kept = call.emit("Slice", value, call.ints(begin), call.ints(end), call.ints(axis))
    before, after = (0, by) if reverse else (by, 0)
    return call.emit("Pad", kept, call.ints(before, after), call.number(fill), call.ints(axis))
