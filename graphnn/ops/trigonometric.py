"""Sines, cosines, tangents and their inverses, element by element, with vectorised kernels; angles in radians."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import neg, sqrt, square
from graphnn.ops.circular import FAR
from graphnn.ops.circular import arctan as fast_arctan
from graphnn.ops.circular import arctan2 as fast_arctan2
from graphnn.ops.circular import cos as fast_cos
from graphnn.ops.circular import sin as fast_sin
from graphnn.ops.circular import tan as fast_tan
from graphnn.ops.comparison import equal, where
from graphnn.ops.powers import hypot

# Angles are taken in blocks. Where a block holds one beyond FAR, its elements are taken one by one, and those
# beyond FAR go to the C library, which reduces the largest of numbers right. An element gets the same bits
# whichever way its block goes.
BLOCK = 512


def far_angles(x, first, last):
    """How many of these elements are beyond FAR; not an integer, which would be counted more slowly."""
    count = 0.0
    for i in range(first, last):
        count += 1.0 if abs(x[np.uint64(i)]) > FAR else 0.0
    return count


@op(
    "x(*s) -> y(*s)", latex=r"\sin {x}", slopes=(r"\cos {x}",), onnx="Sin", per_element=(1, 1), samples=[(3, 4)],
)  # fmt: skip
def sin(x):
    """Sine. Shapes: x (*s) -> y (*s). NaN for infinity.

    Within 1.4e-7 (float64: 1.7e-16) of itself for angles up to 100 thousand, beyond as the C library.
    Source: NumPy, numpy.sin.
    """
    return np.sin(x)


@sin.kernel
def sin_kernel(x, y):
    for first in range(0, y.size, BLOCK):
        last = first + BLOCK if first + BLOCK < y.size else y.size
        if far_angles(x, first, last) > 0.0:
            for i in range(first, last):
                v = x[i]
                if abs(v) > FAR:
                    y[i] = np.sin(v)
                else:
                    y[i] = fast_sin(v)
        else:
            for i in range(first, last):
                y[np.uint64(i)] = fast_sin(x[np.uint64(i)])


@sin.vjp
def sin_vjp(g, x, y):
    return [g * cos(x)]


@op(
    "x(*s) -> y(*s)", latex=r"\cos {x}", slopes=(r"-\sin {x}",), onnx="Cos", per_element=(1, 1), samples=[(3, 4)],
)  # fmt: skip
def cos(x):
    """Cosine. Shapes: x (*s) -> y (*s). NaN for infinity; as exact as sin. Source: NumPy, numpy.cos."""
    return np.cos(x)


@cos.kernel
def cos_kernel(x, y):
    for first in range(0, y.size, BLOCK):
        last = first + BLOCK if first + BLOCK < y.size else y.size
        if far_angles(x, first, last) > 0.0:
            for i in range(first, last):
                v = x[i]
                if abs(v) > FAR:
                    y[i] = np.cos(v)
                else:
                    y[i] = fast_cos(v)
        else:
            for i in range(first, last):
                y[np.uint64(i)] = fast_cos(x[np.uint64(i)])


@cos.vjp
def cos_vjp(g, x, y):
    return [neg(g * sin(x))]


@op(
    "x(*s) -> y(*s)", latex=r"\tan {x}", slopes=(r"1 + {y}^2",), onnx="Tan", per_element=(1, 1),
    samples=[Sample(((3, 4),), domain=(-1.2, 1.2))],
)  # fmt: skip
def tan(x):
    """Tangent, sin x / cos x. Shapes: x (*s) -> y (*s). NaN for infinity; within 3e-7 (float64: 6e-16) of itself.

    Source: NumPy, numpy.tan.
    """
    return np.tan(x)


@tan.kernel
def tan_kernel(x, y):
    for first in range(0, y.size, BLOCK):
        last = first + BLOCK if first + BLOCK < y.size else y.size
        if far_angles(x, first, last) > 0.0:
            for i in range(first, last):
                v = x[i]
                if abs(v) > FAR:
                    y[i] = np.tan(v)
                else:
                    y[i] = fast_tan(v)
        else:
            for i in range(first, last):
                y[np.uint64(i)] = fast_tan(x[np.uint64(i)])


@tan.vjp
def tan_vjp(g, x, y):
    return [g * (1.0 + square(y))]


@op(
    "x(*s) -> y(*s)", latex=r"\arcsin {x}", slopes=(r"\frac{1}{\sqrt{1 - {x}^2}}",), onnx="Asin",
    per_element=(1, 1), samples=[Sample(((3, 4),), domain=(-0.9, 0.9))],
)  # fmt: skip
def arcsin(x):
    """The angle from -pi/2 to pi/2 whose sine is x. Shapes: x (*s) -> y (*s). NaN beyond -1 and 1.

    Its slope at -1 and 1 is infinite. Source: NumPy, numpy.arcsin.
    """
    return np.arcsin(x)


@arcsin.kernel
def arcsin_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        # The product 1 - x^2 would lose what matters near 1.
        y[i] = fast_arctan2(v, np.sqrt((1.0 - v) * (1.0 + v)))


@arcsin.vjp
def arcsin_vjp(g, x, y):
    return [g / sqrt((1.0 - x) * (1.0 + x))]


@op(
    "x(*s) -> y(*s)", latex=r"\arccos {x}", slopes=(r"-\frac{1}{\sqrt{1 - {x}^2}}",), onnx="Acos",
    per_element=(1, 1), samples=[Sample(((3, 4),), domain=(-0.9, 0.9))],
)  # fmt: skip
def arccos(x):
    """The angle from 0 to pi whose cosine is x. Shapes: x (*s) -> y (*s). NaN beyond -1 and 1.

    Its slope at -1 and 1 is infinite. Source: NumPy, numpy.arccos.
    """
    return np.arccos(x)


@arccos.kernel
def arccos_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        y[i] = fast_arctan2(np.sqrt((1.0 - v) * (1.0 + v)), v)


@arccos.vjp
def arccos_vjp(g, x, y):
    return [neg(g / sqrt((1.0 - x) * (1.0 + x)))]


@op(
    "x(*s) -> y(*s)", latex=r"\arctan {x}", slopes=(r"\frac{1}{1 + {x}^2}",), onnx="Atan",
    per_element=(1, 1), samples=[(3, 4)],
)  # fmt: skip
def arctan(x):
    """The angle from -pi/2 to pi/2 whose tangent is x. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.arctan."""
    return np.arctan(x)


@arctan.kernel
def arctan_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_arctan(x[i])


@arctan.vjp
def arctan_vjp(g, x, y):
    return [g / (1.0 + square(x))]


@op(
    "a(*s), b(*s) -> y(*s)", latex=r"\operatorname{arctan2}({a},\, {b})",
    slopes=(r"\frac{{b}}{{a}^2 + {b}^2}", r"-\frac{{a}}{{a}^2 + {b}^2}"), per_element=(1, 1), samples=[(3, 4)],
)  # fmt: skip
def arctan2(a, b):
    """The angle from -pi to pi of the point with height a and width b, right in all four quadrants.

    Shapes: a, b (*s) -> y (*s); operands broadcast. At the origin both slopes are 0 by convention. Whether a zero
    is +0 or -0 decides nothing that a graph relies on: rewriting may turn one into the other.
    Source: NumPy, numpy.arctan2.
    """
    return np.arctan2(a, b)


@arctan2.kernel
def arctan2_kernel(a, b, y):
    for i in range(y.size):
        y[i] = fast_arctan2(a[i], b[i])


@arctan2.vjp
def arctan2_vjp(g, a, b, y):
    # By the distance, whose square might overflow or vanish.
    r = hypot(a, b)
    r = where(equal(r, 0.0), 1.0, r)
    share = g / r
    return [share * (b / r), neg(share * (a / r))]


__all__ = ["arccos", "arcsin", "arctan", "arctan2", "cos", "sin", "tan"]
