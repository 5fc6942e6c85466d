"""What every lesson has: an aim, a prediction before the picture, exercises that check themselves, and solutions."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import pytest

import graphnn as gn

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "tutorials").glob("[0-9][0-9]_*.py"))
SOLUTIONS = ROOT / "tutorials" / "solutions"
TOLD = [path.stem for path in LESSONS]


def labels_in(text: str) -> list[str]:
    return re.findall(r'gn\.learn\.check\("([^"]+)"', text)


def test_there_are_lessons_and_each_has_a_number_of_its_own() -> None:
    numbers = [path.name[:2] for path in LESSONS]
    assert numbers
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("path", LESSONS, ids=TOLD)
def test_a_lesson_is_a_percent_notebook_with_an_aim_and_a_prediction(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    ast.parse(text)
    assert text.startswith("# ---\n# jupyter:\n")
    assert re.search(rf"^# # {int(path.name[:2])}\. \S", text, re.MULTILINE), (
        "a title with the lesson's number"
    )
    assert "**After this lesson you can**" in text
    assert re.search(r"^# > ", text, re.MULTILINE), "a prediction stands in a quoted block"
    assert "viz." in text, "a lesson draws"
    assert re.search(r"^# ## Exercises$", text, re.MULTILINE)


@pytest.mark.parametrize("path", LESSONS, ids=TOLD)
def test_a_lesson_asks_its_exercises_in_order_and_leaves_the_answers_open(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = [exercise.label for exercise in gn.learn.exercises(path.name[:2])]
    assert labels_in(text) == known
    assert 3 <= len(known) <= 5
    assert text.count("gn.learn.check(") == len(known)
    assert text.index("## Exercises") < text.index("gn.learn.check(")


@pytest.mark.parametrize("path", LESSONS, ids=TOLD)
def test_every_solution_is_right(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    solution = SOLUTIONS / path.name
    known = [exercise.label for exercise in gn.learn.exercises(path.name[:2])]
    assert labels_in(solution.read_text(encoding="utf-8")) == known
    runpy.run_path(str(solution), run_name="__main__")
    said = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\d\d-\d+: ", line)]
    assert [line.split(". ")[0] for line in said] == [f"{label}: right" for label in known]


def test_no_solution_is_left_over() -> None:
    assert sorted(path.name for path in SOLUTIONS.glob("*.py")) == [path.name for path in LESSONS]
