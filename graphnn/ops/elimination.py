"""Gaussian elimination inside kernels, with the largest pivot of each column: what solvers and determinants share."""

from __future__ import annotations

import numpy as np


def lu_column(u, m, k):
    """Step k of the factors of a flat m x m matrix: the largest number of the column becomes the pivot.

    Its row, which is returned, changes places with row k; the column below keeps the factors. A pivot of 0 changes
    nothing: the column is 0 from there on down.
    """
    row = k
    best = abs(u[k * m + k])
    for i in range(k + 1, m):
        size = abs(u[i * m + k])
        if size > best:
            best = size
            row = i
    top = np.uint64(k * m)
    if row != k:
        at = np.uint64(row * m)
        for j in range(np.uint64(0), np.uint64(m)):
            kept = u[top + j]
            u[top + j] = u[at + j]
            u[at + j] = kept
    pivot = u[k * m + k]
    if pivot != 0.0:
        for i in range(k + 1, m):
            factor = u[i * m + k] / pivot
            u[i * m + k] = factor
            at = np.uint64(i * m)
            for j in range(np.uint64(k + 1), np.uint64(m)):
                u[at + j] -= factor * u[top + j]
    return row


def lu_product(u, m):
    """The determinant of a flat m x m matrix, which is overwritten by its factors."""
    product = 1.0
    for k in range(m):
        row = lu_column(u, m, k)
        pivot = u[k * m + k]
        product *= pivot if row == k else -pivot
    return product


def copy_matrix(a, c, m, u):
    """Matrix c of a stack, flat; whether there is no NaN in it."""
    clean = True
    for i in range(m):
        for j in range(m):
            v = a[c, i, j]
            u[np.uint64(i * m + j)] = v
            clean = clean and v == v
    return clean


def has_nan(a):
    return np.isnan(a).any((-2, -1))


def factor_room(view):
    """Working memory for the factors of one matrix."""
    return view.shapes[0][-1] ** 2


def place_in(a, position, port="a"):
    """What an error calls matrix `position` of a stack."""
    if a.ndim == 2:
        return port
    return f"{port}[{', '.join(str(k) for k in np.unravel_index(position, a.shape[:-2]))}]"
