"""Keep a graph in GraphML, which Gephi, yEd and networkx open: `save_graphml(graph, "net.graphml")`, `load_graphml`.

Nodes, edges and the graph carry the texts of `graphnn.io.flat`; nodes also have a `label` and edges a `port`, for
pictures only. What other tools add, such as places and colours, is left aside when the file is read.

The file is data from a stranger: XML that declares a document type or entities is refused, depth and counts are checked
before anything is built.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import ParseError

from graphnn.core.errors import GraphError
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.io.files import read_file, target, told, write_file
from graphnn.io.flat import FIELDS, Flat, built, check_kind, flat, inflated, output_ids, slot_of, whole_graph
from graphnn.io.graph_records import FORMAT, NODES, VERSION

__all__ = ["load_graphml", "save_graphml"]

# graphml > graph > node > data; yEd nests a few more.
_DEPTH = 20
_EDGES = 4 * NODES


def save_graphml(
    graph: Graph | Node | Iterable[Node], path: str | os.PathLike[str], *, weights: bool = True
) -> None:
    """Write the graph as GraphML. The file is replaced as a whole.

    weights : with the values of parameters; constants always have theirs

    Raises SettingError for a path that is none, DataError if the file cannot be written.
    """
    import networkx

    place, graph = target(path, "save_graphml"), whole_graph(graph)
    found = flat(graph, "save_graphml", weights=weights)
    out = networkx.MultiDiGraph(format=FORMAT, version=VERSION, outputs=" ".join(found.outputs))
    for node, (key, texts) in zip(graph.nodes, found.nodes.items(), strict=True):
        out.add_node(key, label=texts.get("name", node.op.name), **texts)
    for edge, (source, to, slot) in zip(graph.edges, found.edges, strict=True):
        out.add_edge(source, to, slot=slot, port=edge.port)
    # Not write_graphml: it chooses lxml where that is installed, and other bytes with it.
    lines = networkx.generate_graphml(out, encoding="utf-8", prettyprint=True)
    content = "<?xml version='1.0' encoding='utf-8'?>\n" + "\n".join(lines) + "\n"
    write_file(place, content.encode("utf-8"))


def load_graphml(path: str | os.PathLike[str], weights: Mapping[str, Any] | None = None) -> Graph:
    """The graph that `save_graphml` wrote. `weights` gives parameters, by name or id, a value of their own.

    Raises DataError for a file that cannot be read, GraphError for one that holds no graph or a damaged one.
    """
    place = target(path, "load_graphml")
    content = read_file(place)
    return built(lambda: inflated(_parsed(content, place.name)), weights, {}, place.name)


def _parsed(content: bytes, who: str) -> Flat:
    import networkx

    counts = _counts(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ports and of keys without a type: nothing here needs them
            found = networkx.parse_graphml(content, force_multigraph=True)
    except (
        networkx.NetworkXException, ParseError, LookupError, ValueError, TypeError, AttributeError, OverflowError,
    ) as error:  # fmt: skip
        raise GraphError(f"not valid GraphML: {_told(error)}.") from None
    if not found.is_directed() or (len(found), found.number_of_edges()) != counts:
        raise GraphError("wanted a directed graph whose nodes and edges all differ in their ids.")
    check_kind(found.graph.get("format"), found.graph.get("version"), "the file")
    nodes = {}
    for key, data in found.nodes.items():
        nodes[key] = {field: str(data[field]) for field in FIELDS if field in data}
    edges = [
        (s, t, slot_of(data.get("slot"), f"an edge to {told(t)}")) for s, t, data in found.edges(data=True)
    ]
    return Flat(nodes, tuple(edges), output_ids(found.graph.get("outputs"), "the file"))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}".rstrip(".: ")


def _counts(content: bytes) -> tuple[int, int]:
    """Nodes and edges of the text, read once without keeping anything: what must not be in it is refused here."""
    from xml.parsers import expat

    depth, counts = 0, {"graph": 0, "node": 0, "edge": 0}

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        word = name.rpartition(" ")[2]
        if word in counts:
            counts[word] += 1
        if depth > _DEPTH:
            raise GraphError(f"elements nest deeper than {_DEPTH}.")
        if counts["graph"] > 1 or counts["node"] > NODES or counts["edge"] > _EDGES:
            raise GraphError(f"wanted one graph of at most {NODES} nodes and {_EDGES} edges.")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: Any) -> None:
        raise GraphError("declares a document type, which can hold entities; GraphML needs none.")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise GraphError(f"not valid XML: {error}.") from None
    except (ValueError, LookupError) as error:  # an encoding that Python lacks
        raise error if isinstance(error, GraphError) else GraphError(f"not valid XML: {error}.") from None
    return counts["node"], counts["edge"]
