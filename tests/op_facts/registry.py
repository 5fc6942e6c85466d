"""What the derived tests know of an op beyond its declaration: its twin in PyTorch, and how to draw calls of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from graphnn.core.op import Sample


class Twin(NamedTuple):
    """The same computation in PyTorch: how often PyTorch can differentiate it, and how near it comes."""

    function: Callable[..., Any]
    orders: int
    tolerance: float


TWINS: dict[str, Twin] = {}
NO_TWIN: dict[str, str] = {}
DRAWS: dict[str, Callable[..., Sample]] = {}
# Ops that do not answer NaN where an operand of theirs is NaN, and why.
STOPS_NAN: dict[str, str] = {}
# What makes drawn operands fit for an op that does not take any numbers.
PREPARES: dict[str, Callable[..., Any]] = {}
# Ops that send back something else than their slope, and why.
BENDS: dict[str, str] = {}


def twin(*names: str, orders: int = 2, tolerance: float = 1e-9) -> Callable[[Any], Callable[..., Any]]:
    """Declare what PyTorch says to the op: `f(torch, *tensors, **attributes)` gives a tensor.

    It is called with the attributes that the node has, so the op's normalised ones. Value, first and second
    order are compared; `orders` is less where PyTorch itself cannot differentiate so often, and `tolerance`
    is wider where PyTorch's own function is less exact than float64 allows.
    """

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names or (function.__name__,):
            assert name not in TWINS and name not in NO_TWIN, name
            TWINS[name] = Twin(function, orders, tolerance)
        return function

    return keep


def no_twin(reason: str, *names: str) -> None:
    """Declare that PyTorch has nothing that means the same, and why."""
    for name in names:
        assert name not in TWINS and name not in NO_TWIN, name
        NO_TWIN[name] = reason


def stops_nan(reason: str, *names: str) -> None:
    """Declare that a pointwise op answers a number where an operand is NaN, and why that is right."""
    for name in names:
        assert name not in STOPS_NAN, name
        STOPS_NAN[name] = reason


def prepares(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what makes drawn operands fit: `f(*arrays, **attributes)` gives the arrays to use instead.

    For what an interval of numbers cannot say, as that a matrix is positive definite or that rows sum to 1.
    """

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            assert name not in PREPARES, name
            PREPARES[name] = function
        return function

    return keep


def bends(reason: str, *names: str) -> None:
    """Declare that what an op sends back is, on purpose, not its slope: differences say nothing about it."""
    for name in names:
        assert name not in BENDS, name
        BENDS[name] = reason


def draws(*names: str) -> Callable[[Callable[..., Sample]], Callable[..., Sample]]:
    """Declare how hypothesis makes calls of the op: `f(draw)` gives a Sample with shapes and attributes.

    Shapes include empty axes, axes of size one and every rank that the op takes, up to 5. An op without
    attributes whose signature says all needs none: its shapes are drawn from the signature.
    """

    def keep(function: Callable[..., Sample]) -> Callable[..., Sample]:
        for name in names or (function.__name__,):
            assert name not in DRAWS, name
            DRAWS[name] = function
        return function

    return keep
