"""Write reductions over axes, and the sizes of axes."""

from __future__ import annotations

from graphnn.core.dtypes import int64
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.writing import Writing


def _reduced(operator: str):  # type: ignore[no-untyped-def]
    def write(call: Writing) -> str:
        axes = call.ints(*call.attribute("axes"))
        # Without axes ours gives the operand, the standard's the total, unless it is told otherwise.
        none = None if call.attribute("axes") else 1
        return call.emit(
            operator,
            call.inputs[0],
            axes,
            keepdims=int(call.attribute("keepdims")),
            noop_with_empty_axes=none,
        )

    return write


for _name, _operator in (
    ("sum", "ReduceSum"),
    ("mean", "ReduceMean"),
    ("max", "ReduceMax"),
    ("min", "ReduceMin"),
    ("prod", "ReduceProd"),
    ("norm", "ReduceL2"),
):
    writes(_name)(_reduced(_operator))


@writes("argmax", "argmin")
def extreme(call: Writing) -> str:
    operator = "ArgMax" if call.node.op.name == "argmax" else "ArgMin"
    return call.emit(operator, call.inputs[0], axis=call.attribute("axis"), keepdims=0)


@writes_function("any", "all")
def hold(call: Writing) -> str:
    """Whether the number of those that hold, or that do not, is above 0: right for axes of size 0, too."""
    (x,) = call.inputs
    every = call.node.op.name == "all"
    counted = call.cast(call.emit("Not", x) if every else x, int64)
    keepdims = int(call.attribute("keepdims"))
    some = call.emit(
        "Greater", call.reduce("ReduceSum", counted, call.attribute("axes"), keepdims), call.number(0, int64)
    )
    return call.emit("Not", some) if every else some


@writes_function("var")
def var(call: Writing) -> str:
    """As its meaning has it: what rounding left of the mean is taken off again."""
    (x,) = call.inputs
    axes, shape = call.attribute("axes"), call.shape_of(0)
    count = call.size([shape[k] for k in axes], call.dtype)
    keepdims = int(call.attribute("keepdims"))
    off = call.emit("Sub", x, call.reduce("ReduceMean", x, axes))
    squares = call.reduce("ReduceSum", call.emit("Mul", off, off), axes, keepdims)
    rest = call.reduce("ReduceSum", off, axes, keepdims)
    total = call.emit("Sub", squares, call.emit("Div", call.emit("Mul", rest, rest), count))
    degrees = call.emit("Sub", count, call.number(call.attribute("ddof")))
    return call.emit("Div", total, call.emit("Max", degrees, call.number(0)))


@writes("size")
def size(call: Writing) -> str:
    return call.size(call.attribute("dims"), call.dtype)


@writes("logsumexp")
def logsumexp(call: Writing) -> str:
    return call.reduce("ReduceLogSumExp", call.inputs[0], (-1,), keepdims=0)


@writes("softmax")
def softmax(call: Writing) -> str:
    return call.emit("Softmax", call.inputs[0], axis=-1)


@writes("log_softmax")
def log_softmax(call: Writing) -> str:
    return call.emit("LogSoftmax", call.inputs[0], axis=-1)
