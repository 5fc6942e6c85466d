"""Write attention: products of heads that stand side by side in the columns, and slopes of softmax."""

from __future__ import annotations

from graphnn.core.dims import DimLike
from graphnn.io.onnx.write.registry import writes_function
from graphnn.io.onnx.write.writing import Writing


def _apart(call: Writing, slot: int, heads: DimLike, *, turned: bool = False) -> str:
    """Columns (*b, t, d) as heads (*b, heads, t, d / heads), or with the last two axes exchanged."""
    shape = call.shape_of(slot)
    n = len(shape)
    # The columns may have no known number: Reshape finds what is left for each head.
    cut = call.emit("Reshape", call.inputs[slot], call.ints(*[0] * (n - 1), heads, -1))
    last = [n, n - 2] if turned else [n - 2, n]
    return call.emit("Transpose", cut, perm=[*range(n - 2), n - 1, *last])


def _together(call: Writing, value: str) -> str:
    """Heads (*b, heads, t, e) as columns (*b, t, heads e)."""
    n = len(call.shape)
    moved = call.emit("Transpose", value, perm=[*range(n - 2), n - 1, n - 2, n])
    return call.emit("Reshape", moved, call.ints(*[0] * (n - 1), -1))


@writes_function("head_scores")
def head_scores(call: Writing) -> str:
    heads = call.attribute("heads")
    return call.emit("MatMul", _apart(call, 0, heads), _apart(call, 1, heads, turned=True))


@writes_function("head_mix")
def head_mix(call: Writing) -> str:
    heads = call.shape_of(0)[-3]
    return _together(call, call.emit("MatMul", call.inputs[0], _apart(call, 1, heads)))


@writes_function("head_mix_tn")
def head_mix_tn(call: Writing) -> str:
    shares = call.shape_of(0)
    turned = call.swap(call.inputs[0], len(shares))
    return _together(call, call.emit("MatMul", turned, _apart(call, 1, shares[-3])))


@writes_function("softmax_slope")
def softmax_slope(call: Writing) -> str:
    g, p = call.inputs
    total = call.reduce("ReduceSum", call.emit("Mul", g, p), (-1,))
    return call.emit("Mul", p, call.emit("Sub", g, total))
