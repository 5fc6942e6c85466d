"""Windows that slide over the last two axes of images: their settings as users write them, their number, and
NumPy's view of what lies under them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, DimLike, Shape, shape_text, whole
from graphnn.core.errors import ShapeError
from graphnn.core.op import View

Ints = tuple[int, ...]


def read_numbers(value: Any, axes: int, who: str, name: str, *, least: int) -> Ints:
    """A setting with a number for each sliding axis: one number stands for all."""
    number = whole(value)
    found = (number,) * axes if number is not None else value
    if not isinstance(found, tuple | list) or len(found) != axes or any(whole(v) is None for v in found):
        many = "an int" if axes == 1 else f"an int or {axes} ints"
        raise ShapeError(f"{who}: {name} is {many}, found {value!r}.")
    if any(v < least for v in found):
        raise ShapeError(f"{who}: {name} is {value!r}; wanted {least} or more.")
    return tuple(int(v) for v in found)


def read_padding(padding: Any, kernel: Shape, stride: Ints, dilation: Ints, who: str) -> Ints:
    """Zeros before and after each sliding axis, as (top, bottom, left, right)."""
    axes = len(stride)
    if isinstance(padding, str) and padding == "valid":
        return (0, 0) * axes
    if isinstance(padding, str) and padding == "same":
        if any(s != 1 for s in stride):
            raise ShapeError(f'{who}: padding "same" keeps sizes only with stride 1, found stride {stride}.')
        return tuple(n for pad in _spans(who, kernel, dilation) for n in ((pad - 1) // 2, pad // 2))
    pairs = (padding,) * axes if whole(padding) is not None else padding
    if isinstance(pairs, tuple | list) and len(pairs) == axes:
        pairs = [(p, p) if whole(p) is not None else p for p in pairs]
        if all(isinstance(p, tuple | list) and len(p) == 2 and None not in map(whole, p) for p in pairs):
            found = tuple(int(n) for pair in pairs for n in pair)
            if min(found) >= 0:
                return found
    names = "(before, after)," if axes == 1 else "(top, bottom), (left, right)"
    raise ShapeError(
        f'{who}: padding is "valid", "same", an int of 0 or more, one for each axis, or pairs ({names}); '
        f"found {padding!r}."
    )


def windows(who: str, sizes: Shape, kernel: Shape, stride: Ints, padding: Ints, dilation: Ints) -> Shape:
    """How many windows fit along each sliding axis."""
    out: list[DimLike] = []
    for k, span in enumerate(_spans(who, kernel, dilation)):
        size = sizes[k]
        room = size + padding[2 * k] + padding[2 * k + 1] - span
        if isinstance(room, Dim):
            if stride[k] != 1:
                raise ShapeError(
                    f"{who}: axis {k - len(sizes)} of x is {size}; with a stride of {stride[k]} its size must be "
                    "known. Give a number, or use stride 1."
                )
        elif room < 0:
            raise ShapeError(
                f"{who}: axis {k - len(sizes)} of x is {size}, with padding {room + span}: too short for a "
                f"kernel that spans {span}. Use a smaller kernel or dilation, or more padding."
            )
        out.append(room + 1 if isinstance(room, Dim) else room // stride[k] + 1)
    return tuple(out)


def _spans(who: str, kernel: Shape, dilation: Ints) -> list[int]:
    """How many places a kernel reaches over, along each axis."""
    known = [k for k in kernel if not isinstance(k, Dim) and k >= 1]
    if len(known) < len(kernel):
        raise ShapeError(f"{who}: a kernel has a known size of 1 or more, found {shape_text(kernel)}.")
    return [d * (k - 1) + 1 for k, d in zip(known, dilation, strict=True)]


def spread_size(
    sizes: Shape, kernel: Shape, stride: Ints, padding: Ints, output_padding: Sequence[Any], dilation: Ints
) -> Shape:
    """The sizes from which `windows` gives `sizes`: the smallest, plus output_padding."""
    return tuple(
        (n - 1) * stride[k] + dilation[k] * (kernel[k] - 1) + 1 - padding[2 * k] - padding[2 * k + 1] + extra
        for k, (n, extra) in enumerate(zip(sizes, output_padding, strict=True))
    )


def demand(who: str, name: str, found: Shape, wanted: Shape, why: str) -> None:
    """Raise ShapeError where a shape is not what another one asks for."""
    if tuple(found) != tuple(wanted):
        raise ShapeError(f"{who}: {name} is {shape_text(found)}, wanted {shape_text(wanted)}: {why}.")


def checked_groups(who: str, groups: Any, channels: Any, kernels: Any) -> int:
    """`groups`, if it divides the channels and the kernels."""
    number = whole(groups)
    if number is None or number < 1:
        raise ShapeError(f"{who}: groups is an int of 1 or more, found {groups!r}.")
    for count, what in ((channels, "channels of x"), (kernels, "kernels in w")):
        if isinstance(count, Dim) and number > 1:
            raise ShapeError(
                f"{who}: {count} {what} cannot be cut into {number} groups: their number must be known."
            )
        if not isinstance(count, Dim) and count % number:
            raise ShapeError(f"{who}: {count} {what} cannot be cut into {number} equal groups.")
    return number


def convolved_shape(
    who: str, x: Shape, w: Shape, stride: Ints, padding: Ints, dilation: Ints, groups: Any
) -> Shape:
    """What kernels w (o, c / groups, *k) make of x (n, c, *s)."""
    groups = checked_groups(who, groups, x[1], w[0])
    if w[1] * groups != x[1]:
        raise ShapeError(
            f"{who}: x {shape_text(x)} has {x[1]} channels, but kernels w {shape_text(w)} are for {w[1]}"
            f"{f' in each of {groups} groups' if groups > 1 else ''}. Axis 1 of w is c / groups."
        )
    return (x[0], w[0], *windows(who, x[2:], w[2:], stride, padding, dilation))


def spread_shape(
    who: str,
    x: Shape,
    w: Shape,
    stride: Ints,
    padding: Ints,
    output_padding: Ints,
    dilation: Ints,
    groups: Any,
) -> Shape:
    """What kernels w (o, c / groups, *k) spread x (n, o, *s) over."""
    groups = checked_groups(who, groups, x[1], w[0])
    if w[0] != x[1]:
        raise ShapeError(
            f"{who}: x {shape_text(x)} has {x[1]} channels, but w {shape_text(w)} has {w[0]} kernels. "
            "Axis 0 of w is the channels of x, axis 1 those of the result / groups."
        )
    _spans(who, w[2:], dilation)
    if any(isinstance(e, Dim) or not 0 <= e < s for e, s in zip(output_padding, stride, strict=True)):
        raise ShapeError(
            f"{who}: output_padding is {tuple(output_padding)}; wanted less than the stride {tuple(stride)}, or a "
            "convolution would look at what is added."
        )
    sizes = spread_size(x[2:], w[2:], stride, padding, output_padding, dilation)
    if any(not isinstance(d, Dim) and d < 1 for d in (*x[2:], *sizes)):
        raise ShapeError(
            f"{who}: x {shape_text(x)} with kernels {shape_text(w[2:])} and padding {tuple(padding)} leaves an image "
            f"of {shape_text(sizes)}; wanted 1 or more along each axis."
        )
    return (x[0], w[1] * groups, *sizes)


def cut_range(view: View, parts: int, first: str = "first", last: str = "last") -> list[View]:
    """The parts of a kernel call that does something from `first` to `last`, without last."""
    start, size = view.ints[first], view.ints[last] - view.ints[first]
    cuts = [start + size * i // parts for i in range(parts + 1)]
    return [View(view.shapes, {**view.ints, first: a, last: b}) for a, b in pairwise(cuts) if a < b] or [view]


def slide(
    x: np.ndarray, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, fill: float = 0.0
) -> np.ndarray:
    """What lies under each tap of each window: x (*b, h, w) -> (*b, k, l, p, q)."""
    border = [(0, 0)] * (x.ndim - 2) + [padding[:2], padding[2:]]
    padded = np.pad(x, border, constant_values=fill)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=(-2, -1))
    view = view[..., :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return np.moveaxis(view, (-2, -1), (-4, -3))


def unslide(patches: np.ndarray, shape: Ints, stride: Ints, padding: Ints, dilation: Ints) -> np.ndarray:
    """The way back: (*b, k, l, p, q) added up at the places that they came from, in an x of `shape`."""
    *_, k, m, p, q = patches.shape
    height, width = shape[-2] + sum(padding[:2]), shape[-1] + sum(padding[2:])
    padded = np.zeros((*patches.shape[:-4], height, width), patches.dtype)
    for i in range(k):
        for j in range(m):
            top, left = i * dilation[0], j * dilation[1]
            bottom, right = top + (p - 1) * stride[0] + 1, left + (q - 1) * stride[1] + 1
            padded[..., top : bottom : stride[0], left : right : stride[1]] += patches[..., i, j, :, :]
    return padded[..., padding[0] : padding[0] + shape[-2], padding[2] : padding[2] + shape[-1]]
