"""Round, clip, and divide with remainder, element by element."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dtypes import FLOATS
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import abs as absolute
from graphnn.ops.arithmetic import maximum, neg, sign
from graphnn.ops.axes import as_node
from graphnn.ops.comparison import greater, greater_equal, less, less_equal, where

_FLAT = "it is flat wherever it has a slope; the gradient that passes it is zero"
_SIZES = [Sample(((3, 4),), domain=(-9.0, 9.0))]


@op(
    "x(*s) -> y(*s)", latex=r"\lfloor {x} \rfloor", slopes=("0",), onnx="Floor", no_slope=_FLAT, samples=_SIZES,
)  # fmt: skip
def floor(x):
    """The largest whole number not above x. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.floor."""
    return np.floor(x)


@floor.kernel
def floor_kernel(x, y):
    for i in range(y.size):
        y[i] = np.floor(x[i])


@op(
    "x(*s) -> y(*s)", latex=r"\lceil {x} \rceil", slopes=("0",), onnx="Ceil", no_slope=_FLAT, samples=_SIZES,
)  # fmt: skip
def ceil(x):
    """The smallest whole number not below x. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.ceil."""
    return np.ceil(x)


@ceil.kernel
def ceil_kernel(x, y):
    for i in range(y.size):
        y[i] = np.ceil(x[i])


@op(
    "x(*s) -> y(*s)", latex=r"\operatorname{round} {x}", slopes=("0",), onnx="Round", no_slope=_FLAT,
    samples=_SIZES,
)  # fmt: skip
def round(x):
    """The nearest whole number; of two equally near the even one: 0.5 gives 0, 1.5 gives 2.

    Shapes: x (*s) -> y (*s). Source: NumPy, numpy.round.
    """
    return np.rint(x)


@round.kernel
def round_kernel(x, y):
    for i in range(y.size):
        y[i] = np.rint(x[i])


@op(
    "x(*s) -> y(*s)", latex=r"\operatorname{trunc} {x}", slopes=("0",), no_slope=_FLAT, samples=_SIZES,
)  # fmt: skip
def trunc(x):
    """The whole number next to x on the side of 0: x without its fraction. Shapes: x (*s) -> y (*s).

    Source: NumPy, numpy.trunc.
    """
    return np.trunc(x)


@trunc.kernel
def trunc_kernel(x, y):
    for i in range(y.size):
        y[i] = np.trunc(x[i])


@op(
    "x(*s), low(), high() -> y(*s)", latex=r"\min(\max({x},\, {low}),\, {high})", onnx="Clip", types="number",
    slopes=(r"[{low} \le {x} \le {high}]", r"[{x} < {low}]", r"[{x} > {high}]"),
    samples=[Sample(((3, 4), (), ())), Sample(((2, 5), (), ()), {"flat_ends": True})],
)  # fmt: skip
def clip(x, low, high, *, flat_ends=False):
    """The operand, but `low` where it is below and `high` where it is above.

    Shapes: x (*s), low (), high () -> y (*s); a bound of None does not bound. Where low is above high, everything
    is high. NaN stays NaN, and a bound of NaN makes all NaN. The slope at the bounds themselves is 1 by
    convention, or 0 with `flat_ends`, as the activations have it that are made of clip. Source: NumPy, numpy.clip.
    """
    return np.minimum(np.maximum(x, low), high)


@clip.build
def build_clip(x, low=None, high=None, *, flat_ends=False):
    x = as_node(x, clip)
    if x.dtype in FLOATS:
        below, above = -np.inf, np.inf
    else:
        below, above = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    low, high = below if low is None else low, above if high is None else high
    return clip.node(x, low, high, flat_ends=flat_ends)


@clip.kernel
def clip_kernel(x, low, high, y):
    a = low[0]
    b = high[0] if a == a else a
    for i in range(y.size):
        v = x[i]
        v = a if v < a else v
        # A bound that is NaN makes all NaN.
        y[i] = b if (v > b) | (b != b) else v


@clip.vjp
def clip_vjp(g, x, low, high, y, *, flat_ends):
    if flat_ends:
        inside = greater(x, low) & less(x, high)
    else:
        inside = greater_equal(x, low) & less_equal(x, high)
    above = greater(maximum(x, low), high)
    below = less(x, low) & less_equal(low, high)
    return [where(inside, g, 0.0), where(below, g, 0.0).sum(), where(above, g, 0.0).sum()]


@op(
    "a(*s), b(*s) -> y(*s)", latex=r"\lfloor {a} / {b} \rfloor", slopes=("0", "0"), types="number", no_slope=_FLAT,
    samples=[Sample(((3, 4), (3, 4)), domain=(1.0, 9.0))],
)  # fmt: skip
def floor_divide(a, b):
    """The whole part of a / b, rounded down: -7 // 2 is -4. Shapes: a, b (*s) -> y (*s); operands broadcast.

    Whole numbers over 0 give 0; floats over 0 give an infinity or NaN. Source: NumPy, numpy.floor_divide.
    """
    with np.errstate(all="ignore"):
        return np.floor_divide(a, b)


@floor_divide.kernel
def floor_divide_kernel(a, b, y):
    for i in range(y.size):
        u = a[i]
        v = b[i]
        # The smallest int64 over -1 is no int64: as in NumPy it stays itself, which its negative is too.
        turned = v == -1
        y[i] = (-u if turned else u) // (v * v if turned else v)


@op(
    "a(*s), b(*s) -> y(*s)", latex=r"{a} \bmod {b}", slopes=("1", r"-\lfloor {a} / {b} \rfloor"), onnx="Mod",
    types="number", samples=[Sample(((3, 4), (3, 4)), domain=(1.0, 9.0))],
)  # fmt: skip
def mod(a, b):
    """What is left of a after whole multiples of b; it has the sign of the divisor b, so -7 mod 2 is 1.

    Shapes: a, b (*s) -> y (*s); operands broadcast. Whole numbers modulo 0 give 0, floats NaN. Its slope where it
    jumps is that of its formula, 1 in a. Source: NumPy, numpy.mod.
    """
    with np.errstate(all="ignore"):
        return np.mod(a, b)


@mod.kernel
def mod_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] % b[i]


@mod.vjp
def mod_vjp(g, a, b, y):
    return [g, neg(g * floor_divide(a, b))]


@composite(
    "a(*s), b(*s) -> y(*s)", latex=r"{a} - {b}\, \operatorname{trunc}({a} / {b})",
    slopes=("1", r"-\operatorname{trunc}({a} / {b})"), types="number",
    samples=[Sample(((3, 4), (3, 4)), domain=(1.0, 9.0))],
)  # fmt: skip
def fmod(a, b):
    """What is left of a after whole multiples of b; it has the sign of a, so fmod(-7, 2) is -1.

    Shapes: a, b (*s) -> y (*s); operands broadcast. Source: NumPy, numpy.fmod.
    """
    return sign(a) * mod(absolute(a), absolute(b))


__all__ = ["ceil", "clip", "floor", "floor_divide", "fmod", "mod", "round", "trunc"]
