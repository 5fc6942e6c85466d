"""History: what each epoch of a training measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graphnn.core.errors import SettingError, did_you_mean


class History:
    """One column of numbers per measure, one row per epoch. `history["loss"]` is a column."""

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []

    def add(self, row: dict[str, float]) -> None:
        self._rows.append(dict(row))

    @property
    def names(self) -> tuple[str, ...]:
        """Measures, in order of first appearance."""
        return tuple(dict.fromkeys(name for row in self._rows for name in row))

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.names:
            raise SettingError(f"history: there is no measure {name!r}.{did_you_mean(name, self.names)}")
        return np.array([row.get(name, np.nan) for row in self._rows])

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

    def __repr__(self) -> str:
        if not self._rows:
            return "<History: no epochs>"
        words = ", ".join(f"{k} {v:.4g}" for k, v in self._rows[-1].items())
        return f"<History: {len(self._rows)} epochs, last: {words}>"
