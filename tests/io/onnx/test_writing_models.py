"""Every layer, and every graph that the gallery shows: written, run elsewhere, read back, with equal gradients."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import graphnn as gn
import viz
from docs_scripts import script
from graphnn.core.dims import evaluate
from graphnn.core.dtypes import is_float
from graphnn.io.names import array_names
from graphnn.io.onnx.write.walker import reached
from onnx_written import agree, drawn, run, size_of_numbers, written

BATCHES = (2, 5)
# What these do to a gradient a file of values does not say.
BENT = {"clip_gradient", "gradient_reversal", "scale_gradient", "stop_gradient", "straight_through"}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of small files would wait for it most of the time; that they are kept is tested elsewhere."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def in_float32(graph: gn.Graph) -> gn.Graph:
    """The same graph with all of its float64 as float32."""
    text = json.loads(gn.io.graph_to_json(graph))
    for record in text["nodes"]:
        value = record.get("value")
        if record["dtype"] == "float64" and isinstance(value, dict):
            numbers = np.frombuffer(base64.b64decode(value["base64"]), "<f8").astype("<f4")
            value["base64"] = base64.b64encode(numbers.tobytes()).decode()
    return gn.io.graph_from_json(json.dumps(text).replace('"float64"', '"float32"'))


def feeds_of(graph: gn.Graph, batch: int) -> dict[str, np.ndarray]:
    """Numbers for every input; whole ones are small enough to be labels and rows."""
    rng = np.random.default_rng(batch)
    feeds = {}
    for node in graph.inputs:
        names = {name: batch for d in node.shape if not isinstance(d, int) for name in d.names()}
        shape = evaluate(node.shape, names)
        value = rng.normal(size=shape) if is_float(node.dtype) else rng.integers(0, 2, shape)
        feeds[str(node.name)] = np.asarray(value).astype(node.dtype)
    return feeds


def gradients(
    outputs: Iterable[gn.Node], parameters: list[gn.Node], feeds: dict[str, np.ndarray]
) -> list[Any]:
    """Of a sum of all float outputs, each number of them weighed by another weight."""
    total = None
    for node in outputs:
        if is_float(node.dtype):
            part = gn.sum(gn.sin(node.cast("float64") + 0.3))
            total = part if total is None else total + part
    found = gn.gradient(total, parameters)
    program = gn.Program(found)
    wanted = {str(n.name) for n in program.inputs}
    return list(program({k: v for k, v in feeds.items() if k in wanted}))


def check(graph: gn.Graph, path: Path) -> None:
    """The file is sound, gives our values in onnxruntime at both batch sizes, and comes back as the same function."""
    named = {f"out {k}": node for k, node in enumerate(graph.outputs)}
    model = written(named, path, draws="inputs")
    back = gn.io.load_onnx(path)
    program = gn.Program(list(graph.outputs))
    known = {str(n.name) for n in program.inputs}
    for batch in BATCHES:
        feeds = feeds_of(graph, batch)
        values = program({k: v for k, v in feeds.items() if k in known})
        feeds |= drawn(graph, model, feeds)
        found = run(path, feeds)
        again = back.predict({str(n.name): feeds[str(n.name)] for n in back.inputs}, list(named), batch=None)
        for name, value in zip(named, values, strict=True):
            agree(found[name], np.asarray(value), 1e-5)
            agree(np.asarray(again[name]), np.asarray(value), 1e-5)
    bent = any(n.op.name in BENT for n in graph.nodes)
    mine = {name: p for p, name in array_names(_parameters(graph)).items() if p.trainable}
    theirs = {name: p for p, name in array_names(_parameters(back.graph)).items() if p.trainable}
    assert set(theirs) == set(mine)
    if bent or not mine or not any(is_float(n.dtype) for n in graph.outputs):
        return
    left = gradients(graph.outputs, list(mine.values()), feeds)
    right = gradients(back.outputs.values(), [theirs[name] for name in mine], feeds)
    # Some are 0 but for rounding, as that of a bias which a softmax takes out again: the others say what is small.
    scale = max(size_of_numbers(np.asarray(g)) for g in left)
    for a, b in zip(left, right, strict=True):
        agree(np.asarray(b), np.asarray(a), 1e-5, scale)


def _parameters(graph: gn.Graph) -> list[gn.Node]:
    return [n for n in reached(graph.outputs) if n.role == "parameter"]


# Layers

ROWS, IMAGES, SERIES = ("batch", 6), ("batch", 4, 8, 8), ("batch", 5, 6)
LAYERS: dict[str, tuple[Callable[[], Any], tuple[Any, ...]]] = {
    "AdaptiveAvgPool2d": (lambda: gn.nn.AdaptiveAvgPool2d(3), IMAGES),
    "AvgPool1d": (lambda: gn.nn.AvgPool1d(2, padding=1), SERIES),
    "AvgPool2d": (lambda: gn.nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), IMAGES),
    "BatchNorm": (lambda: gn.nn.BatchNorm(), IMAGES),
    "Branches": (lambda: gn.nn.Branches([gn.nn.Dense(3), gn.nn.Dense(2, gn.tanh)]), ROWS),
    "ChannelDropout": (lambda: gn.nn.ChannelDropout(0.5), IMAGES),
    "Conv1d": (lambda: gn.nn.Conv1d(4, 3, gn.relu, padding=1), SERIES),
    "Conv2d": (lambda: gn.nn.Conv2d(6, 3, gn.silu, stride=2, padding=1, groups=2), IMAGES),
    "ConvTranspose1d": (lambda: gn.nn.ConvTranspose1d(4, 3, stride=2), SERIES),
    "ConvTranspose2d": (lambda: gn.nn.ConvTranspose2d(2, 3, stride=2, padding=1), IMAGES),
    "CutMix": (lambda: gn.nn.CutMix(), IMAGES),
    "Dense": (lambda: gn.nn.Dense(3, gn.gelu), SERIES),
    "Dropout": (lambda: gn.nn.Dropout(0.5), ROWS),
    "Ensemble": (lambda: gn.nn.Ensemble([gn.nn.Dense(3, name="a"), gn.nn.Dense(3, name="b")]), ROWS),
    "FeedForward": (lambda: gn.nn.FeedForward(12), SERIES),
    "Flatten": (lambda: gn.nn.Flatten(), IMAGES),
    "GRU": (lambda: gn.nn.GRU(3), SERIES),
    "GRU both ways": (lambda: gn.nn.GRU(3, both_ways=True, layers=2, sequences=True), SERIES),
    "GaussianNoise": (lambda: gn.nn.GaussianNoise(), ROWS),
    "GlobalAvgPool2d": (lambda: gn.nn.GlobalAvgPool2d(), IMAGES),
    "GlobalMaxPool2d": (lambda: gn.nn.GlobalMaxPool2d(), IMAGES),
    "GroupNorm": (lambda: gn.nn.GroupNorm(2), IMAGES),
    "InstanceNorm": (lambda: gn.nn.InstanceNorm(), IMAGES),
    "LSTM": (lambda: gn.nn.LSTM(3), SERIES),
    "LSTM both ways": (lambda: gn.nn.LSTM(3, both_ways=True, layers=2, sequences=True), SERIES),
    "LSTM without bias": (lambda: gn.nn.LSTM(3, use_bias=False), ("batch", "steps", 6)),
    "Lambda": (lambda: gn.nn.Lambda(lambda x: gn.square(x) + 1.0), ROWS),
    "LayerNorm": (lambda: gn.nn.LayerNorm(), SERIES),
    "LayerNorm of two axes": (lambda: gn.nn.LayerNorm(axes=2), SERIES),
    "MaxPool1d": (lambda: gn.nn.MaxPool1d(2), SERIES),
    "MaxPool2d": (lambda: gn.nn.MaxPool2d(3, stride=2, padding=1), IMAGES),
    "Mixup": (lambda: gn.nn.Mixup(), ROWS),
    "MultiHeadAttention": (lambda: gn.nn.MultiHeadAttention(2, causal=True), SERIES),
    "NoisyRelu": (lambda: gn.nn.NoisyRelu(), ROWS),
    "PReLU": (lambda: gn.nn.PReLU(per_channel=True), IMAGES),
    "PositionalEncoding": (lambda: gn.nn.PositionalEncoding(), SERIES),
    "RMSNorm": (lambda: gn.nn.RMSNorm(), SERIES),
    "RNN": (lambda: gn.nn.RNN(3), SERIES),
    "RNN both ways": (lambda: gn.nn.RNN(3, both_ways=True, sequences=True, activation="relu"), SERIES),
    "RandomAffine": (lambda: gn.nn.RandomAffine(turn=9.0), IMAGES),
    "RandomBrightness": (lambda: gn.nn.RandomBrightness(), IMAGES),
    "RandomContrast": (lambda: gn.nn.RandomContrast(), IMAGES),
    "RandomCrop": (lambda: gn.nn.RandomCrop(6), IMAGES),
    "RandomErase": (lambda: gn.nn.RandomErase(2), IMAGES),
    "RandomFlip": (lambda: gn.nn.RandomFlip(), IMAGES),
    "RandomRotate": (lambda: gn.nn.RandomRotate(), IMAGES),
    "RandomShift": (lambda: gn.nn.RandomShift(), IMAGES),
    "RandomZoom": (lambda: gn.nn.RandomZoom(), IMAGES),
    "Repeat": (lambda: gn.nn.Repeat(2, lambda: gn.nn.Dense(6, gn.relu)), ROWS),
    "Reshape": (lambda: gn.nn.Reshape((2, 3)), ROWS),
    "Residual": (lambda: gn.nn.Residual([gn.nn.Dense(6, gn.relu)]), ROWS),
    "Sequential": (lambda: gn.nn.Sequential([gn.nn.Dense(4), gn.relu, gn.nn.Dense(2)]), ROWS),
    "TransformerBlock": (lambda: gn.nn.TransformerBlock(2, hidden=8), SERIES),
    "TransformerDecoderBlock": (lambda: gn.nn.TransformerDecoderBlock(2, hidden=8), SERIES),
    "Upsample": (lambda: gn.nn.Upsample(2), IMAGES),
    "Upsample between": (lambda: gn.nn.Upsample(size=5, mode="linear"), IMAGES),
}
# Layers that take something else, too.
SECOND = {"TransformerDecoderBlock": ("batch", 3, 6), "CutMix": ("batch", 3), "Mixup": ("batch", 3)}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_means_the_same_elsewhere(name: str, tmp_path: Path) -> None:
    make, shape = LAYERS[name]
    layer, x = make(), gn.input("x", shape)
    operands = [x]
    if name in SECOND:
        operands.append(gn.input("other", SECOND[name]))
    check(gn.Graph(layer(*operands)), tmp_path / "layer.onnx")


def test_an_embedding_means_the_same_elsewhere(tmp_path: Path) -> None:
    words = gn.input("words", ("batch", 5), "int64")
    check(gn.Graph(gn.nn.Embedding(7, 4)(words)), tmp_path / "layer.onnx")


def test_a_loss_and_its_training_graph_can_be_written(tmp_path: Path) -> None:
    x, y = gn.input("x", ("batch", 4, 8, 8)), gn.input("y", ("batch",), "int64")
    steps = [
        gn.nn.Conv2d(4, 3, gn.relu),
        gn.nn.BatchNorm(),
        gn.nn.Flatten(),
        gn.nn.Dropout(0.5),
        gn.nn.Dense(3),
    ]
    net = gn.nn.Sequential(steps, seed=1)
    loss = gn.softmax_cross_entropy(net(x, training=True), y)
    check(gn.Graph(loss), tmp_path / "loss.onnx")


def test_every_layer_is_among_these() -> None:
    layers = {
        n
        for n in gn.nn.__all__
        if isinstance(kind := getattr(gn.nn, n), type) and issubclass(kind, gn.nn.Layer)
    }
    assert layers - {"Embedding", "Layer", "Recurrent"} <= {name.split()[0] for name in LAYERS}


# The gallery


PICTURES = [picture for pictures in script("make_gallery").SECTIONS.values() for picture in pictures]
VIEWED = [name for name in viz.__all__ if callable(getattr(viz, name)) and name[0].islower()]


def graphs_of(shown: Any) -> list[gn.Graph]:
    """The graphs of what a picture is made of."""
    if isinstance(shown, gn.Graph):
        return [shown]
    if isinstance(shown, gn.Node):
        return [gn.Graph(shown)]
    if isinstance(getattr(shown, "graph", None), gn.Graph):
        return [shown.graph]
    if isinstance(getattr(shown, "output", None), gn.Node):
        return [gn.Graph(shown.output)]
    if isinstance(shown, list | tuple):
        return [graph for one in shown for graph in graphs_of(one)]
    return []


# Curves of ops and of rates, and lessons whose graphs viz makes by itself.
WITHOUT_GRAPH = {"activations", "schedules", "wrong-order", "wrong-overwrite"}


@pytest.mark.parametrize(
    "picture",
    [pytest.param(p, id=p.name, marks=[pytest.mark.slow] if p.slow else []) for p in PICTURES],
)
def test_what_the_gallery_shows_means_the_same_elsewhere(
    picture: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[gn.Graph] = []

    def look(*args: Any, **settings: Any) -> Any:
        shown.extend(graphs_of(list(args)))
        return MagicMock()

    begin = gn.Trainer.__init__

    def train(trainer: gn.Trainer, *args: Any, **settings: Any) -> None:
        begin(trainer, *args, **settings)
        shown.extend(graphs_of(trainer))

    for view in VIEWED:
        monkeypatch.setattr(viz, view, look)
    monkeypatch.setattr(gn.Trainer, "__init__", train)
    picture.make()
    monkeypatch.undo()
    assert bool(shown) != (picture.name in WITHOUT_GRAPH)
    for k, graph in enumerate(shown):
        check(in_float32(graph), tmp_path / f"{k}.onnx")
        check(graph, tmp_path / f"{k} as it is.onnx")
