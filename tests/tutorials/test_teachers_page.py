"""The teacher's page says of every lesson what the lesson itself says: its title, its minutes, its exercises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import graphnn as gn

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "teachers.md").read_text(encoding="utf-8")
LESSONS = sorted((ROOT / "tutorials").glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_the_plan_of_a_lesson_agrees_with_the_lesson(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title = re.search(r"^# # (\d+\. .+)$", text, re.MULTILINE)
    minutes = re.search(r"^# Time: about (\d+) minutes", text, re.MULTILINE)
    assert title is not None
    assert minutes is not None
    plan = re.search(rf"^### {re.escape(title[1])}\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    assert plan is not None, f"no plan of {title[1]!r}"
    count = len(gn.learn.exercises(path.name[:2]))
    assert f"[Lesson](lessons/{path.stem}.ipynb), {minutes[1]} minutes, {count} exercises." in plan[1]
    for part in ("Aim", "Project", "Ask before", "Quiz"):
        assert f"- **{part}**: " in plan[1]


def test_what_the_plans_project_stands_under_a_heading_of_the_lesson() -> None:
    for path in LESSONS:
        headings = re.findall(r"^# ##+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        plan = PAGE.split(f"[Lesson](lessons/{path.stem}.ipynb)", 1)[1].split("\n### ", 1)[0]
        project = plan.split("- **Project**: ", 1)[1].split("\n- **", 1)[0]
        for named in re.findall(r"under \*([^*]+)\*", " ".join(project.split())):
            assert any(named in heading for heading in headings), f"{path.stem}: no heading {named!r}"


def test_every_misconception_names_lessons_that_exist() -> None:
    table = PAGE.split("## Misconceptions", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith('| "')]
    assert rows
    for row in rows:
        links = re.findall(r"\(lessons/([\w]+)\.ipynb\)", row)
        assert links, row
        assert set(links) <= {path.stem for path in LESSONS}, row
