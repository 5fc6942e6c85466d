"""Build a graph node by node and edge by edge, in any order, with the checks that expressions have.

>>> builder = GraphBuilder()
>>> builder.add_edge("x", "y", "x")
>>> builder.add_edge("w", "y", "w")
>>> builder.add_node("y", "matmul")
>>> builder.add_input("x", ("batch", 2))
>>> builder.add_parameter("w", [[1.0], [2.0]])
>>> builder.set_outputs("y")
>>> print(builder.build())
graph(batch)
  n0 = input 'x' float32 (batch, 2)
  n1 = parameter 'w' float32 (2, 1)
  n2 = matmul 'y' n0 n1 -> float32 (batch, 1)
  return n2
"""

from __future__ import annotations

import heapq
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import GraphError, GraphnnError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import constant, input, parameter, scalar
from graphnn.core.node import Node, require_storage
from graphnn.core.op import Op
from graphnn.core.registry import OPS, find_op
from graphnn.core.scope import absolute_scope, current_scope

__all__ = ["GraphBuilder", "plain_nodes", "record_is_plain"]

Maker = Callable[[list[Node]], Node]


class _Part(NamedTuple):
    """A node to be: its op, where it belongs, and what makes it from its operands."""

    op: Op
    scope: str
    label: str | None
    make: Maker


class GraphBuilder:
    """Collects nodes and edges by name; `build` checks them and makes the graph.

    Every part may come before the parts that it names. Nodes are made in the order in which they were added,
    as far as their edges allow, so ids and listings follow it. The same builder may build several times; each
    graph has parameters of its own.
    """

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}
        self._edges: list[tuple[str, str, str | int]] = []
        self._outputs: tuple[str, ...] = ()

    # Collect

    def add_input(self, name: str, shape: Any = (), dtype: Any = "float32") -> None:
        """A leaf that is fed at each run; see `gn.input`."""
        _check_key(name)
        leaf = input(name, shape, dtype)
        self._put(name, _Part(leaf.op, current_scope(), name, lambda _: input(name, leaf.shape, leaf.dtype)))

    def add_parameter(self, name: str, value: Any, dtype: Any = None) -> None:
        """A leaf that learns, starting with a copy of `value`; see `gn.parameter`."""
        _check_key(name)
        leaf = parameter(value, name, dtype)
        start = require_storage(leaf, name).array
        self._put(name, _Part(leaf.op, current_scope(), name, lambda _: parameter(start, name, leaf.dtype)))

    def add_constant(self, name: str, value: Any, dtype: Any = None) -> None:
        """A leaf with a fixed value; see `gn.constant`."""
        _check_key(name)
        leaf = constant(value, dtype, name)
        array = require_storage(leaf, name).array
        self._put(name, _Part(leaf.op, current_scope(), name, lambda _: constant(array, leaf.dtype, name)))

    def add_node(self, name: str, op: str, **attributes: Any) -> None:
        """An operation by the name of its op. `attributes` are those of a listing, or those of the op's call.

        `add_node("s", "sum", axes=(1,), keepdims=False)` and `add_node("s", "sum", axis=1)` agree.
        """
        _check_key(name)
        record = _operation(name, op)
        self._put(name, _Part(record, current_scope(), name, lambda nodes: _call(record, nodes, attributes)))

    def add_record(self, key: str, record: Mapping[str, Any]) -> None:
        """Add a node from a record, for readers of file formats.

        `op` names it; inputs have `shape` and `dtype`, parameters and constants `value`, operations
        `attributes` as in a listing. `name` (may be None) and `scope` label the node; edges and outputs speak
        of `key`.
        """
        _check_key(key)
        self._put(key, _part(key, record))

    def add_edge(self, source: str, target: str, operand: str | int) -> None:
        """Let the value of `source` be an operand of `target`: by the op's port name, or by slot, from 0."""
        if isinstance(operand, bool) or not isinstance(operand, str | int):
            raise GraphError(
                f"GraphBuilder: edge {source!r} -> {target!r}: an operand is a port name or a slot, "
                f"found {operand!r}."
            )
        self._edges.append((source, target, operand))

    def set_outputs(self, *names: str) -> None:
        """Say which nodes the graph is for, in order."""
        self._outputs = names

    def _put(self, key: str, part: _Part) -> None:
        if key in self._parts:
            raise GraphError(
                f"GraphBuilder: there are two nodes called {key!r}, {self._parts[key].op.name} "
                f"and {part.op.name}."
            )
        self._parts[key] = part

    # Build

    def build(self) -> Graph:
        """The graph, after all checks.

        Raises GraphError for cycles, unknown or missing parts and operands, and the error of the op,
        beginning with the node's name, for shapes, dtypes and attributes that do not fit.
        """
        nodes = self.build_nodes()
        return Graph([nodes[name] for name in self._outputs])

    def build_nodes(self) -> dict[str, Node]:
        """As `build`, but every node by the name that the builder knows it by."""
        if not self._outputs:
            raise GraphError(
                "GraphBuilder: no outputs; say which nodes the graph is for: set_outputs('name')."
            )
        for name in self._outputs:
            self._require(name, "output")
        operands = self._operands()
        nodes: dict[str, Node] = {}
        for scope, keys in groupby(self._order(operands), lambda key: self._parts[key].scope):
            with absolute_scope(scope):
                for key in keys:
                    nodes[key] = _made(key, self._parts[key], [nodes[o] for o in operands[key]])
        return nodes

    def _require(self, name: Any, who: str) -> None:
        if not isinstance(name, str) or name not in self._parts:
            raise GraphError(
                f"GraphBuilder: {who}: there is no node {name!r}.{did_you_mean(str(name), self._parts)}"
            )

    def _operands(self) -> dict[str, list[str]]:
        """The sources of every node, by slot."""
        found: dict[str, dict[int, str]] = {key: {} for key in self._parts}
        for source, target, operand in self._edges:
            for end in (source, target):
                if not isinstance(end, str) or end not in found:
                    self._require(end, f"edge {source!r} -> {target!r}")
            op, slots = self._parts[target].op, found[target]
            slot = _slot(op, operand, source, target)
            if slot in slots:
                raise GraphError(
                    f"GraphBuilder: operand {op.port_name(slot)!r} of {target!r} ({op.name}) is given twice, "
                    f"by {slots[slot]!r} and by {source!r}."
                )
            slots[slot] = source
        return {key: self._complete(key, slots) for key, slots in found.items()}

    def _complete(self, key: str, slots: dict[int, str]) -> list[str]:
        op = self._parts[key].op
        signature = op.signature
        wanted = max(1, len(slots)) if signature.variadic else len(signature.inputs)
        for slot in range(wanted):
            if slot not in slots:
                port = op.port_name(slot)
                raise GraphError(
                    f"GraphBuilder: node {key!r} ({op.name}): operand {port!r} is missing; "
                    f"give it: add_edge(source, {key!r}, {port!r})."
                )
        return [slots[slot] for slot in range(wanted)]

    def _order(self, operands: Mapping[str, list[str]]) -> list[str]:
        """The keys, operands first; among those that are ready, in the order of adding."""
        keys = list(operands)
        place = {key: i for i, key in enumerate(keys)}
        waiting = [len(sources) for sources in operands.values()]
        users: list[list[int]] = [[] for _ in keys]
        for target, sources in enumerate(operands.values()):
            for source in sources:
                users[place[source]].append(target)
        ready = [i for i, count in enumerate(waiting) if not count]
        order = []
        while ready:
            i = heapq.heappop(ready)
            order.append(keys[i])
            for user in users[i]:
                waiting[user] -= 1
                if not waiting[user]:
                    heapq.heappush(ready, user)
        if len(order) < len(keys):
            raise GraphError(f"GraphBuilder: the edges form a cycle: {' -> '.join(_cycle(operands, order))}.")
        return order

    @classmethod
    def from_networkx(cls, graph: Any) -> GraphBuilder:
        """A builder that holds a networkx MultiDiGraph, as `Graph.to_networkx` makes it or made by hand.

        Nodes carry `op`, and where it applies `name`, `scope`, `attributes`, `shape` and `dtype` (inputs),
        `value` (parameters and constants; a `node` attribute that holds a graphnn node will do). Edge keys,
        or the edge attribute `slot` or `port`, say which operand an edge is. `graph.graph["outputs"]` lists
        the outputs; without it, they are the nodes that no edge leaves.
        """
        if not (hasattr(graph, "is_directed") and graph.is_directed()):
            raise GraphError(f"from_networkx: wanted a networkx MultiDiGraph, found {type(graph).__name__}.")
        builder = cls()
        for key, data in graph.nodes(data=True):
            builder.add_record(str(key), data)
        if graph.is_multigraph():
            edges = [(s, t, {"slot": key, **data}) for s, t, key, data in graph.edges(keys=True, data=True)]
        else:
            edges = list(graph.edges(data=True))
        for source, target, data in edges:
            operand = data.get("port", data.get("slot"))
            if operand is None:
                raise GraphError(
                    f"from_networkx: edge {source!r} -> {target!r} does not say which operand it is; "
                    "give it an attribute 'port' or 'slot'."
                )
            builder.add_edge(str(source), str(target), operand)
        outputs = graph.graph.get("outputs")
        if outputs is None:
            outputs = [key for key, degree in graph.out_degree() if not degree]
        builder.set_outputs(*map(str, outputs))
        return builder


def _part(key: str, record: Mapping[str, Any]) -> _Part:
    """What a record says of a node."""
    op, label = record.get("op"), record.get("name")
    if not (label is None or (isinstance(label, str) and label)):
        raise GraphError(f"GraphBuilder: node {key!r}: a name is a non-empty text, found {label!r}.")
    make: Maker
    if op == "input":
        shape, dtype = record.get("shape", ()), record.get("dtype", "float32")
        make = partial(_input, label or key, shape, dtype)
    elif op == "parameter":
        make = partial(_parameter, label, key, *_value(key, record), bool(record.get("trainable", True)))
    elif op == "constant":
        make = partial(_constant, label, *_value(key, record))
    else:
        made_by = _operation(key, op)
        make = partial(_exactly, made_by, record.get("attributes") or {})
        return _Part(made_by, str(record.get("scope") or ""), label, make)
    return _Part(OPS[op], str(record.get("scope") or ""), label, make)


def record_is_plain(record: Mapping[str, Any], operands: int) -> bool:
    """Whether the record names a known op and has as many operands as that takes."""
    op = OPS.get(record.get("op", ""))
    if op is None:
        return False
    if op.role != "op":
        return operands == 0
    return operands > 0 if op.signature.variadic else operands == len(op.signature.inputs)


def plain_nodes(records: Iterable[tuple[str, Mapping[str, Any], list[str]]]) -> dict[str, Node]:
    """The nodes by key, of records that are plain and name operands that came before."""
    nodes: dict[str, Node] = {}
    for scope, same in groupby(records, lambda record: str(record[1].get("scope") or "")):
        with absolute_scope(scope):
            for key, record, sources in same:
                _check_key(key)
                nodes[key] = _made(key, _part(key, record), [nodes[source] for source in sources])
    return nodes


def _check_key(name: Any) -> None:
    if not isinstance(name, str) or not name:
        raise GraphError(f"GraphBuilder: a node's name is a non-empty text, found {name!r}.")


def _operation(key: str, name: Any) -> Op:
    """The op of that name; leaves have adders of their own."""
    op = OPS.get(name) if type(name) is str else None
    if op is None:
        op = find_op(name.name if isinstance(name, Op) else name, f"GraphBuilder: node {key!r}")
    if op.role != "op":
        raise GraphError(f"GraphBuilder: node {key!r}: {op.name} is a leaf; use add_{op.name}.")
    return op


def _slot(op: Op, operand: str | int, source: str, target: str) -> int:
    variadic = op.signature.variadic
    if isinstance(operand, int):
        if operand >= 0 and (variadic or operand < len(op.signature.inputs)):
            return operand
    elif not variadic:
        for slot, port in enumerate(op.signature.inputs):
            if port.name == operand:
                return slot
    else:
        match = re.fullmatch(rf"{op.ports[0]}\[([0-9]{{1,9}})\]", operand)
        if match:
            return int(match[1])
    ports = ", ".join([f"{op.ports[0]}[0]", f"{op.ports[0]}[1]", "..."] if variadic else op.ports)
    raise GraphError(
        f"GraphBuilder: edge {source!r} -> {target!r}: {op.name} has no operand {operand!r}. "
        f"{f'Its operands: {ports}.' if ports else 'It takes none.'}"
    )


def _cycle(operands: Mapping[str, list[str]], order: list[str]) -> list[str]:
    """A cycle among the nodes that are not in the order, along the edges, its first node at both ends."""
    done = set(order)
    key = next(k for k in operands if k not in done)
    path: dict[str, None] = {}
    while key not in path:
        path[key] = None
        # Each node that is left waits for one that is left, so the walk against the edges closes.
        key = next(o for o in operands[key] if o not in done)
    walked = list(path)
    walked = walked[walked.index(key) :]
    return [key, *reversed(walked)]


def _made(key: str, part: _Part, operands: list[Node]) -> Node:
    """The node, or its error told with its name."""
    try:
        node = part.make(operands)
    except GraphnnError as error:
        raise type(error)(f"node {key!r}: {error}") from error
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        # An op's rules may meet attributes that they never expected: numbers for tuples, None for axes.
        raise GraphError(f"node {key!r}: its settings do not fit {part.op.name}: {error}") from error
    # An op may answer its operand, as a reshape to the same shape does; that node has its own name.
    if part.label is not None and node.name is None and all(node is not o for o in operands):
        node.named(part.label)
    return node


def _call(op: Op, operands: list[Node], attributes: dict[str, Any]) -> Node:
    """The op as users call it if the attributes are those of its call, else exactly by its attributes."""
    if op.build_function is None:
        return op.node(*operands, **attributes)
    usual = inspect.signature(op.build_function).parameters
    if not all(a in usual for a in attributes):
        return op.node(*operands, **attributes)
    starred = any(p.kind is p.VAR_POSITIONAL for p in usual.values())
    if op.signature.variadic and not starred:  # concat([a, b], axis=1)
        return op(operands, **attributes)
    return op(*operands, **attributes)


def _exactly(op: Op, attributes: Mapping[str, Any], operands: list[Node]) -> Node:
    return op.node(*operands, **attributes)


def _input(name: str, shape: Any, dtype: Any, _: list[Node]) -> Node:
    return input(name, shape, dtype)


def _parameter(
    label: str | None,
    key: str,
    value: Any,
    dtype: Any,
    trainable: bool,  # noqa: FBT001
    _: list[Node],
) -> Node:
    if label is None and np.ndim(value) == 0 and dtype == float64:
        return scalar(float(value))  # the one parameter that may go without a name
    return parameter(value, label or key, dtype, trainable=trainable)


def _constant(label: str | None, value: Any, dtype: Any, _: list[Node]) -> Node:
    return constant(value, dtype, label)


def _value(key: str, record: Mapping[str, Any]) -> tuple[Any, Any]:
    """The value of a parameter or constant, as it is now, and its dtype."""
    value, node = record.get("value"), record.get("node")
    if value is None and isinstance(node, Node) and node.storage is not None:
        value = node.storage.array.copy()
    if value is None:
        raise GraphError(f"GraphBuilder: {record['op']} {key!r} has no value; give its record a 'value'.")
    return value, record.get("dtype")
