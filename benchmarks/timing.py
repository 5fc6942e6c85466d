"""Time contestants in one process, in turns, so that a noisy minute hits all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Contestant(Protocol):
    """Something that can be put back to its start and run for a number of steps."""

    def reset(self) -> None: ...

    def run(self, steps: int) -> None: ...


@dataclass(frozen=True)
class Spread:
    """Microseconds per step: the median and the quartiles over all turns."""

    median: float
    lower: float
    upper: float


# Threads of one contestant's BLAS spin for some milliseconds after its turn: they are left to fall asleep.
PAUSE = 0.03
WARM_STEPS = 5
MOST_STEPS = 1000


def turn(contestant: Contestant, steps: int) -> float:
    """Seconds per step of one turn: from the same start, warm, without the garbage collector."""
    contestant.reset()
    time.sleep(PAUSE)
    contestant.run(WARM_STEPS)
    gc.disable()
    try:
        begin = time.perf_counter()
        contestant.run(steps)
        return (time.perf_counter() - begin) / steps
    finally:
        gc.enable()


def alternate(
    contestants: Mapping[str, Contestant], *, rounds: int, seconds_per_turn: float
) -> dict[str, Spread]:
    """Every round gives each contestant one turn; the order moves on by one each round."""
    names = list(contestants)
    steps = {}
    for name in names:
        guess = turn(contestants[name], 10)
        steps[name] = int(np.clip(seconds_per_turn / guess, 5, MOST_STEPS))
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(turn(contestants[name], steps[name]))
    spreads = {}
    for name in names:
        lower, median, upper = np.percentile(np.array(times[name]) * 1e6, [25, 50, 75])
        spreads[name] = Spread(float(median), float(lower), float(upper))
    return spreads
