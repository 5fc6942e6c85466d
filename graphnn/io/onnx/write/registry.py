"""Which function writes which op: `@writes("gelu")` puts it on the list."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache

from graphnn.core.errors import DeclarationError

__all__ = [
    "DRAWS",
    "FORWARDED",
    "FUNCTIONS",
    "NOT_TWINS",
    "UNFOLDED",
    "WRITERS",
    "Writer",
    "import_writers",
    "writes",
    "writes_function",
]

Writer = Callable[..., str]
"""Takes a Writing; emits standard operators and gives the name of the result."""

WRITERS: dict[str, Writer] = {}
"""Ops whose operators stand in the graph itself, mostly one of them."""

FUNCTIONS: dict[str, Writer] = {}
"""Ops without a twin: their operators stand in a function of the domain `graphnn`."""

NOT_TWINS = frozenset({"mod"})
"""Ops that declare an operator of another meaning for some dtypes: Mod of floats keeps the dividend's sign."""

DRAWS = frozenset({"permutation", "random_beta", "random_normal", "random_uniform"})
"""Random numbers that hang on a counter: no operator of ONNX draws the same."""

UNFOLDED = frozenset({"dropout"})
"""Composites whose parts stand in the graph itself, because they draw."""

FORWARDED = frozenset(
    {
        "again",
        "clip_gradient",
        "gradient_reversal",
        "scale_gradient",
        "stop_gradient",
        "straight_through",
        "with_update",
    }
)
"""Ops whose value is their first operand; what else they say concerns training, of which the file holds nothing."""

_FAMILIES = (
    "attending",
    "convolving",
    "elementwise",
    "indexing",
    "linear",
    "losses",
    "normalizing",
    "pooling",
    "recurring",
    "reductions",
    "scanning",
    "shaping",
    "solving",
)


def writes(*names: str) -> Callable[[Writer], Writer]:
    """Declare the function below as the writer of these ops, in the graph itself."""
    return _declare(WRITERS, names)


def writes_function(*names: str) -> Callable[[Writer], Writer]:
    """Declare the function below as what stands in the ONNX function of each of these ops."""
    return _declare(FUNCTIONS, names)


def _declare(table: dict[str, Writer], names: tuple[str, ...]) -> Callable[[Writer], Writer]:
    def declare(writer: Writer) -> Writer:
        for name in names:
            if name in WRITERS or name in FUNCTIONS:
                raise DeclarationError(f"writes: op {name!r} has two writers.")
            table[name] = writer
        return writer

    return declare


@cache
def import_writers() -> None:
    """Import every family of writers, once."""
    for family in _FAMILIES:
        importlib.import_module(f"graphnn.io.onnx.write.{family}")
