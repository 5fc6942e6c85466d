"""Activations that multiply the operand by a smooth gate: gelu, silu, mish and their kin."""

from __future__ import annotations

import math

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.core.scope import scope
from graphnn.ops.activation import sigmoid, softplus, tanh
from graphnn.ops.arithmetic import maximum, neg, square
from graphnn.ops.axes import normal_axis
from graphnn.ops.exponential import exp
from graphnn.ops.mathematics import erf as fast_erf
from graphnn.ops.mathematics import exp as fast_exp
from graphnn.ops.mathematics import sigmoid as fast_sigmoid
from graphnn.ops.mathematics import tanh as fast_tanh
from graphnn.ops.rectifiers import hard_sigmoid
from graphnn.ops.rounding import clip

# Where a gate has closed or opened entirely, an infinite or huge operand would still give 0 times infinity in
# a slope. So slopes are taken of the operand clipped to an interval beyond which they change no more.
END_OF_GELU = 40.0
END_OF_SIGMOID = 1000.0

ROOT_HALF = math.sqrt(0.5)
DENSITY_AT_ZERO = 1.0 / math.sqrt(2.0 * math.pi)
# The argument of tanh in the approximation: BEND (x + CUBIC x^3).
BEND, CUBIC = math.sqrt(2.0 / math.pi), 0.044715


@op(
    "x(*s) -> y(*s)", latex=r"{x}\, \Phi({x})", slopes=(r"\Phi({x}) + {x}\, \varphi({x})",), onnx="Gelu",
    per_element=(4, 1), samples=[(3, 4)],
)  # fmt: skip
def gelu(x):
    """The operand times the probability that a standard normal number is below it, Phi(x).

    Shapes: x (*s) -> y (*s). With approximate="tanh" it is `gelu_tanh`. Off by 2.2e-7 (float64: 4e-16) of x at most.
    Source: Hendrycks, Gimpel 2016, section 2.
    """
    from scipy import special

    v = np.maximum(x, -END_OF_GELU)
    return 0.5 * v * special.erfc(v * -ROOT_HALF)


@gelu.build
def build_gelu(x, approximate="none"):
    if approximate not in ("none", "tanh"):
        raise SettingError(f"gelu: approximate is 'none' or 'tanh', found {approximate!r}.")
    return gelu_tanh(x) if approximate == "tanh" else gelu.node(x)


@gelu.kernel
def gelu_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        v = -END_OF_GELU if v < -END_OF_GELU else v
        y[i] = (0.5 * v) * (1.0 + fast_erf(v * ROOT_HALF))


@gelu.vjp
def gelu_vjp(g, x, y):
    return [g * gelu_slope(x)]


@op(
    "x(*s) -> y(*s)", latex=r"\Phi({x}) + {x}\, \varphi({x})", slopes=(r"(2 - {x}^2)\, \varphi({x})",),
    per_element=(8, 2), samples=[(3, 4)],
)  # fmt: skip
def gelu_slope(x):
    """Slope of gelu. Shapes: x (*s) -> y (*s). Source: Hendrycks, Gimpel 2016, section 2, differentiated."""
    from scipy import special

    v = np.clip(x, -END_OF_GELU, END_OF_GELU)
    return 0.5 * special.erfc(v * -ROOT_HALF) + v * np.exp(-0.5 * v * v) * DENSITY_AT_ZERO


@gelu_slope.kernel
def gelu_slope_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        v = -END_OF_GELU if v < -END_OF_GELU else v
        v = END_OF_GELU if v > END_OF_GELU else v
        y[i] = 0.5 * (1.0 + fast_erf(v * ROOT_HALF)) + (v * DENSITY_AT_ZERO) * fast_exp(-0.5 * v * v)


@gelu_slope.vjp
def gelu_slope_vjp(g, x, y):
    z = square(clip(x, -END_OF_GELU, END_OF_GELU))
    return [g * ((2.0 - z) * exp(z * -0.5) * DENSITY_AT_ZERO)]


@op(
    "x(*s) -> y(*s)", latex=r"\tfrac{1}{2} {x} \left(1 + \tanh u\right),\; u = \sqrt{2/\pi}\, ({x} + 0.044715\, {x}^3)",
    slopes=(r"\tfrac{1}{2} (1 + \tanh u) + \tfrac{1}{2} {x}\, u' (1 - \tanh^2 u)",), per_element=(8, 1),
    samples=[(3, 4)],
)  # fmt: skip
def gelu_tanh(x):
    """An approximation of gelu by tanh, off by 5e-4 at most. Shapes: x (*s) -> y (*s).

    Source: Hendrycks, Gimpel 2016, section 2; PyTorch, torch.nn.functional.gelu(approximate="tanh").
    """
    v = np.maximum(x, -END_OF_GELU)
    return 0.5 * v * (1.0 + np.tanh(BEND * v * (1.0 + CUBIC * np.square(np.minimum(v, END_OF_GELU)))))


@gelu_tanh.kernel
def gelu_tanh_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        v = -END_OF_GELU if v < -END_OF_GELU else v
        y[i] = (0.5 * v) * (1.0 + fast_tanh(v * (BEND + BEND * CUBIC * v * v)))


@gelu_tanh.vjp
def gelu_tanh_vjp(g, x, y):
    return [g * gelu_tanh_slope(x)]


@op(
    "x(*s) -> y(*s)", latex=r"\tfrac{1}{2} (1 + t) + \tfrac{1}{2} {x}\, u' (1 - t^2),\; t = \tanh u",
    slopes=(r"(1 - t^2) \left(u' + {x}\, (\tfrac{1}{2} u'' - t\, u'^2)\right)",), per_element=(16, 1),
    samples=[(3, 4)],
)  # fmt: skip
def gelu_tanh_slope(x):
    """Slope of gelu_tanh. Shapes: x (*s) -> y (*s). Source: Hendrycks, Gimpel 2016, section 2, differentiated."""
    v = np.clip(x, -END_OF_GELU, END_OF_GELU)
    t = np.tanh(v * (BEND + BEND * CUBIC * v * v))
    return 0.5 * (1.0 + t) * (1.0 + v * (1.0 - t) * (BEND + 3.0 * BEND * CUBIC * v * v))


@gelu_tanh_slope.kernel
def gelu_tanh_slope_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        v = -END_OF_GELU if v < -END_OF_GELU else v
        v = END_OF_GELU if v > END_OF_GELU else v
        z = BEND * CUBIC * v * v
        t = fast_tanh(v * (BEND + z))
        y[i] = 0.5 * (1.0 + t) * (1.0 + v * (1.0 - t) * (BEND + 3.0 * z))


@gelu_tanh_slope.vjp
def gelu_tanh_slope_vjp(g, x, y):
    v = clip(x, -END_OF_GELU, END_OF_GELU)
    z = square(v) * (BEND * CUBIC)
    t = tanh(v * (z + BEND))
    bend = z * 3.0 + BEND
    return [g * ((1.0 - square(t)) * (bend + z * 3.0 - t * v * square(bend)))]


@op(
    "x(*s) -> y(*s)", latex=r"{x}\, \sigma({x})", slopes=(r"\sigma({x}) \left(1 + {x}\, \sigma(-{x})\right)",),
    onnx="Swish", per_element=(2, 1), samples=[(3, 4)],
)  # fmt: skip
def silu(x):
    """The operand times its sigmoid; also called swish. Shapes: x (*s) -> y (*s).

    Source: Hendrycks, Gimpel 2016; Ramachandran, Zoph, Le 2017, section 3.
    """
    v = np.maximum(x, -END_OF_SIGMOID)
    e = np.exp(-np.abs(v))
    return v * (np.where(v >= 0, 1, e).astype(x.dtype) / (1 + e))


@silu.kernel
def silu_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        v = -END_OF_SIGMOID if v < -END_OF_SIGMOID else v
        y[i] = v * fast_sigmoid(v)


@silu.vjp
def silu_vjp(g, x, y):
    v = clip(x, -END_OF_SIGMOID, END_OF_SIGMOID)
    return [g * (sigmoid(v) * (1.0 + v * sigmoid(neg(v))))]


@op(
    "x(*s) -> y(*s)", latex=r"{x} \tanh(\ln(1 + e^{{x}}))",
    slopes=(r"t + {x}\, (1 - t^2)\, \sigma({x}),\; t = \tanh(\ln(1 + e^{{x}}))",), onnx="Mish",
    per_element=(8, 1), samples=[(3, 4)],
)  # fmt: skip
def mish(x):
    """The operand times the tanh of its softplus. Shapes: x (*s) -> y (*s). Source: Misra 2019, equation 1."""
    v = np.maximum(x, -END_OF_SIGMOID)
    e = np.exp(np.minimum(v, 20.0))
    n = e * (e + 2.0)
    return v * (n / (n + 2.0))


@mish.kernel
def mish_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        v = -END_OF_SIGMOID if v < -END_OF_SIGMOID else v
        # tanh(log(1 + e)) is a quotient of polynomials in e; from 20 on it rounds to 1. It multiplies the bounded
        # number: the compiler may multiply first and divide then, which must not overflow.
        low = 20.0 if v > 20.0 else v
        e = fast_exp(low)
        n = e * (e + 2.0)
        gated = low * (n / (n + 2.0))
        y[i] = v if v > 20.0 else gated


@mish.vjp
def mish_vjp(g, x, y):
    v = clip(x, -END_OF_SIGMOID, END_OF_SIGMOID)
    t = tanh(softplus(v))
    return [g * (t + v * (1.0 - square(t)) * sigmoid(v))]


@composite(
    "x(*s) -> y(*s)", latex=r"{x} \cdot \operatorname{clip}({x} / 6 + \tfrac{1}{2},\, 0,\, 1)",
    slopes=(r"[{x} \ge 3] + [\left|{x}\right| < 3]\, ({x} / 3 + \tfrac{1}{2})",), onnx="HardSwish",
    samples=[Sample(((3, 4),), domain=(-5.0, 5.0))],
)  # fmt: skip
def hardswish(x):
    """A cheap silu: the operand times its hard_sigmoid. Shapes: x (*s) -> y (*s).

    hardswish'(-3) = 0 and hardswish'(3) = 1 by convention. Source: Howard et al. 2019, section 5.2.
    """
    return maximum(x, -3.0) * hard_sigmoid(x)


@composite(
    "x(*s) -> y(*s)", latex=r"\ln \sigma({x})", slopes=(r"\sigma(-{x})",), samples=[(3, 4)],
)  # fmt: skip
def logsigmoid(x):
    """Logarithm of sigmoid, exact where that nears 0 or 1. Shapes: x (*s) -> y (*s).

    Source: PyTorch, torch.nn.functional.logsigmoid.
    """
    return neg(softplus(neg(x)))


def glu(x: Node, axis: int = -1) -> Node:
    """Gated linear unit: the first half along an axis times the sigmoid of the second half.

    The axis, the last if not said, has a known, even size; the result has half as many elements along it.
    Source: Dauphin, Fan, Auli, Grangier 2017, equation 1.
    """
    k = normal_axis(axis, x.shape, "glu")
    size = x.shape[k]
    if not isinstance(size, int) or size % 2:
        raise ShapeError(
            f"glu: axis {axis} of {x.label} has size {size}; wanted a known, even size, to be halved. "
            "Twice as many features make it so."
        )
    before = (slice(None),) * k
    with scope("glu"):
        return x[(*before, slice(0, size // 2))] * sigmoid(x[(*before, slice(size // 2, size))])


__all__ = [
    "gelu",
    "gelu_slope",
    "gelu_tanh",
    "gelu_tanh_slope",
    "glu",
    "hardswish",
    "logsigmoid",
    "mish",
    "silu",
]
