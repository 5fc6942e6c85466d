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

    Shapes: a, b (*s) -> y (*s) bool; NaN equals nothing.
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

    Shapes: a, b (*s) -> y (*s) bool; NaN differs from all.
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
    """Whether a < b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN."""
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
    """Whether a <= b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN."""
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
    """Whether a > b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN."""
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
    """Whether a >= b, element by element. Shapes: a, b (*s) -> y (*s) bool; false beside NaN."""
    return a >= b


@greater_equal.kernel
def greater_equal_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] >= b[i]


@op("x(*s):bool -> y(*s):bool", latex=r"\lnot {x}", onnx="Not", no_slope=_FLAT, samples=[(3, 4)])
def logical_not(x):
    """True where the operand is false. Shapes: x (*s) bool -> y (*s) bool."""
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
    """True where both operands are. Shapes: a, b (*s) bool -> y (*s) bool; operands broadcast."""
    return np.logical_and(a, b)


@logical_and.kernel
def logical_and_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] & b[i]


@op(
    "a(*s):bool, b(*s):bool -> y(*s):bool", latex=r"{a} \lor {b}", onnx="Or", no_slope=_FLAT, samples=[(3, 4)]
)
def logical_or(a, b):
    """True where one operand or both are. Shapes: a, b (*s) bool -> y (*s) bool; operands broadcast."""
    return np.logical_or(a, b)


@logical_or.kernel
def logical_or_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] | b[i]


@op(
    "condition(*s):bool, a(*s), b(*s) -> y(*s)",
    latex=r"{condition} \mathbin{?} {a} : {b}", slopes=("0", r"[{condition}]", r"[\lnot {condition}]"),
    onnx="Where", types="any", samples=[(3, 4)],
)  # fmt: skip
def where(condition, a, b):
    """Choose a where the condition holds, else b. Shapes: condition (*s) bool, a, b (*s) -> y (*s).

    The gradient goes to the chosen operand only; the other one gets exact zeros.
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
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "not_equal",
    "where",
]
