"""Graph: the set of nodes that some outputs need, in topological order, with edges, queries and a text form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from graphnn.core.errors import GraphError
from graphnn.core.node import Edge, Node

if TYPE_CHECKING:
    import networkx

by_serial = attrgetter("serial")


def reached(outputs: Iterable[Node], since: int = 0) -> list[Node]:
    """Every node that the outputs need, in topological order; of those made before serial `since` only the nearest.

    Operands exist before the node that uses them, so the order of creation is a topological order, and a set
    that is reached by a stack and sorted by serial needs no recursion.
    """
    seen: set[Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if node.serial >= since:
                stack.extend(node.operands)
    return sorted(seen, key=by_serial)


def as_nodes(outputs: Any, who: str) -> tuple[Node, ...]:
    """A node, or an iterable of nodes, as a tuple."""
    if isinstance(outputs, Node):
        return (outputs,)
    try:
        found = tuple(outputs)
    except TypeError:
        raise GraphError(f"{who}: wanted a node or nodes, found {outputs!r}.") from None
    for node in found:
        if not isinstance(node, Node):
            raise GraphError(f"{who}: outputs are nodes, found {node!r}.")
    return found


class Graph:
    """The computation that `outputs` stand for. Truth is stored in the nodes; a Graph is a view on them.

    Example
    -------
    >>> import graphnn as gn
    >>> a = gn.scalar(3.0, "a")
    >>> graph = gn.Graph((a * a).named("square"))
    >>> len(graph), len(graph.edges)
    (2, 2)
    >>> print(graph)
    graph
      n0 = parameter 'a' float64 ()
      n1 = mul 'square' n0 n0 -> float64 ()
      return n1
    """

    def __init__(self, outputs: Node | Iterable[Node]):
        outputs = as_nodes(outputs, "Graph")
        if not outputs:
            raise GraphError("Graph: wanted at least one output node, found none.")
        self.outputs: tuple[Node, ...] = outputs
        self.nodes: tuple[Node, ...] = tuple(reached(outputs))

    @cached_property
    def ids(self) -> dict[Node, str]:
        """`n0`, `n1`, ... in topological order: stable names for files and drawings."""
        return {node: f"n{i}" for i, node in enumerate(self.nodes)}

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, read off the nodes: `a * a` has two."""
        return tuple(Edge(s, node, slot) for node in self.nodes for slot, s in enumerate(node.operands))

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        return self._of_role("input")

    @cached_property
    def parameters(self) -> tuple[Node, ...]:
        return self._of_role("parameter")

    @cached_property
    def constants(self) -> tuple[Node, ...]:
        return self._of_role("constant")

    def _of_role(self, role: str) -> tuple[Node, ...]:
        return tuple(n for n in self.nodes if n.op.role == role)

    @cached_property
    def _consumers(self) -> dict[Node, list[Edge]]:
        out: dict[Node, list[Edge]] = {node: [] for node in self.nodes}
        for edge in self.edges:
            out[edge.source].append(edge)
        return out

    def consumers(self, node: Node) -> tuple[Edge, ...]:
        """The edges that leave `node`."""
        self.require(node, "consumers")
        return tuple(self._consumers[node])

    def operand_edges(self, node: Node) -> tuple[Edge, ...]:
        """The edges that enter `node`, by operand slot."""
        self.require(node, "operand_edges")
        return tuple(Edge(s, node, slot) for slot, s in enumerate(node.operands))

    def find(self, name: str) -> Node:
        """The node that carries `name` or the id `name`; an error if there is none or several."""
        found = [n for n in self.nodes if n.name == name] or [n for n, i in self.ids.items() if i == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise GraphError(
                f"find: {len(found)} nodes are called {name!r}: {', '.join(self.ids[n] for n in found)}."
            )
        from graphnn.core.errors import did_you_mean

        raise GraphError(
            f"find: no node is called {name!r}.{did_you_mean(name, [n.name for n in self.nodes if n.name])}"
        )

    def require(self, node: Any, who: str) -> None:
        if not isinstance(node, Node):
            raise GraphError(f"{who}: wanted a node, found {node!r}.")
        if node not in self.ids:
            raise GraphError(f"{who}: {node!r} is not part of this graph.")

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Node) and node in self.ids

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} nodes, {sum(len(n.operands) for n in self.nodes)} edges>"

    def __str__(self) -> str:
        from graphnn.core.listing import listing

        return listing(self)

    def to_networkx(self, *, values: bool = False) -> networkx.MultiDiGraph:
        """A networkx MultiDiGraph: nodes by id with their attributes; edge keys are operand slots.

        values : with a copy of the present value of each parameter and constant. `gn.io.from_networkx` goes back.
        """
        import networkx

        out = networkx.MultiDiGraph(outputs=[self.ids[n] for n in self.outputs])
        for node, key in self.ids.items():
            out.add_node(
                key,
                op=node.op.name,
                name=node.name,
                scope=node.scope,
                role=node.role,
                shape=node.shape,
                dtype=str(node.dtype),
                attributes=dict(node.attributes),
                trainable=node.trainable,
                node=node,
            )
            if values and node.storage is not None:
                out.nodes[key]["value"] = node.storage.array.copy()
        for edge in self.edges:
            out.add_edge(self.ids[edge.source], self.ids[edge.target], key=edge.slot, port=edge.port)
        return out
