"""Rebuild a graph with some nodes replaced: the machinery that every graph-to-graph pass shares."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

from graphnn.core.collector import collector_paused
from graphnn.core.dims import shape_text
from graphnn.core.errors import GraphError
from graphnn.core.graph import by_serial, reached
from graphnn.core.node import Node, current_origin
from graphnn.core.scope import absolute_scope

__all__ = ["Replacements", "rewrite", "same_but", "substitute"]

Rule = Callable[[Node, tuple[Node, ...]], Node | None]
Place = Callable[[Node], int]


class Replacements(dict[Node, Node]):
    """Old node -> new node. Only replaced nodes are stored; any other node stands for itself.

    New nodes are younger than all others, so their order of creation is a topological order, but not the one in
    which the graph was written. `place` gives that one.
    """

    def __init__(self, place: Place = by_serial, youngest: int = 0) -> None:
        super().__init__()
        self._before = place
        self._youngest = youngest  # of the given graph
        self._last: list[int] = []  # serial of the last node that was made for ...
        self._for: list[int] = []  # ... the node at this place

    def __missing__(self, node: Node) -> Node:
        return node

    def place(self, node: Node) -> int:
        """Where the node stands: the serial of the node in the first graph that it was made for."""
        if node.serial > self._youngest:
            i = bisect_left(self._last, node.serial)
            if i < len(self._last):
                return self._for[i]
        return self._before(node)

    def made(self, result: Node, node: Node) -> None:
        """Remember that `result`, and what was made just before for its sake, stand where `node` does."""
        newest = self._last[-1] if self._last else self._youngest
        if result.serial > newest:
            self._last.append(result.serial)
            self._for.append(self._before(node))


@collector_paused()
def rewrite(
    outputs: Iterable[Node], rule: Rule, place: Place = by_serial
) -> tuple[tuple[Node, ...], Replacements]:
    """The outputs of the rewritten graph, and what became of each node.

    `rule(node, operands)` is called once for every node, operands first; `operands` are the node's, already
    rewritten. It answers the node to use instead, or None to keep the node. A kept node whose operands are
    unchanged stays the very same object; one with new operands is copied with its name, scope and origin.
    Nodes that the rule builds get the scope and origin of the node that they stand for. `origin` always
    speaks of the graph before the rewriting, where its user knows the nodes.

    Raises GraphError if a replacement has another shape or dtype.
    """
    outputs = tuple(outputs)
    order = reached(outputs)
    new = Replacements(place, order[-1].serial if order else 0)
    before = current_origin.set(None)
    origin = None
    try:
        for scope, nodes in groupby(order, attrgetter("scope")):
            with absolute_scope(scope):
                for node in nodes:
                    operands = node.operands
                    if new:
                        for operand in operands:
                            if operand in new:
                                operands = tuple([new[o] for o in operands])
                                break
                    if node.origin is not origin:
                        origin = node.origin
                        current_origin.set(origin)
                    result = rule(node, operands)
                    if result is None:
                        if operands is node.operands:
                            continue
                        result = same_but(node, operands)
                    if result is not node:
                        if result.shape != node.shape or result.dtype is not node.dtype:
                            raise _misfit(node, result)
                        new[node] = result
                        new.made(result, node)
    finally:
        current_origin.reset(before)
    return tuple([new[node] for node in outputs]), new


def same_but(node: Node, operands: tuple[Node, ...], attributes: Mapping[str, Any] | None = None) -> Node:
    """The same computation on other operands of the same shapes and dtypes; name, scope and origin stay.

    With `attributes`, these replace the node's; the caller promises that shape and dtype do not change.
    """
    new = Node(
        node.op,
        operands,
        node.attributes if attributes is None else attributes,
        node.shape,
        node.dtype,
        node.name,
        node.storage,
    )
    put = object.__setattr__  # a node is frozen for all but the code that makes it
    put(new, "scope", node.scope)
    put(new, "origin", node.origin)
    return new


def substitute(
    outputs: Iterable[Node], replacements: Mapping[Node, Node]
) -> tuple[tuple[Node, ...], Replacements]:
    """The graph with given nodes replaced by others, and what became of each node."""
    return rewrite(outputs, lambda node, operands: replacements.get(node))


def _misfit(node: Node, result: Node) -> GraphError:
    return GraphError(
        f"rewrite: {node!r} cannot be replaced by {result!r}: wanted {node.dtype} {shape_text(node.shape)}, "
        f"found {result.dtype} {shape_text(result.shape)}."
    )
