"""Multiply matrices into place, `c = alpha * op(a) @ op(b) + beta * c`, near the peak of one core.

`gemm` takes matrices, `gemm_part` computes a rectangle of c, `gemm_stack` a run of the matrices of a stack, as
one of several threads does.

The way of Goto and van de Geijn (Anatomy of High-Performance Matrix Multiplication, 2008): c is cut into
tiles of 6 rows and one line of 64 bytes (16 float32 or 8 float64), whose sums stay in 12 registers while k
runs; the columns of b that a tile needs lie packed in a panel in the first cache; the rows of a come from the
second.

The sum of an element of c runs over k in order, in blocks that depend on k alone. So its bits are the same
for any cutting into tiles, parts and threads, and at any address.

The functions of `graphnn.engine.matrix_products.intrinsics` are meanings only: compiled code has vector instructions
instead, and one call into `rectangle`, which is compiled once for each dtype.
"""

from __future__ import annotations

import numpy as np

LINE_BYTES = 64
"""A tile is one such line wide: two registers of AVX2, one of AVX-512, four of SSE or Neon."""

TILE_ROWS = 6
"""6 x 2 registers of sums, 2 of b and 1 of a are 15 of AVX2's 16. Measured on one core of an EPYC 7003,
float32, 256 x 512 x 512, in GFLOP/s (peak 103): 6 rows 94, 5 rows 93, 4 rows 86. Up to 3 rows the
multipliers wait: 78."""

PANEL_STEPS = 512
"""Steps of k in one panel, 32 KiB. 256 were 4 % slower at k = 512, where c is read and written twice."""

PANEL_BYTES = PANEL_STEPS * LINE_BYTES
TILE_BYTES = TILE_ROWS * LINE_BYTES

DIRECT_BYTES = 16 * 1024
"""A b of at most half the first cache is read where it lies, unpacked: 5 % faster at 16 x 16, 2 % at 64 x 64.
A b of 512 columns is 10 to 28 % slower so: rows 2 KiB apart fall into the same few sets of the cache."""

GROUP_BYTES = 2 * 1024 * 1024
"""Rows of a are taken in groups of this size, so that they stay in a cache while the panels of b pass. Groups
that fit the second cache (256 KiB) were 5 to 10 % slower at 512 x 512: b is packed once for each group."""


def gemm(a, b, c, transpose_a, transpose_b, alpha, beta):
    """`c = alpha * op(a) @ op(b) + beta * c` in place, where op transposes if its flag is set.

    Shapes: op(a) (m, k), op(b) (k, n), c (m, n), row-major, one float dtype. c overlaps neither a nor b.
    beta = 0 overwrites c, even NaN; k = 0 leaves beta * c. Any other NaN or infinity spreads as in NumPy.
    """
    gemm_part(a, b, c, transpose_a, transpose_b, alpha, beta, 0, c.shape[0], 0, c.shape[1])


def gemm_part(a, b, c, transpose_a, transpose_b, alpha, beta, first_row, last_row, first_column, last_column):
    """`gemm` for the rows and columns of c from first to last, without last; the rest of c is not touched.

    Parts make up the whole to the last bit, wherever it is cut, so threads may share the work. Cut columns at
    multiples of 16, or two threads write to one line of the cache, and edges cost time.
    """
    n = c.shape[1]
    if transpose_a:
        k, a_row, a_step = a.shape[0], 1, a.shape[1]
    else:
        k, a_row, a_step = a.shape[1], a.shape[1], 1
    b_start = first_column * b.shape[1] if transpose_b else first_column
    gemm_rectangle(
        a, first_row * a_row, a_row, a_step, b, b_start, b.shape[1], transpose_b,
        c, first_row * n + first_column, n, last_row - first_row, last_column - first_column, k, alpha, beta,
    )  # fmt: skip


def gemm_stack(a, b, c, transpose_a, transpose_b, alpha, beta, first, last):
    """`gemm` for the matrices of c (batch, m, n) from first to last, without last.

    A stack a or b of length 1 serves every matrix of c.
    """
    _, m, n = c.shape
    if transpose_a:
        k, a_row, a_step = a.shape[1], 1, a.shape[2]
    else:
        k, a_row, a_step = a.shape[2], a.shape[2], 1
    a_next = m * k if a.shape[0] > 1 else 0
    b_next = k * n if b.shape[0] > 1 else 0
    for i in range(first, last):
        gemm_rectangle(
            a, i * a_next, a_row, a_step, b, i * b_next, b.shape[2], transpose_b,
            c, i * m * n, n, m, n, k, alpha, beta,
        )  # fmt: skip


def gemm_rectangle(
    a,
    a_start,
    a_row,
    a_step,
    b,
    b_start,
    b_stride,
    transpose_b,
    c,
    c_start,
    c_row,
    rows,
    columns,
    k,
    alpha,
    beta,
):
    """`rectangle` in arrays of any rank, each from its own place on."""
    scale = np.array([alpha, beta], c.dtype)
    a, b, c = a.reshape(-1)[a_start:], b.reshape(-1)[b_start:], c.reshape(-1)[c_start:]
    rectangle(a, b, c, scale, a_row, a_step, b_stride, int(transpose_b), c_row, rows, columns, k)


def rectangle(a, b, c, scale, a_row, a_step, b_stride, transpose_b, c_row, rows, columns, k):
    """`c = alpha * a @ b + beta * c` with scale = (alpha, beta), for matrices that lie in flat arrays.

    a has a stride for rows and one for steps of k, so a transposed a needs no copy. The strides of b and c
    are those of their rows in memory; a transposed b has its k along these rows.
    """
    width = LINE_BYTES // c.itemsize
    panel = workspace(c, PANEL_BYTES)
    corner = workspace(c, TILE_BYTES)
    alpha, keep = scale[0], scale[1]
    blocks = max(1, (k + PANEL_STEPS - 1) // PANEL_STEPS)
    for block in range(blocks):
        first_step = k * block // blocks
        depth = k * (block + 1) // blocks - first_step
        rows_in_group = max(TILE_ROWS, GROUP_BYTES // (c.itemsize * max(depth, 1)))
        groups = (rows + rows_in_group - 1) // rows_in_group
        for group in range(groups):
            first_row = rows * group // groups
            height = rows * (group + 1) // groups - first_row
            # Tiles of nearly one height: 16 rows are 5 + 5 + 6, not 6 + 6 + 4, whose multipliers would wait.
            tiles = (height + TILE_ROWS - 1) // TILE_ROWS
            is_direct = tiles == 1 or depth * b_stride * c.itemsize <= DIRECT_BYTES
            for column in range(0, columns, width):
                count = min(width, columns - column)
                source, source_start, source_step = panel, 0, width
                if transpose_b:
                    pack_columns(b, column * b_stride + first_step, b_stride, depth, count, panel)
                elif is_direct and count == width:
                    source, source_start, source_step = b, first_step * b_stride + column, b_stride
                else:
                    for p in range(depth):
                        load_line(b, (first_step + p) * b_stride + column, panel, p * width, count)
                top = first_row
                for tile in range(tiles):
                    bottom = first_row + height * (tile + 1) // tiles
                    place = top * c_row + column
                    target, target_start, target_row = c, place, c_row
                    if count < width:
                        # The last columns of c: a whole line would reach into the next row.
                        target, target_start, target_row = corner, 0, width
                        if keep != 0:
                            for r in range(bottom - top):
                                load_line(c, place + r * c_row, corner, r * width, count)
                    tile_product(
                        bottom - top, depth, a, top * a_row + first_step * a_step, a_row, a_step,
                        source, source_start, source_step, target, target_start, target_row, alpha, keep,
                    )  # fmt: skip
                    if count < width:
                        for r in range(bottom - top):
                            store_line(corner, r * width, c, place + r * c_row, count)
                    top = bottom
        keep = c.dtype.type(1)


def pack_columns(b, start, stride, depth, count, panel):
    """Fill a panel with `count` rows of b, transposed.

    Squares pass through registers: one by one, the product of 32 rows by 512 x 512 took 2.3 times as long, of
    256 rows 1.2 times. The last square overlaps the one before; too little for a square is copied one by one.
    """
    width = LINE_BYTES // panel.itemsize
    half = width // 2
    for left in range(0, width, half):
        first = start + left * stride
        if left + half <= count and depth >= half:
            for p in range(0, depth - half, half):
                transpose_square(b, first + p, stride, panel, p * width + left)
            transpose_square(b, first + depth - half, stride, panel, (depth - half) * width + left)
        else:
            inside = min(max(count - left, 0), half)
            for p in range(depth):
                for r in range(inside):
                    panel[p * width + left + r] = b[first + r * stride + p]
                for r in range(inside, half):
                    panel[p * width + left + r] = 0


def workspace(like, size_in_bytes):
    """Room on the stack, with any content, for numbers of the dtype of `like`. The size is a constant."""
    return np.full(size_in_bytes // like.itemsize, np.nan, like.dtype)


def load_line(source, start, target, target_start, count):
    """Copy `count` numbers into a line of target and make the rest of that line 0. Reads no further."""
    width = LINE_BYTES // source.itemsize
    target[target_start : target_start + count] = source[start : start + count]
    target[target_start + count : target_start + width] = 0


def store_line(source, source_start, target, start, count):
    """Copy the first `count` numbers of a line of source. Writes no further."""
    target[start : start + count] = source[source_start : source_start + count]


def transpose_square(source, start, stride, target, target_start):
    """Put a square of half a line, whose rows lie `stride` apart, transposed into half lines of target."""
    half = LINE_BYTES // source.itemsize // 2
    for r in range(half):
        for s in range(half):
            target[target_start + 2 * half * s + r] = source[start + r * stride + s]


def tile_product(rows, depth, a, a_start, a_row, a_step, b, b_start, b_step, c, c_start, c_row, alpha, beta):
    """`c = alpha * a @ b + beta * c` for a tile of 1 to 6 rows, a line wide. If beta is 0, c is not read."""
    width = LINE_BYTES // c.itemsize
    for r in range(rows):
        total = np.zeros(width, c.dtype)
        for p in range(depth):
            total += a[a_start + r * a_row + p * a_step] * b[b_start + p * b_step :][:width]
        line = c[c_start + r * c_row :][:width]
        line[:] = alpha * total if beta == 0 else alpha * total + beta * line
