"""Take elements by numbers that are known at run time, along any axis or by several axes at once, and add them back."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import as_shape, shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.arithmetic import add
from graphnn.ops.axes import as_node, normal_axis
from graphnn.ops.index import add_rows, check_range, take_rows
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape, reshape


def as_numbers(indices, n, record, slot=1) -> Node:
    """Indices as a node. Those given as numbers may count from the end, where the size is known."""
    if isinstance(indices, Node):
        return indices
    array = np.asarray(indices)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        return as_node(indices, record, slot)  # whose dtype is then an error that says so
    if isinstance(n, int):
        wrong = np.flatnonzero((array < -n) | (array >= n))
        if wrong.size:
            found = array.reshape(-1)[wrong[0]]
            raise ShapeError(
                f"{record.name}: {record.port_name(slot)}[{wrong[0]}] is {found}, but the axis has {n} elements."
            )
        array = np.where(array < 0, array + n, array)
    return constant(array.astype(np.int64))


def _fits(x, indices, axis):
    """Whether the axes before and those behind `axis` are all equal or all 1, as the kernel walks them."""
    sides = ((x[:axis], indices[:axis]), (x[axis + 1 :], indices[axis + 1 :]))
    return len(x) == len(indices) and all(i in (s, (1,) * len(s)) for s, i in sides)


def _check_fit(x, indices, axis, who):
    if not _fits(x, indices, axis):
        raise ShapeError(
            f"{who}: indices are {shape_text(indices)} for axis {axis} of {shape_text(x)}; all other axes must "
            "be equal, or 1."
        )


def gather_view(x, indices, y, *, axis, **_):
    """The longer array, the indices and the result, each as (before, along, behind)."""
    return View(tuple((prod(s[:axis]), s[axis], prod(s[axis + 1 :])) for s in (x, indices, y)))


def _whole_indices(x_shape, indices, axis):
    """The indices repeated along the axes that they lack."""
    return np.broadcast_to(
        indices, [n if k == axis else d for k, (n, d) in enumerate(zip(indices.shape, x_shape))]
    )


@op(
    "x(*s), indices(*t):int64 -> y(*u)", latex=r"{x}_{{indices}}", slopes=("1", "0"), onnx="GatherElements",
    types="any", per_element=(0, 0),
    samples=[
        Sample(((3, 5, 2), (3, 4, 2)), {"axis": 1}, limits={"indices": 5}),
        Sample(((3, 5, 2), (1, 4, 1)), {"axis": 1}, limits={"indices": 5}),
        Sample(((5,), (3,)), {"axis": 0}, limits={"indices": 5}),
        Sample(((2, 4), (2, 1)), {"axis": 1}, limits={"indices": 4}),
    ],
)  # fmt: skip
def gather(x, indices, *, axis):
    """Elements of x along an axis by number: y[i, j, k] = x[i, indices[i, j, k], k] for axis 1.

    Shapes: x (b, n, c), indices (b, m, c) int64, axis 1 -> y (b, m, c). Where indices have size 1 in other
    axes, they serve all. Numbers given as an array may be negative; those of a node count from 0.

    Raises FaultError at run time for a number that is negative, or n or more.
    Source: NumPy, numpy.take_along_axis; PyTorch, torch.gather.
    """
    check_range(indices, x.shape[axis], "indices")
    return np.take_along_axis(x, _whole_indices(x.shape, indices, axis), axis)


@gather.build
def build_gather(x, indices, axis=-1):
    x = as_node(x, gather)
    axis = normal_axis(axis, x.shape, "gather")
    indices = as_numbers(indices, x.shape[axis], gather)
    return gather.node(x, _lined_up(x.shape, indices, axis), axis=axis)


def _lined_up(shape, indices, axis):
    """Indices of which some axes are 1 and others are not, repeated along the first."""
    if len(shape) != indices.ndim or _fits(shape, indices.shape, axis):
        return indices
    whole = tuple(indices.shape[k] if k == axis else d for k, d in enumerate(shape))
    return build_broadcast_to(indices, whole)


@gather.shape
def gather_shape(x, indices, *, axis):
    axis = normal_axis(axis, x, "gather")
    _check_fit(x, indices, axis, "gather")
    return (*x[:axis], indices[axis], *x[axis + 1 :])


gather.view(gather_view)


@gather.kernel
def gather_kernel(x, indices, y):
    n = x.shape[1]
    before, along, behind = indices.shape
    outer, _, inner = y.shape
    for o in range(outer):
        q = o if before > 1 else 0
        for j in range(along):
            if behind == 1:
                row = indices[q, j, 0]
                if row < 0 or row >= n:
                    return q * along + j + 1
                for i in range(inner):
                    y[o, j, i] = x[o, np.uint64(row), i]
            else:
                for i in range(inner):
                    row = indices[q, j, i]
                    if row < 0 or row >= n:
                        return (q * along + j) * behind + i + 1
                    y[o, j, i] = x[o, np.uint64(row), i]
    return 0


@gather.fault
def gather_fault(position, x, indices):
    found = indices.reshape(-1)[position]
    return f"indices[{position}] is {found}, which is no place on the axis of x: they count from 0"


@gather.vjp
def gather_vjp(g, x, indices, y, *, axis):
    return [add_along.node(g, indices, axis=axis, size=x.shape[axis]), None]


@op(
    "values(*u), indices(*t):int64 -> y(*s)", latex=r"0_{{indices}} \mathrel{+}= {values}", slopes=("1", "0"),
    types="number", per_element=(1, 0),
    samples=[
        Sample(((3, 4, 2), (3, 4, 2)), {"axis": 1, "size": 5}, limits={"indices": 5}),
        Sample(((3, 4, 2), (1, 4, 1)), {"axis": 1, "size": 3}, limits={"indices": 3}),
        Sample(((3,), (3,)), {"axis": 0, "size": 2}, limits={"indices": 2}),
    ],
)  # fmt: skip
def add_along(values, indices, *, axis, size):
    """Zeros with values added along an axis where indices say: the counterpart of gather.

    Shapes: values (b, m, c), indices (b, m, c) int64, axis 1, size n -> y (b, n, c). Where indices have size 1
    in other axes, they serve all. Values of one place add up, in order.

    Raises FaultError at run time for a number that is negative, or `size` or more.
    Source: PyTorch, Tensor.scatter_add_.
    """
    check_range(indices, size, "indices")
    y = np.zeros([size if k == axis else n for k, n in enumerate(values.shape)], values.dtype)
    whole = _whole_indices(values.shape, indices, axis)
    places = list(np.indices(whole.shape, sparse=True))
    places[axis] = whole
    np.add.at(y, tuple(places), values)
    return y


@add_along.build
def build_add_along(values, indices, axis, size):
    values = as_node(values, add_along)
    axis = normal_axis(axis, values.shape, "add_along")
    (size,) = as_shape((size,), "add_along")
    indices = _lined_up(values.shape, as_numbers(indices, size, add_along), axis)
    return add_along.node(values, indices, axis=axis, size=size)


@add_along.shape
def add_along_shape(values, indices, *, axis, size):
    axis = normal_axis(axis, values, "add_along")
    _check_fit(values, indices, axis, "add_along")
    if values[axis] != indices[axis]:
        raise ShapeError(
            f"add_along: values are {shape_text(values)}, indices {shape_text(indices)}; axis {axis} must agree."
        )
    return (*values[:axis], size, *values[axis + 1 :])


add_along.view(gather_view)


@add_along.kernel
def add_along_kernel(values, indices, y):
    before, along, behind = indices.shape
    outer, n, inner = y.shape
    for o in range(outer):
        q = o if before > 1 else 0
        for k in range(n):
            for i in range(inner):
                y[o, k, i] = 0
        for j in range(along):
            if behind == 1:
                row = indices[q, j, 0]
                if row < 0 or row >= n:
                    return q * along + j + 1
                for i in range(inner):
                    y[o, np.uint64(row), i] += values[o, j, i]
            else:
                for i in range(inner):
                    row = indices[q, j, i]
                    if row < 0 or row >= n:
                        return (q * along + j) * behind + i + 1
                    y[o, np.uint64(row), i] += values[o, j, i]
    return 0


@add_along.fault
def add_along_fault(position, values, indices):
    return f"indices[{position}] is {indices.reshape(-1)[position]}, which is no place in the result"


@add_along.vjp
def add_along_vjp(g, values, indices, y, *, axis, size):
    return [gather.node(g, indices, axis=axis), None]


@composite(
    "x(*s), indices(*t):int64, values(*u) -> y(*s)", latex=r"{x}_{{indices}} \mathrel{+}= {values}",
    slopes=("1", "0", "1"), types="number",
    samples=[Sample(((3, 5, 2), (3, 4, 2), (3, 4, 2)), {"axis": 1}, limits={"indices": 5})],
)  # fmt: skip
def scatter_add(x, indices, values, *, axis):
    """x with values added along an axis where indices say; values of one place add up, in order.

    Shapes: x (b, n, c), indices (b, m, c) int64, values (b, m, c), axis 1 -> y (b, n, c).

    Raises FaultError at run time for a number that is negative, or n or more. To add whole rows use add_rows.
    Source: PyTorch, torch.scatter_add; ONNX, ScatterElements with reduction add.
    """
    return add(x, add_along.node(values, indices, axis=axis, size=x.shape[axis]))


@scatter_add.build
def build_scatter_add(x, indices, values, axis=-1):
    x, _, values = scatter_add.as_nodes((x, constant(0), values))
    axis = normal_axis(axis, x.shape, "scatter_add")
    indices = _lined_up(values.shape, as_numbers(indices, x.shape[axis], scatter_add), axis)
    return scatter_add.node(x, indices, values, axis=axis)


@composite(
    "x(*s), indices(*b):int64 -> y(*t)", latex=r"{x}_{{indices}}", slopes=("1", "0"), onnx="Gather", types="any",
    per_element=(0, 0),
    samples=[
        Sample(((3, 5, 2), (4,)), {"axis": 1}, limits={"indices": 5}),
        Sample(((3, 5), (2, 2)), {"axis": 1}, limits={"indices": 5}),
        Sample(((3, 5), ()), {"axis": 1}, limits={"indices": 5}),
        Sample(((5, 2), (3,)), {"axis": 0}, limits={"indices": 5}),
    ],
)  # fmt: skip
def take(x, indices, *, axis):
    """Slices of x along an axis by number, the same ones everywhere; of the flattened x if no axis is given.

    Shapes: x (a, n, c), indices (*b) int64, axis 1 -> y (a, *b, c). Numbers given as an array may be negative;
    those of a node count from 0.

    Raises FaultError at run time for a number that is negative, or n or more. Source: NumPy, numpy.take.
    """
    if axis == 0:
        return take_rows.node(x, indices)
    before, behind = x.shape[:axis], x.shape[axis + 1 :]
    line = (*(1,) * len(before), size_of(indices.shape), *(1,) * len(behind))
    y = gather.node(x, build_reshape(indices, line), axis=axis)
    return build_reshape(y, (*before, *indices.shape, *behind))


@take.build
def build_take(x, indices, axis=None):
    x = as_node(x, take)
    if axis is None:
        x, axis = build_reshape(x, -1), 0
    axis = normal_axis(axis, x.shape, "take")
    return take.node(x, as_numbers(indices, x.shape[axis], take), axis=axis)


@take.shape
def take_shape(x, indices, *, axis):
    axis = normal_axis(axis, x, "take")
    return (*x[:axis], *indices, *x[axis + 1 :])


@op(
    "indices(*b, k):int64 -> y(*b):int64", latex=r"\sum_k {indices}_k \prod_{{j > k}} n_j", per_element=(2, 0),
    no_slope="whole numbers have no slope",
    samples=[
        Sample(((3, 2),), {"dims": (4, 3)}, limits={"indices": 3}),
        Sample(((2, 2, 3),), {"dims": (2, 5, 4)}, limits={"indices": 2}),
    ],
)  # fmt: skip
def ravel_index(indices, *, dims):
    """The place in a flat array of the element that is numbered along each axis of `dims`, at most six.

    Shapes: indices (*b, k) int64, dims of k axes -> y (*b) int64.

    Raises FaultError at run time for a number that is negative, or beyond its axis.
    Source: NumPy, numpy.ravel_multi_index.
    """
    wrong = np.flatnonzero((indices < 0) | (indices > np.array(dims) - 1))
    if wrong.size:
        axis = wrong[0] % len(dims)
        raise IndexError(
            f"indices[{wrong[0]}] is {indices.reshape(-1)[wrong[0]]}, wanted 0 to {dims[axis] - 1}"
        )
    return np.ravel_multi_index(tuple(np.moveaxis(indices, -1, 0)), dims)


@ravel_index.build
def build_ravel_index(indices, dims):
    return ravel_index.node(indices, dims=as_shape(dims, "ravel_index"))


@ravel_index.shape
def ravel_index_shape(indices, *, dims):
    if len(dims) != indices[-1] or len(dims) > 6:
        raise ShapeError(
            f"ravel_index: indices {shape_text(indices)} number {indices[-1]} axes, dims "
            f"{shape_text(dims)} has {len(dims)}; wanted as many, and at most 6."
        )
    return indices[:-1]


@ravel_index.view
def ravel_index_view(indices, y, *, dims):
    sizes = (*dims, *(1,) * (6 - len(dims)))
    return View(((prod(y), len(dims)), (prod(y),)), {f"n{k}": n for k, n in enumerate(sizes)})


@ravel_index.kernel
def ravel_index_kernel(indices, y, n0, n1, n2, n3, n4, n5):
    count, axes = indices.shape
    for b in range(count):
        at = 0
        for k in range(axes):
            n = n0 if k == 0 else n1 if k == 1 else n2 if k == 2 else n3 if k == 3 else n4 if k == 4 else n5
            i = indices[b, k]
            if i < 0 or i >= n:
                return b * axes + k + 1
            at = at * n + i
        y[b] = at
    return 0


@ravel_index.fault
def ravel_index_fault(position, indices):
    axis = position % indices.shape[-1]
    return f"indices[{position}] is {indices.reshape(-1)[position]}, which is not on axis {axis}"


@composite(
    "x(*s), indices(*b, k):int64 -> y(*t)", latex=r"{x}_{{indices}}", slopes=("1", "0"), onnx="GatherND",
    types="any", per_element=(0, 0),
    samples=[
        Sample(((4, 3, 2), (5, 1)), limits={"indices": 4}),
        Sample(((4,), (2, 3, 1)), limits={"indices": 4}),
    ],
)  # fmt: skip
def gather_nd(x, indices):
    """Elements, or blocks, of x by their numbers along its first k axes.

    Shapes: x (n1, ..., nk, *c), indices (*b, k) int64 -> y (*b, *c). `x[i, j]` with index arrays is
    gather_nd(x, stack([i, j], -1)).

    Raises FaultError at run time for a number that is negative, or beyond its axis.
    Source: TensorFlow, tf.gather_nd; ONNX, GatherND.
    """
    k = _depth(x.shape, indices.shape, "gather_nd")
    rows = reshape.node(x, shape=(size_of(x.shape[:k]), *x.shape[k:]))
    return take_rows.node(rows, build_ravel_index(indices, x.shape[:k]))


@gather_nd.shape
def gather_nd_shape(x, indices):
    return (*indices[:-1], *x[_depth(x, indices, "gather_nd") :])


def _depth(shape, indices, who):
    k = indices[-1]
    if not isinstance(k, int) or not 1 <= k <= len(shape):
        raise ShapeError(
            f"{who}: the last axis of indices {shape_text(indices)} is {k}; it numbers 1 to {len(shape)} "
            f"axes of {shape_text(shape)}."
        )
    return k


@composite(
    "x(*s), indices(*b, k):int64, values(*t) -> y(*s)", latex=r"{x}_{{indices}} \mathrel{+}= {values}",
    slopes=("1", "0", "1"), types="number",
    samples=[Sample(((4, 3), (5, 1), (5, 3)), limits={"indices": 4})],
)  # fmt: skip
def scatter_add_nd(x, indices, values):
    """x with values added to the elements, or blocks, that are numbered along its first k axes.

    Shapes: x (n1, ..., nk, *c), indices (*b, k) int64, values (*b, *c) -> y as x. Values of one place add up,
    in order.

    Raises FaultError at run time for a number that is negative, or beyond its axis.
    Source: TensorFlow, tf.tensor_scatter_nd_add; ONNX, ScatterND with reduction add.
    """
    k = _depth(x.shape, indices.shape, "scatter_add_nd")
    line = (size_of(x.shape[:k]), *x.shape[k:])
    added = add_rows.node(values, build_ravel_index(indices, x.shape[:k]), shape=line)
    return add(x, build_reshape(added, x.shape))


__all__ = ["add_along", "gather", "gather_nd", "ravel_index", "scatter_add", "scatter_add_nd", "take"]
