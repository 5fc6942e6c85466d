"""Refuse what no machine holds, before anything is allocated: the system would end the process instead of answering."""

from __future__ import annotations

import os
from functools import cache

from graphnn.core.errors import ShapeError


@cache
def memory_limit() -> int:
    """Nine tenths of the machine's memory, in bytes; no limit where the system does not say."""
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 0.9)
    except (AttributeError, ValueError, OSError):
        return 1 << 62


def require_memory(size: int, what: str) -> None:
    """Raise ShapeError if `size` bytes are more than this machine has."""
    if size > memory_limit():
        raise ShapeError(
            f"{what} needs {size / 1e9:.1f} GB, more than this machine has. Use a smaller batch or model."
        )
