"""Keep graphs outside the process: `gn.io.save_graph`, `gn.io.load_graph`, and their texts."""

from __future__ import annotations

from graphnn.io.graph_json import graph_from_json, graph_to_json, load_graph, save_graph

__all__ = ["graph_from_json", "graph_to_json", "load_graph", "save_graph"]
