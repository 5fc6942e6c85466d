"""Readers of activations: relu and its kin, sigmoids, and smooth gates."""

from __future__ import annotations

from collections.abc import Callable

from graphnn.core.dtypes import FLOATS
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads
from graphnn.ops.activation import elu, leaky_relu, relu, sigmoid, softplus, tanh
from graphnn.ops.arithmetic import maximum
from graphnn.ops.comparison import greater, less, where
from graphnn.ops.conversion import cast
from graphnn.ops.gates import gelu, gelu_tanh, hardswish, mish, silu
from graphnn.ops.rectifiers import (
    SELU_ALPHA,
    SELU_SCALE,
    build_prelu,
    celu,
    hard_sigmoid,
    hardshrink,
    prelu,
    selu,
    softshrink,
    softsign,
    thresholded_relu,
)


def _plain(op_type: str, function: Callable[[Node], Node]) -> None:
    @reads(op_type)
    def read(call: Call) -> Node:
        return function(call.node(0))


for _op_type, _function in {
    "HardSwish": hardswish, "Mish": mish, "Sigmoid": sigmoid, "Softplus": softplus, "Softsign": softsign, "Tanh": tanh,
}.items():  # fmt: skip
    _plain(_op_type, _function)


@reads("Relu")
def relu_(call: Call) -> Node:
    x = call.node(0)
    return relu(x) if x.dtype in FLOATS else maximum(x, 0)


@reads("LeakyRelu", "Elu", "Celu", "ThresholdedRelu")
def with_alpha(call: Call) -> Node:
    """Activations with one number beside the operand."""
    function, default = {
        "LeakyRelu": (leaky_relu, 0.01), "Elu": (elu, 1.0), "Celu": (celu, 1.0),
        "ThresholdedRelu": (thresholded_relu, 1.0),
    }[call.op_type]  # fmt: skip
    return function(call.node(0), call.number("alpha", default))


@reads("Selu")
def selu_(call: Call) -> Node:
    x = call.node(0)
    alpha, scale = call.number("alpha", SELU_ALPHA), call.number("gamma", SELU_SCALE)
    if abs(alpha - SELU_ALPHA) < 1e-6 and abs(scale - SELU_SCALE) < 1e-6:
        return selu(x)
    return elu(x, alpha) * scale


@reads("HardSigmoid")
def hard_sigmoid_(call: Call) -> Node:
    return hard_sigmoid(call.node(0), call.number("alpha", 0.2), call.number("beta", 0.5))


@reads("Gelu")
def gelu_(call: Call) -> Node:
    exact = call.choice("approximate", "none", ("none", "tanh")) == "none"
    return (gelu if exact else gelu_tanh)(call.node(0))


@reads("Swish")
def swish(call: Call) -> Node:
    x, alpha = call.node(0), call.number("alpha", 1.0)
    return silu(x) if alpha == 1.0 else x * sigmoid(x * alpha)


@reads("PRelu")
def prelu_(call: Call) -> Node:
    """The slope broadcasts to the operand; before version 7 it held one number per channel."""
    x, slope = call.node(0), call.node(1)
    return build_prelu(x, slope) if call.version < 7 else prelu.node(x, slope)


@reads("Shrink")
def shrink(call: Call) -> Node:
    """0 near 0, and beyond `lambd` the operand, moved towards 0 by `bias`."""
    bias, lambd = call.number("bias", 0.0), call.number("lambd", 0.5)
    given = call.node(0)
    x = given if given.dtype in FLOATS else cast(given, "float64")
    if bias == 0.0 and lambd >= 0.0:
        y = hardshrink(x, lambd)
    elif bias == lambd and lambd >= 0.0:
        y = softshrink(x, lambd)
    else:
        y = where(less(x, -lambd), x + bias, where(greater(x, lambd), x - bias, 0.0))
    return y if given.dtype in FLOATS else cast(y, given.dtype)
