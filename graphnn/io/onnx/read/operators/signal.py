"""Readers of Fourier transforms and of the weights of mel filters: sums against waves that are known beforehand.

A transform of n numbers is a product with a matrix of n waves, so that it is drawn and differentiated like any other.
"""

from __future__ import annotations

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim, DimLike, shape_text, size_of
from graphnn.core.dtypes import DType, float64
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import HELD, KINDS, Value

_MOST_WAVES = 4096


def _waves(rows: int, columns: int, length: int) -> tuple[Node, Node]:
    """cos and sin of 2 pi j k / length, of the angle within one turn."""
    products = ops.reshape(ops.arange(rows), (rows, 1)) * ops.arange(columns)
    angle = ops.mod(products, length).cast(float64) * (2 * np.pi / length)
    return ops.cos(angle), ops.sin(angle)


def _times(x: Node, waves: Node) -> Node:
    flat = ops.reshape(x, (size_of(x.shape[:-1]), x.shape[-1]))
    return ops.reshape(ops.matmul(flat, waves), (*x.shape[:-1], waves.shape[1]))


def _length(call: Call, n: DimLike, what: str) -> int:
    if isinstance(n, Dim) or not 1 <= n <= _MOST_WAVES:
        call.refuse(f"{what} is {n}; a known number from 1 to {_MOST_WAVES} is read.")
    return n


def _forward(re: Node, im: Node | None, length: int, bins: int) -> Node:
    """The transform along the last axis, with real and imaginary parts along a new one."""
    rows = min(int(re.shape[-1]), length)  # type: ignore[arg-type]
    cos, sin = _waves(rows, bins, length)
    re = re[..., :rows]
    if im is None:
        return ops.stack([_times(re, cos), _times(re, -sin)], -1)
    im = im[..., :rows]
    return ops.stack([_times(re, cos) + _times(im, sin), _times(im, cos) - _times(re, sin)], -1)


def _backward(re: Node, im: Node | None, length: int) -> Node:
    rows = min(int(re.shape[-1]), length)  # type: ignore[arg-type]
    cos, sin = (wave / length for wave in _waves(rows, length, length))
    re = re[..., :rows]
    if im is None:
        return ops.stack([_times(re, cos), _times(re, sin)], -1)
    im = im[..., :rows]
    return ops.stack([_times(re, cos) - _times(im, sin), _times(im, cos) + _times(re, sin)], -1)


def _backward_half(re: Node, im: Node | None, length: int) -> Node:
    """The real numbers whose transform has this first half."""
    rows = min(int(re.shape[-1]), length // 2 + 1)  # type: ignore[arg-type]
    cos, sin = (wave / length for wave in _waves(rows, length, length))
    counts = np.full(rows, 2.0)
    counts[0] = 1.0
    if length % 2 == 0 and rows == length // 2 + 1:
        counts[-1] = 1.0
    twice = constant(counts, float64)
    y = _times(re[..., :rows] * twice, cos)
    return ops.expand_dims(y if im is None else y - _times(im[..., :rows] * twice, sin), -1)


def _parts(call: Call, x: Node, axis: int) -> tuple[Node, Node | None, DType]:
    """Real and imaginary parts with `axis` moved to the end. Sums of waves lose digits: they are float64."""
    if x.ndim < 2 or x.shape[-1] not in (1, 2):
        call.refuse(
            f"wanted (..., 1) for real numbers or (..., 2) for complex ones, found {shape_text(x.shape)}."
        )
    wide = x.cast(float64)
    re = ops.moveaxis(wide[..., 0], axis, -1)
    return re, ops.moveaxis(wide[..., 1], axis, -1) if x.shape[-1] == 2 else None, x.dtype


@reads("DFT")
def dft(call: Call) -> Node:
    x = call.node(0)
    if call.version >= 20:
        axis = int(call.number_at(2, "the axis")) if call.has(2) else -2
    else:
        axis = call.integer("axis", 1)
    axis = axis % x.ndim if -x.ndim <= axis < x.ndim else x.ndim
    if axis >= x.ndim - 1:
        call.refuse(f"the axis is one of the first {x.ndim - 1} of {shape_text(x.shape)}.")
    inverse, half = call.flag("inverse", 0), call.flag("onesided", 0)
    n = _length(call, x.shape[axis], "the axis")
    length = 2 * (n - 1) if inverse and half else n
    if call.has(1):
        length = int(call.number_at(1, "the length"))
    _length(call, length, "the length")
    re, im, dtype = _parts(call, x, axis)
    if not inverse:
        y = _forward(re, im, length, length // 2 + 1 if half else length)
    else:
        y = _backward_half(re, im, length) if half else _backward(re, im, length)
    return ops.moveaxis(y, -2, axis).cast(dtype)


@reads("STFT")
def stft(call: Call) -> Node:
    call.check_axes(0, 2, 3)
    if call.has(2):
        call.check_axes(2, 1, 1)
    x, step = call.node(0), int(call.number_at(1, "the step of frames"))
    half = call.flag("onesided", 1)
    if x.ndim == 2:
        x = ops.expand_dims(x, -1)
    size = call.shape(2)[0] if call.has(2) else x.shape[1]
    length = _length(
        call, int(call.number_at(3, "the length")) if call.has(3) else size, "the length of a frame"
    )
    n = x.shape[1]
    if isinstance(n, Dim) or step < 1 or n < length or (call.has(2) and size != length):
        call.refuse(
            f"frames of {length} numbers by steps of {step}, windows of {size}, do not fit {n} numbers."
        )
    places = np.arange(0, n - length + 1, step)[:, None] + np.arange(length)
    re, im, dtype = _parts(call, ops.take(x, places, 1), 2)
    if call.has(2):
        window = call.node(2).cast(float64)
        re, im = re * window, None if im is None else im * window
    return _forward(re, im, length, length // 2 + 1 if half else length).cast(dtype)


@reads("MelWeightMatrix")
def mel_weight_matrix(call: Call) -> Value:
    """Triangles over the bins of a spectrum, evenly spaced on the mel scale.

    Source: Stevens, Volkmann and Newman, A scale for the measurement of pitch, 1937, as the standard writes it.
    """
    bins, length, rate = (int(call.number_at(k, "a size")) for k in range(3))
    low, high = (float(call.number_at(k, "an edge")) for k in (3, 4))
    kind = KINDS.get(call.integer("output_datatype", 1), "")
    sound = min(bins, length, rate) > 0 and bins * length <= 2**20 and 0 <= low <= high < np.inf
    if kind not in HELD or not sound:
        call.refuse(f"{bins} bins of {length} numbers at the rate {rate}, as {kind}, are not read.")
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (low, high))
    mel = low + np.arange(bins + 2) * (high - low) / (bins + 2)
    at = ((length + 1) * 700 * (10 ** (mel / 2595) - 1) // rate).astype(int)
    if at[0] < 0 or at[-1] > length // 2:
        call.refuse("its edges lie beyond the spectrum.")
    out = np.zeros((length // 2 + 1, bins))
    for k, (left, middle, right) in enumerate(zip(at, at[1:], at[2:])):
        rise, fall = np.arange(left, middle + 1), np.arange(middle, right)
        out[rise, k] = (rise - left) / (middle - left) if middle > left else 1.0
        out[fall, k] = (right - fall) / max(right - middle, 1)
    return Value(None, out.astype(HELD[kind]), kind)
