"""The arena: one block of memory in which every intermediate value gets a place for its lifetime."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple


class Lifetime(NamedTuple):
    """A value of `size` bytes that is written at step `start` and last read at step `end`."""

    size: int
    start: int
    end: int


class Layout(NamedTuple):
    """Where each value begins, how large the arena is, and the peak of bytes alive at once (a lower bound)."""

    offsets: list[int]
    size: int
    peak: int


def rounded(size: int) -> int:
    """Vectors load best from whole cache lines; small values are packed more closely."""
    step = 64 if size >= 1024 else 16 if size > 8 else 8
    return -(-size // step) * step


def lay_out(lifetimes: Sequence[Lifetime]) -> Layout:
    """Places for values that are given in the order of their start.

    First by best fit in the order of execution, in near linear time; if that wastes more than a twentieth and
    the graph is small enough, by size, largest first, which comes closer to the peak.
    """
    peak = peak_bytes(lifetimes)
    offsets, size = _by_time(lifetimes)
    if size > 1.05 * peak and len(lifetimes) <= 3000:
        other, other_size = _by_size(lifetimes)
        if other_size < size:
            offsets, size = other, other_size
    return Layout(offsets, size, peak)


def peak_bytes(lifetimes: Sequence[Lifetime]) -> int:
    """The largest sum of sizes alive at one step."""
    events: list[tuple[int, int]] = []
    for size, start, end in lifetimes:
        events.append((start, size))
        events.append((end + 1, -size))
    events.sort()
    alive = peak = 0
    for _, change in events:
        alive += change
        peak = max(peak, alive)
    return peak


def _by_time(lifetimes: Sequence[Lifetime]) -> tuple[list[int], int]:
    """Best fit among the holes that dead values left, merging neighbours."""
    ends: list[tuple[int, int, int]] = []  # (end, offset, size), a heap by end
    from heapq import heappop, heappush

    starts: dict[int, int] = {}  # hole offset -> size
    tails: dict[int, int] = {}  # hole end -> offset
    by_size: list[tuple[int, int]] = []  # (size, offset), sorted; may hold outdated entries
    offsets: list[int] = []
    top = 0

    def add_hole(offset: int, size: int) -> None:
        before = tails.pop(offset, None)
        if before is not None:
            size += starts.pop(before)
            offset = before
        after = starts.pop(offset + size, None)
        if after is not None:
            del tails[offset + size + after]
            size += after
        starts[offset] = size
        tails[offset + size] = offset
        insort(by_size, (size, offset))

    for raw, start, end in lifetimes:
        size = rounded(raw)
        while ends and ends[0][0] < start:
            _, offset, freed = heappop(ends)
            if freed:
                add_hole(offset, freed)
        place = _take_hole(by_size, starts, size)
        if place is not None:
            hole = starts.pop(place)
            del tails[place + hole]
            if hole > size:
                add_hole(place + size, hole - size)
        else:
            place = top
            last = tails.pop(top, None)
            if last is not None:  # the hole at the top grows
                del starts[last]
                place = last
            top = place + size
        offsets.append(place)
        heappush(ends, (end, place, size))
    return offsets, top


def _take_hole(by_size: list[tuple[int, int]], starts: dict[int, int], size: int) -> int | None:
    """The smallest hole of at least `size` bytes; forgets outdated entries on the way."""
    from bisect import bisect_left

    at = bisect_left(by_size, (size, -1))
    while at < len(by_size):
        found, offset = by_size.pop(at)
        if starts.get(offset) == found:
            return offset
    return None


def _by_size(lifetimes: Sequence[Lifetime]) -> tuple[list[int], int]:
    """Largest value first, each at the lowest place where it meets no value that lives at the same time."""
    order = sorted(range(len(lifetimes)), key=lambda i: (-lifetimes[i].size, i))
    offsets = [0] * len(lifetimes)
    placed: list[tuple[int, int, int, int]] = []  # (offset, end of room, start, end), sorted by offset
    top = 0
    for i in order:
        raw, start, end = lifetimes[i]
        size = rounded(raw)
        best, place = None, 0
        for offset, stop, other_start, other_end in placed:
            if other_end < start or other_start > end:
                continue
            gap = offset - place
            if gap >= size and (best is None or gap < best[0]):
                best = (gap, place)
            place = max(place, stop)
        if best is not None:
            place = best[1]
        offsets[i] = place
        insort(placed, (place, place + size, start, end))
        top = max(top, place + size)
    return offsets, top
