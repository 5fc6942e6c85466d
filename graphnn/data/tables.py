"""Read a table of numbers and words from a CSV file, and say exactly where it cannot be read."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from graphnn.core.errors import DataError, did_you_mean
from graphnn.core.memory import require_memory
from graphnn.data.dataset import Dataset

_MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}


def read_csv(
    path: str | Path,
    *,
    target: str | int = -1,
    drop: Sequence[str] = (),
    delimiter: str | None = None,
    encoding: str = "utf-8-sig",
) -> Dataset:
    """A Dataset from a CSV file with a line of column names.

    target : the column to predict, by name or number (the last one if not said). Words, or few whole numbers, are
        classes (y int64 (rows,)); other numbers are values (y float32 (rows, 1))
    drop : columns to leave out
    delimiter : found by itself if not said

    Columns of numbers become one feature each; columns of words become one feature of 0 and 1 per word. Raises
    DataError for a file that is absent, empty, ragged, has missing or infinite numbers, or lacks a named column.
    """
    path = Path(path)
    names, rows = _rows(path, delimiter, encoding)
    at = _column(path, names, target)
    unknown = [name for name in drop if name not in names]
    if unknown:
        raise DataError(
            f"{path.name}: there is no column {unknown[0]!r} to drop.{did_you_mean(unknown[0], names)}"
        )
    kept = [k for k, name in enumerate(names) if k != at and name not in drop]
    if not kept:
        raise DataError(f"{path.name}: no column is left beside the target {names[at]!r}.")
    columns: list[str] = []
    features: list[np.ndarray] = []
    for k in kept:
        cells = [row[k] for row in rows]
        numbers = _numbers(path, names[k], cells)
        if numbers is not None:
            columns.append(names[k])
            features.append(numbers)
            continue
        words = sorted(set(cells))
        require_memory(len(words) * len(cells) * 4, f"{path.name}: the words of column {names[k]!r}")
        columns += [f"{names[k]}={word}" for word in words]
        features += [np.array([cell == word for cell in cells], np.float64) for word in words]
    with np.errstate(over="ignore"):
        x = np.stack(features, axis=1).astype(np.float32)
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise DataError(f"{path.name}: column {columns[column]!r}, row {row + 1} is beyond float32's range.")
    y, classes = _targets(path, names[at], [row[at] for row in rows])
    return Dataset(x, y, path.stem, classes, tuple(columns))


def _rows(path: Path, delimiter: str | None, encoding: str) -> tuple[list[str], list[list[str]]]:
    try:
        require_memory(path.stat().st_size * 8, f"the table {path.name}")
        with path.open(newline="", encoding=encoding) as file:
            if delimiter is None:
                delimiter = _delimiter(file.readline())
                file.seek(0)
            lines = [
                [cell.strip() for cell in row]
                for row in csv.reader(file, delimiter=delimiter, strict=True)
                if row
            ]
    except (OSError, UnicodeError, LookupError, csv.Error, TypeError) as error:
        raise DataError(f"cannot read {path} as a table: {error}.") from None
    if len(lines) < 2:
        raise DataError(
            f"{path.name}: wanted a line of column names and at least one row, found {len(lines)} lines."
        )
    names = lines[0]
    if any("\0" in cell for row in lines for cell in row):
        raise DataError(f"{path.name}: holds bytes of 0; it is not a table of text.")
    if len(names) < 2:
        raise DataError(
            f"{path.name}: only one column, {names[0]!r}. Say delimiter= if columns are split otherwise."
        )
    double = [name for k, name in enumerate(names) if name in names[:k]]
    if double:
        raise DataError(f"{path.name}: two columns are called {double[0]!r}; names must differ.")
    for number, row in enumerate(lines[1:], 1):
        if len(row) != len(names):
            raise DataError(
                f"{path.name}: row {number} has {len(row)} cells, but there are {len(names)} column names."
            )
    return names, lines[1:]


def _delimiter(line: str) -> str:
    """The most frequent of the usual ones in the line of names."""
    return max(",;\t|", key=line.count)


def _column(path: Path, names: list[str], target: str | int) -> int:
    if isinstance(target, str):
        if target not in names:
            raise DataError(f"{path.name}: there is no column {target!r}.{did_you_mean(target, names)}")
        return names.index(target)
    if not isinstance(target, int) or not -len(names) <= target < len(names):
        raise DataError(
            f"{path.name}: target is the name or number of one of {len(names)} columns, found {target!r}."
        )
    return target % len(names)


def _numbers(path: Path, name: str, cells: list[str]) -> np.ndarray | None:
    """The column as numbers, None if it holds words; an error for cells without a value among them."""
    found = np.empty(len(cells))
    words = 0
    for row, cell in enumerate(cells):
        try:
            found[row] = float(cell)
        except ValueError:
            if cell.lower() in _MISSING:
                found[row] = math.nan
            else:
                words += 1
    wrong = [row for row, cell in enumerate(cells) if cell.lower() in _MISSING]
    if wrong:
        raise DataError(
            f"{path.name}: column {name!r} has no value in row {wrong[0] + 1} ({cells[wrong[0]]!r}), and in "
            f"{len(wrong) - 1} more. Fill or remove them first."
        )
    if words == 0:
        endless = np.flatnonzero(~np.isfinite(found))
        if endless.size:
            raise DataError(
                f"{path.name}: column {name!r}, row {endless[0] + 1} is {cells[endless[0]]!r}, not finite."
            )
        return found
    if words < len(cells):
        row = next(k for k, cell in enumerate(cells) if not _is_number(cell))
        if words <= max(1, len(cells) // 20):
            raise DataError(
                f"{path.name}: column {name!r}, row {row + 1} is {cells[row]!r}, but nearly all others are numbers."
            )
    return None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _targets(path: Path, name: str, cells: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    numbers = _numbers(path, name, cells)
    if numbers is None:
        classes = sorted(set(cells))
    else:
        values = np.unique(numbers)
        if not (np.array_equal(values, np.round(values)) and len(values) <= min(20, max(2, len(cells) // 2))):
            return numbers[:, None].astype(np.float32), ()
        classes = [str(int(value)) for value in values]
        cells = [str(int(value)) for value in numbers]
    place = {word: k for k, word in enumerate(classes)}
    return np.array([place[cell] for cell in cells], np.int64), tuple(classes)
