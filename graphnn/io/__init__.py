"""Keep graphs and weights outside the process: JSON for graphs, safetensors for the numbers of parameters."""

from __future__ import annotations

from graphnn.io.graph_json import graph_from_json, graph_to_json, load_graph, save_graph
from graphnn.io.weights import load_weights, read_weights, save_weights

__all__ = [
    "graph_from_json",
    "graph_to_json",
    "load_graph",
    "load_weights",
    "read_weights",
    "save_graph",
    "save_weights",
]
