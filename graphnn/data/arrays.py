"""Read arrays from npz files and from the IDX files of MNIST, with every size checked before memory is taken."""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, did_you_mean
from graphnn.core.memory import require_memory
from graphnn.data.dataset import Dataset

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_MOST_CLASSES = 10_000


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
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError(f"cannot read {path} as npz: {error}.") from None
    return Dataset(_features(arrays[0], path, x), _labels(arrays[1], path, y), path.stem)


def _member(
    path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str
) -> np.ndarray:
    if name not in members:
        raise DataError(f"{path.name}: there is no array {name!r}.{did_you_mean(name, members)}")
    info = members[name]
    with archive.open(info) as file:
        try:
            version = np.lib.format.read_magic(file)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, columns_first, dtype = read(file)
        except (ValueError, SyntaxError, TokenError) as error:
            raise DataError(f"{path.name}: array {name!r} has a damaged header: {error}.") from None
        if dtype.hasobject or dtype.kind not in "biuf":
            raise DataError(f"{path.name}: array {name!r} holds {dtype}, wanted numbers.")
        size, follow = prod(shape) * dtype.itemsize, info.file_size - file.tell()
        if min(shape, default=0) < 0 or size != follow:
            raise DataError(
                f"{path.name}: array {name!r} claims the shape {shape}, {size} bytes, but {follow} bytes follow."
            )
        require_memory(2 * size, f"{path.name}: array {name!r}")
        content = _exactly(file, size, f"{path.name}: array {name!r}")
    array = np.frombuffer(content, dtype)
    return array.reshape(shape, order="F" if columns_first else "C")


def read_idx(images: str | Path, labels: str | Path) -> Dataset:
    """A Dataset from MNIST's pair of files, plain or gzipped: x float32 (rows, 1, height, width), y int64 (rows,).

    Bytes are divided by 255. Raises DataError for a file that is absent, damaged, shorter or longer than its header
    says, or if the two do not have equally many rows.
    """
    x, y = _idx(Path(images)), _idx(Path(labels))
    if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
        raise DataError(
            f"read_idx: wanted images (rows, height, width) and labels (rows), found {x.shape} and {y.shape}."
        )
    scale = 255.0 if x.dtype == np.uint8 else 1.0
    pixels = (x[:, None] / np.float32(scale)).astype(np.float32)
    numbers = y.astype(np.int64)
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < _MOST_CLASSES and y.dtype.kind in "iu"):
        raise DataError(
            f"{Path(labels).name}: labels are whole numbers below {_MOST_CLASSES}, found {y.min()} to {y.max()}."
        )
    classes = tuple(map(str, range(int(numbers.max(initial=-1)) + 1)))
    return Dataset(np.ascontiguousarray(pixels), numbers, Path(images).stem, classes)


def _idx(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_TYPES or not 1 <= head[3] <= 4:
                raise DataError(f"{path.name} is not an IDX file: it begins with {head.hex(' ')!r}.")
            sizes = file.read(4 * head[3])
            if len(sizes) < 4 * head[3]:
                raise DataError(f"{path.name}: the file ends within its header.")
            shape = struct.unpack(f">{head[3]}I", sizes)
            dtype = np.dtype(_IDX_TYPES[head[2]])
            size = prod(shape) * dtype.itemsize
            if not packed and size != path.stat().st_size - 4 - 4 * head[3]:
                raise DataError(
                    f"{path.name}: the header says {shape}, {size} bytes, but "
                    f"{path.stat().st_size - 4 - 4 * head[3]} follow."
                )
            require_memory(2 * size, path.name)
            content = _exactly(file, size, path.name)
            if file.read(1):
                raise DataError(f"{path.name}: goes on after the {size} bytes that its header says.")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {error}.") from None
    return np.frombuffer(content, dtype).reshape(shape)


def _exactly(file: Any, size: int, what: str) -> bytearray:
    """`size` bytes, taken piece by piece: what a false header claims is never allocated."""
    content = bytearray()
    while len(content) < size:
        piece = file.read(min(1 << 22, size - len(content)))
        if not piece:
            raise DataError(f"{what}: ends after {len(content)} of {size} bytes.")
        content += piece
    return content


def _features(array: np.ndarray, path: Path, name: str) -> np.ndarray:
    if array.ndim < 1 or not np.isfinite(array).all():
        raise DataError(f"{path.name}: {name!r} has shape {array.shape}; wanted rows of finite numbers.")
    return np.ascontiguousarray(array, np.float32)


def _labels(array: np.ndarray, path: Path, name: str) -> np.ndarray:
    if array.ndim < 1 or not np.isfinite(array).all():
        raise DataError(f"{path.name}: {name!r} has shape {array.shape}; wanted rows of finite numbers.")
    return np.ascontiguousarray(array, np.int64 if array.dtype.kind in "biu" else np.float32)
