"""Determinants, their logarithms and cofactors, alone or in stacks of small matrices.

Source of the slopes: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import Dim, shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import mul
from graphnn.ops.comparison import less, where
from graphnn.ops.elimination import copy_matrix, factor_room, has_nan, lu_column, lu_product
from graphnn.ops.index import take_rows
from graphnn.ops.linalg import swap_last
from graphnn.ops.mathematics import log
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape, build_transpose, reshape
from graphnn.ops.solving import inverse


@op(
    "a(*c, m, m) -> y(*c)", latex=r"\det {a}", slopes=(r"\mathrm{adj}({a})^\top",), onnx="Det",
    samples=[Sample(((3, 3),)), Sample(((2, 2, 2),)), Sample(((1, 1),))],
)  # fmt: skip
def det(a):
    """The determinant of each matrix.

    Shapes: a (*c, m, m) -> y (*c); of an empty matrix it is 1. The slope is the matrix of cofactors, also where a is
    singular. For large matrices take slogdet: it does not overflow, and its slope takes m^3 operations instead of
    m^5. Source: NumPy, numpy.linalg.det; slope: Jacobi's formula, as in Giles 2008, section 2.2.4.
    """
    return np.linalg.det(a)


det.scratch(factor_room)


@det.cost
def det_cost(node):
    a = node.operands[0]
    return size_of(a.shape) * a.shape[-1]


@det.kernel
def det_kernel(a, y, scratch):
    count, m, _ = a.shape
    for c in range(count):
        copy_matrix(a, c, m, scratch)
        y[c] = lu_product(scratch, m)


@det.vjp
def det_vjp(g, a, y):
    return [mul(_spread(g), cofactors.node(a))]


def _spread(x: Node) -> Node:
    """A number for each matrix, with two axes of size 1 behind."""
    return reshape.node(x, shape=(*x.shape, 1, 1))


@composite(
    "a(*c, m, m) -> y(*c, m, m)", latex=r"\mathrm{adj}({a})^\top",
    slopes=(r"\pm \det {a}_{-ik,-jl}",),
    samples=[Sample(((3, 3),)), Sample(((2, 2, 2),)), Sample(((1, 1),))],
)  # fmt: skip
def cofactors(a):
    """What each element of a counts in its determinant: the determinant without its row and column, with a sign.

    Shapes: a (*c, m, m) -> y (*c, m, m). It is the slope of det, and right where a is singular too, where
    det(a) times the inverse says nothing; it takes m^5 operations. Source: Jacobi's formula, as in Giles 2008,
    section 2.2.4.
    """
    m = a.shape[-1]
    if isinstance(m, Dim):
        raise ShapeError(f"cofactors: their slope needs matrices of known size, found {shape_text(a.shape)}.")
    if m == 1:
        return build_broadcast_to(constant(1.0, dtype=a.dtype), a.shape)
    numbers = np.arange(m * m).reshape(m, m)
    minors = [[np.delete(np.delete(numbers, i, 0), j, 1) for j in range(m)] for i in range(m)]
    count = size_of(a.shape[:-2])
    flat = build_transpose(build_reshape(a, (count, m * m)), (1, 0))
    found = take_rows(flat, constant(np.array(minors, np.int64).reshape(m, m, max(m - 1, 0), max(m - 1, 0))))
    signs = np.where((np.arange(m)[:, None] + np.arange(m)) % 2 == 0, 1.0, -1.0)
    return build_reshape(mul(det.node(build_transpose(found, (4, 0, 1, 2, 3))), signs), a.shape)


cofactors.scratch(factor_room)


@cofactors.cost
def cofactors_cost(node):
    m = node.shape[-1]
    return size_of(node.shape) * m * m * m


@cofactors.kernel
def cofactors_kernel(a, y, scratch):
    count, m, _ = a.shape
    for c in range(count):
        for at in range(m * m):
            row, column = at // m, at % m
            for i in range(m - 1):
                for j in range(m - 1):
                    scratch[i * (m - 1) + j] = a[c, i + 1 if i >= row else i, j + 1 if j >= column else j]
            sign = 1.0 if (row + column) % 2 == 0 else -1.0
            y[c, row, column] = sign * lu_product(scratch, m - 1)


@op(
    "a(*c, m, m) -> y(*c, 2)", latex=r"(\mathrm{sgn} \det {a},\, \log |\det {a}|)", slopes=(r"(0,\, {a}^{-\top})",),
    samples=[Sample(((3, 3),)), Sample(((2, 2, 2),))],
)  # fmt: skip
def sign_and_logdet(a):
    """Sign and logarithm of the determinant of each matrix, side by side: what `slogdet` is made of.

    Shapes: a (*c, m, m) -> y (*c, 2). A singular matrix has sign 0 and logarithm -inf; there its slope is a fault.
    Source: NumPy, numpy.linalg.slogdet; slope: Giles 2008, section 2.2.4.
    """
    return np.where(has_nan(a)[..., None], np.nan, np.stack(np.linalg.slogdet(a), -1)).astype(a.dtype)


sign_and_logdet.scratch(factor_room)
sign_and_logdet.cost(det_cost)


@sign_and_logdet.kernel
def sign_and_logdet_kernel(a, y, scratch):
    count, m, _ = a.shape
    for c in range(count):
        clean = copy_matrix(a, c, m, scratch)
        sign = 1.0
        total = 0.0
        for k in range(m):
            row = lu_column(scratch, m, k)
            pivot = scratch[k * m + k]
            pivot = pivot if row == k else -pivot
            sign *= 1.0 if pivot > 0.0 else (-1.0 if pivot < 0.0 else 0.0)
            total += log(abs(pivot))
        y[c, 0] = sign if clean else np.nan
        y[c, 1] = total if clean else np.nan


@sign_and_logdet.vjp
def sign_and_logdet_vjp(g, a, y):
    return [mul(_spread(g[..., 1]), swap_last(inverse(a)))]


def slogdet(a):
    """Sign and logarithm of the absolute determinant of each matrix: `sign, logarithm = slogdet(a)`.

    Shapes: a (*c, m, m) -> (*c), (*c). See sign_and_logdet. Source: NumPy, numpy.linalg.slogdet.
    """
    both = sign_and_logdet(a)
    return both[..., 0], both[..., 1]


def logdet(a):
    """The logarithm of the determinant of each matrix, NaN where that is negative.

    Shapes: a (*c, m, m) -> (*c). Source: PyTorch, torch.logdet.
    """
    sign, logarithm = slogdet(a)
    return where(less(sign, 0.0), float("nan"), logarithm)


__all__ = ["cofactors", "det", "logdet", "sign_and_logdet", "slogdet"]
