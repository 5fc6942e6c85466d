"""What the engine does with a graph that is drawn: which nodes run, which become part of others, for which sizes.

>>> import graphnn as gn, viz
>>> from viz.study.engine_facts import engine_facts
>>> from viz.sources import source_of
>>> x, w, b = gn.input("x", (4, 3)), gn.parameter([[1.0], [2.0], [3.0]], "w"), gn.parameter([0.0], "b")
>>> run = gn.trace(gn.relu(x @ w + b).sum(), {"x": [[1.0, 2.0, 3.0]] * 4})
>>> facts = engine_facts(source_of(run), "time")
>>> [facts.fate(node) for node in run.graph.nodes if node.role == "op"]
['part of linear_relu', 'part of linear_relu', 'part of linear_relu', '', '']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from viz.outline import PLUMBING
from viz.sources import Numbers

__all__ = ["AXIS", "EngineFacts", "engine_facts"]

# Without a run, named axes are taken to be so long, and inputs to be 0.
AXIS = 32


class EngineFacts:
    """A program of what is drawn, and of its gradients where there are some.

    `place[node]` is what the engine runs for a node of the picture, `behind[node]` what it runs for its gradient.
    """

    def __init__(self, numbers: Numbers, program: Any, feeds: Mapping[Any, Any], conditions: str):
        self.numbers, self.program, self.feeds, self.conditions = numbers, program, feeds, conditions
        self.lifetimes = program.lifetimes(feeds)
        drawn = set(numbers.graph.nodes)
        self.place: dict[Any, Any] = {}
        self.behind: dict[Any, list[Any]] = {}
        for row in self.lifetimes.rows:
            node = program.stands_for(row.node)
            if node in drawn:
                self.place[node] = row.node
            elif node is not None and node.origin is not None and node.origin.node in drawn:
                self.behind.setdefault(node.origin.node, []).append(row.node)

    @property
    def with_gradients(self) -> bool:
        """Whether the program computes gradients of nodes that are drawn."""
        return bool(self.behind)

    def fate(self, node: Any) -> str:
        """Why an op runs not by itself: "part of linear_relu", "no work", "simplified away"; "" if it does run."""
        if node.role != "op" or node in self.place:
            return ""
        graph, at = self.numbers.graph, node
        for _ in range(8):  # what is fused is a few nodes long
            readers = [edge.target for edge in graph.consumers(at)]
            if not readers:
                break
            at = readers[0]
            host = self.place.get(at)
            if host is not None:
                if host.op is not at.op:
                    return f"part of {host.op.name}"
                break
        plumbing = any(is_so(node) for is_so in PLUMBING.values())
        return "no work" if plumbing else "simplified away"


def engine_facts(numbers: Numbers, who: str) -> EngineFacts:
    """The facts for a source of numbers. Raises ValueError if the sizes of its axes are not known."""
    import graphnn as gn

    if numbers.program is not None or numbers.updates:
        program = numbers.program or gn.Program(numbers.outputs, dict(numbers.updates))
        feeds, words = _zeros(numbers.graph, who)
        return EngineFacts(numbers, program, feeds, words)
    graph = numbers.graph
    wanted = list(graph.outputs)
    first = wanted[0]
    if len(wanted) == 1 and first.shape == () and first.dtype in (gn.float32, gn.float64):
        weights = [node for node in graph.parameters if node.trainable and node.dtype is first.dtype]
        if weights:
            wanted += [g for g in gn.gradient(first, weights, no_path="none") if g is not None]
    program = gn.Program(wanted)
    if numbers.has_values:
        feeds = {node: numbers.value(node) for node in program.inputs}
        return EngineFacts(numbers, program, feeds, "")
    feeds, words = _zeros(program.graph, who)
    return EngineFacts(numbers, program, feeds, words)


def _zeros(graph: Any, who: str) -> tuple[dict[Any, Any], str]:
    """Zeros for every input, and a sentence that says so."""
    feeds, named = {}, {}
    for node in graph.inputs:
        shape = []
        for dim in node.shape:
            if not isinstance(dim, int) and str(dim) not in dim.names():
                raise ValueError(
                    f"viz: the view {who!r} does not know how long the axis {dim} of {node.label} is. Draw a run: "
                    "viz.draw(gn.trace(outputs, feeds))."
                )
            named.update({} if isinstance(dim, int) else {str(dim): AXIS})
            shape.append(dim if isinstance(dim, int) else AXIS)
        feeds[node] = np.broadcast_to(np.zeros((), node.dtype), tuple(shape))
    sizes = ", ".join(f"{name} = {size}" for name, size in named.items())
    return feeds, f"without a run, for inputs of zeros{f', {sizes}' if sizes else ''}" if feeds else ""
