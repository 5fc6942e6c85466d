"""Tiles: neighbouring pointwise nodes of one size run piece by piece, so that what they hand on stays in the cache.

A run of neighbours becomes one call: for each tile of elements, each node's kernel in turn, by moving the addresses
on their pages. A value that nobody outside of the run reads has room for one tile only (one for each thread), and
is never written to memory. Each element is computed by the same kernels in the same order, so the bits are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import NamedTuple

from graphnn.core.node import Node
from graphnn.core.storage import padded
from graphnn.engine.arena import Lifetime, lay_out
from graphnn.engine.parts import SLICE_WORK
from graphnn.engine.workers import thread_count

# Elements from which running in tiles pays: below, all values of a few nodes stay in the cache by themselves.
SMALLEST = 8_192

# Bytes of a tile's widest array: the few that are alive at once fit a first-level cache.
TILE_BYTES = 6_144

# Bytes of all arrays of a group from which they are asked for a tile ahead: more than a second-level cache keeps.
LARGE = 1_000_000

# Elements times nodes from which sharing between threads pays: about 12 microseconds of cheap kernels.
_SHARD = 262_144

# Cuts are at whole lines of the cache, for any dtype: vector loops then begin where they would without cuts.
_GRAIN = 64


class TileGroup(NamedTuple):
    """Neighbouring steps, `first` to `last` - 1, that run tile by tile.

    places : where in a thread's room the values are that nobody outside reads; the room has `room` bytes
    cuts : where the elements are cut into ranges; `parts` ranges in a row are shared by threads
    """

    first: int
    last: int
    tile: int
    parts: int
    cuts: tuple[int, ...]
    places: dict[Node, int]
    room: int


def tile_elements(widest: int) -> int:
    """Elements of a tile whose widest array has elements of that many bytes."""
    return max(_GRAIN, TILE_BYTES // widest // _GRAIN * _GRAIN)


def ranges(size: int, nodes: int) -> tuple[int, tuple[int, ...]]:
    """How many parts of `nodes` pointwise nodes of that size threads share, and where the elements are cut for them.

    Up to four parts for each thread, so that one that was away does not keep the others waiting for long. There
    are more ranges than threads where the work is so much that an interrupt must be heard in between.
    """
    threads = thread_count()
    parts = max(1, threads * min(4, size * nodes // _SHARD)) if threads > 1 else 1
    count = parts * -(-size * nodes // SLICE_WORK)
    step = -(-size // (_GRAIN * count)) * _GRAIN
    return parts, (*range(0, size, step), size)


def runs(
    steps: Sequence[Node], shapes: Mapping[Node, tuple[int, ...]], barred: Collection[Node]
) -> list[tuple[int, int, int]]:
    """(first, last, elements) of the longest runs of at least two neighbours that may share tiles."""
    large = {shape: size for shape in set(shapes.values()) if (size := prod(shape)) >= SMALLEST}
    if not large:
        return []
    sizes = [
        large.get(shapes[node], 0)
        if node.op.pointwise and node.op.fault_function is None and node not in barred
        else 0
        for node in steps
    ]
    bounds = [0, *(t for t in range(1, len(sizes)) if sizes[t] != sizes[t - 1]), len(sizes)]
    return [(a, b, sizes[a]) for a, b in pairwise(bounds) if b - a > 1 and sizes[a]]


def group(
    steps: Sequence[Node],
    run: tuple[int, int, int],
    ends: Mapping[Node, int],
    elsewhere: Collection[Node],
) -> TileGroup:
    """The run with room for what stays inside of it. Values of `elsewhere` have their room already."""
    first, last, size = run
    members = range(first, last)
    widest = max(n.dtype.itemsize for t in members for n in (steps[t], *steps[t].operands))
    tile = tile_elements(widest)
    inner, lifetimes = [], []
    for t in members:
        node = steps[t]
        if ends[node] < last and node not in elsewhere:
            inner.append(node)
            lifetimes.append(Lifetime(padded(tile * node.dtype.itemsize), t, ends[node]))
    layout = lay_out(lifetimes)
    parts, cuts = ranges(size, last - first)
    return TileGroup(
        first, last, tile, parts, cuts, dict(zip(inner, layout.offsets, strict=True)), padded(layout.size)
    )


def clock(steps: int, groups: Collection[TileGroup]) -> list[int]:
    """The time of each step: the steps of a group happen at one time."""
    inside = {t for found in groups for t in range(found.first + 1, found.last)}
    times, now = [], -1
    for t in range(steps):
        now += t not in inside
        times.append(now)
    return times
