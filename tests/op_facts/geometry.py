"""Moved images in PyTorch, and calls that fit; draws from the beta distribution."""

from __future__ import annotations

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.names import MAY_BE_NAMED
from op_facts.registry import draws, no_twin, twin

no_twin("its draws are our own; tests of geometry prove their distribution", "random_beta")

MAY_BE_NAMED["affine_sample"] = {"n", "c"}  # places are counted from the middle

SIZE = st.sampled_from([1, 2, 3, 5])


@twin("affine_sample")
def affine_sample(torch, x, matrix, fill, into):
    # PyTorch's grid_sample has no second order, so its sum over neighbours is written out.
    n, c, h, w = x.shape
    down, across = (torch.arange(k, dtype=x.dtype) - (k - 1) / 2 for k in into)
    grid = torch.stack([*torch.meshgrid(down, across, indexing="ij"), torch.ones(tuple(into))])
    places = torch.einsum("nij,jpq->inpq", matrix, grid.to(x.dtype))
    rows, columns = places[0] + (h - 1) / 2, places[1] + (w - 1) / 2
    y = torch.zeros((n, c, *into), dtype=x.dtype)
    total = torch.zeros((n, 1, *into), dtype=x.dtype)
    for i in range(h):
        for j in range(w):
            share = torch.relu(1 - (rows - i).abs()) * torch.relu(1 - (columns - j).abs())
            y = y + share[:, None] * x[:, :, i, j, None, None]
            total = total + share[:, None]
    return y + (1 - total) * fill


@draws("affine_sample")
def draw_affine_sample(draw):
    n, c = draw(st.sampled_from([0, 1, 2, 3])), draw(st.sampled_from([0, 1, 2]))
    size = (draw(SIZE), draw(SIZE))
    return Sample(((n, c, draw(SIZE), draw(SIZE)), (n, 2, 3), ()), {"into": size})


@draws("random_beta")
def draw_random_beta(draw):
    shape = tuple(draw(st.lists(st.sampled_from([0, 1, 2, 3]), max_size=2)))
    return Sample(((), (), ()), {"shape": shape, "seed": draw(st.integers(-5, 2**60))}, (0.3, 3.0))
