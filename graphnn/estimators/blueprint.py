"""Blueprint: all that fixes an estimator's graph, checked, so that it can be built again from it alone."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from graphnn.core.errors import SettingError, did_you_mean
from graphnn.core.settings import fraction, positive_number, whole_number
from graphnn.tables.stack import activation_of

SOLVERS = ("adadelta", "adagrad", "adam", "adamw", "lbfgs", "lion", "nadam", "rmsprop", "sgd")
RATES = ("adaptive", "constant", "cosine", "invscaling", "linear", "one_cycle")
DTYPES = ("auto", "float32", "float64")

# Multiplications of one step from which arithmetic, and not the driver, takes the time: there float32 is twice as fast.
_MUCH_WORK = 1 << 17


@dataclass(frozen=True)
class Blueprint:
    """`kind` is the last activation: "softmax" of `outputs` classes, "logistic" or "identity" of `outputs` columns."""

    features: int
    outputs: int
    kind: str
    loss: str
    dtype: str
    hidden: tuple[int, ...]
    activation: Any
    net: Callable[[int, int], Any] | None
    ensemble: int
    dropout: float
    batch_norm: bool
    smoothing: float
    alpha: float
    solver: str
    rate: float
    schedule: str
    steps: int
    momentum: float
    nesterov: bool
    beta1: float
    beta2: float
    epsilon: float
    seed: int
    weighted: bool

    def with_weights(self) -> Blueprint:
        """The same for rows that have weights."""
        return replace(self, weighted=True)


def check_settings(estimator: Any) -> None:
    """Raise SettingError, one sentence, for a parameter of the estimator that is out of its range."""
    who = type(estimator).__name__
    hidden_sizes(estimator.hidden_layer_sizes, who)
    activation_of(estimator.activation, who)
    for name, known in (("solver", SOLVERS), ("learning_rate", RATES), ("dtype", DTYPES)):
        one_of(getattr(estimator, name), known, f"{who}: {name}")
    for name in ("max_iter", "n_iter_no_change", "max_fun", "ensemble"):
        whole_number(getattr(estimator, name), f"{who}: {name}", 1)
    if estimator.batch_size != "auto":
        whole_number(estimator.batch_size, f"{who}: batch_size is 'auto' or a number; it", 1)
    for name in ("learning_rate_init", "epsilon"):
        positive_number(getattr(estimator, name), f"{who}: {name}")
    for name in ("momentum", "beta_1", "beta_2", "dropout", "label_smoothing"):
        fraction(getattr(estimator, name, 0.0), f"{who}: {name}")
    for name in ("alpha", "tol", "power_t"):
        value = getattr(estimator, name)
        if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0.0 <= float(value) < np.inf:
            raise SettingError(f"{who}: {name} is a number of 0 or more, found {value!r}.")
    if fraction(estimator.validation_fraction, f"{who}: validation_fraction") == 0.0:
        raise SettingError(f"{who}: validation_fraction lies between 0 and 1, found 0.")
    for name in ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "batch_norm"):
        if not isinstance(getattr(estimator, name), bool | np.bool_):
            raise SettingError(f"{who}: {name} is True or False, found {getattr(estimator, name)!r}.")
    if estimator.net is not None and not callable(estimator.net):
        raise SettingError(
            f"{who}: net is a function of (outputs, seed) that gives a layer, found {estimator.net!r}."
        )


def one_of(word: Any, known: Iterable[str], who: str) -> str:
    """The word, if it is one of those known."""
    known = tuple(known)
    if not isinstance(word, str) or word not in known:
        raise SettingError(f"{who} is one of {', '.join(known)}; found {word!r}.{_offer(word, known)}")
    return word


def _offer(word: Any, known: tuple[str, ...]) -> str:
    found = did_you_mean(word, known) if isinstance(word, str) else ""
    return found if found.startswith(" Did") else ""


def hidden_sizes(sizes: Any, who: str) -> tuple[int, ...]:
    """Units of each hidden layer; one number is one layer."""
    if isinstance(sizes, numbers.Integral):
        sizes = (sizes,)
    if isinstance(sizes, str) or not isinstance(sizes, Iterable):
        raise SettingError(f"{who}: hidden_layer_sizes are whole numbers such as (64, 32), found {sizes!r}.")
    return tuple(whole_number(size, f"{who}: each of hidden_layer_sizes", 1) for size in sizes)


def chosen_dtype(wanted: str, given: Any, solver: str, batch: int, sizes: Iterable[int]) -> str:
    """The dtype of a network: "auto" takes float32 where rows are float32, or where a step is much work."""
    if wanted != "auto":
        return wanted
    sizes = list(sizes)
    work = batch * sum(a * b for a, b in pairwise(sizes))
    if given == np.float32 or (solver != "lbfgs" and work > _MUCH_WORK):
        return "float32"
    return "float64"
