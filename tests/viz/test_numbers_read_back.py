"""Every number that a picture shows is read back out of its SVG and held against the run, whatever the view."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.numbers import number, parse

SVG = "{http://www.w3.org/2000/svg}"
CLOSE = 5.01e-4  # four digits are shown


class Shown:
    """The texts of a picture: in each box by the words of its rows, beside the wires, and below."""

    def __init__(self, source: Any, view: str, **words: Any):
        drawing = viz.draw(source, view=view, **words)
        root = ElementTree.fromstring(drawing.svg)
        self.boxes: dict[str, list[str]] = {}
        inside: set[Any] = set()
        for group in root.iter(f"{SVG}g"):
            if "data-node" in group.attrib:
                found = [e for e in group.iter() if e.tag == f"{SVG}text" or e.get("role") == "math"]
                inside.update(found)
                self.boxes[group.attrib["data-node"]] = [e.get("aria-label") or e.text or "" for e in found]
        self.beside = [e.text or "" for e in root.iter(f"{SVG}text") if e not in inside]
        self.labels = {r.label for box in drawing.scene.boxes for r in box.readings}
        self.lengths = {(box.id, r.label): len(r.lines) for box in drawing.scene.boxes for r in box.readings}

    def row(self, box: str, label: str) -> list[str]:
        """The lines before the row's word: lines are drawn first."""
        texts = self.boxes[box]
        at = texts.index(label)
        return texts[at - self.lengths[box, label] : at]

    def has(self, box: str, label: str) -> bool:
        return (box, label) in self.lengths


def close(shown: str, wanted: float) -> bool:
    value, wanted = parse(shown.removeprefix("≈ ")), float(wanted)
    if math.isnan(wanted) or math.isinf(wanted) or wanted == 0:
        return repr(value) in (repr(wanted), repr(abs(wanted)))
    return value == pytest.approx(wanted, rel=CLOSE, abs=0)


def holds(lines: list[str], array: np.ndarray) -> None:
    """The lines of a row say what the array holds."""
    values = np.asarray(array)
    if values.ndim == 0:
        assert close(lines[0], float(values)), lines
    elif lines[0].startswith("["):
        assert all(close(word, float(v)) for word, v in zip(lines[0][1:-1].split(", "), values, strict=True))
    elif lines[0].startswith("all "):
        assert close(lines[0][4:], float(values.flat[0])) and np.ptp(values) == 0
    elif " ± " in lines[0]:
        mean, deviation = lines[0].split(" ± ")
        low, high = lines[1].split(" … ")
        wide = values.astype(np.float64)
        if not mean.startswith("≈ 0"):
            assert close(mean, float(wide.mean()))
        assert close(deviation, float(wide.std())) and close(low, wide.min()) and close(high, wide.max())
    else:
        low, high = lines[0].split(" … ")
        assert close(low, values.min()) and close(high, values.max())


def runs(make: Any) -> list[Any]:
    return [gn.trace(make["random"](seed)) for seed in range(12)]


def test_values_and_gradients(make: Any, classifier_run: Any) -> None:
    count = 0
    for run in (*runs(make), classifier_run):
        shown = Shown(run, "values+gradients")
        for node, key in run.graph.ids.items():
            holds(shown.row(key, "value"), run.value(node))
            gradient = run.gradient(node)
            if gradient is not None:
                holds(shown.row(key, "gradient"), gradient)
                count += 1
    assert count > 100


def test_ledger_lines_at_wires_are_the_products_of_the_run(make: Any) -> None:
    for run in runs(make):
        shown = Shown(run, "ledger")
        lines = Counter(re.sub(" ≈ ", " = ", text) for text in shown.beside if " × " in text)
        wanted: Counter[str] = Counter()
        for edge in run.graph.edges:
            part = run.contribution(edge)
            if part is not None:
                wanted[f"{number(float(run.gradient(edge.target)))} …= {number(float(part))}"] += 1
        found: Counter[str] = Counter()
        for line, times in lines.items():
            if re.fullmatch(r"\S+ × \S+ = \S+", line):
                first, _, last = line.partition(" × ")
                found[f"{first} …= {last.rpartition('= ')[2]}"] += times
        assert found == wanted


def test_ledger_parts_are_the_contributions_and_their_sum_is_the_gradient(make: Any) -> None:
    checked = 0
    for run in runs(make):
        shown = Shown(run, "ledger")
        for node, key in run.graph.ids.items():
            if not shown.has(key, "parts"):
                continue
            *parts, last = shown.row(key, "parts")
            contributions = [run.contribution(edge) for edge in run.graph.consumers(node)]
            wanted = [float(c) for c in contributions if c is not None]
            hidden = [int(re.findall(r"\d+", part)[0]) for part in parts if part.startswith("… and ")]
            said = [part.partition(" from ")[0] for part in parts if not part.startswith("… and ")]
            assert len(said) + sum(hidden) == len(wanted)
            assert not Counter(said) - Counter(map(number, wanted))
            assert close(re.split(" [=≈] ", last)[-1], float(run.gradient(node)))
            exact = " = " in last
            digits = number(math.fsum(parse(number(part)) for part in wanted))
            assert exact == (digits == number(float(run.gradient(node))))
            checked += 1
    assert checked > 20


def test_derivatives_end_in_the_slope_of_the_op(make: Any) -> None:
    checked = 0
    for run in runs(make):
        shown = Shown(run, "derivatives")
        for node, key in run.graph.ids.items():
            ends = [_in_digits(text.rpartition(" = ")[2]) for text in shown.boxes[key] if " = " in text]
            for edge in run.graph.operand_edges(node):
                part, above = run.contribution(edge), run.gradient(node)
                if part is None or edge.source.role == "constant" or not float(above) or not ends:
                    continue
                local = float(part) / float(above)
                if math.isfinite(local):
                    assert any(close(end, local) for end in ends if _is_number(end)), (ends, local)
                    checked += 1
    assert checked > 60


def _in_digits(text: str) -> str:
    """A power of ten as `parse` reads it: `1.5 · 10⁻⁵` is 1.5e−5."""
    front, dot, power = text.partition(" · 10")
    return f"{front}e{power.translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '−0123456789'))}" if dot else text


def _is_number(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def test_the_check_shows_the_difference_quotient(neuron_run: Any) -> None:
    shown = Shown(neuron_run, "check")
    for node in neuron_run.graph.parameters:
        key = neuron_run.graph.ids[node]
        assert close(shown.row(key, "analytic")[0], float(neuron_run.gradient(node)))
        before = float(node.value)
        sides = []
        for step in (1e-6, -1e-6):
            node.value = before + step
            sides.append(float(neuron_run.loss.value))
        node.value = before
        slope = (sides[0] - sides[1]) / 2e-6
        assert parse(shown.row(key, "numeric")[0]) == pytest.approx(slope, rel=1e-3, abs=1e-8)


def test_counts_of_parameters_and_costs_are_those_of_the_library(classifier_run: Any) -> None:
    graph = classifier_run.graph
    shown = Shown(classifier_run, "parameters+cost")
    for node in graph.parameters:
        assert f"{math.prod(node.shape)} parameters" in shown.boxes[graph.ids[node]]
    total = sum(math.prod(node.shape) for node in graph.parameters)
    assert f"{total} parameters in {len(graph.parameters)} arrays" in shown.beside
    found = gn.cost(graph, {"batch": 8})
    for node in graph.nodes:
        if node.role == "op" and float(str(found[node].operations)) < 1000:
            assert f"{float(str(found[node].operations)):g} op" in shown.boxes[graph.ids[node]]


def test_paths_are_said_with_their_products_and_shares(neuron_run: Any) -> None:
    a = gn.scalar(2.0, "a")
    run = gn.trace((gn.square(a).named("c") + a * 3.0).named("loss"))
    shown = Shown(run, "paths", to="a")
    text = " ".join(shown.beside)
    assert "57.14 %, product 4: a › c › loss" in text and "42.86 %, product 3: a › mul › loss" in text
    assert float(run.gradient(a)) == 4 + 3


def test_shares_of_dead_and_saturated_units_are_those_of_the_values() -> None:
    rng = np.random.default_rng(3)
    x = gn.input("x", ("batch", 6))
    shift = np.where(np.arange(6) < 2, -50.0, 0.0)
    run = gn.trace(gn.mean(gn.relu(x + gn.parameter(shift, "b"))), {"x": rng.normal(size=(20, 6))})
    node = next(n for n in run.graph.nodes if n.op.name == "relu")
    dead = float((run.value(node) == 0).all(axis=0).mean())
    assert f"{dead:.0%} dead" in Shown(run, "health").boxes[run.graph.ids[node]] and dead == pytest.approx(
        1 / 3
    )


def test_bytes_and_steps_are_those_of_the_plan(classifier_run: Any) -> None:
    shown = Shown(classifier_run, "memory")
    texts = " ".join(shown.beside)
    feeds = sum(classifier_run.value(node).nbytes for node in classifier_run.graph.inputs)
    weights = sum(node.value.nbytes for node in classifier_run.graph.parameters)
    assert f"parameters {weights} B" in texts and f"inputs {feeds} B" in texts
    for node in classifier_run.graph.parameters:
        key = classifier_run.graph.ids[node]
        assert shown.row(key, "kept") == [f"{node.value.nbytes} B", "throughout"]


def test_a_difference_shows_the_numbers_of_both_runs() -> None:
    w, x = gn.scalar(2.0, "w"), gn.scalar(3.0, "x")
    before = gn.trace(gn.tanh(w * 0.1) * x)
    w.value = 5.0
    after = gn.trace(before.loss)
    svg = viz.diff(before, after).svg
    root = ElementTree.fromstring(svg)
    said = {t.text or "" for t in root.iter(f"{SVG}text")}
    for node in before.graph.nodes:
        old, new = float(before.value(node)), float(after.value(node))
        if old != new:
            assert f"{number(old)} → {number(new)}" in said


def test_the_ledger_says_where_rounding_shows() -> None:
    third = gn.scalar(1 / 3, "third")
    run = gn.trace(third * third * 3.0 + third)
    scene = viz.scene(run, view="ledger")
    words = [wire.label for wire in scene.wires] + [
        t for b in scene.boxes for r in b.readings for t in r.lines
    ]
    assert any("≈" in word for word in words)
    assert any(entry.label.startswith("≈: the rounded numbers") for entry in scene.legend.entries)
    plain = viz.scene(gn.trace(gn.scalar(2.0, "a") * 3.0), view="ledger")
    assert not any("≈" in entry.label for entry in plain.legend.entries)
