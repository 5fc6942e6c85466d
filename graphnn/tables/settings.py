"""TableSettings: how a table is learned from, checked when made, read from and written as TOML."""

from __future__ import annotations

import json
import math
import numbers
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from graphnn.core.errors import DataError, SettingError, did_you_mean
from graphnn.core.settings import fraction, positive_number, seed_number, whole_number
from graphnn.tables.stack import ACTIVATIONS

OPTIMIZERS = ("adadelta", "adagrad", "adam", "adamw", "lion", "nadam", "rmsprop", "sgd")
SCHEDULES = ("constant", "cosine", "linear", "one_cycle", "warmup_cosine")
SCALINGS = ("none", "normalize", "standardize")
KINDS = ("auto", "classes", "numbers")
MISSING = ("error", "mean", "median", "most")
UNSEEN = ("error", "zeros")

# No table needs a file of settings of more bytes.
_LARGEST_FILE = 1 << 20


@dataclass(frozen=True)
class TableSettings:
    """Settings of `gn.tables.train_table`. Raises SettingError for one that is out of its range.

    hidden : units of each hidden layer; none is a linear model
    activation : its name, such as "relu", "tanh", "gelu"
    dropout : share of hidden units that each step forgets
    batch_norm : normalise before each activation
    label_smoothing : share of each label that is spread over all classes
    ensemble : networks that start apart and whose answers are averaged
    optimizer : "adam", "adamw", "sgd" (with momentum 0.9), ...
    rate : learning rate
    schedule : of the rate over all epochs: "constant", "cosine", "linear", "one_cycle", "warmup_cosine"
    l1, l2 : penalties on weights
    batch, epochs : rows a step, passes over the rows at most
    patience : epochs without a better validation loss after which training ends; 0 never ends it early. The weights
        of the best epoch are kept in both cases
    validation, test : shares of the rows that choose the epoch, and that measure the result
    scaling : of features: "standardize", "normalize" or "none", learned from the training rows, kept in the graph
    kind : what the target holds: "classes", "numbers", or "auto" to find out
    drop : columns to leave out
    missing : what a missing cell becomes: "error", "mean", "median" or "most"
    unseen : what a word becomes that the table did not have: "error" or "zeros"
    seed : of all that is drawn: the same seed gives the same bits
    """

    hidden: tuple[int, ...] = (64, 32)
    activation: str = "relu"
    dropout: float = 0.0
    batch_norm: bool = False
    label_smoothing: float = 0.0
    ensemble: int = 1
    optimizer: str = "adam"
    rate: float = 0.003
    schedule: str = "constant"
    l1: float = 0.0
    l2: float = 0.0
    batch: int = 32
    epochs: int = 200
    patience: int = 20
    validation: float = 0.15
    test: float = 0.2
    scaling: str = "standardize"
    kind: str = "auto"
    drop: tuple[str, ...] = ()
    missing: str = "error"
    unseen: str = "error"
    seed: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _CHECKS[field.name](getattr(self, field.name), field.name))
        if self.validation + self.test >= 1.0:
            raise SettingError(
                f"settings: validation {self.validation} and test {self.test} leave no rows to train on."
            )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], where: str = "settings") -> TableSettings:
        """Settings from {name: value}; those that are not named have their defaults."""
        known = [field.name for field in fields(cls)]
        for name in content:
            if name not in known:
                raise SettingError(f"{where}: there is no setting {name!r}.{did_you_mean(str(name), known)}")
        try:
            return cls(**content)
        except SettingError as error:
            raise SettingError(f"{where}: {str(error).removeprefix('settings: ')}") from None

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> TableSettings:
        """Settings from a TOML file. Raises DataError if it cannot be read, SettingError for what is in it."""
        path = Path(path)
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise DataError(f"{path.name} has {path.stat().st_size} bytes; it is no file of settings.")
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise DataError(f"cannot read the settings in {path}: {error}.") from None
        return cls.from_dict(content, path.name)

    def as_dict(self) -> dict[str, Any]:
        """{name: value}, with lists for tuples, as JSON and TOML have them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    def as_toml(self) -> str:
        """The text of a TOML file that `from_toml` reads back."""
        return "".join(f"{name} = {_toml(value)}\n" for name, value in self.as_dict().items())


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):  # JSON's escapes are TOML's, but for one character that JSON leaves as it is
        return json.dumps(value).replace("\x7f", "\\u007f")
    return json.dumps(value)


Check = Callable[[Any, str], Any]


def _whole(least: int, most: int) -> Check:
    def check(value: Any, name: str) -> int:
        found = whole_number(value, f"settings: {name}", least)
        if found > most:
            raise SettingError(f"settings: {name} is at most {most}, found {found}.")
        return found

    return check


def _positive(value: Any, name: str) -> float:
    return positive_number(value, f"settings: {name}")


def _share(value: Any, name: str) -> float:
    return fraction(value, f"settings: {name}")


def _part(value: Any, name: str) -> float:
    if fraction(value, f"settings: {name}") == 0.0:
        raise SettingError(f"settings: {name} lies between 0 and 1, found 0: some rows must be kept for it.")
    return float(value)


def _penalty(value: Any, name: str) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0.0 <= float(value) < math.inf:
        raise SettingError(f"settings: {name} is a number of 0 or more, found {value!r}.")
    return float(value)


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise SettingError(f"settings: {name} is true or false, found {value!r}.")
    return value


def _word(known: Iterable[str]) -> Check:
    words = tuple(known)

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in words:
            close = did_you_mean(value, words) if isinstance(value, str) else ""
            close = close if close.startswith(" Did") else f" Known: {', '.join(words)}."
            raise SettingError(f"settings: {name} is not {value!r}.{close}")
        return value

    return check


def _sizes(value: Any, name: str) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise SettingError(f"settings: {name} is a list of whole numbers such as [64, 32], found {value!r}.")
    return tuple(_whole(1, 100_000)(size, f"each of {name}") for size in value)


def _names(value: Any, name: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise SettingError(f"settings: {name} is a list of names of columns, found {value!r}.")
    names = tuple(value)
    for one in names:
        if not isinstance(one, str):
            raise SettingError(f"settings: {name} is a list of names of columns, found {one!r} in it.")
    return names


def _seed(value: Any, name: str) -> int:
    return seed_number(value, "settings")


_CHECKS: dict[str, Check] = {
    "hidden": _sizes,
    "activation": _word(ACTIVATIONS),
    "dropout": _share,
    "batch_norm": _flag,
    "label_smoothing": _share,
    "ensemble": _whole(1, 1000),
    "optimizer": _word(OPTIMIZERS),
    "rate": _positive,
    "schedule": _word(SCHEDULES),
    "l1": _penalty,
    "l2": _penalty,
    "batch": _whole(1, 1_000_000),
    "epochs": _whole(1, 1_000_000),
    "patience": _whole(0, 1_000_000),
    "validation": _part,
    "test": _part,
    "scaling": _word(SCALINGS),
    "kind": _word(KINDS),
    "drop": _names,
    "missing": _word(MISSING),
    "unseen": _word(UNSEEN),
    "seed": _seed,
}
