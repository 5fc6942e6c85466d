"""Write numbers as short as they can be without lying: four significant digits, zero only for zero."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["DIGITS", "number", "parse", "power_of_ten", "shape_text", "statistics"]

# Every number in a drawing is rounded to this many significant digits.
DIGITS = 4


def number(value: Any) -> str:
    """A number in at most about nine characters: `3`, `−0.1235`, `1.235e−5`, `NaN`, `∞`.

    Only an exact zero is written 0. Integers keep all their digits up to a million.
    """
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer) and abs(int(value)) < 1_000_000:
        return str(int(value)).replace("-", "−")
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{DIGITS - 1}e}".split("e")
    power = int(exponent)
    rounded = float(f"{mantissa}e{power}")
    if math.isinf(rounded):
        # The largest numbers would round up to infinity.
        mantissa, rounded = f"{value / 10.0**power - math.copysign(5e-4, value):.{DIGITS - 1}f}", value
    # 12345.6 is not written 12350, which would look exact; 12000.0 is exact and stays 12000.
    if -4 < power < DIGITS or (DIGITS <= power < 6 and rounded == value):
        text = f"{rounded:.{max(DIGITS - 1 - power, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{mantissa.rstrip('0').rstrip('.')}e{power}"
    return text.replace("-", "−")


def parse(text: str) -> float:
    """The number that `number` wrote."""
    words = {"true": 1.0, "false": 0.0, "∞": math.inf, "−∞": -math.inf, "NaN": math.nan}
    return words[text] if text in words else float(text.replace("−", "-"))


def power_of_ten(exponent: int) -> str:
    """`10⁻³`, in characters that need no shifted baseline; 1 is `1`, 10 is `10`."""
    if exponent in (0, 1):
        return str(10**exponent)
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def statistics(array: np.ndarray) -> tuple[str, str]:
    """Two short lines on an array: mean ± standard deviation, then min … max. NaN and infinity are counted."""
    if array.size == 0:
        return ("empty", "")
    if array.dtype == np.bool_:
        return (f"{number(int(array.sum()))} of {number(array.size)} true", "")
    values = array.astype(np.float64, copy=False).ravel()
    finite = np.isfinite(values)
    count = int(values.size - finite.sum())
    if count:
        nans = int(np.isnan(values).sum())
        parts = [f"{number(nans)} NaN"] * bool(nans) + [f"{number(count - nans)} ∞"] * bool(count - nans)
        left = values[finite]
        rest = f"{number(left.min())} … {number(left.max())}" if left.size else "no finite element"
        return (" and ".join(parts) + f" of {number(values.size)}", rest)
    low, high = values.min(), values.max()
    if low == high:
        return (f"all {number(low)}", "")
    if array.dtype.kind in "iu":
        # Integers are labels, rows or counts: a mean of them would say nothing.
        return (f"{number(int(low))} … {number(int(high))}", "")
    # Scaling by the largest element keeps the squares of 1e300 from overflowing.
    top = max(abs(low), abs(high))
    scaled = values / top
    mean = float(scaled.mean())
    # A mean that is smaller than the rounding of its own sum is not a number to be read.
    noise = np.finfo(array.dtype).eps * np.sqrt(values.size)
    return (
        f"{'≈ 0' if 0 < abs(mean) < noise else number(mean * top)} ± {number(scaled.std() * top)}",
        f"{number(low)} … {number(high)}",
    )


def shape_text(shape: tuple[Any, ...]) -> str:
    """`scalar`, `64`, `batch × 64`: the shape as a reader says it."""
    return " × ".join(str(d) for d in shape) if shape else "scalar"
