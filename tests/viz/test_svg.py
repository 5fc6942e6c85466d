"""SVG is the same bytes everywhere, is safe, and holds the run's own numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.numbers import parse

GOLDEN = Path(__file__).parent / "golden"
NASTY = [
    "a<b",
    "x & y",
    "\"quoted\" 'name'",
    "two\nlines",
    "</text><script>alert(1)</script>",
    "{braces} $\\frac$",
]

EXAMPLE = """
import sys
import graphnn as gn, viz
a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
with gn.scope("inner"):
    c = (a * b).named("c")
loss = (c * c + a).named("loss")
sys.stdout.reconfigure(encoding="utf-8")
print(viz.draw(gn.trace(loss), direction=sys.argv[1], engine=sys.argv[2]).svg, end="")
"""


def drawn(direction: str, engine: str, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLE, direction, engine],
        capture_output=True, check=True, encoding="utf-8", env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("engine", ["embedded", "layers"])
def test_the_same_graph_gives_the_golden_bytes_with_any_hash_seed(direction: str, engine: str) -> None:
    golden = GOLDEN / f"scalar-{direction}-{engine}.svg"
    first = drawn(direction, engine, "0")
    assert first == drawn(direction, engine, "4242")
    if os.environ.get("GRAPHNN_WRITE_GOLDEN"):
        golden.write_text(first, encoding="utf-8")
    assert first == golden.read_text(encoding="utf-8")


def test_scalars_in_the_picture_are_those_of_the_run(neuron_run: Any, drawn_texts: Any) -> None:
    texts = drawn_texts(viz.draw(neuron_run).svg)
    assert len(texts) == len(neuron_run.graph.nodes)
    for node, key in neuron_run.graph.ids.items():
        lines = texts[key]
        for word, number in (("value", neuron_run.value(node)), ("gradient", neuron_run.gradient(node))):
            shown = lines[lines.index(word) - 1]
            assert parse(shown) == pytest.approx(float(number), rel=5.01e-4, abs=0)


def test_statistics_in_the_picture_are_those_of_the_run(classifier_run: Any, drawn_texts: Any) -> None:
    texts = drawn_texts(viz.draw(classifier_run).svg)
    node = next(n for n in classifier_run.graph.nodes if n.op.name == "relu")
    lines = texts[classifier_run.graph.ids[node]]
    values = classifier_run.value(node).astype(np.float64)
    mean, deviation = lines[lines.index("value") - 2].split(" ± ")
    low, high = lines[lines.index("value") - 1].split(" … ")
    expected = (values.mean(), values.std(), values.min(), values.max())
    assert [parse(t) for t in (mean, deviation, low, high)] == pytest.approx(expected, rel=5.01e-4, abs=1e-12)


@pytest.mark.parametrize("name", NASTY)
def test_names_are_shown_as_they_are_and_never_injected(name: str) -> None:
    with gn.scope(name.replace("/", "|")):
        drawing = viz.draw(gn.Graph(gn.relu(gn.scalar(1.0, name)).named(name)), title=name)
    root = ElementTree.fromstring(drawing.svg)
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert " ".join(name.split()) in words
    assert {e.tag.partition("}")[2] for e in root.iter()} <= {
        "svg", "title", "desc", "rect", "g", "path", "polygon", "text",
    }  # fmt: skip
    assert viz.problems(drawing.placed) == []


def test_very_long_names_are_shortened_in_the_box_and_whole_in_the_tooltip() -> None:
    name = "w" * 500
    drawing = viz.draw(gn.Graph(gn.relu(gn.scalar(1.0, name))))
    assert drawing.placed.boxes[0].rect.w < 400
    assert "…" in drawing.placed.boxes[0].texts[0].text and name in drawing.svg
    assert viz.problems(drawing.placed) == []


def test_korean_and_right_to_left_names_are_kept_and_warned_of() -> None:
    with pytest.warns(viz.MissingGlyphWarning, match="한"):
        svg = viz.draw(gn.Graph(gn.relu(gn.scalar(1.0, "한글 이름")))).svg
    assert "한글 이름" in svg


def test_nothing_is_loaded_from_elsewhere(classifier_run: Any) -> None:
    svg = viz.draw(classifier_run).svg
    assert svg.count("http") == 1, "only the name of the SVG language itself"
    assert "href" not in svg and "url(" not in svg and "<style" not in svg and " id=" not in svg


def test_sign_is_shown_by_line_style_as_well_as_by_colour() -> None:
    theme = viz.LIGHT
    assert len(set(theme.dashes.values())) == len(theme.dashes) == len(set(theme.signs.values()))
