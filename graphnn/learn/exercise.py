"""An exercise: a question, how an answer is compared, what is right, and which mistakes are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnn.learn.answers import Kind, Property, UnreadableAnswerError

__all__ = ["Exercise", "Mistake", "Verdict"]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people do give, and what helps who gave it."""

    answer: Any
    hint: str


@dataclass(frozen=True)
class Verdict:
    """What is said of an answer. It is true where the answer is right."""

    label: str
    right: bool
    text: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return f"{self.label}: {self.text}"


@dataclass(frozen=True)
class Exercise:
    """One question of a lesson.

    label : lesson and place in it, as in "03-2"
    question : what is asked, as the lesson asks it
    kind : how an answer is read and compared; see graphnn.learn.answers
    right : an answer that is right
    mistakes : wrong answers that are expected, each with a hint of its own
    praise : what a right answer shows
    otherwise : the hint for a wrong answer that nobody expected
    """

    label: str
    question: str
    kind: Kind
    right: Any
    mistakes: tuple[Mistake, ...]
    praise: str
    otherwise: str

    def judge(self, answer: Any) -> Verdict:
        """Compare an answer with the right one, then with the mistakes that are known."""
        if answer is ...:
            # The lesson asks the question right above; who reads it again wants to know what to do.
            return Verdict(self.label, False, "no answer yet. Put it in place of the three dots.")
        if answer is None:
            return Verdict(self.label, False, f"no answer yet. {self.question}")
        try:
            hint = self._hint(self.kind.read(answer))
        except UnreadableAnswerError as error:
            hint = str(error)
        if hint is None:
            return Verdict(self.label, True, f"right. {self.praise}")
        return Verdict(self.label, False, f"not yet. {hint}")

    def _hint(self, found: Any) -> str | None:
        if isinstance(self.kind, Property):
            return found if found is None else str(found)
        if self.kind.same(found, self.kind.read(self.right)):
            return None
        for mistake in self.mistakes:
            if self.kind.same(found, self.kind.read(mistake.answer)):
                return mistake.hint
        return self.otherwise
