"""Random graphs over all ops, with their gradients: written, and run elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import graphnn as gn
import random_kinds  # noqa: F401  (fills the list of kinds)
import random_kinds_more  # noqa: F401
from onnx_written import agree, drawn, run, size_of_numbers, written
from random_graphs import RandomGraph


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of small files would wait for it most of the time; that they are kept is tested elsewhere."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.parametrize("seed", range(60))
def test_a_random_graph_and_its_gradient_mean_the_same_elsewhere(seed: int, tmp_path: Path) -> None:
    made = RandomGraph(1000 + seed, steps=12)
    slopes = gn.gradient(made.output, list(made.leaves), no_path="zero")
    outputs = {"y": made.output, **{f"d{k}": slope for k, slope in enumerate(slopes)}}
    graph = gn.Graph(outputs.values())
    path = tmp_path / "net.onnx"
    model = written(outputs, path, draws="inputs")
    feeds = {str(leaf.name): np.asarray(value) for leaf, value in zip(made.leaves, made.values, strict=True)}
    program = gn.Program(list(outputs.values()))
    values = program({str(n.name): feeds[str(n.name)] for n in program.inputs})
    feeds |= drawn(graph, model, feeds)
    found = run(path, feeds)
    scale = max(size_of_numbers(np.asarray(v)) for v in values)
    for name, value in zip(outputs, values, strict=True):
        # The Erf of the package onnx, which steps in for onnxruntime in float64, is a float32 inside.
        agree(found[name], np.asarray(value), 1e-6, scale)
