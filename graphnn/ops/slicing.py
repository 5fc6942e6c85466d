"""Cut a regular block out of an array, as `x[1:, ::2, 0]` does, and put one into zeros."""

from __future__ import annotations

import builtins
from functools import reduce
from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import Dim, as_shape, shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.core.registry import OPS
from graphnn.ops.arithmetic import add
from graphnn.ops.axes import as_node, contiguous_strides, strided, strided_load, strided_store
from graphnn.ops.gathering import as_numbers, build_take, gather_nd
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import moveaxis, reshape

_SAMPLES = (
    ((5, 4), (1, 0), (3, 4), (1, 1)),
    ((5, 4), (4, 1), (3, 2), (-2, 2)),
    ((2, 3, 4), (0, 2, 3), (2, 1, 4), (1, 1, -1)),
)


@op(
    "x(*s) -> y(*t)", latex=r"{x}[\cdot]", slopes=("1",), onnx="Slice", types="any",
    per_element=(0, 0),
    samples=[Sample((s,), {"starts": a, "sizes": n, "steps": k}) for s, a, n, k in _SAMPLES],
)  # fmt: skip
def slice(x, *, starts, sizes, steps):
    """A regular block of an array: per axis where it starts, how many elements it has, and how far apart.

    `slice(x, index)` and `x[index]` take ints, slices (steps may be negative), None and Ellipsis, as NumPy
    does. Along a named axis slices have step 1 or are [::-1], and what they cut must be there when the size
    is known: `x[:5]` of a batch of 3 is an error, not 3 rows. Whole numbers in arrays or nodes take elements,
    `x[rows]`, `x[:, columns]`, `x[i, j]`: see take and gather_nd. Shapes: x (*s) -> y (*sizes). A copy.
    Source: NumPy, basic indexing.
    """
    return x[tuple(_as_slice(a, n, k) for a, n, k in zip(starts, sizes, steps, strict=True))]


def _as_slice(start, size, step):
    stop = start + size * step
    return builtins.slice(start, stop if stop >= 0 else None, step) if size else builtins.slice(0, 0, 1)


@slice.build
def build_slice(x, index):
    x = as_node(x, slice)
    entries = _entries(x, index)
    if any(_holds_numbers(entry) for entry in entries):
        return _by_numbers(x, entries)
    starts, sizes, steps = [], [], []
    shape = []
    axis = 0
    for entry in entries:
        if entry is None:
            shape.append(1)
            continue
        start, size, step = _cut(entry, x, axis)
        starts.append(start)
        sizes.append(size)
        steps.append(step)
        if isinstance(entry, builtins.slice):
            shape.append(size)
        axis += 1
    whole = tuple(sizes) == x.shape and all(k == 1 for k in steps)
    y = x if whole else slice.node(x, starts=tuple(starts), sizes=tuple(sizes), steps=tuple(steps))
    return y if tuple(shape) == y.shape else reshape.node(y, shape=tuple(shape))


def _entries(x, index):
    """The index with Ellipsis filled in: one int or slice per axis, None for new axes."""
    given = index if isinstance(index, tuple) else (index,)
    for entry in given:
        if isinstance(entry, bool | np.bool_) or (_holds_numbers(entry) and _dtype(entry) == np.bool_):
            raise ShapeError(
                f"slice: {_told(entry)} is a condition: how many it chooses is not known beforehand. Use "
                "gn.where(condition, a, b), or gn.masked_fill(x, mask, value)."
            )
        if not (
            entry is None
            or entry is ...
            or isinstance(entry, builtins.slice)
            or hasattr(entry, "__index__")
            or _holds_numbers(entry)
        ):
            raise ShapeError(
                f"slice: {entry!r} is no index; wanted ints, slices, None, Ellipsis, or arrays of whole numbers."
            )
    used = len([e for e in given if e is not None and e is not ...])
    dots = [k for k, e in enumerate(given) if e is ...]
    if len(dots) > 1:
        raise ShapeError("slice: an index holds at most one Ellipsis.")
    if used > x.ndim:
        raise ShapeError(f"slice: {used} indices for shape {shape_text(x.shape)} of {x.ndim} axes.")
    fill = (builtins.slice(None),) * (x.ndim - used)
    return (*given[: dots[0]], *fill, *given[dots[0] + 1 :]) if dots else (*given, *fill)


def _holds_numbers(entry):
    """Whether an entry of an index is a node, array or list: it numbers elements that are known at run time."""
    return isinstance(entry, Node | list) or (isinstance(entry, np.ndarray) and entry.ndim > 0)


def _dtype(entry):
    return entry.dtype if isinstance(entry, Node) else np.asarray(entry).dtype


def _told(entry):
    return f"the node {entry!r}" if isinstance(entry, Node) else f"{type(entry).__name__} {entry!r}"


def _by_numbers(x, entries):
    """Elements by number, in neighbouring axes, beside slices, as NumPy's advanced indexing."""
    places = [k for k, e in enumerate(entries) if _holds_numbers(e)]
    first, count = places[0], len(places)
    whole = [e is None or isinstance(e, builtins.slice) for k, e in enumerate(entries) if k not in places]
    if not all(whole) or places != list(range(first, first + count)):
        raise ShapeError(
            "slice: arrays of numbers stand side by side in an index, next to slices only; give x[i][:, j] two "
            "steps, or see gn.gather."
        )
    y = build_slice(x, tuple(builtins.slice(None) if k in places else e for k, e in enumerate(entries)))
    if count == 1:
        return build_take(y, entries[first], first)
    numbers = [as_numbers(entries[k], y.shape[k], gather_nd) for k in places]
    common = reduce(add, numbers).shape
    columns = [build_broadcast_to(n, common) for n in numbers]
    indices = OPS["concat"].node(*[reshape.node(c, shape=(*common, 1)) for c in columns], axis=len(common))
    z = gather_nd.node(moveaxis(y, places, tuple(range(count))), indices)
    behind = tuple(range(len(common), len(common) + first))
    return moveaxis(z, behind, tuple(range(first)))


def _cut(entry, x, axis):
    """Start, size and step of an index along an axis of known or named size."""
    n = x.shape[axis]
    if not isinstance(entry, builtins.slice):
        k = int(entry)
        if not isinstance(n, Dim) and not -n <= k < n:
            raise ShapeError(f"slice: index {k} is out of range for axis {axis} of {shape_text(x.shape)}.")
        return (k if k >= 0 else n + k), 1, 1
    if any(isinstance(part, Node) for part in (entry.start, entry.stop, entry.step)):
        raise ShapeError(
            "slice: a node cannot say where a slice starts or stops: shapes are static. See gn.take_window."
        )
    if entry.step == 0:
        raise ShapeError("slice: a step of 0 gets nowhere.")
    if not isinstance(n, Dim):
        start, stop, step = entry.indices(n)
        size = len(range(start, stop, step))
        return (start, size, step) if size else (0, 0, 1)
    if entry.step == -1 and entry.start is None and entry.stop is None:
        return n - 1, n, -1
    if entry.step not in (None, 1):
        raise ShapeError(
            f"slice: axis {axis}, named {n}, can be cut with step 1 or reversed by [::-1], found "
            f"step {entry.step}."
        )
    start, stop = (
        default if part is None else int(part) + (n if part < 0 else 0)
        for part, default in ((entry.start, 0), (entry.stop, n))
    )
    size = stop - start
    return (start, size, 1) if isinstance(size, Dim) or size > 0 else (0, 0, 1)


def check_block(shape, starts, sizes, steps, who):
    """Raise ShapeError unless the block lies inside the shape. Axes that are still names are checked at
    run time.
    """
    if not len(shape) == len(starts) == len(sizes) == len(steps):
        raise ShapeError(f"{who}: starts, sizes and steps need one entry per axis of {shape_text(shape)}.")
    for axis, (n, start, size, step) in enumerate(zip(shape, starts, sizes, steps, strict=True)):
        if any(isinstance(d, Dim) for d in (n, start, size)) or size == 0:
            continue
        last = start + (size - 1) * step
        if size < 0 or not (0 <= start < n and 0 <= last < n):
            raise ShapeError(
                f"{who}: axis {axis} has {n} elements; {size} of them from {start} by steps of {step} "
                "are not there."
            )


@slice.shape
def slice_shape(x, *, starts, sizes, steps):
    check_block(x, starts, sizes, steps, "slice")
    return tuple(sizes)


def block_walk(shape, starts, sizes, steps, who):
    """The block as a strided walk through the flat array."""
    check_block(shape, starts, sizes, steps, who)
    strides = contiguous_strides(shape)
    offset = sum(s * a for s, a in zip(strides, starts, strict=True))
    return strided(sizes, [s * k for s, k in zip(strides, steps, strict=True)], offset)


@slice.view
def slice_view(x, y, *, starts, sizes, steps):
    walk, ints = block_walk(x, starts, sizes, steps, "slice")
    return View(((prod(x),), walk), ints)


@slice.kernel
def slice_kernel(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5):
    strided_load(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5)


@slice.vjp
def slice_vjp(g, x, y, *, starts, sizes, steps):
    return [place.node(g, shape=x.shape, starts=starts, steps=steps)]


@op(
    "x(*s) -> y(*t)", latex=r"0[\cdot] \leftarrow {x}", slopes=("1",), types="number",
    per_element=(0, 0),
    samples=[Sample((n,), {"shape": s, "starts": a, "steps": k}) for s, a, n, k in _SAMPLES],
)  # fmt: skip
def place(x, *, shape, starts, steps):
    """Zeros of `shape` with x as a regular block in them: the counterpart of slice.

    Shapes: x (*s) -> y (*shape). Source: NumPy, y[starts::steps] = x.
    """
    y = np.zeros(shape, x.dtype)
    y[tuple(_as_slice(a, n, k) for a, n, k in zip(starts, x.shape, steps, strict=True))] = x
    return y


@place.shape
def place_shape(x, *, shape, starts, steps):
    shape = as_shape(shape, "place")
    check_block(shape, starts, x, steps, "place")
    return shape


@place.view
def place_view(x, y, *, shape, starts, steps):
    walk, ints = block_walk(y, starts, x, steps, "place")
    return View((walk, (prod(y),)), ints)


@place.kernel
def place_kernel(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5):
    for i in range(y.size):
        y[i] = 0
    strided_store(x, y, offset, n1, n2, n3, s0, s1, s2, s3, s4, s5)


@place.vjp
def place_vjp(g, x, y, *, shape, starts, steps):
    return [slice.node(g, starts=starts, sizes=x.shape, steps=steps)]


__all__ = ["place", "slice"]
