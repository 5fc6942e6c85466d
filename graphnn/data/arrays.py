"""Read arrays from npz files, with every size checked before memory is taken."""

from __future__ import annotations

import struct
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, GraphnnError, did_you_mean
from graphnn.core.memory import require_memory
from graphnn.data.dataset import Dataset
from graphnn.data.idx import exactly
from graphnn.data.npy import read_header

# Pythons that were built without lzma cannot unpack what needs it.
_LZMA: Any = getattr(zipfile, "lzma", None)

# What zipfile raises for bytes that are no archive, or one that it cannot unpack.
_DAMAGE = (
    OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError,
    OverflowError, struct.error, *((_LZMA.LZMAError,) if _LZMA else ()),
)  # fmt: skip


def read_npz(path: str | Path, *, x: str = "x", y: str = "y") -> Dataset:
    """A Dataset from two arrays of an npz file, under the names `x` and `y` if not said otherwise.

    Raises DataError for a file that is absent or damaged, lacks an array, holds Python objects, or whose arrays
    claim more bytes than the file has.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            arrays = [_member(path, archive, members, name) for name in (x, y)]
    except GraphnnError:
        raise
    except _DAMAGE as error:
        raise DataError(f"cannot read {path} as npz: {error}.") from None
    features, labels = _features(arrays[0], path, x), _labels(arrays[1], path, y)
    if len(features) != len(labels):
        raise DataError(
            f"{path.name}: {x!r} has {len(features)} rows and {y!r} {len(labels)}; wanted as many."
        )
    return Dataset(features, labels, path.stem)


def _member(
    path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str
) -> np.ndarray:
    if name not in members:
        raise DataError(f"{path.name}: there is no array {name!r}.{did_you_mean(name, members)}")
    info, who = members[name], f"{path.name}: array {name!r}"
    with archive.open(info) as file:
        shape, columns_first, dtype = read_header(file, who)
        size, follow = prod(shape) * dtype.itemsize, info.file_size - file.tell()
        if size != follow:
            raise DataError(f"{who} claims the shape {shape}, {size} bytes, but {follow} bytes follow.")
        require_memory(2 * size, who)
        content = exactly(file, size, who)
    array = np.frombuffer(content, dtype)
    return array.reshape(shape, order="F" if columns_first else "C")


def _features(array: np.ndarray, path: Path, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(_rows(array, path, name), np.float32)
    if not np.isfinite(found).all():
        raise DataError(f"{path.name}: {name!r} holds numbers beyond float32's range.")
    return found


def _labels(array: np.ndarray, path: Path, name: str) -> np.ndarray:
    rows = _rows(array, path, name)
    if rows.dtype.kind == "u" and rows.size and int(rows.max()) >= 2**63:
        raise DataError(f"{path.name}: {name!r} holds whole numbers beyond int64's range.")
    return np.ascontiguousarray(rows, np.int64) if rows.dtype.kind in "biu" else _features(rows, path, name)


def _rows(array: np.ndarray, path: Path, name: str) -> np.ndarray:
    if array.ndim < 1 or not np.isfinite(array).all():
        raise DataError(f"{path.name}: {name!r} has shape {array.shape}; wanted rows of finite numbers.")
    return array
