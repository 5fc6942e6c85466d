"""Keep a graph in DOT, the language of Graphviz: `save_dot(graph, "net.dot")`, `load_dot("net.dot")`.

Any Graphviz draws the file; the texts of `graphnn.io.flat` stand beside in attributes that begin with `gn_`, which
Graphviz leaves alone. Other attributes, such as colours, are left aside when the file is read. For pictures that show
more, see `viz.draw(graph).save("net.dot")`.

The file is data from a stranger: it is read by the Graphviz in WebAssembly that comes with graphnn, which sees no file
and no network, in a memory of its own, with a limited number of instructions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from graphnn.core.errors import GraphError
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.io.dot_reader import DOT_BYTES, VALUE_LETTERS, parsed_dot
from graphnn.io.files import read_file, target, told, write_file
from graphnn.io.flat import FIELDS, Flat, built, check_kind, flat, inflated, output_ids, slot_of, whole_graph
from graphnn.io.graph_records import FORMAT, NODES, VERSION, utf8

__all__ = ["load_dot", "save_dot"]

_SHAPES = {"input": "invhouse", "parameter": "octagon", "constant": "box", "op": "ellipse"}


def save_dot(
    graph: Graph | Node | Iterable[Node], path: str | os.PathLike[str], *, weights: bool = True
) -> None:
    """Write the graph as DOT. The file is replaced as a whole.

    weights : with the values of parameters; constants always have theirs

    Raises GraphError for arrays that are too long for this format, SettingError for a path that is none, DataError if
    the file cannot be written.
    """
    place, graph = target(path, "save_dot"), whole_graph(graph)
    found = flat(graph, "save_dot", weights=weights)
    head = {"gn_format": FORMAT, "gn_version": str(VERSION), "gn_outputs": " ".join(found.outputs)}
    lines = ["digraph graphnn {", f"  graph [{_listed(head)}]"]
    for node, (key, texts) in zip(graph.nodes, found.nodes.items(), strict=True):
        if len(texts.get("value", "")) > VALUE_LETTERS:
            raise GraphError(
                f"save_dot: {node!r} takes more than {VALUE_LETTERS} letters, which Graphviz is slow to read. Say "
                "weights=False, or keep the graph as JSON or safetensors."
            )
        look = {"label": _label(texts.get("name", node.op.name)), "shape": _SHAPES[node.role]}
        lines.append(
            f"  {key} [{_listed({**look, **{f'gn_{field}': text for field, text in texts.items()}})}]"
        )
    for source, to, slot in found.edges:
        lines.append(f"  {source} -> {to} [gn_slot={slot}]")
    content = "\n".join([*lines, "}", ""]).encode("utf-8")
    if len(content) > DOT_BYTES:
        raise GraphError(
            f"save_dot: the file would have {len(content)} bytes, more than the {DOT_BYTES} that load_dot reads. Say "
            "weights=False, or keep the graph as JSON or safetensors."
        )
    write_file(place, content)


def load_dot(path: str | os.PathLike[str], weights: Mapping[str, Any] | None = None) -> Graph:
    """The graph that `save_dot` wrote. `weights` gives parameters, by name or id, a value of their own.

    Raises DataError for a file that cannot be read, GraphError for one that holds no graph or a damaged one.
    """
    place = target(path, "load_dot")

    def check(size: int) -> None:
        if size > DOT_BYTES:
            raise GraphError(f"{place.name}: {size} bytes are more than {DOT_BYTES}.")

    content = read_file(place, check)
    return built(lambda: inflated(_flat_of(parsed_dot(utf8(content)))), weights, {}, place.name)


def _listed(attributes: Mapping[str, str]) -> str:
    """Attributes as DOT has them. Texts of `graphnn.io.flat` have no backslash before a quote."""
    return ", ".join(
        [f'{key}="{text.replace(chr(34), chr(92) + chr(34))}"' for key, text in attributes.items()]
    )


def _label(text: str) -> str:
    """A label that shows the text as it is: backslashes have a meaning in labels."""
    return text.replace("\\", "\\\\")


def _flat_of(data: Mapping[str, Any]) -> Flat:
    if data.get("directed") is not True:
        raise GraphError("wanted a directed graph: digraph { ... }.")
    check_kind(data.get("gn_format"), data.get("gn_version"), "the file")
    # Subgraphs, such as clusters that somebody drew around nodes, stand before the nodes.
    objects = data.get("objects", [])[data.get("_subgraph_cnt", 0) :]
    if len(objects) > NODES:
        raise GraphError(f"{len(objects)} nodes are more than {NODES}.")
    keys = {each["_gvid"]: each["name"] for each in objects}
    nodes = {
        each["name"]: {field: each[f"gn_{field}"] for field in FIELDS if each.get(f"gn_{field}")}
        for each in objects
    }
    edges = [
        (keys[e["tail"]], keys[e["head"]], slot_of(e.get("gn_slot"), f"an edge to {told(keys[e['head']])}"))
        for e in data.get("edges", [])
    ]
    return Flat(nodes, tuple(edges), output_ids(data.get("gn_outputs"), "the file"))
