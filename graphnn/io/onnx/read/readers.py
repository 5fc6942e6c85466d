"""Import the families of readers, so that each puts itself on the list of `registry`."""

from __future__ import annotations

import importlib
from functools import cache

__all__ = ["FAMILIES", "import_readers"]

FAMILIES = (
    "activating",
    "attending",
    "constants",
    "control",
    "convolving",
    "cutting",
    "elementwise",
    "gridding",
    "indexing",
    "losses",
    "multiplying",
    "normalizing",
    "optimizing",
    "others",
    "pooling",
    "random_draws",
    "recurring",
    "reducing",
    "resizing",
    "shaping",
    "signal",
    "subgraphs",
)


@cache
def import_readers() -> None:
    """Import every family, once."""
    for family in FAMILIES:
        importlib.import_module(f"graphnn.io.onnx.read.operators.{family}")
