"""Tell how busy other processes kept the machine while a benchmark ran: their noise is in the numbers."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")
# Above this share a spinning thread pool waits for its turn at every step, and results are off by whole factors.
QUIET = 0.1


class Neighbours:
    """Counts from its making on. Only Linux tells what all processes used together."""

    def __init__(self) -> None:
        self.begin, self.busy, self.own = time.perf_counter(), busy_seconds(), own_seconds()

    def share(self) -> float:
        """The part of all cores' time that others used; 0 where the system does not tell."""
        if not STAT.exists():
            return 0.0
        available = (time.perf_counter() - self.begin) * (os.cpu_count() or 1)
        others = (busy_seconds() - self.busy) - (own_seconds() - self.own)
        return max(0.0, others) / available


def busy_seconds() -> float:
    """Seconds that all cores together were not idle since the start; time stolen by the host counts."""
    if not STAT.exists():
        return 0.0
    user, nice, system, _idle, _waiting, irq, soft_irq, steal = map(int, STAT.read_text().split()[1:9])
    return (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Seconds of processor time that this process and its children used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
