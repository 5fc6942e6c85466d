"""Say what an array holds, for a row of a box or for a wire: written out, as coloured cells, or as statistics."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from viz.numbers import number, statistics
from viz.scene import Heat, Reading, Scale, Wire

__all__ = ["reading", "scale_of", "sign_of", "size_of"]

# Arrays up to this many elements are written out, up to this many rows and columns drawn as coloured cells.
_WRITTEN_AT_MOST = 3
_CELLS_AT_MOST = 16
# Wires span at most this many decades; smaller ones get the thinnest line.
_DECADES_AT_MOST = 6


def reading(label: str, value: Any, state: str = "") -> Reading:
    """The reading of an array; `state` says what is known of it beyond its numbers, such as "stale"."""
    array = np.asarray(value)
    whole = array.dtype.kind in "biu"
    finite = whole or bool(np.isfinite(array).all())
    state = state or ("not finite" if not finite else "known" if array.size == 0 or array.any() else "zero")
    if array.ndim == 0:
        return Reading(label, (number(array.item()),), state, detail=repr(array.item()))
    detail = f"from {array.min().item()!r} to {array.max().item()!r}" if array.size and finite else ""
    if 0 < array.size <= _WRITTEN_AT_MOST and array.ndim == 1:
        return Reading(
            label, ("[" + ", ".join(number(v) for v in array.tolist()) + "]",), state, detail=detail
        )
    lines = tuple(line for line in statistics(array) if line)
    return Reading(label, lines, state, _heat(array), detail)


def _heat(array: np.ndarray) -> Heat | None:
    if array.ndim not in (1, 2) or array.size < 2 or max(array.shape) > _CELLS_AT_MOST:
        return None
    rows = array.reshape(-1, array.shape[-1]).astype(np.float64)
    if not np.ptp(rows):
        return None
    finite = rows[np.isfinite(rows)]
    limit = float(np.abs(finite).max()) if finite.size else 0.0
    return Heat(tuple(tuple(row) for row in rows.tolist()), limit)


def size_of(array: np.ndarray) -> float:
    """The root mean square, scaled by the largest element so that no square overflows or vanishes."""
    if array.size == 0:
        return 0.0
    sizes = np.abs(array.astype(np.float64))
    top = float(sizes.max())
    if top == 0 or not math.isfinite(top):
        return top
    return top * float(np.sqrt(np.mean((sizes / top) ** 2)))


def sign_of(array: np.ndarray) -> str:
    """ "positive", "negative", "mixed", "zero" or "not finite"."""
    if array.size and not np.isfinite(array).all():
        return "not finite"
    has_positive, has_negative = bool((array > 0).any()), bool((array < 0).any())
    if has_positive and has_negative:
        return "mixed"
    return "positive" if has_positive else "negative" if has_negative else "zero"


def scale_of(wires: Iterable[Wire]) -> Scale | None:
    """The decades that the wires' sizes span; None if there is no size."""
    sizes = [w.size for w in wires if w.size is not None and w.size > 0 and math.isfinite(w.size)]
    if not sizes:
        return None
    high = math.ceil(math.log10(max(sizes)) - 1e-9)
    low = math.floor(math.log10(min(sizes)) + 1e-9)
    return Scale(min(max(low, high - _DECADES_AT_MOST), high - 1), high)
