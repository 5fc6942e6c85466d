"""Every op that graphnn declares, by name; importing this room fills the registry and proves it complete."""

from __future__ import annotations

from graphnn.core.registry import OPS as _OPS
from graphnn.ops.activation import elu, leaky_relu, relu, sigmoid, softplus, step, tanh
from graphnn.ops.arithmetic import abs, add, div, maximum, minimum, mul, neg, pow, sign, sqrt, square, sub
from graphnn.ops.comparison import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
    where,
)
from graphnn.ops.conversion import cast, stop_gradient, whole_part
from graphnn.ops.exponential import erf, exp, expm1, log, log1p
from graphnn.ops.extremes import argmax, max, min
from graphnn.ops.fused import linear, linear_relu, linear_sigmoid, linear_tanh, mul_step, sgd_step_product
from graphnn.ops.index import add_rows, one_hot, take_rows, take_window
from graphnn.ops.join import concat, stack
from graphnn.ops.linalg import (
    batched_matmul,
    batched_matmul_nt,
    batched_matmul_tn,
    matmul,
    matmul_nt,
    matmul_tn,
)
from graphnn.ops.loss import (
    binary_cross_entropy_with_logits,
    mean_squared_error,
    softmax_cross_entropy,
    softmax_cross_entropy_slope,
    softmax_cross_entropy_soft,
)
from graphnn.ops.optimizer_step import adam_step, blend, blend_square, sgd_step
from graphnn.ops.random import dropout, permutation, random_normal, random_uniform
from graphnn.ops.reduce import broadcast_to, mean, size, sum, sum_to
from graphnn.ops.shape import expand_dims, reshape, squeeze, transpose
from graphnn.ops.slicing import place, slice
from graphnn.ops.softmax import log_softmax, logsumexp, softmax

for _record in tuple(_OPS.values()):
    if _record.role == "op":
        _record.check_complete()

__all__ = [
    "abs",
    "adam_step",
    "add",
    "add_rows",
    "argmax",
    "batched_matmul",
    "batched_matmul_nt",
    "batched_matmul_tn",
    "binary_cross_entropy_with_logits",
    "blend",
    "blend_square",
    "broadcast_to",
    "cast",
    "concat",
    "div",
    "dropout",
    "elu",
    "equal",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "greater",
    "greater_equal",
    "leaky_relu",
    "less",
    "less_equal",
    "linear",
    "linear_relu",
    "linear_sigmoid",
    "linear_tanh",
    "log",
    "log1p",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logsumexp",
    "matmul",
    "matmul_nt",
    "matmul_tn",
    "max",
    "maximum",
    "mean",
    "mean_squared_error",
    "min",
    "minimum",
    "mul",
    "mul_step",
    "neg",
    "not_equal",
    "one_hot",
    "permutation",
    "place",
    "pow",
    "random_normal",
    "random_uniform",
    "relu",
    "reshape",
    "sgd_step",
    "sgd_step_product",
    "sigmoid",
    "sign",
    "size",
    "slice",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_slope",
    "softmax_cross_entropy_soft",
    "softplus",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "step",
    "stop_gradient",
    "sub",
    "sum",
    "sum_to",
    "take_rows",
    "take_window",
    "tanh",
    "transpose",
    "where",
    "whole_part",
]
