"""Damaged GraphML, DOT and networkx graphs: an error in one sentence, or a graph; soon, in any case."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn as gn

SAVES: dict[str, Callable[..., None]] = {"graphml": gn.io.save_graphml, "dot": gn.io.save_dot}
LOADS: dict[str, Callable[..., gn.Graph]] = {"graphml": gn.io.load_graphml, "dot": gn.io.load_dot}


def net() -> gn.Graph:
    """Parameters that learn and some that do not, two outputs, named axes."""
    x = gn.input("x", ("batch", 1, 6, 6))
    layers = [gn.nn.Conv2d(2, 3), gn.nn.BatchNorm(), gn.nn.Flatten(), gn.nn.Dense(3, gn.relu)]
    y = gn.nn.Sequential(layers, seed=2)(x)
    return gn.Graph([y, gn.softmax(y).named("p")])


@pytest.mark.parametrize("kind", ["graphml", "dot"])
@pytest.mark.parametrize("seed", range(4))
def test_damage_is_told_or_harmless(kind: str, seed: int, tmp_path: Path) -> None:
    """Two hundred changed files for each seed: an error of graphnn in one line, or a graph; soon, in any case."""
    path = tmp_path / f"net.{kind}"
    SAVES[kind](net(), path)
    content = path.read_bytes()
    rng = random.Random(f"{kind} {seed}")
    slowest, whole = 0.0, 0
    words_told: list[str] = []
    words = [
        b'"',
        b"<",
        b"]",
        b"\\",
        b"\0",
        b"\xff",
        b"n1",
        b"-1",
        b"1e999",
        b"{",
        b"gn_slot=7",
        b"NaN",
        b"<!--",
        b"&#0;",
        b"strict ",
    ]
    gc.collect()
    for _ in range(200):
        parts = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(parts))
            change = rng.randrange(5)
            if change == 0:
                parts[at] = rng.randrange(256)
            elif change == 1:
                parts[at:at] = rng.choice(words)
            elif change == 2:
                del parts[at : at + rng.randrange(1, 40)]
            elif change == 3:
                end = at + rng.randrange(1, 200)
                parts[at:at] = parts[at:end]
            else:
                other = rng.randrange(len(parts))
                parts[at : at + 20] = parts[other : other + 20]
        path.write_bytes(bytes(parts))
        begin = time.monotonic()
        try:
            LOADS[kind](path)
            whole += 1
        except gn.GraphError as error:
            words_told.append(str(error))
        slowest = max(slowest, time.monotonic() - begin)
    assert len(words_told) > 100 and whole > 0, whole
    assert all(len(words) < 1000 and words.startswith(f"net.{kind}: ") for words in words_told)
    assert slowest < 10.0


def test_damage_to_a_network_is_told_or_harmless() -> None:
    rng = random.Random(5)
    graph = net()
    values: list[Any] = [
        None,
        7,
        -1,
        2.5,
        "x",
        "",
        (),
        [1],
        {"a": 1},
        object(),
        b"x",
        True,
        np.zeros(3),
        ("batch", 2),
        "relu",
    ]
    told: list[str] = []
    for _ in range(400):
        network = graph.to_networkx(values=True)
        for _ in range(rng.randrange(1, 3)):
            key = rng.choice(list(network))
            change = rng.randrange(5)
            if change == 0:
                network.nodes[key][
                    rng.choice(
                        ["op", "shape", "dtype", "name", "scope", "attributes", "value", "trainable", "node"]
                    )
                ] = rng.choice(values)
            elif change == 1:
                network.remove_node(key)
            elif change == 2:
                network.add_edge(key, rng.choice(list(network)), key=rng.choice([0, 1, 2, -1, "a", 10**12]))
            elif change == 3:
                network.graph["outputs"] = rng.choice([*values, [key], [key, key]])
            else:
                edges = list(network.edges(keys=True))
                network.remove_edge(*rng.choice(edges))
        try:
            gn.io.from_networkx(network)
        except gn.GraphError as error:
            told.append(str(error))
    assert len(told) > 200
    assert all(words.startswith("from_networkx: ") and len(words) < 1000 for words in told)
