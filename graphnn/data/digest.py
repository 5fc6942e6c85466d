"""Tell arrays apart by a few letters, without reading all of a large one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from graphnn.core.errors import DataError

# Arrays of more bytes are known by so many blocks of them, evenly spread, first and last included.
_WHOLE = 1 << 26
_BLOCKS, _BLOCK = 1024, 1 << 14


def digest_of(arrays: Sequence[np.ndarray], words: Sequence[str] = (), *, letters: int = 16) -> str:
    """So many hexadecimal letters for shapes, dtypes and content of `arrays`, in order, and for `words`.

    Content of up to 64 MB counts in full; of more, a thousand blocks of 16 KB, evenly spread from first to last.
    Not cryptographic: who wants to can make other data with the same letters.
    """
    told = hashlib.blake2b(repr(tuple(words)).encode("utf-8", "surrogatepass"), digest_size=letters // 2)
    for array in arrays:
        if array.dtype.hasobject:
            raise DataError(f"digest: an array holds {array.dtype}, wanted numbers.")
        told.update(f"{array.dtype.str} {array.shape}".encode())
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        if flat.size <= _WHOLE:
            told.update(flat.data)
            continue
        last = flat.size - _BLOCK
        for k in range(_BLOCKS):
            at = last * k // (_BLOCKS - 1)
            told.update(flat[at : at + _BLOCK].data)
    return told.hexdigest()
