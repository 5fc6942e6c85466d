"""Lower the learning rate when a measure of the epochs no longer improves.

>>> import graphnn as gn
>>> plateau = gn.train.Plateau("validation loss", factor=0.5, patience=3)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphnn.core.errors import SettingError
from graphnn.core.settings import fraction, whole_number
from graphnn.optim.optimizer import Optimizer
from graphnn.train.callback import Callback
from graphnn.train.history import better_of
from graphnn.train.measures import direction, name_of, number_or_more, remembered, value_of

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer


class Plateau(Callback):
    """Multiplies the optimiser's `learning_rate` by `factor` after more than `patience` epochs without improvement.

    measure : any measure of the history; for the training loss of steps there is also `gn.optim.plateau`
    better : "lower" or "higher"; by default what the trainer's metric says, else "lower" for losses and errors
    least_change : what an improvement must exceed; `relative` says whether as a share of the best value
    cooldown : epochs after a change in which nothing is counted
    lowest : the rate never falls below it
    optimizer : whose rate, by default the trainer's
    The history gets a column "learning rate" with the rate of the epoch. Source: PyTorch, ReduceLROnPlateau.
    """

    # Smaller changes of the rate are not made.
    LEAST_STEP = 1e-8

    def __init__(
        self, measure: str = "validation loss", *, factor: float = 0.1, patience: int = 10,
        better: str | None = None, least_change: float = 1e-4, relative: bool = True, cooldown: int = 0,
        lowest: float = 0.0, optimizer: Optimizer | None = None,
    ):  # fmt: skip
        self.measure = name_of(measure, "Plateau: measure")
        self.better = better_of(self.measure, better)
        self._asked = better
        self.factor = fraction(factor, "Plateau: factor")
        if self.factor == 0.0:
            raise SettingError(f"Plateau: factor is a number between 0 and 1, found {factor!r}.")
        self.patience = whole_number(patience, "Plateau: patience")
        self.least_change = number_or_more(least_change, "Plateau: least_change")
        self.relative = bool(relative)
        self.cooldown = whole_number(cooldown, "Plateau: cooldown")
        self.lowest = number_or_more(lowest, "Plateau: lowest")
        if optimizer is not None and not isinstance(optimizer, Optimizer):
            raise SettingError(f"Plateau: optimizer is one of gn.optim, found {optimizer!r}.")
        self.optimizer = optimizer
        self._forget()

    def _forget(self) -> None:
        self.best: float | None = None
        self.waited = 0
        self.cooling = 0

    def begin(self, trainer: Trainer) -> None:
        self._forget()
        self.better = direction(trainer, self.measure, self._asked)

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        optimizer = trainer.optimizer if self.optimizer is None else self.optimizer
        knob = optimizer.learning_rate
        row["learning rate"] = float(knob.value)
        value = value_of(row, self.measure, "Plateau")
        if self._improves(value):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        if self.cooling > 0:
            self.cooling -= 1
            self.waited = 0
        if self.waited > self.patience:
            old = float(knob.value)
            new = max(old * self.factor, self.lowest)
            if old - new > self.LEAST_STEP:
                knob.value = new
            self.cooling, self.waited = self.cooldown, 0

    def _improves(self, value: float) -> bool:
        if self.best is None or value != value:
            return value == value
        sign = 1.0 if self.better == "higher" else -1.0
        if self.relative:
            return value * sign > self.best * (1.0 + sign * self.least_change) * sign
        return value * sign > (self.best + sign * self.least_change) * sign

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited, "cooling": self.cooling}

    def set_state(self, state: Mapping[str, Any]) -> None:
        best = remembered(state, "best", float, optional=True)
        waited, cooling = (remembered(state, word, int) for word in ("waited", "cooling"))
        self.best, self.waited, self.cooling = best, waited, cooling


__all__ = ["Plateau"]
