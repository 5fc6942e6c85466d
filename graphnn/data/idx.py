"""Read the IDX files of MNIST, with every size checked before memory is taken."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError
from graphnn.core.memory import require_memory
from graphnn.data.dataset import Dataset

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_MOST_CLASSES = 10_000


def read_idx(images: str | Path, labels: str | Path) -> Dataset:
    """A Dataset from MNIST's pair of files, plain or gzipped: x float32 (rows, 1, height, width), y int64 (rows,).

    Bytes are divided by 255. Raises DataError for a file that is absent, damaged, shorter or longer than its header
    says, or if the two do not have equally many rows.
    """
    x, y = _whole(Path(images)), _whole(Path(labels))
    check_pair(x.shape, y.shape)
    numbers = as_labels(y, Path(labels).name)
    return Dataset(as_pixels(x, Path(images).name), numbers, Path(images).stem, numbered_classes(numbers))


class IdxFile:
    """An IDX file that is open: the shape that its header says, and its rows one after another."""

    def __init__(self, file: Any, name: str, size: int | None):
        self._file, self.name = file, name
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= 4:
            raise DataError(f"{name} is not an IDX file: it begins with {head.hex(' ')!r}.")
        sizes = file.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            raise DataError(f"{name}: the file ends within its header.")
        self.shape: tuple[int, ...] = struct.unpack(f">{head[3]}I", sizes)
        self.dtype = np.dtype(_TYPES[head[2]])
        self.row_bytes = prod(self.shape[1:]) * self.dtype.itemsize
        wanted = self.shape[0] * self.row_bytes
        if size is not None and wanted != size - 4 - 4 * head[3]:
            raise DataError(
                f"{name}: the header says {self.shape}, {wanted} bytes, but {size - 4 - 4 * head[3]} follow."
            )

    def rows(self, count: int) -> np.ndarray:
        """The next `count` rows."""
        size = count * self.row_bytes
        require_memory(2 * size, self.name)
        content = exactly(self._file, size, self.name)
        return np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])

    def end(self) -> None:
        """Raise DataError unless the file ends here."""
        if self._file.read(1):
            raise DataError(f"{self.name}: goes on after the rows that its header says, {self.shape}.")


@contextmanager
def open_idx(path: Path) -> Iterator[IdxFile]:
    """The IDX file at `path`, plain or gzipped."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            yield IdxFile(file, path.name, None if packed else path.stat().st_size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {error}.") from None


def _whole(path: Path) -> np.ndarray:
    with open_idx(path) as opened:
        content = opened.rows(opened.shape[0])
        opened.end()
    return content


def check_pair(images: tuple[int, ...], labels: tuple[int, ...]) -> None:
    """Raise DataError unless these are the shapes of pictures and of their labels."""
    if len(images) != 3 or len(labels) != 1 or images[0] != labels[0]:
        raise DataError(
            f"read_idx: wanted images (rows, height, width) and labels (rows), found {images} and {labels}."
        )


def as_pixels(images: np.ndarray, name: str) -> np.ndarray:
    """Pictures (rows, height, width) as features, float32 (rows, 1, height, width); bytes become 0 to 1."""
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.ascontiguousarray((images[:, None] / np.float32(scale)).astype(np.float32))
    if not np.isfinite(found).all():
        raise DataError(f"{name}: holds pixels that are NaN, infinite, or beyond float32's range.")
    return found


def as_labels(numbers: np.ndarray, name: str) -> np.ndarray:
    """Labels, int64 (rows,)."""
    if numbers.dtype.kind not in "iu":
        raise DataError(f"{name}: labels are whole numbers below {_MOST_CLASSES}, found {numbers.dtype}.")
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < _MOST_CLASSES):
        raise DataError(
            f"{name}: labels are whole numbers below {_MOST_CLASSES}, found {numbers.min()} to {numbers.max()}."
        )
    return numbers.astype(np.int64)


def numbered_classes(labels: np.ndarray) -> tuple[str, ...]:
    """The classes 0 to the largest label, by number."""
    return tuple(map(str, range(int(labels.max(initial=-1)) + 1)))


def exactly(file: Any, size: int, what: str) -> bytearray:
    """`size` bytes, taken piece by piece: what a false header claims is never allocated."""
    content = bytearray()
    while len(content) < size:
        piece = file.read(min(1 << 22, size - len(content)))
        if not piece:
            raise DataError(f"{what}: ends after {len(content)} of {size} bytes.")
        content += piece
    return content
