"""Callbacks: what a user wants done after each epoch of a training, with a memory that checkpoints keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graphnn.core.errors import SettingError

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer


class Callback:
    """Base of callbacks. `fit` calls `begin` once, `epoch` after each epoch, and `end` once, whatever happened.

    A plain function `f(trainer, row)` is a callback too, one without a memory.

    Example
    -------
    >>> import graphnn as gn
    >>> class StopBelow(gn.train.Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...     def epoch(self, trainer, row):
    ...         if row["loss"] < self.loss:
    ...             trainer.stop(f"the loss is below {self.loss}")
    """

    def begin(self, trainer: Trainer) -> None:
        """Before the first epoch of a `fit`; of one that is gone on with, before `set_state`."""

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        """After an epoch: `row` holds its measures; add numbers to it, or call `trainer.stop("why")`."""

    def end(self, trainer: Trainer) -> None:
        """After the last epoch, also after an error or Ctrl-C."""

    def state(self) -> dict[str, Any]:
        """What the callback must remember to be gone on with: numbers, texts, lists, dicts, and arrays."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Remember what `state` gave."""


class FunctionCallback(Callback):
    """A function `f(trainer, row)` as a callback."""

    def __init__(self, function: Callable[[Any, dict[str, float]], object]):
        self.function = function

    def epoch(self, trainer: Trainer, row: dict[str, float]) -> None:
        self.function(trainer, row)


def checked_callbacks(callbacks: Any) -> tuple[Callback, ...]:
    """The callbacks of a `fit`, with functions wrapped. Raises SettingError for what is neither."""
    if isinstance(callbacks, Callback) or callable(callbacks):
        callbacks = (callbacks,)
    if not isinstance(callbacks, Iterable) or isinstance(callbacks, str | Mapping):
        raise SettingError(
            f"fit: callbacks are a list of gn.train.Callback or functions, found {callbacks!r}."
        )
    found: list[Callback] = []
    for one in callbacks:
        if isinstance(one, type) or not (isinstance(one, Callback) or callable(one)):
            hint = " Make one of it by calling it." if isinstance(one, type) else ""
            raise SettingError(
                f"fit: a callback is a gn.train.Callback or a function f(trainer, row), found {one!r}.{hint}"
            )
        found.append(one if isinstance(one, Callback) else FunctionCallback(one))
    return tuple(found)


__all__ = ["Callback", "FunctionCallback", "checked_callbacks"]
