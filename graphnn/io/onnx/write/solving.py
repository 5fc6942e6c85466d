"""Write equations and factors of matrices, step by step: ONNX has no operator for them."""

from __future__ import annotations

import numpy as np

from graphnn.core.dims import Dim
from graphnn.core.dtypes import int64
from graphnn.io.onnx.write.registry import writes_function
from graphnn.io.onnx.write.writing import Writing

# The steps are as many as rows, about a dozen operators each.
MOST_ROWS = 32


def _rows(call: Writing) -> int:
    """The number of rows of the matrices."""
    rows = call.shape_of(0)[-1]
    if isinstance(rows, Dim) or rows > MOST_ROWS:
        call.refuse(
            f"ONNX has no operator that solves equations or factors a matrix, and its steps are written for a known "
            f"number of rows, at most {MOST_ROWS}; found {rows}"
        )
    return rows


@writes_function("triangular_solve")
def triangular_solve(call: Writing) -> str:
    """Row by row: what the rows before give is known."""
    a, b = call.inputs
    rows = _rows(call)
    if call.attribute("transposed"):
        a = call.swap(a, len(call.shape_of(0)))
    down = call.attribute("lower") != call.attribute("transposed")
    y = ""
    for i in range(rows) if down else range(rows - 1, -1, -1):
        right, left = call.cut(b, -2, i, i + 1), call.cut(a, -2, i, i + 1)
        if y:
            part = call.cut(left, -1, 0, i) if down else call.cut(left, -1, i + 1, None)
            right = call.emit("Sub", right, call.emit("MatMul", part, y))
        row = call.emit("Div", right, call.cut(left, -1, i, i + 1))
        y = row if not y else call.emit("Concat", *((y, row) if down else (row, y)), axis=-2)
    return y or b


@writes_function("cholesky")
def cholesky(call: Writing) -> str:
    """Column by column: its product with itself is taken off what is left."""
    (a,) = call.inputs
    rows = _rows(call)
    half = call.number(0.5)
    turned = call.swap(a, len(call.shape))
    rest = call.emit("Add", call.emit("Mul", a, half), call.emit("Mul", turned, half))
    columns = []
    for k in range(rows):
        first = call.cut(rest, -1, 0, 1)
        column = call.emit("Div", first, call.emit("Sqrt", call.cut(first, -2, 0, 1)))
        columns.append(
            call.emit("Pad", column, call.ints(k, 0), call.number(0), call.ints(-2)) if k else column
        )
        if k < rows - 1:
            below = call.cut(column, -2, 1, None)
            product = call.emit("MatMul", below, call.swap(below, len(call.shape)))
            rest = call.emit("Sub", call.cut(call.cut(rest, -2, 1, None), -1, 1, None), product)
    return call.emit("Concat", *columns, axis=-1) if columns else a


@writes_function("solve")
def solve(call: Writing) -> str:
    """Gauss and Jordan: the largest number of a column comes up, and its row is taken off all others."""
    a, b = call.inputs
    rows = _rows(call)
    both = call.emit("Concat", a, b, axis=-1)
    shape = (*call.shape[:-1], rows + call.shape[-1])
    places = call.array(np.arange(rows).reshape(rows, 1), int64)
    for k in range(rows):
        here = call.emit("Equal", places, call.number(k, int64))
        if k < rows - 1:
            open_rows = call.emit("Abs", call.cut(call.cut(both, -1, k, k + 1), -2, k, None))
            largest = call.emit("ArgMax", open_rows, axis=-2, keepdims=1)
            chosen = call.emit("Add", largest, call.number(k, int64))
            back = call.emit("Where", call.emit("Equal", places, chosen), call.number(k, int64), places)
            order = call.expand(call.emit("Where", here, chosen, back), shape)
            both = call.emit("GatherElements", both, order, axis=len(shape) - 2)
        row = call.cut(both, -2, k, k + 1)
        row = call.emit("Div", row, call.cut(row, -1, k, k + 1))
        others = call.emit("Sub", both, call.emit("Mul", call.cut(both, -1, k, k + 1), row))
        both = call.emit("Where", here, row, others)
    return call.cut(both, -1, rows, None)
