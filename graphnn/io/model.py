"""Keep a model in one file: `save_model("net.safetensors", logits)`, `load_model("net.safetensors").predict(x)`.

The file is safetensors: each parameter and each large constant is an array, and the graph is a text of JSON beside
them (`graphnn.io.graph_json`). There is no code in it, so a file from a stranger can be wrong but do nothing; the ops
that it names must be declared in the process that reads it. Checkpoints of a training hold a model, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, GraphError, SettingError
from graphnn.core.graph import Graph
from graphnn.core.node import Node, require_storage
from graphnn.core.registry import OPS
from graphnn.io.container import json_text, json_value, read_own, write_container
from graphnn.io.files import told
from graphnn.io.graph_json import LIST_ELEMENTS, graph_of_text, graph_text, leaf_numbers
from graphnn.io.loaded import Model
from graphnn.io.names import array_names

MODEL = "graphnn model"
CHECKPOINT = "graphnn checkpoint"
READS = {MODEL: "1", CHECKPOINT: "1"}


def save_model(
    path: str | os.PathLike[str], outputs: Node | Mapping[str, Node], *, notes: Any = None
) -> None:
    """Write the graph of `outputs`, with the present values of its parameters, to one safetensors file.

    outputs : what the model is for, as {name: node}; a single node is called "output"
    notes : what a reader should know, such as the names of classes: numbers, texts, None, and lists and dicts of these

    The file is replaced as a whole: after a crash at any moment it is the old one or the new one. Raises SettingError
    for outputs, notes or a path that cannot be kept, DataError if the file cannot be written.

    Example
    -------
    >>> import tempfile, graphnn as gn
    >>> y = gn.nn.Dense(2, seed=1)(gn.input("x", ("batch", 3)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gn.io.save_model(f"{folder}/net.safetensors", y, notes={"classes": ["cat", "dog"]})
    ...     model = gn.io.load_model(f"{folder}/net.safetensors")
    >>> model.notes["classes"], model.predict([[1.0, 2.0, 3.0]]).shape
    (['cat', 'dog'], (1, 2))
    """
    named = _checked_outputs(outputs)
    arrays, texts = model_parts(named, {})
    texts["notes"] = json_text(notes, "save_model: notes")
    write_container(path, arrays, {**texts, "format": MODEL, "version": READS[MODEL]})


def load_model(path: str | os.PathLike[str]) -> Model:
    """The model that `save_model` wrote, or the one in a checkpoint of a training.

    Raises DataError for a file that is absent, damaged, foreign or of another version, GraphError for one whose graph
    cannot be built here, as when an op of its own is not declared.
    """
    arrays, texts = read_own(path, READS)
    return model_of_parts(arrays, texts, os.path.basename(os.fspath(path)))


def model_parts(
    outputs: Mapping[str, Node], known: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and texts that describe a model, for a file that holds the arrays `known` already.

    An array of a parameter's name and bits need not be kept twice.
    """
    graph = Graph(list(outputs.values()))
    leaves = [n for n in graph.nodes if n.role == "parameter" or _is_large(n)]
    arrays: dict[str, np.ndarray] = {}
    places: dict[Node, str] = {}
    for node, name in array_names(leaves).items():
        value = np.array(require_storage(node, "save_model").array, order="C")
        place = name
        while place in arrays or (place in known and not _same_bits(known[place], value)):
            place = f"model: {place}"
        places[node] = place
        if place not in known:
            arrays[place] = value

    def written(leaf: Node) -> Any:
        return {"tensor": places[leaf]} if leaf in places else leaf_numbers(leaf)

    texts = {"graph": graph_text(graph, written), "outputs": json.dumps(list(outputs))}
    own = {n.op.name: n.op.__module__ for n in graph.nodes if not _is_ours(n.op.__module__)}
    if own:
        texts["declared"] = json.dumps(own, sort_keys=True)
    return arrays, texts


def model_of_parts(arrays: Mapping[str, np.ndarray], texts: Mapping[str, str], who: str) -> Model:
    """The model that these arrays and texts describe."""
    outputs = json_value(texts.get("outputs", "null"), f"{who}: outputs")
    if outputs is None or "graph" not in texts:
        raise DataError(f"{who} holds no model: whoever wrote it gave it no output.")
    if not isinstance(outputs, list) or not all(isinstance(name, str) and name for name in outputs):
        raise DataError(f"{who}: outputs: wanted a list of names, found {told(outputs)}.")
    notes = json_value(texts.get("notes", "null"), f"{who}: notes")
    declared = json_value(texts.get("declared", "{}"), f"{who}: declared")
    for op, module in declared.items() if isinstance(declared, dict) else ():
        if op not in OPS:
            raise GraphError(
                f"{who}: uses the op {told(op)}, declared in {told(module)}. Import the module that declares it, "
                "then load the file again: a file holds no code."
            )
    try:
        graph = graph_of_text(texts["graph"], {}, arrays)
    except GraphError as error:
        raise GraphError(f"{who}: {error}") from error
    if len(graph.outputs) != len(outputs) or len(set(outputs)) != len(outputs):
        raise DataError(
            f"{who}: outputs: the graph has {len(graph.outputs)}, but the names are {told(outputs)}."
        )
    return Model(graph, dict(zip(outputs, graph.outputs, strict=True)), notes)


def _checked_outputs(outputs: Any) -> dict[str, Node]:
    named = {"output": outputs} if isinstance(outputs, Node) else outputs
    if not isinstance(named, Mapping) or not named:
        raise SettingError(f"save_model: outputs are a node or {{name: node}}, found {outputs!r}.")
    for name, node in named.items():
        if not isinstance(name, str) or not name:
            raise SettingError(f"save_model: an output's name is a non-empty text, found {name!r}.")
        if not isinstance(node, Node):
            raise SettingError(f"save_model: output {name!r} is a node, found {node!r}.")
    return dict(named)


def _is_large(node: Node) -> bool:
    return node.role == "constant" and require_storage(node, "save_model").array.size > LIST_ELEMENTS


def _is_ours(module: str) -> bool:
    return module == "graphnn" or module.startswith("graphnn.")


def _same_bits(one: np.ndarray, two: np.ndarray) -> bool:
    return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()


__all__ = ["CHECKPOINT", "MODEL", "READS", "load_model", "model_of_parts", "model_parts", "save_model"]
