"""Find the layers of a loss's graph, in the order in which data passes them, whoever built them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphnn.core.dims import Dim
from graphnn.core.dtypes import is_float
from graphnn.core.graph import Graph
from graphnn.core.node import Node

# Ops that are 0 for half of their operands, and those that grow flat far from 0, with their limits.
RECTIFIERS = ("relu", "linear_relu", "relu6")
SATURATING = {
    "sigmoid": (0.0, 1.0),
    "linear_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "linear_tanh": (-1.0, 1.0),
}


@dataclass(frozen=True)
class Stage:
    """A layer: the nodes that belong to it, the last of them, and its parameters."""

    name: str
    nodes: tuple[Node, ...]
    parameters: tuple[Node, ...]

    @property
    def output(self) -> Node:
        """What the layer hands on."""
        return self.nodes[-1]


@dataclass(frozen=True)
class Anatomy:
    """The layers of a loss, the inputs that the model sees, and those that only the loss sees (targets)."""

    stages: tuple[Stage, ...]
    features: tuple[Node, ...]
    targets: tuple[Node, ...]

    def of_ops(self, names: Iterable[str]) -> list[tuple[Stage, Node]]:
        """The layers' nodes of these ops."""
        wanted = tuple(names)
        return [(s, n) for s in self.stages for n in s.nodes if n.op.name in wanted]


def anatomy(loss: Node, output: Node | None = None) -> Anatomy:
    """Take the graph of a loss apart.

    A layer is what stands in the scope of its parameters. Nodes outside of such scopes, as a relu between layers,
    belong to the layer that they follow; in a graph without scopes each matrix of weights opens a layer.
    """
    graph = Graph(loss)
    learned: dict[Node, bool] = {}  # whether a parameter is needed
    seen: dict[Node, frozenset[Node]] = {}  # inputs that are needed
    features: set[Node] = set()
    for node in graph.nodes:
        floats = node.role == "parameter" and is_float(node.dtype)
        learned[node] = floats or any(learned[o] for o in node.operands)
        own = frozenset([node]) if node.role == "input" else frozenset()
        seen[node] = own.union(*(seen[o] for o in node.operands)) if node.operands else own
        if any(learned[o] and not seen[o] for o in node.operands):  # here data meets parameters
            for operand in node.operands:
                if not learned[operand]:
                    features |= seen[operand]
    targets = [n for n in graph.inputs if n not in features]
    blind = frozenset(targets)
    within = frozenset(Graph(output).nodes) if output is not None and output in graph else None
    paths = {p.scope for p in graph.parameters if p.scope and is_float(p.dtype)}
    belongs: dict[Node, str] = {}
    for node in graph.nodes:
        if not learned[node] or not seen[node] or seen[node] & blind:
            continue
        if within is not None and node not in within:
            continue
        name = _scope_of(node.scope, paths) or _opened_by(node, learned, seen)
        if name is None:
            before = [belongs[o] for o in sorted(node.operands, key=_serial) if o in belongs]
            name = before[-1] if before else None
        if name is not None:
            belongs[node] = name
    stages = []
    for name in dict.fromkeys(belongs.values()):
        nodes = tuple(n for n, own_name in belongs.items() if own_name == name and _is_activation(n))
        if nodes:
            stages.append(Stage(name, nodes, _parameters_of(name, belongs, graph)))
    return Anatomy(tuple(stages), tuple(n for n in graph.inputs if n in features), tuple(targets))


def _serial(node: Node) -> int:
    return node.serial


def _scope_of(path: str, known: set[str]) -> str | None:
    while path and path not in known:
        path = path.rpartition("/")[0]
    return path or None


def _opened_by(node: Node, learned: dict[Node, bool], seen: dict[Node, frozenset[Node]]) -> str | None:
    """The name of the matrix of weights that this node applies, if its parameters have no scope."""
    for operand in node.operands:
        if learned[operand] and not seen[operand] and len(operand.shape) >= 2 and node.role == "op":
            source = operand
            while source.role != "parameter" and source.operands:
                source = source.operands[0]
            if source.role == "parameter" and not source.scope and len(source.shape) >= 2:
                return source.name
    return None


def _is_activation(node: Node) -> bool:
    return is_float(node.dtype) and bool(node.shape) and isinstance(node.shape[0], Dim)


def _parameters_of(name: str, belongs: dict[Node, str], graph: Graph) -> tuple[Node, ...]:
    """The float parameters that the layer's nodes use, directly or through nodes that no data reaches."""
    found: set[Node] = set()
    stack = [o for n, own in belongs.items() if own == name for o in n.operands if o not in belongs]
    while stack:
        node = stack.pop()
        if node.role == "parameter" and is_float(node.dtype):
            found.add(node)
        elif node not in belongs:
            stack.extend(node.operands)
    return tuple(p for p in graph.parameters if p in found)


__all__ = ["RECTIFIERS", "SATURATING", "Anatomy", "Stage", "anatomy"]
