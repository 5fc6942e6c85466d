"""Whole numbers of fewer bits, held as int64: what their arithmetic gives beyond their range, and bit by bit."""

from __future__ import annotations

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.values import RANGES
from graphnn.ops.arithmetic import abs as absolute
from graphnn.ops.arithmetic import pow, sign
from graphnn.ops.comparison import less, where
from graphnn.ops.conversion import cast
from graphnn.ops.join import concat
from graphnn.ops.rounding import floor_divide, mod
from graphnn.ops.rounding import round as nearest
from graphnn.ops.shape import expand_dims

__all__ = ["all_bits", "bit_count", "of_bits", "quotient", "whole_power", "wrapped"]


def wrapped(x: Node, kind: str) -> Node:
    """x as a number of this type: beyond the type's range counting begins at its other end.

    What is held as int64 anyway stays as it is; so does uint64, whose upper half is not held.
    """
    if kind not in RANGES or kind in ("int64", "uint64"):
        return x
    low, high = RANGES[kind]
    room = high - low + 1
    return mod(x - low, room) + low if low else mod(x, room)


def quotient(a: Node, b: Node, *, signed: bool) -> Node:
    """a / b without its fraction, as C has it: -7 / 2 is -3."""
    if not signed:
        return floor_divide(a, b)
    return sign(a) * sign(b) * floor_divide(absolute(a), absolute(b))


def whole_power(a: Node, b: Node) -> Node:
    """a to the power b in whole numbers: computed as float64, so exact up to 2**53."""
    power = pow(cast(a, float64), cast(b, float64))
    return cast(nearest(power) if b.dtype.kind == "i" else power, "int64")


def bit_count(kind: str) -> int:
    """How many bits a type has, the sign's too."""
    return int(kind.lstrip("uint"))


def all_bits(x: Node, kind: str) -> Node:
    """The bits of x along a new last axis, the lowest first, the sign's last. Shapes: x (*s) -> y (*s, n)."""
    wide = expand_dims(x, -1)
    bits = mod(floor_divide(wide, constant(_weights(kind))), 2)
    if RANGES[kind][0] == 0:
        return bits
    return concat([bits, cast(less(wide, 0), "int64")], axis=-1)


def of_bits(bits: Node, kind: str) -> Node:
    """The numbers whose bits these are."""
    weights = _weights(kind)
    if RANGES[kind][0] < 0:
        weights = np.append(weights, RANGES[kind][0])
    return where(bits > 0, constant(weights), 0).sum(-1)


def _weights(kind: str) -> np.ndarray:
    count = min(RANGES[kind][1].bit_length(), 63)
    return 2 ** np.arange(count, dtype=np.int64)
