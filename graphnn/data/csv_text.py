"""Take tables apart into cells of text: a CSV file piece by piece, columns, or rows; and say what is wrong.

A table gives its cells in pieces of some thousand rows, column by column, so that a file may be larger than memory.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, SettingError
from graphnn.core.memory import require_memory

Cells = tuple[str, ...]

_PIECE = 4096
_LONGEST_LINE_OF_NAMES = 1 << 20


@dataclass(frozen=True)
class Table:
    """Names of columns, and pieces of rows: each piece is the cells of every column, in the order of `names`."""

    label: str
    names: tuple[str, ...]
    pieces: Callable[[], Iterator[list[Cells]]]

    def held(self) -> Table:
        """The same with its cells in memory, for whoever goes through them twice."""
        kept = list(self.pieces())
        return replace(self, pieces=lambda: iter(kept))


def table_of_file(path: str | Path, delimiter: str | None, encoding: str, *, narrow: bool = False) -> Table:
    """The table in a CSV file. Its line of names is read at once, its rows when they are asked for.

    narrow : whether a single column is right
    """
    path = Path(path)
    lines = _lines(path, delimiter, encoding)
    names = next(lines, None)
    found = 0 if names is None else 1 if next(lines, None) is None else 2
    lines.close()
    if names is None or found < 2:
        raise DataError(
            f"{path.name}: wanted a line of column names and at least one row, found {found} lines."
        )
    if any("\0" in name for name in names):
        raise DataError(f"{path.name}: holds bytes of 0; it is not a table of text.")
    if len(names) < 2 and not narrow:
        raise DataError(
            f"{path.name}: only one column, {names[0]!r}. Say delimiter= if columns are split otherwise."
        )
    _refuse_twins(path.name, names)

    def pieces() -> Iterator[list[Cells]]:
        rows = _lines(path, delimiter, encoding)
        width, seen = len(next(rows)), 0
        while piece := list(islice(rows, _PIECE)):
            for number, row in enumerate(piece, seen + 1):
                if len(row) != width:
                    raise DataError(
                        f"{path.name}: row {number} has {len(row)} cells, but there are {width} column names."
                    )
            seen += len(piece)
            columns: list[Cells] = list(zip(*piece, strict=True))
            if any("\0" in "".join(cells) for cells in columns):
                raise DataError(f"{path.name}: holds bytes of 0; it is not a table of text.")
            yield columns

    return Table(path.name, tuple(names), pieces)


def table_of_columns(columns: Mapping[str, Any], label: str = "columns") -> Table:
    """The table of {name: one value for each row}."""
    cells: list[Cells] = []
    for name, values in columns.items():
        if (
            not isinstance(name, str)
            or isinstance(values, str)
            or not isinstance(values, Sequence | np.ndarray)
        ):
            raise DataError(
                f"{label}: wanted {{name: a value for each row}}, found {name!r}: {values!r:.60}."
            )
        if isinstance(values, np.ndarray) and values.ndim != 1:
            raise DataError(f"{label}: column {name!r} has shape {values.shape}, wanted (rows,).")
        cells.append(tuple(cell_text(value, f"{label}: column {name!r}") for value in values))
    lengths = {name: len(column) for name, column in zip(columns, cells, strict=True)}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {count}" for name, count in list(lengths.items())[:6])
        raise DataError(f"{label}: columns have unequal numbers of rows: {told}.")
    if not cells or not cells[0]:
        raise DataError(f"{label}: there are no rows.")
    return Table(label, tuple(columns), lambda: iter([cells]))


def table_of_rows(rows: Sequence[Mapping[str, Any]], label: str = "rows") -> Table:
    """The table of one {name: value} for each row. A name that a row lacks is a missing value there."""
    if isinstance(rows, str | Mapping) or not isinstance(rows, Sequence):
        raise DataError(f"{label}: wanted a list of {{column: value}}, found {type(rows).__name__}.")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise DataError(f"{label}: row {number} is {row!r:.60}, wanted {{column: value}}.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return table_of_columns({name: [row.get(name) for row in rows] for name in names}, label)


def cell_text(value: Any, who: str) -> str:
    """A value as the text that stands for it in a file: numbers in full, nothing for None and NaN."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        return value.strip()
    raise DataError(f"{who} holds {value!r:.60}; wanted numbers and texts.")


def _lines(path: Path, delimiter: str | None, encoding: str) -> Generator[list[str], None, None]:
    """The lines that are not empty, as cells without spaces about them."""
    try:
        with path.open(newline="", encoding=encoding) as file:
            if delimiter is None:
                delimiter = _delimiter(file.readline(_LONGEST_LINE_OF_NAMES))
                file.seek(0)
            for row in csv.reader(file, delimiter=delimiter, strict=True):
                if row:
                    yield list(map(str.strip, row))
    except (OSError, UnicodeError, LookupError, csv.Error, TypeError) as error:
        raise DataError(f"cannot read {path} as a table: {error}.") from None


def require_room(path: str | Path) -> None:
    """Refuse a file whose cells this machine cannot hold."""
    try:
        size = os.stat(path).st_size
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path} as a table: {error}.") from None
    require_memory(size * 8, f"the table {Path(path).name}")


def _delimiter(line: str) -> str:
    """The most frequent of the usual ones in the line of names."""
    return max(",;\t|", key=line.count)


def _refuse_twins(label: str, names: Sequence[str]) -> None:
    seen: dict[str, None] = {}
    for name in names:
        if name in seen:
            raise DataError(f"{label}: two columns are called {name!r}; names must differ.")
        seen[name] = None


def as_path(source: Any, who: str) -> Path:
    """The path, or an error for what is neither text nor path."""
    if not isinstance(source, str | os.PathLike):
        raise SettingError(
            f"{who}: wanted the path of a CSV file or {{name: values}}, found {type(source).__name__}."
        )
    return Path(source)
