"""Tell on a progress bar how far a training is: rarely, for telling costs more than a step of a small net."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType

from graphnn.engine.progress import progress_bar

# Seconds between two changes of what stands on the screen.
_PAUSE = 0.1


class Bar:
    """A context with a progress bar: rate, time left, the epoch and the measures of the last one."""

    def __init__(self, steps: int, done: int, *, show: bool):
        self._bar = progress_bar(steps, "step", show=show, keep=True)
        if done:
            self._bar.n = self._bar.initial = done
        self._show = show
        self._steps, self._epoch, self._due = 0, 0, 0.0
        self._row: Mapping[str, float] = {}

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._show:
            self._now()
        self._bar.close()

    def begin(self, epoch: int) -> None:
        self._epoch = epoch

    def steps(self, count: int) -> None:
        self._steps += count
        if self._show and time.perf_counter() >= self._due:
            self._now()

    def measured(self, row: Mapping[str, float]) -> None:
        self._row = row

    def _now(self) -> None:
        bar, count = self._bar, self._steps
        self._steps = 0
        bar.set_description(f"epoch {self._epoch}", refresh=False)
        words = (f"{k} {v:.4g}" for k, v in self._row.items() if k != "seconds")
        bar.set_postfix_str(", ".join(words), refresh=False)
        bar.update(count)
        self._due = time.perf_counter() + _PAUSE


__all__ = ["Bar"]
