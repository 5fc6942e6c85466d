"""The questions that learners ask again and again are each answered by a demonstration of at most ten lines."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how_to" / "four_questions.md"
LONGEST = 10
# What the syllabus asks, as words that the heading has.
ASKED = [
    "topological order",
    "`+=`",
    "zero the gradients",
    "gradient 0",
    "look like zero before",
    "NaN start",
]
ASKED += ["derivative formula", "into my slides"]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)

BEGINNING, *SECTIONS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_standing_question_has_its_heading() -> None:
    headings = [section.splitlines()[0] for section in SECTIONS]
    assert len(headings) == len(ASKED)
    for words, heading in zip(ASKED, headings, strict=True):
        assert words in heading


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_a_demonstration_is_short_and_runs_by_itself(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (imports,) = BLOCK.findall(BEGINNING)
    ((code, shown),) = BLOCK.findall(SECTIONS[number])
    assert len([line for line in code.splitlines() if line.strip()]) <= LONGEST
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(imports[0], str(PAGE), "exec"), names)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), names)
    assert printed.getvalue().rstrip() == shown.rstrip()
