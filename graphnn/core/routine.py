"""Give one name to a function that has a meaning in NumPy and one machine version per float dtype."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Routine"]


@dataclass(frozen=True)
class Routine:
    """A scalar function that kernels call by one name: `exp`, whatever the dtype.

    In plain Python a call runs `meaning`, so a kernel can be stepped through in a debugger. In a compiled
    kernel the engine substitutes the plain function `float32` or `float64`, by the dtype of the kernel.

    These two, and all that they call, are compiled with no other freedom than `contract` (a * b + c in one
    rounding). Their error bounds rest on the written order of operations: were x - n * c1 - n * c2
    regrouped as x - n * (c1 + c2), the low half of a constant would be lost; were (p * s) * t regrouped as
    p * (s * t), an exponential would overflow too soon.
    """

    name: str
    meaning: Callable[..., Any]
    float32: Callable[..., Any]
    float64: Callable[..., Any]

    def __call__(self, *operands: Any) -> Any:
        return self.meaning(*operands)
