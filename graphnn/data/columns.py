"""Columns: how the columns of a table become features and targets, learned once and used for every later table.

>>> import graphnn as gn
>>> flowers = {"size": [1.5, 2.0, 3.5], "colour": ["red", "blue", "red"], "kind": ["a", "b", "a"]}
>>> columns = gn.data.Columns.learn(flowers, target="kind")
>>> columns.names, columns.classes
(('size', 'colour=blue', 'colour=red'), ('a', 'b'))
>>> columns.rows([{"colour": "blue", "size": 3, "smell": "none"}]).x
array([[3., 1., 0.]], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, SettingError, did_you_mean
from graphnn.core.memory import require_memory
from graphnn.data.column import POLICIES, Column, Learner, label_text
from graphnn.data.column_files import columns_from_dict, columns_to_dict
from graphnn.data.csv_text import Cells, Table, as_path, table_of_columns, table_of_file, table_of_rows
from graphnn.data.dataset import Dataset

Source = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Columns:
    """How a table becomes a Dataset. Made by `Columns.learn` from the training table, and used for all later ones.

    features : the columns that become features
    target : the name of the column to predict
    classes : the names of the classes, if the target holds classes; empty if it holds numbers
    unseen : "error" or "zeros": what a word that the training table did not have becomes
    learned_rows : rows of the training table
    """

    features: tuple[Column, ...]
    target: str
    classes: tuple[str, ...] = ()
    unseen: str = "error"
    learned_rows: int = 0

    @classmethod
    def learn(
        cls,
        source: Source,
        *,
        target: str | int = -1,
        drop: Sequence[str] = (),
        missing: str | Mapping[str, str] = "error",
        unseen: str = "error",
        kind: str | None = None,
        fill_rows: Iterable[int] | None = None,
        delimiter: str | None = None,
        encoding: str = "utf-8-sig",
    ) -> Columns:
        """Learn from a CSV file, which may be larger than memory, or from {name: values}.

        target : the column to predict, by name or number (the last one if not said)
        drop : columns to leave out
        missing : what a missing cell becomes: "error", or of the training values the "mean", "median" or "most"
            frequent, for all columns or as {column: policy}. Of words, it is the most frequent for each of the three
        unseen : "error", or "zeros" to take a word that was not in the training table for none of its words
        kind : "classes" or "numbers", what the target holds. Words, and few whole numbers, are classes if not said
        fill_rows : numbers of the rows, from 0, whose values say what a missing cell becomes, as the training rows of
            a table that is split later; all rows if not said
        delimiter : found by itself if not said

        Raises DataError for a file that is absent, empty or ragged, a column that is unknown, mixed, without any value
        or with too many words, and missing or infinite numbers.
        """
        if isinstance(source, Mapping):
            table = table_of_columns(source)
        else:
            table = table_of_file(as_path(source, "Columns.learn"), delimiter, encoding)
        return cls.of_table(
            table, target=target, drop=drop, missing=missing, unseen=unseen, kind=kind, fill_rows=fill_rows
        )

    @classmethod
    def of_table(
        cls,
        table: Table,
        *,
        target: str | int,
        drop: Sequence[str] = (),
        missing: str | Mapping[str, str] = "error",
        unseen: str = "error",
        kind: str | None = None,
        fill_rows: Iterable[int] | None = None,
    ) -> Columns:
        """Learn from a table that is open."""
        if unseen not in ("error", "zeros"):
            raise SettingError(f"Columns: unseen is 'error' or 'zeros', found {unseen!r}.")
        if kind not in (None, "classes", "numbers"):
            raise SettingError(f"Columns: kind is 'classes' or 'numbers', found {kind!r}.")
        names = table.names
        at = _place(table, target)
        drop = (drop,) if isinstance(drop, str) else tuple(drop)
        unknown = [name for name in drop if name not in names]
        if unknown:
            raise DataError(
                f"{table.label}: there is no column {unknown[0]!r} to drop.{did_you_mean(str(unknown[0]), names)}"
            )
        kept = [k for k, name in enumerate(names) if k != at and name not in drop]
        if not kept:
            raise DataError(f"{table.label}: no column is left beside the target {names[at]!r}.")
        policies = _policies(table, missing)
        learners = {k: Learner(names[k], policies.get(names[k], "error"), table.label) for k in kept}
        learners[at] = Learner(names[at], "error", table.label)
        for piece in table.pieces():
            for k, learner in learners.items():
                learner.see(piece[k])
        features = tuple(learners[k].column() for k in kept)
        if fill_rows is not None:
            chosen = _row_numbers(fill_rows, learners[at].rows, table.label)
            features = _refilled(features, table, policies, chosen)
        return cls(features, names[at], learners[at].classes(kind), unseen, learners[at].rows)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features, as in Dataset.columns."""
        return tuple(name for column in self.features for name in column.features)

    @property
    def kind(self) -> str:
        """What the target holds: "classes" or "numbers"."""
        return "classes" if self.classes else "numbers"

    def read(
        self,
        source: Source,
        *,
        with_target: bool = True,
        delimiter: str | None = None,
        encoding: str = "utf-8-sig",
    ) -> Dataset:
        """The Dataset in a CSV file or in {name: values}: columns are found by name, others are passed over.

        Without its target, y is float32 (rows, 0). Raises DataError as `learn` does, and for a column that is absent, a
        word or label that was not in the training table, and a word where numbers were.
        """
        parts = list(
            self.stream(source, with_target=with_target, delimiter=delimiter, encoding=encoding),
        )
        name = "columns" if isinstance(source, Mapping) else Path(source).stem
        return self._joined(parts, name)

    def stream(
        self,
        source: Source,
        *,
        with_target: bool = True,
        delimiter: str | None = None,
        encoding: str = "utf-8-sig",
    ) -> Iterator[Dataset]:
        """The same as `read` in pieces of some thousand rows, for files that do not fit in memory."""
        if isinstance(source, Mapping):
            table = table_of_columns(source)
        else:
            table = table_of_file(as_path(source, "Columns.read"), delimiter, encoding, narrow=True)
        return self.of_pieces(table, with_target=with_target)

    def rows(self, rows: Sequence[Mapping[str, Any]], *, with_target: bool = False) -> Dataset:
        """The Dataset of a list with one {column: value} for each row; None, NaN and an absent name are missing."""
        table = table_of_rows(rows)
        return self._joined(list(self.of_pieces(table, with_target=with_target)), "rows")

    def of_held(self, table: Table, name: str) -> Dataset:
        """The Dataset of a whole table, with its target."""
        return self._joined(list(self.of_pieces(table, with_target=True)), name)

    def of_pieces(self, table: Table, *, with_target: bool) -> Iterator[Dataset]:
        """A Dataset for every piece of a table."""
        wanted = [column.name for column in self.features] + ([self.target] if with_target else [])
        for name in wanted:
            if name not in table.names:
                what = "the target" if name == self.target else "learned from the training data"
                raise DataError(
                    f"{table.label}: there is no column {name!r}, {what}.{did_you_mean(name, table.names)}"
                )
        place = {name: k for k, name in enumerate(table.names)}
        return self._encoded(table, place, with_target=with_target)

    def _encoded(self, table: Table, place: Mapping[str, int], *, with_target: bool) -> Iterator[Dataset]:
        first = 1
        for piece in table.pieces():
            count = len(piece[0])
            require_memory(count * len(self.names) * 8, f"{table.label}: {count} rows")
            parts = [
                column.encode(piece[place[column.name]], first, table.label, self.unseen)
                for column in self.features
            ]
            x = _as_float32(np.concatenate(parts, axis=1), self.names, first, table.label)
            y = np.zeros((count, 0), np.float32)
            if with_target:
                y = self._targets(piece[place[self.target]], first, table.label)
            yield Dataset(x, y, Path(table.label).stem, self.classes, self.names)
            first += count

    def _targets(self, cells: Cells, first: int, label: str) -> np.ndarray:
        if not self.classes:
            numbers = Column(self.target, "number").encode(cells, first, label, "error")
            return _as_float32(numbers, (self.target,), first, label)
        place = {word: k for k, word in enumerate(self.classes)}
        numbered = all(_is_whole(word) for word in self.classes)
        found = np.empty(len(cells), np.int64)
        for row, cell in enumerate(cells):
            word = label_text(float(cell)) if numbered and _is_whole(cell) else cell
            at = place.get(word)
            if at is None:
                raise DataError(
                    f"{label}: column {self.target!r}, row {first + row}: the label {cell!r} was not in the training "
                    f"data.{did_you_mean(cell, self.classes)}"
                )
            found[row] = at
        return found

    def _joined(self, parts: list[Dataset], name: str) -> Dataset:
        whole = parts[0]
        if len(parts) > 1:
            require_memory(sum(p.x.nbytes + p.y.nbytes for p in parts) * 2, f"the table {name}")
            whole = Dataset(np.concatenate([p.x for p in parts]), np.concatenate([p.y for p in parts]))
        return Dataset(whole.x, whole.y, name, self.classes, self.names)

    def as_dict(self) -> dict[str, Any]:
        """All that is needed to make these columns again, as numbers, texts, lists and dicts that JSON can hold."""
        return columns_to_dict(self)

    @classmethod
    def from_dict(cls, content: Any) -> Columns:
        """The columns that `as_dict` told of. Raises DataError, saying where, for anything else."""
        features, settings = columns_from_dict(content)
        return cls(features, **settings)


def _place(table: Table, target: str | int) -> int:
    names = table.names
    if isinstance(target, str):
        if target not in names:
            raise DataError(f"{table.label}: there is no column {target!r}.{did_you_mean(target, names)}")
        return names.index(target)
    if not isinstance(target, int) or isinstance(target, bool) or not -len(names) <= target < len(names):
        raise DataError(
            f"{table.label}: target is the name or number of one of {len(names)} columns, found {target!r}."
        )
    return target % len(names)


def _policies(table: Table, missing: str | Mapping[str, str]) -> dict[str, str]:
    """The policy of each column."""
    chosen = missing if isinstance(missing, Mapping) else dict.fromkeys(table.names, missing)
    for name, policy in chosen.items():
        if name not in table.names:
            raise DataError(
                f"{table.label}: there is no column {name!r}.{did_you_mean(str(name), table.names)}"
            )
        if policy not in POLICIES:
            raise SettingError(f"Columns: missing is one of {', '.join(POLICIES)}, found {policy!r}.")
    return dict(chosen)


def _row_numbers(rows: Iterable[int], count: int, label: str) -> np.ndarray:
    """Which of `count` rows are meant, as a mask."""
    numbers = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows))
    if numbers.ndim != 1 or not numbers.size or numbers.dtype.kind not in "iu":
        raise SettingError("Columns: fill_rows are the numbers of rows, one at least, from 0.")
    if numbers.min() < 0 or numbers.max() >= count:
        raise SettingError(
            f"Columns: fill_rows are numbers from 0 to {count - 1}, the rows of {label}; found "
            f"{numbers.min()} to {numbers.max()}."
        )
    mask = np.zeros(count, bool)
    mask[numbers] = True
    return mask


def _refilled(
    features: Sequence[Column], table: Table, policies: Mapping[str, str], chosen: np.ndarray
) -> tuple[Column, ...]:
    """The columns with fills from the chosen rows."""
    learners = {c.name: Learner(c.name, policies.get(c.name, "error"), table.label) for c in features}
    place, first = {name: k for k, name in enumerate(table.names)}, 0
    for piece in table.pieces():
        mask = chosen[first : first + len(piece[0])].tolist()
        first += len(piece[0])
        for name, learner in learners.items():
            learner.see(tuple(compress(piece[place[name]], mask)))
    return tuple(learners[c.name].refilled(c) for c in features)


def _is_whole(cell: str) -> bool:
    try:
        return float(cell).is_integer()
    except ValueError:
        return False


def _as_float32(values: np.ndarray, names: Sequence[str], first: int, label: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if not np.isfinite(narrow).all():
        row, column = np.argwhere(~np.isfinite(narrow))[0]
        raise DataError(f"{label}: column {names[column]!r}, row {first + row} is beyond float32's range.")
    return narrow
