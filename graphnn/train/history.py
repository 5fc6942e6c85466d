"""History: what each epoch of a training measured, and why the training ended."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphnn.core.errors import DataError, SettingError, did_you_mean
from graphnn.core.files import write_whole


class Best(NamedTuple):
    """An epoch, counted from 1, and what it measured."""

    epoch: int
    value: float


class History:
    """One column of numbers per measure, one row per epoch. `history["loss"]` is a column.

    `stopped` says why the last training ended: "all epochs were run", "interrupted", "not finite", or the words of
    the callback that ended it; None while none has ended.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []
        self.stopped: str | None = None

    def add(self, row: Mapping[str, float]) -> dict[str, float]:
        """Append the measures of an epoch; the row that is kept, to which more may be added."""
        self._rows.append(dict(row))
        return self._rows[-1]

    def amend(self, row: dict[str, float]) -> None:
        """Let `row` be the last one, which `add` gave and to which more was added since."""
        self._rows[-1] = row

    @property
    def names(self) -> tuple[str, ...]:
        """Measures, in order of first appearance."""
        return tuple(dict.fromkeys(name for row in self._rows for name in row))

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.names:
            raise SettingError(f"history: there is no measure {name!r}.{did_you_mean(str(name), self.names)}")
        return np.array([row.get(name, np.nan) for row in self._rows])

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter([dict(row) for row in self._rows])

    @property
    def last(self) -> dict[str, float]:
        """The last epoch's measures."""
        if not self._rows:
            raise SettingError("history: no epoch has been run yet; call fit first.")
        return dict(self._rows[-1])

    def best(self, name: str, better: str | None = None) -> Best:
        """The epoch with the best value of a measure, the first of equals.

        better : "lower" or "higher"; by default "lower" for losses and errors, "higher" for the rest
        """
        column = self[name]
        if np.isnan(column).all():
            raise SettingError(f"history: {name!r} was never a number, so no epoch is the best.")
        at = int(np.nanargmax(column) if better_of(name, better) == "higher" else np.nanargmin(column))
        return Best(at + 1, float(column[at]))

    # Files

    def to_dict(self) -> dict[str, Any]:
        """Rows and the reason of the end, as JSON knows them: NaN and infinities are texts."""
        rows = [{name: _plain(value) for name, value in row.items()} for row in self._rows]
        return {"rows": rows, "stopped": self.stopped}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> History:
        """The history that `to_dict` told. Raises DataError for anything else."""
        made = cls()
        rows, stopped = (facts.get("rows"), facts.get("stopped")) if isinstance(facts, Mapping) else (None, 0)
        if not isinstance(rows, list) or not (stopped is None or isinstance(stopped, str)):
            raise DataError(f"history: wanted what History.to_dict gives, found {type(facts).__name__}.")
        for row in rows:
            if not isinstance(row, Mapping):
                raise DataError(
                    f"history: a row is a mapping {{measure: number}}, found {type(row).__name__}."
                )
            made.add({str(name): _number(value) for name, value in row.items()})
        made.stopped = stopped
        return made

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the history as a table (name ends in .csv; a column per measure) or as JSON (.json)."""
        kind = Path(path).suffix.lower()
        if kind == ".json":
            text = json.dumps(self.to_dict(), indent=1)
        elif kind == ".csv":
            lines = io.StringIO(newline="")
            table = csv.writer(lines, lineterminator="\n")
            table.writerow(["epoch", *self.names])
            for number, row in enumerate(self._rows, 1):
                table.writerow([number, *(row.get(name, "") for name in self.names)])
            text = lines.getvalue()
        else:
            raise SettingError(f"history: a file's name ends in .csv or .json, found {str(path)!r}.")
        write_whole(path, text.encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> History:
        """Read a history that `save` wrote as JSON. Raises DataError for an absent or damaged file."""
        try:
            facts = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"history: cannot read {path}: {error}.") from None
        return cls.from_dict(facts)

    def replace_by(self, other: History) -> None:
        """Take over rows and reason of another history."""
        self._rows = [dict(row) for row in other._rows]
        self.stopped = other.stopped

    def __repr__(self) -> str:
        if not self._rows:
            return "<History: no epochs>"
        words = ", ".join(f"{k} {v:.4g}" for k, v in self._rows[-1].items())
        return f"<History: {len(self._rows)} epochs, last: {words}>"


# Measures of which less is better have one of these words in their names.
_LOWER = ("loss", "error", "perplexity", "penalty", "seconds", "mse", "mae", "rmse")


def better_of(name: str, better: str | None = None) -> str:
    """ "lower" or "higher": what is better for a measure of this name, unless `better` says so."""
    if better not in (None, "lower", "higher"):
        raise SettingError(f"history: better is 'lower' or 'higher', found {better!r}.")
    if better is not None:
        return better
    return "lower" if any(word in name.lower() for word in _LOWER) else "higher"


def _plain(value: float) -> float | str:
    value = float(value)
    return value if math.isfinite(value) else repr(value)


def _number(value: Any) -> float:
    known = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    if isinstance(value, str) and value in known:
        return known[value]
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise DataError(f"history: a measure is a number, found {value!r}.")
    return float(value)


__all__ = ["Best", "History", "better_of"]
