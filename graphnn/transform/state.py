"""Find the state that a training graph moves on with each step: counters, and what layers asked for."""

from __future__ import annotations

from collections.abc import Iterable

from graphnn.core.graph import Graph
from graphnn.core.leaves import is_counter
from graphnn.core.node import Node
from graphnn.transform.rewrite import substitute


def state_updates(outputs: Graph | Node | Iterable[Node]) -> dict[Node, Node]:
    """{parameter: node of its next value} for the state that a graph carries from step to step.

    These are its counters, which count on, and the parameters of `gn.with_update`, such as the running statistics
    of batch normalisation. Where one parameter has several updates, as in a layer that is applied twice, each
    starts from the one before. A Trainer collects them by itself; for a Program of your own, pass them on:

    Example
    -------
    >>> import graphnn as gn
    >>> seen = gn.parameter(0.0, "seen", trainable=False)
    >>> y = gn.with_update(gn.relu(gn.input("x")), seen, seen + 1.0)
    >>> step = gn.Program(y, updates=gn.state_updates(y))
    >>> float(step.run({"x": 3.0})), float(seen.value)
    (3.0, 1.0)
    """
    graph = outputs if isinstance(outputs, Graph) else Graph(outputs)
    updates: dict[Node, Node] = {}
    for node in graph.nodes:
        if node.op.name == "with_update":
            _, old, new = node.operands
            if old in updates:
                (new,), _ = substitute([new], {old: updates[old]})
            updates[old] = new
    updates.update({p: p + 1 for p in graph.parameters if is_counter(p) and p not in updates})
    return updates
