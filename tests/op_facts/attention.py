"""Attention and embeddings in PyTorch."""

from __future__ import annotations

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, twin

SIZE = st.sampled_from([1, 2, 3, 5])
SIZE_OR_NONE = st.sampled_from([0, 1, 2, 3, 5])


def apart(x, heads):
    return x.unflatten(-1, (heads, x.shape[-1] // heads)).transpose(-2, -3)


def together(x):
    return x.transpose(-2, -3).flatten(-2)


@twin("head_scores")
def head_scores(torch, q, k, heads):
    return apart(q, heads) @ apart(k, heads).transpose(-1, -2)


@twin("head_mix")
def head_mix(torch, p, v):
    return together(p @ apart(v, p.shape[-3]))


@twin("head_mix_tn")
def head_mix_tn(torch, p, x):
    return together(p.transpose(-1, -2) @ apart(x, p.shape[-3]))


@twin("causal_mask")
def causal_mask(torch, rows, columns):
    return torch.ones(rows, columns, dtype=torch.bool).tril()


@twin("scaled_dot_product_attention")
def scaled_dot_product_attention(torch, q, k, v, scale, causal):
    # PyTorch's function takes the scale as a number, and its fast forms have no second order.
    scores = q * scale @ k.transpose(-1, -2)
    if causal:
        scores = torch.where(causal_mask(torch, *scores.shape[-2:]), scores, -torch.inf)
    return torch.softmax(scores, -1) @ v


@twin("multi_head_attention")
def multi_head_attention(torch, q, k, v, wq, bq, wk, bk, wv, bv, wo, bo, heads, causal):
    parts = [apart(x @ w + b, heads) for x, w, b in ((q, wq, bq), (k, wk, bk), (v, wv, bv))]
    scale = (heads / wq.shape[-1]) ** 0.5
    return together(scaled_dot_product_attention(torch, *parts, scale, causal)) @ wo + bo


@twin("embedding")
def embedding(torch, indices, table, padding_index):
    return torch.nn.functional.embedding(indices, table, padding_index)


@twin("rotary_encoding")
def rotary_encoding(torch, x, base):
    # Source: as pairs of columns are complex numbers, turned by a complex factor.
    t, d = x.shape[-2:]
    angles = torch.outer(
        torch.arange(t, dtype=x.dtype), base ** -(torch.arange(0, d, 2, dtype=x.dtype) / max(d, 1))
    )
    pairs = torch.complex(x[..., : d // 2], x[..., d // 2 :]) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([pairs.real, pairs.imag], -1)


def batch_of(draw, most=2):
    return tuple(draw(st.lists(SIZE_OR_NONE, max_size=most)))


@draws("head_scores")
def draw_head_scores(draw):
    batch, heads = batch_of(draw), draw(SIZE)
    d = heads * draw(SIZE_OR_NONE)
    return Sample(((*batch, draw(SIZE_OR_NONE), d), (*batch, draw(SIZE_OR_NONE), d)), {"heads": heads})


@draws("head_mix")
def draw_head_mix(draw):
    batch, heads, t, s = batch_of(draw), draw(SIZE), draw(SIZE_OR_NONE), draw(SIZE_OR_NONE)
    return Sample(((*batch, heads, t, s), (*batch, s, heads * draw(SIZE_OR_NONE))))


@draws("head_mix_tn")
def draw_head_mix_tn(draw):
    batch, heads, t, s = batch_of(draw), draw(SIZE), draw(SIZE_OR_NONE), draw(SIZE_OR_NONE)
    return Sample(((*batch, heads, t, s), (*batch, t, heads * draw(SIZE_OR_NONE))))


@draws("causal_mask")
def draw_causal_mask(draw):
    return Sample((), {"rows": draw(SIZE_OR_NONE), "columns": draw(SIZE_OR_NONE)})


@draws("scaled_dot_product_attention")
def draw_scaled_dot_product_attention(draw):
    batch, t, s, d = batch_of(draw), draw(SIZE), draw(SIZE), draw(SIZE)
    shapes = ((*batch, t, d), (*batch, s, d), (*batch, s, draw(SIZE)), ())
    return Sample(shapes, {"causal": draw(st.booleans())}, (0.2, 1.0))


@draws("multi_head_attention")
def draw_multi_head_attention(draw):
    batch, t, s, heads = batch_of(draw, 1), draw(SIZE), draw(SIZE), draw(st.sampled_from([1, 2, 3]))
    d, d1, d2, m = (draw(SIZE) for _ in range(4))
    n = heads * draw(st.sampled_from([1, 2]))
    inputs = ((*batch, t, d), (*batch, s, d1), (*batch, s, d2))
    weights = ((d, n), (n,), (d1, n), (n,), (d2, n), (n,), (n, m), (m,))
    return Sample((*inputs, *weights), {"heads": heads, "causal": draw(st.booleans())}, (-1.0, 1.0))


@draws("embedding")
def draw_embedding(draw):
    n = draw(SIZE)
    padding = draw(st.sampled_from([None, *range(n)]))
    shapes = (batch_of(draw, 3), (n, draw(SIZE_OR_NONE)))
    return Sample(shapes, {"padding_index": padding}, limits={"indices": n})


@draws("rotary_encoding")
def draw_rotary_encoding(draw):
    shape = (*batch_of(draw, 3), draw(SIZE_OR_NONE), 2 * draw(SIZE_OR_NONE))
    return Sample((shape,), {"base": draw(st.sampled_from([10.0, 10000.0]))})
