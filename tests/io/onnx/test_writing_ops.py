"""Every op, as each of its samples calls it, written as a graph of its own and run elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import graphnn as gn
from graphnn.core.dtypes import bool_, float32, float64, int64
from graphnn.core.errors import GraphnnError, OnnxError
from graphnn.core.node import Node
from onnx_written import agree, drawn, run, size_of_numbers, written
from op_cases import Case, cases, leaves, meaning, operands, smooth_cases

# What is written for matrices of a known size only, step by step: ONNX has no operator for it.
SIZED = {"cholesky", "inverse", "solve", "triangular_solve"}
TOLERANCES = {float32: 1e-5, float64: 1e-12, int64: 0.0}
# onnxruntime has no Erf of float64, and the one of the package onnx is a float32 inside.
ROUGH = {"erf", "gelu", "gelu_slope"}
# Neither of them can compute this in float64; float32 is compared.
NOT_RUN = {"conv_transpose2d-1-float64"}
EVERY = cases((float32, float64, int64, bool_))


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of small files would wait for it most of the time; that they are kept is tested elsewhere."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_an_op_gives_the_same_value_elsewhere(case: Case, tmp_path: Path) -> None:
    arrays = operands(case)
    inputs = leaves(case, arrays)
    node = case.record.node(*inputs, **case.sample.attributes)
    path = tmp_path / "op.onnx"
    model = written({"y": node}, path, draws="inputs")
    feeds = {str(leaf.name): np.asarray(array) for leaf, array in zip(inputs, arrays, strict=True)}
    feeds |= drawn(gn.Graph(node), model, feeds)
    wanted = meaning(case.record, arrays, {**case.record.attribute_defaults, **case.sample.attributes})
    if str(case) in NOT_RUN:
        return
    tolerance = 1e-6 if case.record.name in ROUGH else TOLERANCES.get(node.dtype, 0.0)
    agree(run(path, feeds)["y"], np.asarray(wanted, node.dtype), tolerance)


# A sample whose axes have names instead of sizes: those of equal size have the same name.
def named(case: Case, arrays: list[np.ndarray]) -> Node | None:
    """The op on open axes; None where the op itself wants to know a size, or the sample's settings name one."""
    inputs = [
        gn.input(case.record.port_name(k), tuple(f"n{d}" if d > 1 else d for d in a.shape), a.dtype)
        for k, a in enumerate(arrays)
    ]
    try:
        return case.record.node(*inputs, **case.sample.attributes)
    except GraphnnError:
        return None


# These want to know the number of channels, of steps, or of what they resize.
CLOSED = SIZED | {
    "cofactors",
    "conv2d_weight_slope",
    "cumprod",
    "linear_scan",
    "resize_axis",
    "gru_sweep_slope",
    "lstm_sweep",
    "lstm_sweep_slope",
    "resize_axis_slope",
    "rnn_sweep",
    "rnn_sweep_slope",
    "unfold",
}


@pytest.mark.parametrize("case", cases((float32,)), ids=str)
def test_axes_stay_open(case: Case, tmp_path: Path) -> None:
    arrays = operands(case)
    node = named(case, arrays)
    if node is None:
        pytest.skip("the op wants to know a size")
    path = tmp_path / "op.onnx"
    if case.record.name in CLOSED and any(d > 1 for a in arrays for d in a.shape):
        with pytest.raises(OnnxError, match="save_onnx: "):
            gn.io.save_onnx(node, path)
        return
    model = written({"y": node}, path, draws="inputs")
    feeds = {case.record.port_name(k): array for k, array in enumerate(arrays)}
    feeds |= drawn(gn.Graph(node), model, feeds)
    own = {str(n.name): feeds[str(n.name)] for n in gn.Graph(node).inputs}
    wanted = np.asarray(gn.Program([node])(own)[0])
    agree(run(path, feeds)["y"], wanted, TOLERANCES.get(node.dtype, 0.0))


# Steps back through time, differentiated: float32 keeps fewer digits of what cancels.
TWICE = {"gru_sweep_slope", "lstm_sweep_slope", "rnn_sweep_slope"}


@pytest.mark.parametrize("case", smooth_cases(float32), ids=str)
def test_a_slope_gives_the_same_value_elsewhere(case: Case, tmp_path: Path) -> None:
    arrays = operands(case, kink_gap=0.01)
    inputs = leaves(case, arrays)
    node = case.record.node(*inputs, **case.sample.attributes)
    wrt = [leaf for leaf in inputs if leaf.dtype is float32]
    slopes = gn.gradient(gn.sum(gn.sin(node)), wrt, no_path="zero")
    path = tmp_path / "slope.onnx"
    named = {f"slope {k}": slope for k, slope in enumerate(slopes)}
    model = written(named, path, draws="inputs")
    graph = gn.Graph(slopes)
    feeds = {str(leaf.name): np.asarray(array) for leaf, array in zip(inputs, arrays, strict=True)}
    wanted = gn.Program(slopes)({str(n.name): feeds[str(n.name)] for n in graph.inputs})
    feeds |= drawn(graph, model, feeds)
    found = run(path, feeds)
    scale = max(size_of_numbers(np.asarray(w)) for w in wanted)
    for name, value in zip(named, wanted, strict=True):
        agree(found[name], np.asarray(value), 1e-4 if case.record.name in TWICE else 1e-5, scale)


@pytest.mark.parametrize("opset", [18, 24])
def test_other_versions_of_the_operators(opset: int, tmp_path: Path) -> None:
    path = tmp_path / "op.onnx"
    for case in cases((float32,)):
        if case.number:
            continue
        arrays = operands(case)
        inputs = leaves(case, arrays)
        node = case.record.node(*inputs, **case.sample.attributes)
        model = written({"y": node}, path, draws="inputs", opset=opset)
        assert {o.domain: o.version for o in model.opset_import}[""] == opset
        feeds = {str(leaf.name): np.asarray(array) for leaf, array in zip(inputs, arrays, strict=True)}
        feeds |= drawn(gn.Graph(node), model, feeds)
        wanted = meaning(case.record, arrays, {**case.record.attribute_defaults, **case.sample.attributes})
        agree(run(path, feeds)["y"], np.asarray(wanted, node.dtype), 1e-5)
