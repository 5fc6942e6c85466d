"""Check what layers are given: activations, initialisers, and axes whose size must be known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnn.core.dims import Shape, shape_text
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.node import Node

Activation = Callable[[Node], Node]


def check_functions(who: str, activation: Any, *initializers: Any) -> None:
    """Raise SettingError unless the activation and the initialisers are functions or None."""
    if activation is not None and not callable(activation):
        raise SettingError(
            f"{who}: activation is a function of a node, such as gn.relu, found {activation!r}."
        )
    for initializer in initializers:
        if initializer is not None and not callable(initializer):
            raise SettingError(
                f"{who}: an initialiser is a function such as gn.init.he, found {initializer!r}."
            )


def check_rank(name: str, shape: Shape, wanted: str, least: int, most: int | None = None) -> None:
    """Raise ShapeError unless a layer's operand has from `least` to `most` axes; `wanted` shows them."""
    if len(shape) < least or (most is not None and len(shape) > most):
        raise ShapeError(f"layer {name}: wanted x {wanted}, found shape {shape_text(shape)}.")


def known_size(name: str, shape: Shape, axis: int, what: str = "axis") -> int:
    """The size of an axis that parameters hang on; ShapeError if there is none or it is a name only."""
    size = shape[axis] if -len(shape) <= axis < len(shape) else None
    if not isinstance(size, int):
        raise ShapeError(f"layer {name}: the {what} must have a known size, found {shape_text(shape)}.")
    return size
