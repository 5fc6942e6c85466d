"""Keep graphs, weights and models outside the process, and take in those of others.

JSON, GraphML and DOT hold graphs, safetensors numbers and whole models, ONNX what other programs run; `from_torch` and
`from_networkx` take what stands in memory. docs/formats.md says which keeps what.
"""

from __future__ import annotations

from graphnn.core.files import write_whole
from graphnn.io.dot import load_dot, save_dot
from graphnn.io.graph_json import graph_from_json, graph_to_json, load_graph, save_graph
from graphnn.io.graphml import load_graphml, save_graphml
from graphnn.io.loaded import Model
from graphnn.io.model import load_model, save_model
from graphnn.io.networks import from_networkx
from graphnn.io.onnx import OnnxReport, load_onnx, onnx_report, save_onnx
from graphnn.io.torch_models import from_torch
from graphnn.io.torch_weights import load_torch_weights, save_torch_weights, to_torch_weights
from graphnn.io.weights import load_weights, read_weights, save_weights

__all__ = [
    "Model",
    "OnnxReport",
    "from_networkx",
    "from_torch",
    "graph_from_json",
    "graph_to_json",
    "load_dot",
    "load_graph",
    "load_graphml",
    "load_model",
    "load_onnx",
    "load_torch_weights",
    "load_weights",
    "onnx_report",
    "read_weights",
    "save_dot",
    "save_graph",
    "save_graphml",
    "save_model",
    "save_onnx",
    "save_torch_weights",
    "save_weights",
    "to_torch_weights",
    "write_whole",
]
