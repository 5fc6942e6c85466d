"""Wrong ways: each really is run, its numbers are those of the wrong algorithm, and what differs is marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.study.by_hand import computed, sent_back, with_leaves


def rows(drawing: viz.Drawing, letter: str) -> dict[str, str]:
    """{name: first line of the gradient} of one panel."""
    found = {}
    for box in drawing.scene.boxes:
        if box.id.startswith(letter):
            name = box.name or box.title
            found[name] = next(r.lines[0] for r in box.readings if r.label == "gradient").replace("−", "-")
    return found


def bad(drawing: viz.Drawing) -> set[str]:
    return {box.name or box.title for box in drawing.scene.boxes if box.tone == "bad"}


class Value:
    """Micrograd's scalar, with its order of the backward pass left open: an independent oracle."""

    def __init__(self, data: float, children: tuple[Value, ...] = (), slopes: tuple[float, ...] = ()):
        self.data, self.children, self.slopes, self.grad = data, children, slopes, 0.0

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def send(self) -> None:
        for child, slope in zip(self.children, self.slopes, strict=True):
            child.grad += slope * self.grad

    def backward_depth_first(self) -> None:
        """Without topological order: each node sends when it is first reached, and then goes down."""
        self.grad = 1.0
        seen = set()

        def down(node: Value) -> None:
            node.send()
            for child in node.children:
                if child not in seen:
                    seen.add(child)
                    down(child)

        down(self)


@pytest.mark.parametrize("name", list(viz.WRONG_WAYS))
@pytest.mark.parametrize("theme", list(viz.THEMES))
def test_the_examples_can_be_read(name: str, theme: str) -> None:
    for direction in ("LR", "TB"):
        drawing = viz.wrong_way(name, theme=theme, direction=direction)
        assert viz.problems(drawing.placed) == []
        assert bad(drawing) and drawing.scene.notes


def test_the_right_panel_has_the_numbers_of_the_run() -> None:
    for name in viz.WRONG_WAYS:
        drawing = viz.wrong_way(name)
        right = [box for box in drawing.scene.boxes if box.id.startswith("r")]
        assert all(box.tone == "" for box in right)
        labels = [g.label for g in drawing.scene.groups if g.kind == "region"]
        assert labels[0].startswith("right: ") and labels[1].startswith("wrong: ")


def test_depth_first_gives_what_a_recursion_without_order_gives() -> None:
    def build(leaf: Callable[[float, str], Any]) -> Any:
        a, b, c = leaf(2.0, "a"), leaf(3.0, "b"), leaf(1.0, "c")
        d = a * b
        e = d + c
        f = d * e
        return [a, b, c, d, e, f, f * (e + a)]

    *values, top = build(lambda v, n: Value(v))
    top.backward_depth_first()
    *nodes, loss = build(gn.scalar)
    for node, name in zip(nodes[3:], "def", strict=True):
        node.named(name)
    drawing = viz.wrong_way("depth-first", loss)
    found = rows(drawing, "w")
    for name, value in zip("abcdef", values, strict=True):
        assert float(found[name]) == value.grad
    assert bad(drawing)
    assert any("is reached before all that use it have sent" in note for note in drawing.scene.notes)


def test_overwriting_leaves_the_last_contribution() -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    drawing = viz.wrong_way("overwrite", (a * b + a).named("L"))
    assert rows(drawing, "r")["a"] == "-2" and rows(drawing, "w")["a"] == "-3"
    assert bad(drawing) == {"a"}
    badges = [b.text for box in drawing.scene.boxes for b in box.badges]
    assert badges == ["should be −2"]
    assert "a is used 2 times and gets 1, −3: only the last one, −3, is left." in drawing.scene.notes


def test_without_zeroing_the_leaves_have_twice_their_gradient() -> None:
    drawing = viz.wrong_way("no zeroing")
    right, wrong = rows(drawing, "r"), rows(drawing, "w")
    assert {name: float(wrong[name]) / float(right[name]) for name in ("a", "b")} == {"a": 2.0, "b": 2.0}
    assert wrong["L"] == right["L"] and bad(drawing) == {"a", "b"}


def test_in_place_takes_the_new_value_for_the_slope() -> None:
    drawing = viz.wrong_way("in-place")
    assert rows(drawing, "w")["c"] == "0" and rows(drawing, "r")["c"] == "-2"
    assert any(b.text == "was −2" for box in drawing.scene.boxes for b in box.badges)


def test_an_early_update_sends_through_the_new_weight() -> None:
    drawing = viz.wrong_way("early update")
    # w2 = 3 becomes 3 − 0.1 · 8 = 2.2, and h gets 4 · 2.2.
    assert float(rows(drawing, "w")["h"]) == pytest.approx(8.8) and rows(drawing, "r")["h"] == "12"


def test_a_wrong_contribution_says_what_it_should_be() -> None:
    labels = {w.label for w in viz.wrong_way("depth-first").scene.wires if w.kind == "backward"}
    assert {"21, not 39", "14, not 26"} <= labels


def layer() -> tuple[gn.Node, dict[str, Any]]:
    x, t = gn.input("x", ("batch", 3)), gn.input("t", ("batch", 2))
    rng = np.random.default_rng(0)
    w, v = (gn.parameter(rng.normal(size=s), n) for s, n in (((3, 4), "w"), ((4, 2), "v")))
    h = (x @ w).named("h")
    loss = gn.mean(gn.square((gn.tanh(h) @ v) - t)) + gn.mean(gn.square(h))
    return loss.named("loss"), {"x": rng.normal(size=(5, 3)), "t": rng.normal(size=(5, 2))}


@pytest.mark.parametrize("name", ["overwrite", "no zeroing", "early update"])
def test_arrays_go_wrong_too(name: str) -> None:
    loss, feeds = layer()
    drawing = viz.wrong_way(name, loss, feeds)
    assert viz.problems(drawing.placed) == []
    badges = [b.text for box in drawing.scene.boxes for b in box.badges]
    assert any(text.startswith("off by ") for text in badges)
    run = gn.trace(loss, feeds)
    assert viz.wrong_way(name, run).svg == drawing.svg


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("depth-first", "inner node, not a leaf, that is used by two others"),
        ("overwrite", "no node is used more than once, so there is never a second contribution"),
        ("in-place", "no op of one operand could overwrite"),
        ("early update", "no gradient flows on through a parameter after its step"),
    ],
)
def test_a_graph_that_shows_no_difference_is_told_and_why(name: str, why: str) -> None:
    a = gn.scalar(2.0, "a")
    with pytest.raises(ValueError, match=f"'{name}' gives the right numbers here: .*{why}"):
        viz.wrong_way(name, gn.tanh(gn.tanh(a)))


def test_wrong_questions_are_told() -> None:
    with pytest.raises(
        ValueError, match=r"there is no 'forwards'\. Wrong ways: depth-first, early update, in-place"
    ):
        viz.wrong_way("forwards")
    with pytest.raises(ValueError, match="this run has no gradients"):
        viz.wrong_way("overwrite", gn.parameter([1.0, 2.0], "w") * 2.0)
    y = gn.scalar(1.0, "a")
    for _ in range(70):
        y = gn.tanh(y)
    with pytest.raises(ValueError, match="71 nodes are too many to compare by eye"):
        viz.wrong_way("overwrite", y)
    with pytest.raises(ValueError, match="a run is fed already"):
        viz.wrong_way("overwrite", gn.trace(y), {"x": 1.0})


@pytest.mark.parametrize(
    "ending", ["svg", "png", "pdf", "tex", "html", "dot", "mmd", "json", "md", "csv", "txt"]
)
def test_a_wrong_way_saves_in_every_format(tmp_path: Path, ending: str) -> None:
    file = viz.wrong_way("overwrite").save(tmp_path / f"wrong.{ending}")
    assert file.stat().st_size > 100


def test_the_same_picture_has_the_same_bytes() -> None:
    assert viz.wrong_way("depth-first").svg == viz.wrong_way("depth-first").svg


def test_scopes_and_odd_names_are_kept() -> None:
    with gn.scope("left < right"):
        a = gn.scalar(2.0, "a & b")
        y = a * a
    drawing = viz.wrong_way("overwrite", gn.tanh(y))
    assert viz.problems(drawing.placed) == []
    assert {g.id for g in drawing.scene.groups} == {"r", "w", "r/left < right", "w/left < right"}


# By hand


def test_a_slope_by_hand_is_that_of_the_run(classifier_run: Any) -> None:
    run = classifier_run
    for node in run.graph.nodes:
        above = run.gradient(node)
        if node.operands and above is not None:
            operands = [run.value(o) for o in node.operands]
            value = computed(node, operands, {"batch": 8})
            np.testing.assert_allclose(value, run.value(node), rtol=1e-6)
            for edge, part in zip(
                run.graph.operand_edges(node), sent_back(node, operands, above, {"batch": 8}), strict=True
            ):
                wanted = run.contribution(edge)
                assert (part is None) == (wanted is None)
                if part is not None:
                    np.testing.assert_allclose(part, wanted, rtol=1e-5, atol=1e-8)


def test_a_copy_with_other_leaves_is_the_same_graph(classifier_run: Any) -> None:
    graph = classifier_run.graph
    w = next(n for n in graph.parameters if n.name == "w")
    before = np.array(w.value)
    again = with_leaves(classifier_run, {w: before + 1.0})
    assert [(n.op.name, n.name, n.scope, n.shape) for n in again.graph] == [
        (n.op.name, n.name, n.scope, n.shape) for n in graph
    ]
    assert float(again.value(again.loss)) != float(classifier_run.value(classifier_run.loss))
    np.testing.assert_array_equal(w.value, before)


@pytest.mark.parametrize("name", viz.WRONG_WAYS)
@pytest.mark.filterwarnings("ignore::viz.SmallTextWarning")
@pytest.mark.parametrize("slide", ["16:9", "4:3"])
def test_on_a_slide_the_panels_stand_as_they_come_out_larger(name: str, slide: str) -> None:
    from viz.place.sheet import Fit

    fit = Fit(slide=slide)
    drawing = viz.wrong_way(name, slide=slide)
    assert drawing.placed.direction == "LR"
    # The usual page, whichever way its panels stand, comes out no larger.
    assert fit.scale(drawing.placed) >= fit.scale(viz.wrong_way(name).placed)
    assert viz.problems(drawing.placed) == []


def test_panels_beside_one_another_stay_readable_in_a_notebook() -> None:
    for name in viz.WRONG_WAYS:
        placed = viz.wrong_way(name).placed
        assert placed.width <= 1050 and placed.height <= 950, name


def test_a_narrow_page_has_the_wrong_way_below_the_right_one() -> None:
    beside, below = (viz.wrong_way("overwrite", direction="TB", width=width).placed for width in (None, 390))
    assert below.width < beside.width
    assert below.height > beside.height
