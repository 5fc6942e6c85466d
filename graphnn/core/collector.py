"""Pause Python's garbage collector while millions of nodes are made.

Nodes form no cycles, so the collector finds nothing among them, but it walks all of them again and again while they
are made: at a million nodes that was half of the time.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection inside the block; if it was off before, it stays off."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
