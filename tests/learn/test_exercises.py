"""Exercises: what is right is accepted, each expected mistake gets a hint of its own, nonsense gets a sentence."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.learn.answers import Array, Choice, Expression, Function, Number, Order, Property
from graphnn.learn.exercise import Exercise, Mistake

ALL = gn.learn.exercises()
LABELS = [exercise.label for exercise in ALL]


@pytest.mark.parametrize("exercise", ALL, ids=LABELS)
def test_the_right_answer_is_right(exercise: Exercise) -> None:
    verdict = exercise.judge(exercise.right)
    assert verdict.right, verdict.text
    assert verdict
    assert exercise.praise in verdict.text


@pytest.mark.parametrize("exercise", ALL, ids=LABELS)
def test_each_expected_mistake_gets_its_own_hint(exercise: Exercise) -> None:
    said = []
    for mistake in exercise.mistakes:
        verdict = exercise.judge(mistake.answer)
        assert not verdict.right
        assert mistake.hint in verdict.text
        assert exercise.otherwise not in verdict.text
        said.append(mistake.hint)
    assert len(set(said)) == len(said) >= 2


@pytest.mark.parametrize("exercise", ALL, ids=LABELS)
@pytest.mark.parametrize(
    "answer", [object(), "¿?", -123456.75, [], np.full((2, 3), np.nan), len, 1j], ids=type
)
def test_nonsense_is_never_right_and_never_stops_the_lesson(exercise: Exercise, answer: object) -> None:
    verdict = exercise.judge(answer)
    assert not verdict.right
    assert verdict.text.startswith("not yet. ")


@pytest.mark.parametrize("exercise", ALL, ids=LABELS)
def test_without_an_answer_the_question_is_repeated(exercise: Exercise) -> None:
    assert exercise.judge(None).text == f"no answer yet. {exercise.question}"
    assert exercise.judge(...).text == "no answer yet. Put it in place of the three dots."


def test_check_says_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    gn.learn.check("01-1", 3)
    gn.learn.check("01-1", 4)
    right, wrong = capsys.readouterr().out.splitlines()
    assert right.startswith("01-1: right. ")
    assert wrong.startswith("01-1: not yet. That is the number of edges.")
    assert gn.learn.question("01-1").startswith("How many nodes")


@pytest.mark.parametrize(
    ("label", "meant"),
    [("1-1", "01-1"), ("1.1", "01-1"), ("01_1", "01-1"), ("nothing", 'Labels look like "03-2"')],
)
def test_an_unknown_label_names_the_one_that_is_meant(label: str, meant: str) -> None:
    with pytest.raises(gn.SettingError, match=f"no exercise '{label}'.*{meant}"):
        gn.learn.verdict(label, 1)


def test_a_lesson_without_exercises_is_an_error() -> None:
    with pytest.raises(gn.SettingError, match="there is no lesson 99 with exercises; there are 01"):
        gn.learn.exercises(99)


def made(kind: object, right: object, *wrong: object) -> Exercise:
    mistakes = tuple(Mistake(answer, f"hint {k}") for k, answer in enumerate(wrong))
    return Exercise("00-1", "Why?", kind, right, mistakes, "Good.", "Look again.")  # type: ignore[arg-type]


def test_numbers_are_compared_within_their_tolerance() -> None:
    exercise = made(Number(1e-2), 100.0, 5)
    assert exercise.judge(100.9)
    assert exercise.judge(gn.constant(100.0, "float64"))
    assert not exercise.judge(102.0)
    assert "hint 0" in exercise.judge(np.float32(5)).text
    assert "One number is asked for, found 2" in exercise.judge([1, 2]).text


def test_arrays_are_compared_by_shape_and_numbers() -> None:
    exercise = made(Array((2, 2)), np.eye(2), np.ones((2, 2)))
    assert exercise.judge([[1, 0], [0, 1]])
    assert "hint 0" in exercise.judge(np.ones((2, 2))).text
    assert "shape (2, 2) is asked for, found shape (3,)" in exercise.judge([1, 2, 3]).text
    assert made(Array((3,)), [1, 2, 3]).judge([[1], [2], [3]])


def test_words_and_orders_are_compared_as_readers_write_them() -> None:
    assert made(Choice(("yes", "no")), "yes", "no").judge(" YES ")
    formula = made(Choice(("a * b", "a * a")), "a * b", "a * a")
    assert formula.judge("a*b")
    assert "hint 0" in formula.judge("a*a").text
    step = made(Choice(("0.1", "0.00001")), "0.00001", "0.1")
    assert step.judge(0.00001)
    assert step.judge("1e-5")
    assert "one of '0.1', '0.00001'" in step.judge(float("nan")).text
    assert "one of 'yes', 'no'" in made(Choice(("yes", "no")), "yes").judge("maybe").text
    order = made(Order(("a", "b")), ["a", "b"], ["b", "a"])
    assert order.judge("a, b")
    assert order.judge([gn.scalar(1.0, "a"), gn.scalar(1.0, "b")])
    assert "hint 0" in order.judge("b a").text
    assert made(Order(("a", "b"), ordered=False), ["a", "b"]).judge(["b", "a"])
    assert "There is no 'q'" in order.judge("q").text


def test_functions_are_called_and_their_mistakes_are_told() -> None:
    exercise = made(Function(((2.0,), (3.0,))), lambda x: x * x, lambda x: 2 * x)
    assert exercise.judge(lambda x: x**2)
    assert "hint 0" in exercise.judge(lambda x: x + x).text
    assert "stopped at (2.0) with ZeroDivisionError" in exercise.judge(lambda x: 1 / 0).text
    assert "gives None for (2.0)" in exercise.judge(lambda x: None).text
    assert "gives dict {1: 2} for (2.0)" in exercise.judge(lambda x: {1: 2}).text
    with_function = made(Function(((abs, -2.0),)), lambda f, x: f(x))
    assert "stopped at (abs, -2.0) with" in with_function.judge(lambda f: f).text
    assert "found a function" in made(Number(), 1).judge(lambda: 1).text
    assert "A function is asked for" in exercise.judge(4.0).text


def test_expressions_are_compared_by_value_and_slope() -> None:
    x = gn.input("x", (), "float64")
    exercise = made(Expression(({"x": 2.0}, {"x": 0.5}), ("x",)), x * x, x + x)
    assert exercise.judge(gn.square(x))
    assert "hint 0" in exercise.judge(2.0 * x).text
    assert "does not hang on the input 'x'" in exercise.judge(gn.scalar(1.0, "a") * 2.0).text
    assert "A node of a graph is asked for" in exercise.judge(4.0).text
    assert "cannot be computed" in exercise.judge(x * gn.input("z", (), "float64")).text


def test_a_property_gives_its_own_hints() -> None:
    exercise = made(Property(lambda n: None if n % 2 == 0 else f"{n} is odd."), 2)
    assert exercise.judge(4)
    assert exercise.judge(3).text == "not yet. 3 is odd."
