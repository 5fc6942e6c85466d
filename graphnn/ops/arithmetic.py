"""Arithmetic, element by element: sums, products, powers, absolute values, the larger of two."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.comparison import equal, greater, greater_equal, less, where
from graphnn.ops.exponential import log
from graphnn.ops.exponentiation import pow as fast_pow


@op(
    "a(*s), b(*s) -> y(*s)",
    latex=r"{a} + {b}",
    slopes=("1", "1"),
    onnx="Add",
    types="number",
    samples=[(3, 4)],
)
def add(a, b):
    """Sum of two operands, element by element. Shapes: a, b (*s) -> y (*s); operands broadcast.

    Source: NumPy, numpy.add.
    """
    return a + b


@add.kernel
def add_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] + b[i]


@add.vjp
def add_vjp(g, a, b, y):
    return [g, g]


@op(
    "a(*s), b(*s) -> y(*s)",
    latex=r"{a} - {b}",
    slopes=("1", "-1"),
    onnx="Sub",
    types="number",
    samples=[(3, 4)],
)
def sub(a, b):
    """Difference of two operands, element by element. Shapes: a, b (*s) -> y (*s); operands broadcast.

    Source: NumPy, numpy.subtract.
    """
    return a - b


@sub.kernel
def sub_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] - b[i]


@sub.vjp
def sub_vjp(g, a, b, y):
    return [g, neg(g)]


@op(
    "a(*s), b(*s) -> y(*s)",
    latex=r"{a} \cdot {b}",
    slopes=(r"{b}", r"{a}"),
    onnx="Mul",
    types="number",
    samples=[(3, 4)],
)
def mul(a, b):
    """Product of two operands, element by element. Shapes: a, b (*s) -> y (*s); operands broadcast.

    Source: NumPy, numpy.multiply.
    """
    return a * b


@mul.kernel
def mul_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] * b[i]


@mul.vjp
def mul_vjp(g, a, b, y):
    return [g * b, g * a]


@op(
    "a(*s), b(*s) -> y(*s)",
    latex=r"\frac{{a}}{{b}}",
    slopes=(r"\frac{1}{{b}}", r"-\frac{{y}}{{b}}"),
    onnx="Div",
    samples=[Sample(((3, 4), (3, 4)), domain=(0.5, 2.0))],
)
def div(a, b):
    """Quotient of two operands, element by element. Shapes: a, b (*s) -> y (*s); operands broadcast.

    Floats only; 1/0 is infinity and 0/0 is NaN, as in NumPy. Source: NumPy, numpy.divide.
    """
    return a / b


@div.kernel
def div_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] / b[i]


@div.vjp
def div_vjp(g, a, b, y):
    ga = g / b
    return [ga, neg(ga * y)]


@op("x(*s) -> y(*s)", latex=r"-{x}", slopes=("-1",), onnx="Neg", types="number", samples=[(3, 4)])
def neg(x):
    """The operand with its sign turned. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.negative."""
    return -x


@neg.kernel
def neg_kernel(x, y):
    for i in range(y.size):
        y[i] = -x[i]


@neg.vjp
def neg_vjp(g, x, y):
    return [neg(g)]


@op("x(*s) -> y(*s)", latex=r"{x}^2", slopes=(r"2 {x}",), types="number", samples=[(3, 4)])
def square(x):
    """The operand times itself. Shapes: x (*s) -> y (*s). Source: NumPy, numpy.square."""
    return x * x


@square.kernel
def square_kernel(x, y):
    for i in range(y.size):
        y[i] = x[i] * x[i]


@square.vjp
def square_vjp(g, x, y):
    return [g * (x * 2.0)]


@op(
    "x(*s) -> y(*s)",
    latex=r"\sqrt{{x}}",
    slopes=(r"\frac{1}{2 {y}}",),
    onnx="Sqrt",
    samples=[Sample(((3, 4),), domain=(0.2, 4.0))],
)
def sqrt(x):
    """Square root. Shapes: x (*s) -> y (*s). NaN below 0; its slope at 0 is infinite.

    Source: NumPy, numpy.sqrt.
    """
    return np.sqrt(x)


@sqrt.kernel
def sqrt_kernel(x, y):
    for i in range(y.size):
        y[i] = np.sqrt(x[i])


@sqrt.vjp
def sqrt_vjp(g, x, y):
    return [g * 0.5 / y]


@op(
    "a(*s), b(*s) -> y(*s)",
    latex=r"{a}^{{b}}",
    slopes=(r"{b}\, {a}^{{b} - 1}", r"{y} \ln {a}"),
    onnx="Pow",
    per_element=(1, 1),
    samples=[Sample(((3, 4), (3, 4)), domain=(0.3, 2.0))],
)
def pow(a, b):
    """a to the power b, element by element. Shapes: a, b (*s) -> y (*s); operands broadcast.

    Floats only. A negative base has real powers for whole exponents only, else NaN. As functions of one
    operand, a^0 is flat everywhere and 0^b is flat for b >= 0: those slopes are 0, also where the formula
    says 0 times infinity. Source: NumPy, numpy.power; slopes as PyTorch, torch.pow.
    """
    return np.power(a, b)


@pow.build
def build_pow(a, b):
    if isinstance(a, Node) and isinstance(b, int | float) and not isinstance(b, bool) and b == 2:
        return square(a)
    return pow.node(a, b)


@pow.kernel
def pow_kernel(a, b, y):
    for i in range(y.size):
        y[i] = fast_pow(a[i], b[i])


@pow.vjp
def pow_vjp(g, a, b, y):
    exponent = constant_number(b)
    if exponent is not None:
        return [g * (pow(a, exponent - 1.0) * exponent) if exponent else g * 0.0, None]
    # Where a slope is 0 by convention, a harmless number stands in for the operand, so that the slope of the
    # slope meets no 0 times infinity either.
    lowered = where(equal(b, 0.0), 1.0, b) - 1.0
    flat = equal(a, 0.0) & greater_equal(b, 0.0)
    return [g * (b * pow(a, lowered)), g * (y * log(where(flat, 1.0, a)))]


def constant_number(node: Node) -> float | None:
    """The number that a constant node holds in every element, seen through broadcasting; None if it is not
    one.
    """
    while node.op.name == "broadcast_to":
        (node,) = node.operands
    if node.role == "constant" and node.storage is not None and node.storage.array.size == 1:
        return float(node.storage.array.item())
    return None


@op(
    "x(*s) -> y(*s)",
    latex=r"\left|{x}\right|",
    slopes=(r"\operatorname{sign} {x}",),
    onnx="Abs",
    types="number",
    kink=0.0,
    samples=[(3, 4)],
)
def abs(x):
    """Absolute value. Shapes: x (*s) -> y (*s). abs'(0) = 0 by convention. Source: NumPy, numpy.abs."""
    return np.abs(x)


@abs.kernel
def abs_kernel(x, y):
    for i in range(y.size):
        y[i] = np.abs(x[i])


@abs.vjp
def abs_vjp(g, x, y):
    return [g * sign(x)]


@op(
    "x(*s) -> y(*s)",
    latex=r"\operatorname{sign} {x}",
    slopes=("0",),
    onnx="Sign",
    types="number",
    kink=0.0,
    no_slope="it is flat wherever it has a slope; the gradient that passes it is zero",
    samples=[(3, 4)],
)
def sign(x):
    """-1, 0 or 1 as the operand is negative, zero or positive. Shapes: x (*s) -> y (*s). NaN stays NaN.

    Source: NumPy, numpy.sign.
    """
    return np.sign(x)


@sign.kernel
def sign_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        y[i] = v
        if v > 0:
            y[i] = 1
        elif v < 0:
            y[i] = -1


@op(
    "a(*s), b(*s) -> y(*s)",
    latex=r"\max({a},\, {b})",
    slopes=(r"[{a} > {b}]", r"[{b} > {a}]"),
    onnx="Max",
    types="number",
    samples=[(3, 4)],
)
def maximum(a, b):
    """The larger of two operands, element by element. Shapes: a, b (*s) -> y (*s); NaN wins.

    Where both are equal each gets half of the gradient, by convention. Source: NumPy, numpy.maximum.
    """
    return np.maximum(a, b)


@maximum.kernel
def maximum_kernel(a, b, y):
    for i in range(y.size):
        u = a[i]
        v = b[i]
        y[i] = u if (u >= v) | (u != u) else v


@maximum.vjp
def maximum_vjp(g, a, b, y):
    ga = where(equal(a, b), g * 0.5, where(greater(a, b), g, 0.0))
    return [ga, g - ga]


@op(
    "a(*s), b(*s) -> y(*s)",
    latex=r"\min({a},\, {b})",
    slopes=(r"[{a} < {b}]", r"[{b} < {a}]"),
    onnx="Min",
    types="number",
    samples=[(3, 4)],
)
def minimum(a, b):
    """The smaller of two operands, element by element. Shapes: a, b (*s) -> y (*s); NaN wins.

    Where both are equal each gets half of the gradient, by convention. Source: NumPy, numpy.minimum.
    """
    return np.minimum(a, b)


@minimum.kernel
def minimum_kernel(a, b, y):
    for i in range(y.size):
        u = a[i]
        v = b[i]
        y[i] = u if (u <= v) | (u != u) else v


@minimum.vjp
def minimum_vjp(g, a, b, y):
    ga = where(equal(a, b), g * 0.5, where(less(a, b), g, 0.0))
    return [ga, g - ga]


__all__ = ["abs", "add", "div", "maximum", "minimum", "mul", "neg", "pow", "sign", "sqrt", "square", "sub"]
