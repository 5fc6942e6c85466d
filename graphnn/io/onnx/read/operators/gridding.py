"""Read what samples images at places that are computed: GridSample, AffineGrid, RoiAlign and DeformConv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import ceil, prod
from operator import add, mul

import numpy as np

from graphnn import ops
from graphnn.core.dims import DimLike, shape_text, size_of
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.sliding import PARTS, bounded, read_sliding, sizes_of
from graphnn.io.onnx.read.registry import reads

_CUBIC = -0.75


@dataclass(frozen=True)
class Pixels:
    """Images as rows to take: rows (images * places, channels), and the size of each image."""

    rows: Node
    sizes: tuple[int, ...]

    def at(self, image: Node, places: Sequence[Node]) -> Node:
        """The pixels at whole places within the images: image (b, 1) int64, places (b, p) -> (b, p, channels)."""
        flat = None
        for place, size in zip(places, self.sizes, strict=True):
            whole = place.cast("int64")
            flat = whole if flat is None else flat * size + whole
        return ops.take_rows(self.rows, flat + image * prod(self.sizes))


def _pixels(call: Call, x: Node) -> Pixels:
    n, c, *sizes = x.shape
    known = sizes_of(call, sizes, "the size of images")
    rows = ops.reshape(ops.transpose(x, (0, *range(2, x.ndim), 1)), (n * prod(known), c))
    return Pixels(rows, known)


def _images(count: DimLike) -> Node:
    """The numbers of images, (n, 1)."""
    return ops.reshape(ops.arange(count), (count, 1))


Tap = tuple[Node, Node | None]
"""A whole place along one axis, and the weight of what stands there."""


def _taps(at: Node, size: int, mode: str, padding: str, *, corners: bool) -> list[Tap]:
    """The neighbours of places along an axis of `size`, their weights, and what padding makes of those outside."""
    low, high = (0.0, size - 1.0) if corners else (-0.5, size - 0.5)
    if mode == "nearest":
        at = ops.round(at)
    # A cubic looks at its own neighbours, wherever they are; that is PyTorch's way, and onnxruntime's.
    if padding == "border" and mode != "cubic":
        at = ops.clip(at, 0.0, size - 1.0)
    elif padding == "reflection" and mode != "cubic":
        at = _reflected(at, low, high)
    if mode == "nearest":
        found: list[Tap] = [(at, None)]
    else:
        first = ops.floor(at)
        far = at - first
        if mode == "linear":
            found = [(first, 1.0 - far), (first + 1.0, far)]
        else:
            found = [(first + k, _cubic(ops.abs(far - k))) for k in (-1.0, 0.0, 1.0, 2.0)]
    return [_inside(place, share, size, padding, low, high) for place, share in found]


def _inside(place: Node, share: Node | None, size: int, padding: str, low: float, high: float) -> Tap:
    if padding == "border":
        place = ops.clip(place, 0.0, size - 1.0)
    elif padding == "reflection":
        place = ops.clip(ops.trunc(_reflected(place, low, high)), 0.0, size - 1.0)
    inside = ops.logical_and(place >= 0.0, place <= size - 1.0)
    # A place that is not a number lies nowhere. Its weight, which is none either, tells of it.
    kept = ops.where(inside, place, 0.0)
    if padding != "zeros":
        return kept, share
    there = inside.cast(place.dtype)
    return kept, there if share is None else ops.where(inside, share, 0.0)


def _reflected(at: Node, low: float, high: float) -> Node:
    """Places thrown back at both ends of an axis until they lie between."""
    length = high - low
    if length <= 0:
        return at * 0.0 + low
    far = ops.mod(ops.abs(at - low), 2.0 * length)
    return low + ops.where(far > length, 2.0 * length - far, far)


def _cubic(far: Node) -> Node:
    """Keys' weight of an element `far` away, up to 2."""
    a = _CUBIC
    near = ((a + 2.0) * far - (a + 3.0)) * far * far + 1.0
    return ops.where(far <= 1.0, near, ((a * far - 5.0 * a) * far + 8.0 * a) * far - 4.0 * a)


def _sampled(pixels: Pixels, image: Node, taps: Sequence[Sequence[Tap]]) -> Node:
    """The weighted sum over all combinations of neighbours: (b, p, channels)."""
    parts = []
    for chosen in product(*taps):
        part = pixels.at(image, [place for place, _ in chosen])
        shares = [share for _, share in chosen if share is not None]
        parts.append(part * ops.expand_dims(reduce(mul, shares), 2) if shares else part)
    return reduce(add, parts)


@reads("GridSample")
def grid_sample(call: Call) -> Node:
    call.check_axes(0, 3)
    x, grid = call.nodes()
    known = ("linear", "bilinear", "nearest", "cubic", "bicubic")
    mode = call.choice("mode", "linear", known).removeprefix("bi")
    padding = call.choice("padding_mode", "zeros", ("zeros", "border", "reflection"))
    corners = call.flag("align_corners", 0)
    n, _, *sizes = x.shape
    axes, places = len(sizes), grid.shape[1:-1]
    if grid.ndim != x.ndim or grid.shape[-1] != axes:
        call.refuse(f"a grid of {shape_text(grid.shape)} does not say where in {shape_text(x.shape)}.")
    bounded(call, (4 if mode == "cubic" else 2) ** axes, "the neighbours of a place", PARTS)
    pixels = _pixels(call, x)
    flat = ops.reshape(grid if grid.dtype is x.dtype else grid.cast(x.dtype), (n, size_of(places), axes))
    taps = []
    for k, size in enumerate(pixels.sizes):
        at = flat[:, :, axes - 1 - k]  # the last axis of the image stands first
        at = (at + 1.0) * ((size - 1) / 2) if corners else ((at + 1.0) * float(size) - 1.0) * 0.5
        taps.append(_taps(at, size, mode, padding, corners=corners))
    y = _sampled(pixels, _images(n), taps)
    return ops.reshape(ops.transpose(y, (0, 2, 1)), (*x.shape[:2], *places))


@reads("AffineGrid")
def affine_grid(call: Call) -> Node:
    call.check_axes(0, 3, 3)
    theta, size = call.node(0), call.int_list(1, "the size")
    if len(size) not in (4, 5) or min(size) < 1:
        call.refuse(f"a size is that of images or volumes, found {size}.")
    corners = call.flag("align_corners", 0)
    n, _, *sizes = size
    axes = len(sizes)
    if theta.shape[1:] != (axes, axes + 1) or theta.shape[0] != n:
        call.refuse(f"matrices of {shape_text(theta.shape)} do not move images of {shape_text(size)}.")
    bounded(call, prod(sizes), "the places of a grid")
    lines = []
    for length in sizes:
        step = np.arange(length, dtype=np.float64)
        if corners:
            lines.append(2.0 * step / (length - 1) - 1.0 if length > 1 else 0.0 * step - 1.0)
        else:
            lines.append((2.0 * step + 1.0) / length - 1.0)
    # (x, y, ..., 1): the last axis of the image stands first.
    spread = np.meshgrid(*lines, indexing="ij")[::-1]
    points = np.stack([*spread, np.ones(sizes)], -1).reshape(-1, axes + 1)
    grid = ops.batched_matmul_nt(ops.broadcast_to(constant(points, theta.dtype), (n, *points.shape)), theta)
    return ops.reshape(grid, (n, *sizes, axes))


@reads("DeformConv")
def deform_conv(call: Call) -> Node:
    x, w, offset, b = call.node(0), call.node(1), call.node(2), call.optional(3)
    if {x.ndim, w.ndim, offset.ndim} != {4}:
        call.refuse(f"images, kernels and offsets have 4 axes each, found {shape_text(x.shape)}.")
    n, (c, *sizes) = x.shape[0], sizes_of(call, x.shape[1:], "the size of images")
    o, _, *whole = sizes_of(call, w.shape, "the kernel")
    many, p, q = sizes_of(call, offset.shape[1:], "the offsets")
    kernel = call.integers("kernel_shape", tuple(whole))
    sliding = read_sliding(call, x.shape[2:], kernel)
    groups, parts, taps = call.integer("group", 1), call.integer("offset_group", 1), prod(kernel)
    fits = min(groups, parts) > 0 and not (c % parts or c % groups or o % groups)
    if not fits or many != parts * taps * 2 or kernel != tuple(whole):
        call.refuse(
            f"offsets {shape_text(offset.shape)} and kernels {shape_text(w.shape)} do not fit images of {c} channels "
            f"in {groups} groups and {parts} offset groups."
        )
    bounded(call, taps * p * q, "the places under all windows")
    places = ops.reshape(offset, (n * parts, taps, 2, p * q))
    found = []
    for axis, (size, count) in enumerate(zip(sizes, (p, q), strict=True)):
        begin = np.arange(count) * sliding.stride[axis] - sliding.pads[axis][0]
        under = np.arange(kernel[axis]) * sliding.dilation[axis]
        start = under[:, None] + begin  # (kernel, count)
        start = start[:, None, :, None] if axis == 0 else start[None, :, None, :]
        start = np.broadcast_to(start, (*kernel, p, q)).reshape(taps, p * q)
        at = places[:, :, axis] + constant(start, x.dtype)
        found.append(_taps(ops.reshape(at, (n * parts, taps * p * q)), size, "linear", "zeros", corners=True))
    pixels = _pixels(call, ops.reshape(x, (n * parts, c // parts, *x.shape[2:])))
    y = _sampled(pixels, _images(n * parts), found)
    if call.has(4):
        y = y * ops.reshape(call.node(4), (n * parts, taps * p * q, 1))
    y = ops.transpose(ops.reshape(y, (n * parts, taps, p * q, c // parts)), (0, 3, 1, 2))
    y = ops.reshape(y, (n, groups, c // groups * taps, p * q))
    kernels = ops.reshape(w, (groups, o // groups, c // groups * taps))
    y = ops.reshape(kernels @ y, (n, o, p, q))
    return y if b is None else y + ops.reshape(b, (o, 1, 1))


@reads("RoiAlign")
def roi_align(call: Call) -> Node:
    x, which = call.node(0), call.node(2)
    mode = call.choice("mode", "avg", ("avg", "max"))
    size = (call.integer("output_height", 1), call.integer("output_width", 1))
    ratio, scale = call.integer("sampling_ratio", 0), call.number("spatial_scale", 1.0)
    half = call.version >= 16 and (
        call.choice("coordinate_transformation_mode", "half_pixel", ("half_pixel", "output_half_pixel"))
        == "half_pixel"
    )
    if x.ndim != 4 or call.shape(1)[1:] != (4,) or which.shape != call.shape(1)[:1] or min(size) < 1:
        call.refuse(
            f"regions {shape_text(call.shape(1))} with images {shape_text(which.shape)} into bins {size} do not fit "
            f"{shape_text(x.shape)}; wanted (r, 4), (r), and images (n, c, h, w)."
        )
    bounded(call, prod(size) * max(1, ratio) ** 2, "the samples of a region")
    pixels = _pixels(call, x)
    image = ops.reshape(which, (which.shape[0], 1))
    if ratio > 0:
        return _aligned(pixels, call.node(1), image, size, (ratio, ratio), scale, mode, half=half)
    # How many samples a region has hangs on its size, so the regions must be known.
    regions = call.known(1, "the regions (with sampling_ratio 0)").astype(np.float64)
    if not np.isfinite(regions).all():
        call.refuse("a corner of a region is no finite number.")
    bounded(call, len(regions), "the regions with samples of their own number", PARTS)
    found = []
    for k, region in enumerate(regions):
        begin, end = region[:2] * scale, region[2:] * scale
        extent = end - begin if half else np.maximum(end - begin, 1.0)
        down, across = (max(1, ceil(extent[1 - a] / size[a])) for a in (0, 1))
        bounded(call, prod(size) * down * across, "the samples of a region")
        own = constant(region[None], x.dtype)
        found.append(_aligned(pixels, own, image[k : k + 1], size, (down, across), scale, mode, half=half))
    return ops.concat(found, 0)


def _aligned(
    pixels: Pixels, regions: Node, image: Node, size: tuple[int, int], counts: tuple[int, int], scale: float,
    mode: str, *, half: bool,
) -> Node:  # fmt: skip
    """Regions (r, 4) as x, y of two corners -> (r, channels, *size): each bin from counts[0] * counts[1] samples."""
    r = regions.shape[0]
    corners = regions * scale - (0.5 if half else 0.0)
    taps, valid = [], None
    for axis in (0, 1):
        begin, end = corners[:, 1 - axis], corners[:, 3 - axis]
        extent = end - begin if half else ops.maximum(end - begin, 1.0)
        bins, count = size[axis], counts[axis]
        # In units of the region: the middle of each sample of each bin.
        middle = ((np.arange(bins)[:, None] + (np.arange(count) + 0.5) / count) / bins).reshape(-1)
        at = ops.reshape(begin, (r, 1)) + ops.reshape(extent, (r, 1)) * constant(middle[None], regions.dtype)
        at = ops.reshape(at, (r, -1, 1) if axis == 0 else (r, 1, -1))
        at = ops.reshape(
            ops.broadcast_to(at, (r, size[0] * counts[0], size[1] * counts[1])),
            (r, prod(size) * prod(counts)),
        )
        length = pixels.sizes[axis]
        near = ops.logical_and(at >= -1.0, at <= float(length))
        valid = near if valid is None else ops.logical_and(valid, near)
        taps.append(_taps(ops.clip(at, 0.0, length - 1.0), length, "linear", "border", corners=True))
    shape = (r, size[0], counts[0], size[1], counts[1], -1)
    valid = ops.expand_dims(valid, 2)
    if mode == "avg":
        y = ops.where(valid, _sampled(pixels, image, taps), 0.0)
        y = ops.mean(ops.reshape(y, shape), (2, 4))
    else:
        y = reduce(ops.maximum, [_sampled(pixels, image, [[a], [b]]) for a, b in product(*taps)])
        y = ops.max(ops.reshape(ops.where(valid, y, 0.0), shape), (2, 4))
    return ops.transpose(y, (0, 3, 1, 2))
