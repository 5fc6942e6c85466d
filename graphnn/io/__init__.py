"""Keep graphs, weights and models outside the process: JSON for graphs, safetensors for numbers and whole models."""

from __future__ import annotations

from graphnn.core.files import write_whole
from graphnn.io.graph_json import graph_from_json, graph_to_json, load_graph, save_graph
from graphnn.io.loaded import Model
from graphnn.io.model import load_model, save_model
from graphnn.io.weights import load_weights, read_weights, save_weights

__all__ = [
    "Model",
    "graph_from_json",
    "graph_to_json",
    "load_graph",
    "load_model",
    "load_weights",
    "read_weights",
    "save_graph",
    "save_model",
    "save_weights",
    "write_whole",
]
