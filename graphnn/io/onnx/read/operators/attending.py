"""Read attention with its masks and caches, rotary embedding, linear attention, and gated units."""

from __future__ import annotations

from math import sqrt

import numpy as np

from graphnn import ops
from graphnn.core.dims import Dim, DimLike, shape_text
from graphnn.core.dtypes import bool_, float64
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.reducing import as_kind
from graphnn.io.onnx.read.operators.sliding import PARTS, bounded, sizes_of
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import Value


def _heads(call: Call, x: Node, heads: int, what: str) -> Node:
    """Columns cut into heads: (b, t, heads * d) -> (b, heads, t, d)."""
    b, t, width = x.shape
    if isinstance(width, Dim) or heads < 1 or width % heads:
        call.refuse(f"{width} columns of the {what} cannot be cut into {heads} heads.")
    return ops.transpose(ops.reshape(x, (b, t, heads, width // heads)), (0, 2, 1, 3))


def _joined(x: Node) -> Node:
    """The way back: (b, heads, t, d) -> (b, t, heads * d)."""
    b, h, t, d = x.shape
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (b, t, h * d))


@reads("Attention")
def attention(call: Call) -> list[Node | None]:
    q, k, v = call.node(0), call.node(1), call.node(2)
    flat = q.ndim == 3
    if flat:
        heads, groups = call.integer("q_num_heads"), call.integer("kv_num_heads")
        q, k, v = (
            _heads(call, q, heads, "queries"),
            _heads(call, k, groups, "keys"),
            _heads(call, v, groups, "values"),
        )
    else:
        call.ignore("q_num_heads", "kv_num_heads")
    if {n.ndim for n in (q, k, v)} != {4}:
        call.refuse(
            f"queries, keys and values have 3 or 4 axes, all as many; found {shape_text(call.shape(0))}."
        )
    past: DimLike = 0
    if call.has(4) != call.has(5):
        call.refuse("past keys and past values go together.")
    if call.has(4):
        past = call.shape(4)[2]
        k, v = ops.concat([call.node(4), k], 2), ops.concat([call.node(5), v], 2)
    present = [k, v]
    k, v = _repeated(call, k, q), _repeated(call, v, q)
    scale = call.number("scale", None)
    scale = 1.0 / sqrt(_number(call, q.shape[-1])) if scale is None else scale
    y, scores = _attend(call, q, k, v, scale, past)
    return [_joined(y) if flat else y, *present, *([] if scores is None else [scores])]


def _number(call: Call, d: DimLike) -> int:
    return sizes_of(call, (d,), "the width of a head")[0]


def _repeated(call: Call, x: Node, q: Node) -> Node:
    """Each head of keys or values beside every head of queries that shares it."""
    many, few = q.shape[1], x.shape[1]
    if many == few:
        return x
    if isinstance(many, Dim) or isinstance(few, Dim) or few < 1 or many % few:
        call.refuse(f"{many} heads of queries do not share {few} heads of keys and values.")
    return ops.repeat(x, many // few, 1)


def _attend(call: Call, q: Node, k: Node, v: Node, scale: float, past: DimLike) -> tuple[Node, Node | None]:
    """The mixed values, and the scores that output 3 shows, if anybody wants them."""
    softcap, causal = call.number("softcap", 0.0), call.flag("is_causal", 0)
    mode = call.integer("qk_matmul_output_mode", 0)
    precise = call.integer("softmax_precision", 1) == 11
    left, right = call.integer("left_window_size", -1), call.integer("right_window_size", -1)
    mask, bias = _mask(call, k.shape[2])
    lengths = call.node(6) if call.has(6) else None
    simple = not (softcap or bias is not None or call.wants(3) or precise or left >= 0 or right >= 0)
    if simple and lengths is None and (not causal or past == 0):
        return ops.scaled_dot_product_attention(q, k, v, mask, causal, scale), None
    with scope("attention"):
        for more in _frontiers(q, k, past, lengths, causal=causal, left=left, right=right):
            mask = more if mask is None else ops.logical_and(mask, more)
        # Each side by the root of the scale, so that products of half precision's range stay in it.
        scores = (q * scale) @ ops.swapaxes(k, -1, -2)
        shown = scores
        if softcap:
            scores = ops.tanh(scores / softcap) * softcap
            shown = scores if mode == 1 else shown
        scores = scores if bias is None else scores + bias
        mask = mask if mask is None else ops.broadcast_to(mask, scores.shape)
        if mode == 2:
            shown = scores if mask is None else ops.where(mask, scores, -np.inf)
        sharp = scores.cast("float64") if precise and scores.dtype is not float64 else scores
        weights = ops.softmax(sharp) if mask is None else ops.masked_softmax(sharp, mask)
        weights = weights if sharp is scores else weights.cast(scores.dtype)
        return weights @ v, (weights if mode == 3 else shown) if call.wants(3) else None


def _mask(call: Call, keys: DimLike) -> tuple[Node | None, Node | None]:
    """Which keys may be seen, and what is added to their scores. Keys that the mask does not reach are not seen."""
    if not call.has(3):
        return None, None
    given = call.node(3)
    reach = given.shape[-1]
    allowed = given if given.dtype is bool_ else ops.greater(given, -np.inf)
    bias = None if given.dtype is bool_ else ops.where(allowed, given, 0.0)
    if reach in (keys, 1):
        return allowed, bias
    missing = keys - reach
    if isinstance(missing, Dim) or missing < 0:
        call.refuse(f"a mask of {reach} keys is for {keys}.")
    widths = [(0, 0)] * (given.ndim - 1) + [(0, missing)]
    return ops.pad(allowed, widths, value=False), None if bias is None else ops.pad(bias, widths)


def _frontiers(
    q: Node, k: Node, past: DimLike, lengths: Node | None, *, causal: bool, left: int, right: int
) -> list[Node]:
    """What the query's own place, and the end of the keys that are no padding, let it see."""
    t, s = q.shape[2], k.shape[2]
    if causal and lengths is None and left < 0 and right < 0 and not isinstance(past, Dim):
        return [ops.tri(t, s, past)]
    column = ops.arange(s)
    own = ops.reshape(ops.arange(t), (t, 1))
    out = []
    if lengths is not None:
        lengths = ops.reshape(lengths, (lengths.shape[0], 1, 1, 1))
        own = own + (lengths - (ops.size((t,)) if isinstance(t, Dim) else t))
        out.append(ops.less(column, lengths))
    elif isinstance(past, Dim) or past:
        own = own + (ops.size((past,)) if isinstance(past, Dim) else past)
    if causal:
        out.append(ops.less_equal(column, own))
    if left >= 0:
        out.append(ops.greater_equal(column, own - left))
    if right >= 0:
        out.append(ops.less_equal(column, own + right))
    return out


# Rotary embedding


@reads("RotaryEmbedding")
def rotary_embedding(call: Call) -> Node:
    x = call.node(0)
    flat, shape = x.ndim == 3, x.shape
    heads = call.integer("num_heads", 0)
    if flat:
        width = shape[2]
        if isinstance(width, Dim) or heads < 1 or width % heads:
            call.refuse(f"{width} columns cannot be cut into {heads} heads.")
        x = ops.reshape(x, (*shape[:2], heads, width // heads))
    size = _number(call, x.shape[3])
    turned = call.integer("rotary_embedding_dim", 0) or size
    angles = [call.node(1), call.node(2)]
    if call.has(3):
        angles = [ops.take(cache, call.node(3), 0) for cache in angles]
    # (b, t, turned / 2), and an axis for the heads
    cos, sin = (ops.expand_dims(v, 2 if flat else 1) for v in angles)
    half = turned // 2
    if call.flag("interleaved", 0):
        a, b = x[..., 0:turned:2], x[..., 1:turned:2]
        parts = ops.stack([cos * a - sin * b, sin * a + cos * b], -1)
        y = ops.reshape(parts, (*x.shape[:3], turned))
    else:
        a, b = x[..., :half], x[..., half:turned]
        y = ops.concat([cos * a - sin * b, sin * a + cos * b], -1)
    y = y if turned == size else ops.concat([y, x[..., turned:]], -1)
    return ops.reshape(y, shape) if flat else y


# Linear attention


@reads("LinearAttention")
def linear_attention(call: Call) -> tuple[Node, Node | Value]:
    rule = call.choice("update_rule", "gated_delta", ("linear", "gated", "delta", "gated_delta"))
    heads, groups = call.integer("q_num_heads"), call.integer("kv_num_heads")
    call.ignore("chunk_size")
    q = _heads(call, call.node(0), heads, "queries")
    k, v = _heads(call, call.node(1), groups, "keys"), _heads(call, call.node(2), groups, "values")
    b, _, t, d = k.shape
    fades, corrects = "gated" in rule, "delta" in rule
    if call.has(4) != fades or call.has(5) != corrects:
        call.refuse(
            f"the rule {rule!r} takes a decay if it is gated and a beta if it is a delta rule, and only then."
        )
    past, scale = call.optional(3), call.number("scale", 0.0) or 1.0 / sqrt(_number(call, d))
    decay = beta = None
    if fades:  # (b, groups, t, d or 1)
        decay = call.node(4)
        decay = ops.exp(_heads(call, decay, groups, "decay"))
    if corrects:  # (b, groups or 1, t, 1)
        beta = call.node(5)
        beta = _heads(call, beta, _number(call, beta.shape[2]), "beta")
    with scope("linear_attention"):
        if beta is None:
            states = _swept(k, v, decay, past)
        else:
            (steps,) = sizes_of(call, (t,), "the number of steps of a delta rule, which are written out,")
            states = _corrected(
                k, v, decay, beta, past, bounded(call, steps, "the steps of a delta rule", PARTS)
            )
        q = ops.reshape(q, (b, groups, heads // groups, t, d)) * scale
        y = ops.einsum("bgrtd,bgtde->bgrte", q, states)
        # Without a past state its element type is that of the queries.
        last = as_kind(call, states[:, :, -1], 3 if call.has(3) else 0)
        return _joined(ops.reshape(y, (b, heads, t, v.shape[3]))), last


def _swept(k: Node, v: Node, decay: Node | None, past: Node | None) -> Node:
    """The states at all steps (b, groups, t, d, e): the one before, faded, and the product of a key and a value."""
    added = ops.expand_dims(k, 4) * ops.expand_dims(v, 3)
    if decay is None:
        states = ops.cumsum(added, 2)
        return states if past is None else states + ops.expand_dims(past, 2)
    fading = ops.broadcast_to(ops.expand_dims(decay, 4), added.shape)
    if past is None:
        return ops.linear_scan(fading, added, 2)
    fading, added = (
        ops.concat([fading[:, :, :1], fading], 2),
        ops.concat([ops.expand_dims(past, 2), added], 2),
    )
    return ops.linear_scan(fading, added, 2)[:, :, 1:]


def _corrected(k: Node, v: Node, decay: Node | None, beta: Node, past: Node | None, steps: int) -> Node:
    """The states of a delta rule: what a key already finds is taken off its value."""
    state, out = past, []
    for t in range(steps):
        with scope(f"t{t}"):
            key, value = ops.expand_dims(k[:, :, t], 3), ops.expand_dims(v[:, :, t], 2)
            if state is not None and decay is not None:
                state = state * ops.expand_dims(decay[:, :, t], 3)
            if state is not None:
                value = value - ops.swapaxes(key, 2, 3) @ state
            added = key * (ops.expand_dims(beta[:, :, t], 2) * value)
            state = added if state is None else state + added
            out.append(state)
    return ops.stack(out, 2)


# Gated units


@reads("SwiGLU")
def swiglu(call: Call) -> Node:
    a, b = call.nodes()
    alpha = call.number("alpha", 1.0)
    gate = ops.silu(a) if alpha == 1 else a * ops.sigmoid(a * alpha)
    return gate * b
