"""The loops of recurrent networks: walk through time with the states of a few rows of the batch.

Every array is flat. The rows of a batch never meet, so threads take rows `top` to `bottom` and walk by
themselves; a row is computed alike wherever the batch is cut. A state has `size` numbers, n for short. Each
loop over a row writes one run of numbers and reads few: LLVM gives up on more, for it has to test that runs
of one array do not overlap.
"""

from __future__ import annotations

import numpy as np

from graphnn.ops.gemm import gemm_rectangle
from graphnn.ops.mathematics import sigmoid as fast_sigmoid
from graphnn.ops.mathematics import tanh as fast_tanh


def sigmoid_of_sum(y, at, a, a_at, n):
    """y = sigmoid(y + a), n numbers from the places `at` and `a_at` on."""
    for j in range(n):
        y[np.uint64(at + j)] = fast_sigmoid(y[np.uint64(at + j)] + a[np.uint64(a_at + j)])


def tanh_of_sum(y, at, a, a_at, n):
    """y = tanh(y + a)."""
    for j in range(n):
        y[np.uint64(at + j)] = fast_tanh(y[np.uint64(at + j)] + a[np.uint64(a_at + j)])


def relu_of_sum(y, at, a, a_at, n):
    """y = relu(y + a)."""
    for j in range(n):
        v = y[np.uint64(at + j)] + a[np.uint64(a_at + j)]
        y[np.uint64(at + j)] = 0.0 if v < 0.0 else v


def clear(x, at, n):
    """Zeros."""
    for j in range(n):
        x[np.uint64(at + j)] = 0.0


def transpose_into(u, rows, columns, target):
    """u (rows, columns) transposed, for a product that runs once for every step."""
    for k in range(columns):
        for j in range(rows):
            target[np.uint64(k * rows + j)] = u[np.uint64(j * columns + k)]


def rnn_kernel(a, u, h0, y, steps, batch, size, top, bottom, reverse, is_relu):
    n, rows = size, bottom - top
    for s in range(steps):
        t = steps - 1 - s if reverse else s
        here = t * batch + top
        last = (t + 1 if reverse else t - 1) * batch + top
        states, at = (h0, top * n) if s == 0 else (y, last * n)
        gemm_rectangle(states, at, n, 1, u, 0, n, False, y, here * n, n, rows, n, n, 1.0, 0.0)
        for r in range(here, here + rows):
            if is_relu:
                relu_of_sum(y, r * n, a, r * n, n)
            else:
                tanh_of_sum(y, r * n, a, r * n, n)


def rnn_slope_kernel(g, u, states, y, scratch, steps, batch, size, top, bottom, reverse, is_relu):
    n, rows = size, bottom - top
    carried = n * n
    transpose_into(u, n, n, scratch)
    clear(scratch, carried, rows * n)
    for s in range(steps - 1, -1, -1):
        t = steps - 1 - s if reverse else s
        here = (t * batch + top) * n
        for r in range(rows):
            rnn_slope_row(g, states, here + r * n, scratch, carried + r * n, y, n, is_relu)
        if s > 0:
            gemm_rectangle(
                y, here, n, 1, scratch, 0, n, False, scratch, carried, n, rows, n, n, 1.0, 0.0,
            )  # fmt: skip


def rnn_slope_row(g, states, at, scratch, carried, y, n, is_relu):
    """Adjoint of the sums of one row."""
    for j in range(n):
        h = states[np.uint64(at + j)]
        slope = (1.0 if h > 0.0 else (0.0 if h <= 0.0 else h)) if is_relu else 1.0 - h * h
        y[np.uint64(at + j)] = (g[np.uint64(at + j)] + scratch[np.uint64(carried + j)]) * slope


def gru_kernel(a, u, d, h0, y, steps, batch, size, top, bottom, reverse):
    n, rows, wide = size, bottom - top, 5 * size
    for s in range(steps):
        t = steps - 1 - s if reverse else s
        last = (t + 1 if reverse else t - 1) * batch
        sums = (t * batch + top) * wide + 2 * n
        before, stride = (h0, n) if s == 0 else (y, wide)
        begin = (last + top if s > 0 else top) * stride
        gemm_rectangle(before, begin, stride, 1, u, 0, 3 * n, False, y, sums, wide, rows, 3 * n, n, 1.0, 0.0)
        for r in range(top, bottom):
            at, given = (t * batch + r) * wide, (t * batch + r) * 3 * n
            sigmoid_of_sum(y, at + 2 * n, a, given, 2 * n)
            for j in range(n):
                y[np.uint64(at + 4 * n + j)] += d[j]
            for j in range(n):
                v = y[np.uint64(at + 2 * n + j)] * y[np.uint64(at + 4 * n + j)]
                y[np.uint64(at + n + j)] = fast_tanh(a[np.uint64(given + 2 * n + j)] + v)
            mix_states(y, at, n, before, begin + (r - top) * stride)


def mix_states(y, at, n, before, before_at):
    """h = new + z (last h - new), in a record (h, new, r, z, q)."""
    for j in range(n):
        new = y[np.uint64(at + n + j)]
        keep = y[np.uint64(at + 3 * n + j)]
        y[np.uint64(at + j)] = new + keep * (before[np.uint64(before_at + j)] - new)


def gru_slope_kernel(
    g, u, h0, states, y, scratch, steps, batch, size, top, bottom, reverse, to_state
):  # fmt: skip
    n, rows, wide = size, bottom - top, 5 * size
    carried = 3 * n * n
    sums = carried + rows * n  # r, z, q, new of a step, where y is for the first state only
    target = scratch if to_state else y
    transpose_into(u, n, 3 * n, scratch)
    clear(scratch, carried, rows * n)
    for s in range(steps - 1, -1, -1):
        t = steps - 1 - s if reverse else s
        last = (t + 1 if reverse else t - 1) * batch
        first = sums if to_state else (t * batch + top) * 4 * n
        before, stride = (h0, n) if s == 0 else (states, wide)
        begin = (last + top if s > 0 else top) * stride
        for r in range(rows):
            at, out = (t * batch + top + r) * wide, first + r * 4 * n
            kept = carried + r * n
            gru_slope_row(g, states, at, n, before, begin + r * stride, scratch, kept, target, out)
        if s > 0 or to_state:
            gemm_rectangle(
                target, first, 4 * n, 1, scratch, 0, n, False, scratch, carried, n, rows, n, 3 * n, 1.0, 1.0
            )
    if to_state:
        for j in range(rows * n):
            y[np.uint64(top * n + j)] = scratch[np.uint64(carried + j)]


def gru_slope_row(g, states, at, n, before, before_at, scratch, carried, target, out):
    """Adjoints of the sums r, z, q and new of one row; `carried` becomes what goes to the state before by z."""
    for j in range(n):
        scratch[np.uint64(carried + j)] += g[np.uint64(at + j)]
    for j in range(n):
        keep, new = states[np.uint64(at + 3 * n + j)], states[np.uint64(at + n + j)]
        part = g[np.uint64(at + n + j)] + scratch[np.uint64(carried + j)] * (1.0 - keep)
        target[np.uint64(out + 3 * n + j)] = part * (1.0 - new * new)
    for j in range(n):
        keep, new = states[np.uint64(at + 3 * n + j)], states[np.uint64(at + n + j)]
        part = scratch[np.uint64(carried + j)] * (before[np.uint64(before_at + j)] - new)
        target[np.uint64(out + n + j)] = (part + g[np.uint64(at + 3 * n + j)]) * (keep * (1.0 - keep))
    for j in range(n):
        part = target[np.uint64(out + 3 * n + j)] * states[np.uint64(at + 2 * n + j)]
        target[np.uint64(out + 2 * n + j)] = part + g[np.uint64(at + 4 * n + j)]
    for j in range(n):
        reset = states[np.uint64(at + 2 * n + j)]
        part = target[np.uint64(out + 3 * n + j)] * states[np.uint64(at + 4 * n + j)]
        target[np.uint64(out + j)] = (part + g[np.uint64(at + 2 * n + j)]) * (reset * (1.0 - reset))
    for j in range(n):
        scratch[np.uint64(carried + j)] *= states[np.uint64(at + 3 * n + j)]


def lstm_kernel(a, u, h0, c0, y, steps, batch, size, top, bottom, reverse):
    n, rows, wide = size, bottom - top, 6 * size
    for s in range(steps):
        t = steps - 1 - s if reverse else s
        last = (t + 1 if reverse else t - 1) * batch
        sums = (t * batch + top) * wide + 2 * n
        before, stride = (h0, n) if s == 0 else (y, wide)
        begin = (last + top if s > 0 else top) * stride
        gemm_rectangle(before, begin, stride, 1, u, 0, 4 * n, False, y, sums, wide, rows, 4 * n, n, 1.0, 0.0)
        cells, begin = (c0, top * n) if s == 0 else (y, begin + n)
        for r in range(top, bottom):
            at, given = (t * batch + r) * wide, (t * batch + r) * 4 * n
            sigmoid_of_sum(y, at + 2 * n, a, given, 2 * n)
            tanh_of_sum(y, at + 4 * n, a, given + 2 * n, n)
            sigmoid_of_sum(y, at + 5 * n, a, given + 3 * n, n)
            next_cell(y, at, n, cells, begin + (r - top) * stride)
            for j in range(n):
                y[np.uint64(at + j)] = y[np.uint64(at + 5 * n + j)] * fast_tanh(y[np.uint64(at + n + j)])


def next_cell(y, at, n, before, before_at):
    """c = f (last c) + i g, in a record (h, c, i, f, g, o)."""
    for j in range(n):
        kept = y[np.uint64(at + 3 * n + j)] * before[np.uint64(before_at + j)]
        y[np.uint64(at + n + j)] = kept + y[np.uint64(at + 2 * n + j)] * y[np.uint64(at + 4 * n + j)]


def lstm_slope_kernel(
    g, u, c0, states, y, scratch, steps, batch, size, top, bottom, reverse, to_cell
):  # fmt: skip
    n, rows, wide = size, bottom - top, 6 * size
    carried = 4 * n * n  # to the state, then to the cell before
    sums = carried + 2 * rows * n  # of one step, where y is for the first cell only
    target = scratch if to_cell else y
    transpose_into(u, n, 4 * n, scratch)
    clear(scratch, carried, 2 * rows * n)
    for s in range(steps - 1, -1, -1):
        t = steps - 1 - s if reverse else s
        last = (t + 1 if reverse else t - 1) * batch
        first = sums if to_cell else (t * batch + top) * 4 * n
        before, stride = (c0, n) if s == 0 else (states, wide)
        begin = (last + top) * stride + n if s > 0 else top * n
        for r in range(rows):
            at, out = (t * batch + top + r) * wide, first + r * 4 * n
            h, c = carried + r * n, carried + (rows + r) * n
            lstm_slope_outer(g, states, at, n, scratch, h, c, target, out)
            forget_slope(g, states, at, n, scratch, c, before, begin + r * stride, target, out + n)
            for j in range(n):
                scratch[np.uint64(c + j)] *= states[np.uint64(at + 3 * n + j)]
        if s > 0:
            gemm_rectangle(
                target, first, 4 * n, 1, scratch, 0, n, False, scratch, carried, n, rows, n, 4 * n, 1.0, 0.0
            )
    if to_cell:
        for j in range(rows * n):
            y[np.uint64(top * n + j)] = scratch[np.uint64(carried + rows * n + j)]


def lstm_slope_outer(g, states, at, n, scratch, h, c, target, out):
    """Adjoints of the sums of i, g and o of one row; place c of scratch becomes the adjoint of the cell."""
    for j in range(n):
        target[np.uint64(out + 3 * n + j)] = fast_tanh(states[np.uint64(at + n + j)])
    for j in range(n):
        bent = target[np.uint64(out + 3 * n + j)]
        part = (g[np.uint64(at + j)] + scratch[np.uint64(h + j)]) * states[np.uint64(at + 5 * n + j)]
        scratch[np.uint64(c + j)] += part * (1.0 - bent * bent) + g[np.uint64(at + n + j)]
    for j in range(n):
        gate = states[np.uint64(at + 5 * n + j)]
        part = (g[np.uint64(at + j)] + scratch[np.uint64(h + j)]) * target[np.uint64(out + 3 * n + j)]
        target[np.uint64(out + 3 * n + j)] = (part + g[np.uint64(at + 5 * n + j)]) * (gate * (1.0 - gate))
    for j in range(n):
        gate = states[np.uint64(at + 2 * n + j)]
        part = scratch[np.uint64(c + j)] * states[np.uint64(at + 4 * n + j)]
        target[np.uint64(out + j)] = (part + g[np.uint64(at + 2 * n + j)]) * (gate * (1.0 - gate))
    for j in range(n):
        new = states[np.uint64(at + 4 * n + j)]
        part = scratch[np.uint64(c + j)] * states[np.uint64(at + 2 * n + j)]
        target[np.uint64(out + 2 * n + j)] = (part + g[np.uint64(at + 4 * n + j)]) * (1.0 - new * new)


def forget_slope(g, states, at, n, scratch, c, before, before_at, target, out):
    """Adjoint of the sum of f of one row."""
    for j in range(n):
        gate = states[np.uint64(at + 3 * n + j)]
        part = scratch[np.uint64(c + j)] * before[np.uint64(before_at + j)]
        target[np.uint64(out + j)] = (part + g[np.uint64(at + 3 * n + j)]) * (gate * (1.0 - gate))


def states_product_kernel(states, h0, g, y, steps, batch, size, wide, columns, top, bottom, reverse):
    # The state before a step stands one step earlier in the record; the one before the first is h0.
    n, m, rows = size, columns, (steps - 1) * batch
    start = rows * m if reverse and steps > 0 else 0
    count = batch if steps > 0 else 0
    gemm_rectangle(h0, top, 1, n, g, start, m, False, y, top * m, m, bottom - top, m, count, 1.0, 0.0)
    if steps > 1:
        from_state = batch * wide if reverse else 0
        from_g = 0 if reverse else batch * m
        gemm_rectangle(
            states,
            from_state + top,
            1,
            wide,
            g,
            from_g,
            m,
            False,
            y,
            top * m,
            m,
            bottom - top,
            m,
            rows,
            1.0,
            1.0,
        )
