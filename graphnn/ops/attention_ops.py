"""Attention: every query takes a mean of values, weighted by how well their keys fit it."""

from __future__ import annotations

from math import sqrt as root
from typing import Any

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import as_shape
from graphnn.core.dtypes import bool_
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.core.scope import scope
from graphnn.core.signature import match_shapes
from graphnn.ops.arithmetic import sqrt
from graphnn.ops.axes import as_node
from graphnn.ops.comparison import logical_and
from graphnn.ops.heads import check_heads, head_mix, head_scores
from graphnn.ops.linalg import batched_matmul_nt, build_matmul, matmul_nt
from graphnn.ops.reduce import build_broadcast_to, count_of
from graphnn.ops.softmaxes import masked_softmax, softmax


@op(
    "-> y(*t):bool", latex=r"[j \le i]", samples=[Sample((), {"rows": 3, "columns": 4})],
    no_slope="a truth value has no slope",
)  # fmt: skip
def causal_mask(*, rows, columns):
    """Which keys a query may see: those that do not come after it. y[i, j] is true if j <= i.

    Shapes: y (rows, columns) bool; sizes may be named axes. Source: Vaswani et al. 2017, section 3.2.3.
    """
    return np.tri(rows, columns, dtype=np.bool_)


@causal_mask.build
def build_causal_mask(rows, columns=None):
    rows, columns = as_shape((rows, rows if columns is None else columns), "causal_mask")
    return causal_mask.node(rows=rows, columns=columns)


@causal_mask.shape
def causal_mask_shape(*, rows, columns):
    return (rows, columns)


@causal_mask.view
def causal_mask_view(y, *, rows, columns):
    return View((y,))


@causal_mask.kernel
def causal_mask_kernel(y):
    rows, columns = y.shape
    for i in range(rows):
        for j in range(columns):
            y[i, j] = j <= i


def attention_weights(scores: Node, mask: Any, causal: bool) -> Node:  # noqa: FBT001
    """Softmax of scores (*b, t, s) over the keys that the masks leave."""
    rows = scores.shape[-2:]
    allowed = build_causal_mask(*rows) if causal else None
    if mask is not None:
        mask = as_node(mask if isinstance(mask, Node) else np.asarray(mask), softmax)
        if mask.dtype is bool_:
            allowed = mask if allowed is None else logical_and(mask, allowed)
        else:
            scores = scores + mask
    if allowed is None:
        return softmax.node(scores).named("weights")
    return masked_softmax.node(scores, build_broadcast_to(allowed, scores.shape)).named("weights")


@composite(
    "q(*b, t, d), k(*b, s, d), v(*b, s, e), scale() -> y(*b, t, e)",
    latex=r"\operatorname{softmax}({scale}\, {q} {k}^\top)\, {v}",
    slopes=(
        r"{scale}\, \operatorname{softmax}'\, {k}", r"{scale}\, \operatorname{softmax}'\, {q}",
        r"\operatorname{softmax}({scale}\, {q} {k}^\top)", r"\operatorname{softmax}'\, {q} {k}^\top",
    ),
    onnx="Attention",
    samples=[
        Sample(((3, 4), (5, 4), (5, 2), ()), {"causal": False}, (0.2, 1.0)),
        Sample(((2, 3, 4), (2, 3, 4), (2, 3, 4), ()), {"causal": True}, (0.2, 1.0)),
    ],
)  # fmt: skip
def scaled_dot_product_attention(q, k, v, scale, *, causal=False):
    """For every query q, the mean of the values v, weighted by a softmax of how well the keys k fit the query.

    Called as scaled_dot_product_attention(q, k, v, mask=None, causal=False, scale=None); the scale is 1 / sqrt(d)
    if it is not said. A mask broadcasts to (*b, t, s): true where a query may see a key, or numbers to add to the
    scores. causal lets query i see the keys 0 to i. A query that may see no key gets zeros.
    Shapes: q (*b, t, d), k (*b, s, d), v (*b, s, e), scale () -> y (*b, t, e).
    Source: Vaswani et al. 2017, equation 1.
    """
    return attend(q, k, v, scale, None, causal)


def attend(q: Node, k: Node, v: Node, scale: Any, mask: Any, causal: bool) -> Node:  # noqa: FBT001
    """The nodes of scaled_dot_product_attention."""
    product = matmul_nt if q.ndim == 2 else batched_matmul_nt
    scores = product.node(q * scale, k).named("scores")
    return build_matmul(attention_weights(scores, mask, causal), v)


@scaled_dot_product_attention.build
def build_scaled_dot_product_attention(q, k, v, mask=None, causal=False, scale=None):  # noqa: FBT002
    record = scaled_dot_product_attention
    q, k, v = record.as_nodes((q, k, v, 1.0))[:3]
    if scale is None:
        scale = scale_of(q, 1)
    if mask is None:
        return record.node(q, k, v, scale, causal=bool(causal))
    match_shapes(record.name, record.signature.inputs[:3], [n.shape for n in (q, k, v)], ["q", "k", "v"])
    with scope(record.name):
        return attend(q, k, v, scale, mask, causal)


def scale_of(q: Node, heads: int) -> float | Node:
    """One over the root of a head's width, whose columns are the last axis of q; 1 where there is none."""
    width = count_of(q, (q.ndim - 1,)) if q.ndim else 1.0
    if isinstance(width, Node):
        return sqrt(float(heads) / width)
    return root(heads / width) if width else 1.0


@composite(
    "q(*b, t, d), k(*b, s, d1), v(*b, s, d2), wq(d, n), bq(n), wk(d1, n), bk(n), wv(d2, n), bv(n), wo(n, m), bo(m)"
    " -> y(*b, t, m)",
    latex=r"\left[ \operatorname{softmax}\left( \tfrac{({q} {wq} + {bq})_h ({k} {wk} + {bk})_h^\top}{\sqrt{e}}"
    r" \right) ({v} {wv} + {bv})_h \right]_h {wo} + {bo}",
    slopes=(
        r"{wq}", r"{wk}", r"{wv}", r"{q}", "1", r"{k}", "1", r"{v}", "1",
        r"\operatorname{attention}_h", "1",
    ),
    samples=[
        Sample(((3, 4), (5, 2), (5, 3), (4, 6), (6,), (2, 6), (6,), (3, 6), (6,), (6, 2), (2,)),
               {"heads": 2, "causal": False}, (-1.0, 1.0)),
        Sample(((2, 3, 4), (2, 3, 4), (2, 3, 4), (4, 4), (4,), (4, 4), (4,), (4, 4), (4,), (4, 4), (4,)),
               {"heads": 2, "causal": True}, (-1.0, 1.0)),
    ],
)  # fmt: skip
def multi_head_attention(q, k, v, wq, bq, wk, bk, wv, bv, wo, bo, *, heads, causal=False):
    """Attention by several heads at once, each with columns of its own, between four dense layers.

    Called as multi_head_attention(x, wq, bq, wk, bk, wv, bv, wo, bo, heads=4, mask=None, causal=False), where x is
    one node that attends to itself, or a tuple (q, k, v). A mask broadcasts to (*b, heads, t, s): true where a
    query may see a key, or numbers to add to the scores; causal lets query i see the keys 0 to i. A query that may
    see no key mixes zeros. The scores are divided by the root of a head's width, n / heads.
    Shapes: q (*b, t, d), k (*b, s, d1), v (*b, s, d2), wq (d, n), wk (d1, n), wv (d2, n), bq, bk, bv (n), wo (n, m),
    bo (m) -> y (*b, t, m). Source: Vaswani et al. 2017, section 3.2.2.
    """
    return attend_by_heads(q, k, v, wq, bq, wk, bk, wv, bv, wo, bo, heads, None, causal)


def attend_by_heads(
    q, k, v, wq, bq, wk, bk, wv, bv, wo, bo, heads, mask, causal
) -> Node:  # fmt: skip
    """The nodes of multi_head_attention."""
    check_heads(wq.shape[-1], heads, "multi_head_attention")
    q = (build_matmul(q, wq) + bq).named("q")
    k = (build_matmul(k, wk) + bk).named("k")
    v = (build_matmul(v, wv) + bv).named("v")
    scores = head_scores.node(q * scale_of(q, heads), k, heads=heads).named("scores")
    return build_matmul(head_mix.node(attention_weights(scores, mask, causal), v), wo) + bo


@multi_head_attention.build
def build_multi_head_attention(
    x, wq, bq, wk, bk, wv, bv, wo, bo, *, heads, mask=None, causal=False
):  # fmt: skip
    record = multi_head_attention
    given = x if isinstance(x, tuple) else (x, x, x)
    if len(given) != 3:
        raise ShapeError(f"multi_head_attention: x is one node or (q, k, v), found {len(given)} of them.")
    nodes = record.as_nodes((*given, wq, bq, wk, bk, wv, bv, wo, bo))
    if mask is None:
        return record.node(*nodes, heads=heads, causal=bool(causal))
    match_shapes(record.name, record.signature.inputs, [n.shape for n in nodes], list(record.ports))
    with scope(record.name):
        return attend_by_heads(*nodes, heads, mask, causal)


__all__ = ["causal_mask", "multi_head_attention", "scaled_dot_product_attention"]
