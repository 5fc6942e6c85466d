"""What callbacks share: reading a measure of an epoch, and knowing which of two values is better."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.core.errors import DataError, SettingError, did_you_mean
from graphnn.core.leaves import is_counter
from graphnn.core.node import Node
from graphnn.metrics.metric import Metric
from graphnn.train.history import better_of
from graphnn.train.state import check_arrays, copies, named, write
from graphnn.transform.state import state_updates

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

_KINDS: dict[type, str] = {float: "a number", int: "a whole number of at least 0", Mapping: "arrays by name"}


def value_of(row: Mapping[str, Any], measure: str, who: str) -> float:
    """The measure of an epoch; SettingError if it is not measured, or is no single number."""
    if measure not in row:
        hint = " Pass validation=... to fit." if measure.startswith("validation ") else ""
        raise SettingError(f"{who}: there is no measure {measure!r}.{did_you_mean(measure, row)}{hint}")
    value = row[measure]
    if np.ndim(value) != 0:
        raise SettingError(f"{who}: {measure!r} is an array of shape {np.shape(value)}; wanted one number.")
    return float(value)


def direction(trainer: Trainer, measure: str, better: str | None) -> str:
    """ "lower" or "higher": as given, else as the trainer's metric of this name says, else by the words of the name."""
    metric = trainer.metrics.get(measure.removeprefix("validation "))
    if better is None and isinstance(metric, Metric):
        better = metric.better
    return better_of(measure, better)


def name_of(measure: Any, who: str) -> str:
    if not isinstance(measure, str) or not measure:
        raise SettingError(f"{who}: measure is a name such as 'validation loss', found {measure!r}.")
    return measure


def number_or_more(value: Any, who: str, least: float = 0.0) -> float:
    """A finite float of at least `least`."""
    good = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not good or not least <= float(value) < math.inf:
        raise SettingError(f"{who} is a number of at least {least:g}, found {value!r}.")
    return float(value)


def remembered(state: Mapping[str, Any], word: str, kind: type, *, optional: bool = False) -> Any:
    """What a callback's memory holds under `word`. Raises DataError for what is absent or of another kind.

    kind : float also takes whole numbers; an int is not below 0
    """
    value = state.get(word)
    if (value is None and optional and word in state) or (
        kind not in (int, float) and isinstance(value, kind)
    ):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and (kind is float or value >= 0):
        return kind(value)
    if kind is float and isinstance(value, float):
        return value
    raise DataError(f"{word!r} is {'absent' if word not in state else repr(value)}; wanted {_KINDS[kind]}")


class Weights:
    """A copy of what training changes in a model: trained parameters and running statistics."""

    def __init__(self, trainer: Trainer):
        states = [p for p in state_updates(trainer.loss) if not is_counter(p)]
        self._nodes: dict[str, Node] = named([*trainer.parameters, *states])
        self.arrays: dict[str, np.ndarray] = {}

    def keep(self) -> None:
        """Copy the present values."""
        self.arrays = copies(self._nodes)

    def put_back(self) -> None:
        """Set the values that were kept, if any were."""
        if self.arrays:
            write(self._nodes, self.arrays)

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Use these as the kept values. Raises DataError if they are of another model."""
        if arrays:
            check_arrays(self._nodes, arrays, "callback")
        self.arrays = {name: np.array(array) for name, array in arrays.items()}


__all__ = ["Weights", "direction", "name_of", "number_or_more", "remembered", "value_of"]
