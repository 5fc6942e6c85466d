"""Keep the numbers of parameters in a safetensors file: `save_weights(graph, "net.safetensors")`, `load_weights`.

A parameter is called by its scope and name, as in "hidden/w". The format holds numbers only, so a file from a
stranger can do nothing but be wrong, and that is told before any parameter is touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from graphnn.core.dims import shape_text
from graphnn.core.errors import DataError, SettingError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.io.container import read_container, write_container

FORMAT = {"format": "graphnn weights", "version": "1"}


def weight_names(parameters: Graph | Node | Iterable[Node]) -> dict[str, Node]:
    """{name: parameter}, in the order of the graph or as listed. Raises SettingError for two of one name."""
    if isinstance(parameters, Node) and parameters.role != "parameter":
        parameters = Graph(parameters)
    listed = parameters.parameters if isinstance(parameters, Graph) else parameters
    named: dict[str, Node] = {}
    for node in (listed,) if isinstance(listed, Node) else listed:
        if not isinstance(node, Node) or node.role != "parameter":
            raise SettingError(f"weights: wanted a graph or parameters, found {node!r}.")
        name = f"{node.scope}/{node.name}" if node.scope else str(node.name)
        if named.setdefault(name, node) is not node:
            raise SettingError(
                f"weights: two parameters are called {name!r}. Build the layers in scopes of their own, as in "
                "with gn.scope('first'): ..."
            )
    return named


def save_weights(
    parameters: Graph | Node | Iterable[Node],
    path: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the present values of a graph's parameters, or of those listed, to a safetensors file.

    metadata : texts to keep beside them. The file is replaced as a whole: a crash leaves the old one.
    """
    arrays = {name: np.array(node.value, order="C") for name, node in weight_names(parameters).items()}
    for key, text in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise SettingError(f"save_weights: metadata are texts by texts, found {key!r}: {text!r}.")
    write_container(path, arrays, {**(metadata or {}), **FORMAT})


def load_weights(
    parameters: Graph | Node | Iterable[Node], path: str | os.PathLike[str], *, partial: bool = False
) -> tuple[str, ...]:
    """Set parameters to the values of a safetensors file; the names that were set.

    partial : parameters without a value in the file keep theirs, and values without a parameter are left. Otherwise
    both are errors. Shapes and dtypes must agree.

    Raises DataError, before any parameter is changed.
    """
    named, found = weight_names(parameters), read_weights(path)
    file = Path(path).name
    absent = [name for name in named if name not in found]
    surplus = [name for name in found if name not in named]
    if absent and not partial:
        raise DataError(
            f"{file}: has no value for {absent[0]!r}, and {len(absent) - 1} more.{did_you_mean(absent[0], found)} "
            "Say partial=True to load what is there."
        )
    if surplus and not partial:
        raise DataError(
            f"{file}: {surplus[0]!r}, and {len(surplus) - 1} more, belong to no parameter."
            f"{did_you_mean(surplus[0], named)} Say partial=True to leave them."
        )
    taken = tuple(name for name in named if name in found)
    for name in taken:
        node, array = named[name], found[name]
        if array.shape != node.shape or array.dtype != node.dtype:
            raise DataError(
                f"{file}: {name!r} is {array.dtype} {shape_text(array.shape)}, but the parameter is {describe(node)}."
            )
    for name in taken:
        named[name].value = found[name]
    return taken


def read_weights(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """All arrays of a safetensors file, by name. Raises DataError for one that is absent or damaged."""
    return read_container(path)[0]


__all__ = ["load_weights", "read_weights", "save_weights", "weight_names"]
