"""Readers of random draws: each is a function of a seed and a counter, so that a run can be repeated.

The counter is a parameter that a trainer moves: a model that only predicts draws the same numbers each time. The seed
comes from the file's, or from the node's name where the file has none.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from graphnn import ops
from graphnn.core.dims import Shape
from graphnn.core.dtypes import is_float
from graphnn.core.leaves import counter
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import HELD, KINDS, Value


def _seed(call: Call) -> int:
    seed = call.number("seed", None)
    if seed is None:
        return zlib.crc32(call.name.encode())
    return int(seed) if np.isfinite(seed) and seed == int(seed) else int(np.float64(seed).view(np.int64))


def _counter(call: Call) -> Node:
    return counter(f"{call.name or call.op_type}/draw")


def _kind(call: Call, default: str) -> str:
    """The element type that attribute 'dtype' asks for."""
    if not call.has_attribute("dtype"):
        return default
    kind = KINDS.get(call.integer("dtype"), "")
    if kind not in HELD:
        call.refuse(f"elements of type {kind or call.integer('dtype')} are not drawn.")
    return kind


def _float_kind(call: Call, default: str) -> str:
    kind = _kind(call, default)
    if not is_float(HELD[kind]):
        call.refuse(f"draws are floats, found attribute 'dtype' {kind}.")
    return kind


def _sizes(call: Call) -> Shape:
    sizes = call.integers("shape")
    if any(n < 0 for n in sizes):
        call.refuse(f"attribute 'shape' is sizes from 0 on, found {sizes}.")
    return tuple(sizes)


def _uniform(call: Call, shape: Shape, kind: str) -> Value:
    low, high = call.number("low", 0.0), call.number("high", 1.0)
    u = ops.random_uniform(_counter(call), shape, _seed(call), str(HELD[kind]))
    return Value(u * (high - low) + low if (low, high) != (0.0, 1.0) else u, None, kind)


def _normal(call: Call, shape: Shape, kind: str) -> Value:
    mean, scale = call.number("mean", 0.0), call.number("scale", 1.0)
    e = ops.random_normal(_counter(call), shape, _seed(call), str(HELD[kind]))
    return Value(e * scale + mean if (mean, scale) != (0.0, 1.0) else e, None, kind)


def _like(call: Call, draw: Callable[[Call, Shape, str], Value]) -> Value:
    """Draws in the shape of an operand. Where that has open axes the operand stays, as it tells their sizes."""
    shape = call.shape(0)
    found = draw(call, shape, _float_kind(call, call.kind(0)))
    if all(isinstance(d, int) for d in shape):
        return found
    x, y = call.node(0), call.as_node(found)
    return Value(ops.where(ops.equal(x, x), y, y), None, found.kind)


@reads("RandomUniform")
def random_uniform(call: Call) -> Value:
    return _uniform(call, _sizes(call), _float_kind(call, "float32"))


@reads("RandomUniformLike")
def random_uniform_like(call: Call) -> Value:
    return _like(call, _uniform)


@reads("RandomNormal")
def random_normal(call: Call) -> Value:
    return _normal(call, _sizes(call), _float_kind(call, "float32"))


@reads("RandomNormalLike")
def random_normal_like(call: Call) -> Value:
    return _like(call, _normal)


@reads("Bernoulli")
def bernoulli(call: Call) -> Value:
    kind = _kind(call, call.kind(0))
    y = ops.bernoulli(call.node(0), _counter(call), _seed(call))
    return Value(y.cast(HELD[kind]), None, kind)


@reads("Multinomial")
def multinomial(call: Call) -> Value:
    """Classes drawn by logits: the largest of logits plus Gumbel noise."""
    call.check_axes(0, 2, 2)
    logits, count = call.node(0), call.integer("sample_size", 1)
    kind = _kind(call, "int32")
    if count < 1 or is_float(HELD[kind]):
        call.refuse(f"wanted whole classes and 'sample_size' 1 or more, found {kind} and {count}.")
    batch, classes = logits.shape
    rows = ops.broadcast_to(ops.expand_dims(logits, 1), (batch, count, classes))
    return Value(ops.categorical(rows, _counter(call), _seed(call)), None, kind)
