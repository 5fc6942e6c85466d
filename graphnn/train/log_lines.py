"""Tell of a training in lines of text, for logs where a progress bar has no place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.core.settings import whole_number
from graphnn.train.callback import Callback

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer


class LogLines(Callback):
    """A line every few epochs, and one at the end that says why it ended, given to a function of a text.

    write : takes a line, such as `print` or a logger's `info`
    every : epochs per line; the first epoch has one too
    measures : which to tell, by default all single numbers

    Example
    -------
    >>> import graphnn as gn
    >>> lines = []
    >>> log = gn.train.LogLines(lines.append, every=10, measures=["loss"])
    """

    def __init__(
        self, write: Callable[[str], object] = print, *, every: int = 1, measures: Sequence[str] | None = None
    ):
        if not callable(write):
            raise SettingError(f"LogLines: write is a function of a text, such as print, found {write!r}.")
        self.write, self.every = write, whole_number(every, "LogLines: every", 1)
        if isinstance(measures, str):
            raise SettingError(f"LogLines: measures are a list of names, found {measures!r}.")
        self.measures = None if measures is None else tuple(measures)

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        number = len(trainer.history)
        if number == 1 or number % self.every == 0:
            self.write(f"epoch {number}: {self._words(row)}")

    def _words(self, row: dict[str, float]) -> str:
        names = [n for n in row if np.ndim(row[n]) == 0] if self.measures is None else self.measures
        return ", ".join(f"{n} {row[n]:.6g}" if n in row else f"{n} is not measured" for n in names)

    def end(self, trainer: Trainer) -> None:
        if trainer.history.stopped:
            self.write(f"ended after epoch {len(trainer.history)}: {trainer.history.stopped}")


__all__ = ["LogLines"]
