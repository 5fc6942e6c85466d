"""Where the exercises of all lessons lie: find one by its label, check an answer."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
import sys
from functools import cache
from typing import Any

import graphnn as gn
from graphnn.learn import lessons
from graphnn.learn.exercise import Exercise, Verdict

__all__ = ["check", "exercises", "question", "verdict"]


def check(label: str, answer: Any = None) -> None:
    """Say whether `answer` is right, and if not, what to look at.

    label : of the exercise, as the lesson writes it: "03-2" is the second of lesson 3
    answer : whatever the question asks for; nothing repeats the question, and `...` is no answer yet

    Raises SettingError where there is no such exercise.
    """
    sys.stdout.write(f"{verdict(label, answer)}\n")


def verdict(label: str, answer: Any) -> Verdict:
    """What `check` says, as an object: `.right`, `.text`; true where the answer is right."""
    return _found(label).judge(answer)


def question(label: str) -> str:
    """What the exercise asks."""
    return _found(label).question


def exercises(lesson: str | int | None = None) -> tuple[Exercise, ...]:
    """The exercises of one lesson ("03" or 3), or of all lessons in their order."""
    found = _all().values()
    if lesson is None:
        return tuple(found)
    number = str(lesson).zfill(2)
    chosen = tuple(e for e in found if e.label.startswith(f"{number}-"))
    if not chosen:
        known = ", ".join(sorted({e.label[:2] for e in found}))
        raise gn.SettingError(f"exercises: there is no lesson {lesson!r} with exercises; there are {known}.")
    return chosen


def _found(label: str) -> Exercise:
    known = _all()
    if label in known:
        return known[label]
    parts = re.fullmatch(r"\s*(\d{1,2})\D(\d{1,2})\s*", label) if isinstance(label, str) else None
    same = f"{int(parts[1]):02}-{int(parts[2])}" if parts else ""
    near = [same] if same in known else difflib.get_close_matches(str(label), known, 1)
    meant = f" Did you mean {near[0]!r}?" if near else ' Labels look like "03-2": lesson 3, exercise 2.'
    raise gn.SettingError(f"check: there is no exercise {label!r}.{meant}")


@cache
def _all() -> dict[str, Exercise]:
    found: dict[str, Exercise] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(lessons.__path__)):
        for exercise in importlib.import_module(f"{lessons.__name__}.{module}").EXERCISES:
            found[exercise.label] = exercise
    return found
