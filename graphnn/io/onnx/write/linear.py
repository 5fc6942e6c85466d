"""Write products of matrices, sums that are a product's or a convolution's bias, and determinants."""

from __future__ import annotations

from typing import NamedTuple

from graphnn.core.node import Node
from graphnn.io.onnx.write.convolving import conv2d, conv_transpose2d
from graphnn.io.onnx.write.registry import writes, writes_function
from graphnn.io.onnx.write.walker import Walker, prepares, source, unspread, writes_with_walker
from graphnn.io.onnx.write.writing import Writing


@writes("matmul", "batched_matmul")
def matmul(call: Writing) -> str:
    return call.emit("MatMul", *call.inputs)


@writes("matmul_tn")
def matmul_tn(call: Writing) -> str:
    return call.emit("Gemm", *call.inputs, transA=1)


@writes("matmul_nt")
def matmul_nt(call: Writing) -> str:
    return call.emit("Gemm", *call.inputs, transB=1)


@writes_function("batched_matmul_tn")
def batched_matmul_tn(call: Writing) -> str:
    x, w = call.inputs
    return call.emit("MatMul", call.swap(x, len(call.shape)), w)


@writes_function("batched_matmul_nt")
def batched_matmul_nt(call: Writing) -> str:
    x, w = call.inputs
    return call.emit("MatMul", x, call.swap(w, len(call.shape)))


@writes("linear")
def linear(call: Writing) -> str:
    return call.emit("Gemm", *call.inputs)


@writes("det")
def det(call: Writing) -> str:
    return call.emit("Det", call.inputs[0])


@writes_function("sign_and_logdet")
def sign_and_logdet(call: Writing) -> str:
    found = call.unsqueeze(call.emit("Det", call.inputs[0]), len(call.shape) - 1)
    size = call.emit("Log", call.emit("Abs", found))
    return call.emit("Concat", call.emit("Sign", found), size, axis=-1)


class Biased(NamedTuple):
    """A product or convolution, and what is added to each of its channels."""

    product: Node
    bias: Node


@prepares("add")
def find_bias(walker: Walker, node: Node) -> None:
    """Look for a bias, which the operator before adds by itself."""
    product, other = (source(o) for o in node.operands)
    bias = unspread(other)
    if walker.serves_one(product, "matmul"):
        if bias is not other and bias.shape == product.shape[1:]:
            walker.matched[node] = Biased(product, bias)
            walker.skipped.add(product)
        return
    if not walker.serves_one(product, "conv2d") and not walker.serves_one(product, "conv_transpose2d"):
        return
    if bias.shape == (product.shape[1], 1, 1) and walker.serves_one(bias, "reshape"):
        flat = source(bias.operands[0])
        if flat.shape == product.shape[1:2]:
            walker.matched[node] = Biased(product, flat)
            walker.skipped.update((product, bias))


@writes_with_walker("add")
def add(walker: Walker, node: Node) -> str:
    found = walker.matched.get(node)
    if found is None:
        return walker.twin(node)
    operands = [source(o) for o in found.product.operands] + [found.bias]
    call = Writing(
        walker.body, found.product, [walker.name_of(o) for o in operands], operands, walker.stem(node)
    )
    name = found.product.op.name
    return (
        conv2d(call)
        if name == "conv2d"
        else conv_transpose2d(call)
        if name == "conv_transpose2d"
        else linear(call)
    )


@prepares("reshape")
def find_rows(walker: Walker, node: Node) -> None:
    """Look for a product of the rows of an array of more axes, which MatMul takes as it is."""
    product = source(node.operands[0])
    if not walker.serves_one(product, "matmul"):
        return
    rows, w = (source(o) for o in product.operands)
    if rows.op.name != "reshape" or rows.ndim != 2:
        return
    x = source(rows.operands[0])
    if (*x.shape[:-1], w.shape[-1]) != node.shape or x.shape[-1:] != rows.shape[1:]:
        return
    walker.matched[node] = (x, w)
    walker.skipped.add(product)
    seen = rows in walker.wanted or rows.name is not None
    if not seen and all(c in walker.skipped for c in walker.consumers[rows]):
        walker.skipped.add(rows)


@writes_with_walker("reshape")
def reshape(walker: Walker, node: Node) -> str:
    if node in walker.matched:
        sources = list(walker.matched[node])
        names = [walker.name_of(s) for s in sources]
        return matmul(Writing(walker.body, node, names, sources, walker.stem(node)))
    call = walker.writing(node)
    return call.reshape(call.inputs[0], call.shape_of(0), call.shape)
