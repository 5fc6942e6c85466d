"""Files of graphs and models by their endings: which can be read and written, and what each keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import graphnn as gn

ENDINGS = {
    ".onnx": "ONNX",
    ".json": "JSON",
    ".safetensors": "safetensors",
    ".graphml": "GraphML",
    ".dot": "DOT",
    ".gv": "DOT",
}
# Those that know outputs by names of their own, and always have values.
WHOLE_MODELS = ("ONNX", "safetensors")
_READS = {"JSON": gn.io.load_graph, "GraphML": gn.io.load_graphml, "DOT": gn.io.load_dot}
_WRITES = {"JSON": gn.io.save_graph, "GraphML": gn.io.save_graphml, "DOT": gn.io.save_dot}


@dataclass(frozen=True)
class Read:
    """A graph from a file, its outputs by name, and what was noted beside it."""

    graph: gn.Graph
    outputs: Mapping[str, gn.Node]
    notes: Any = None


def format_of(path: Path) -> str:
    """The format that the file's ending names, or one sentence."""
    ending = path.suffix.lower()
    if ending in (".pt", ".pth", ".bin", ".pkl"):
        raise click.ClickException(
            f"{path.name!r} is a pickle by its ending, which can run code when it is read. In PyTorch, turn weights "
            "into safetensors, or export the module by gn.io.from_torch."
        )
    if ending not in ENDINGS:
        raise click.ClickException(
            f"the format comes from the file's ending; {path.name!r} ends in {ending or 'nothing'}, known are "
            f"{', '.join(ENDINGS)}."
        )
    return ENDINGS[ending]


def read_file(path: Path, sizes: Mapping[str, int] | None = None) -> Read:
    """What a file holds; `sizes` fixes axes that an ONNX file leaves open."""
    kind = format_of(path)
    if kind == "ONNX":
        model = gn.io.load_onnx(path, sizes=sizes or {})
    elif sizes:
        raise click.UsageError(f"--size fixes open axes of an ONNX file; {path.name!r} is {kind}.")
    elif kind == "safetensors":
        model = gn.io.load_model(path)
    else:
        graph = _READS[kind](path)
        return Read(graph, _named(graph))
    return Read(model.graph, model.outputs, model.notes)


def write_file(read: Read, path: Path, *, weights: bool = True) -> list[str]:
    """Write what was read; sentences about what the format does not keep."""
    kind = format_of(path)
    told = []
    if kind in WHOLE_MODELS:
        if not weights:
            raise click.UsageError(
                f"--no-weights: a file of {kind} always has the numbers of its parameters."
            )
        if kind == "ONNX":
            gn.io.save_onnx(dict(read.outputs), path)
            if isinstance(read.notes, dict) and read.notes.get("format") != "onnx":
                told.append("ONNX keeps no notes: those of the model are left out")
        else:
            gn.io.save_model(path, dict(read.outputs), notes=read.notes)
        return told
    _WRITES[kind](list(read.outputs.values()), path, weights=weights)
    for name, node in read.outputs.items():
        if node.name != name:
            called = f"is the node {node.name!r}" if node.name else "is a node without a name"
            told.append(f"{kind} keeps no names of outputs: {name!r} {called}")
    if read.notes is not None and not (isinstance(read.notes, dict) and read.notes.get("format") == "onnx"):
        told.append(f"{kind} keeps no notes: those of the model are left out")
    return told


def _named(graph: gn.Graph) -> dict[str, gn.Node]:
    """Outputs by the names of their nodes, made different."""
    named: dict[str, gn.Node] = {}
    for node in graph.outputs:
        base = name = node.name or "output"
        count = 1
        while name in named:
            count += 1
            name = f"{base}{count}"
        named[name] = node
    return named
