"""Reciprocals, roots beyond the square root, and the length of the hypotenuse, element by element."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import sqrt, square
from graphnn.ops.comparison import equal, where
from graphnn.ops.mathematics import exp as fast_exp
from graphnn.ops.mathematics import log as fast_log


@composite(
    "x(*s) -> y(*s)", latex=r"\frac{1}{{x}}", slopes=(r"-{y}^2",), onnx="Reciprocal",
    samples=[Sample(((3, 4),), domain=(0.5, 2.0))],
)  # fmt: skip
def reciprocal(x):
    """One over the operand. Shapes: x (*s) -> y (*s). Infinite at 0. Source: NumPy, numpy.reciprocal."""
    return 1.0 / x


@composite(
    "x(*s) -> y(*s)", latex=r"\frac{1}{\sqrt{{x}}}", slopes=(r"-\tfrac{1}{2}\, {y}^3",),
    samples=[Sample(((3, 4),), domain=(0.5, 2.0))],
)  # fmt: skip
def rsqrt(x):
    """One over the square root. Shapes: x (*s) -> y (*s). Infinite at 0, NaN below. Source: PyTorch, torch.rsqrt."""
    return 1.0 / sqrt(x)


@op(
    "x(*s) -> y(*s)", latex=r"\sqrt[3]{{x}}", slopes=(r"\frac{1}{3 {y}^2}",), per_element=(1, 1),
    samples=[Sample(((3, 4),), domain=(0.2, 4.0))],
)  # fmt: skip
def cbrt(x):
    """Cube root, of negative numbers too. Shapes: x (*s) -> y (*s). Its slope at 0 is infinite.

    Within 2e-7 (float64: 4e-16) of itself. Source: NumPy, numpy.cbrt.
    """
    return np.cbrt(x)


@cbrt.kernel
def cbrt_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        a = abs(v)
        plain = (a > 0.0) & (a < np.float32(np.inf))
        z = a if plain else 1.0
        root = fast_exp(fast_log(z) * (1.0 / 3.0))
        # One step of Newton's method removes what the exponential makes of the logarithm's rounding.
        root = root - (root - z / (root * root)) * (1.0 / 3.0)
        y[i] = (-root if v < 0.0 else root) if plain else v


@cbrt.vjp
def cbrt_vjp(g, x, y):
    return [g * (1.0 / 3.0) / square(y)]


@op(
    "a(*s), b(*s) -> y(*s)", latex=r"\sqrt{{a}^2 + {b}^2}", slopes=(r"\frac{{a}}{{y}}", r"\frac{{b}}{{y}}"),
    samples=[(3, 4)],
)  # fmt: skip
def hypot(a, b):
    """Square root of a^2 + b^2, which neither overflows nor vanishes on the way.

    Shapes: a, b (*s) -> y (*s); operands broadcast. Where both are 0 both slopes are 0 by convention. Infinity
    beside NaN is infinity. Source: NumPy, numpy.hypot.
    """
    return np.hypot(a, b)


@hypot.kernel
def hypot_kernel(a, b, y):
    for i in range(y.size):
        u = abs(a[i])
        v = abs(b[i])
        large = u if u > v else v
        small = v if u > v else u
        q = small / (large if large != 0.0 else 1.0)
        r = large * np.sqrt(1.0 + q * q)
        infinite = (u == np.float32(np.inf)) | (v == np.float32(np.inf))
        y[i] = np.float32(np.inf) if infinite else r


@hypot.vjp
def hypot_vjp(g, a, b, y):
    r = where(equal(y, 0.0), 1.0, y)
    return [g * (a / r), g * (b / r)]


__all__ = ["cbrt", "hypot", "reciprocal", "rsqrt"]
