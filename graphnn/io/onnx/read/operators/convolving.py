"""Read convolutions: of sequences, images, volumes and whatever has more axes, transposed ones, and sums of patches."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from graphnn import ops
from graphnn.core.dims import Dim, shape_text
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.sliding import (
    CONSTANTS,
    PARTS,
    Ints,
    Sliding,
    bounded,
    grown,
    positives,
    read_sliding,
    same_pads,
    sizes_of,
    spread_axis,
    taps,
    trimmed,
)
from graphnn.io.onnx.read.registry import reads

__all__ = ["convolve"]


@reads("Conv")
def conv(call: Call) -> Node:
    x, w, b = call.node(0), call.node(1), call.optional(2)
    sliding = read_sliding(call, x.shape[2:], _kernel(call, x, w))
    return convolve(x, w, b, sliding, call.integer("group", 1))


def _kernel(call: Call, x: Node, w: Node) -> Ints:
    """The sizes of the kernel, as the weights and the attribute agree on them."""
    if x.ndim < 3 or w.ndim != x.ndim:
        call.refuse(
            f"wanted images (n, c, *s) and kernels of as many axes, found {shape_text(x.shape)} and "
            f"{shape_text(w.shape)}."
        )
    found = sizes_of(call, w.shape[2:], "the kernel")
    for size in found[:-2]:  # whose taps stand in the graph one by one
        bounded(call, size, "the taps along one axis of a volume", PARTS)
    said = call.integers("kernel_shape", found)
    if said != found:
        call.refuse(f"attribute 'kernel_shape' is {said}, but the kernels are {found}.")
    return found


def convolve(x: Node, w: Node, b: Node | None, sliding: Sliding, groups: int) -> Node:
    """Slide kernels w (o, c / groups, *k) over x (n, c, *s)."""
    axes = x.ndim - 2
    if axes == 1:
        return ops.conv1d(x, w, b, sliding.stride, sliding.pads, sliding.dilation, groups)
    if axes == 2:
        return ops.conv2d(x, w, b, sliding.stride, sliding.pads, sliding.dilation, groups)
    # The taps along the first sliding axis become channels, its windows examples: one axis less.
    x = grown(x, 2, (sliding.pads[0],))
    parts = taps(x, 2, sliding.kernel[0], sliding.stride[0], sliding.dilation[0])
    n, c, k, p, *rest = parts.shape
    parts = ops.transpose(parts, (0, 3, 1, 2, *range(4, 3 + axes)))
    y = convolve(
        ops.reshape(parts, (n * p, c * k, *rest)),
        ops.reshape(w, (w.shape[0], w.shape[1] * k, *w.shape[3:])),
        b,
        sliding.rest,
        groups,
    )
    y = ops.reshape(y, (n, p, *y.shape[1:]))
    return ops.transpose(y, (0, 2, 1, *range(3, 2 + axes)))


# Transposed


@reads("ConvTranspose")
def conv_transpose(call: Call) -> Node:
    x, w, b = call.node(0), call.node(1), call.optional(2)
    kernel = _kernel(call, x, w)
    axes, groups = x.ndim - 2, call.integer("group", 1)
    stride, dilation = (positives(call, name, axes) for name in ("strides", "dilations"))
    extra = call.integers("output_padding", (0,) * axes)
    if len(extra) != axes or any(not 0 <= n <= CONSTANTS for n in extra):
        call.refuse(f"attribute 'output_padding' is {axes} numbers from 0 to {CONSTANTS}, found {extra}.")
    natural = [
        (n - 1) * s + d * (k - 1) + 1
        for n, s, d, k in zip(x.shape[2:], stride, dilation, kernel, strict=True)
    ]
    pads = _cuts(call, x, stride, extra, natural)
    plain = all(a >= 0 and b >= 0 for a, b in pads) and all(e < s for e, s in zip(extra, stride, strict=True))
    if axes <= 2 and plain:
        build = ops.conv_transpose1d if axes == 1 else ops.conv_transpose2d
        return build(x, w, b, stride, pads, extra, groups, dilation)
    y = _spread(x, w, stride, dilation, groups)
    y = trimmed(y, 2, tuple((a, b - e) for (a, b), e in zip(pads, extra, strict=True)))
    return y if b is None else y + ops.reshape(b, (b.shape[0], *(1,) * axes))


def _cuts(call: Call, x: Node, stride: Ints, extra: Ints, natural: Sequence[int | Dim]) -> tuple[Ints, ...]:
    """What is cut off at both ends of each axis."""
    axes = len(stride)
    auto = call.choice("auto_pad", "NOTSET", ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"))
    given = call.integers("pads", (0,) * (2 * axes))
    if len(given) != 2 * axes:
        call.refuse(f"attribute 'pads' is {2 * axes} numbers, found {given}.")
    wanted = call.integers("output_shape", None)
    if wanted is not None:
        wanted = wanted[-axes:]
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(n * s for n, s in zip(x.shape[2:], stride, strict=True))
    elif auto == "VALID":
        return ((0, 0),) * axes
    else:
        return tuple(zip(given[:axes], given[axes:], strict=True))
    cuts = []
    for n, e, size in zip(natural, extra, wanted, strict=True):
        total = n + e - size
        (total,) = sizes_of(call, (total,), "an axis that is padded to a size")
        # Of an output larger than what the kernels reach, the rest stands behind.
        cuts.append(same_pads(total, upper=auto == "SAME_UPPER") if total >= 0 else (0, total))
    return tuple(cuts)


def _spread(x: Node, w: Node, stride: Ints, dilation: Ints, groups: int) -> Node:
    """Transposed convolution without padding, over any number of axes."""
    axes = x.ndim - 2
    if axes == 1:
        return ops.conv_transpose1d(x, w, None, stride, 0, 0, groups, dilation)
    if axes == 2:
        return ops.conv_transpose2d(x, w, None, stride, 0, 0, groups, dilation)
    n, c, p, *rest = x.shape
    o, i, k = w.shape[:3]
    rows = ops.reshape(ops.transpose(x, (0, 2, 1, *range(3, x.ndim))), (n * p, c, *rest))
    y = _spread(rows, ops.reshape(w, (o, i * k, *w.shape[3:])), stride[1:], dilation[1:], groups)
    y = ops.reshape(y, (n, p, i * groups, k, *y.shape[2:]))
    y = ops.transpose(y, (0, 2, 3, 1, *range(4, y.ndim)))
    return spread_axis(y, 2, stride[0], dilation[0])


# Patches


@reads("Col2Im")
def col2im(call: Call) -> Node:
    x = call.node(0)
    image, block = call.int_list(1, "the image's shape"), call.int_list(2, "the block's shape")
    axes = len(image)
    if x.ndim != 3 or len(block) != axes or axes < 1 or min(*image, *block) < 1:
        call.refuse(f"patches {shape_text(x.shape)} of blocks {block} do not make an image {image}.")
    bounded(call, prod(block), "the places of a block", PARTS)
    stride, dilation = (positives(call, name, axes) for name in ("strides", "dilations"))
    given = call.integers("pads", (0,) * (2 * axes))
    pads = tuple(zip(given[:axes], given[axes:], strict=True))
    if axes == 2:
        return ops.fold(x, image, block, dilation, pads, stride)
    n, columns, _ = x.shape
    counts = [
        (size + a + b - d * (k - 1) - 1) // s + 1
        for size, (a, b), d, k, s in zip(image, pads, dilation, block, stride, strict=True)
    ]
    total = prod(block)
    if isinstance(columns, Dim) or columns % total:
        call.refuse(f"{columns} rows of patches are not channels times blocks of {block}.")
    y = ops.reshape(x, (n, columns // total, *block, *counts))
    for k in range(axes):
        # Axis 2 + k and what it slid over, which stands behind the other blocks, become neighbours, then one.
        y = ops.moveaxis(y, 2 + axes, 3 + k)
        y = spread_axis(y, 2 + k, stride[k], dilation[k])
    fitted = tuple((a, have - a - size) for size, (a, _), have in zip(image, pads, y.shape[2:], strict=True))
    return trimmed(y, 2, fitted)


@reads("CausalConvWithState")
def causal_conv_with_state(call: Call) -> tuple[Node, Node]:
    x, w, b = call.node(0), call.node(1), call.optional(2)
    if x.ndim != 3 or w.ndim != 3 or w.shape[1] != 1:
        call.refuse(
            f"wanted x (n, c, l) and w (c, 1, k), found {shape_text(x.shape)} and {shape_text(w.shape)}."
        )
    before = sizes_of(call, w.shape, "the kernel")[2] - 1
    padded = ops.concat([call.node(3), x], 2) if call.has(3) else grown(x, 2, ((before, 0),))
    y = ops.conv1d(padded, w, b, groups=w.shape[0])
    if call.choice("activation", "none", ("none", "silu", "swish")) != "none":
        y = ops.silu(y)
    first = padded.shape[2] - before
    return y, ops.slice.node(padded, starts=(0, 0, first), sizes=(*padded.shape[:2], before), steps=(1, 1, 1))
