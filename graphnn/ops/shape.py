"""Change a shape and keep the numbers: reshape and flatten, add or drop axes of size 1, and move axes."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import as_shape, divide, shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.core.registry import SERVICES
from graphnn.ops.axes import as_node, contiguous_strides, normal_axes, normal_axis, strided, strided_load


@op(
    "x(*s) -> y(*t)", latex=r"{x}", slopes=("1",), onnx="Reshape", types="any", alias=True,
    samples=[Sample(((3, 4),), {"shape": (2, 6)}), Sample(((3, 4),), {"shape": (12,)})],
)  # fmt: skip
def reshape(x, *, shape):
    """The same numbers in the same order under another shape.

    Shapes: x (*s) -> y (*t) of equal size; no copy.

    One size may be -1: the rest decides it, for named axes too. x of shape (batch, 2, 3) reshapes to (-1, 6).
    Source: NumPy, numpy.reshape.
    """
    return x.reshape(shape)


@reshape.build
def build_reshape(x, shape):
    x = as_node(x, reshape)
    if not isinstance(shape, tuple | list):
        shape = (shape,)
    rest = [
        k
        for k, d in enumerate(shape)
        if not isinstance(d, Node) and isinstance(d, int | np.integer) and d == -1
    ]
    if len(rest) > 1:
        raise ShapeError(f"reshape: at most one size may be -1, found {tuple(shape)}.")
    if rest:
        k = rest[0]
        known = as_shape((*shape[:k], *shape[k + 1 :]), "reshape")
        size = divide(x.shape, known)
        if size is None:
            raise ShapeError(
                f"reshape: {describe(x)} of {size_of(x.shape)} elements cannot be cut into rows of "
                f"{size_of(known)}, as {tuple(shape)} wants."
            )
        full = (*known[:k], size, *known[k:])
    else:
        full = as_shape(shape, "reshape")
    return x if full == x.shape else reshape.node(x, shape=full)


@reshape.shape
def reshape_shape(x, *, shape):
    shape = as_shape(shape, "reshape")
    if size_of(shape) != size_of(x):
        raise ShapeError(
            f"reshape: shape {shape_text(x)} has {size_of(x)} elements, {shape_text(shape)} has "
            f"{size_of(shape)}. Write -1 for the axis that the rest decides."
        )
    return shape


@reshape.vjp
def reshape_vjp(g, x, y, *, shape):
    return [reshape.node(g, shape=x.shape)]


@op(
    "x(*s) -> y(*t)", latex=r"{x}", slopes=("1",), onnx="Unsqueeze", types="any", alias=True,
    samples=[Sample(((3, 4),), {"axes": (1,)}), Sample(((3,),), {"axes": (0, 2)})],
)  # fmt: skip
def expand_dims(x, *, axes):
    """New axes of size 1, at places counted in the result.

    Shapes: x (3, 4), axis 1 -> y (3, 1, 4); no copy. Source: NumPy, numpy.expand_dims.
    """
    return np.expand_dims(x, axes)


@expand_dims.build
def build_expand_dims(x, axis):
    x = as_node(x, expand_dims)
    places = tuple(axis) if isinstance(axis, Iterable) else (axis,)
    result = (1,) * (x.ndim + len(places))
    return expand_dims.node(x, axes=normal_axes(places, result, "expand_dims")) if places else x


@expand_dims.shape
def expand_dims_shape(x, *, axes):
    axes = normal_axes(axes, (1,) * (len(x) + len(axes)), "expand_dims")
    rest = iter(x)
    return tuple(1 if k in axes else next(rest) for k in range(len(x) + len(axes)))


@expand_dims.vjp
def expand_dims_vjp(g, x, y, *, axes):
    return [squeeze.node(g, axes=axes)]


@op(
    "x(*s) -> y(*t)", latex=r"{x}", slopes=("1",), onnx="Squeeze", types="any", alias=True,
    samples=[Sample(((3, 1, 4),), {"axes": (1,)}), Sample(((1, 3, 1),), {"axes": (0, 2)})],
)  # fmt: skip
def squeeze(x, *, axes):
    """Without the given axes of size 1; all of them if none is given.

    Shapes: x (3, 1, 4) -> y (3, 4); no copy. Source: NumPy, numpy.squeeze.
    """
    return np.squeeze(x, axes)


@squeeze.build
def build_squeeze(x, axis=None):
    x = as_node(x, squeeze)
    if axis is None:
        axes = tuple(k for k, d in enumerate(x.shape) if d == 1)
    else:
        axes = normal_axes(axis, x.shape, "squeeze")
    return squeeze.node(x, axes=axes) if axes else x


@squeeze.shape
def squeeze_shape(x, *, axes):
    for k in normal_axes(axes, x, "squeeze"):
        if x[k] != 1:
            raise ShapeError(
                f"squeeze: axis {k} of {shape_text(x)} has size {x[k]}; only axes of size 1 can go."
            )
    return tuple(d for k, d in enumerate(x) if k not in axes)


@squeeze.vjp
def squeeze_vjp(g, x, y, *, axes):
    return [expand_dims.node(g, axes=axes)]


@op(
    "x(*s) -> y(*t)", latex=r"{x}^\top", slopes=("1",), onnx="Transpose", types="any",
    per_element=(0, 0),
    samples=[
        Sample(((3, 4),), {"axes": (1, 0)}),
        Sample(((2, 3, 4),), {"axes": (2, 0, 1)}),
        Sample(((2, 3, 2, 5),), {"axes": (0, 2, 1, 3)}),
        Sample(((19, 35),), {"axes": (1, 0)}),
    ],
)  # fmt: skip
def transpose(x, *, axes):
    """Axes in another order, all reversed if none is given.

    Shapes: x (2, 3, 4), axes (2, 0, 1) -> y (4, 2, 3).

    A copy, in blocks that stay in the cache. Axes that stay neighbours are moved as one; at most six are
    moved. Source: NumPy, numpy.transpose.
    """
    return np.transpose(x, axes)


@transpose.build
def build_transpose(x, axes=None):
    x = as_node(x, transpose)
    if axes is None:
        axes = range(x.ndim - 1, -1, -1)
    elif not isinstance(axes, Iterable):
        axes = (axes,)
    order = tuple(normal_axis(k, x.shape, "transpose") for k in axes)
    check_permutation(x.shape, order)
    return x if order == tuple(range(x.ndim)) else transpose.node(x, axes=order)


def check_permutation(shape, axes):
    """Raise ShapeError unless `axes` names every axis of `shape` once."""
    if sorted(axes) != list(range(len(shape))):
        raise ShapeError(f"transpose: axes {tuple(axes)} do not name every axis of {shape_text(shape)} once.")


@transpose.shape
def transpose_shape(x, *, axes):
    check_permutation(x, axes)
    return tuple(x[k] for k in axes)


@transpose.view
def transpose_view(x, y, *, axes):
    strides = contiguous_strides(x)
    walk, ints = strided(y, [strides[k] for k in axes], 0)
    return View(((prod(x),), walk), ints)


@transpose.kernel
def transpose_kernel(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5):
    strided_load(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5)


@transpose.vjp
def transpose_vjp(g, x, y, *, axes):
    return [transpose.node(g, axes=tuple(axes.index(k) for k in range(len(axes))))]


def move_axes_last(x: Node, axes: tuple[int, ...]) -> Node:
    """`x` with `axes` behind all others, in the given order."""
    return build_transpose(x, tuple(k for k in range(x.ndim) if k not in axes) + axes)


def permute(x, *axes) -> Node:
    """Axes in another order, as transpose: `permute(x, 0, 2, 1)` or `permute(x, (0, 2, 1))`."""
    return build_transpose(x, axes[0] if len(axes) == 1 else axes)


def swapaxes(x, axis1: int, axis2: int) -> Node:
    """Two axes exchanged: (2, 3, 4), axes 0 and 2 -> (4, 3, 2)."""
    x = as_node(x, transpose)
    a, b = (normal_axis(k, x.shape, "swapaxes") for k in (axis1, axis2))
    order = list(range(x.ndim))
    order[a], order[b] = b, a
    return build_transpose(x, order)


SERVICES["swapaxes"] = swapaxes


def moveaxis(x, source, destination) -> Node:
    """Axes moved to other places, the rest in order: (2, 3, 4), 0 to -1 -> (3, 4, 2)."""
    x = as_node(x, transpose)
    pairs = [
        [normal_axis(k, x.shape, "moveaxis") for k in (v if isinstance(v, list | tuple) else (v,))]
        for v in (source, destination)
    ]
    if len(pairs[0]) != len(pairs[1]) or any(len(set(p)) != len(p) for p in pairs):
        raise ShapeError(f"moveaxis: wanted a new place for every axis, found {source!r} to {destination!r}.")
    order = [k for k in range(x.ndim) if k not in pairs[0]]
    for place, axis in sorted(zip(pairs[1], pairs[0], strict=True)):
        order.insert(place, axis)
    return build_transpose(x, order)


def flatten(x, start: int = 0, end: int = -1) -> Node:
    """Axes from `start` to `end` as one: (batch, 2, 3), start 1 -> (batch, 6). All of them if none is given."""
    x = as_node(x, reshape)
    if x.ndim == 0:
        return build_reshape(x, (1,))
    first, last = (normal_axis(k, x.shape, "flatten") for k in (start, end))
    if first > last:
        raise ShapeError(f"flatten: axis {start} stands behind axis {end} in {shape_text(x.shape)}.")
    return build_reshape(x, (*x.shape[:first], size_of(x.shape[first : last + 1]), *x.shape[last + 1 :]))


__all__ = [
    "expand_dims", "flatten", "moveaxis", "permute", "reshape", "squeeze", "swapaxes", "transpose",
]  # fmt: skip
