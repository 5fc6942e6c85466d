"""Hyperbolic sine and cosine, and the inverses of the hyperbolic functions, element by element.

The hyperbolic tangent is an activation: see `graphnn.ops.activation`.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import sqrt
from graphnn.ops.circular import cosh as fast_cosh
from graphnn.ops.circular import sinh as fast_sinh
from graphnn.ops.mathematics import log1p as fast_log1p
from graphnn.ops.powers import hypot


@op(
    "x(*s) -> y(*s)", latex=r"\sinh {x}", slopes=(r"\cosh {x}",), onnx="Sinh", per_element=(1, 1),
    samples=[(3, 4)],
)  # fmt: skip
def sinh(x):
    """Hyperbolic sine, (e^x - e^-x) / 2, exact near 0. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.sinh."""
    return np.sinh(x)


@sinh.kernel
def sinh_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_sinh(x[i])


@sinh.vjp
def sinh_vjp(g, x, y):
    return [g * cosh(x)]


@op(
    "x(*s) -> y(*s)", latex=r"\cosh {x}", slopes=(r"\sinh {x}",), onnx="Cosh", per_element=(1, 1),
    samples=[(3, 4)],
)  # fmt: skip
def cosh(x):
    """Hyperbolic cosine, (e^x + e^-x) / 2. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.cosh."""
    return np.cosh(x)


@cosh.kernel
def cosh_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_cosh(x[i])


@cosh.vjp
def cosh_vjp(g, x, y):
    return [g * sinh(x)]


# The inverses are logarithms of 1 + u with u exact near its zero. From LARGE on, u is the operand itself, whose
# square might overflow, and ln 2 is added: what that neglects is less than one rounding.
LARGE = 1e15


def area_sine(v):
    a = abs(v)
    root = a * a if a < LARGE else 0.0
    u = a + root / (1.0 + np.sqrt(1.0 + root))
    y = fast_log1p(u) + (0.0 if a < LARGE else 0.6931471805599453)
    return -y if v < 0.0 else y


def area_cosine(v):
    t = v - 1.0
    root = np.sqrt(t * (t + 2.0)) if v < LARGE else 0.0
    y = fast_log1p(t + root) + (0.6931471805599453 if v >= LARGE else 0.0)
    return np.float32(np.nan) if v < 1.0 else y


def area_tangent(v):
    a = abs(v)
    y = 0.5 * fast_log1p(2.0 * a / (1.0 - a))
    return -y if v < 0.0 else y


@op(
    "x(*s) -> y(*s)", latex=r"\operatorname{arcsinh} {x}", slopes=(r"\frac{1}{\sqrt{{x}^2 + 1}}",), onnx="Asinh",
    per_element=(1, 1), samples=[(3, 4)],
)  # fmt: skip
def arcsinh(x):
    """Inverse of sinh, exact near 0 and without overflow. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.arcsinh."""
    return np.arcsinh(x)


@arcsinh.kernel
def arcsinh_kernel(x, y):
    for i in range(y.size):
        y[i] = area_sine(x[i])


@arcsinh.vjp
def arcsinh_vjp(g, x, y):
    return [g / hypot(x, 1.0)]


@op(
    "x(*s) -> y(*s)", latex=r"\operatorname{arccosh} {x}", slopes=(r"\frac{1}{\sqrt{{x}^2 - 1}}",), onnx="Acosh",
    per_element=(1, 1), samples=[Sample(((3, 4),), domain=(1.2, 4.0))],
)  # fmt: skip
def arccosh(x):
    """Inverse of cosh, at least 0. Shapes: x (*s) -> y (*s). NaN below 1; its slope at 1 is infinite.

    Source: NumPy, numpy.arccosh.
    """
    return np.arccosh(x)


@arccosh.kernel
def arccosh_kernel(x, y):
    for i in range(y.size):
        y[i] = area_cosine(x[i])


@arccosh.vjp
def arccosh_vjp(g, x, y):
    return [g / (sqrt(x - 1.0) * sqrt(x + 1.0))]


@op(
    "x(*s) -> y(*s)", latex=r"\operatorname{arctanh} {x}", slopes=(r"\frac{1}{1 - {x}^2}",), onnx="Atanh",
    per_element=(1, 1), samples=[Sample(((3, 4),), domain=(-0.9, 0.9))],
)  # fmt: skip
def arctanh(x):
    """Inverse of tanh, exact near 0. Shapes: x (*s) -> y (*s). Infinite at -1 and 1, NaN beyond.

    Source: NumPy, numpy.arctanh.
    """
    return np.arctanh(x)


@arctanh.kernel
def arctanh_kernel(x, y):
    for i in range(y.size):
        y[i] = area_tangent(x[i])


@arctanh.vjp
def arctanh_vjp(g, x, y):
    return [g / ((1.0 - x) * (1.0 + x))]


__all__ = ["arccosh", "arcsinh", "arctanh", "cosh", "sinh"]
