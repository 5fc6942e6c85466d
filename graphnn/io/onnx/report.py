"""Ask an ONNX file what it holds, whether it is sound, and whether it is read rightly: `onnx_report("net.onnx")`."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.dims import evaluate
from graphnn.core.errors import GraphnnError, OnnxError
from graphnn.io.loaded import Model
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.read.files import read_model
from graphnn.io.onnx.read.importer import load_onnx
from graphnn.io.onnx.read.limits import Limits
from graphnn.io.onnx.read.readers import import_readers
from graphnn.io.onnx.read.registry import READERS
from graphnn.io.onnx.read.schemas import plain_domain

__all__ = ["OnnxReport", "nature_of", "onnx_report"]

OPEN = 3
"""The size of an open axis in the inputs that are made up."""
AGREEMENT = 1e-4
"""So far may an output be off, as a share of its largest number; of float16 a hundred times as far."""


@dataclass(frozen=True)
class OnnxReport:
    """What `onnx_report` finds out.

    name : of the file
    fault : what onnx.checker finds wrong with it; "" for nothing
    producer, opsets : who made it, and the version of each domain of operators
    operators : how often each stands in it, branches and functions included
    unread : operators for which graphnn has no word, each with the reason
    refused : why the file cannot be read as a graph; "" where it can
    model : the graph, None where it cannot be read
    difference : the largest difference to onnxruntime's outputs, as a share of the largest number; None where they
        were not compared
    compared : in words, how they were compared, or why not
    agrees : whether nothing of all this is wrong
    """

    name: str
    fault: str
    producer: str
    opsets: Mapping[str, int]
    operators: Mapping[str, int]
    unread: Mapping[str, str]
    refused: str
    model: Model | None
    difference: float | None
    compared: str
    agrees: bool


def onnx_report(
    path: str | os.PathLike[str],
    *,
    sizes: Mapping[str, int] | None = None,
    constants: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> OnnxReport:
    """Check an ONNX file, read it, and compare its outputs with onnxruntime's, where that is installed.

    sizes : of axes that the file leaves open; others are 3 in the inputs that are made up
    constants : {input: numbers}, where the structure of the graph hangs on them
    seed : of these inputs: normal numbers, 0 or 1 for whole numbers

    Raises DataError for a file that is not there, OnnxError for one that is no ONNX model.
    """
    proto, _ = read_model(path, Limits())
    model, refused = None, ""
    try:
        model = load_onnx(path, sizes=sizes, constants=constants)
    except OnnxError as error:
        refused = str(error)
    fault = _fault(path)
    difference, compared, far = None, "", False
    if model is None:
        compared = "not compared: it is not read"
    elif fault:
        compared = "not compared: it is not sound"
    elif _draws(proto):
        compared = "not compared: it draws random numbers"
    else:
        feeds = _made_up(model, sizes or {}, seed)
        given = {name: np.asarray(numbers) for name, numbers in (constants or {}).items()}
        difference, compared, far = _against_runtime(path, proto, model, {**feeds, **given})
    counts = Counter(_key(node) for node in _nodes(proto))
    return OnnxReport(
        name=Path(path).name,
        fault=fault,
        producer=" ".join(filter(None, (proto.producer_name, proto.producer_version)))[:200],
        opsets={plain_domain(each.domain): each.version for each in proto.opset_import},
        operators=dict(sorted(counts.items())),
        unread=_unread(proto),
        refused=refused,
        model=model,
        difference=difference,
        compared=compared,
        agrees=not fault and not refused and not far,
    )


def _fault(path: str | os.PathLike[str]) -> str:
    checker, inference = onnx_package("onnx.checker"), onnx_package("onnx.shape_inference")
    try:
        checker.check_model(os.fspath(path), full_check=True)
    except (checker.ValidationError, inference.InferenceError, ValueError, RuntimeError) as error:
        return " ".join(str(error).split())[:300] or type(error).__name__
    return ""


def _nodes(proto: Any) -> Iterator[Any]:
    """Every node of a model, also those in branches and functions."""
    waiting = [proto.graph, *proto.functions]
    while waiting:
        for node in waiting.pop().node:
            yield node
            for attribute in node.attribute:
                waiting.extend([attribute.g] if attribute.HasField("g") else [])
                waiting.extend(attribute.graphs)


def _key(node: Any) -> str:
    domain = plain_domain(node.domain)
    return f"{domain}.{node.op_type}" if domain else str(node.op_type)


def _schema(node: Any, opsets: Mapping[str, int]) -> Any:
    defs, domain = onnx_package("onnx.defs"), plain_domain(node.domain)
    try:
        return defs.get_schema(node.op_type, opsets.get(domain, 1), domain)
    except defs.SchemaError:
        return None


def _draws(proto: Any) -> bool:
    opsets = {plain_domain(each.domain): each.version for each in proto.opset_import}
    found = (_schema(node, opsets) for node in _nodes(proto) if node.op_type != "Dropout")
    return any(schema is not None and schema.non_deterministic for schema in found)


def _unread(proto: Any) -> dict[str, str]:
    import_readers()
    opsets = {plain_domain(each.domain): each.version for each in proto.opset_import}
    own = {(plain_domain(f.domain), f.name) for f in proto.functions}
    unread: dict[str, str] = {}
    for node in _nodes(proto):
        key = (plain_domain(node.domain), node.op_type)
        if key in own or key in READERS:
            continue
        schema = _schema(node, opsets)
        if schema is None:
            unread[_key(node)] = f"the standard has no such operator in version {opsets.get(key[0], 'none')}"
        elif not schema.has_function:
            unread[_key(node)] = nature_of(schema)
    return dict(sorted(unread.items()))


def nature_of(schema: Any) -> str:
    """Why an operator that has no reader cannot have one, if its operands or results tell."""
    kinds = [set(port.types) for port in (*schema.inputs, *schema.outputs)]
    for words, prefixes in (
        ("it works on sequences or optionals of tensors", ("seq(", "optional(")),
        ("it works on maps", ("map(", "seq(map(")),
        ("it works on texts", ("tensor(string)",)),
    ):
        if any(found and all(t.startswith(prefixes) for t in found) for found in kinds):
            return words
    plain = {"tensor(float)", "tensor(double)", "tensor(int64)", "tensor(bool)"}
    if any(found and not found & plain for found in kinds):
        return "it works on quantised numbers, or on the bytes of a picture"
    return "it has no reader"


def _against_runtime(
    path: str | os.PathLike[str], proto: Any, model: Model, feeds: Mapping[str, np.ndarray]
) -> tuple[float | None, str, bool]:
    """The largest difference, how it was found, and whether it is too large."""
    try:
        runtime = importlib.import_module("onnxruntime")
    except ModuleNotFoundError:
        return None, "not compared: onnxruntime is not installed", False
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
        types = {each.name: _dtype(proto, each.name) for each in session.get_inputs()}
        wanted = session.run(None, {name: feeds[name].astype(dtype) for name, dtype in types.items()})
    except Exception as error:  # noqa: BLE001  # whatever another program cannot do is told, and is no fault of the file
        return None, f"not compared: onnxruntime cannot run it: {' '.join(str(error).split())[:200]}", False
    taken = {node: feeds[str(node.name)] for node in model.inputs}
    try:
        found = model.predict(taken, list(model.outputs), batch=None)
    except GraphnnError as error:
        return None, f"graphnn cannot run it on random inputs: {error}", True
    worst = 0.0
    for each, array in zip(session.get_outputs(), wanted, strict=True):
        ours = found[each.name]
        if ours.shape != array.shape:
            return None, f"output {each.name!r} is {ours.shape} here and {array.shape} in onnxruntime", True
        worst = max(worst, _distance(ours, array))
    half = any(array.dtype == np.float16 for array in wanted)
    words = f"outputs differ by {worst:.1e} of their largest number from those of onnxruntime {runtime.__version__}"
    return worst, words, not worst <= AGREEMENT * (100 if half else 1)


def _made_up(model: Model, sizes: Mapping[str, int], seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    feeds = {}
    for node in model.inputs:
        names = {name for d in node.shape if not isinstance(d, int) for name in d.names()}
        shape = evaluate(node.shape, {name: sizes.get(name, OPEN) for name in names})
        numbers = rng.normal(size=shape) if node.dtype.kind == "f" else rng.integers(0, 2, shape)
        feeds[str(node.name)] = np.asarray(numbers).astype(node.dtype)
    return feeds


def _dtype(proto: Any, name: str) -> Any:
    (info,) = [each for each in proto.graph.input if each.name == name]
    return onnx_package("onnx.helper").tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)


def _distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    largest = np.abs(b[np.isfinite(b)]).max(initial=0.0) or 1.0
    return float(np.where(same, 0.0, np.abs(a - b)).max() / largest)
