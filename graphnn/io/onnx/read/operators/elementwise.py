"""Readers of operators that work element by element: arithmetic, comparison, logic, rounding, choosing."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from graphnn.core.dtypes import FLOATS
from graphnn.core.leaves import constant, ones_like
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.wholes import all_bits, bit_count, of_bits, quotient, whole_power, wrapped
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import HELD, RANGES, Value, element_name
from graphnn.ops.arithmetic import abs as absolute
from graphnn.ops.arithmetic import add, div, maximum, minimum, mul, neg, pow, sign, sqrt, sub
from graphnn.ops.comparison import (
    equal,
    greater,
    greater_equal,
    isinf,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    where,
)
from graphnn.ops.conversion import cast
from graphnn.ops.exponential import erf, exp, log
from graphnn.ops.hyperbolic import arccosh, arcsinh, arctanh, cosh, sinh
from graphnn.ops.powers import reciprocal
from graphnn.ops.reduce import broadcast_to
from graphnn.ops.rounding import ceil, clip, floor, floor_divide, fmod, mod
from graphnn.ops.rounding import round as nearest
from graphnn.ops.shape import reshape
from graphnn.ops.trigonometric import arccos, arcsin, arctan, cos, sin, tan

# One operand


def _unary(op_type: str, function: Callable[[Node], Node]) -> None:
    @reads(op_type)
    def read(call: Call) -> Node:
        return function(call.node(0))


for _op_type, _function in {
    "Acos": arccos, "Acosh": arccosh, "Asin": arcsin, "Asinh": arcsinh, "Atan": arctan, "Atanh": arctanh,
    "Ceil": ceil, "Cos": cos, "Cosh": cosh, "Erf": erf, "Exp": exp, "Floor": floor, "IsNaN": isnan, "Log": log,
    "Not": logical_not, "Reciprocal": reciprocal, "Round": nearest, "Sign": sign, "Sin": sin, "Sinh": sinh,
    "Sqrt": sqrt, "Tan": tan,
}.items():  # fmt: skip
    _unary(_op_type, _function)


@reads("Abs", "Neg")
def turned(call: Call) -> Node:
    return wrapped((absolute if call.op_type == "Abs" else neg)(call.node(0)), call.kind(0))


@reads("Identity")
def identity(call: Call) -> Value:
    return call.value(0)


@reads("IsInf")
def is_infinite(call: Call) -> Node:
    x = call.node(0)
    above, below = call.flag("detect_positive", 1), call.flag("detect_negative", 1)
    if above and below:
        return isinf(x)
    if above or below:
        return equal(x, np.inf if above else -np.inf)
    return broadcast_to(constant(False), x.shape)


@reads("Cast")
def cast_(call: Call) -> Value:
    call.ignore("saturate", "round_mode")
    if call.version < 6:
        words = {"float": "float32", "double": "float64"}
        word = call.text("to").lower()
        return _cast(call, words.get(word, word))
    return _cast(call, element_name(call.integer("to")))


@reads("CastLike")
def cast_like(call: Call) -> Value:
    call.ignore("saturate", "round_mode")
    return _cast(call, call.kind(1))


def _cast(call: Call, kind: str) -> Value:
    """Numbers as another type: fractions are cut off, and whole numbers begin anew beyond a type's range."""
    value = call.value(0)
    if kind not in HELD:
        call.refuse(f"a cast to {kind} is not read.")
    if kind == value.kind or (value.symbolic and kind in RANGES):
        return value if kind == value.kind else Value(None, value.known, kind)
    x = cast(call.node(0), HELD[kind])
    if kind in RANGES and not _fits(value.kind, kind):
        x = wrapped(x, kind)
    return Value(x, None, kind)


def _fits(old: str, new: str) -> bool:
    if old == "bool":
        return True
    return old in RANGES and RANGES[new][0] <= RANGES[old][0] and RANGES[old][1] <= RANGES[new][1]


# Two operands


def _pair(call: Call) -> tuple[Node, Node]:
    """Both operands; before version 7 the second one is lined up by attributes."""
    a, b = call.node(0), call.node(1)
    if call.version < 7:
        together, axis = call.flag("broadcast", 0), call.integer("axis", None)
        if together and axis is not None:
            axis = axis + a.ndim if axis < 0 else axis
            behind = a.ndim - axis - b.ndim
            if not axis >= 0 or behind < 0:
                call.refuse(f"an operand of {b.ndim} axes cannot stand at axis {axis} of {a.ndim}.")
            b = reshape(b, (*b.shape, *(1,) * behind))
    return a, b


def _binary(op_type: str, function: Callable[[Node, Node], Node], *, wraps: bool = False) -> None:
    @reads(op_type)
    def read(call: Call) -> Node:
        y = function(*_pair(call))
        sizes = any(v is not None and v.symbolic for v in call.inputs)
        return wrapped(y, call.kind(0)) if wraps and not sizes else y


for _op_type, _pairing in {
    "And": logical_and, "Equal": equal, "Greater": greater, "GreaterOrEqual": greater_equal, "Less": less,
    "LessOrEqual": less_equal, "Or": logical_or, "Xor": logical_xor,
}.items():  # fmt: skip
    _binary(_op_type, _pairing)
for _op_type, _pairing in {"Add": add, "Mul": mul, "Sub": sub}.items():
    _binary(_op_type, _pairing, wraps=True)


@reads("Div")
def div_(call: Call) -> Node:
    a, b = _pair(call)
    if a.dtype in FLOATS:
        return div(a, b)
    sizes = any(v is not None and v.symbolic for v in call.inputs)
    signed = not sizes and RANGES[call.kind(0)][0] < 0
    return wrapped(quotient(a, b, signed=signed), call.kind(0))


@reads("Mod")
def mod_(call: Call) -> Node:
    """What a division leaves: with the sign of the divisor, or with `fmod` of the dividend."""
    a, b = call.node(0), call.node(1)
    if call.flag("fmod", 0):
        return fmod(a, b)
    if a.dtype in FLOATS and call.version < 28:
        call.refuse("floats need the attribute fmod = 1.")
    return mod(a, b)


@reads("Pow")
def pow_(call: Call) -> Node:
    a, b = _pair(call)
    if a.dtype not in FLOATS:
        return wrapped(whole_power(a, b), call.kind(0))
    exponent = call.value(1)
    if exponent.fixed and not exponent.symbolic and exponent.known is not None and exponent.known.ndim == 0:
        return pow(a, float(exponent.known))
    return pow(a, cast(b, a.dtype))


@reads("BitShift")
def bit_shift(call: Call) -> Node:
    """Bits moved left or right; what moves out is lost, and a right shift fills with the sign."""
    kind, (x, by) = call.kind(0), call.nodes()
    left = call.choice("direction", "", ("LEFT", "RIGHT")) == "LEFT"
    count = min(bit_count(kind), 63)
    out = (by < 0) | (by >= count)
    powers = constant(2 ** np.arange(count, dtype=np.int64)).take(where(out, 0, by), 0)
    if left:
        return where(out, 0, wrapped(x * powers, kind))
    return where(out, where(x < 0, -1, 0), floor_divide(x, powers))


@reads("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(call: Call) -> Node:
    """Two numbers bit by bit: both, one of them, or just one."""
    kind = call.kind(0)
    a, b = (all_bits(x, kind) for x in call.nodes())
    if call.op_type == "BitwiseXor":
        return of_bits(absolute(a - b), kind)
    return of_bits((minimum if call.op_type == "BitwiseAnd" else maximum)(a, b), kind)


@reads("BitwiseNot")
def bitwise_not(call: Call) -> Node:
    low, high = RANGES[call.kind(0)]
    if high > RANGES["int64"][1]:
        call.refuse("uint64 is held as int64, which lacks half of its numbers.")
    return sub(low + high, call.node(0))


# Any number of operands


def _chain(op_type: str, function: Callable[[Node, Node], Node]) -> None:
    @reads(op_type)
    def read(call: Call) -> Node:
        return reduce(function, call.nodes())


for _op_type, _pairing in {"Max": maximum, "Min": minimum, "Sum": add}.items():
    _chain(_op_type, _pairing)


@reads("Mean")
def mean(call: Call) -> Node:
    nodes = call.nodes()
    return nodes[0] if len(nodes) == 1 else div(reduce(add, nodes), float(len(nodes)))


@reads("Where")
def where_(call: Call) -> Node:
    return where(*call.nodes())


@reads("Clip")
def clip_(call: Call) -> Node:
    """Numbers within bounds; before version 11 these are attributes."""
    x = call.node(0)
    if call.version < 11:
        return clip(x, call.number("min", None), call.number("max", None))
    low, high = (_bound(call, slot) for slot in (1, 2))
    return x if low is None and high is None else clip(x, low, high)


def _bound(call: Call, slot: int) -> Any:
    if not call.has(slot):
        return None
    value = call.value(slot)
    if any(d != 1 for d in value.shape):
        call.refuse(f"a bound is one number, found {value.shape}.")
    if value.fixed and not value.symbolic and value.known is not None:
        return value.known.reshape(-1)[0].item()
    return reshape(call.node(slot), ())


@reads("Dropout")
def dropout(call: Call) -> list[Value | Node]:
    """As it is when a model is used: nothing is dropped, and the mask is all true."""
    call.ignore("seed", "is_test", "ratio")
    if call.has(2) and call.number_at(2, "whether it trains"):
        ratio = call.number_at(1, "the ratio") if call.has(1) else 0.5
        if ratio:
            call.refuse(
                "it drops numbers, as in a training; export the model as it is used (PyTorch: model.eval()), and "
                "put gn.nn.Dropout where you train it on."
            )
    found: list[Value | Node] = [call.value(0)]
    if call.wants(1):
        x = call.node(0)
        mask = broadcast_to(constant(True), x.shape)
        found.append(mask if call.version >= 10 else ones_like(x))
    return found
