"""Activations, element by element: what a layer applies to its sums."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import minimum
from graphnn.ops.comparison import greater, where
from graphnn.ops.exponential import expm1
from graphnn.ops.mathematics import expm1 as fast_expm1
from graphnn.ops.mathematics import sigmoid as fast_sigmoid
from graphnn.ops.mathematics import softplus as fast_softplus
from graphnn.ops.mathematics import tanh as fast_tanh


@op(
    "x(*s) -> y(*s)", latex=r"\max(0,\, {x})", slopes=(r"[{x} > 0]",), onnx="Relu", kink=0.0, samples=[(3, 4)]
)
def relu(x):
    """Rectified linear unit: keep the positive part. Shapes: x (*s) -> y (*s). relu'(0) = 0 by convention.

    Source: Nair, Hinton 2010; PyTorch, torch.nn.functional.relu.
    """
    return np.maximum(x, 0)


@relu.kernel
def relu_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        # Written so that NaN passes: only numbers below 0 are cut.
        y[i] = 0.0 if v < 0.0 else v


@relu.vjp
def relu_vjp(g, x, y):
    return [g * step(y)]


@op(
    "x(*s) -> y(*s)", latex=r"[{x} > 0]", slopes=("0",), kink=0.0, samples=[(3, 4)],
    no_slope="it is flat wherever it has a slope; the gradient that passes it is zero",
)  # fmt: skip
def step(x):
    """1 where the operand is positive, else 0. Shapes: x (*s) -> y (*s). NaN stays NaN.

    Source: NumPy, numpy.heaviside with 0 at 0.
    """
    return np.where(np.isnan(x), x, (x > 0).astype(x.dtype))


@step.kernel
def step_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        y[i] = 1.0 if v > 0.0 else (0.0 if v <= 0.0 else v)


@op(
    "x(*s), slope() -> y(*s)", latex=r"\max({x}, 0) + {slope} \min({x}, 0)",
    slopes=(r"[{x} > 0] + {slope}\, [{x} \le 0]", r"\min({x}, 0)"), onnx="LeakyRelu", kink=0.0,
    samples=[Sample(((3, 4), ()), domain=(-2.0, 2.0))],
)  # fmt: skip
def leaky_relu(x, slope):
    """The operand where positive, else `slope` times it.

    Shapes: x (*s), slope () -> y (*s); slope is 0.01 if not said.

    The slope at 0 is `slope` by convention.
    Source: Maas, Hannun, Ng 2013; PyTorch, torch.nn.functional.leaky_relu.
    """
    return np.where(x > 0, x, slope * x)


@leaky_relu.build
def build_leaky_relu(x, slope=0.01):
    return leaky_relu.node(x, slope)


@leaky_relu.kernel
def leaky_relu_kernel(x, slope, y):
    s = slope[0]
    for i in range(y.size):
        v = x[i]
        y[i] = v if v > 0.0 else s * v


@leaky_relu.vjp
def leaky_relu_vjp(g, x, slope, y):
    return [g * where(greater(x, 0.0), 1.0, slope), (g * minimum(x, 0.0)).sum()]


@op(
    "x(*s), alpha() -> y(*s)", latex=r"\max({x}, 0) + {alpha} (e^{\min({x}, 0)} - 1)",
    slopes=(r"[{x} > 0] + ({y} + {alpha})\, [{x} \le 0]", r"e^{\min({x}, 0)} - 1"), onnx="Elu", kink=0.0,
    per_element=(1, 1), samples=[Sample(((3, 4), ()), domain=(-2.0, 2.0))],
)  # fmt: skip
def elu(x, alpha):
    """Exponential linear unit: x where positive, else alpha (e^x - 1). Shapes: x (*s), alpha () -> y (*s).

    alpha is 1 if not said; then the slope is continuous. The slope at 0 is alpha by convention.
    Source: Clevert, Unterthiner, Hochreiter 2015, equation 15.
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@elu.build
def build_elu(x, alpha=1.0):
    return elu.node(x, alpha)


@elu.kernel
def elu_kernel(x, alpha, y):
    a = alpha[0]
    for i in range(y.size):
        v = x[i]
        # The exponential sees no positive number: it could overflow and is not used there.
        low = a * fast_expm1(0.0 if v > 0.0 else v)
        y[i] = v if v > 0.0 else low


@elu.vjp
def elu_vjp(g, x, alpha, y):
    return [g * where(greater(x, 0.0), 1.0, y + alpha), (g * expm1(minimum(x, 0.0))).sum()]


@op(
    "x(*s) -> y(*s)", latex=r"\sigma({x})", slopes=(r"{y} (1 - {y})",), onnx="Sigmoid", per_element=(1, 1),
    samples=[(3, 4)],
)  # fmt: skip
def sigmoid(x):
    """Logistic function 1 / (1 + e^-x). Shapes: x (*s) -> y (*s). Exact in both tails.

    Source: PyTorch, torch.sigmoid.
    """
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype)


@sigmoid.kernel
def sigmoid_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_sigmoid(x[i])


@sigmoid.vjp
def sigmoid_vjp(g, x, y):
    return [g * (y * (1.0 - y))]


@op(
    "x(*s) -> y(*s)", latex=r"\tanh {x}", slopes=(r"1 - {y}^2",), onnx="Tanh", per_element=(1, 1),
    samples=[(3, 4)],
)  # fmt: skip
def tanh(x):
    """Hyperbolic tangent. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.tanh."""
    return np.tanh(x)


@tanh.kernel
def tanh_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_tanh(x[i])


@tanh.vjp
def tanh_vjp(g, x, y):
    return [g * (1.0 - y * y)]


@op(
    "x(*s) -> y(*s)", latex=r"\ln(1 + e^{{x}})", slopes=(r"\sigma({x})",), onnx="Softplus", per_element=(1, 1),
    samples=[(3, 4)],
)  # fmt: skip
def softplus(x):
    """A smooth relu, ln(1 + e^x). Shapes: x (*s) -> y (*s). No overflow: x itself where x is large.

    Source: Dugas et al. 2000; PyTorch, torch.nn.functional.softplus.
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@softplus.kernel
def softplus_kernel(x, y):
    for i in range(y.size):
        y[i] = fast_softplus(x[i])


@softplus.vjp
def softplus_vjp(g, x, y):
    return [g * sigmoid(x)]


__all__ = ["elu", "leaky_relu", "relu", "sigmoid", "softplus", "step", "tanh"]
