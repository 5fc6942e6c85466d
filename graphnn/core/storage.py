"""Where the numbers of parameters, constants and gradients live, with the version that makes staleness visible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LINE_BYTES = 64
"""A line of the cache: arrays that share a buffer begin at such places."""


class Storage:
    """One array that outlives a run. `version` grows whenever its content is replaced.

    `buffer` is the flat buffer that the array is a part of, if it shares one with others. `trainable` says whether
    a trainer may change the array by gradients.
    """

    __slots__ = ("array", "buffer", "trainable", "version")

    def __init__(self, array: np.ndarray, *, trainable: bool = False):
        self.array = array
        self.buffer: np.ndarray | None = None
        self.trainable = trainable
        self.version = 0

    def write(self, value: np.ndarray) -> None:
        """Replace the content; the address stays, so compiled pages keep pointing at it."""
        self.array[...] = value
        self.version += 1


def padded(size: int) -> int:
    """Bytes that an array of `size` bytes takes in a flat buffer."""
    return -(-size // LINE_BYTES) * LINE_BYTES


def join(storages: Iterable[Storage]) -> None:
    """Let arrays of one dtype lie side by side in one flat buffer, so that one kernel call can pass over all.

    The room between them stays zero or is nobody's. Arrays that share a buffer already stay where they are.
    """
    kinds: dict[np.dtype, list[Storage]] = {}
    for storage in storages:
        if storage.buffer is None:
            kinds.setdefault(storage.array.dtype, []).append(storage)
    for dtype, members in kinds.items():
        if len(members) < 2:
            continue
        raw = np.zeros(sum(padded(s.array.nbytes) for s in members) + LINE_BYTES, dtype=np.uint8)
        at = -raw.ctypes.data % LINE_BYTES
        for storage in members:
            old = storage.array
            room = raw[at : at + old.nbytes].view(dtype).reshape(old.shape)
            room[...] = old
            storage.array, storage.buffer = room, raw
            at += padded(old.nbytes)


@dataclass
class GradientRecord:
    """An accumulated gradient: its sum, how many backward passes it holds, and the leaf versions of the last."""

    array: np.ndarray
    passes: int
    versions: tuple[tuple[Storage, int], ...]

    @property
    def stale(self) -> bool:
        """Whether a leaf has changed since the last backward pass."""
        return any(storage.version != version for storage, version in self.versions)
