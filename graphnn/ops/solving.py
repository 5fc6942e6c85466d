"""Solve linear systems, factor and invert matrices, alone or in stacks of small ones.

Source of the slopes: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008; of cholesky: Murray, Differentiation of the Cholesky decomposition, 2016.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import shape_text, size_of
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import neg
from graphnn.ops.elimination import copy_matrix, factor_room, has_nan, lu_column, place_in
from graphnn.ops.linalg import build_matmul, common_batch, swap_last, times_nt, times_tn
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import expand_dims, squeeze
from graphnn.ops.triangles import eye, tril, triu


def _is_singular(matrix):
    try:
        np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return True
    return False


def _system(record, a, b, **attributes):
    """A node of a solver: b may be a vector, and stacks broadcast."""
    a, b = record.as_nodes((a, b))
    who = record.name
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{who}: {a.name or 'a'} is {shape_text(a.shape)}; wanted square matrices.")
    if b.ndim == 0:
        raise ShapeError(
            f"{who}: {b.name or 'b'} is a number; wanted a vector or matrices of right-hand sides."
        )
    if b.ndim == 1:
        return squeeze.node(
            _system(record, a, expand_dims.node(b, axes=(1,)), **attributes), axes=(a.ndim - 1,)
        )
    if b.shape[-2] != a.shape[-1]:
        raise ShapeError(
            f"{who}: axis m is {a.shape[-1]} in {a.name or 'a'} {shape_text(a.shape)} but {b.shape[-2]} in "
            f"{b.name or 'b'} {shape_text(b.shape)}; each column of b has as many numbers as a has rows."
        )
    batch = common_batch(a, b, who)
    a = build_broadcast_to(a, (*batch, *a.shape[-2:]))
    return record.node(a, build_broadcast_to(b, (*batch, *b.shape[-2:])), **attributes)


def _system_cost(node):
    a, b = node.operands
    return size_of(a.shape) * a.shape[-1] + 2 * size_of(b.shape) * a.shape[-1]


@op(
    "a(*c, m, m), b(*c, m, n) -> y(*c, m, n)", latex=r"{a}^{-1} {b}",
    slopes=(r"-{a}^{-\top} g\, {y}^\top", r"{a}^{-\top}"),
    samples=[Sample(((3, 3), (3, 2))), Sample(((2, 2, 2), (2, 2, 1)))],
)  # fmt: skip
def solve(a, b):
    """The y with a y = b, by elimination with row exchanges.

    Shapes: a (*c, m, m), b (*c, m, n) -> y (*c, m, n); stacks broadcast, and a vector b (m) gives a vector.

    NaN in a matrix makes all of its y NaN.

    Raises FaultError at run time for a singular matrix. Source: NumPy, numpy.linalg.solve; slopes: Giles 2008,
    section 2.3.1.
    """
    try:
        return np.where(has_nan(a)[..., None, None], np.nan, np.linalg.solve(a, b)).astype(a.dtype)
    except np.linalg.LinAlgError:
        bad = next(k for k, matrix in enumerate(a.reshape(-1, *a.shape[-2:])) if _is_singular(matrix))
        raise IndexError(f"{place_in(a, bad)} is singular: it has no inverse") from None


@solve.build
def build_solve(a, b):
    return _system(solve, a, b)


solve.scratch(factor_room)
solve.cost(_system_cost)


@solve.kernel
def solve_kernel(a, b, y, scratch):
    count, m, n = y.shape
    for c in range(count):
        clean = copy_matrix(a, c, m, scratch)
        for i in range(m):
            for j in range(n):
                y[c, i, j] = b[c, i, j]
        if not clean:
            for i in range(m):
                for j in range(n):
                    y[c, i, j] = np.nan
            continue
        for k in range(m):
            row = lu_column(scratch, m, k)
            if scratch[k * m + k] == 0.0:
                return c + 1
            if row != k:
                for j in range(n):
                    kept = y[c, k, j]
                    y[c, k, j] = y[c, row, j]
                    y[c, row, j] = kept
            for i in range(k + 1, m):
                factor = scratch[i * m + k]
                for j in range(n):
                    y[c, i, j] -= factor * y[c, k, j]
        for k in range(m - 1, -1, -1):
            pivot = scratch[k * m + k]
            for j in range(n):
                y[c, k, j] /= pivot
            for i in range(k):
                factor = scratch[i * m + k]
                for j in range(n):
                    y[c, i, j] -= factor * y[c, k, j]
    return 0


@solve.fault
def solve_fault(position, a, b):
    return f"{place_in(a, position)} is singular: it has no inverse"


@solve.vjp
def solve_vjp(g, a, b, y):
    gb = solve.node(swap_last(a), g)
    return [neg(times_nt(gb, y)), gb]


@op(
    "a(*c, m, m), b(*c, m, n) -> y(*c, m, n)", latex=r"{a}^{-1} {b}",
    slopes=(r"-\mathrm{tril}({a}^{-\top} g\, {y}^\top)", r"{a}^{-\top}"),
    samples=[
        Sample(((3, 3), (3, 2)), {"lower": True, "transposed": False}),
        Sample(((2, 2, 2), (2, 2, 1)), {"lower": False, "transposed": False}),
        Sample(((3, 3), (3, 2)), {"lower": True, "transposed": True}),
        Sample(((2, 2), (2, 3)), {"lower": False, "transposed": True}),
    ],
)  # fmt: skip
def triangular_solve(a, b, *, lower, transposed):
    """The y with a y = b (with a^T y = b if `transposed`) for triangular a; its other triangle is not read.

    Shapes: a (*c, m, m), b (*c, m, n) -> y (*c, m, n); stacks broadcast, and a vector b (m) gives a vector.

    Raises FaultError at run time for a 0 on the diagonal. Source: SciPy, scipy.linalg.solve_triangular.
    """
    zeros = np.flatnonzero((np.diagonal(a, axis1=-2, axis2=-1) == 0).any(-1))
    if zeros.size:
        raise IndexError(f"{place_in(a, zeros[0])} is singular: there is a 0 on its diagonal")
    m = a.shape[-1]
    if transposed:
        a = np.swapaxes(a, -1, -2)
    y = np.zeros_like(b)
    from_top = lower != transposed
    for i in range(m) if from_top else range(m - 1, -1, -1):
        done = np.s_[:i] if from_top else np.s_[i + 1 :]
        known = (a[..., i, done, None] * y[..., done, :]).sum(-2)
        y[..., i, :] = (b[..., i, :] - known) / a[..., i, i, None]
    return y


@triangular_solve.build
def build_triangular_solve(a, b, *, lower=True, transposed=False):
    for name, value in (("lower", lower), ("transposed", transposed)):
        if not isinstance(value, bool):
            raise SettingError(f"triangular_solve: {name} is True or False, found {value!r}.")
    return _system(triangular_solve, a, b, lower=lower, transposed=transposed)


@triangular_solve.cost
def triangular_solve_cost(node):
    return size_of(node.shape) * node.operands[0].shape[-1]


@triangular_solve.kernel
def triangular_solve_kernel(a, b, y, lower, transposed):
    count, m, n = y.shape
    for c in range(count):
        for step in range(m):
            # Rows are known from the top if what is solved is lower triangular, else from the bottom.
            i = step if lower != transposed else m - 1 - step
            pivot = a[c, i, i]
            if pivot == 0.0:
                return c + 1
            for j in range(n):
                y[c, i, j] = b[c, i, j]
            for before in range(step):
                k = before if lower != transposed else m - 1 - before
                factor = a[c, k, i] if transposed else a[c, i, k]
                for j in range(n):
                    y[c, i, j] -= factor * y[c, k, j]
            for j in range(n):
                y[c, i, j] /= pivot
    return 0


@triangular_solve.fault
def triangular_solve_fault(position, a, b):
    return f"{place_in(a, position)} is singular: there is a 0 on its diagonal"


@triangular_solve.vjp
def triangular_solve_vjp(g, a, b, y, *, lower, transposed):
    gb = triangular_solve.node(a, g, lower=lower, transposed=not transposed)
    ga = times_nt(y, gb) if transposed else times_nt(gb, y)
    return [neg((tril if lower else triu)(ga)), gb]


@op(
    "a(*c, m, m) -> y(*c, m, m)", latex=r"\mathrm{chol}({a})",
    slopes=(r"\mathrm{sym}({y}^{-\top}\, \Phi({y}^\top g)\, {y}^{-1})",),
    samples=[Sample(((3, 3),)), Sample(((2, 2, 2),))],
)  # fmt: skip
def cholesky(a):
    """The lower triangular y with y y^T = a, for positive definite a.

    Shapes: a (*c, m, m) -> y (*c, m, m). What counts is the symmetric part of a, (a + a^T) / 2, and so the gradient
    is symmetric, as in PyTorch. In the slope Phi takes the lower triangle and half of the diagonal.

    Raises FaultError at run time for a matrix that is not positive definite. Source: NumPy, numpy.linalg.cholesky;
    slope: Murray 2016, equation 10.
    """
    a = 0.5 * a + 0.5 * np.swapaxes(a, -1, -2)
    y = np.zeros_like(a)
    for j in range(a.shape[-1]):
        row = y[..., j, :j]
        rest = a[..., j, j] - (row * row).sum(-1)
        wrong = np.flatnonzero(rest <= 0)
        if wrong.size:
            raise IndexError(f"{place_in(a, wrong[0])} is not positive definite")
        y[..., j, j] = np.sqrt(rest)
        below = a[..., j + 1 :, j] - (y[..., j + 1 :, :j] * row[..., None, :]).sum(-1)
        y[..., j + 1 :, j] = below / y[..., j, j, None]
    return y


@cholesky.cost
def cholesky_cost(node):
    return size_of(node.shape) * node.shape[-1]


@cholesky.kernel
def cholesky_kernel(a, y):
    count, m, _ = y.shape
    for c in range(count):
        for j in range(m):
            rest = a[c, j, j]
            for k in range(j):
                rest -= y[c, j, k] * y[c, j, k]
            if rest <= 0.0:
                return c + 1
            pivot = np.sqrt(rest)
            for i in range(j):
                y[c, i, j] = 0.0
            y[c, j, j] = pivot
            for i in range(j + 1, m):
                rest = 0.5 * a[c, i, j] + 0.5 * a[c, j, i]
                for k in range(j):
                    rest -= y[c, i, k] * y[c, j, k]
                y[c, i, j] = rest / pivot
    return 0


@cholesky.fault
def cholesky_fault(position, a):
    return f"{place_in(a, position)} is not positive definite"


@cholesky.vjp
def cholesky_vjp(g, a, y):
    product = times_tn(y, g)
    # The mean of the triangle with its diagonal and that without: it holds half of the diagonal.
    inner = (tril(product) + tril(product, -1)) * 0.5
    left = triangular_solve.node(y, inner, lower=True, transposed=True)
    whole = triangular_solve.node(y, swap_last(left), lower=True, transposed=True)
    return [(whole + swap_last(whole)) * 0.5]


@composite(
    "a(*c, m, m) -> y(*c, m, m)", latex=r"{a}^{-1}", slopes=(r"-{y}^\top g\, {y}^\top",),
    samples=[Sample(((3, 3),)), Sample(((2, 2, 2),))],
)  # fmt: skip
def inverse(a):
    """The inverse of each matrix; to solve a system, `solve` is faster and nearer to the truth.

    Shapes: a (*c, m, m) -> y (*c, m, m).

    Raises FaultError at run time for a singular matrix. Source: NumPy, numpy.linalg.inv; slope: Giles 2008,
    section 2.2.3.
    """
    return build_solve(a, eye(a.shape[-1], dtype=a.dtype))


def matrix_power(a, n):
    """Each matrix multiplied n times by itself, in about log2(n) products; n < 0 takes the inverse.

    Shapes: a (*c, m, m) -> (*c, m, m). Source: NumPy, numpy.linalg.matrix_power.
    """
    if not isinstance(n, int) or isinstance(n, bool):
        raise SettingError(f"matrix_power: n is a whole number, found {n!r}.")
    (a,) = inverse.as_nodes((a,))
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"matrix_power: a is {shape_text(a.shape)}; wanted square matrices.")
    if n == 0:
        return build_broadcast_to(eye(a.shape[-1], dtype=a.dtype), a.shape)
    square, rest, result = inverse(a) if n < 0 else a, abs(n), None
    while True:
        if rest % 2:
            result = square if result is None else build_matmul(result, square)
        rest //= 2
        if not rest:
            return result
        square = build_matmul(square, square)


__all__ = [
    "cholesky",
    "inverse",
    "matrix_power",
    "solve",
    "triangular_solve",
]
