"""What the tests of written files share: write, check, run elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

import graphnn as gn
from graphnn.core.graph import Graph
from graphnn.io.onnx.write.door import save_onnx
from graphnn.io.onnx.write.registry import DRAWS
from graphnn.io.onnx.write.walker import reached

# onnxruntime has no code for these operators, mostly in float64: the package onnx evaluates them instead.
LACKING = (runtime_errors.NotImplemented,)


def written(what: Any, path: Path, **settings: Any) -> onnx.ModelProto:
    """The file as the package onnx reads it, thoroughly checked."""
    save_onnx(what, path, **settings)
    onnx.checker.check_model(str(path), full_check=True)
    return onnx.load(str(path))


def run(path: Path, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs by onnxruntime, or by the reference where onnxruntime has no code."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [o.name for o in session.get_outputs()]
        wanted = {i.name for i in session.get_inputs()}
        return dict(
            zip(names, session.run(names, {k: v for k, v in feeds.items() if k in wanted}), strict=True)
        )
    except LACKING:
        evaluator = ReferenceEvaluator(str(path))
        with np.errstate(all="ignore"):
            found = evaluator.run(None, {k: v for k, v in feeds.items() if k in evaluator.input_names})
        return dict(zip(evaluator.output_names, [np.asarray(f) for f in found], strict=True))


def drawn(graph: Graph, model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What random ops draw, by the names of the inputs that they became: these are the last ones."""
    nodes = [_draw_of(n) for n in reached(graph.outputs) if n.op.name in {*DRAWS, "dropout"}]
    if not nodes:
        return {}
    # The outputs stand there, too, because a draw may have an axis that only they say the size of.
    program = gn.Program([*nodes, *graph.outputs])
    inputs = {n.name for n in program.inputs}
    values = program({k: v for k, v in feeds.items() if k in inputs})[: len(nodes)]
    names = [i.name for i in model.graph.input][-len(nodes) :]
    return dict(zip(names, [np.asarray(v) for v in values], strict=True))


def _draw_of(node: gn.Node) -> gn.Node:
    if node.op.name != "dropout":
        return node
    x, _, counter = node.operands
    return gn.random_uniform(counter, x.shape, node.attributes["seed"], x.dtype)


def agree(found: np.ndarray, wanted: np.ndarray, tolerance: float, scale: float | None = None) -> None:
    """Equal to `tolerance` of each number or of `scale`, which is the largest one if not given; of the same dtype."""
    wanted = np.asarray(wanted)
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    allowed = tolerance * (size_of_numbers(wanted) if scale is None else scale)
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=allowed)


def size_of_numbers(array: np.ndarray) -> float:
    """The largest finite one."""
    finite = np.abs(array[np.isfinite(array)]) if array.dtype.kind == "f" else np.zeros(0)
    return float(finite.max()) if finite.size else 0.0
