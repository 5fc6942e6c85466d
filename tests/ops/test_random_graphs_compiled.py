"""Random graphs of all ops, compiled and rewritten by the engine, give what the meanings give."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
import random_kinds  # noqa: F401  (fills the table of kinds)
from graphnn.core.graph import Graph
from graphnn.engine.program import Program
from graphnn.transform.interpret import interpret
from random_graphs import RandomGraph


@pytest.mark.parametrize("chunk", range(6))
def test_compiled_random_graphs_agree_with_the_meanings(chunk: int) -> None:
    for seed in range(10_000 + 25 * chunk, 10_000 + 25 * (chunk + 1)):
        graph = RandomGraph(seed)
        leaves = list(graph.leaves)
        nodes = [graph.output, *gn.gradient(graph.output, leaves, no_path="zero")]
        used = set(Graph(nodes).inputs)
        feeds = {n: v for n, v in zip(leaves, graph.values, strict=True) if n in used}
        program = Program(nodes)
        first, again = program.run(feeds), program.run(feeds)
        for found, same, expected in zip(first, again, interpret(nodes, feeds), strict=True):
            assert found.tobytes() == same.tobytes()
            # Sums may be taken in another order, so what cancels is lost to a different degree.
            scale = np.abs(expected).max(initial=1.0)
            np.testing.assert_allclose(
                found, expected, rtol=1e-10, atol=1e-11 * scale, err_msg=f"seed {seed}"
            )
