"""What ONNX says of windows that slide over the axes behind the channels: kernel, strides, dilations, padding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from graphnn import ops
from graphnn.core.dims import Dim, DimLike, Shape, shape_text
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call, needs_sizes
from graphnn.ops.windows import windows

__all__ = [
    "CONSTANTS",
    "PARTS",
    "Ints",
    "Sliding",
    "bounded",
    "flat_pads",
    "grown",
    "positives",
    "read_sliding",
    "same_pads",
    "sizes_of",
    "spread_axis",
    "taps",
    "trimmed",
]

CONSTANTS = 2**24
"""Elements of a constant that a reader makes, at most."""
PARTS = 2**12
"""Parts that a reader adds up or writes out one by one, at most."""

Ints = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Sliding:
    """Settings of windows, one entry for each sliding axis.

    kernel, stride, dilation : as named
    pads : (before, after) that the file gives, or that auto_pad comes to
    beyond : what is looked at behind `pads` because the last window reaches over the end (ceil_mode)
    """

    kernel: Ints
    stride: Ints
    dilation: Ints
    pads: Pads
    beyond: Ints

    @property
    def span(self) -> Ints:
        """How many places a window reaches over."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def rest(self) -> Sliding:
        """The settings of all axes but the first."""
        return Sliding(self.kernel[1:], self.stride[1:], self.dilation[1:], self.pads[1:], self.beyond[1:])

    @property
    def whole_pads(self) -> Pads:
        """The padding with what ceil_mode adds."""
        return tuple((a, b + more) for (a, b), more in zip(self.pads, self.beyond, strict=True))


def bounded(call: Call, count: int, what: str, most: int = CONSTANTS) -> int:
    """A count that the file asks for, if it is not more than a reader does: checked before memory is taken."""
    if count > most:
        call.refuse(f"{what} would be {count}; at most {most} are read.")
    return count


def sizes_of(call: Call, dims: Iterable[DimLike], what: str) -> Ints:
    """Sizes that must be known now; of a named axis among them NeedsConstantError tells how to fix it."""
    names: set[str] = set()
    found: list[int] = []
    for d in dims:
        if isinstance(d, Dim):
            names.update(d.names())
        else:
            found.append(d)
    if names:
        raise needs_sizes(call.who, what, sorted(names))
    return tuple(found)


def read_sliding(call: Call, sizes: Shape, kernel: Ints) -> Sliding:
    """The settings of this node for axes of these sizes."""
    axes = len(sizes)
    if len(kernel) != axes or any(k < 1 for k in kernel):
        call.refuse(f"a kernel of {kernel} does not slide over the {axes} axes {shape_text(sizes)}.")
    bounded(call, prod(kernel), "the places of a kernel")
    stride = positives(call, "strides", axes)
    dilation = positives(call, "dilations", axes)
    span = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    auto = call.choice("auto_pad", "NOTSET", ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"))
    given = call.integers("pads", (0,) * (2 * axes))
    if len(given) != 2 * axes or any(not 0 <= p <= CONSTANTS for p in given):
        call.refuse(f"attribute 'pads' is {2 * axes} numbers from 0 to {CONSTANTS}, found {given}.")
    if auto == "NOTSET":
        pads = tuple(zip(given[:axes], given[axes:], strict=True))
    elif auto == "VALID":
        pads = ((0, 0),) * axes
    else:
        pads = tuple(
            same_pads(_missing(call, n, k, s), upper=auto == "SAME_UPPER")
            for n, k, s in zip(sizes, span, stride, strict=True)
        )
    beyond = (0,) * axes
    if call.op_type.endswith("Pool") and call.flag("ceil_mode", 0) and auto == "NOTSET":
        beyond = tuple(
            _beyond(call, n, k, s, pad) for n, k, s, pad in zip(sizes, span, stride, pads, strict=True)
        )
    return Sliding(kernel, stride, dilation, pads, beyond)


def positives(call: Call, name: str, axes: int) -> Ints:
    """An attribute with a number from 1 on for each sliding axis; 1s if it is left out."""
    found: Ints = call.integers(name, (1,) * axes)
    if len(found) != axes or any(not 1 <= n <= CONSTANTS for n in found):
        call.refuse(f"attribute {name!r} is {axes} numbers from 1 to {CONSTANTS}, found {found}.")
    return found


def _missing(call: Call, n: int | Dim, span: int, stride: int) -> int:
    """How much padding makes ceil(n / stride) windows."""
    if isinstance(n, Dim) and stride == 1:
        return span - 1
    (n,) = sizes_of(call, (n,), f"an axis with auto_pad and a stride of {stride}")
    return max(0, (-(-n // stride) - 1) * stride + span - n)


def same_pads(missing: int, *, upper: bool) -> tuple[int, int]:
    """The padding in two halves, the larger behind (upper) or in front."""
    small, large = missing // 2, missing - missing // 2
    return (small, large) if upper else (large, small)


def _beyond(call: Call, n: int | Dim, span: int, stride: int, pad: tuple[int, int]) -> int:
    if stride == 1:
        return 0
    (n,) = sizes_of(call, (n,), f"an axis with ceil_mode and a stride of {stride}")
    room = n + sum(pad) - span
    steps = -(-room // stride)
    # The last window begins in x or in the padding before it.
    if steps * stride >= n + pad[0]:
        return 0
    return max(0, steps * stride - room)


def flat_pads(pads: Pads) -> Ints:
    """((top, bottom), (left, right)) in a row, as our nodes have them."""
    return tuple(n for pair in pads for n in pair)


def taps(x: Node, axis: int, kernel: int, stride: int, dilation: int) -> Node:
    """What lies under each tap of windows along one axis: (..., n, ...) -> (..., kernel, windows, ...)."""
    (count,) = windows("Conv", x.shape[axis : axis + 1], (kernel,), (stride,), (0, 0), (dilation,))
    parts = [_run(x, axis, k * dilation, count, stride) for k in range(kernel)]
    return ops.stack(parts, axis)


def _run(x: Node, axis: int, start: int, size: int | Dim, step: int) -> Node:
    rank = x.ndim
    return ops.slice.node(
        x,
        starts=tuple(start if k == axis else 0 for k in range(rank)),
        sizes=tuple(size if k == axis else d for k, d in enumerate(x.shape)),
        steps=tuple(step if k == axis else 1 for k in range(rank)),
    )


def spread_axis(x: Node, axis: int, stride: int, dilation: int) -> Node:
    """Taps added up at the places that they came from: (..., kernel, windows, ...) -> (..., n, ...), the way back."""
    kernel, count = x.shape[axis : axis + 2]
    length = (count - 1) * stride + dilation * (kernel - 1) + 1
    rest = x.shape[:axis] + x.shape[axis + 2 :]
    y = None
    for k in range(int(kernel)):  # type: ignore[arg-type]
        part = ops.reshape(_run(x, axis, k, 1, 1), (*x.shape[:axis], count, *x.shape[axis + 2 :]))
        part = ops.place.node(
            part,
            shape=(*rest[:axis], length, *rest[axis:]),
            starts=tuple(k * dilation if a == axis else 0 for a in range(len(rest) + 1)),
            steps=tuple(stride if a == axis else 1 for a in range(len(rest) + 1)),
        )
        y = part if y is None else y + part
    return x if y is None else y


def trimmed(x: Node, first: int, pads: Pads) -> Node:
    """x without (before, after) places of its axes from `first` on; a negative number adds zeros instead."""
    whole = ((0, 0),) * first + tuple(pads)
    whole += ((0, 0),) * (x.ndim - len(whole))
    more = [(max(0, -a), max(0, -b)) for a, b in whole]
    if any(a or b for a, b in more):
        x = ops.pad(x, more)
    less = [(max(0, a), max(0, b)) for a, b in whole]
    if not any(a or b for a, b in less):
        return x
    return ops.slice.node(
        x,
        starts=tuple(a for a, _ in less),
        sizes=tuple(d - a - b for d, (a, b) in zip(x.shape, less, strict=True)),
        steps=(1,) * x.ndim,
    )


def grown(x: Node, first: int, pads: Pads) -> Node:
    """x with zeros around its axes from `first` on."""
    return trimmed(x, first, tuple((-a, -b) for a, b in pads))
