"""Readers of operators of other domains, of optionals that are plain tensors, and of bits as numbers."""

from __future__ import annotations

import math

import numpy as np

from graphnn import ops
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import HELD, KINDS, Value


@reads("Binarizer", domain="ai.onnx.ml")
def binarizer(call: Call) -> Node:
    x = call.node(0)
    return ops.greater(x, ops.cast(call.number("threshold", 0.0), x.dtype)).cast(x.dtype)


@reads("OptionalHasElement")
def optional_has_element(call: Call) -> np.ndarray:
    return np.array(call.has(0))


@reads("OptionalGetElement")
def optional_get_element(call: Call) -> Value:
    return call.value(0)


@reads("BitCast")
def bit_cast(call: Call) -> Value:
    """The same bits as another type, where the numbers are known: no operation on numbers does this."""
    source, target = call.kind(0), KINDS.get(call.integer("to"), "")
    if "bfloat16" in (source, target) or target not in HELD or "bool" in (source, target):
        call.refuse(f"the bits of {source} as {target} are not read.")
    held = call.known(0, "what is taken as bits").astype(source)
    if np.dtype(source).itemsize != np.dtype(target).itemsize:
        call.refuse(f"{source} and {target} have different numbers of bits.")
    found = held.view(target)
    if target == "uint64" and (found > np.iinfo(np.int64).max).any():
        call.refuse("its numbers lie beyond int64, in which uint64 is held.")
    return Value(None, found.astype(HELD[target]), target)


@reads("FlexAttention", domain="ai.onnx.preview")
def flex_attention(call: Call) -> Node:
    """Attention whose scores and probabilities pass through graphs that the file gives.

    Source: Dong et al., Flex Attention: a programming model for generating optimized attention kernels, 2024.
    """
    q, k, v = call.nodes()
    if not q.ndim == k.ndim == v.ndim == 4:
        call.refuse(f"queries are (batch, heads, n, d), found {shape_text(q.shape)}.")
    heads, shared = q.shape[1], k.shape[1]
    if heads != shared:
        if not isinstance(heads, int) or not isinstance(shared, int) or shared < 1 or heads % shared:
            call.refuse(f"{heads} heads of queries cannot share {shared} heads of keys.")
        k, v = (ops.repeat(x, heads // shared, 1) for x in (k, v))
    width = q.shape[3]
    scale = call.number("scale", None)
    if scale is None:
        if not isinstance(width, int):
            call.refuse(f"the scale hangs on the width of a head, {width}; it must be known.")
        scale = 1.0 / math.sqrt(width)
    kind = KINDS.get(call.integer("softmax_precision", 11 if call.kind(0) == "float64" else 1), "")
    if kind not in HELD or not is_float(HELD[kind]):
        call.refuse(f"a softmax in {kind} is not read.")
    scores = (ops.matmul(q, ops.swapaxes(k, -1, -2)) * scale).cast(HELD[kind])
    shares = ops.softmax(_passed(call, "score_mod", scores, kind), -1)
    shares = _passed(call, "prob_mod", shares, kind)
    return ops.matmul(shares, v.cast(HELD[kind])).cast(q.dtype)


def _passed(call: Call, name: str, x: Node, kind: str) -> Node:
    """What an attribute's graph makes of x; x itself where the attribute is left out."""
    if not call.has_attribute(name):
        return x
    found = call.body(name)([Value(x, None, kind)])
    if len(found) != 1 or found[0].shape != x.shape:
        call.refuse(f"attribute {name!r} gives one tensor of the shape {shape_text(x.shape)}.")
    return call.as_node(found[0])
