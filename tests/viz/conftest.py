"""Graphs and runs that the drawing tests share, and readers of what was drawn."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphnn as gn

SVG = "{http://www.w3.org/2000/svg}"


def neuron() -> gn.Node:
    """The neuron of micrograd's lecture: tanh(x1 w1 + x2 w2 + b)."""
    x1, x2, w1, w2 = (gn.scalar(v, n) for v, n in ((2.0, "x1"), (0.0, "x2"), (-3.0, "w1"), (1.0, "w2")))
    b = gn.scalar(6.8813735870195432, "b")
    return gn.tanh((x1 * w1 + x2 * w2 + b).named("n")).named("o")


def classifier() -> tuple[gn.Node, dict[str, np.ndarray]]:
    """Two dense layers in nested scopes with a cross-entropy loss, and one batch for it."""
    x, labels = gn.input("x", ("batch", 4)), gn.input("labels", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(6, gn.relu, name="hidden"), gn.nn.Dense(3, name="output")], seed=3)
    loss = gn.mean(gn.softmax_cross_entropy(net(x), labels)).named("loss")
    rng = np.random.default_rng(0)
    return loss, {"x": rng.normal(size=(8, 4)).astype(np.float32), "labels": rng.integers(0, 3, 8)}


def random_expression(seed: int) -> gn.Node:
    """A scalar expression with shared nodes, parallel edges, scopes, long names and sizes over many decades."""
    draw = random.Random(seed)
    names = ["x", "a < b", "weight of the third unit", "ω"]
    leaves: list[gn.Node] = [gn.constant(draw.gauss(0, 1), dtype="float64")]
    for i in range(draw.randrange(1, 6)):
        with gn.scope(draw.choice(["left", "right"])):
            leaves.append(
                gn.scalar(draw.gauss(0, 1) * 10.0 ** draw.randrange(-6, 3), f"{draw.choice(names)} {i}")
            )
    nodes = leaves
    for _ in range(draw.randrange(1, 22)):
        x, y = draw.choice(nodes[-5:]), draw.choice(nodes)
        with gn.scope(draw.choice(["left", "right"])), gn.scope(draw.choice(["upper", "lower"])):
            nodes.append(draw.choice([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: gn.tanh(a)])(x, y))
    return nodes[-1] * nodes[-1]


@pytest.fixture(autouse=True)
def only_shipped_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever fonts this machine has: warnings and pictures are those of one that has none."""
    from viz import glyphs

    monkeypatch.setattr(glyphs, "_of_system", tuple)
    monkeypatch.setattr(glyphs, "_packaged", tuple)
    monkeypatch.setattr(glyphs, "_given", [])
    glyphs.found_for.cache_clear()
    yield
    glyphs.found_for.cache_clear()


@pytest.fixture(scope="session")
def neuron_run() -> Any:
    return gn.trace(neuron())


@pytest.fixture(scope="session")
def classifier_run() -> Any:
    loss, feeds = classifier()
    return gn.trace(loss, feeds)


@pytest.fixture(scope="session")
def make() -> dict[str, Callable[..., Any]]:
    """The builders, for tests that want graphs of their own."""
    return {"neuron": neuron, "classifier": classifier, "random": random_expression}


@pytest.fixture(scope="session")
def drawn_texts() -> Callable[[str], dict[str, list[str]]]:
    """What stands in each box of an SVG: node id -> lines of text in drawing order."""

    def read(svg: str) -> dict[str, list[str]]:
        root = ElementTree.fromstring(svg)
        boxes = (g for g in root.iter(f"{SVG}g") if "data-node" in g.attrib)
        return {g.attrib["data-node"]: [t.text or "" for t in g.iter(f"{SVG}text")] for g in boxes}

    return read
