"""Twins and drawn calls of matrix products, solvers and factors."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, prepares, twin

SIZES = st.sampled_from([0, 1, 1, 2, 3, 4])
STACKS = st.lists(st.sampled_from([0, 1, 2, 3]), max_size=2).map(tuple)


@twin("matmul", "batched_matmul")
def _(torch, x, w):
    return x @ w


@twin("matmul_tn", "batched_matmul_tn")
def _(torch, x, w):
    return x.mT @ w


@twin("matmul_nt", "batched_matmul_nt")
def _(torch, x, w):
    return x @ w.mT


@twin("solve")
def _(torch, a, b):
    return torch.linalg.solve(a, b)


@twin("triangular_solve")
def _(torch, a, b, *, lower, transposed):
    return torch.linalg.solve_triangular(a.mT if transposed else a, b, upper=lower == transposed)


@twin("cholesky")
def _(torch, a):
    return torch.linalg.cholesky((a + a.mT) / 2)


@twin("det")
def _(torch, a):
    return torch.linalg.det(a)


@twin("cofactors", orders=1)
def _(torch, a):
    """The slope of the determinant, PyTorch's own; on 3 x 3 and less it can be differentiated once more."""
    if not a.requires_grad:
        a = a.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(torch.linalg.det(a).sum(), a, create_graph=True)[0]


@twin("sign_and_logdet")
def _(torch, a):
    return torch.stack(tuple(torch.linalg.slogdet(a)), -1)


@twin("inverse")
def _(torch, a):
    return torch.linalg.inv(a)


# Matrices of random numbers may be singular, or so near to it that nothing agrees.


@prepares("solve")
def _(a, b):
    return _heavy(a), b


@prepares("triangular_solve")
def _(a, b, *, lower, transposed):
    return _heavy(a), b


@prepares("inverse", "sign_and_logdet")
def _(a):
    return (_heavy(a),)


def _heavy(a):
    """With a diagonal that outweighs the rest."""
    return a / 2 + 3 * np.eye(a.shape[-1])


@prepares("cholesky")
def _(a):
    """Positive definite, and not symmetric."""
    return (
        a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1]) + np.triu(a, 1) - np.swapaxes(np.triu(a, 1), -1, -2),
    )


@draws("solve")
def _(draw):
    return _system(draw, {})


@draws("triangular_solve")
def _(draw):
    return _system(draw, {"lower": draw(st.booleans()), "transposed": draw(st.booleans())})


def _system(draw, attributes):
    stack, m, n = draw(STACKS), draw(SIZES), draw(SIZES)
    return Sample(((*stack, m, m), (*stack, m, n)), attributes)


@draws("cholesky", "inverse", "sign_and_logdet", "det", "cofactors")
def _(draw):
    m = draw(SIZES)
    return Sample(((*draw(STACKS), m, m),))
