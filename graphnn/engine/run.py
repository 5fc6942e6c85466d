"""Run: one execution of a graph that can be looked at. Every value, gradient and edge contribution is kept.

>>> import graphnn as gn
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> run = gn.trace(a * b + a)
>>> float(run.value(run.loss)), float(run.gradient(a))
(-4.0, -2.0)
>>> [float(run.contribution(e)) for e in run.graph.consumers(a)]
[-3.0, 1.0]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import GraphError, NotComputedError
from graphnn.core.graph import Graph
from graphnn.core.leaves import describe
from graphnn.core.node import Edge, Node
from graphnn.engine.bound import Bound
from graphnn.engine.program import Feeds, Program
from graphnn.transform.gradient import Adjoints


class Run:
    """The values of all nodes of `graph` for some feeds, and the gradients of `loss`, as read-only arrays.

    It is computed when made, so later changes of parameters do not reach it; arrays are given on demand.
    """

    def __init__(self, outputs: Node | Iterable[Node], feeds: Feeds = None):
        self.graph = Graph(outputs)
        first = self.graph.outputs[0]
        differentiable = first.dtype in FLOATS and first.shape == () and len(self.graph.outputs) == 1
        self.loss: Node | None = first if differentiable else None
        self.adjoints: Adjoints | None = Adjoints(first) if differentiable else None
        wanted = list(self.graph.nodes)
        if self.adjoints is not None:
            wanted += self.adjoints.nodes()
        program = Program(self.graph.outputs, optimize=False)
        arrays = program.match(feeds)
        self._bound = Bound(wanted, (), self.graph.inputs, program.binding(arrays), keep=True)
        # Parameters may change after the run; the run keeps what it saw.
        for node, array in arrays.items():
            np.copyto(self._bound.feeds[node], array)
        self._parameters = {n: n.storage.array.copy() for n in self.graph.parameters}  # type: ignore[union-attr]
        self._bound.run()

    def __repr__(self) -> str:
        return f"<Run of {self.graph!r}>"

    def value(self, node: Node) -> np.ndarray:
        """The node's value."""
        self.graph.require(node, "value")
        return self._look(node)

    def gradient(self, node: Node) -> np.ndarray | None:
        """d loss / d node; None if no differentiable path leads from the node to the loss."""
        self.graph.require(node, "gradient")
        g = self._need_adjoints("gradient")[node]
        return None if g is None else self._look(g)

    def contribution(self, edge: Edge) -> np.ndarray | None:
        """What flows back along the edge, upstream x local; None if nothing does."""
        if not isinstance(edge, Edge):
            raise GraphError(f"contribution: wanted an edge of the graph, found {edge!r}.")
        self.graph.require(edge.target, "contribution")
        part = self._need_adjoints("contribution").contribution(edge)
        return None if part is None else self._look(part)

    @property
    def has_gradients(self) -> bool:
        """Whether the run has a scalar loss, so that gradients exist."""
        return self.adjoints is not None

    def memory(self) -> dict[str, int]:
        """Bytes held by this run."""
        return self._bound.memory()

    def _need_adjoints(self, who: str) -> Adjoints:
        if self.adjoints is None:
            first = self.graph.outputs[0]
            raise NotComputedError(
                f"{who}: this run has no gradients, because it was traced from {describe(first)}"
                f"{' and others' * (len(self.graph.outputs) > 1)}; trace one scalar float, such as a loss."
            )
        return self.adjoints

    def _look(self, node: Node) -> np.ndarray:
        root = self._bound.plan.roots[node]
        kept = self._parameters.get(root)
        view = self._bound.value(node) if kept is None else kept.reshape(self._bound.plan.shapes[node])
        view = view.view()
        view.setflags(write=False)
        return view


def trace(outputs: Any, feeds: Feeds = None) -> Run:
    """Run a graph once and keep everything: values, and for a scalar float output gradients and contributions."""
    return Run(outputs, feeds)
