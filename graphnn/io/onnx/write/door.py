"""Write a graph, a model or nodes as an ONNX file: `save_onnx(logits, "net.onnx")`."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, GraphError, OnnxError, SettingError
from graphnn.core.files import write_whole
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.io.files import target
from graphnn.io.loaded import Model
from graphnn.io.names import array_names
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.write.external import LARGEST_FILE, data_parts, lay_out
from graphnn.io.onnx.write.functions import DOMAIN, Functions
from graphnn.io.onnx.write.graph_body import GraphBody
from graphnn.io.onnx.write.graph_walker import GraphWalker
from graphnn.io.onnx.write.names import clean
from graphnn.io.onnx.write.walker import reached, source

__all__ = ["DEFAULT_OPSET", "LEAST_OPSET", "named_outputs", "onnx_model", "save_onnx"]

DEFAULT_OPSET, LEAST_OPSET = 21, 18
DRAWS = ("refuse", "inputs")


def save_onnx(
    what: Graph | Model | Node | Mapping[str, Node] | Iterable[Node],
    path: str | os.PathLike[str],
    *,
    opset: int = DEFAULT_OPSET,
    draws: str = "refuse",
    data_beside: bool | None = None,
    doc: str = "",
) -> None:
    """Write a graph with the present values of its parameters as an ONNX file, which other programs run and show.

    what : a graph, a model of `gn.io`, a node, {name: node}, or nodes; of a graph and of nodes each output is called
        by its name, and "output" if it has none
    opset : the version of ONNX's operators, from 18 on. onnxruntime reads 21, the default, since its version 1.20.
    draws : "refuse", or "inputs": what random ops draw comes in as inputs, called like their nodes
    data_beside : True puts large arrays into a file beside this one; without it only a model of more than 2 GB does
    doc : what the file says about the model

    Parameters become initialisers called `scope/name`, and named axes stay open: `batch` is a dimension of any size.
    Scopes stand in the names of nodes, `/block/dense/MatMul`, and in their metadata. Ops that ONNX does not have are
    written as functions of the domain `graphnn`, made of standard operators. What concerns training only, as updates
    of running means, is left out: the values are those of the graph that is given, so give the one for inference.

    The same graph gives the same bytes. Files are replaced as a whole. Needs the package onnx. Raises OnnxError for
    an op that cannot be written, SettingError for settings, DataError if a file cannot be written.

    Example
    -------
    >>> import tempfile, graphnn as gn
    >>> y = gn.nn.Dense(2, gn.relu, seed=1)(gn.input("x", ("batch", 3)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gn.io.save_onnx({"y": y}, f"{folder}/net.onnx")
    ...     model = gn.io.load_onnx(f"{folder}/net.onnx")
    >>> model.predict([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """
    path = target(path, "save_onnx")
    if data_beside is not None and not isinstance(data_beside, bool):
        raise SettingError(f"save_onnx: data_beside is True, False or None, found {data_beside!r}.")
    proto, numbers = onnx_model(what, opset=opset, draws=draws, doc=doc)
    total = sum(array.nbytes for _, array in numbers)
    beside = total + proto.ByteSize() > LARGEST_FILE if data_beside is None else data_beside
    if not beside and total + proto.ByteSize() > LARGEST_FILE:
        raise SettingError(
            f"save_onnx: the model has {total} bytes of numbers, more than a file of ONNX holds; leave data_beside out."
        )
    data = lay_out(proto, numbers, path.name, beside=beside)
    try:
        if data is not None:
            write_whole(path.with_name(data), *data_parts(numbers))
        write_whole(path, proto.SerializeToString(deterministic=True))
    except OSError as error:
        raise DataError(f"save_onnx: {path} cannot be written: {error.strerror or error}.") from error
    _forget_data(path, data)


def onnx_model(
    what: Any, *, opset: int = DEFAULT_OPSET, draws: str = "refuse", doc: str = ""
) -> tuple[Any, list[tuple[Any, np.ndarray]]]:
    """The ModelProto of a graph, and its initialisers, whose numbers are still beside it."""
    onnx = onnx_package()
    newest = onnx_package("onnx.defs").onnx_opset_version()
    opset = whole_number(opset, "save_onnx: opset", 1)
    if not LEAST_OPSET <= opset <= newest:
        raise SettingError(
            f"save_onnx: opset is {opset}; wanted {LEAST_OPSET} to {newest}, which the installed package onnx knows."
        )
    if draws not in DRAWS:
        raise SettingError(f'save_onnx: draws is "refuse" or "inputs", found {draws!r}.')
    if not isinstance(doc, str):
        raise SettingError(f"save_onnx: doc is a text, found {doc!r}.")
    named = named_outputs(what)
    version = _ir_version(opset)
    body, functions = GraphBody(opset, version), Functions(opset)
    nodes = reached(named.values())
    values: dict[Node, str] = {}
    for node in nodes:
        if node.role == "input":
            values[node] = body.add_input(body.names.take(str(node.name)), node.dtype, node.shape)
    results: dict[Node, str] = {}
    outputs: list[tuple[str, Node]] = []
    for name, node in named.items():
        outputs.append((body.names.take(clean(name, "output")), node))
    for node, name in array_names(n for n in nodes if n.role == "parameter").items():
        # What came from a file of ONNX is called by its whole name already.
        whole = str(node.name) if node.scope and str(node.name).startswith(f"{node.scope}/") else name
        values[node] = _parameter(body, node, body.names.take(whole))
    for name, node in outputs:
        if source(node) not in values:
            results.setdefault(source(node), name)
    walker = GraphWalker(body, functions, results, draws)
    walker.names.update(values)
    walker.write_all(nodes, list(results))
    proto = onnx.ModelProto()
    for name, node in outputs:
        found = walker.name_of(node)
        if found != name:
            (copy,) = body.emit("Identity", [found])
            body.rename(copy, name, len(body.nodes) - 1)
        proto.graph.output.append(body.info(name, node.dtype, node.shape))
    proto.ir_version = version
    # No room below imports the package itself; whoever calls this has.
    proto.producer_name, proto.producer_version = "graphnn", sys.modules["graphnn"].__version__
    proto.doc_string = clean(doc, "")
    proto.opset_import.add().version = opset
    if functions.protos:
        own = proto.opset_import.add()
        own.domain, own.version = DOMAIN, 1
        proto.functions.extend(functions.protos)
    proto.graph.name = clean(next(iter(named)), "graph")
    initializers = _without_unused(body)
    proto.graph.node.extend(body.nodes)
    proto.graph.input.extend(body.inputs)
    proto.graph.value_info.extend(body.value_info)
    return proto, initializers


def named_outputs(what: Any) -> dict[str, Node]:
    """{name: node} of what a user gave."""
    if isinstance(what, Model):
        return dict(what.outputs)
    if isinstance(what, Mapping):
        named = dict(what)
    else:
        nodes = what.outputs if isinstance(what, Graph) else (what,) if isinstance(what, Node) else what
        if not isinstance(nodes, Iterable):
            raise GraphError(
                f"save_onnx: wanted a graph, a model, a node, or {{name: node}}, found {what!r}."
            )
        named = {}
        for node in nodes:
            label = (node.name if isinstance(node, Node) else None) or "output"
            name, count = label, 1
            while name in named:
                name, count = f"{label}_{count}", count + 1
            named[name] = node
    if not named:
        raise GraphError("save_onnx: wanted at least one output, found none.")
    for name, node in named.items():
        if not isinstance(name, str) or not isinstance(node, Node):
            raise GraphError(f"save_onnx: outputs are {{name: node}}, found {name!r}: {node!r}.")
    return named


def _parameter(body: GraphBody, node: Node, name: str) -> str:
    notes = {"graphnn.role": "parameter"}
    if not node.trainable:
        notes["graphnn.trainable"] = "false"
    if node.storage is None:
        raise OnnxError(f"save_onnx: {node!r} holds no value.")
    return body.add_initializer(node.storage.array, name, notes)


def _without_unused(body: GraphBody) -> list[tuple[Any, np.ndarray]]:
    """The initialisers that an operator takes, without those that became attributes; constants likewise."""
    used = {name for node in body.nodes for name in node.input}
    body.nodes[:] = [n for n in body.nodes if n.op_type != "Constant" or n.output[0] in used]
    return [(tensor, array) for tensor, array in body.initializers if tensor.name in used]


def _ir_version(opset: int) -> int:
    """The version of the format that came with these operators."""
    found = onnx_package("onnx.helper").find_min_ir_version_for
    proto = onnx_package().OperatorSetIdProto()
    proto.version = opset
    return int(found([proto]))


def _forget_data(path: Path, kept: str | None) -> None:
    """Remove the files of numbers that belonged to models of this name before."""
    mine = re.compile(re.escape(path.name) + r"\.[0-9a-f]{16}\.data")
    for name in os.listdir(path.parent):
        if name != kept and mine.fullmatch(name):
            with contextlib.suppress(OSError):
                os.unlink(path.with_name(name))
