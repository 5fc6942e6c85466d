r"""The text listing of a graph, `str(graph)`.

Grammar::

    listing    := "graph" [ "(" axis {", " axis} ")" ] newline { "  " statement newline } "  return " id {" " id}
    statement  := id " = " leaf | id " = " operation
    leaf       := ("input" | "parameter" | "constant") [" " name] " " dtype " " shape [" = " number]
    operation  := op [" " name] {" " id} {" " attribute "=" value} " -> " dtype " " shape [" in " scope]
    name       := Python string literal
    id         := "n" digits, numbered in topological order

The header lists the named axes. Every id is defined before it is used; parallel edges repeat the id. A constant
with one element shows its number; a parameter's value is state, not structure, and is not shown.
"""

from __future__ import annotations

from typing import Any

from graphnn.core.dims import Dim, shape_text
from graphnn.core.graph import Graph
from graphnn.core.node import Node


def listing(graph: Graph) -> str:
    """The graph as text, one node a line, in topological order."""
    axes = sorted({name for n in graph.nodes for d in n.shape if isinstance(d, Dim) for name in d.names()})
    lines = [f"graph({', '.join(axes)})" if axes else "graph"]
    lines += [f"  {graph.ids[node]} = {_statement(graph, node)}" for node in graph.nodes]
    lines.append(f"  return {' '.join(graph.ids[n] for n in graph.outputs)}")
    return "\n".join(lines)


def _statement(graph: Graph, node: Node) -> str:
    words = [node.op.name]
    if node.name:
        words.append(repr(node.name))
    kind = f"{node.dtype} {shape_text(node.shape)}"
    if node.role != "op":
        words.append(kind)
        if node.role == "constant" and node.storage is not None and node.storage.array.size == 1:
            words.append(f"= {node.storage.array.item()!r}")
        return " ".join(words)
    words += [graph.ids[operand] for operand in node.operands]
    words += [f"{key}={attribute_text(value)}" for key, value in node.attributes.items()]
    words.append(f"-> {kind}")
    if node.scope:
        words.append(f"in {node.scope}")
    return " ".join(words)


def attribute_text(value: Any) -> str:
    """A static attribute without spaces: `(1,0)`, `true`, `batch`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"({','.join(map(attribute_text, value))})"
    return repr(value) if isinstance(value, str) else str(value)
