"""What each node of a graph costs before anything runs: arithmetic operations, and bytes read and written.

How operations are counted, in this order:

- leaves and views: 0;
- what the op's block says: `@record.cost`, or `per_element`, as (0, 0) for nodes that only move data (their bytes
  count), and 4 to 6 steps per element for the softmax family;
- composites: what their body costs;
- an op whose signature contracts an axis, as k in `x(*b, m, k), w(k, n) -> y(*b, m, n)`: a product and a sum
  for each combination of axes, 2*b*m*k*n;
- all others, pointwise ops and reductions: 1 per element of the largest operand or of the output.

Operations whose time is far above one addition (exp, log, tanh, ...) count as 1 too; how many of a node's
operations are such is told in a column of its own, `transcendental`. Bytes are those of the distinct operands
and of the output, as if nothing were fused or stayed in a cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from graphnn.core.dims import Dim, DimLike, evaluate_dim, shape_text, size_of, whole
from graphnn.core.errors import GraphError, SettingError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import input
from graphnn.core.node import Node, current_origin
from graphnn.core.scope import absolute_scope
from graphnn.core.signature import match_shapes

__all__ = ["Cost", "NodeCost", "cost"]


@dataclass(frozen=True)
class NodeCost:
    """One node's cost: numbers, or polynomials in the axis names."""

    node: Node
    operations: DimLike
    transcendental: DimLike
    read: DimLike
    written: DimLike


@dataclass(frozen=True)
class Cost:
    """The cost of every node of a graph, with totals; `str` of it is a table."""

    graph: Graph
    rows: tuple[NodeCost, ...]

    @cached_property
    def _by_node(self) -> dict[Node, NodeCost]:
        return {row.node: row for row in self.rows}

    def __getitem__(self, node: Node) -> NodeCost:
        if not isinstance(node, Node) or node not in self._by_node:
            raise GraphError(f"cost: {node!r} is not part of this graph.")
        return self._by_node[node]

    @cached_property
    def operations(self) -> DimLike:
        return _total(row.operations for row in self.rows)

    @cached_property
    def transcendental(self) -> DimLike:
        return _total(row.transcendental for row in self.rows)

    @cached_property
    def read(self) -> DimLike:
        return _total(row.read for row in self.rows)

    @cached_property
    def written(self) -> DimLike:
        return _total(row.written for row in self.rows)

    def __str__(self) -> str:
        head = ("node", "op", "name", "shape", "operations", "transcendental", "bytes read", "bytes written")
        lines: list[tuple[str, ...]] = [head]
        for row in self.rows:
            node = row.node
            if node.role == "op":
                label = (self.graph.ids[node], node.op.name, node.name or "", shape_text(node.shape))
                lines.append((*label, *map(_number, _counts(row))))
        lines.append(("total", "", "", "", *map(_number, _counts(self))))
        widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
        return "\n".join(
            "  ".join(
                w.ljust(n) if k < 4 else w.rjust(n) for k, (w, n) in enumerate(zip(line, widths))
            ).rstrip()
            for line in lines
        )


def cost(
    graph: Graph | Node | Iterable[Node], binding: Mapping[str, int] | None = None, **sizes: int
) -> Cost:
    """What every node costs. Named axes stay names unless `binding` or `sizes` (`batch=64`) say their size.

    Raises SettingError for a size of an axis that the graph does not name.

    Example
    -------
    >>> import graphnn as gn
    >>> x, w = gn.input("x", ("batch", 3)), gn.parameter([[1.0], [2.0], [3.0]], "w")
    >>> cost(x @ w).operations, cost(x @ w, batch=10).operations
    (6*batch, 60)
    """
    graph = graph if isinstance(graph, Graph) else Graph(graph)
    if not isinstance(binding, Mapping | None):
        raise SettingError(f"cost: binding is a mapping from axis names to sizes, found {binding!r}.")
    known = _checked_sizes(graph, {**(binding or {}), **sizes})
    rows = tuple([_node_cost(node) for node in graph.nodes])
    if known:
        rows = tuple([NodeCost(row.node, *[_bound(count, known) for count in _counts(row)]) for row in rows])
    return Cost(graph, rows)


def _checked_sizes(graph: Graph, sizes: Mapping[str, int]) -> Mapping[str, int]:
    names = sorted({name for n in graph.nodes for d in n.shape if isinstance(d, Dim) for name in d.names()})
    for name, size in sizes.items():
        if name not in names:
            raise SettingError(f"cost: no axis is called {name!r}.{did_you_mean(name, names)}")
        if (whole(size) or 0) < 0 or whole(size) is None:
            raise SettingError(f"cost: axis {name!r}: a size is an int of 0 or more, found {size!r}.")
    return {name: int(size) for name, size in sizes.items()}


def _node_cost(node: Node) -> NodeCost:
    op = node.op
    if op.role != "op" or op.alias:
        return NodeCost(node, 0, 0, 0, 0)
    operations, transcendental = _operations(node)
    read = _total(size_of(o.shape) * o.dtype.itemsize for o in dict.fromkeys(node.operands))
    return NodeCost(node, operations, transcendental, read, size_of(node.shape) * node.dtype.itemsize)


def _operations(node: Node) -> tuple[DimLike, DimLike]:
    """How many operations a node takes, and how many of them are transcendental."""
    op = node.op
    if op.role != "op" or op.alias:
        return 0, 0
    if op.cost_function is not None:
        return op.cost_function(node), 0
    per_element = op.per_element
    if per_element is None and op.body is not None:
        counts = [_operations(part) for part in _body(node).nodes]
        return _total(c for c, _ in counts), _total(t for _, t in counts)
    count, (each, transcendental) = _by_signature(node), per_element or (1, 0)
    return each * count, transcendental * count


def _by_signature(node: Node) -> DimLike:
    op = node.op
    if op.pointwise:
        return size_of(node.shape)
    ports, shapes = op.signature.inputs, [o.shape for o in node.operands]
    if not op.signature.variadic:
        counts: dict[str, int] = {}
        for port in ports:
            for name in dict.fromkeys(a for a in port.axes if isinstance(a, str)):
                counts[name] = counts.get(name, 0) + 1
        if any(n > 1 and name not in op.signature.output.axes for name, n in counts.items()):
            axes = match_shapes(op.name, ports, shapes, op.ports)
            return 2 * size_of(tuple(size_of(d) if isinstance(d, tuple) else d for d in axes.values()))
    return max([*map(size_of, shapes), size_of(node.shape)], key=_typical)


def _typical(size: DimLike) -> int:
    """A number to compare sizes by: what the size is when every named axis is 1000."""
    return evaluate_dim(size, dict.fromkeys(size.names(), 1000)) if isinstance(size, Dim) else size


def _body(node: Node) -> Graph:
    token = current_origin.set(None)
    try:
        with absolute_scope(""):
            operands = [input(f"operand {i}", o.shape, o.dtype) for i, o in enumerate(node.operands)]
            return Graph(node.op.body(*operands, **node.attributes))  # type: ignore[misc]
    finally:
        current_origin.reset(token)


def _total(sizes: Iterable[DimLike]) -> DimLike:
    """The sum, in time proportional to its length even if every summand names axes."""
    terms: dict[tuple[str, ...], int] = {}
    for size in sizes:
        for monomial, c in size.terms if isinstance(size, Dim) else (((), size),):
            terms[monomial] = terms.get(monomial, 0) + c
    if set(terms) <= {()}:
        return terms.get((), 0)
    return Dim(terms.items())


def _bound(size: DimLike, sizes: Mapping[str, int]) -> DimLike:
    """The polynomial with known sizes put in; other names stay."""
    if not isinstance(size, Dim):
        return size
    total: DimLike = 0
    for monomial, c in size.terms:
        product: DimLike = c
        for name in monomial:
            product = product * sizes.get(name, Dim([((name,), 1)]))
        total = total + product
    return total


def _counts(row: NodeCost | Cost) -> tuple[DimLike, DimLike, DimLike, DimLike]:
    return row.operations, row.transcendental, row.read, row.written


def _number(size: DimLike) -> str:
    return f"{size:,}" if isinstance(size, int) else str(size)
