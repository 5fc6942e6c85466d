"""Repeat, turn round and push along: tile, repeat, flip and roll."""

from __future__ import annotations

from graphnn.core.declare import composite
from graphnn.core.dims import Dim, shape_text, whole
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample
from graphnn.ops.axes import as_node, normal_axes, normal_axis
from graphnn.ops.join import concat
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape, reshape
from graphnn.ops.slicing import slice


def _count(n, who, word):
    if whole(n) is None or n < 0:
        raise ShapeError(f"{who}: {word} are whole numbers from 0 on, found {n!r}.")
    return int(n)


@composite(
    "x(*s) -> y(*t)", latex=r"\operatorname{tile} {x}", slopes=("1",), onnx="Tile", types="any", per_element=(0, 0),
    samples=[
        Sample(((3, 4),), {"reps": (2, 3)}),
        Sample(((3,),), {"reps": (2, 1)}),
        Sample(((2, 3, 2),), {"reps": (2,)}),
    ],
)  # fmt: skip
def tile(x, *, reps):
    """x as a whole, repeated along its axes: `tile(x, 2)`, `tile(x, (2, 1))`.

    Shapes: x (3, 4), reps (2, 3) -> y (6, 12). Counts for fewer axes are those of the last ones; for more, x gets
    new axes in front. Source: NumPy, numpy.tile.
    """
    x = build_reshape(x, (*(1,) * (len(reps) - x.ndim), *x.shape))
    for axis, times in enumerate(reps, x.ndim - len(reps)):
        if times != 1:
            before, n, behind = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
            row = reshape.node(x, shape=(*before, 1, n, *behind))
            x = reshape.node(
                build_broadcast_to(row, (*before, times, n, *behind)), shape=(*before, times * n, *behind)
            )
    return x


@tile.build
def build_tile(x, reps):
    reps = reps if isinstance(reps, list | tuple) else (reps,)
    return tile.node(as_node(x, tile), reps=tuple(_count(n, "tile", "counts") for n in reps))


@tile.shape
def tile_shape(x, *, reps):
    rank = max(len(x), len(reps))
    x, reps = (1,) * (rank - len(x)) + tuple(x), (1,) * (rank - len(reps)) + tuple(reps)
    return tuple(n * times for n, times in zip(x, reps, strict=True))


@composite(
    "x(*s) -> y(*t)", latex=r"\operatorname{repeat} {x}", slopes=("1",), types="any", per_element=(0, 0),
    samples=[Sample(((3, 4),), {"repeats": 2, "axis": 0}), Sample(((3, 4),), {"repeats": 3, "axis": 1})],
)  # fmt: skip
def repeat(x, *, repeats, axis):
    """Every element of x several times in a row, along an axis; of the flattened x if no axis is given.

    Shapes: x (3, 4), repeats 2, axis 1 -> y (3, 8). Source: NumPy, numpy.repeat.
    """
    before, n, behind = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    row = reshape.node(x, shape=(*before, n, 1, *behind))
    return build_reshape(
        build_broadcast_to(row, (*before, n, repeats, *behind)), (*before, n * repeats, *behind)
    )


@repeat.build
def build_repeat(x, repeats, axis=None):
    x = as_node(x, repeat)
    if axis is None:
        x, axis = build_reshape(x, -1), 0
    axis = normal_axis(axis, x.shape, "repeat")
    return repeat.node(x, repeats=_count(repeats, "repeat", "repeats"), axis=axis)


@repeat.shape
def repeat_shape(x, *, repeats, axis):
    return (*x[:axis], x[axis] * repeats, *x[axis + 1 :])


@composite(
    "x(*s) -> y(*t)", latex=r"\operatorname{flip} {x}", slopes=("1",), types="any", per_element=(0, 0),
    samples=[Sample(((3, 4),), {"axes": (0, 1)}), Sample(((3, 4, 2),), {"axes": (1,)})],
)  # fmt: skip
def flip(x, *, axes):
    """Axes in reverse order; all axes if none is given. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.flip."""
    starts = tuple(d - 1 if k in axes and d != 0 else 0 for k, d in enumerate(x.shape))
    steps = tuple(-1 if k in axes else 1 for k in range(x.ndim))
    return slice.node(x, starts=starts, sizes=x.shape, steps=steps) if axes else x


@flip.build
def build_flip(x, axis=None):
    x = as_node(x, flip)
    return flip.node(x, axes=normal_axes(axis, x.shape, "flip"))


@flip.shape
def flip_shape(x, **_):
    return x


@composite(
    "x(*s) -> y(*t)", latex=r"\operatorname{roll} {x}", slopes=("1",), types="any", per_element=(0, 0),
    samples=[
        Sample(((3, 4),), {"shifts": (1,), "axes": (1,)}),
        Sample(((3, 4),), {"shifts": (-2, 2), "axes": (0, 1)}),
    ],
)  # fmt: skip
def roll(x, *, shifts, axes):
    """Elements moved along an axis; what falls off at one end comes in at the other. `roll(x, 2, axis=0)`.

    Shapes: x (*s) -> y (*s). Of the flattened x if no axis is given. Along a named axis a shift is at most its
    size. Source: NumPy, numpy.roll.
    """
    for shift, axis in zip(shifts, axes, strict=True):
        n = x.shape[axis]
        if not isinstance(n, Dim):
            shift = shift % n if n else 0
        if shift:
            cut = n - shift if shift > 0 else -shift
            x = concat.node(_part(x, axis, cut, n - cut), _part(x, axis, 0, cut), axis=axis)
    return x


def _part(x, axis, start, size):
    starts = tuple(start if k == axis else 0 for k in range(x.ndim))
    sizes = tuple(size if k == axis else d for k, d in enumerate(x.shape))
    return slice.node(x, starts=starts, sizes=sizes, steps=(1,) * x.ndim)


@roll.build
def build_roll(x, shift, axis=None):
    x = as_node(x, roll)
    if axis is None:
        return build_reshape(build_roll(build_reshape(x, -1), shift, 0), x.shape)
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    shifts = tuple(shift) if isinstance(shift, list | tuple) else (shift,) * len(axes)
    if len(shifts) != len(axes) or any(whole(s) is None for s in shifts):
        raise ShapeError(
            f"roll: wanted a whole number to shift by, or one for each of the axes {axes} of "
            f"{shape_text(x.shape)}; found {shift!r}."
        )
    axes = tuple(normal_axis(a, x.shape, "roll") for a in axes)
    return roll.node(x, shifts=tuple(int(s) for s in shifts), axes=axes)


@roll.shape
def roll_shape(x, **_):
    return x


__all__ = ["flip", "repeat", "roll", "tile"]
