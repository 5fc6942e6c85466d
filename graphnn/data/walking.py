"""Go through arrays that may be larger than memory in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_BLOCK_BYTES = 1 << 23


def blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of `array` in order, some megabytes at a time, where they are."""
    rows = block_rows(array)
    for at in range(0, len(array), rows):
        yield array[at : at + rows]


def block_rows(array: np.ndarray) -> int:
    """Rows of `array` that make some megabytes."""
    return max(1, _BLOCK_BYTES // max(1, array[:1].nbytes))


def first_not_finite(array: np.ndarray) -> int | None:
    """The number of the first row that holds NaN or infinity, None if none does."""
    if array.dtype.kind != "f":
        return None
    first = 0
    for block in blocks(array):
        finite = np.isfinite(block)
        if not finite.all():
            return first + int(np.argwhere(~finite)[0][0])
        first += len(block)
    return None
