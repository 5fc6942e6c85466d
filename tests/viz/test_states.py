"""What is not a plain number says what it is: in every format, in grey, and in words when it is asked for."""

from __future__ import annotations

import csv
import io
import itertools
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.formats.scene_json import scene_to_json
from viz.formats.tables import csv_table
from viz.study.absent import absences


def zero() -> Any:
    a = gn.scalar(3.0, "a")
    return gn.trace(gn.relu(a - 5.0) * 2.0)


def stopped() -> Any:
    a = gn.scalar(3.0, "a")
    return gn.trace(gn.stop_gradient(a) * gn.scalar(2.0, "b"))


def not_a_number() -> Any:
    a = gn.scalar(0.0, "a")
    return gn.trace(gn.sqrt(a) * 0.0)


def not_computed() -> Any:
    a = gn.scalar(3.0, "a")
    return a * 2.0


def stale() -> Any:
    a = gn.scalar(3.0, "a")
    y = a * 2.0
    y.backward()
    a.value = 4.0
    return y


def accumulated() -> Any:
    a = gn.scalar(3.0, "a")
    y = a * 2.0
    y.backward()
    y.backward()
    return y


def known() -> Any:
    return gn.trace(gn.scalar(3.0, "a") * 2.0)


def whole() -> Any:
    a = gn.parameter(np.array(3), "a", dtype="int64", trainable=False)
    return gn.trace(gn.cast(a, "float64") * 2.0)


STATES = {
    "zero": zero, "stopped": stopped, "not finite": not_a_number, "not computed": not_computed, "stale": stale,
    "accumulated": accumulated, "known": known, "no slope": whole,
}  # fmt: skip


def row(scene: viz.Scene) -> viz.Reading:
    box = next(box for box in scene.boxes if box.title == "a")
    return next(reading for reading in box.readings if reading.label == "gradient")


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_what_it_is_called(state: str) -> None:
    assert row(viz.scene(STATES[state]())).state == state


def test_no_two_states_say_the_same_words() -> None:
    said = {state: row(viz.scene(make())).lines for state, make in STATES.items()}
    said["no path"] = ("no path to the loss",)
    for one, other in itertools.combinations(said, 2):
        assert said[one] != said[other], (one, other)
    assert said["zero"] == ("0",) and not any(
        "0" in lines for state, lines in said.items() if state != "zero"
    )


@pytest.mark.parametrize("theme", ["light", "print"])
@pytest.mark.parametrize("state", STATES)
def test_every_format_says_the_words_of_a_state(state: str, theme: str) -> None:
    drawing = viz.draw(STATES[state](), theme=theme)
    lines = row(drawing.scene).lines
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
    page = pypdf.PdfReader(io.BytesIO(drawing.pdf())).pages[0].extract_text()
    everything = {
        "svg": drawing.svg, "html": drawing.html, "text": drawing.text, "table": drawing.table,
        "csv": csv_table(drawing.scene), "json": scene_to_json(drawing.scene), "dot": drawing.dot, "pdf": page,
        "mermaid": drawing.mermaid.replace("#95;", "_"), "tikz": drawing.tikz,
    }  # fmt: skip
    for name, text in everything.items():
        text = text.replace("\\_", "_")
        for line in lines:
            assert line.replace("−", "-") in text.replace("−", "-").replace("$-$", "-"), name
    cells = list(csv.DictReader(io.StringIO(csv_table(drawing.scene))))
    assert next(cell for cell in cells if cell["node"] == "a")["gradient"] == "; ".join(lines)
    assert viz.problems(drawing.placed) == []


def test_states_differ_to_the_eye_where_colours_do_not() -> None:
    """In grey, the picture of each state differs from that of every other one."""
    seen = [viz.draw(make(), theme="print").png(1.0) for make in STATES.values()]
    assert len(set(seen)) == len(seen)


def test_the_op_that_stops_a_gradient_says_so_and_no_wire_runs_back_from_it() -> None:
    scene = viz.scene(stopped())
    box = next(box for box in scene.boxes if box.title == "stop_gradient")
    assert [badge.text for badge in box.badges] == ["gradient stops here"]
    assert not any(wire.kind == "backward" and wire.source == box.id for wire in scene.wires)
    assert any(entry.label.startswith("stopped at …") for entry in scene.legend.entries)


def test_a_mask_of_random_numbers_is_no_place_where_a_gradient_stops() -> None:
    x = gn.input("x", ("batch", 4))
    net = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dropout(0.5), gn.nn.Dense(2)], seed=1)
    loss = gn.mean(gn.square(net(x, training=True)))
    scene = viz.scene(gn.trace(loss, {"x": np.ones((3, 4), np.float32)}))
    assert not [box.title for box in scene.boxes for badge in box.badges if "stops" in badge.text]


def test_what_the_loss_does_not_depend_on_has_no_path() -> None:
    a, b = gn.scalar(1.0, "a"), gn.scalar(2.0, "b")
    loss, other = a * 2.0, gn.tanh(b)
    run = gn.trace(loss)
    gradients = {node: run.gradient(node) for node in run.graph.nodes}
    found = absences(gn.Graph([loss, other]), loss, gradients.get)
    assert {node: why.state for node, why in found.items()} == {b: "no path", other: "no path"}


def test_a_stop_is_named_at_the_first_op_that_stops() -> None:
    a, b = gn.scalar(1.0, "a"), gn.scalar(2.0, "b")
    inner = gn.tanh(a)
    run = gn.trace(gn.where(gn.greater(inner, b).named("gate"), b, 3.0) * 1.0)
    assert viz.draw(run).scene.boxes[0].readings[1].lines == ("stopped at gate",)
    assert row(viz.scene(run)).lines == ("stopped at gate",)


def test_an_op_is_stopped_after_backward_and_not_computed_before() -> None:
    a = gn.scalar(2.0, "a")
    y = gn.stop_gradient(a) * gn.scalar(3.0, "b")
    assert row(viz.scene(y)).state == "not computed"
    y.backward()
    assert row(viz.scene(y)).lines == ("stopped at stop_gradient",)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("zero", ["The gradient of 'a' is 0.", "relu passes nothing on"]),
        ("stopped", ["which is not the same as 0", "no differentiable path", "stop_gradient passes no gradient on"]),
        ("not finite", ["The gradient of 'a' is NaN", "the slope of sqrt is not finite at 0"]),
        ("not computed", ["is not computed, which is not the same as 0", "call backward() first"]),
        ("stale", ["'a', 2, is stale", "The gradient of 'a' is 2."]),
        ("accumulated", ["'a', 4, is accumulated 2 times", "Of one pass:", "The gradient of 'a' is 2."]),
        ("known", ["The gradient of 'a' is 2.", "upstream 1 × local 2 = 2"]),
        ("no slope", ["It holds int64, and only floats can change by a little."]),
    ],
)  # fmt: skip
def test_every_state_is_explained(state: str, said: list[str]) -> None:
    text = viz.explain(STATES[state](), "a")
    for words in said:
        assert words in text, text


def test_a_run_says_that_its_parameters_have_changed_since() -> None:
    a = gn.scalar(3.0, "a")
    run = gn.trace(a * a)
    a.value = 4.0
    assert "It is stale: since this run 'a' got another value." in viz.explain(run, "a")


def test_a_tiny_gradient_is_followed_to_where_most_of_it_is_lost() -> None:
    y = gn.scalar(0.5, "a")
    for k in range(20):
        y = gn.tanh(y * (30.0 if k == 12 else 1.0)).named(f"h{k}")
    text = viz.explain(gn.trace(y), "a")
    assert "And so on, over" in text and "the largest change of size is at 'h12', times" in text
