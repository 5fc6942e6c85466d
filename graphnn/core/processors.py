"""Know how many processors this process may use."""

from __future__ import annotations

import os


def processor_count() -> int:
    """The processors that the system lets this process run on; all of them where it does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
