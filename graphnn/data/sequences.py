"""Sequences with an answer that is known: copy, reverse, add, translate; and the characters of a text file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphnn.core.errors import DataError, SettingError
from graphnn.core.settings import seed_number, whole_number
from graphnn.data.dataset import Dataset

# What the toy language says for each word; adjectives follow their noun, so the order changes too.
_NOUNS = {"cat": "mina", "dog": "toru", "bird": "sela", "fish": "nobu", "tree": "kadi"}
_ADJECTIVES = {"red": "oka", "big": "ulu", "old": "ena", "small": "ipi"}
_VERBS = {"sees": "vira", "likes": "loma", "finds": "pesta"}
_LONGEST_TEXT = 1 << 30


def copying(rows: int = 500, *, length: int = 8, symbols: int = 8, seed: int = 0) -> Dataset:
    """Say again what was said: x and y int64 (rows, length), symbols from 0 to symbols - 1."""
    x = _random_symbols("copying", rows, length, symbols, seed)
    return Dataset(x, x.copy(), "copying", tuple(map(str, range(symbols))))


def reversing(rows: int = 500, *, length: int = 8, symbols: int = 8, seed: int = 0) -> Dataset:
    """Say it backwards: x and y int64 (rows, length)."""
    x = _random_symbols("reversing", rows, length, symbols, seed)
    return Dataset(x, np.ascontiguousarray(x[:, ::-1]), "reversing", tuple(map(str, range(symbols))))


def adding(rows: int = 500, *, length: int = 20, seed: int = 0) -> Dataset:
    """Add the two numbers that are marked: x float32 (rows, length, 2), y float32 (rows, 1).

    x[..., 0] are numbers from 0 to 1, x[..., 1] is 1 at two places and 0 elsewhere. Always answering 1 gives a
    mean squared error of 1/6. Source: Hochreiter and Schmidhuber 1997, experiment 4.
    """
    rows, length = whole_number(rows, "adding: rows", 1), whole_number(length, "adding: length", 2)
    rng = np.random.Generator(np.random.Philox(seed_number(seed, "adding")))
    numbers = rng.random((rows, length))
    marks = np.zeros((rows, length))
    np.put_along_axis(marks, np.argsort(rng.random((rows, length)), axis=1)[:, :2], 1.0, axis=1)
    y = (numbers * marks).sum(axis=1, keepdims=True)
    return Dataset(np.stack([numbers, marks], axis=2).astype(np.float32), y.astype(np.float32), "adding")


@dataclass(frozen=True)
class Translation:
    """Pairs of sentences as word numbers; 0 fills, 1 begins and 2 ends a sentence.

    data : x int64 (rows, source length), y int64 (rows, target length)
    source_words, target_words : the word of each number
    """

    data: Dataset
    source_words: tuple[str, ...]
    target_words: tuple[str, ...]

    def __repr__(self) -> str:
        words = f"{len(self.source_words)} and {len(self.target_words)} words"
        return f"<Translation: {len(self.data)} pairs of sentences, {words}>"

    def source(self, numbers: np.ndarray) -> str:
        """The sentence that source numbers say."""
        return _sentence(numbers, self.source_words)

    def target(self, numbers: np.ndarray) -> str:
        """The sentence that target numbers say."""
        return _sentence(numbers, self.target_words)


def translation(rows: int = 500, *, seed: int = 0) -> Translation:
    """Sentences such as "the big cat sees the dog" and their words in a made-up language with another order.

    There the verb ends the sentence and adjectives follow their noun: "mina ulu toru vira".
    """
    rows = whole_number(rows, "translation: rows", 1)
    rng = np.random.Generator(np.random.Philox(seed_number(seed, "translation")))
    nouns, adjectives, verbs = list(_NOUNS), list(_ADJECTIVES), list(_VERBS)

    def thing() -> tuple[list[str], list[str]]:
        noun = nouns[rng.integers(len(nouns))]
        if rng.random() < 0.5:
            adjective = adjectives[rng.integers(len(adjectives))]
            return ["the", adjective, noun], [_NOUNS[noun], _ADJECTIVES[adjective]]
        return ["the", noun], [_NOUNS[noun]]

    pairs = []
    for _ in range(rows):
        (subject, its_words), (thing_seen, its_other) = thing(), thing()
        verb = verbs[rng.integers(len(verbs))]
        pairs.append(([*subject, verb, *thing_seen], [*its_words, *its_other, _VERBS[verb]]))
    ours = ("", "<begin>", "<end>", "the", *nouns, *adjectives, *verbs)
    theirs = ("", "<begin>", "<end>", *_NOUNS.values(), *_ADJECTIVES.values(), *_VERBS.values())
    x, y = (_numbered([pair[k] for pair in pairs], words) for k, words in enumerate((ours, theirs)))
    return Translation(Dataset(x, y, "translation"), ours, theirs)


@dataclass(frozen=True)
class Characters:
    """A text as numbers: `codes` int64 (length,), and the character of each number."""

    codes: np.ndarray
    alphabet: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Characters: {len(self.codes)}, {len(self.alphabet)} different ones>"

    def text(self, codes: np.ndarray) -> str:
        """The characters that these numbers stand for."""
        return "".join(self.alphabet[int(code)] for code in np.asarray(codes).reshape(-1))

    def windows(self, length: int, *, step: int | None = None) -> Dataset:
        """Pieces of `length` characters, and the same moved on by one: x and y int64 (rows, length).

        A piece begins every `step` characters, `length` if not said.
        """
        length = whole_number(length, "windows: length", 1)
        step = length if step is None else whole_number(step, "windows: step", 1)
        starts = np.arange(0, len(self.codes) - length, step)
        if len(starts) == 0:
            raise SettingError(
                f"windows: a text of {len(self.codes)} characters has no piece of {length} with one after it."
            )
        places = starts[:, None] + np.arange(length)
        return Dataset(self.codes[places], self.codes[places + 1], "characters", self.alphabet)


def characters(path: str | Path, *, encoding: str = "utf-8") -> Characters:
    """The characters of a text file, numbered in alphabetical order.

    Raises DataError for a file that is absent, empty, above 1 GB, or not text in this encoding.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > _LONGEST_TEXT:
            raise DataError(f"characters: {path} has {size / 1e9:.1f} GB; at most 1 GB is read.")
        text = path.read_text(encoding)
    except (OSError, UnicodeError, LookupError) as error:
        raise DataError(f"characters: cannot read {path}: {error}.") from None
    if not text:
        raise DataError(f"characters: {path} is empty.")
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    letters, codes = np.unique(points, return_inverse=True)
    return Characters(codes.astype(np.int64), tuple(chr(point) for point in letters))


def _random_symbols(who: str, rows: int, length: int, symbols: int, seed: int) -> np.ndarray:
    size = (whole_number(rows, f"{who}: rows", 1), whole_number(length, f"{who}: length", 1))
    rng = np.random.Generator(np.random.Philox(seed_number(seed, who)))
    return rng.integers(whole_number(symbols, f"{who}: symbols", 2), size=size, dtype=np.int64)


def _numbered(sentences: list[list[str]], words: tuple[str, ...]) -> np.ndarray:
    number = {word: k for k, word in enumerate(words)}
    numbers = np.zeros((len(sentences), max(map(len, sentences)) + 2), np.int64)
    for row, sentence in zip(numbers, sentences, strict=True):
        row[: len(sentence) + 2] = [1, *(number[word] for word in sentence), 2]
    return numbers


def _sentence(numbers: np.ndarray, words: tuple[str, ...]) -> str:
    return " ".join(words[int(n)] for n in np.asarray(numbers).reshape(-1) if int(n) > 2)
