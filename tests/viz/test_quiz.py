"""Quiz sheets: sheet and key in one layout, blanks that can be derived and tell nothing, marks with hints."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.formats.scene_json import scene_to_json
from viz.lecture.quiz_facts import KINDS, Fact, Facts
from viz.lecture.quiz_words import BLANK


def expression() -> gn.Node:
    """Micrograd's first example, with numbers that are all different, and a used twice."""
    a, b, c, f = (gn.scalar(v, n) for v, n in ((2.5, "a"), (-3.25, "b"), (10.75, "c"), (-2.125, "f")))
    e = (a * b).named("e")
    d = (e + c).named("d")
    return ((d * f).named("p") + gn.tanh(a).named("h")).named("L")


@pytest.fixture(scope="module")
def run() -> Any:
    return gn.trace(expression())


@pytest.fixture(scope="module")
def layer() -> Any:
    """A small matrix product with a mean: arrays that are written out."""
    x, t = gn.input("x", ("batch", 3)), gn.input("t", ("batch", 2))
    w = gn.parameter(np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]]), "w")
    loss = gn.mean(gn.square((x @ w).named("y") - t)).named("loss")
    return gn.trace(loss, {"x": [[1, 2, 3], [4, 1, -1]], "t": [[9, 7], [-3, -2]]})


# The page


@pytest.mark.parametrize("theme", list(viz.THEMES))
@pytest.mark.parametrize("seed", range(4))
def test_sheet_and_key_can_be_read_and_have_one_layout(run: Any, theme: str, seed: int) -> None:
    quiz = viz.quiz(run, seed=seed, theme=theme, direction=("LR", "TB")[seed % 2])
    sheet, key = quiz.sheet.placed, quiz.key.placed
    assert viz.problems(sheet) == [] and viz.problems(key) == []
    assert (sheet.width, sheet.height) == (key.width, key.height)
    assert [b.rect for b in sheet.boxes] == [b.rect for b in key.boxes]
    assert [(w.curve, w.width) for w in sheet.wires] == [(w.curve, w.width) for w in key.wires]


def test_sheet_and_key_of_arrays_can_be_read(layer: Any) -> None:
    for seed in range(6):
        quiz = viz.quiz(layer, seed=seed, blanks=1.0)
        assert viz.problems(quiz.sheet.placed) == [] and viz.problems(quiz.key.placed) == []
        assert any("[[" in answer for answer in quiz.answers)


def test_random_graphs_make_quizzes_that_can_be_read(make: Any) -> None:
    for seed in range(20):
        traced = gn.trace(make["random"](seed))
        quiz = viz.quiz(traced, seed=seed, blanks=0.3, view="values+gradients")
        for drawing in (quiz.sheet, quiz.key):
            assert viz.problems(drawing.placed) == []


def test_the_sheet_tells_no_answer_in_any_text_format(run: Any) -> None:
    quiz = viz.quiz(run, blanks=1.0, seed=5)
    given = {run.value(n).item() for n in run.graph.parameters}
    hidden = {k: v for k, v in quiz.solution.items() if abs(v) not in {*map(abs, given), 1.0}}
    assert len(hidden) > 8
    sheet = quiz.sheet
    texts = [
        sheet.svg,
        sheet.text,
        sheet.dot,
        sheet.mermaid,
        sheet.tikz,
        scene_to_json(sheet.scene),
        sheet.html,
    ]
    for text in texts:
        plain = text.replace("−", "-").replace("&#8722;", "-").replace("#8722;", "-")
        numbers = set(re.findall(r"\d+\.\d+", plain))
        for value in hidden.values():
            for digits in (f"{abs(value):.4g}", repr(abs(value))):
                assert digits not in numbers or "." not in digits
    for value in hidden.values():
        assert f"{abs(value):.4g}" in quiz.key.svg.replace("−", "-")


def test_a_blanked_wire_tells_neither_sign_nor_size(run: Any) -> None:
    quiz = viz.quiz(run, blanks=1.0)
    assert {w.sign for w in quiz.sheet.scene.wires if w.kind == "backward" and "(" in w.label} == {"unknown"}
    assert all(w.size is None and not w.note for w in quiz.sheet.scene.wires if w.kind == "backward")
    assert "gradient, to be found" in {e.label for e in quiz.sheet.scene.legend.entries}
    assert "gradient, to be found" not in {e.label for e in quiz.key.scene.legend.entries}


def test_a_derivative_that_is_left_does_not_give_a_blanked_value_away(run: Any) -> None:
    quiz = viz.quiz(run, blanks=["d.values"])
    rows = {r.label: r.lines for b in quiz.sheet.scene.boxes if b.name == "p" for r in b.readings}
    assert rows["∂b"] == ("d",)
    rows = {r.label: r.lines for b in quiz.key.scene.boxes if b.name == "p" for r in b.readings}
    assert rows["∂b"] == ("d = 2.625",)


def test_numbers_of_questions_stand_in_the_picture_and_in_the_list(run: Any) -> None:
    quiz = viz.quiz(run, blanks=0.6, seed=2)
    texts = [t.text for t in quiz.sheet.placed.texts()]
    for k, question in enumerate(quiz.questions, 1):
        assert question.startswith(f"({k}) ") and question.endswith(BLANK)
        assert sum(text.startswith(f"({k})") for text in texts) >= 2
    root = ElementTree.fromstring(quiz.key.svg)
    drawn = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    for answer in quiz.answers:
        assert answer in drawn


def test_the_key_has_the_numbers_of_the_run_and_the_rule(run: Any) -> None:
    quiz = viz.quiz(run, blanks=["a", "e", "h"])
    told = {re.sub(r"^\(\d+\) ", "", answer) for answer in quiz.answers}
    assert "dL/da = 6.906 + 0.02659 = 6.933" in told
    assert "e = a · b = 2.5 · (−3.25) = −8.125" in told
    assert "∂e/∂a = b = −3.25" in told
    assert "from e to a: upstream × local = −2.125 × −3.25 = 6.906" in told
    for k, fact in quiz._asked.items():
        assert quiz.solution[k] == pytest.approx(quiz._facts.numbers[fact].item())


def test_questions_follow_the_flow_values_first(run: Any) -> None:
    quiz = viz.quiz(run, blanks=1.0)
    kinds = [fact.kind for fact in quiz._asked.values()]
    assert kinds == sorted(kinds, key=lambda kind: kind != "values")


# Choosing


def test_a_seed_is_one_quiz_and_another_seed_another(run: Any) -> None:
    one, again, other = (viz.quiz(run, seed=s) for s in (3, 3, 4))
    assert one.sheet.svg == again.sheet.svg and one.key.svg == again.key.svg
    assert one.questions != other.questions


def test_only_the_named_kinds_are_blanked(run: Any) -> None:
    for kind in KINDS:
        quiz = viz.quiz(run, blanks=1.0, hide=kind)
        assert {fact.kind for fact in quiz._asked.values()} == {kind}


def test_a_number_of_blanks_and_names_of_nodes_are_kept(run: Any) -> None:
    assert len(viz.quiz(run, blanks=4).questions) == 4
    assert [f.kind for f in viz.quiz(run, blanks="a")._asked.values()] == ["gradients"]
    assert {f.kind for f in viz.quiz(run, blanks=["e.derivatives"])._asked.values()} == {"derivatives"}


def test_every_blank_can_be_derived_from_what_is_left(make: Any) -> None:
    """Held against an independent solver, which puts numbers into the equations and never looks at the answer."""
    for seed in range(20):
        traced = gn.trace(make["random"](seed))
        quiz = viz.quiz(traced, seed=seed, blanks=1.0)
        hidden = {quiz._facts.same(f) for f in quiz._asked.values()}
        values = {n: float(traced.value(n)) for n in traced.graph.nodes if n.role != "op"}
        for node in traced.graph.nodes:
            if node.role == "op":
                again = node.op.node(
                    *(gn.scalar(values[o], "o") for o in node.operands), **dict(node.attributes)
                )
                values[node] = float(again.value)
        assert not any(f.kind == "values" and quiz._facts.node(f).role != "op" for f in hidden)
        for fact in hidden:
            if fact.kind == "values":
                assert values[quiz._facts.node(fact)] == pytest.approx(float(quiz._facts.numbers[fact]))


def test_the_solver_goes_both_ways_and_knows_where_it_ends() -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(3.0, "b")
    facts = Facts(gn.trace((a * b).named("c")))
    shown = list(facts.numbers)
    n0, n1, n2 = (Fact("values", f"n{k}") for k in range(3))
    assert facts.underivable([n2], shown) == []
    assert facts.underivable([n0], [n1, n2]) == []  # 6 / 3
    slopes = [Fact("derivatives", "n2", 0), Fact("derivatives", "n2", 1)]
    assert facts.underivable([n0, n1], [n2]) == [n0, n1]
    assert facts.underivable([n0], [n2]) == [n0]
    # A gradient follows from the values alone, for the slopes do.
    assert facts.underivable([Fact("gradients", "n0"), *slopes], [n0, n1]) == []
    zero = Facts(gn.trace(gn.scalar(2.0, "a") * gn.scalar(0.0, "b")))
    assert zero.underivable([n0], [n1, n2]) == [n0]  # 0 / 0


def test_what_cannot_be_derived_is_refused_by_name(run: Any) -> None:
    # h is left, but a cannot be read off tanh(a); with L it could, by way of p, d and e.
    assert viz.quiz(run, blanks=["a.values", "e.values", "d.values", "p.values"], view="values").questions
    with pytest.raises(ValueError, match=r"a cannot be derived from what is left .*Blank less"):
        viz.quiz(run, blanks=["a.values", "e.values", "d.values", "p.values", "L.values"], view="values")
    with pytest.raises(ValueError, match=r"there is nothing to ask about 'c\.derivatives'"):
        viz.quiz(run, blanks=["c.derivatives"])


def test_nothing_is_derived_by_way_of_a_fold(classifier_run: Any) -> None:
    with pytest.raises(ValueError, match="folded, hidden or too large"):
        viz.quiz(classifier_run, depth=1)


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"blanks": 0}, "blanks is a share above 0"),
        ({"blanks": 1.5}, "blanks is a share above 0"),
        ({"hide": "slopes"}, "hide knows values, gradients, contributions, derivatives, found 'slopes'"),
        ({"view": "ledger"}, "view knows structure, .*found 'ledger'"),
        ({"blanks": []}, "blanks names nothing"),
        ({"view": "structure"}, "there is nothing to ask"),
    ],
)
def test_wrong_wishes_are_told(run: Any, words: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        viz.quiz(run, **words)


def test_a_quiz_wants_a_run() -> None:
    with pytest.raises(TypeError, match=r"wanted a run \(gn.trace"):
        viz.quiz(gn.Graph(expression()))
    with pytest.raises(ValueError, match="this run has no gradients"):
        viz.quiz(gn.trace(gn.parameter([1.0, 2.0], "w") * 2.0), view="gradients")
    assert viz.quiz(gn.trace(gn.parameter([1.0, 2.0], "w") * 2.0)).questions


# Several


def test_thirty_quizzes_differ_and_each_can_be_made_again(run: Any) -> None:
    made = viz.quizzes(run, 30, seed=1)
    assert len({quiz.questions for quiz in made}) == 30
    assert viz.quiz(run, seed=made[7].seed).sheet.svg == made[7].sheet.svg


def test_new_numbers_are_new_and_their_keys_are_right(layer: Any) -> None:
    made = viz.quizzes(layer, 4, seed=2, numbers="new", blanks=["w", "x", "loss"])
    assert len({quiz.answers for quiz in made}) == 4
    for quiz in made:
        x, w, t = (quiz.run.value(quiz.run.graph.find(name)).astype(float) for name in ("x", "w", "t"))
        gradient = 2 * x.T @ (x @ w - t) / t.size
        asked = next(k for k, f in quiz._asked.items() if quiz._facts.node(f).name == "w")
        np.testing.assert_allclose(quiz.solution[asked], gradient, rtol=1e-5)
        assert quiz.check(quiz.solution).right == len(quiz.questions)


def test_more_quizzes_than_there_are_is_told() -> None:
    small = gn.trace((gn.scalar(2.0, "a") * gn.scalar(3.0, "b")).named("c"))
    with pytest.raises(ValueError, match=r"only \d different quizzes .* wanted 50\. Ask for numbers='new'"):
        viz.quizzes(small, 50, blanks=1, hide="gradients")


# Saving


@pytest.mark.parametrize(
    "ending", ["svg", "png", "pdf", "tex", "html", "dot", "mmd", "json", "md", "csv", "txt"]
)
def test_a_quiz_saves_in_every_format(run: Any, tmp_path: Path, ending: str) -> None:
    quiz = viz.quiz(run, blanks=["a"])
    sheet, key = quiz.save(tmp_path / f"sheet.{ending}", tmp_path / f"key.{ending}")
    assert sheet.stat().st_size > 100 and key.read_bytes() != sheet.read_bytes()
    if ending in ("txt", "md"):
        assert quiz.questions[0] in sheet.read_text("utf-8") and quiz.answers[0] in key.read_text("utf-8")
    if ending == "json":
        assert json.loads(sheet.read_text("utf-8"))["scene"]["notes"][1] == quiz.questions[0]


def test_sheet_and_key_are_two_files(run: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sheet and key are one file"):
        viz.quiz(run).save(tmp_path / "a.svg", tmp_path / "a.svg")


def test_a_quiz_fits_a_slide(run: Any) -> None:
    quiz = viz.quiz(run, blanks=3, slide="16:9")
    (sheet,) = quiz.sheet.sheets
    assert (sheet.width, sheet.height) == (1280.0, 720.0)


# Marks


def asked(quiz: viz.Quiz, symbol: str) -> int:
    return next(k for k, answer in enumerate(quiz.answers, 1) if answer.split(") ", 1)[1].startswith(symbol))


def hint(quiz: viz.Quiz, symbol: str, answer: Any) -> str:
    k = asked(quiz, symbol)
    mark = quiz.check({k: answer})[k]
    assert not mark.right
    return mark.hint


def test_right_answers_are_right_in_any_spelling(run: Any) -> None:
    quiz = viz.quiz(run, blanks=["p"])
    assert quiz.check(quiz.solution).right == len(quiz.questions)
    k = asked(quiz, "p = ")
    for answer in (-5.578125, "−5.578", "-5,58", "-5.578125", "-357/64", np.float32(-5.578)):
        assert quiz.check({k: answer})[k].right
    assert not quiz.check({k: 5.578})[k].right


def test_three_digits_are_enough_and_two_are_not(run: Any) -> None:
    quiz = viz.quiz(run, blanks=["e.values"])
    assert quiz.check({1: -8.13})[1].right and not quiz.check({1: -8.1})[1].right


@pytest.mark.parametrize(
    ("symbol", "answer", "words"),
    [
        ("dL/da", 2.125 * 3.25, "used 2 times, and only what comes back from e is there"),
        ("dL/da", -3.25 + 0.026595, "in the part through e: you left out what comes from above"),
        ("dL/da", -6.9329, "the sign is not"),
        ("dL/da", 2.5, "that is the value of the node"),
        ("dL/da", 6.90625 * 0.026595, "added, not multiplied"),
        ("dL/db", 2.5, "you left out what comes from above"),
        ("dL/db", -2.125, "you left out the local derivative"),
        ("dL/db", -2.125 * -3.25, "you multiplied by the value of the operand"),
        ("dL/db", -2.125 * -8.125, "you multiplied by the result of the op"),
        ("dL/db", -2.125 + 2.5, "multiplied, not added"),
        ("dL/db", -2.125 / 2.5, "do not divide by it"),
        ("dL/db", 99.0, "add up what flows back"),
        ("∂h/∂a", 1 - 2.5**2, "the result of tanh squared, not its operand"),
        ("∂e/∂a", 2.5, "the value of this operand, not the slope"),
        ("∂e/∂a", -8.125, "the result of the op"),
        ("e = ", -0.75, "when the operands are added; the op is mul"),
        ("d = ", -18.875, "subtracted"),
        ("h = ", 2.5, "tanh still has to be applied"),
    ],
)
def test_a_typical_mistake_is_recognised(run: Any, symbol: str, answer: float, words: str) -> None:
    quiz = viz.quiz(run, blanks=["a", "b", "e", "d", "h"])
    assert words in hint(quiz, symbol, answer)


def test_a_transposed_array_and_a_mean_that_was_not_divided_are_recognised(layer: Any) -> None:
    quiz = viz.quiz(layer, blanks=["w", "x", "y"])
    slope = quiz.solution[asked(quiz, "d loss / d w")]
    assert "transposed" in hint(quiz, "d loss / d w", slope.T)
    assert "a mean is a sum divided by how many there are, here 4" in hint(quiz, "d loss / d w", slope * 4)
    assert "another shape: it is 3 × 2" in hint(quiz, "d loss / d w", [1.0, 2.0])


def test_what_follows_rightly_from_an_earlier_mistake_is_not_wrong_twice(run: Any) -> None:
    quiz = viz.quiz(run, blanks=["e.values", "d.values", "p.values"])
    marks = quiz.check({1: 8.125, 2: 18.875, 3: 1.0})
    assert [(m.right, m.follows) for m in marks] == [(False, False), (False, True), (False, False)]
    assert str(marks).endswith("0 of 3 right") and "follows from an earlier mistake" in str(marks)


def test_a_hint_never_tells_the_answer(run: Any) -> None:
    quiz = viz.quiz(run, blanks=1.0)
    for factor in (-1.0, 2.0, 0.5, 10.0):
        for k, value in quiz.solution.items():
            words = quiz.check({k: value * factor})[k].hint
            assert f"{abs(value):.4g}" not in words


def test_answers_that_are_none_are_told(run: Any) -> None:
    quiz = viz.quiz(run, blanks=["b"])
    assert str(quiz.check({})[1]) == "(1) no answer"
    with pytest.raises(ValueError, match=r"the answer to \(1\) is no number: 'three'"):
        quiz.check({1: "three"})
    with pytest.raises(ValueError, match="there is no question 9; the last one is 1"):
        quiz.check({9: 1.0})


def test_names_of_any_kind_are_correct_or_shortened() -> None:
    names = ["a < b & c", "x\ny", "{$\\alpha$}", "가중치", "w" * 300, "__", '"q"']
    nodes = [gn.scalar(float(k + 2), name) for k, name in enumerate(names)]
    total = nodes[0]
    for node in nodes[1:]:
        total = total * 0.5 + node
    with pytest.warns(viz.MissingGlyphWarning):
        quiz = viz.quiz(gn.trace(total), blanks=0.5)
    assert viz.problems(quiz.sheet.placed) == [] and viz.problems(quiz.key.placed) == []
    ElementTree.fromstring(quiz.sheet.svg)


def test_a_condition_in_brackets_is_explained_and_boxes_without_a_shape_have_no_empty_line() -> None:
    x = gn.scalar(2.0, "x")
    quiz = viz.quiz(gn.trace(gn.square(gn.relu(x).named("h")).named("loss")), blanks=["h"])
    for page in (quiz.sheet, quiz.key):
        assert "[…]: 1 where it holds, else 0" in [entry.label for entry in page.scene.legend.entries]
        for box in page.placed.boxes:
            title = next(text for text in box.texts if text.text == box.box.title)
            first = min(text.y for text in box.texts if text.y > title.rect.bottom)
            assert first - title.y < 32, box.box.id
    bare = viz.quiz(gn.trace(gn.square(x).named("loss")), blanks=1)
    assert not any("[…]" in entry.label for entry in bare.sheet.scene.legend.entries)
