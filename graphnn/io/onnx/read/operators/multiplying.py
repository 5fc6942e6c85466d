"""Read products of matrices: MatMul, Gemm, Einsum, and determinants."""

from __future__ import annotations

from graphnn import ops
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.reducing import as_wrapped
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import Value


@reads("MatMul")
def matrix_product(call: Call) -> Node | Value:
    x, w = call.nodes()
    return as_wrapped(call, _product(x, w))


def _product(x: Node, w: Node) -> Node:
    if is_float(x.dtype) or not (x.ndim and w.ndim):
        return x @ w
    # Whole numbers, exactly: every product, then sums of them.
    if w.ndim == 1:
        return ops.sum(x * w, -1)
    if x.ndim == 1:
        return ops.sum(ops.expand_dims(x, 1) * w, -2)
    return ops.sum(ops.expand_dims(x, x.ndim) * ops.expand_dims(w, w.ndim - 2), -2)


@reads("Gemm")
def gemm(call: Call) -> Node | Value:
    x, w, b = call.node(0), call.node(1), call.optional(2)
    alpha, beta = call.number("alpha", 1.0), call.number("beta", 1.0)
    if x.ndim != 2 or w.ndim != 2:
        call.refuse(f"wanted two matrices, found {shape_text(x.shape)} and {shape_text(w.shape)}.")
    call.ignore("broadcast")  # of opset 6 and before: b is stretched as it fits
    turned = call.flag("transB", 0)
    x = x.T if call.flag("transA", 0) else x
    w = w.T if turned else w
    if not is_float(x.dtype) and (alpha != int(alpha) or beta != int(beta)):
        call.refuse(f"whole numbers times alpha {alpha} and beta {beta} are not whole.")
    alpha, beta = (alpha, beta) if is_float(x.dtype) else (int(alpha), int(beta))
    # Not of transposed weights: `x @ w.T + b` is run without a copy of them.
    if b is not None and alpha == beta == 1 and b.shape == w.shape[1:] and is_float(x.dtype) and not turned:
        return ops.linear(x, w, b)
    y = _product(x, w)
    y = y if alpha == 1 else y * alpha
    if b is not None and beta != 0:
        y = y + (b if beta == 1 else b * beta)
    return as_wrapped(call, y)


@reads("Einsum")
def einsum(call: Call) -> Node:
    operands = call.nodes()
    if not all(is_float(x.dtype) for x in operands):
        call.refuse(f"einsum is read for floats, found {operands[0].dtype}.")
    return ops.einsum(call.text("equation"), *operands)


@reads("Det")
def determinant(call: Call) -> Node:
    return ops.det(call.node(0))
