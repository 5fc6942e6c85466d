"""Guess from two arrays, a slope and what it should have been, what was forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

# Factors that one forgets, by the words for them.
_KNOWN = {2.0: "2", 0.5: "1/2", 3.0: "3", 1 / 3: "1/3", 4.0: "4", 0.25: "1/4", np.log(2): "ln 2", np.pi: "pi"}


def constant_ratio(found: np.ndarray, wanted: np.ndarray, tolerance: float) -> float | None:
    """The number that `found` must be multiplied by to be `wanted`, if there is one."""
    known = np.isfinite(found) & np.isfinite(wanted)
    a, b = found[known], wanted[known]
    if not a.size or not np.any(a) or not np.any(b):
        return None
    ratio = float(a @ b) / float(a @ a)
    scale = float(np.abs(b).max())
    fits = np.abs(ratio * a - b) <= 10 * tolerance * (np.abs(b) + 1e-3 * scale)
    return ratio if ratio and bool(fits.all()) else None


def what_is_missing(
    found: np.ndarray,
    wanted: np.ndarray,
    tolerance: float,
    sizes: Mapping[str, tuple[int, ...]] | None = None,
) -> str:
    """What would turn the slope `found` into `wanted` (NaN where it is not known), in words.

    `sizes` names shapes whose axes may be a forgotten factor, such as that of a batch.
    """
    known = np.isfinite(wanted)
    if not np.isfinite(found[known]).all():
        return "it is not finite where the loss moves smoothly"
    if not np.any(found[known]):
        return "nothing flows back, though the loss moves: a path is cut, or the slope is missing"
    if not np.any(np.abs(wanted[known]) > tolerance * np.abs(found[known]).max()):
        return "something flows back, though the loss does not move"
    ratio = constant_ratio(found, wanted, tolerance)
    if ratio is not None:
        return factor_in_words(ratio, sizes or {})
    if found.ndim > 1 and found.shape[-1] == found.shape[-2]:
        turned = np.where(known, found.swapaxes(-1, -2), np.nan)
        if np.allclose(turned[known], wanted[known], rtol=10 * tolerance, atol=tolerance):
            return "it is transposed"
    wrong = ~np.isclose(found[known], wanted[known], rtol=10 * tolerance, atol=tolerance)
    return f"{int(wrong.sum())} of {int(known.sum())} elements differ, by no common factor"


def factor_in_words(ratio: float, sizes: Mapping[str, tuple[int, ...]]) -> str:
    """What a slope lacks that must be multiplied by `ratio`."""
    if abs(ratio + 1) < 1e-4:
        return "the sign is wrong"
    sign = "the sign is wrong, and " if ratio < 0 else ""
    size = abs(ratio)
    for name, shape in sizes.items():
        counts = {n: f"the size of axis {axis} of {name}" for axis, n in enumerate(shape)}
        counts.setdefault(prod(shape), f"the number of elements of {name}")
        for n, what in counts.items():
            if n > 2 and abs(size * n - 1) < 1e-4:
                return f"{sign}it is {n} times too large; {n} is {what}: a sum where the mean is meant"
            if n > 2 and abs(size / n - 1) < 1e-4:
                return f"{sign}it is {n} times too small; {n} is {what}: a mean where the sum is meant"
    for number, word in _KNOWN.items():
        if abs(size - number) < 1e-4 * number:
            return f"{sign}a factor {word} is missing"
    return f"{sign}a factor {size:.6g} is missing"
