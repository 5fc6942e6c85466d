"""Keep the numbers of a plot as a table, its twin for readers who do not see the picture, and for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.numbers import number

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """Head and rows; numbers stand in the rows as they are, unrounded."""

    head: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
        """A table of any rows; NumPy's numbers become Python's."""
        return cls(tuple(head), tuple(tuple(_plain(cell) for cell in row) for row in rows))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def column(self, name: str) -> list[Any]:
        """One column by its name. Raises ValueError for a name that is none."""
        if name not in self.head:
            raise ValueError(f"Table.column: found {name!r}, the columns are {', '.join(self.head)}.")
        at = self.head.index(name)
        return [row[at] for row in self.rows]

    @property
    def markdown(self) -> str:
        """The table in Markdown, numbers with four significant digits."""
        lines = ["| " + " | ".join(map(_escaped, row)) + " |" for row in (self.head, *self.rows)]
        return "\n".join([lines[0], "|" + "---|" * len(self.head), *lines[1:], ""])

    @property
    def csv(self) -> str:
        """The table as CSV with all digits. A text that a spreadsheet would take for a formula begins with a quote."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([[_harmless(cell) for cell in row] for row in (self.head, *self.rows)])
        return out.getvalue()

    def __str__(self) -> str:
        return self.markdown


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell


def _escaped(cell: Any) -> str:
    if cell is None:
        return ""
    text = number(cell) if isinstance(cell, int | float) else " ".join(str(cell).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\|`*_[]#" else c for c in text)


def _harmless(cell: Any) -> Any:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return repr(cell)
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
