"""Axes as kernels like them: checks of axis arguments, and views that bring every shape to a few simple
ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from graphnn.core.dims import Shape, shape_text, whole
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Op, View
from graphnn.core.registry import SERVICES

STRIDED_AXES = 6


def as_node(x: Any, op: Op, slot: int = 0) -> Node:
    """`x` itself if it is a node, else a constant that holds it: builders look at shapes before they
    build.
    """
    return x if isinstance(x, Node) else SERVICES["constant_like"](x, None, op, slot)


def normal_axis(axis: Any, shape: Shape, who: str) -> int:
    """`axis` counted from the front; an error that names the shape if there is no such axis."""
    k = None if isinstance(axis, Node) else whole(axis)
    if k is None:
        raise ShapeError(f"{who}: an axis is an int, found {axis!r}.")
    if not -len(shape) <= k < len(shape):
        raise ShapeError(f"{who}: there is no axis {k} in shape {shape_text(shape)} of {len(shape)} axes.")
    return k % len(shape)


def normal_axes(axis: Any, shape: Shape, who: str) -> tuple[int, ...]:
    """The axes that `axis` stands for, sorted: None is all of them, an int is one, a tuple several."""
    if axis is None:
        return tuple(range(len(shape)))
    found = [normal_axis(a, shape, who) for a in (axis if isinstance(axis, list | tuple) else (axis,))]
    if len(set(found)) != len(found):
        raise ShapeError(f"{who}: axis {axis!r} names an axis of {shape_text(shape)} twice.")
    return tuple(sorted(found))


def neighbours(axes: Sequence[int]) -> list[tuple[int, ...]]:
    """Sorted axes in runs of neighbours: (0, 1, 3) gives (0, 1), (3,)."""
    runs: list[list[int]] = []
    for k in axes:
        if runs and runs[-1][-1] == k - 1:
            runs[-1].append(k)
        else:
            runs.append([k])
    return [tuple(run) for run in runs]


def reduced(shape: Shape, axes: Sequence[int], keepdims: bool) -> Shape:  # noqa: FBT001
    """The shape after the reduction of `axes`."""
    if keepdims:
        return tuple(1 if k in axes else d for k, d in enumerate(shape))
    return tuple(d for k, d in enumerate(shape) if k not in axes)


def checked_axes(shape: Shape, axes: Any, who: str) -> tuple[int, ...]:
    """`axes` of a reduction node: sorted neighbours that exist. The builders see to it; a hand may not."""
    found = normal_axes(axes, shape, who)
    if len(neighbours(found)) != 1 or tuple(axes) != found:
        raise ShapeError(f"{who}: a reduction node takes neighbouring axes in order, found axes={axes!r}.")
    return found


def axis_view(x, y, *, axes, keepdims=False):
    """Neighbouring axes as one: a reduction kernel sees (outer, axis * inner) -> (outer, inner), and `axis`.

    Element k along the axis stands at k * inner + i of a row. With an axis of its own for `inner` the
    compiler would not know that neighbours are one element apart where inner is 1, and would not use vectors.
    """
    outer, axis, inner = prod(x[: axes[0]]), prod(x[axes[0] : axes[-1] + 1]), prod(x[axes[-1] + 1 :])
    return View(((outer, axis * inner), (outer, inner)), {"axis": axis})


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """How many elements apart neighbours along each axis are."""
    return tuple(prod(shape[k + 1 :]) for k in range(len(shape)))


def strided(
    shape: Sequence[int], strides: Sequence[int], offset: int
) -> tuple[tuple[int, ...], dict[str, int]]:
    """A walk through flat memory, with as few axes as possible: a kernel's shape and integers.

    Padded in front to six axes, element (i0, ..., i5) stands at offset + i0*s0 + ... + i5*s5. The shape is
    (planes, rows, columns): the first four axes are counted as one, for a kernel of three loops compiles in a
    third of the time of one of six.
    """
    walk: list[tuple[int, int]] = []
    if 0 in shape:
        walk, offset = [(0, 0)], 0
    else:
        for n, s in zip(shape, strides, strict=True):
            if n == 1:
                continue
            if walk and walk[-1][1] == s * n:
                walk[-1] = (walk[-1][0] * n, s)
            else:
                walk.append((n, s))
    if len(walk) > STRIDED_AXES:
        raise ShapeError(
            f"shape {tuple(shape)} walked with strides {tuple(strides)} needs {len(walk)} loops; at most "
            f"{STRIDED_AXES} are possible. Join axes by reshape, or move fewer of them at once."
        )
    walk = [(1, 0)] * (STRIDED_AXES - len(walk)) + walk
    sizes, steps = zip(*walk, strict=True)
    ints = {"offset": offset, **{f"n{k}": sizes[k] for k in (1, 2, 3)}}
    return (prod(sizes[:4]), *sizes[4:]), {**ints, **{f"s{k}": s for k, s in enumerate(steps)}}


def place_of(t, offset, n1, n2, n3, s0, s1, s2, s3):
    """Where plane t of a strided walk begins in the flat memory."""
    i3 = t % n3
    t = t // n3
    i2 = t % n2
    t = t // n2
    return offset + (t // n1) * s0 + (t % n1) * s1 + i2 * s2 + i3 * s3


def strided_load(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5):
    """Fill y (planes, rows, columns) from the flat x, walked with steps s4 and s5 in a plane.

    Indices are made unsigned because Numba wraps negative ones, and that test keeps loops from vectorising.
    """
    planes, rows, columns = y.shape
    for t in range(planes):
        base = place_of(t, offset, n1, n2, n3, s0, s1, s2, s3)
        if s4 == 1 and s5 != 0:
            # A transposition: small squares, so that both sides stay in the nearest cache. Neighbours are read
            # and then scattered: the other way round takes twice as long.
            for top in range(0, rows, 16):
                bottom = top + 16 if top + 16 < rows else rows
                for left in range(0, columns, 16):
                    right = left + 16 if left + 16 < columns else columns
                    for k in range(left, right):
                        for j in range(top, bottom):
                            y[t, np.uint64(j), np.uint64(k)] = x[np.uint64(base + j + k * s5)]
        elif s5 == 1:
            for j in range(rows):
                for k in range(columns):
                    y[t, j, k] = x[np.uint64(base + j * s4 + k)]
        elif s5 == 0 and columns > 0:
            for j in range(rows):
                value = x[np.uint64(base + j * s4)]
                for k in range(columns):
                    y[t, j, k] = value
        else:
            for j in range(rows):
                for k in range(columns):
                    y[t, j, k] = x[np.uint64(base + j * s4 + k * s5)]


def strided_store(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5):
    """Write x (planes, rows, columns) into the flat y, walked with steps s4 and s5 in a plane."""
    planes, rows, columns = x.shape
    for t in range(planes):
        base = place_of(t, offset, n1, n2, n3, s0, s1, s2, s3)
        for j in range(rows):
            if s5 == 1:
                for k in range(columns):
                    y[np.uint64(base + j * s4 + k)] = x[t, j, k]
            else:
                for k in range(columns):
                    y[np.uint64(base + j * s4 + k * s5)] = x[t, j, k]
