"""Read the headers of .npy files without trust, and write such files row by row."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from graphnn.core.errors import DataError

# The header is written before the number of rows is known; this much room is enough for any.
_HEADER = 256


def read_header(file: Any, who: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether columns come first, and dtype; the file then stands at the first number.

    Raises DataError for a damaged header, a negative size, and what holds no numbers.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, columns_first, dtype = read(file)
    except (ValueError, SyntaxError, TokenError, TypeError, RecursionError, MemoryError) as error:
        raise DataError(f"{who} has a damaged header: {error}.") from None
    if dtype.hasobject or dtype.kind not in "biuf":
        raise DataError(f"{who} holds {dtype}, wanted numbers.")
    if min(shape, default=0) < 0:
        raise DataError(f"{who} claims the shape {shape}.")
    return shape, columns_first, dtype


class NpyWriter:
    """An .npy file that grows by rows; its header is right when it is closed."""

    def __init__(self, path: Path, first: np.ndarray):
        self.rows, self.row, self.dtype = 0, first.shape[1:], first.dtype
        self._file = path.open("xb")
        self._file.write(self._header())

    def add(self, rows: np.ndarray, who: str) -> None:
        """Write more rows, of the same dtype and row shape as the first."""
        if rows.shape[1:] != self.row or rows.dtype != self.dtype:
            raise DataError(
                f"{who} is {rows.dtype} {rows.shape}, but the first piece has rows of {self.dtype} {self.row}."
            )
        try:
            self._file.write(np.ascontiguousarray(rows).data if rows.size else b"")
        except OSError as error:
            raise DataError(f"cannot write {self._file.name}: {error}.") from None
        self.rows += len(rows)

    def close(self) -> None:
        """Put the header right, and the file onto the disk."""
        try:
            with self._file as file:
                file.seek(0)
                file.write(self._header())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(f"cannot write {self._file.name}: {error}.") from None

    def _header(self) -> bytes:
        shape = (self.rows, *self.row)
        text = f"{{'descr': {self.dtype.str!r}, 'fortran_order': False, 'shape': {shape}, }}"
        head = b"\x93NUMPY\x01\x00" + (_HEADER - 10).to_bytes(2, "little")
        if len(text) + 11 > _HEADER:
            raise DataError(
                f"an array of {len(shape)} axes, {prod(self.row)} numbers a row, is too much for a file."
            )
        return head + text.encode("latin-1").ljust(_HEADER - 11) + b"\n"
