"""Change a dtype, or stop a gradient: values pass, their nature changes."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dtypes import FLOATS, as_dtype, bool_, int64, is_float
from graphnn.core.errors import DtypeError
from graphnn.core.leaves import constant_like
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.comparison import not_equal


@op(
    "x(*s) -> y(*s)", latex=r"{x}", slopes=("1",), onnx="Cast", types="any",
    samples=[Sample(((3, 4),), {"dtype": "float64"}), Sample(((3, 4),), {"dtype": "float32"})],
)  # fmt: skip
def cast(x, *, dtype):
    """The same numbers as another dtype. Shapes: x (*s) -> y (*s); true is 1, false is 0.

    `cast(x, "bool")` asks whether x differs from 0; `cast(x, "int64")` of floats drops the fraction, and is a
    fault for NaN and for numbers beyond int64. A cast to the operand's own dtype is the operand.
    Source: NumPy, numpy.ndarray.astype.
    """
    return x.astype(dtype)


@cast.build
def build_cast(x, dtype):
    target = as_dtype(dtype, "cast")
    if not isinstance(x, Node):
        x = constant_like(x, None, cast, 0)
    if x.dtype is target:
        return x
    if target is bool_:
        return not_equal(x, 0 if x.dtype is int64 else 0.0)
    if target is int64 and is_float(x.dtype):
        return whole_part.node(x)
    return cast.node(x, dtype=str(target))


@cast.dtype
def cast_dtype(x, *, dtype):
    target = as_dtype(dtype, "cast")
    if target is bool_ or (target is int64 and is_float(x)):
        raise DtypeError(
            f"cast: a node cannot cast {x} to {target}; use "
            f"{'not_equal(x, 0)' if target is bool_ else 'whole_part(x)'}, or .cast({str(target)!r})."
        )
    return target


@cast.kernel
def cast_kernel(x, y):
    for i in range(y.size):
        y[i] = x[i]


@cast.vjp
def cast_vjp(g, x, y, *, dtype):
    return [build_cast(g, x.dtype) if x.dtype in FLOATS else None]


@op(
    "x(*s) -> y(*s):int64", latex=r"\operatorname{trunc} {x}",
    no_slope="whole numbers have no slope", samples=[Sample(((3, 4),), domain=(-9.0, 9.0))],
)  # fmt: skip
def whole_part(x):
    """Floats as int64, without their fractions: 1.9 gives 1, -1.9 gives -1. Shapes: x (*s) -> y (*s) int64.

    Raises FaultError at run time for NaN, infinity and numbers beyond int64.
    Source: NumPy, numpy.ndarray.astype.
    """
    if not np.all((x >= -(2.0**63)) & (x < 2.0**63)):
        raise IndexError("an element is NaN or beyond int64")
    return x.astype(np.int64)


@whole_part.kernel
def whole_part_kernel(x, y):
    for i in range(y.size):
        v = x[i]
        # The bounds are 2**63, which floats hold exactly; NaN fails both comparisons.
        if not (v >= -9223372036854775808.0 and v < 9223372036854775808.0):
            return i + 1
        y[i] = int(v)
    return 0


@whole_part.fault
def whole_part_fault(position, x):
    return f"element {position} is {x.reshape(-1)[position]}, which no int64 can hold"


@op(
    "x(*s) -> y(*s)", latex=r"{x}", slopes=("0",), types="any", alias=True, samples=[(3, 4)],
    no_slope="it stops the gradient: that is what it is for",
)  # fmt: skip
def stop_gradient(x):
    """The operand as if it were a constant: no gradient flows back. Shapes: x (*s) -> y (*s).

    Source: JAX, jax.lax.stop_gradient; PyTorch, torch.Tensor.detach.
    """
    return x


__all__ = ["cast", "stop_gradient", "whole_part"]
