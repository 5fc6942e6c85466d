"""Check the settings that users give: whole numbers, positive numbers, shares, seeds. NumPy's numbers are welcome."""

from __future__ import annotations

import math
import numbers
from typing import Any

from graphnn.core.errors import SettingError


def whole_number(value: Any, who: str, least: int = 0) -> int:
    """The value as an int of at least `least`; True is not a number."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or int(value) < least:
        raise SettingError(f"{who} is a whole number of at least {least}, found {value!r}.")
    return int(value)


def seed_number(value: Any, who: str) -> int:
    """The value as the seed of a random stream."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or not 0 <= int(value) < 2**63:
        raise SettingError(f"{who}: a seed is a whole number from 0 to below 2**63, found {value!r}.")
    return int(value)


def positive_number(value: Any, who: str) -> float:
    """The value as a finite float above 0."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0.0 < float(value) < math.inf:
        raise SettingError(f"{who}: wanted a positive number, found {value!r}.")
    return float(value)


def fraction(value: Any, who: str) -> float:
    """The value as a float from 0 to below 1."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0.0 <= float(value) < 1.0:
        raise SettingError(f"{who}: wanted a number from 0 to below 1, found {value!r}.")
    return float(value)
