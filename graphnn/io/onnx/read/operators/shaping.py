"""Readers of operators that change shapes: reshape, transpose, expand, and the axes of size 1."""

from __future__ import annotations

from graphnn.core.dims import Dim, DimLike, divide, shape_text, size_of
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call, needs_sizes
from graphnn.io.onnx.read.registry import reads
from graphnn.ops.comparison import where
from graphnn.ops.reduce import broadcast_to
from graphnn.ops.repetition import tile
from graphnn.ops.shape import expand_dims, reshape, squeeze, transpose
from graphnn.ops.triangles import tri


@reads("Transpose")
def transpose_(call: Call) -> Node:
    return transpose(call.node(0), call.integers("perm", None))


@reads("Reshape")
def reshape_(call: Call) -> Node:
    """Another shape; 0 keeps the size of an axis unless `allowzero` says otherwise, -1 takes what is left."""
    wanted = call.integers("shape") if call.version < 5 else call.ints(1, "the shape")
    keeps = not call.flag("allowzero", 0)
    have = call.shape(0)
    dims: list[DimLike] = []
    for k, d in enumerate(wanted):
        if not isinstance(d, Dim) and d == 0 and keeps:
            if k >= len(have):
                call.refuse(f"axis {k} keeps its size, but {shape_text(have)} has no such axis.")
            d = have[k]
        elif not isinstance(d, Dim) and d < -1:
            call.refuse(f"an axis of size {d} cannot be.")
        dims.append(d)
    return reshape(call.node(0), tuple(dims))


@reads("Flatten")
def flatten(call: Call) -> Node:
    """Two axes: all before `axis` as one, all from it on as the other."""
    have, axis = call.shape(0), call.integer("axis", 1)
    if not -len(have) <= axis <= len(have):
        call.refuse(f"there is no axis {axis} in {shape_text(have)}.")
    axis = axis + len(have) if axis < 0 else axis
    return reshape(call.node(0), (size_of(have[:axis]), size_of(have[axis:])))


def axes_of(call: Call, slot: int, since: int) -> tuple[int, ...] | None:
    """The axes that an operator works on: an attribute before version `since`, then an operand; None if not given."""
    if call.version < since:
        return call.integers("axes", None)
    return call.int_list(slot, "the axes") if call.has(slot) else None


@reads("Squeeze")
def squeeze_(call: Call) -> Node:
    axes = axes_of(call, 1, 13)
    return squeeze(call.node(0), axes)


@reads("Unsqueeze")
def unsqueeze(call: Call) -> Node:
    axes = axes_of(call, 1, 13)
    if axes is None:
        call.refuse("the axes are missing.")
    if len(axes) > 64:
        call.refuse(f"{len(axes)} new axes are more than 64.")
    return expand_dims(call.node(0), axes)


@reads("Expand")
def expand(call: Call) -> Node:
    """Repeated along axes of size 1; the shape and the operand's own broadcast to each other."""
    have, wanted = call.shape(0), call.ints(1, "the shape")
    return broadcast_to(call.node(0), common_shape(call, have, wanted))


def common_shape(call: Call, a: tuple[DimLike, ...], b: tuple[DimLike, ...]) -> tuple[DimLike, ...]:
    """The shape that two shapes broadcast to."""
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    for d, e in zip(a, b, strict=True):
        if not (d == e or d == 1 or e == 1) or (not isinstance(e, Dim) and e < 0):
            names = sorted({n for x in (d, e) if isinstance(x, Dim) for n in x.names()})
            if names and (isinstance(d, Dim) or isinstance(e, Dim)) and not (isinstance(e, int) and e < 0):
                raise needs_sizes(call.who, f"whether axes of {d} and {e} broadcast", names)
            call.refuse(f"the shapes {shape_text(a)} and {shape_text(b)} do not broadcast.")
    return tuple(e if d == 1 else d for d, e in zip(a, b, strict=True))


@reads("Tile")
def tile_(call: Call) -> Node:
    """The operand repeated along its axes."""
    have = call.shape(0)
    if call.version < 6:
        if len(call.ints(1, "the count")) != 1 or len(call.ints(2, "the axis")) != 1:
            call.refuse("one count and one axis are wanted.")
        axis = call.int_list(2, "the axis")[0]
        if not 0 <= axis < len(have):
            call.refuse(f"there is no axis {axis} in {shape_text(have)}.")
        times = call.ints(1, "the count")[0]
        counts: tuple[DimLike, ...] = tuple(times if k == axis else 1 for k in range(len(have)))
    else:
        counts = call.ints(1, "the counts")
    if len(counts) != len(have) or any(not isinstance(n, Dim) and not 0 <= n < 2**48 for n in counts):
        call.refuse(f"wanted a count from 0 on for each axis of {shape_text(have)}, found {counts}.")
    if any(size_of((n, d)) == 0 for n, d in zip(counts, have, strict=True)):
        flat = reshape(call.node(0), (-1,)) if size_of(have) != 0 else reshape(call.node(0), (0,))
        empty = tuple(size_of((n, d)) for n, d in zip(counts, have, strict=True))
        return reshape(flat[:0], empty)
    return tile.node(call.node(0), reps=counts)


@reads("DepthToSpace")
def depth_to_space(call: Call) -> Node:
    """Channels laid out as blocks of pixels; DCR takes the block's place first, CRD the channel."""
    b, c, h, w = _picture(call)
    n = _block(call)
    order = call.choice("mode", "DCR", ("DCR", "CRD"))
    deep = exact(call, c, n * n, "the channels")
    if order == "DCR":
        y = transpose(reshape(call.node(0), (b, n, n, deep, h, w)), (0, 3, 4, 1, 5, 2))
    else:
        y = transpose(reshape(call.node(0), (b, deep, n, n, h, w)), (0, 1, 4, 2, 5, 3))
    return reshape(y, (b, deep, h * n, w * n))


@reads("SpaceToDepth")
def space_to_depth(call: Call) -> Node:
    """Blocks of pixels laid out as channels."""
    b, c, h, w = _picture(call)
    n = _block(call)
    order = call.choice("mode", "DCR", ("DCR", "CRD"))
    rows, columns = exact(call, h, n, "the height"), exact(call, w, n, "the width")
    y = reshape(call.node(0), (b, c, rows, n, columns, n))
    y = transpose(y, (0, 3, 5, 1, 2, 4) if order == "DCR" else (0, 1, 3, 5, 2, 4))
    return reshape(y, (b, c * (n * n), rows, columns))


def _picture(call: Call) -> tuple[DimLike, ...]:
    shape = call.shape(0)
    if len(shape) != 4:
        call.refuse(f"wanted the axes batch, channels, height and width, found {shape_text(shape)}.")
    return shape


def _block(call: Call) -> int:
    n = call.integer("blocksize")
    if not 1 <= n < 2**16:
        call.refuse(f"a block has a size from 1 on, found {n}.")
    return n


def exact(call: Call, d: DimLike, n: int, what: str) -> DimLike:
    """d / n, which must leave nothing; for a named axis this must be so at any size."""
    found = divide((d,), (n,))
    if found is None and isinstance(d, Dim):
        raise needs_sizes(call.who, f"{what}, {d} over {n},", d.names())
    if found is None:
        call.refuse(f"{what}, {d}, are no multiple of {n}.")
    return found


@reads("Trilu")
def trilu(call: Call) -> Node:
    """One triangle of matrices, zeros in the other."""
    x = call.node(0)
    if x.ndim < 2:
        call.refuse(f"wanted matrices, found {shape_text(x.shape)}.")
    k = call.number_at(1, "the diagonal") if call.has(1) else 0
    k = min(max(k, -(2**40)), 2**40)
    zero = {"b": False, "i": 0, "f": 0.0}[x.dtype.kind]
    if call.flag("upper", 1):
        return where(tri.node(shape=x.shape[-2:], k=k - 1), zero, x)
    return where(tri.node(shape=x.shape[-2:], k=k), x, zero)
