"""Read Resize and Upsample with all their ways to find a new element, and CenterCropPad.

Sizes and scales must be known, so the weights of the neighbours of each new element are constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import ceil, floor
from operator import add
from typing import Any

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim, DimLike, shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.reducing import as_kind
from graphnn.io.onnx.read.operators.sliding import CONSTANTS, bounded, sizes_of, trimmed
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import Value

_PLACES = (
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
    "tf_half_pixel_for_nn",
)  # fmt: skip
_ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
Plans = dict[int, tuple[DimLike, float]]
"""For axes, which length they get, and the scale that gave it."""
_NEIGHBOURS = 2**20
"""Of all new elements along one axis, at most: their weights are made while the file is read."""
_FEW = 4
"""As many neighbours are taken one by one; more are a product with a matrix."""


@dataclass(frozen=True)
class Way:
    """How a new element is made: `mode` of `rounding` or `cubic`, at the place that `places` gives it."""

    mode: str
    places: str
    rounding: str = "floor"
    cubic: float = -0.75
    antialias: bool = False
    excludes: bool = False
    beyond: float = 0.0


@reads("Resize")
def resize(call: Call) -> Node | Value:
    x = call.node(0)
    mode = call.choice("mode", "nearest", ("nearest", "linear", "cubic"))
    if call.version < 11:
        return _resize_by(call, x, call.known(1, "the scales"), Way(mode, "asymmetric", "simple"))
    way = Way(
        mode,
        call.choice("coordinate_transformation_mode", "half_pixel", _PLACES),
        call.choice("nearest_mode", "round_prefer_floor", _ROUNDINGS),
        call.number("cubic_coeff_a", -0.75),
        call.flag("antialias", 0),
        call.flag("exclude_outside", 0),
        call.number("extrapolation_value", 0.0),
    )
    plans: Plans
    policy = call.choice("keep_aspect_ratio_policy", "stretch", ("stretch", "not_larger", "not_smaller"))
    axes = tuple(a % x.ndim for a in call.integers("axes", tuple(range(x.ndim))))
    roi = call.known(1, "the region") if way.places == "tf_crop_and_resize" else None
    if roi is not None and roi.size != 2 * len(axes):
        call.refuse(f"a region of {len(axes)} axes is {2 * len(axes)} numbers, found {roi.size}.")
    regions: list[tuple[float, float] | None] = [None] * x.ndim
    if roi is not None:
        for k, axis in enumerate(axes):
            regions[axis] = (float(roi[k]), float(roi[len(axes) + k]))
    has_sizes = call.has(3) and call.shape(3) != (0,)
    if not has_sizes:
        scales = call.known(2, "the scales").reshape(-1)
        return _resize_by(call, x, scales, way, axes, regions)
    wanted = call.ints(3, "the sizes")
    if len(wanted) != len(axes):
        call.refuse(f"{len(wanted)} sizes are for {len(axes)} axes.")
    targets = [(x.shape[a], size) for a, size in zip(axes, wanted, strict=True)]
    if policy != "stretch":
        known = [
            sizes_of(call, pair, f"with keep_aspect_ratio_policy {policy!r} every size") for pair in targets
        ]
        ratios = [size / max(1, n) for n, size in known]
        ratio = min(ratios) if policy == "not_larger" else max(ratios)
        plans = {a: (int(n * ratio + 0.5), ratio) for a, (n, _) in zip(axes, known, strict=True)}
    else:
        plans = {a: (size, _ratio(call, n, size)) for a, (n, size) in zip(axes, targets, strict=True)}
    return _resized(call, x, plans, way, regions)


@reads("Upsample")
def upsample(call: Call) -> Node | Value:
    x, mode = call.node(0), call.choice("mode", "nearest", ("nearest", "linear"))
    scales = call.known(1, "the scales") if call.version >= 9 else np.array(call.numbers("scales"))
    return _resize_by(call, x, scales, Way(mode, "asymmetric", "simple"))


def _ratio(call: Call, n: DimLike, size: DimLike) -> float:
    if n == size:
        return 1.0
    n, size = sizes_of(call, (n, size), "an axis that is resized")
    return size / n if n else 1.0


def _resize_by(
    call: Call, x: Node, scales: np.ndarray, way: Way, axes: Sequence[int] | None = None, regions: Any = None
) -> Node | Value:
    axes = range(x.ndim) if axes is None else axes
    if scales.shape != (len(axes),) or not ((scales > 0) & (scales < CONSTANTS)).all():
        call.refuse(f"wanted {len(axes)} scales above 0 and below {CONSTANTS}, found {scales.tolist()}.")
    plans: Plans = {}
    for axis, scale in zip(axes, map(float, scales), strict=True):
        n = x.shape[axis]
        if isinstance(n, Dim) and scale == int(scale):
            plans[axis] = n * int(scale), scale
        else:
            plans[axis] = (
                floor(sizes_of(call, (n,), f"an axis that is scaled by {scale:.6g}")[0] * scale),
                scale,
            )
    return _resized(call, x, plans, way, regions or [None] * x.ndim)


def _resized(call: Call, x: Node, plans: Plans, way: Way, regions: Sequence[Any]) -> Node | Value:
    """x with axes of new lengths: `plans` says which length, and the scale that gave it."""
    y = x if way.mode == "nearest" or is_float(x.dtype) else x.cast("float64")
    beyond = []
    for axis, (length, scale) in plans.items():
        n = x.shape[axis]
        if n == length and abs(scale - 1.0) < 1e-9 and regions[axis] in (None, (0.0, 1.0)):
            continue
        native = _native(n, length, scale, way)
        if native is not None:
            y = ops.resize_axis.node(y, axis=axis, length=length, way=native)
            continue
        n, length = sizes_of(call, (n, length), f"an axis that is resized by {way.mode} and {way.places}")
        if n == 0:
            call.refuse(f"axis {axis} of {shape_text(x.shape)} is empty: there is nothing to repeat.")
        reach = ceil(2 / min(scale, 1.0)) if way.antialias else 2
        bounded(call, length * reach * 2, "the neighbours of all elements along an axis", _NEIGHBOURS)
        at = places(way.places, n, length, scale, regions[axis])
        which, weights = neighbours(way, at, n, scale)
        if which.shape[1] > _FEW:
            bounded(call, n * length, "the weights between two sizes of an axis")
        y = _weighted(y, axis, which, weights)
        if way.places == "tf_crop_and_resize" and ((at < 0) | (at > n - 1)).any():
            beyond.append((axis, (at < 0) | (at > n - 1)))
    for axis, outside in beyond:
        mask = outside.reshape([-1 if k == axis else 1 for k in range(x.ndim)])
        y = ops.where(constant(mask), constant(way.beyond, y.dtype), y)
    return (
        y
        if y.dtype is x.dtype and is_float(x.dtype)
        else as_kind(call, y if y.dtype is x.dtype else y.cast(x.dtype))
    )


def _native(n: DimLike, length: DimLike, scale: float, way: Way) -> str | None:
    """The way of resize_axis that does the same, if one does."""
    if way.antialias or way.excludes or n == 0 or length == 0:
        return None
    if isinstance(n, Dim) or isinstance(length, Dim):
        exact = length == n * int(scale) and scale == int(scale)
    else:
        exact = abs(length / n - scale) < 1e-12
    if way.mode == "nearest" and exact and way.places == "asymmetric":
        return "nearest" if way.rounding == "floor" or (way.rounding == "simple" and scale >= 1) else None
    if way.mode == "linear" and exact:
        several = scale > 1 if isinstance(length, Dim) else length > 1
        if way.places == "half_pixel" or (way.places == "pytorch_half_pixel" and several):
            return "linear"
        if way.places == "align_corners":
            return "corners"
    return None


def places(word: str, n: int, length: int, scale: float, region: tuple[float, float] | None) -> np.ndarray:
    """Where on an axis of n the new elements stand."""
    k, resized = np.arange(length, dtype=np.float64), n * scale
    if word == "asymmetric":
        return k / scale
    if word == "tf_half_pixel_for_nn":
        return (k + 0.5) / scale
    if word == "align_corners":
        return 0.0 * k if resized == 1 else k * (n - 1) / (resized - 1)
    if word == "tf_crop_and_resize" and region is not None:
        start, end = region
        if resized == 1:
            return 0.0 * k + (start + end) * (n - 1) / 2
        return start * (n - 1) + k * (end - start) * (n - 1) / (resized - 1)
    if word == "pytorch_half_pixel" and length == 1:
        return 0.0 * k
    middle = n / 2 * (1 - length / resized) if word == "half_pixel_symmetric" else 0.0
    return middle + (k + 0.5) / scale - 0.5


def neighbours(way: Way, at: np.ndarray, n: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Which elements of n a new one at `at` is made of, and their weights: (length, neighbours) each."""
    if way.mode == "nearest":
        which = _rounded(way.rounding, at, scale)[:, None]
        return np.clip(which, 0, n - 1), np.ones(which.shape)
    first = np.floor(at)
    reach = 2 if way.mode == "cubic" else 1
    unit = min(scale, 1.0) if way.antialias else 1.0
    start = floor(-reach / unit) + 1
    which = first[:, None] + np.arange(start, 2 - start)
    weights = _share((which - at[:, None]) * unit, way)
    if way.excludes:
        weights = np.where((which < 0) | (which > n - 1), 0.0, weights)
    if way.antialias or way.excludes:
        total = weights.sum(1, keepdims=True)
        weights = weights / np.where(total == 0, 1.0, total)
    return np.clip(which, 0, n - 1).astype(np.int64), weights


def _rounded(rounding: str, at: np.ndarray, scale: float) -> np.ndarray:
    if rounding == "simple":  # of opset 10 and before
        rounding = "ceil" if scale < 1 else "floor"
    found = {
        "floor": lambda: np.floor(at),
        "ceil": lambda: np.ceil(at),
        "round_prefer_floor": lambda: np.ceil(at - 0.5),
        "round_prefer_ceil": lambda: np.floor(at + 0.5),
    }[rounding]()
    return found.astype(np.int64)


def _share(far: np.ndarray, way: Way) -> np.ndarray:
    """The weight of an element that is `far` away: the tent, or Keys' cubic."""
    far = np.abs(far)
    if way.mode == "linear":
        return np.clip(1.0 - far, 0.0, 1.0)
    a = way.cubic
    near = ((a + 2) * far - (a + 3)) * far * far + 1
    return np.where(far <= 1, near, np.where(far < 2, ((a * far - 5 * a) * far + 8 * a) * far - 4 * a, 0.0))


def _weighted(x: Node, axis: int, which: np.ndarray, weights: np.ndarray) -> Node:
    """Each new element along an axis as the weighted sum of some old ones."""
    count = which.shape[1]
    if count == 1:
        return ops.take(x, which[:, 0], axis)
    if count <= _FEW:
        line = [-1 if a == axis else 1 for a in range(x.ndim)]
        parts = [
            ops.take(x, which[:, k], axis) * constant(weights[:, k].reshape(line), x.dtype)
            for k in range(count)
        ]
        return reduce(add, parts)
    matrix = np.zeros((int(which.max()) + 1, len(which)))
    np.add.at(matrix, (which, np.arange(len(which))[:, None]), weights)
    return ops.moveaxis(ops.moveaxis(x, axis, -1) @ constant(matrix, x.dtype), -1, axis)


@reads("CenterCropPad")
def center_crop_pad(call: Call) -> Node | Value:
    call.check_axes(0, 1)
    x = call.node(0)
    axes = [a % x.ndim for a in call.integers("axes", tuple(range(x.ndim)))]
    wanted = call.ints(1, "the shape")
    if len(wanted) != len(axes):
        call.refuse(f"{len(wanted)} sizes are for {len(axes)} axes.")
    cuts = [(0, 0)] * x.ndim
    for axis, size in zip(axes, wanted, strict=True):
        more = x.shape[axis] - size
        (more,) = sizes_of(call, (more,), "an axis that is cut or padded")
        # What is left of an odd number stands, or falls, behind.
        half = more // 2 if more >= 0 else -(-more // 2)
        cuts[axis] = (half, more - half)
    return as_kind(call, trimmed(x, 0, tuple(cuts)))
