"""Mark answers to a quiz, and recognise from a wrong number what was done: in words, without telling the answer.

Recognised are: what comes from above forgotten, the local derivative forgotten, one path of a fan-out forgotten or
multiplied instead of added, the wrong sign, a value in place of a slope, a sum in place of a product, a transposed
array, a mean that was not divided; and answers that follow rightly from an earlier mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from viz.lecture.quiz_facts import Fact, Facts
from viz.study.by_hand import computed, sent_back, sizes_of

__all__ = ["Mark", "Marks", "marked"]

# Three digits are enough, and they come from rounded numbers: one unit of the third digit more or less is right.
_DIGITS = 3
_NOTHING = 1e-6

# A number that a mistake gives, and what the mistake was.
Guess = tuple[Any, str]


@dataclass(frozen=True, eq=False)
class Mark:
    """One answer: whether it is right, or follows from an earlier mistake, and a hint in words if it is wrong."""

    number: int
    given: Any
    wanted: Any
    right: bool
    follows: bool = False
    hint: str = ""

    def __str__(self) -> str:
        if self.right:
            return f"({self.number}) right"
        if self.given is None:
            return f"({self.number}) no answer"
        word = "follows from an earlier mistake" if self.follows else "wrong"
        return f"({self.number}) {word}: {self.hint}"


@dataclass(frozen=True, eq=False)
class Marks:
    """The marks of a sheet, by the number of the question."""

    marks: tuple[Mark, ...]

    @property
    def right(self) -> int:
        """How many are right."""
        return sum(mark.right for mark in self.marks)

    def __getitem__(self, number: int) -> Mark:
        for mark in self.marks:
            if mark.number == number:
                return mark
        raise KeyError(number)

    def __iter__(self) -> Iterator[Mark]:
        return iter(self.marks)

    def __len__(self) -> int:
        return len(self.marks)

    def __str__(self) -> str:
        return "\n".join([*map(str, self.marks), f"{self.right} of {len(self.marks)} right"])


def marked(facts: Facts, asked: Mapping[int, Fact], answers: Mapping[int, Any]) -> Marks:
    """A mark for each question. Raises ValueError for an answer to no question, or that is no number."""
    for number in answers:
        if number not in asked:
            raise ValueError(f"Quiz.check: there is no question {number!r}; the last one is {len(asked)}.")
    given = {number: _read(number, answers[number]) for number in asked if answers.get(number) is not None}
    told = {asked[number]: array for number, array in given.items()}
    return Marks(tuple(_mark(facts, number, fact, told) for number, fact in asked.items()))


def _read(number: int, answer: Any) -> np.ndarray:
    if isinstance(answer, str):
        word = answer.strip().replace("−", "-").replace(",", ".")
        try:
            return np.asarray(float(Fraction(word)) if "/" in word else float(word))
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"Quiz.check: the answer to ({number}) is no number: {answer!r}.") from None
    try:
        return np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"Quiz.check: the answer to ({number}) is no number: {answer!r}.") from None


def _mark(facts: Facts, number: int, fact: Fact, told: Mapping[Fact, np.ndarray]) -> Mark:
    wanted = facts.numbers[fact]
    shown = wanted.item() if wanted.ndim == 0 else wanted
    given = told.get(fact)
    if given is None:
        return Mark(number, None, shown, right=False)
    answer = given.item() if given.ndim == 0 else given
    if _is(given, wanted):
        return Mark(number, answer, shown, right=True)
    others = {other: array for other, array in told.items() if other != fact}
    wrong = {o for o, array in others.items() if not _is(array, facts.numbers[o])}
    if wrong:
        try:
            found = _Worked(facts, others).of(fact)
        except ValueError:
            # Arrays of a wrong shape fit nowhere.
            found = None
        if found is not None and _is(given, found) and not _is(found, wanted):
            words = "with your earlier numbers this would be right; mend those first."
            return Mark(number, answer, shown, right=False, follows=True, hint=words)
    for guess, words in _Mistakes(facts).of(fact):
        array = np.asarray(guess, dtype=np.float64)
        if _is(given, array) and not _is(array, wanted):
            return Mark(number, answer, shown, right=False, hint=words)
    if given.shape != wanted.shape:
        wish = " × ".join(map(str, wanted.shape)) or "one number"
        return Mark(number, answer, shown, right=False, hint=f"the answer has another shape: it is {wish}.")
    return Mark(number, answer, shown, right=False, hint=_rule(fact))


def _is(given: np.ndarray, wanted: np.ndarray) -> bool:
    if given.shape != wanted.shape:
        return False
    size = np.abs(wanted.astype(np.float64))
    least = _NOTHING * (float(size.max(initial=0.0)) or 1.0)
    unit = 10.0 ** (np.floor(np.log10(np.maximum(size, least))) - _DIGITS + 1)
    return bool((np.abs(given - wanted) <= np.maximum(np.where(size > 0, unit, 0.0), least)).all())


def _rule(fact: Fact) -> str:
    return {
        "values": "put the operands into the op once more.",
        "gradients": "add up what flows back along every use of the node.",
        "contributions": "multiply what comes from above by the local derivative.",
        "derivatives": "how much does the result change when this operand changes a little, and nothing else does?",
    }[fact.kind]


class _Worked:
    """The facts again, worked out from the numbers that a student wrote."""

    def __init__(self, facts: Facts, told: Mapping[Fact, np.ndarray]):
        self.facts, self.told, self.sizes = facts, told, sizes_of(facts.run)

    def known(self, fact: Fact) -> np.ndarray:
        """What the student wrote, else the true number."""
        written = self.told.get(self.facts.same(fact))
        return self.facts.numbers[fact] if written is None else written

    def of(self, fact: Fact) -> np.ndarray | None:
        """The fact by its first rule; None where something is missing."""
        facts, node = self.facts, self.facts.node(fact)
        needs = next(facts.ways(fact), ())
        if any(need not in facts.numbers for need in needs):
            return None
        if fact.kind == "values":
            return computed(node, [self.known(need) for need in needs], self.sizes)
        if fact.kind == "contributions":
            return self._contribution(fact)
        if fact.kind == "derivatives":
            return self._back(fact, np.ones(()))
        parts = [self._contribution(p) if facts.same(p) == fact else self.known(p) for p in needs]
        total = None
        for part in parts:
            total = part if total is None or part is None else total + part
        return total

    def _contribution(self, fact: Fact) -> np.ndarray | None:
        above = Fact("gradients", fact.node)
        local = Fact("derivatives", fact.node, fact.slot)
        if above not in self.facts.numbers:
            return None
        if local in self.facts.numbers and local in self.told:
            return np.asarray(self.known(above) * self.told[local])
        return self._back(fact, self.known(above))

    def _back(self, fact: Fact, upstream: np.ndarray) -> np.ndarray | None:
        node, ids = self.facts.node(fact), self.facts.ids
        places = [Fact("values", ids[operand]) for operand in node.operands]
        if any(place not in self.facts.numbers for place in places):
            return None
        return sent_back(node, [self.known(place) for place in places], upstream, self.sizes)[fact.slot]


class _Mistakes:
    """What typical mistakes would give, the likeliest first."""

    def __init__(self, facts: Facts):
        self.facts, self.run = facts, facts.run

    def of(self, fact: Fact) -> Iterator[Guess]:
        """Numbers with the mistake that leads to each."""
        yield from {
            "values": self._value, "gradients": self._gradient, "contributions": self._contribution,
            "derivatives": self._derivative,
        }[fact.kind](fact)  # fmt: skip
        wanted = self.facts.numbers[fact]
        yield -wanted, "the size is right, the sign is not."
        if fact.kind == "derivatives":
            above = self.run.gradient(self.facts.node(fact))
            yield above, "that is what comes from above; asked is the local derivative."
        if wanted.ndim == 2:
            yield wanted.T, "it is transposed: an answer has the shape of the node that it belongs to."
        for size in self._counts():
            yield wanted * size, f"a mean is a sum divided by how many there are, here {size}; divide."
            yield wanted / size, f"it is divided by {size} once too often."

    def _counts(self) -> list[int]:
        """Over how many numbers the means of the graph go."""
        means = [n for n in self.facts.graph.nodes if n.op.name in ("mean", "mean_squared_error")]
        sizes = [np.size(self.run.value(n.operands[0])) // max(np.size(self.run.value(n)), 1) for n in means]
        return [size for size in dict.fromkeys(sizes) if size > 1]

    def _value(self, fact: Fact) -> Iterator[Guess]:
        node = self.facts.node(fact)
        gradient = self.run.gradient(node) if self.run.has_gradients else None
        operands = [np.asarray(self.run.value(o), dtype=np.float64) for o in node.operands]
        with np.errstate(all="ignore"):
            if len(operands) == 2 and operands[0].shape == operands[1].shape:
                a, b = operands
                for word, guess in (
                    ("added", a + b), ("multiplied", a * b), ("subtracted", a - b),
                    ("subtracted the other way round", b - a), ("divided", a / b),
                    ("divided the other way round", b / a), ("raised to the power", a**b),
                ):  # fmt: skip
                    if np.isfinite(guess).all():
                        yield (
                            guess,
                            f"that is what you get when the operands are {word}; the op is {node.op.name}.",
                        )
        for operand, array in zip(node.operands, operands, strict=True):
            yield (
                array,
                f"that is the operand {operand.label} itself; {node.op.name} still has to be applied.",
            )
        if gradient is not None:
            yield gradient, "that is the gradient; asked is the value."

    def _gradient(self, fact: Fact) -> Iterator[Guess]:
        facts, node = self.facts, self.facts.node(fact)
        parts = facts.flowing.get(fact.node, [])
        known = [np.asarray(self._part(part), dtype=np.float64) for part in parts]
        total = np.asarray(facts.numbers[fact], dtype=np.float64)
        if len(parts) > 1:
            for part, array in zip(parts, known, strict=True):
                name = facts.node(part).name or facts.node(part).op.name
                yield (
                    array,
                    (
                        f"it is used {len(parts)} times, and only what comes back from {name} is there. Add up the "
                        "contributions of all paths."
                    ),
                )
                yield (
                    total - array,
                    f"the path through {name} is missing. Add up the contributions of all paths.",
                )
            product = known[0]
            for array in known[1:]:
                product = product * array
            yield product, "where contributions meet they are added, not multiplied."
            yield sum(known[1:], start=known[0]) / len(parts), "contributions are added, not averaged."
            for sign in (1, -1):
                yield (
                    sign * (known[0] - sum(known[1:], start=np.zeros(()))),
                    "add the contributions; one has a wrong sign.",
                )
        for part, array in zip(parts, known, strict=True):
            name = facts.node(part).name or facts.node(part).op.name
            where = f"in the part through {name}: " if len(parts) > 1 else ""
            for guess, words in self._contribution(part):
                if np.shape(guess) == array.shape:
                    yield total - array + guess, where + words
        yield self.run.value(node), "that is the value of the node; asked is its gradient."

    def _part(self, part: Fact) -> Any:
        return self.run.contribution(self.facts.graph.operand_edges(self.facts.node(part))[part.slot])

    def _contribution(self, fact: Fact) -> Iterator[Guess]:
        node, source = self.facts.node(fact), self.facts.source(fact)
        up = np.asarray(self.run.gradient(node), dtype=np.float64)
        value = np.asarray(self.run.value(source), dtype=np.float64)
        result = np.asarray(self.run.value(node), dtype=np.float64)
        local = self.facts.numbers.get(Fact("derivatives", fact.node, fact.slot))
        if local is not None and up.ndim == 0:
            yield local, "you left out what comes from above: upstream × local."
        if up.shape == value.shape:
            yield up, "you left out the local derivative: what comes from above is multiplied by it."
            yield (
                up * value,
                "you multiplied by the value of the operand; the local derivative belongs there.",
            )
        if up.shape == result.shape:
            yield up * result, "you multiplied by the result of the op; the local derivative belongs there."
        for other in node.operands:
            array = np.asarray(self.run.value(other), dtype=np.float64)
            if array.shape == up.shape and other is not source:
                yield (
                    up * array,
                    "you multiplied by the value of the other operand; take the local derivative.",
                )
        if local is not None and up.ndim == 0:
            yield up + local, "upstream and local derivative are multiplied, not added."
            if float(local):
                yield up / local, "multiply by the local derivative; do not divide by it."
        yield value, "that is the value of the operand; asked is what flows back to it."
        if up.ndim == 2 and value.ndim == 2:
            yield from self._products(node, source, up)

    def _products(self, node: Any, source: Any, up: np.ndarray) -> Iterator[Guess]:
        """Matrix products in a wrong order, or with a factor that was not transposed."""
        for other in node.operands:
            array = np.asarray(self.run.value(other), dtype=np.float64)
            if other is source or array.ndim != 2:
                continue
            for first, second, words in (
                (up, array, "the other factor has to be transposed."),
                (array, up, "the other factor has to be transposed, or the factors change places."),
                (array.T, up, "the factors stand in the wrong order."),
                (up, array.T, "the factors stand in the wrong order."),
                (up.T, array, "transpose the other factor, not what comes from above."),
            ):
                if first.shape[1] == second.shape[0]:
                    yield first @ second, words

    def _derivative(self, fact: Fact) -> Iterator[Guess]:
        node, source = self.facts.node(fact), self.facts.source(fact)
        local = float(self.facts.numbers[fact])
        part = self._part(fact)
        value, result = float(self.run.value(source)), float(self.run.value(node))
        yield part, "what comes from above is in it already; asked is the local derivative alone."
        if node.op.name == "tanh":
            yield 1 - value**2, "the formula wants the result of tanh squared, not its operand."
        if node.op.name == "sigmoid":
            yield value * (1 - value), "the formula wants the result of the sigmoid, not its operand."
        yield value, "that is the value of this operand, not the slope."
        yield result, "that is the result of the op, not the slope."
        for other in node.operands:
            yield self.run.value(other), "that is the value of the other operand; here it is not the slope."
        if local:
            yield 1 / local, "it is the wrong way round: result by operand, not operand by result."
