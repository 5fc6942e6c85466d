"""A graph as texts by name: what file formats keep that know nodes, edges and words, but neither lists nor numbers.

Of each node there are texts: `op`, `dtype`, `shape` (JSON, as in `graphnn.io.graph_json`), and where there are any
`name`, `scope`, `attributes`, `value` (both JSON) and `trainable` ("false"). An edge says which `slot` of its target
it enters. Texts hold no letter that XML or DOT would change: quotes, backslashes and control characters within names
stand as `\\u0022`, as JSON has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.core.collector import collector_paused
from graphnn.core.errors import GraphError, GraphnnError, SettingError
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.io.files import told
from graphnn.io.graph_json import leaf_numbers, record_of
from graphnn.io.graph_records import FORMAT, NODES, VERSION, graph_of_records, strict_json

__all__ = [
    "FIELDS",
    "Flat",
    "built",
    "check_kind",
    "flat",
    "inflated",
    "output_ids",
    "records_of",
    "slot_of",
    "whole_graph",
]

# Of a node, besides its id.
FIELDS = ("op", "dtype", "shape", "name", "scope", "attributes", "value", "trainable")
_JSON = ("shape", "attributes", "value", "trainable")
_NAMES = ("name", "scope")
# Letters that XML forbids, that it or DOT reads as something else, and halves of letters.
_UNSAFE = re.compile(r'[\x00-\x1f"\\\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]')


@dataclass(frozen=True)
class Flat:
    """nodes : {id: {field: text}} in topological order; edges : (source, target, slot); outputs : ids."""

    nodes: Mapping[str, Mapping[str, str]]
    edges: tuple[tuple[str, str, int], ...]
    outputs: tuple[str, ...]


def whole_graph(graph: Any) -> Graph:
    """The graph itself, or that of a node or nodes."""
    return graph if isinstance(graph, Graph) else Graph(graph)


def flat(graph: Graph, who: str, *, weights: bool) -> Flat:
    """The texts of a graph; without `weights`, parameters are left without values."""

    def value(leaf: Node) -> Any:
        return leaf_numbers(leaf) if weights or leaf.role == "constant" else None

    nodes = {graph.ids[node]: _texts(record_of(graph, node, value, who)) for node in graph.nodes}
    edges = [(graph.ids[e.source], graph.ids[e.target], e.slot) for e in graph.edges]
    return Flat(nodes, tuple(edges), tuple([graph.ids[node] for node in graph.outputs]))


def _texts(record: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for field in FIELDS:
        if field in record:
            value = record[field]
            text = json.dumps(value) if field in _JSON else _escaped(value) if field in _NAMES else value
            # A quote within a text of JSON is written as a number, so that no quote follows a backslash.
            found[field] = (
                re.sub(r'\\(["\\])', lambda m: f"\\u{ord(m[1]):04x}", text) if field in _JSON else text
            )
    return found


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def inflated(found: Flat) -> dict[str, Any]:
    """The records of `graphnn.io.graph_json`, whatever they are worth."""
    nodes = {
        key: {field: _read(field, text, f"node {told(key)}: {field}") for field, text in texts.items()}
        for key, texts in found.nodes.items()
    }
    return records_of(nodes, found.edges, found.outputs)


def records_of(
    nodes: Mapping[str, dict[str, Any]], edges: Iterable[tuple[str, str, int]], outputs: Iterable[str]
) -> dict[str, Any]:
    """The records of `graphnn.io.graph_json` of nodes by id, and of edges that say which slot they enter."""
    if len(nodes) > NODES:
        raise GraphError(f"{len(nodes)} nodes are more than {NODES}.")
    entering: dict[str, dict[int, str]] = {key: {} for key in nodes}
    for source, to, slot in edges:
        if source not in entering or to not in entering:
            raise GraphError(f"an edge from {told(source)} to {told(to)}: there is no such node.")
        if slot in entering[to]:
            raise GraphError(f"node {told(to)}: two edges enter its slot {slot}.")
        entering[to][slot] = source
    records = []
    for key, record in nodes.items():
        slots = entering[key]
        if any(slot not in slots for slot in range(len(slots))):
            raise GraphError(
                f"node {told(key)}: edges enter its slots {told(sorted(slots))}, wanted each from 0 on, once."
            )
        operands = {"operands": [slots[slot] for slot in range(len(slots))]} if slots else {}
        records.append({"id": key, **record, **operands})
    return {"format": FORMAT, "version": VERSION, "nodes": records, "outputs": list(outputs)}


def _read(field: str, text: str, who: str) -> Any:
    if field in _JSON:
        return strict_json(text, who)
    if field not in _NAMES or "\\" not in text:
        return text
    try:
        name = json.loads(f'"{text}"')
    except ValueError:
        name = None
    if not isinstance(name, str):
        raise GraphError(f"{who}: {told(text)} is not a text with escapes as JSON has them.")
    return name


def built(
    records: Callable[[], dict[str, Any]],
    weights: Mapping[str, Any] | None,
    tensors: Mapping[str, np.ndarray],
    who: str,
) -> Graph:
    """The graph of the records that a reader finds; whatever is wrong with them is a GraphError."""
    try:
        with collector_paused():
            return graph_of_records(records(), dict(weights or {}), tensors)
    except SettingError:
        raise
    except RecursionError:
        raise GraphError(f"{who}: the text nests too deeply.") from None
    except GraphnnError as error:
        raise GraphError(f"{who}: {error}") from error


def output_ids(text: Any, who: str) -> tuple[str, ...]:
    """Ids of outputs, one after another with spaces between them."""
    if not isinstance(text, str) or not text.split():
        raise GraphError(f"{who}: the graph does not say which nodes are its outputs.")
    return tuple(text.split())


def check_kind(format_: Any, version: Any, who: str) -> None:
    """Refuse what is no graph of ours, or one of another version."""
    if format_ != FORMAT:
        raise GraphError(
            f"{who}: not a graph of graphnn: wanted the format {FORMAT!r}, found {told(format_)}."
        )
    if str(version) != str(VERSION):
        raise GraphError(
            f"{who}: version {str(version)[:20]} is not known; this graphnn reads version {VERSION}."
        )


def slot_of(text: Any, who: str) -> int:
    """The slot that an edge enters."""
    word = str(text)
    if isinstance(text, bool) or not word.isascii() or not word.isdigit() or len(word) > 9:
        raise GraphError(f"{who}: an edge enters a slot, a whole number from 0 on, found {told(text)}.")
    return int(word)
