"""Powers and logarithms to the bases 2 and 10, and sums of exponentials told by their logarithms."""

from __future__ import annotations

from math import log as log_of_number

import numpy as np

from graphnn.core.declare import op
from graphnn.core.op import Sample
from graphnn.ops.activation import sigmoid
from graphnn.ops.arithmetic import abs as absolute
from graphnn.ops.arithmetic import neg
from graphnn.ops.comparison import equal, where
from graphnn.ops.mathematics import exp2 as fast_exp2
from graphnn.ops.mathematics import log2 as fast_log2
from graphnn.ops.mathematics import log10 as fast_log10
from graphnn.ops.mathematics import softplus as fast_softplus

LN2, LN10 = log_of_number(2.0), log_of_number(10.0)


@op("x(*s) -> y(*s)", latex=r"2^{{x}}", slopes=(r"{y} \ln 2",), per_element=(1, 1), samples=[(3, 4)])
def exp2(x):
    """2 to the power x, exact for whole x. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.exp2."""
    return np.exp2(x)


@exp2.kernel
def exp2_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_exp2(x[i])


@exp2.vjp
def exp2_vjp(g, x, y):
    return [g * (y * LN2)]


@op(
    "x(*s) -> y(*s)", latex=r"\log_2 {x}", slopes=(r"\frac{1}{{x} \ln 2}",), per_element=(1, 1),
    samples=[Sample(((3, 4),), domain=(0.2, 4.0))],
)  # fmt: skip
def log2(x):
    """Logarithm to base 2, exact for powers of 2. Shapes: x (*s) -> y (*s). -infinity at 0, NaN below.

    Source: NumPy, numpy.log2.
    """
    return np.log2(x)


@log2.kernel
def log2_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_log2(x[i])


@log2.vjp
def log2_vjp(g, x, y):
    return [g * (1.0 / LN2) / x]


@op(
    "x(*s) -> y(*s)", latex=r"\log_{10} {x}", slopes=(r"\frac{1}{{x} \ln 10}",), per_element=(1, 1),
    samples=[Sample(((3, 4),), domain=(0.2, 4.0))],
)  # fmt: skip
def log10(x):
    """Logarithm to base 10, exact for powers of 10. Shapes: x (*s) -> y (*s). -infinity at 0, NaN below.

    Source: NumPy, numpy.log10.
    """
    return np.log10(x)


@log10.kernel
def log10_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_log10(x[i])


@log10.vjp
def log10_vjp(g, x, y):
    return [g * (1.0 / LN10) / x]


@op(
    "a(*s), b(*s) -> y(*s)", latex=r"\ln(e^{{a}} + e^{{b}})",
    slopes=(r"\sigma({a} - {b})", r"\sigma({b} - {a})"), per_element=(2, 1), samples=[(3, 4)],
)  # fmt: skip
def logaddexp(a, b):
    """Logarithm of e^a + e^b, a smooth maximum. Shapes: a, b (*s) -> y (*s); operands broadcast.

    Nothing overflows. Two equal infinities share the gradient evenly, as equal numbers do.
    Source: NumPy, numpy.logaddexp.
    """
    return np.logaddexp(a, b)


@logaddexp.kernel
def logaddexp_kernel(a, b, y):
    for i in range(y.size):
        u = a[i]
        v = b[i]
        # Equal infinities have no difference.
        apart = abs(u - v) if u != v else 0.0
        y[i] = (u if u > v else v) + fast_softplus(-apart)


@logaddexp.vjp
def logaddexp_vjp(g, a, b, y):
    same = equal(a, b) & equal(absolute(a), np.inf)
    apart = where(same, 0.0, a) - where(same, 0.0, b)
    return [g * sigmoid(apart), g * sigmoid(neg(apart))]


__all__ = ["exp2", "log10", "log2", "logaddexp"]  # noqa: RUF022
