"""Gather and scatter by row numbers that are known at run time; a wrong number is a fault that names
itself.
"""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import as_shape, shape_text
from graphnn.core.dtypes import as_dtype
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node


def check_range(numbers, stop, who):
    """Raise IndexError, in a meaning, for whole numbers that are negative, or `stop` or more."""
    wrong = np.flatnonzero((numbers < 0) | (numbers >= stop))
    if wrong.size:
        found = numbers.reshape(-1)[wrong[0]]
        raise IndexError(f"{who}[{wrong[0]}] is {found}, wanted 0 to {stop - 1}")


@op(
    "x(n, *s), rows(*b):int64 -> y(*t)", latex=r"{x}_{{rows}}", slopes=("1", "0"), onnx="Gather", types="any",
    per_element=(0, 0),
    samples=[
        Sample(((5, 3), (4,)), limits={"rows": 5}),
        Sample(((5, 2, 3), (2, 2)), limits={"rows": 5}),
        Sample(((5,), ()), limits={"rows": 5}),
    ],
)  # fmt: skip
def take_rows(x, rows):
    """Rows of x by number; a row may be taken often. Shapes: x (n, *s), rows (*b) int64 -> y (*b, *s).

    Raises FaultError at run time for a number that is negative, or n or more. Source: NumPy, x[rows].
    """
    check_range(rows, len(x), "rows")
    return x[rows]


@take_rows.shape
def take_rows_shape(x, rows):
    return (*rows, *x[1:])


@take_rows.view
def take_rows_view(x, rows, y):
    inner = prod(x[1:])
    return View(((x[0], inner), (prod(rows),), (prod(rows), inner)))


@take_rows.kernel
def take_rows_kernel(x, rows, y):
    n, inner = x.shape
    for b in range(rows.size):
        row = rows[b]
        if row < 0 or row >= n:
            return b + 1
        for i in range(inner):
            y[b, i] = x[np.uint64(row), i]
    return 0


@take_rows.fault
def take_rows_fault(position, x, rows):
    return f"rows[{position}] is {rows.reshape(-1)[position]}, but x has {x.shape[0]} rows"


@take_rows.vjp
def take_rows_vjp(g, x, rows, y):
    return [add_rows.node(g, rows, shape=x.shape), None]


@op(
    "x(*s), rows(*b):int64 -> y(*t)", latex=r"0_{{rows}} \mathrel{+}= {x}", slopes=("1", "0"), types="number",
    per_element=(1, 0),
    samples=[
        Sample(((4, 3), (4,)), {"shape": (5, 3)}, limits={"rows": 5}),
        Sample(((2, 2, 3), (2, 2)), {"shape": (3, 3)}, limits={"rows": 3}),
        Sample(((), ()), {"shape": (4,)}, limits={"rows": 4}),
    ],
)  # fmt: skip
def add_rows(x, rows, *, shape):
    """Zeros of `shape` with every row of x added where `rows` says: the counterpart of take_rows.

    Shapes: x (*b, *s), rows (*b) int64 -> y (n, *s). Rows of equal number add up, in order.

    Raises FaultError at run time for a number that is negative, or n or more.
    Source: PyTorch, Tensor.index_add_.
    """
    check_range(rows, shape[0], "rows")
    y = np.zeros(shape, x.dtype)
    np.add.at(y, rows, x)
    return y


@add_rows.shape
def add_rows_shape(x, rows, *, shape):
    shape = as_shape(shape, "add_rows")
    if not shape or x != (*rows, *shape[1:]):
        raise ShapeError(
            f"add_rows: x is {shape_text(x)}, rows is {shape_text(rows)}; for a result of "
            f"{shape_text(shape)} x must be {shape_text((*rows, *shape[1:]))}."
        )
    return shape


@add_rows.view
def add_rows_view(x, rows, y, *, shape):
    inner = prod(y[1:])
    return View(((prod(rows), inner), (prod(rows),), (y[0], inner)))


@add_rows.kernel
def add_rows_kernel(x, rows, y):
    n, inner = y.shape
    for k in range(n):
        for i in range(inner):
            y[k, i] = 0
    for b in range(rows.size):
        row = rows[b]
        if row < 0 or row >= n:
            return b + 1
        for i in range(inner):
            y[np.uint64(row), i] += x[b, i]
    return 0


@add_rows.fault
def add_rows_fault(position, x, rows):
    return f"rows[{position}] is {rows.reshape(-1)[position]}, which is not a row of the result"


@add_rows.vjp
def add_rows_vjp(g, x, rows, y, *, shape):
    return [take_rows.node(g, rows), None]


@op(
    "labels(*b):int64 -> y(*t)", latex=r"\mathbf{1}_{{labels}}", onnx="OneHot", per_element=(0, 0),
    no_slope="whole numbers have no slope",
    samples=[
        Sample(((4,),), {"size": 3, "dtype": "float32"}, limits={"labels": 3}),
        Sample(((2, 3),), {"size": 5, "dtype": "float64"}, limits={"labels": 5}),
    ],
)  # fmt: skip
def one_hot(labels, *, size, dtype="float32"):
    """Rows of zeros with a 1 at each label. Shapes: labels (*b) int64 -> y (*b, size).

    Raises FaultError at run time for a label that is negative, or `size` or more.
    Source: PyTorch, torch.nn.functional.one_hot.
    """
    check_range(labels, size, "labels")
    return (labels[..., None] == np.arange(size)).astype(dtype)


@one_hot.build
def build_one_hot(labels, size, dtype="float32"):
    return one_hot.node(labels, size=as_shape((size,), "one_hot")[0], dtype=str(as_dtype(dtype, "one_hot")))


@one_hot.dtype
def one_hot_dtype(labels, *, size, dtype):
    return as_dtype(dtype, "one_hot")


@one_hot.shape
def one_hot_shape(labels, *, size, dtype):
    return (*labels, size)


@one_hot.view
def one_hot_view(labels, y, *, size, dtype):
    return View(((prod(labels),), (prod(labels), size)))


@one_hot.kernel
def one_hot_kernel(labels, y):
    count, size = y.shape
    for b in range(count):
        for i in range(size):
            y[b, i] = 0
        label = labels[b]
        if label < 0 or label >= size:
            return b + 1
        y[b, np.uint64(label)] = 1
    return 0


@one_hot.fault
def one_hot_fault(position, labels):
    label = labels.reshape(-1)[position]
    return f"labels[{position}] is {label}, which is not a class: they count from 0 to size - 1"


@op(
    "order(n):int64, start():int64 -> y(*t):int64", latex=r"{order}[{start} : {start} + n]",
    no_slope="whole numbers have no slope", per_element=(0, 0),
    samples=[Sample(((7,), ()), {"size": 3}, limits={"order": 9, "start": 5})],
)  # fmt: skip
def take_window(order, start, *, size):
    """`size` whole numbers in a row, beginning at a place known at run time.

    Shapes: order (n), start () -> y (size).

    A mini-batch: rows = take_window(order, start, size="batch"), then take_rows(x, rows).

    Raises FaultError at run time if the window does not lie inside. Source: NumPy, order[start : start + size].
    """
    check_range(start, len(order) - size + 1, "start")
    return order[start : start + size]


@take_window.build
def build_take_window(order, start, size):
    return take_window.node(as_node(order, take_window), start, size=as_shape((size,), "take_window")[0])


@take_window.shape
def take_window_shape(order, start, *, size):
    if isinstance(order[0], int) and isinstance(size, int) and size > order[0]:
        raise ShapeError(f"take_window: a window of {size} is longer than the {order[0]} elements of order.")
    return (size,)


@take_window.view
def take_window_view(order, start, y, *, size):
    return View((order, (1,), y))


@take_window.kernel
def take_window_kernel(order, start, y):
    first = start[0]
    if first < 0 or first > order.size - y.size:
        return 1
    for i in range(y.size):
        y[i] = order[np.uint64(first + i)]
    return 0


@take_window.fault
def take_window_fault(position, order, start):
    return f"start is {start}: from there on the window does not fit into the {order.size} elements of order"


__all__ = ["add_rows", "one_hot", "take_rows", "take_window"]
