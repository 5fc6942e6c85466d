"""Measures of a table as lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# A matrix of more classes does not fit a line.
_MOST_CLASSES = 12
_WIDEST = 12


def measures_in_words(measures: Mapping[str, Any], classes: Sequence[str], of: str) -> list[str]:
    """One line per measure; the confusion matrix as a table with the true class at the left."""
    lines = [f"{of}: {measures['rows']}"]
    for name, value in measures.items():
        if name in ("rows", "confusion"):
            continue
        if value is None:
            lines.append(f"{name}: not defined for these rows")
        elif name == "accuracy":
            lines.append(f"{name}: {value:.2%}")
        else:
            lines.append(f"{name}: {value:.4g}")
    if "confusion" in measures and len(classes) <= _MOST_CLASSES:
        lines += _table(measures["confusion"], [_short(word) for word in classes])
    return lines


def _table(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> list[str]:
    width = max(len(word) for word in [*names, *(str(int(v)) for row in matrix for v in row)])
    left = max([len("true \\ predicted"), *map(len, names)])
    head = "true \\ predicted".ljust(left)
    lines = [" ".join([head, *(name.rjust(width) for name in names)])]
    for name, row in zip(names, matrix, strict=True):
        lines.append(" ".join([name.ljust(left), *(str(int(v)).rjust(width) for v in row)]))
    return lines


def _short(word: str) -> str:
    return word if len(word) <= _WIDEST else word[: _WIDEST - 1] + "…"
