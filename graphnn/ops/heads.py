"""Products of attention, head by head: the columns of each operand are cut into equal parts, one for each head.

The heads are never moved apart: a product reads every head's columns where they lie. The three products are each
other's slopes, as the three forms of a matrix product are.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import size_of
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.gemm import gemm_rectangle


def apart(x, heads):
    """The columns (*b, t, d) as heads (*b, heads, t, d / heads)."""
    if heads < 1 or x.shape[-1] % heads:
        raise ValueError(f"a width of {x.shape[-1]} cannot be cut into {heads} heads")
    return np.moveaxis(x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -2, -3)


def together(x):
    """The heads (*b, heads, t, e) as columns (*b, t, heads * e)."""
    moved = np.moveaxis(x, -3, -2)
    return moved.reshape(*moved.shape[:-2], moved.shape[-2] * moved.shape[-1])


def check_heads(width, heads, who):
    """Raise ShapeError unless the columns can be cut into as many heads; named axes are looked at when known."""
    known = isinstance(heads, int) and isinstance(width, int)
    if known and (heads < 1 or width % heads):
        raise ShapeError(f"{who}: a width of {width} cannot be cut into {heads} heads of equal width.")


def heads_view(p, d, *flat):
    """Flat arrays; the sizes of one head's product: weights (t, s) for e columns of d."""
    *batch, heads, t, s = p
    check_heads(d, heads, "attention")
    e = d // heads
    first = {"first": 0, "last": prod(batch) * heads}
    ints = {"heads": heads, "t": t, "s": s, "e": e, **first, "work": prod(p) * e}
    return View(tuple((prod(shape),) for shape in flat), ints)


def cut_heads(view, parts):
    """Heads in runs; each writes a place of its own."""
    count = view.ints["last"]
    cuts = [count * i // parts for i in range(parts + 1)]
    return [View(view.shapes, {**view.ints, "first": a, "last": b}) for a, b in pairwise(cuts) if a < b] or [
        view
    ]


@op(
    "q(*b, t, d), k(*b, s, d) -> y(*h)", latex=r"{q}_h\, {k}_h^\top", slopes=(r"{k}_h", r"{q}_h"),
    samples=[
        Sample(((3, 4), (5, 4)), {"heads": 2}),
        Sample(((2, 3, 6), (2, 3, 6)), {"heads": 3}),
        Sample(((1, 2, 3, 4), (1, 2, 1, 4)), {"heads": 1}),
    ],
)  # fmt: skip
def head_scores(q, k, *, heads):
    """How well each query fits each key, by each head: the product of their columns of that head.

    Shapes: q (*b, t, d), k (*b, s, d) -> y (*b, heads, t, s). Source: Vaswani et al. 2017, section 3.2.2.
    """
    return apart(q, heads) @ np.swapaxes(apart(k, heads), -1, -2)


@head_scores.shape
def head_scores_shape(q, k, *, heads):
    check_heads(q[-1], heads, "head_scores")
    return (*q[:-2], heads, q[-2], k[-2])


@head_scores.view
def head_scores_view(q, k, y, *, heads):
    return heads_view(y, q[-1], q, k, y)


head_scores.shard(cut_heads)


@head_scores.kernel
def head_scores_kernel(q, k, y, heads, t, s, e, first, last):
    d = heads * e
    for i in range(first, last):
        b, left = i // heads, i % heads * e
        gemm_rectangle(
            q, b * t * d + left, d, 1, k, b * s * d + left, d, True, y, i * t * s, s, t, s, e, 1.0, 0.0
        )


@head_scores.vjp
def head_scores_vjp(g, q, k, y, *, heads):
    return [head_mix.node(g, k), head_mix_tn.node(g, q)]


@head_scores.cost
def head_scores_cost(node: Node):
    return node_cost(node.shape, node.operands[0].shape[-1])


def node_cost(p, d):
    """A product and a sum for every pair of rows and every column of a head, of which there are d in all."""
    *batch, _, t, s = p
    return size_of((2, *batch, t, s, d))


_MIX = [
    Sample(((2, 3, 5), (5, 4))),
    Sample(((2, 3, 2, 4), (2, 4, 6))),
    Sample(((1, 2, 1, 3, 1), (1, 2, 1, 4))),
]


@op(
    "p(*b, h, t, s), v(*b, s, d) -> y(*b, t, d)", latex=r"{p}_h\, {v}_h",
    slopes=(r"{v}_h", r"{p}_h^\top"), samples=_MIX,
)  # fmt: skip
def head_mix(p, v):
    """Values mixed with the weights of each head: every head for its own columns.

    Shapes: p (*b, h, t, s), v (*b, s, d), d a multiple of h -> y (*b, t, d).
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    return together(p @ apart(v, p.shape[-3]))


@head_mix.shape
def head_mix_shape(p, v):
    check_heads(v[-1], p[-3], "head_mix")
    return (*v[:-2], p[-2], v[-1])


@head_mix.view
def head_mix_view(p, v, y):
    return heads_view(p, v[-1], p, v, y)


head_mix.shard(cut_heads)


@head_mix.kernel
def head_mix_kernel(p, v, y, heads, t, s, e, first, last):
    d = heads * e
    for i in range(first, last):
        b, left = i // heads, i % heads * e
        gemm_rectangle(
            p, i * t * s, s, 1, v, b * s * d + left, d, False, y, b * t * d + left, d, t, e, s, 1.0, 0.0
        )


@head_mix.vjp
def head_mix_vjp(g, p, v, y):
    return [head_scores.node(g, v, heads=p.shape[-3]), head_mix_tn.node(p, g)]


@head_mix.cost
def head_mix_cost(node: Node):
    return node_cost(node.operands[0].shape, node.shape[-1])


@op(
    "p(*b, h, t, s), x(*b, t, d) -> y(*b, s, d)", latex=r"{p}_h^\top {x}_h",
    slopes=(r"{x}_h", r"{p}_h"),
    samples=[
        Sample(((2, 3, 5), (3, 4))),
        Sample(((2, 3, 2, 4), (2, 2, 6))),
        Sample(((1, 2, 1, 3, 1), (1, 2, 3, 4))),
    ],
)  # fmt: skip
def head_mix_tn(p, x):
    """head_mix with the weights of each head transposed: the slope of attention with respect to values and keys.

    Shapes: p (*b, h, t, s), x (*b, t, d), d a multiple of h -> y (*b, s, d).
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    return together(np.swapaxes(p, -1, -2) @ apart(x, p.shape[-3]))


@head_mix_tn.shape
def head_mix_tn_shape(p, x):
    check_heads(x[-1], p[-3], "head_mix_tn")
    return (*x[:-2], p[-1], x[-1])


@head_mix_tn.view
def head_mix_tn_view(p, x, y):
    return heads_view(p, x[-1], p, x, y)


head_mix_tn.shard(cut_heads)


@head_mix_tn.kernel
def head_mix_tn_kernel(p, x, y, heads, t, s, e, first, last):
    d = heads * e
    for i in range(first, last):
        b, left = i // heads, i % heads * e
        gemm_rectangle(
            p, i * t * s, 1, s, x, b * t * d + left, d, False, y, b * s * d + left, d, s, e, t, 1.0, 0.0
        )


@head_mix_tn.vjp
def head_mix_tn_vjp(g, p, x, y):
    return [head_scores.node(x, g, heads=p.shape[-3]), head_mix.node(p, g)]


@head_mix_tn.cost
def head_mix_tn_cost(node: Node):
    return node_cost(node.operands[0].shape, node.shape[-1])


__all__ = ["head_mix", "head_mix_tn", "head_scores"]
