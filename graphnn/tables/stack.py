"""The plain network of tables and estimators: hidden layers of one kind, one after another, then the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

from graphnn import init, nn, ops
from graphnn.core.errors import SettingError, did_you_mean
from graphnn.core.node import Node
from graphnn.init import Initializer

Activation = Callable[[Node], Node] | None

# The names that scikit-learn gives to four of them stand beside ours.
ACTIVATIONS: dict[str, Activation] = {
    "celu": ops.celu,
    "elu": ops.elu,
    "gelu": ops.gelu,
    "hardswish": ops.hardswish,
    "identity": None,
    "leaky_relu": ops.leaky_relu,
    "logistic": ops.sigmoid,
    "mish": ops.mish,
    "relu": ops.relu,
    "selu": ops.selu,
    "sigmoid": ops.sigmoid,
    "silu": ops.silu,
    "softplus": ops.softplus,
    "softsign": ops.softsign,
    "tanh": ops.tanh,
}


def activation_of(word: Any, who: str) -> Activation:
    """The function of that name; a function of a node is itself. Raises SettingError for an unknown name."""
    if isinstance(word, str):
        if word not in ACTIVATIONS:
            close = did_you_mean(word, ACTIVATIONS) or f" Known: {', '.join(ACTIVATIONS)}."
            raise SettingError(f"{who}: there is no activation {word!r}.{close}")
        return ACTIVATIONS[word]
    if not callable(word):
        raise SettingError(
            f"{who}: an activation is a name such as 'relu', or a function of a node, found {word!r}."
        )
    given: Activation = word
    return given


def stack(
    features: int,
    hidden: Sequence[int],
    outputs: int,
    activation: Activation,
    *,
    dropout: float = 0.0,
    batch_norm: bool = False,
    seed: int,
    name: str = "net",
) -> nn.Sequential:
    """Hidden layers of dense, batch norm, activation, dropout; then a dense layer of the outputs.

    First weights and biases are drawn evenly within sqrt(6 / (fan in + fan out)), or sqrt(2 / ...) before a sigmoid,
    as scikit-learn's MLPClassifier does. Source: Glorot and Bengio 2010.
    """
    factor = 2.0 if activation is ops.sigmoid else 6.0
    steps: list[Any] = []
    before = features
    for units in hidden:
        first = _first_values(factor, before, units)
        if batch_norm:
            steps += [_dense(units, None, first), nn.BatchNorm()]
            if activation is not None:
                steps.append(activation)
        else:
            steps.append(_dense(units, activation, first))
        if dropout:
            steps.append(nn.Dropout(dropout))
        before = units
    steps.append(_dense(outputs, None, _first_values(factor, before, outputs)))
    return nn.Sequential(steps, name=name, seed=seed)


def _first_values(factor: float, before: int, units: int) -> Initializer:
    return init.uniform(sqrt(factor / (before + units)))


def _dense(units: int, activation: Activation, first: Initializer) -> nn.Dense:
    return nn.Dense(units, activation, weight_init=first, bias_init=first)
