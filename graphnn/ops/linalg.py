"""Multiply matrices: `x @ w` as NumPy means it, made of one product of two matrices and one of two stacks.

Each product also exists with its first or its second operand transposed, so that the slopes, and graphs that
hold `x @ w.T`, need no copy of a transposed matrix.
"""

from __future__ import annotations

from itertools import pairwise
from math import isqrt, prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import Shape, shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.gemm import LINE_BYTES, TILE_ROWS, gemm_part, gemm_stack
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape, build_transpose, reshape

_COLUMNS = LINE_BYTES // 4
"""Columns of float32 in a line of the cache; float64 has half as many, so such cuts fit both."""


def product_view(*shapes):
    """Operands as they are, and the rectangle of y that the kernel makes: all of it."""
    rows, columns = shapes[-1]
    work = isqrt(prod(shapes[0]) * prod(shapes[1]) * rows * columns)  # m * k times k * n times m * n
    return View(shapes, {"top": 0, "bottom": rows, "left": 0, "right": columns, "work": work})


def cut_rows(view, parts):
    """The rectangle in strips of whole rows, in the steps that the product's tiles have."""
    return cut_range(view, parts, "top", "bottom", TILE_ROWS)


def cut_columns(view, parts):
    """The rectangle in strips of whole columns; of rows if the columns are few.

    Strips are cut where lines of the cache are, so that two threads never write to the same one.
    """
    if view.ints["right"] < parts * _COLUMNS:
        return cut_rows(view, parts)
    return cut_range(view, parts, "left", "right", _COLUMNS)


def cut_range(view, parts, first, last, step):
    """Views for the parts of a range, which two of the integers bound; cuts lie at multiples of `step`."""
    size = view.ints[last]
    steps = -(-size // step)
    cuts = [min(size, step * (steps * i // parts)) for i in range(parts + 1)]
    return [View(view.shapes, {**view.ints, first: a, last: b}) for a, b in pairwise(cuts) if a < b] or [view]


def stack_view(*shapes):
    """Stacks with one axis before the matrices, and the matrices of y that the kernel makes: all of them."""
    x, w, y = [(prod(s[:-2]), *s[-2:]) for s in shapes]
    count, rows, columns = y
    work = count * isqrt(prod(x[1:]) * prod(w[1:]) * rows * columns)
    return View((x, w, y), {"first": 0, "last": count, "work": work})


def cut_stack(view, parts):
    """The stack in runs of whole matrices."""
    return cut_range(view, parts, "first", "last", 1)


def swap_last(x: Node) -> Node:
    """Every matrix of a stack transposed."""
    return build_transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def times_tn(x: Node, w: Node) -> Node:
    """Transposed matrices times matrices, alone or in equal stacks."""
    return (matmul_tn if x.ndim == 2 else batched_matmul_tn).node(x, w)


def times_nt(x: Node, w: Node) -> Node:
    """Matrices times transposed matrices, alone or in equal stacks."""
    return (matmul_nt if x.ndim == 2 else batched_matmul_nt).node(x, w)


@op(
    "x(m, k), w(k, n) -> y(m, n)", latex=r"{x}\, {w}", slopes=(r"{w}^\top", r"{x}^\top"), onnx="MatMul",
    samples=[Sample(((3, 4), (4, 5))), Sample(((1, 3), (3, 1)))],
)  # fmt: skip
def matmul(x, w):
    """Matrix product. `x @ w` takes vectors, matrices and stacks of matrices, as NumPy does.

    Shapes: x (m, k), w (k, n) -> y (m, n). A vector on the left is a row, on the right a column, and leaves
    no axis behind. The rows of a stack x (*b, m, k) beside a matrix w are rows of one product. Stacks on both
    sides, broadcast (a copy where a stack is shorter), make a batched_matmul. An empty axis k gives zeros.
    Source: NumPy, numpy.matmul.
    """
    return x @ w


@matmul.build
def build_matmul(x, w):
    x, w = matmul.as_nodes((x, w))
    _check_inner_axes(x, w)
    if x.ndim == 1:
        y = build_matmul(build_reshape(x, (1, x.shape[0])), w)
        # The row's axis stands last, or before the columns of w.
        k = y.ndim - (1 if w.ndim == 1 else 2)
        return reshape.node(y, shape=y.shape[:k] + y.shape[k + 1 :])
    if w.ndim == 1:
        y = build_matmul(x, build_reshape(w, (w.shape[0], 1)))
        return reshape.node(y, shape=y.shape[:-1])
    if w.ndim == 2:
        if x.ndim == 2:
            return matmul.node(x, w)
        rows = matmul.node(build_reshape(x, (size_of(x.shape[:-1]), x.shape[-1])), w)
        return reshape.node(rows, shape=(*x.shape[:-1], w.shape[-1]))
    batch = common_batch(x, w, "matmul")
    x = build_broadcast_to(x, (*batch, *x.shape[-2:]))
    w = build_broadcast_to(w, (*batch, *w.shape[-2:]))
    return batched_matmul.node(x, w)


def _check_inner_axes(x: Node, w: Node) -> None:
    """The error of a product that does not fit, in the words of the operands as the user gave them."""
    names = [n.name or port for n, port in ((x, "x"), (w, "w"))]
    for node, name in ((x, names[0]), (w, names[1])):
        if node.ndim == 0:
            raise ShapeError(f"matmul: {name} has no axes; multiply numbers by *.")
    found, wanted = x.shape[-1], w.shape[0 if w.ndim == 1 else -2]
    if found == wanted:
        return
    hint = ""
    if x.ndim >= 2 and w.ndim == 2 and found == w.shape[-1]:
        hint = f" Did you mean {names[0]} @ {names[1]}.T?"
    elif x.ndim == 2 and x.shape[0] == wanted:
        hint = f" Did you mean {names[0]}.T @ {names[1]}?"
    raise ShapeError(
        f"matmul: axis k is {found} in {names[0]} {shape_text(x.shape)} but {wanted} in {names[1]} "
        f"{shape_text(w.shape)}.{hint}"
    )


def common_batch(x: Node, w: Node, who: str) -> Shape:
    """The axes before the last two of both, broadcast."""
    a, b = x.shape[:-2], w.shape[:-2]
    rank = max(len(a), len(b))
    out = []
    for d, e in zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True):
        if d != e and d != 1 and e != 1:
            raise ShapeError(
                f"{who}: the stacks {shape_text(x.shape)} and {shape_text(w.shape)} do not fit: their axes "
                f"before the last two must be equal or 1, found {d} and {e}."
            )
        out.append(e if d == 1 else d)
    return tuple(out)


@matmul.kernel
def matmul_kernel(x, w, y, top, bottom, left, right):
    gemm_part(x, w, y, False, False, 1.0, 0.0, top, bottom, left, right)


matmul.view(product_view)
matmul.shard(cut_columns)


@matmul.vjp
def matmul_vjp(g, x, w, y):
    return [matmul_nt.node(g, w), matmul_tn.node(x, g)]


@op(
    "x(k, m), w(k, n) -> y(m, n)", latex=r"{x}^\top {w}", slopes=(r"{w}", r"{x}"),
    samples=[Sample(((4, 3), (4, 5)))],
)  # fmt: skip
def matmul_tn(x, w):
    """Product of a transposed matrix and a matrix, without a copy of the transposed x.

    Shapes: x (k, m), w (k, n) -> y (m, n). Source: BLAS, gemm with transa.
    """
    return x.T @ w


@matmul_tn.kernel
def matmul_tn_kernel(x, w, y, top, bottom, left, right):
    gemm_part(x, w, y, True, False, 1.0, 0.0, top, bottom, left, right)


matmul_tn.view(product_view)
matmul_tn.shard(cut_rows)


@matmul_tn.vjp
def matmul_tn_vjp(g, x, w, y):
    return [matmul_nt.node(w, g), matmul.node(x, g)]


@op(
    "x(m, k), w(n, k) -> y(m, n)", latex=r"{x}\, {w}^\top", slopes=(r"{w}", r"{x}"),
    samples=[Sample(((3, 4), (5, 4)))],
)  # fmt: skip
def matmul_nt(x, w):
    """Product of a matrix and a transposed matrix, without a copy of the transposed w.

    Shapes: x (m, k), w (n, k) -> y (m, n). Source: BLAS, gemm with transb.
    """
    return x @ w.T


@matmul_nt.kernel
def matmul_nt_kernel(x, w, y, top, bottom, left, right):
    gemm_part(x, w, y, False, True, 1.0, 0.0, top, bottom, left, right)


matmul_nt.view(product_view)
matmul_nt.shard(cut_columns)


@matmul_nt.vjp
def matmul_nt_vjp(g, x, w, y):
    return [matmul.node(g, w), matmul_tn.node(g, x)]


@op(
    "x(*b, m, k), w(*b, k, n) -> y(*b, m, n)", latex=r"{x}\, {w}", slopes=(r"{w}^\top", r"{x}^\top"),
    onnx="MatMul", samples=[Sample(((2, 3, 4), (2, 4, 5))), Sample(((2, 2, 1, 3), (2, 2, 3, 2)))],
)  # fmt: skip
def batched_matmul(x, w):
    """Products of two stacks of matrices, pair by pair.

    Shapes: x (*b, m, k), w (*b, k, n) -> y (*b, m, n). Source: NumPy, numpy.matmul.
    """
    return x @ w


@batched_matmul.kernel
def batched_matmul_kernel(x, w, y, first, last):
    gemm_stack(x, w, y, False, False, 1.0, 0.0, first, last)


batched_matmul.view(stack_view)
batched_matmul.shard(cut_stack)


@batched_matmul.vjp
def batched_matmul_vjp(g, x, w, y):
    return [batched_matmul_nt.node(g, w), batched_matmul_tn.node(x, g)]


@op(
    "x(*b, k, m), w(*b, k, n) -> y(*b, m, n)", latex=r"{x}^\top {w}", slopes=(r"{w}", r"{x}"),
    samples=[Sample(((2, 4, 3), (2, 4, 5)))],
)  # fmt: skip
def batched_matmul_tn(x, w):
    """Products of transposed matrices and matrices, pair by pair.

    Shapes: x (*b, k, m), w (*b, k, n) -> y (*b, m, n). Source: BLAS, gemm with transa.
    """
    return np.swapaxes(x, -1, -2) @ w


@batched_matmul_tn.kernel
def batched_matmul_tn_kernel(x, w, y, first, last):
    gemm_stack(x, w, y, True, False, 1.0, 0.0, first, last)


batched_matmul_tn.view(stack_view)
batched_matmul_tn.shard(cut_stack)


@batched_matmul_tn.vjp
def batched_matmul_tn_vjp(g, x, w, y):
    return [batched_matmul_nt.node(w, g), batched_matmul.node(x, g)]


@op(
    "x(*b, m, k), w(*b, n, k) -> y(*b, m, n)", latex=r"{x}\, {w}^\top", slopes=(r"{w}", r"{x}"),
    samples=[Sample(((2, 3, 4), (2, 5, 4)))],
)  # fmt: skip
def batched_matmul_nt(x, w):
    """Products of matrices and transposed matrices, pair by pair.

    Shapes: x (*b, m, k), w (*b, n, k) -> y (*b, m, n). Source: BLAS, gemm with transb.
    """
    return x @ np.swapaxes(w, -1, -2)


@batched_matmul_nt.kernel
def batched_matmul_nt_kernel(x, w, y, first, last):
    gemm_stack(x, w, y, False, True, 1.0, 0.0, first, last)


batched_matmul_nt.view(stack_view)
batched_matmul_nt.shard(cut_stack)


@batched_matmul_nt.vjp
def batched_matmul_nt_vjp(g, x, w, y):
    return [batched_matmul.node(g, w), batched_matmul_tn.node(g, x)]


__all__ = ["batched_matmul", "batched_matmul_nt", "batched_matmul_tn", "matmul", "matmul_nt", "matmul_tn"]
