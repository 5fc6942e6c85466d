"""Random graphs of all ops agree with PyTorch autograd in float64: value, first slopes, second slopes."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
import random_kinds  # noqa: F401  (fills the table of kinds)
from graphnn.core.graph import Graph
from graphnn.transform.interpret import interpret
from op_cases import BUILT_IN
from op_facts.registry import NO_TWIN, TWINS
from op_twins import torch
from random_graphs import KINDS, RandomGraph

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own

CHUNK, CHUNKS = 100, 30
# The optimisers' steps are compared with PyTorch's own optimisers, elsewhere.
ELSEWHERE = {"adam_step", "blend", "blend_square", "sgd_step", "sgd_step_product"}


def ours(graph: RandomGraph, directions: list[np.ndarray]) -> list[np.ndarray]:
    leaves = list(graph.leaves)
    first = gn.gradient(graph.output, leaves, no_path="zero")
    along = gn.constant(0.0, dtype="float64")
    for slope, direction in zip(first, directions, strict=True):
        along = along + (slope * direction).sum()
    second = gn.gradient(along, leaves, no_path="zero")
    nodes = [graph.output, *first, *second]
    used = set(Graph(nodes).inputs)
    return interpret(nodes, {n: v for n, v in zip(leaves, graph.values, strict=True) if n in used})


def theirs(graph: RandomGraph, directions: list[np.ndarray]) -> list[np.ndarray]:
    leaves = [torch.from_numpy(v.copy()).requires_grad_() for v in graph.values]
    output = graph.twin(leaves)
    settings = {"allow_unused": True, "materialize_grads": True}
    first = torch.autograd.grad(output, leaves, create_graph=True, **settings)
    along = sum((s * torch.from_numpy(d)).sum() for s, d in zip(first, directions, strict=True))
    second = (
        torch.autograd.grad(along, leaves, **settings) if along.requires_grad else [v * 0 for v in leaves]
    )
    return [t.detach().numpy(force=True) for t in (output, *first, *second)]


@pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_graphs_agree_with_pytorch(chunk: int) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        graph = RandomGraph(seed)
        directions = [np.asarray(graph.rng.uniform(0.5, 1.5, v.shape)) for v in graph.values]
        for found, expected in zip(ours(graph, directions), theirs(graph, directions), strict=True):
            scale = np.abs(expected).max(initial=1e-3)
            np.testing.assert_allclose(
                found,
                expected,
                rtol=1e-9,
                atol=1e-10 * scale,
                err_msg=f"seed {seed}: {[s.kind for s in graph.steps]}",
            )


def test_every_op_is_compared_with_pytorch_or_says_why_not() -> None:
    """By random graphs, by a twin of its own, or not: then op_facts give the reason."""
    used: set[str] = set()
    for seed in range(400):
        graph = RandomGraph(seed)
        leaves = list(graph.leaves)
        first = gn.gradient(graph.output, leaves, no_path="zero")
        steepness = gn.constant(0.0, dtype="float64")
        for slope in first:
            steepness = steepness + slope.sum()
        second = gn.gradient(steepness, leaves, no_path="zero")
        used |= {node.op.name for node in Graph([graph.output, *first, *second])}
    # A composite without a kernel leaves only its scope in a graph: the kinds of steps are called like ops.
    used |= set(KINDS)
    assert sorted(set(BUILT_IN) - used - set(TWINS) - set(NO_TWIN) - ELSEWHERE) == []


def test_every_kind_of_step_occurs() -> None:
    assert {step.kind for seed in range(400) for step in RandomGraph(seed).steps} == set(KINDS)
