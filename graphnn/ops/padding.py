"""Make an array longer at its ends: by a number, by its mirror image, by its edge, or round and round."""

from __future__ import annotations

from graphnn.core.declare import composite
from graphnn.core.dims import Dim, shape_text, whole
from graphnn.core.dtypes import bool_
from graphnn.core.errors import SettingError, ShapeError, did_you_mean
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.axes import as_node
from graphnn.ops.join import concat
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.slicing import place, slice

MODES = ("constant", "reflect", "symmetric", "edge", "wrap")


@composite(
    "x(*s) -> y(*t)", latex=r"\operatorname{pad} {x}", onnx="Pad", types="any", slopes=(r"[{y}_j = {x}_i]",),
    per_element=(0, 0),
    samples=[
        Sample(((3, 4),), {"widths": ((2, 1), (0, 3)), "mode": "reflect"}),
        Sample(((3, 4),), {"widths": ((3, 1), (0, 2)), "mode": "symmetric"}),
        Sample(((3, 4),), {"widths": ((2, 1), (0, 5)), "mode": "edge"}),
        Sample(((3, 4),), {"widths": ((2, 1), (0, 4)), "mode": "wrap"}),
    ],
)  # fmt: skip
def pad(x, *, widths, mode):
    """x with more at both ends of its axes: `pad(x, 1)`, `pad(x, (2, 0))`, `pad(x, ((0, 0), (1, 2)), "reflect")`.

    Shapes: x (n, m), widths ((a, b), (c, d)) -> y (a + n + b, c + m + d). One pair serves all axes, one number
    both ends.

    constant: `value`, 0 if none is given; see pad_constant. reflect: mirrored at the last element, which is not
    repeated; symmetric: mirrored behind it. edge: the last element again. wrap: from the other end. What stands
    in several places adds up their gradients. Source: NumPy, numpy.pad.
    """
    for axis, (before, after) in enumerate(widths):
        if before or after:
            parts = [
                _border(x, axis, before, mode, front=True),
                x,
                _border(x, axis, after, mode, front=False),
            ]
            x = concat.node(*[p for p in parts if p is not None], axis=axis)
    return x


@pad.build
def build_pad(x, widths, mode="constant", value=0):
    x = as_node(x, pad)
    if mode not in MODES:
        raise SettingError(
            f"pad: mode is {', '.join(MODES)}; found {mode!r}.{did_you_mean(str(mode), MODES)}"
        )
    widths = _as_widths(widths, x.shape)
    return (
        pad_constant.node(x, value, widths=widths)
        if mode == "constant"
        else pad.node(x, widths=widths, mode=mode)
    )


@pad.shape
def pad_shape(x, *, widths, mode):
    return _longer(x, widths)


def _longer(shape, widths):
    return tuple(before + n + after for n, (before, after) in zip(shape, widths, strict=True))


@composite(
    "x(*s), value() -> y(*t)", latex=r"\operatorname{pad} {x}", onnx="Pad", types="any", per_element=(0, 0),
    slopes=(r"[{y}_j = {x}_i]", r"[{y}_j = {value}]"),
    samples=[Sample(((3, 4), ()), {"widths": ((1, 0), (2, 1))}), Sample(((4,), ()), {"widths": ((0, 2),)})],
)  # fmt: skip
def pad_constant(x, value, *, widths):
    """x with `value` at both ends of its axes: `pad(x, widths, value=...)`, 0 if none is given.

    Shapes: x (n, m), value (), widths ((a, b), (c, d)) -> y (a + n + b, c + m + d).
    Source: NumPy, numpy.pad.
    """
    constant = value.storage.array if value.op.role == "constant" and value.storage is not None else None
    if constant is not None and not constant.any() and x.dtype is not bool_:
        starts = tuple(before for before, _ in widths)
        return place.node(x, shape=_longer(x.shape, widths), starts=starts, steps=(1,) * x.ndim)
    for axis, ends in enumerate(widths):
        frames = [
            build_broadcast_to(value, tuple(n if k == axis else d for k, d in enumerate(x.shape)))
            for n in ends
        ]
        parts = [(frames[0], ends[0]), (x, 1), (frames[1], ends[1])]
        if ends != (0, 0):
            x = concat.node(*[part for part, n in parts if n], axis=axis)
    return x


@pad_constant.build
def build_pad_constant(x, value, widths):
    return build_pad(x, widths, "constant", value)


@pad_constant.shape
def pad_constant_shape(x, value, *, widths):
    return _longer(x, widths)


def _border(x: Node, axis: int, width: int, mode: str, *, front: bool) -> Node | None:
    """What stands before, or behind, x."""
    if width == 0:
        return None
    n = x.shape[axis]
    room = n if mode in ("symmetric", "wrap") else n - 1 if mode == "reflect" else width if n != 0 else 0
    if not isinstance(room, Dim) and width > room:
        raise ShapeError(
            f"pad: mode {mode!r} has {max(room, 0)} elements to add to axis {axis} of {shape_text(x.shape)}, "
            f"found a width of {width}."
        )
    if mode == "edge":
        edge = _run(x, axis, 0 if front else n - 1, 1, 1)
        return build_broadcast_to(edge, tuple(width if k == axis else d for k, d in enumerate(x.shape)))
    if mode == "wrap":
        return _run(x, axis, n - width if front else 0, width, 1)
    gap = 1 if mode == "reflect" else 0
    return _run(x, axis, width - 1 + gap if front else n - 1 - gap, width, -1)


def _run(x, axis, start, size, step):
    """`size` slices of x along an axis."""
    return slice.node(
        x,
        starts=tuple(start if k == axis else 0 for k in range(x.ndim)),
        sizes=tuple(size if k == axis else d for k, d in enumerate(x.shape)),
        steps=tuple(step if k == axis else 1 for k in range(x.ndim)),
    )


def _as_widths(widths, shape):
    """A pair for every axis, as NumPy reads one number, one pair, or a pair per axis."""
    given = widths
    if whole(widths) is not None:
        widths = (widths, widths)
    if isinstance(widths, list | tuple) and len(widths) == 2 and all(whole(w) is not None for w in widths):
        widths = (tuple(widths),) * len(shape)
    pairs = [tuple(w) if isinstance(w, list | tuple) else (w, w) for w in widths] if _is_list(widths) else []
    good = all(len(p) == 2 and all(whole(w) is not None and w >= 0 for w in p) for p in pairs)
    if len(pairs) != len(shape) or not good:
        raise ShapeError(
            f"pad: widths are a whole number from 0 on, a pair (before, after), or such a pair for each of the "
            f"{len(shape)} axes of {shape_text(shape)}; found {given!r}."
        )
    return tuple((int(before), int(after)) for before, after in pairs)


def _is_list(value):
    return isinstance(value, list | tuple)


__all__ = ["pad", "pad_constant"]
