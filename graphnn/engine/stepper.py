"""Stepper: execute a graph node by node, and look at each value as it comes to be.

>>> import graphnn as gn
>>> a = gn.scalar(3.0, "a")
>>> stepper = gn.Stepper(gn.tanh(a * a))
>>> stepper.step().op.name, float(stepper.value(stepper.done[-1]))
('mul', 9.0)
>>> [node.op.name for node in stepper.waiting]
['tanh']
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from graphnn.core.errors import GraphError, NotComputedError
from graphnn.core.graph import Graph
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.engine.bound import Bound
from graphnn.engine.program import Feeds, Program, copy_feeds


class Stepper:
    """The nodes of a graph in the order of execution, run one at a time through their compiled kernels.

    `nodes` are those that execute; leaves and nodes that only look at another's memory (reshape) have their values
    from the start, or with the node that they look at.
    """

    def __init__(self, outputs: Node | Iterable[Node], feeds: Feeds = None):
        self.graph = Graph(outputs)
        program = Program(self.graph.outputs, optimize=False)
        arrays = program.match(feeds)
        self._bound = Bound(self.graph.nodes, (), self.graph.inputs, program.binding(arrays), keep=True)
        copy_feeds(self._bound, arrays)
        self._rows: dict[Node, list[int]] = {}
        for row in self._bound.pages.tops:
            self._rows.setdefault(self._bound.pages.nodes[row], []).append(row)
        self.nodes: tuple[Node, ...] = tuple(self._rows)
        self._done: dict[Node, None] = {}
        self._next = 0  # nodes before it are done

    def __repr__(self) -> str:
        return f"<Stepper: {len(self._done)} of {len(self.nodes)} nodes done>"

    @property
    def done(self) -> tuple[Node, ...]:
        """Nodes that have been executed, in that order."""
        return tuple(self._done)

    @property
    def waiting(self) -> tuple[Node, ...]:
        """Nodes that have not been executed yet."""
        return tuple(n for n in self.nodes if n not in self._done)

    def step(self) -> Node:
        """Execute the next node, and give it. Raises NotComputedError when none is left."""
        while self._next < len(self.nodes):
            node = self.nodes[self._next]
            if node not in self._done:
                return self.run(node)
            self._next += 1
        raise NotComputedError(
            f"step: all {len(self.nodes)} nodes are done; make a new Stepper to begin again."
        )

    def run(self, node: Node) -> Node:
        """Execute this node only, from the present values of its operands, and give it."""
        self.graph.require(node, "run")
        if node not in self._rows:
            raise GraphError(
                f"run: {describe(node)} executes nothing: it is a leaf or a view of another node's memory."
            )
        for operand in node.operands:
            self._need(operand, f"run: {node.label} needs")
        for row in self._rows[node]:
            self._bound.run_pages(row, row + 1)
        self._done[node] = None
        return node

    def value(self, node: Node) -> np.ndarray:
        """The node's value, read-only. Raises NotComputedError if it has not been executed."""
        self.graph.require(node, "value")
        self._need(node, "value: asked for")
        copy = self._bound.value(node).copy()
        copy.setflags(write=False)
        return copy

    def _need(self, node: Node, who: str) -> None:
        root = self._bound.plan.roots[node]
        if root in self._rows and root not in self._done:
            raise NotComputedError(
                f"{who} {describe(node)}, which has not been executed yet. Call step() first."
            )
