"""Readers of operators that cut arrays apart, put them together, and make them longer: Slice, Split, Concat, Pad."""

from __future__ import annotations

from graphnn.core.dims import Dim, DimLike, divide, shape_text
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call, needs_sizes
from graphnn.io.onnx.read.registry import reads
from graphnn.ops.join import concat, split
from graphnn.ops.padding import pad, pad_constant
from graphnn.ops.shape import reshape
from graphnn.ops.slicing import slice as block

_FAR = 2**31 - 1
"""Exporters write this or more where they mean the end of an axis."""


@reads("Slice")
def slice_(call: Call) -> Node:
    """A block of an array. Along a named axis the step is 1, or the axis is reversed."""
    shape = call.shape(0)
    starts: tuple[DimLike, ...]
    if call.version < 10:
        starts, ends = call.integers("starts"), call.integers("ends")
        axes, steps = call.integers("axes", None), None
    else:
        starts, ends = call.ints(1, "the starts"), call.ints(2, "the ends")
        axes = call.int_list(3, "the axes") if call.has(3) else None
        steps = call.int_list(4, "the steps") if call.has(4) else None
    axes = tuple(range(len(starts))) if axes is None else axes
    steps = (1,) * len(axes) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        call.refuse(
            f"starts, ends, axes and steps are of one length, found {len(starts)}, {len(ends)}, {len(axes)} "
            f"and {len(steps)}."
        )
    cuts: list[tuple[DimLike, DimLike, int]] = [(0, d, 1) for d in shape]
    places = normal_places(call, axes, len(shape))
    for axis, start, end, step in zip(places, starts, ends, steps, strict=True):
        if step == 0:
            call.refuse("a step of 0 gets nowhere.")
        n = shape[axis]
        if isinstance(n, Dim) or isinstance(start, Dim) or isinstance(end, Dim):
            cuts[axis] = _named_cut(call, n, start, end, step)
        else:
            first, stop, step = slice(start, end, step).indices(n)
            size = len(range(first, stop, step))
            cuts[axis] = (first, size, step) if size else (0, 0, 1)
    x = call.node(0)
    if all(cut == (0, d, 1) for cut, d in zip(cuts, shape, strict=True)):
        return x
    return block.node(
        x, starts=tuple(c[0] for c in cuts), sizes=tuple(c[1] for c in cuts), steps=tuple(c[2] for c in cuts)
    )


def normal_places(call: Call, axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Axes counted from the front, each named once."""
    for axis in axes:
        if not -rank <= axis < rank:
            call.refuse(f"there is no axis {axis} in {rank}.")
    places = tuple(axis % rank for axis in axes)
    if len(set(places)) != len(places):
        call.refuse(f"an axis stands twice in {axes}.")
    return places


def _named_cut(
    call: Call, n: DimLike, start: DimLike, end: DimLike, step: int
) -> tuple[DimLike, DimLike, int]:
    """Start, size and step along an axis whose size, or whose ends, are named; they must lie within it."""
    if step == -1 and start in (-1, n - 1) and not isinstance(end, Dim) and end <= -_FAR:
        return n - 1, n, -1
    if step == 1 and not isinstance(start, Dim) and not (start >= _FAR):
        low: DimLike = 0 if start <= -_FAR else start + n if start < 0 else start
    elif step == 1 and isinstance(start, Dim):
        low = start
    else:
        names = sorted({name for d in (n, start, end) if isinstance(d, Dim) for name in d.names()})
        raise needs_sizes(call.who, f"what {start}:{end}:{step} cuts from an axis of {n}", names)
    if isinstance(end, Dim):
        high: DimLike = end
    else:
        high = n if end >= _FAR else end + n if end < 0 else end
    size = high - low
    return (low, size, 1) if isinstance(size, Dim) or size > 0 else (0, 0, 1)


@reads("Split")
def split_(call: Call) -> list[Node]:
    """Parts along an axis, of given sizes or of equal ones."""
    shape, axis = call.shape(0), call.integer("axis", 0)
    (axis,) = normal_places(call, (axis,), len(shape))
    n, count = shape[axis], len(call.outputs)
    if call.version < 2 and call.has(1):
        sizes: tuple[DimLike, ...] | None = call.ints(1, "the sizes")
    elif call.version < 13:
        sizes = call.integers("split", None)
    else:
        sizes = call.ints(1, "the sizes") if call.has(1) else None
    parts = call.integer("num_outputs", None) if call.version >= 18 else None
    if parts is not None and parts != count:
        call.refuse(f"num_outputs is {parts}, but the file names {count}.")
    if sizes is None:
        sizes = _equal_parts(call, n, count)
    if len(sizes) != count or any(not isinstance(d, Dim) and d < 0 for d in sizes):
        call.refuse(f"wanted a size from 0 on for each of {count} outputs, found {sizes}.")
    return split(call.node(0), list(sizes), axis)


def _equal_parts(call: Call, n: DimLike, count: int) -> tuple[DimLike, ...]:
    if count == 1:
        return (n,)
    if isinstance(n, Dim):
        size = divide((n,), (count,))
        if size is None:
            raise needs_sizes(call.who, f"{n} over {count}", n.names())
        return (size,) * count
    size = -(-n // count)
    if n % count and call.version < 18:
        call.refuse(f"an axis of {n} does not make {count} equal parts.")
    found = tuple(min(size, max(n - k * size, 0)) for k in range(count))
    return found


@reads("Concat")
def concat_(call: Call) -> Node:
    axis = call.integer("axis", 1) if call.version < 4 else call.integer("axis")
    (axis,) = normal_places(call, (axis,), len(call.shape(0)))
    return concat(call.nodes(), axis)


@reads("Pad")
def pad_(call: Call) -> Node:
    """More at both ends of axes; where a width is negative, less."""
    shape = call.shape(0)
    if call.version < 11:
        widths = call.integers("pads" if call.version > 1 else "paddings")
        axes = tuple(range(len(shape)))
        value = call.number("value", 0.0)
    else:
        widths = call.int_list(1, "the widths")
        axes = call.int_list(3, "the axes") if call.has(3) else tuple(range(len(shape)))
        value = _fill(call)
    mode = call.choice("mode", "constant", ("constant", "reflect", "edge", "wrap"))
    places = normal_places(call, axes, len(shape))
    if len(widths) != 2 * len(places):
        call.refuse(f"wanted {2 * len(places)} widths for {len(places)} axes, found {len(widths)}.")
    ends = [(0, 0)] * len(shape)
    for k, axis in enumerate(places):
        ends[axis] = (widths[k], widths[k + len(places)])
    if any(abs(w) >= 2**48 for pair in ends for w in pair):
        call.refuse("a width of 2**48 is more than an axis can have.")
    x = _cropped(call, ends)
    grown = tuple((max(a, 0), max(b, 0)) for a, b in ends)
    if all(pair == (0, 0) for pair in grown):
        return x
    return pad_constant.node(x, value, widths=grown) if mode == "constant" else pad(x, grown, mode)


def _fill(call: Call) -> Node | float | int | bool:
    if not call.has(2):
        return {"b": False, "i": 0, "f": 0.0}[call.value(0).dtype.kind]
    if any(d != 1 for d in call.shape(2)):
        call.refuse(f"the constant is one number, found {shape_text(call.shape(2))}.")
    return reshape(call.node(2), ())


def _cropped(call: Call, ends: list[tuple[int, int]]) -> Node:
    x = call.node(0)
    if all(a >= 0 and b >= 0 for a, b in ends):
        return x
    starts = tuple(max(-a, 0) for a, _ in ends)
    sizes = tuple(d + min(a, 0) + min(b, 0) for d, (a, b) in zip(x.shape, ends, strict=True))
    if any(not isinstance(d, Dim) and d < 0 for d in sizes):
        call.refuse(f"widths of {ends} leave nothing of {shape_text(x.shape)}.")
    return block.node(x, starts=starts, sizes=sizes, steps=(1,) * x.ndim)
