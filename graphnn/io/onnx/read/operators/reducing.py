"""Read what runs along axes: sums, means, extremes and their places, cumulative sums, softmax, the k largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim, shape_text, size_of
from graphnn.core.dtypes import bool_, is_float
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.sliding import sizes_of
from graphnn.io.onnx.read.operators.wholes import wrapped
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import RANGES, Value

__all__ = ["as_kind", "as_wrapped"]

Axes = tuple[int, ...]


def as_kind(call: Call, node: Node, slot: int = 0) -> Node | Value:
    """The node, said to be of the element type of an operand where that is a smaller one than the node's."""
    kind = call.kind(slot)
    return node if kind == str(node.dtype) else Value(node, None, kind)


def as_wrapped(call: Call, node: Node) -> Node | Value:
    """As `as_kind`, of what may have grown beyond the range of the first operand's type: it begins at the other end."""
    value = call.value(0)
    return as_kind(call, node if value.symbolic else wrapped(node, value.kind))


def _axis(call: Call, axis: int, x: Node) -> int:
    if not -max(1, x.ndim) <= axis < max(1, x.ndim):
        call.refuse(f"there is no axis {axis} in {shape_text(x.shape)}.")
    return axis % max(1, x.ndim)


def _axes(call: Call, x: Node, since: int) -> Axes | None:
    """The axes of a reduction, which became an operand in opset `since`; none, or None, where nothing is reduced."""
    if call.version < since:
        found = call.integers("axes", ())
    else:
        found = call.int_list(1, "the axes") if call.has(1) else ()
        if call.flag("noop_with_empty_axes", 0) and not found:
            return None
    axes = tuple(sorted(_axis(call, a, x) for a in found))
    if len(set(axes)) < len(axes):
        call.refuse(f"axes {found} name an axis of {shape_text(x.shape)} twice.")
    return axes or tuple(range(x.ndim))


def _in_floats(x: Node, function: Callable[[Node], Node]) -> Node:
    """A function of floats, whose result loses its fraction where the operand is whole."""
    return function(x) if is_float(x.dtype) else function(x.cast("float64")).cast(x.dtype)


def _log_sum_exp(x: Node, axes: Axes, keepdims: bool) -> Node:  # noqa: FBT001
    if 0 in [x.shape[k] for k in axes]:
        return _nothing(x, axes, keepdims, -np.inf)
    return _in_floats(x, lambda v: ops.logsumexp(v, axes, keepdims))


Reduction = Callable[[Node, Axes, bool], Node]

_REDUCTIONS: dict[str, tuple[Reduction, Callable[[Node], Node] | None]] = {
    "ReduceL1": (lambda x, axes, keepdims: ops.sum(ops.abs(x), axes, keepdims), ops.abs),
    "ReduceL2": (lambda x, axes, keepdims: _in_floats(x, lambda v: ops.norm(v, 2, axes, keepdims)), ops.abs),
    "ReduceLogSum": (
        lambda x, axes, keepdims: _in_floats(x, lambda v: ops.log(ops.sum(v, axes, keepdims))),
        lambda x: _in_floats(x, ops.log),
    ),
    "ReduceLogSumExp": (_log_sum_exp, None),
    "ReduceMean": (lambda x, axes, keepdims: _in_floats(x, lambda v: ops.mean(v, axes, keepdims)), None),
    "ReduceProd": (ops.prod, None),
    "ReduceSum": (ops.sum, None),
    "ReduceSumSquare": (lambda x, axes, keepdims: ops.sum(ops.square(x), axes, keepdims), ops.square),
}
"""What a reduction does along axes, and what it does of a number by itself, if not nothing."""


@reads(*_REDUCTIONS)
def reduction(call: Call) -> Node | Value:
    x, keepdims = call.node(0), call.flag("keepdims", 1)
    axes = _axes(call, x, 13 if call.op_type == "ReduceSum" else 18)
    function, alone = _REDUCTIONS[call.op_type]
    if axes:
        return as_wrapped(call, function(x, axes, keepdims))
    return as_wrapped(call, x if alone is None else alone(x))


@reads("ReduceMax", "ReduceMin")
def extreme(call: Call) -> Node | Value:
    x, keepdims, largest = call.node(0), call.flag("keepdims", 1), call.op_type == "ReduceMax"
    axes = _axes(call, x, 18)
    if not axes:
        return as_kind(call, x)
    if x.dtype is bool_:
        return (ops.any if largest else ops.all)(x, axes, keepdims)
    if 0 in [x.shape[k] for k in axes]:
        low, high = (-np.inf, np.inf) if is_float(x.dtype) else RANGES[call.kind(0)]
        return as_kind(call, _nothing(x, axes, keepdims, low if largest else high))
    return as_kind(call, (ops.max if largest else ops.min)(x, axes, keepdims))


def _nothing(x: Node, axes: Axes, keepdims: bool, value: Any) -> Node:  # noqa: FBT001
    """What a reduction gives of no elements at all."""
    shape = [1 if k in axes else d for k, d in enumerate(x.shape) if keepdims or k not in axes]
    return ops.broadcast_to(constant(value, x.dtype), shape)


# Places


@reads("ArgMax", "ArgMin")
def arg_extreme(call: Call) -> Node:
    x, keepdims, last = call.node(0), call.flag("keepdims", 1), call.flag("select_last_index", 0)
    axis = _axis(call, call.integer("axis", 0), x)
    find = ops.argmax if call.op_type == "ArgMax" else ops.argmin
    if not last:
        return find(x, axis, keepdims)
    n = x.shape[axis]
    return (ops.size((n,)) if isinstance(n, Dim) else n) - 1 - find(ops.flip(x, axis), axis, keepdims)


@reads("TopK")
def top_k(call: Call) -> list[Node | Value]:
    x = call.node(0)
    k = call.integer("k") if call.version < 10 else call.int_list(1, "k")[0]
    axis = _axis(call, call.integer("axis", -1), x)
    largest = call.flag("largest", 1) if call.version >= 11 else True
    if call.version >= 11:
        call.ignore("sorted")  # in order is as good as in any order
    values, places = ops.topk(x, k, axis, largest=largest)
    return [as_kind(call, values), places]


# Step by step


@reads("CumSum")
def cumulative_sum(call: Call) -> Node | Value:
    x, axis, exclusive, reverse = _cumulative(call)
    return as_wrapped(call, ops.cumsum(x, axis, exclusive=exclusive, reverse=reverse))


@reads("CumProd")
def cumulative_product(call: Call) -> Node | Value:
    x, axis, exclusive, reverse = _cumulative(call)
    if is_float(x.dtype):
        return ops.cumprod(x, axis, exclusive=exclusive, reverse=reverse)
    return as_wrapped(call, _products(call, x, axis, exclusive=exclusive, reverse=reverse))


def _cumulative(call: Call) -> tuple[Node, int, bool, bool]:
    x = call.node(0)
    axis = _axis(call, call.number_at(1, "the axis"), x)
    return x, axis, call.flag("exclusive", 0), call.flag("reverse", 0)


def _products(call: Call, x: Node, axis: int, *, exclusive: bool, reverse: bool) -> Node:
    """Products of whole numbers up to each place: each time with what stands twice as far away."""
    (n,) = sizes_of(call, x.shape[axis : axis + 1], "an axis with products of whole numbers")
    if exclusive:
        x = _moved(x, axis, 1, reverse=reverse)
    far = 1
    while far < n:
        x = x * _moved(x, axis, far, reverse=reverse)
        far *= 2
    return x


def _moved(x: Node, axis: int, far: int, *, reverse: bool) -> Node:
    """x some places on, ones moving in."""
    n = x.shape[axis]
    kept = [
        (slice(far, None) if reverse else slice(n - far)) if k == axis else slice(None) for k in range(x.ndim)
    ]
    ends = (0, far) if reverse else (far, 0)
    return ops.pad(x[tuple(kept)], [ends if k == axis else (0, 0) for k in range(x.ndim)], value=1)


# Softmax


@reads("Softmax")
def softmax(call: Call) -> Node:
    return _along(call, ops.softmax)


@reads("LogSoftmax")
def log_softmax(call: Call) -> Node:
    return _along(call, ops.log_softmax)


@reads("Hardmax")
def hardmax(call: Call) -> Node:
    return _along(call, _first_largest)


def _first_largest(x: Node, axis: int) -> Node:
    rows = ops.moveaxis(x, axis, -1)
    return ops.moveaxis(ops.one_hot(ops.argmax(rows, -1), rows.shape[-1], str(x.dtype)), -1, axis)


def _along(call: Call, function: Callable[[Node, int], Node]) -> Node:
    """A function of scores along an axis; before opset 13, of all axes from there on as one."""
    x = call.node(0)
    if call.version >= 13:
        return function(x, _axis(call, call.integer("axis", -1), x))
    axis = call.integer("axis", 1)
    axis = axis if axis == x.ndim else _axis(call, axis, x)
    if axis == x.ndim - 1:
        return function(x, axis)
    rows = ops.reshape(x, (size_of(x.shape[:axis]), size_of(x.shape[axis:])))
    return ops.reshape(function(rows, 1), x.shape)
