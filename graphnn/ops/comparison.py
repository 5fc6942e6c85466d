"""Compare, combine truth values, and choose: the ops that give or take booleans."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op

_FLAT = "a truth value has no slope"


@op(
    "a(*s), b(*s) -> y(*s):bool",
    latex=r"{a} = {b}",
    onnx="Equal",
    types="any",
    no_slope=_FLAT,
    samples=[(3, 4)],
)
def equal(a, b):
    """Whether two operands are equal, element by element.

    Shapes: a, b (*s) -> y (*s) bool; NaN equals nothing. Source: NumPy, numpy.equal.
    """
    return a == b


@equal.kernel
def equal_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] == b[i]


@op(
    "a(*s), b(*s) -> y(*s):bool",
    latex=r"{a} \ne {b}",
    types="any",
    no_slope=_FLAT,
    samples=[(3, 4)],
)
def not_equal(a, b):
    """Whether two operands differ, element by element.

    Shapes: a, b (*s) -> y (*s) bool; NaN differs from all. Source: NumPy, numpy.not_equal.
    """
    return a != b


@not_equal.kernel
def not_equal_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] != b[i]


@op(
    "a(*s), b(*s) -> y(*s):bool",
    latex=r"{a} < {b}",
    onnx="Less",
    types="number",
    no_slope=_FLAT,
    samples=[(3, 4)],
)
def less(a, b):
    """Whether a < b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN.

    Source: NumPy, numpy.less.
    """
    return a < b


@less.kernel
def less_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] < b[i]


@op(
    "a(*s), b(*s) -> y(*s):bool",
    latex=r"{a} \le {b}",
    onnx="LessOrEqual",
    types="number",
    no_slope=_FLAT,
    samples=[(3, 4)],
)
def less_equal(a, b):
    """Whether a <= b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN.

    Source: NumPy, numpy.less_equal.
    """
    return a <= b


@less_equal.kernel
def less_equal_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] <= b[i]


@op(
    "a(*s), b(*s) -> y(*s):bool",
    latex=r"{a} > {b}",
    onnx="Greater",
    types="number",
    no_slope=_FLAT,
    samples=[(3, 4)],
)
def greater(a, b):
    """Whether a > b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN.

    Source: NumPy, numpy.greater.
    """
    return a > b


@greater.kernel
def greater_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] > b[i]


@op(
    "a(*s), b(*s) -> y(*s):bool",
    latex=r"{a} \ge {b}",
    onnx="GreaterOrEqual",
    types="number",
    no_slope=_FLAT,
    samples=[(3, 4)],
)
def greater_equal(a, b):
    """Whether a >= b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN.

    Source: NumPy, numpy.greater_equal.
    """
    return a >= b


@greater_equal.kernel
def greater_equal_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] >= b[i]


@op("x(*s):bool -> y(*s):bool", latex=r"\lnot {x}", onnx="Not", no_slope=_FLAT, samples=[(3, 4)])
def logical_not(x):
    """True where the operand is false. Shapes: x (*s) bool -> y (*s) bool. Source: NumPy, numpy.logical_not."""
    return np.logical_not(x)


@logical_not.kernel
def logical_not_kernel(x, y):
    for i in range(y.size):
        y[i] = not x[i]


@op(
    "a(*s):bool, b(*s):bool -> y(*s):bool",
    latex=r"{a} \land {b}",
    onnx="And",
    no_slope=_FLAT,
    samples=[(3, 4)],
)
def logical_and(a, b):
    """True where both operands are. Shapes: a, b (*s) bool -> y (*s) bool; operands broadcast.

    Source: NumPy, numpy.logical_and.
    """
    return np.logical_and(a, b)


@logical_and.kernel
def logical_and_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] & b[i]


@op(
    "a(*s):bool, b(*s):bool -> y(*s):bool", latex=r"{a} \lor {b}", onnx="Or", no_slope=_FLAT, samples=[(3, 4)]
)
def logical_or(a, b):
    """True where one operand or both are. Shapes: a, b (*s) bool -> y (*s) bool; operands broadcast.

    Source: NumPy, numpy.logical_or.
    """
    return np.logical_or(a, b)


@logical_or.kernel
def logical_or_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] | b[i]


@op(
    "a(*s):bool, b(*s):bool -> y(*s):bool", latex=r"{a} \oplus {b}", onnx="Xor", no_slope=_FLAT,
    samples=[(3, 4)],
)  # fmt: skip
def logical_xor(a, b):
    """True where one operand is true, not both. Shapes: a, b (*s) bool -> y (*s) bool; operands broadcast.

    Source: NumPy, numpy.logical_xor.
    """
    return np.logical_xor(a, b)


@logical_xor.kernel
def logical_xor_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] ^ b[i]


@op("x(*s) -> y(*s):bool", latex=r"{x} \text{ is NaN}", onnx="IsNaN", no_slope=_FLAT, samples=[(3, 4)])
def isnan(x):
    """Whether an element is NaN. Shapes: x (*s) -> y (*s) bool. Source: NumPy, numpy.isnan."""
    return np.isnan(x)


@isnan.kernel
def isnan_kernel(x, y):
    for i in range(y.size):
        y[i] = x[i] != x[i]


@op("x(*s) -> y(*s):bool", latex=r"|{x}| = \infty", onnx="IsInf", no_slope=_FLAT, samples=[(3, 4)])
def isinf(x):
    """Whether an element is infinite, of either sign. Shapes: x (*s) -> y (*s) bool. Source: NumPy, numpy.isinf."""
    return np.isinf(x)


@isinf.kernel
def isinf_kernel(x, y):
    for i in range(y.size):
        y[i] = abs(x[i]) == np.float32(np.inf)


@op("x(*s) -> y(*s):bool", latex=r"|{x}| < \infty", no_slope=_FLAT, samples=[(3, 4)])
def isfinite(x):
    """Whether an element is a number, neither infinite nor NaN. Shapes: x (*s) -> y (*s) bool.

    Source: NumPy, numpy.isfinite.
    """
    return np.isfinite(x)


@isfinite.kernel
def isfinite_kernel(x, y):
    for i in range(y.size):
        y[i] = abs(x[i]) < np.float32(np.inf)


@op(
    "condition(*s):bool, a(*s), b(*s) -> y(*s)",
    latex=r"{condition} \mathbin{?} {a} : {b}", slopes=("0", r"[{condition}]", r"[\lnot {condition}]"),
    onnx="Where", types="any", samples=[(3, 4)],
)  # fmt: skip
def where(condition, a, b):
    """Choose a where the condition holds, else b. Shapes: condition (*s) bool, a, b (*s) -> y (*s).

    The gradient goes to the chosen operand only; the other one gets exact zeros. Source: NumPy, numpy.where.
    """
    return np.where(condition, a, b)


@where.kernel
def where_kernel(condition, a, b, y):
    for i in range(y.size):
        # Both are read before the choice: a load inside a branch would not vectorise.
        u = a[i]
        v = b[i]
        y[i] = u if condition[i] else v


@where.vjp
def where_vjp(g, condition, a, b, y):
    return [None, where(condition, g, 0.0), where(condition, 0.0, g)]


__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "where",
]
