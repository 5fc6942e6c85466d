"""Exponentials, logarithms and the error function, element by element, with vectorised kernels."""

from __future__ import annotations

import math

import numpy as np

from graphnn.core.declare import op
from graphnn.core.op import Sample
from graphnn.ops.mathematics import erf as fast_erf
from graphnn.ops.mathematics import exp as fast_exp
from graphnn.ops.mathematics import expm1 as fast_expm1
from graphnn.ops.mathematics import log as fast_log
from graphnn.ops.mathematics import log1p as fast_log1p


@op("x(*s) -> y(*s)", latex=r"e^{{x}}", slopes=(r"{y}",), onnx="Exp", per_element=(1, 1), samples=[(3, 4)])
def exp(x):
    """Exponential. Shapes: x (*s) -> y (*s). Overflows to infinity, underflows to 0.

    Source: NumPy, numpy.exp.
    """
    return np.exp(x)


@exp.kernel
def exp_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_exp(x[i])


@exp.vjp
def exp_vjp(g, x, y):
    return [g * y]


@op("x(*s) -> y(*s)", latex=r"e^{{x}} - 1", slopes=(r"{y} + 1",), per_element=(1, 1), samples=[(3, 4)])
def expm1(x):
    """Exponential minus 1, exact near 0. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.expm1."""
    return np.expm1(x)


@expm1.kernel
def expm1_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_expm1(x[i])


@expm1.vjp
def expm1_vjp(g, x, y):
    return [g * (y + 1.0)]


@op(
    "x(*s) -> y(*s)", latex=r"\ln {x}", slopes=(r"\frac{1}{{x}}",), onnx="Log", per_element=(1, 1),
    samples=[Sample(((3, 4),), domain=(0.2, 4.0))],
)  # fmt: skip
def log(x):
    """Natural logarithm. Shapes: x (*s) -> y (*s). -infinity at 0, NaN below. Source: NumPy, numpy.log."""
    return np.log(x)


@log.kernel
def log_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_log(x[i])


@log.vjp
def log_vjp(g, x, y):
    return [g / x]


@op(
    "x(*s) -> y(*s)", latex=r"\ln(1 + {x})", slopes=(r"\frac{1}{1 + {x}}",), per_element=(1, 1),
    samples=[Sample(((3, 4),), domain=(-0.7, 2.0))],
)  # fmt: skip
def log1p(x):
    """Natural logarithm of 1 + x, exact near 0. Shapes: x (*s) -> y (*s). -infinity at -1, NaN below.

    Source: NumPy, numpy.log1p.
    """
    return np.log1p(x)


@log1p.kernel
def log1p_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_log1p(x[i])


@log1p.vjp
def log1p_vjp(g, x, y):
    return [g / (x + 1.0)]


@op(
    "x(*s) -> y(*s)", latex=r"\operatorname{erf} {x}",
    slopes=(r"\tfrac{2}{\sqrt{\pi}}\, e^{-{x}^2}",), onnx="Erf", per_element=(1, 1),
    samples=[(3, 4)],
)  # fmt: skip
def erf(x):
    """Error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. Shapes: x (*s) -> y (*s).

    Source: DLMF 7.2.1.
    """
    from scipy import special

    return special.erf(x)


@erf.kernel
def erf_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_erf(x[i])


@erf.vjp
def erf_vjp(g, x, y):
    return [g * (exp(-(x * x)) * (2.0 / math.sqrt(math.pi)))]


@op(
    "x(*s) -> y(*s)", latex=r"\operatorname{erfc} {x}",
    slopes=(r"-\tfrac{2}{\sqrt{\pi}}\, e^{-{x}^2}",), per_element=(1, 1), samples=[(3, 4)],
)  # fmt: skip
def erfc(x):
    """Complement of the error function, 1 - erf x, exact where that nears 0. Shapes: x (*s) -> y (*s).

    Source: DLMF 7.2.2.
    """
    from scipy import special

    return special.erfc(x)


@erfc.kernel
def erfc_kernel(x, y):
    for i in range(y.size):
        y[i] = math.erfc(x[i])


@erfc.vjp
def erfc_vjp(g, x, y):
    return [g * (exp(-(x * x)) * (-2.0 / math.sqrt(math.pi)))]


__all__ = ["erf", "erfc", "exp", "expm1", "log", "log1p"]
