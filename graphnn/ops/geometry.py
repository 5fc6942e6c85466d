"""Move images, each of a batch by a matrix of its own: turn, shift, zoom, mirror and crop them in one pass."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite
from graphnn.core.dims import Dim, shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node
from graphnn.ops.comparison import greater, less, logical_or, where
from graphnn.ops.gathering import build_gather
from graphnn.ops.rounding import floor
from graphnn.ops.shape import build_reshape
from graphnn.ops.triangles import build_arange
from graphnn.ops.windows import cut_range, read_numbers


@composite(
    "x(n, c, h, w), matrix(n, 2, 3), fill() -> y(n, c, *t)",
    latex=r"{x}\left({matrix}\, (r, s, 1)^\top\right)",
    slopes=(r"[r, s \text{ within}]", r"\nabla {x}", r"[r, s \text{ outside}]"),
    samples=[
        Sample(((2, 2, 4, 5), (2, 2, 3), ()), {"into": (4, 5)}),
        Sample(((1, 3, 3, 2), (1, 2, 3), ()), {"into": (2, 4)}),
        Sample(((3, 1, 1, 6), (3, 2, 3), ()), {"into": (3, 1)}),
    ],
)  # fmt: skip
def affine_sample(x, matrix, fill, *, into):
    """Every image moved by a matrix of its own; what comes from beyond its edge is `fill`.

    Shapes: x (n, c, h, w), matrix (n, 2, 3), fill () -> y (n, c, *size), of the size of x if none is given. Pixel (row,
    column) of y, in pixels from the middle of y, is taken at matrix @ (row, column, 1) of x, in pixels from the middle
    of x, linearly between its four neighbours. So [[1, 0, a], [0, 1, b]] with whole a and b gives exactly the pixels a
    below and b to the right. The slope for the matrix jumps where a place is on a pixel.

    Source: Jaderberg et al., Spatial transformer networks, NeurIPS 2015, equations 1 and 5; PyTorch,
    torch.nn.functional.grid_sample with padding_mode="zeros", in pixels.
    """
    affine_sample_shape(x.shape, matrix.shape, fill.shape, into=into)
    n, c, h, w = x.shape
    p, q = into
    down, across = _from_middle(p, x.dtype), _from_middle(q, x.dtype)
    down, across = build_reshape(down, (1, p, 1)), build_reshape(across, (1, 1, q))
    flat = build_reshape(matrix, (n, 6, 1, 1))
    rows, columns = (
        flat[:, k] * down + flat[:, k + 1] * across + (flat[:, k + 2] + (length - 1) / 2)
        for k, length in ((0, h), (3, w))
    )
    pixels = build_reshape(x, (n, c, h * w))
    top, left = floor(rows), floor(columns)
    y = total = outside = None
    for row, row_share in ((top, 1.0 - (rows - top)), (top + 1.0, rows - top)):
        for column, share in ((left, 1.0 - (columns - left)), (left + 1.0, columns - left)):
            beyond = logical_or(_beyond(row, h), _beyond(column, w))
            weight = build_reshape(where(beyond, 0.0, row_share * share), (n, 1, p, q))
            # A place that is not a number lies nowhere; its weight, which is none either, tells of it.
            place = where(logical_or(beyond, row != row), 0.0, row) * float(w)
            place = place + where(logical_or(beyond, column != column), 0.0, column)
            line = build_reshape(place.cast("int64"), (n, 1, p * q))
            pixel = build_reshape(build_gather(pixels, line, 2), (n, c, p, q))
            taken = where(build_reshape(beyond, (n, 1, p, q)), 0.0, weight * pixel)
            y = taken if y is None else y + taken
            total = weight if total is None else total + weight
            outside = beyond if outside is None else logical_or(outside, beyond)
    outside = build_reshape(outside, (n, 1, p, q))
    return y + where(outside, (1.0 - total) * fill, 0.0)


def _from_middle(length, dtype):
    return build_arange(length).cast(dtype) - (length - 1) / 2


def _beyond(place, length):
    return logical_or(less(place, 0.0), greater(place, float(length - 1)))


@affine_sample.build
def build_affine_sample(x, matrix, size=None, fill=0.0):
    x, matrix, fill = affine_sample.as_nodes((as_node(x, affine_sample), matrix, fill))
    if size is None:
        size = x.shape[2:]
    elif any(isinstance(length, Dim) for length in size if isinstance(size, tuple | list)):
        raise ShapeError(f"affine_sample: size is {size!r}, wanted two numbers.")
    else:
        size = read_numbers(size, 2, "affine_sample", "size", least=1)
    return affine_sample.node(x, matrix, fill, into=tuple(size))


@affine_sample.shape
def affine_sample_shape(x, matrix, fill, *, into):
    sizes = (*x[2:], *into)
    if any(isinstance(length, Dim) or length < 1 for length in sizes) or len(into) != 2:
        raise ShapeError(
            f"affine_sample: images of {shape_text(x[2:])} moved into {shape_text(into)}; wanted known sizes of at "
            "least 1."
        )
    if matrix[1:] != (2, 3):
        raise ShapeError(
            f"affine_sample: matrix is {shape_text(matrix)}, wanted (n, 2, 3), one for each image."
        )
    return (*x[:2], *into)


@affine_sample.view
def affine_sample_view(x, matrix, fill, y, *, into):
    n, c, h, w = x
    ints = {"h": h, "w": w, "q": y[3], "first": 0, "last": n, "work": 16 * prod(y)}
    return View(((n, c, h * w), (n, 6), (1,), (n, c, y[2] * y[3])), ints)


affine_sample.shard(cut_range)


def has_neighbours(row, column, h, w):
    """Whether a place lies between four pixels."""
    return row >= 0.0 and row < h - 1 and column >= 0.0 and column < w - 1


def sample_at_edge(x, fill, y, n, k, row, column, h, w):
    """The pixel at a place that has not all four neighbours."""
    channels = x.shape[1]
    if row < -1.0 or row >= h or column < -1.0 or column >= w:
        for c in range(channels):
            y[n, c, k] = fill[0]
        return
    if row != row or column != column:
        for c in range(channels):
            y[n, c, k] = row + column
        return
    # Positive numbers lose their fraction downwards.
    top, left = np.int64(row + 1.0) - 1, np.int64(column + 1.0) - 1
    low, right = row - top, column - left
    # Neighbours beyond the edge have no share.
    high = 1.0 - low if top >= 0 else 0.0 * low
    near = 1.0 - right if left >= 0 else 0.0 * right
    low = low if top + 1 < h else 0.0 * low
    right = right if left + 1 < w else 0.0 * right
    rest = (1.0 - (high + low) * (near + right)) * fill[0]
    for c in range(channels):
        total = rest
        for a in range(max(top, 0), min(top + 2, h)):
            share = high if a == top else low
            for b in range(max(left, 0), min(left + 2, w)):
                total += share * (near if b == left else right) * x[n, c, np.uint64(a * w + b)]
        y[n, c, k] = total


@affine_sample.scratch
def affine_sample_scratch(view):
    return 2 * view.ints["q"]


# The places of a row are written down once: computed twice, they could be rounded to two sides of an edge.
@affine_sample.kernel
def affine_sample_kernel(x, matrix, fill, y, scratch, h, w, q, first, last):
    channels, p = x.shape[1], y.shape[2] // q
    rows, columns = scratch[:q], scratch[q : 2 * q]
    for n in range(first, last):
        for i in range(p):
            row_step, column_step = matrix[n, 1], matrix[n, 4]
            for j in range(q):
                rows[j] = j - 0.5 * (q - 1)
                columns[j] = rows[j]
            down = i - 0.5 * (p - 1)
            row = matrix[n, 0] * down + (matrix[n, 2] + 0.5 * (h - 1))
            column = matrix[n, 3] * down + (matrix[n, 5] + 0.5 * (w - 1))
            for j in range(q):
                rows[j] = row + row_step * rows[j]
                columns[j] = column + column_step * columns[j]
            # Places lie on a line, so those with all four neighbours follow one another: from `start` to `stop`.
            start, stop = 0, q
            while start < q and not has_neighbours(rows[start], columns[start], h, w):
                sample_at_edge(x, fill, y, n, np.uint64(i * q + start), rows[start], columns[start], h, w)
                start += 1
            while stop > start and not has_neighbours(rows[stop - 1], columns[stop - 1], h, w):
                stop -= 1
                sample_at_edge(x, fill, y, n, np.uint64(i * q + stop), rows[stop], columns[stop], h, w)
            for c in range(channels):
                for j in range(start, stop):
                    top, left = np.floor(rows[j]), np.floor(columns[j])
                    low, right = rows[j] - top, columns[j] - left
                    at = np.int32(top) * w + np.int32(left)
                    upper = (1.0 - right) * x[n, c, np.uint64(at)] + right * x[n, c, np.uint64(at + 1)]
                    lower = (1.0 - right) * x[n, c, np.uint64(at + w)] + right * x[
                        n, c, np.uint64(at + w + 1)
                    ]
                    y[n, c, np.uint64(i * q + j)] = (1.0 - low) * upper + low * lower


__all__ = ["affine_sample"]
