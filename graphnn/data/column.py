"""One column of a table: whether it holds numbers or words, learned from its cells, and its cells as features."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from graphnn.core.errors import DataError, did_you_mean

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
POLICIES = ("error", "mean", "median", "most")
MOST_WORDS = 10_000
"""Different words that a column may hold: each becomes a feature."""

# Whole numbers are classes if there are not more of them than this.
_MOST_NUMBERED_CLASSES = 20


@dataclass(frozen=True)
class Column:
    """How the cells of one column become features.

    kind : "number", one feature, or "words", one feature of 0 and 1 for each of `words`
    words : those that were in the training table, in alphabetical order
    low, high : the least and the greatest number of the training table
    fill : what stands for a missing cell, a number or a word; None: a missing cell is an error
    """

    name: str
    kind: str
    words: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    fill: float | str | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the column's features: its own, or `colour=red` for each word."""
        return (self.name,) if self.kind == "number" else tuple(f"{self.name}={word}" for word in self.words)

    def encode(self, cells: Sequence[str], first: int, label: str, unseen: str) -> np.ndarray:
        """The features of these cells, float64 (rows, features). `first` is the number of the first row."""
        if self.kind == "number":
            return self._numbers(cells, first, label)[:, None]
        out = np.zeros((len(cells), len(self.words)))
        place = {word: k for k, word in enumerate(self.words)}
        for row, cell in enumerate(cells):
            at = place.get(cell)
            if at is None and cell.lower() in MISSING:
                at = place[str(self._filled(cell, first + row, label))]
            if at is not None:
                out[row, at] = 1.0
            elif unseen == "error":
                raise DataError(
                    f"{label}: column {self.name!r}, row {first + row}: the word {cell!r} was not in the training "
                    f"data.{did_you_mean(cell, self.words)}"
                )
        return out

    def _numbers(self, cells: Sequence[str], first: int, label: str) -> np.ndarray:
        try:
            found = np.array(list(map(float, cells)))
            if np.isfinite(found).all():
                return found
        except ValueError:
            found = np.empty(len(cells))
        for row, cell in enumerate(cells):
            if cell.lower() in MISSING:
                found[row] = self._filled(cell, first + row, label)
                continue
            try:
                found[row] = float(cell)
            except ValueError:
                raise DataError(
                    f"{label}: column {self.name!r}, row {first + row} is {cell!r}, wanted a number as in the "
                    "training data."
                ) from None
            if not math.isfinite(found[row]):
                raise DataError(f"{label}: column {self.name!r}, row {first + row} is {cell!r}, not finite.")
        return found

    def _filled(self, cell: str, row: int, label: str) -> float | str:
        if self.fill is None:
            raise DataError(
                f"{label}: column {self.name!r} has no value in row {row} ({cell!r}). Fill or remove it first, or "
                "learn the columns with missing='mean', 'median' or 'most'."
            )
        return self.fill


class Learner:
    """What is known of a column while its cells pass by."""

    def __init__(self, name: str, policy: str, label: str):
        self.name, self.policy, self.label = name, policy, label
        self.way_out = ", or say missing='mean', 'median' or 'most'."
        self.rows = self.missing = self.words = 0
        self.first_missing = self.first_word = self.first_endless = (0, "")
        self.low, self.high, self.total = math.inf, -math.inf, 0.0
        self.texts: Counter[str] | None = Counter()
        self.distinct: dict[float, None] | None = {}
        self.values = array("d")  # kept for a median only
        self.counts: Counter[float] = Counter()  # kept for the most frequent number only

    def see(self, cells: Sequence[str]) -> None:
        """Take in the next cells of the column."""
        try:
            numbers = np.array(list(map(float, cells)))
            if not np.isfinite(numbers).all():
                numbers = self._sorted_out(cells)
        except ValueError:
            numbers = self._sorted_out(cells)
        self.rows += len(cells)
        if self.texts is not None:
            self.texts.update(cells)
            if len(self.texts) > MOST_WORDS + len(MISSING) * 4:
                self.texts = None
        if numbers.size == 0:
            return
        self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
        with np.errstate(over="ignore"):
            self.total += float(numbers.sum())
        if self.distinct is not None:
            self.distinct.update(dict.fromkeys(numbers.tolist()))
            if len(self.distinct) > _MOST_NUMBERED_CLASSES:
                self.distinct = None
        if self.policy == "median":
            self.values.extend(numbers.tolist())
        elif self.policy == "most":
            self.counts.update(numbers.tolist())

    def _sorted_out(self, cells: Sequence[str]) -> np.ndarray:
        """The finite numbers among the cells; what else there is is counted."""
        numbers = []
        for row, cell in enumerate(cells, self.rows + 1):
            if cell.lower() in MISSING:
                self.missing += 1
                self.first_missing = self.first_missing if self.first_missing[0] else (row, cell)
                continue
            try:
                value = float(cell)
            except ValueError:
                self.words += 1
                self.first_word = self.first_word if self.first_word[0] else (row, cell)
                continue
            if math.isfinite(value):
                numbers.append(value)
            elif not self.first_endless[0]:
                self.first_endless = (row, cell)
        return np.array(numbers)

    def column(self) -> Column:
        """How the column becomes features, or an error that says why it cannot."""
        if not self._holds_words():
            return Column(self.name, "number", (), self.low, self.high, self._number_fill())
        words = self._found_words()
        fill = None if self.policy == "error" else self._word_fill(words)
        return Column(self.name, "words", words, fill=fill)

    def refilled(self, column: Column) -> Column:
        """The column, learned from a whole table, with the fill that the cells which were seen here give."""
        if self.policy == "error":
            return column
        if self.rows == self.missing:
            raise DataError(
                f"{self.label}: column {self.name!r} has no value in any of the {self.rows} rows that missing cells "
                "are filled from. Drop the column, or train on more rows."
            )
        fill = self._number_fill() if column.kind == "number" else self._word_fill(column.words)
        return replace(column, fill=fill)

    def classes(self, kind: str | None) -> tuple[str, ...]:
        """The names of the classes if the column is a target of classes, else none. `kind` decides if it is given."""
        self.way_out = ": from a row without a target nothing is learned."
        if self._holds_words():
            if kind == "numbers":
                row, cell = self.first_word
                raise DataError(
                    f"{self.label}: column {self.name!r}, row {row} is {cell!r}, but a target of numbers is wanted."
                )
            return self._found_words()
        most = min(_MOST_NUMBERED_CLASSES, max(2, self.rows // 2))
        few = self.distinct is not None and all(value == round(value) for value in self.distinct)
        if kind == "numbers" or (kind is None and not (few and len(self.distinct or ()) <= most)):
            return ()
        if not few:
            raise DataError(
                f"{self.label}: column {self.name!r} holds {self.low:g} to {self.high:g}; classes are words or at most "
                f"{_MOST_NUMBERED_CLASSES} whole numbers."
            )
        return tuple(label_text(value) for value in sorted(self.distinct or ()))

    def _holds_words(self) -> bool:
        there = self.rows - self.missing
        if self.missing and self.policy == "error":
            row, cell = self.first_missing
            raise DataError(
                f"{self.label}: column {self.name!r} has no value in row {row} ({cell!r}), and in {self.missing - 1} "
                f"more. Fill or remove them first{self.way_out}"
            )
        if there == 0:
            raise DataError(f"{self.label}: column {self.name!r} has no value in any of {self.rows} rows.")
        if self.words == 0 and self.first_endless[0]:
            row, cell = self.first_endless
            raise DataError(f"{self.label}: column {self.name!r}, row {row} is {cell!r}, not finite.")
        if 0 < self.words < there and self.words <= max(1, there // 20):
            row, cell = self.first_word
            raise DataError(
                f"{self.label}: column {self.name!r}, row {row} is {cell!r}, but nearly all others are numbers."
            )
        return self.words > 0

    def _found_words(self) -> tuple[str, ...]:
        words = tuple(sorted(word for word in self.texts or () if word.lower() not in MISSING))
        if not 0 < len(words) <= MOST_WORDS:
            raise DataError(
                f"{self.label}: column {self.name!r} holds more than {MOST_WORDS} different words, and each would be "
                "a feature. Drop the column."
            )
        return words

    def _word_fill(self, words: Sequence[str]) -> str:
        often = self.texts or Counter()
        return min(words, key=lambda word: (-often[word], word))

    def _number_fill(self) -> float | None:
        if self.policy == "mean":
            return self.total / (self.rows - self.missing)
        if self.policy == "median":
            return float(np.median(np.frombuffer(self.values)))
        if self.policy == "most":
            return min(self.counts, key=lambda value: (-self.counts[value], value))
        return None


def label_text(value: float) -> str:
    """A whole number as the name of a class."""
    return str(int(value))
