"""Callbacks that end a training in time: when nothing improves, at a value, after some seconds.

>>> import graphnn as gn
>>> stopping = gn.train.EarlyStopping("validation loss", patience=5)
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphnn.core.errors import SettingError
from graphnn.core.settings import positive_number, whole_number
from graphnn.train.callback import Callback
from graphnn.train.history import better_of
from graphnn.train.measures import Weights, direction, name_of, number_or_more, remembered, value_of

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer


class BestWeights(Callback):
    """At the end puts back the weights and running statistics of the epoch that was best by `measure`.

    better : "lower" or "higher"; by default what the trainer's metric says, else "lower" for losses and errors
    least_change : an epoch is better if it is so by more than this
    The history gets a column "epochs since best"; `best_epoch` (counted from 1) and `best_value` tell which it was.
    """

    def __init__(
        self, measure: str = "validation loss", *, better: str | None = None, least_change: float = 0.0
    ):
        who = type(self).__name__
        self.measure = name_of(measure, f"{who}: measure")
        self.better = better_of(self.measure, better)
        self._asked = better
        self.least_change = number_or_more(least_change, f"{who}: least_change")
        self._put_back = True
        self._forget()

    def _forget(self) -> None:
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.waited = 0
        self._weights: Weights | None = None

    def begin(self, trainer: Trainer) -> None:
        self._forget()
        self.better = direction(trainer, self.measure, self._asked)
        self._weights = Weights(trainer)

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        value = value_of(row, self.measure, type(self).__name__)
        if self._improves(value):
            self.best_value, self.best_epoch, self.waited = value, len(trainer.history), 0
            if self._put_back and self._weights is not None:
                self._weights.keep()
        else:
            self.waited += 1
        row["epochs since best"] = float(self.waited)

    def _improves(self, value: float) -> bool:
        if value != value:  # not a number
            return False
        if self.best_value is None:
            return True
        change = value - self.best_value
        return (change if self.better == "higher" else -change) > self.least_change

    def end(self, trainer: Trainer) -> None:
        if not self._put_back or self._weights is None or self.best_epoch is None:
            return
        self._weights.put_back()
        if self.best_epoch < len(trainer.history) and trainer.history.stopped:
            trainer.history.stopped += f"; the weights of epoch {self.best_epoch} were put back"

    def state(self) -> dict[str, Any]:
        return {
            "best value": self.best_value,
            "best epoch": self.best_epoch,
            "waited": self.waited,
            "weights": dict(self._weights.arrays) if self._weights is not None else {},
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        value = remembered(state, "best value", float, optional=True)
        epoch = remembered(state, "best epoch", int, optional=True)
        waited = remembered(state, "waited", int)
        if self._weights is not None:
            self._weights.take(remembered(state, "weights", Mapping))
        self.best_value, self.best_epoch, self.waited = value, epoch, waited


class EarlyStopping(BestWeights):
    """Ends the training when `patience` epochs in a row brought nothing better, and puts the best weights back.

    measure, better, least_change : see `gn.train.BestWeights`
    best_weights : whether the end puts back the weights of the best epoch, else the last ones stay
    """

    def __init__(
        self, measure: str = "validation loss", *, patience: int = 10, better: str | None = None,
        least_change: float = 0.0, best_weights: bool = True,
    ):  # fmt: skip
        super().__init__(measure, better=better, least_change=least_change)
        self.patience = whole_number(patience, "EarlyStopping: patience", 1)
        self._put_back = bool(best_weights)

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        super().epoch(trainer, row)
        if self.waited >= self.patience:
            best = "it was never a number"
            if self.best_value is not None:
                best = f"the best was {self.best_value:.6g} in epoch {self.best_epoch}"
            trainer.stop(f"{self.measure} did not improve for {self.waited} epochs; {best}")


class StopAt(Callback):
    """Ends the training when a measure is above or below a value."""

    def __init__(self, measure: str, *, above: float | None = None, below: float | None = None):
        self.measure = name_of(measure, "StopAt: measure")
        if (above is None) == (below is None):
            raise SettingError("StopAt: wanted either above= or below=.")
        self.above, self.below = (
            None if v is None else number_or_more(v, f"StopAt: {word}", -float("1.7e308"))
            for v, word in ((above, "above"), (below, "below"))
        )

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        value = value_of(row, self.measure, "StopAt")
        if self.above is not None and value > self.above:
            trainer.stop(f"{self.measure} {value:.6g} is above {self.above:g}")
        elif self.below is not None and value < self.below:
            trainer.stop(f"{self.measure} {value:.6g} is below {self.below:g}")


class TimeLimit(Callback):
    """Ends the training after the epoch in which `seconds` have gone by; those of an interrupted run count too."""

    def __init__(self, seconds: float):
        self.seconds = positive_number(seconds, "TimeLimit: seconds")
        self._before = 0.0
        self._began = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds of training so far."""
        return self._before + time.monotonic() - self._began

    def begin(self, trainer: Trainer) -> None:
        self._before, self._began = 0.0, time.monotonic()

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        if self.spent >= self.seconds:
            trainer.stop(f"the time limit of {self.seconds:g} s is over")

    def state(self) -> dict[str, Any]:
        return {"spent": self.spent}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self._before, self._began = remembered(state, "spent", float), time.monotonic()


__all__ = ["BestWeights", "EarlyStopping", "StopAt", "TimeLimit"]
