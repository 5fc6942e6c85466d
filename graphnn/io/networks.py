"""Take a graph back from networkx: `from_networkx(graph.to_networkx())`, after whatever was done to it there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnn.core.dims import Dim
from graphnn.core.dtypes import as_dtype
from graphnn.core.errors import GraphError
from graphnn.core.graph import Graph
from graphnn.core.leaves import as_array
from graphnn.core.node import Node
from graphnn.io.files import told
from graphnn.io.flat import built, records_of
from graphnn.io.graph_json import attribute_of

__all__ = ["from_networkx"]

_WHO = "from_networkx"


def from_networkx(network: Any, weights: Mapping[str, Any] | None = None) -> Graph:
    """A new graph of what a networkx graph says of nodes and edges, as `graph.to_networkx()` says it.

    network : a directed graph. Nodes have `op`, `shape` and `dtype`, and where there are any `name`, `scope`,
        `attributes`, `trainable` and `value`; a leaf without `value` takes that of the `node` it was made from. Edges
        have their operand slot as key, or as `slot`. Other attributes of nodes and edges are left aside. The graph's
        own `outputs` lists ids; without it, outputs are the nodes that nothing uses.
    weights : gives parameters, by name or id, a value of their own

    Raises GraphError for what is no such graph, in one sentence.

    Example
    -------
    >>> import graphnn as gn
    >>> network = gn.Graph(gn.exp(gn.input("x", (2,)))).to_networkx()
    >>> network.nodes["n1"]["op"] = "tanh"
    >>> print(gn.io.from_networkx(network))
    graph
      n0 = input 'x' float32 (2,)
      n1 = tanh n0 -> float32 (2,)
      return n1
    """
    if not callable(getattr(network, "is_directed", None)) or not network.is_directed():
        raise GraphError(f"{_WHO}: wanted a directed graph of networkx, found {told(network)}.")
    tensors: dict[str, np.ndarray] = {}
    return built(lambda: _records(network, tensors), weights, tensors, _WHO)


def _records(network: Any, tensors: dict[str, np.ndarray]) -> dict[str, Any]:
    nodes = {key: _record(key, data, tensors) for key, data in network.nodes(data=True)}
    multi = network.is_multigraph()
    listed = (
        network.edges(keys=True, data=True)
        if multi
        else [(s, t, None, d) for s, t, d in network.edges(data=True)]
    )
    edges = []
    for source, to, key, data in listed:
        slot = data.get("slot", key)
        if isinstance(slot, bool) or not isinstance(slot, int | np.integer):
            raise GraphError(
                f"the edge from {told(source)} to {told(to)} does not say which operand slot it enters: its key, or "
                f"its 'slot', is {told(slot)}."
            )
        edges.append((source, to, int(slot)))
    outputs = network.graph.get("outputs")
    if outputs is None:
        outputs = [key for key in network if network.out_degree(key) == 0]
    if not isinstance(outputs, list | tuple):
        raise GraphError(f"outputs are a list of ids, found {told(outputs)}.")
    return records_of(nodes, edges, outputs)


def _record(key: Any, data: Mapping[str, Any], tensors: dict[str, np.ndarray]) -> dict[str, Any]:
    if not isinstance(key, str):
        raise GraphError(f"ids of nodes are texts, found {told(key)}.")
    who = f"node {told(key)}"
    record: dict[str, Any] = {}
    for field in ("op", "name", "scope"):
        word = data.get(field)
        if word is not None and not (isinstance(word, str) and not word):
            record[field] = word
    record["dtype"] = str(data.get("dtype"))
    shape = data.get("shape")
    if not isinstance(shape, list | tuple):
        raise GraphError(f"{who}: a shape is a tuple of sizes and axis names, found {told(shape)}.")
    record["shape"] = [_axis(d) for d in shape]
    attributes = data.get("attributes")
    attributes = {} if attributes is None else attributes
    if not isinstance(attributes, Mapping):
        raise GraphError(f"{who}: 'attributes' is a dict, found {told(attributes)}.")
    if attributes:
        record["attributes"] = {
            name: attribute_of(value, f"{who}: attribute {told(name)}") for name, value in attributes.items()
        }
    if (
        record.get("op") == "parameter"
        and data.get("trainable") is False
        and record["dtype"].startswith("float")
    ):
        record["trainable"] = False
    value = data.get("value")
    made_from = data.get("node")
    if value is None and isinstance(made_from, Node) and made_from.storage is not None:
        value = made_from.storage.array
    if value is not None and record.get("op") in ("parameter", "constant"):
        tensors[key] = as_array(value, as_dtype(record["dtype"], who), f"{who}: value")
        record["value"] = {"tensor": key}
    return record


def _axis(axis: Any) -> Any:
    if isinstance(axis, Dim):
        return str(axis)
    return int(axis) if isinstance(axis, np.integer) else axis
