"""Read a table of numbers and words from a CSV file, when nothing need be kept of how it was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from graphnn.data.columns import Columns
from graphnn.data.csv_text import as_path, require_room, table_of_file
from graphnn.data.dataset import Dataset


def read_csv(
    path: str | Path,
    *,
    target: str | int = -1,
    drop: Sequence[str] = (),
    missing: str | Mapping[str, str] = "error",
    kind: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8-sig",
) -> Dataset:
    """A Dataset from a CSV file with a line of column names.

    target : the column to predict, by name or number (the last one if not said). Words, or few whole numbers, are
        classes (y int64 (rows,)); other numbers are values (y float32 (rows, 1))
    kind : "classes" or "numbers", to say which of the two the target holds
    drop : columns to leave out
    missing : "error", "mean", "median" or "most", as in Columns.learn
    delimiter : found by itself if not said

    Columns of numbers become one feature each; columns of words become one feature of 0 and 1 per word. To read other
    tables in the same way later, use Columns. Raises DataError for a file that is absent, empty, ragged, has missing or
    infinite numbers, or lacks a named column.
    """
    path = as_path(path, "read_csv")
    require_room(path)
    table = table_of_file(path, delimiter, encoding).held()
    columns = Columns.of_table(table, target=target, drop=drop, missing=missing, kind=kind)
    return columns.of_held(table, path.stem)
