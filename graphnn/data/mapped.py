"""Data that do not fit in memory: arrays written to files piece by piece, and files that are trained on in place.

A folder holds `x.npy`, `y.npy` and `data.json`, the names. Mapped, the files look like arrays; the system reads what is
touched and forgets it again when memory is short. A Trainer draws its batches from them without copying the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.dtypes import float32, float64, int64
from graphnn.core.errors import DataError
from graphnn.core.files import write_whole
from graphnn.data.dataset import Dataset
from graphnn.data.npy import NpyWriter, read_header
from graphnn.data.staging import new_folder
from graphnn.data.walking import block_rows, first_not_finite

_FORMAT = "graphnn data"
_LARGEST_NOTES = 1 << 28
_MAPPED = (float32, float64, int64)


def save_arrays(
    folder: str | Path,
    data: Dataset | Iterable[Dataset | tuple[Any, Any]],
    *,
    classes: Iterable[str] = (),
    columns: Iterable[str] = (),
) -> Path:
    """Write data into a new folder, piece by piece, for `map_arrays`; gives the folder.

    data : a Dataset, or pieces in order, each a Dataset or a pair (x, y) of arrays; a generator may make them one by
        one, so that there is never more than one in memory
    classes, columns : names; those that the last piece carries, if not said

    Floats of 16 and 32 bits are written as float32, of 64 as float64, whole numbers as int64: what a Trainer reads in
    place. The folder appears when all is written, not before. Raises DataError if it exists, if pieces do not fit
    together, or hold what is no finite number.
    """
    folder = Path(folder)
    given = (tuple(map(str, classes)), tuple(map(str, columns)))
    names: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    with new_folder(folder) as part:
        writers: tuple[NpyWriter, NpyWriter] | None = None
        try:
            for number, (x, y, told) in enumerate(_pieces(data), 1):
                names = (told[0] or names[0], told[1] or names[1])
                who = f"save_arrays: piece {number}"
                arrays = _as_mapped(x, f"{who}: x"), _as_mapped(y, f"{who}: y")
                if len(arrays[0]) != len(arrays[1]):
                    raise DataError(
                        f"{who}: x has {len(arrays[0])} rows and y {len(arrays[1])}; wanted as many."
                    )
                if writers is None:
                    writers = NpyWriter(part / "x.npy", arrays[0]), NpyWriter(part / "y.npy", arrays[1])
                for writer, array, word in zip(writers, arrays, "xy", strict=True):
                    writer.add(array, f"{who}: {word}")
            if writers is None:
                raise DataError("save_arrays: there is no piece of data.")
        finally:
            for writer in writers or ():
                writer.close()
        words = [list(mine or theirs) for mine, theirs in zip(given, names, strict=True)]
        notes = {"format": _FORMAT, "version": 1, "classes": words[0], "columns": words[1]}
        write_whole(part / "data.json", json.dumps(notes).encode())
    return folder


def map_arrays(x: str | Path, y: str | Path | None = None) -> Dataset:
    """A Dataset over files that stay where they are: a folder of `save_arrays`, or the paths of two .npy files.

    Arrays are read-only. They are float32, float64 or int64 in rows, as `save_arrays` writes; a Trainer whose inputs
    have the same dtypes takes them in place. Headers are checked against the sizes of the files: one that is damaged,
    cut short or too long is a DataError. While data are mapped, no one may shorten the files: the system then ends any
    program that reads what is gone.

    Training shuffles all rows, as with data in memory. That is right, and costs reading: when the files are larger
    than the free memory, each row is fetched on its own, fast from a solid-state disk, slow from a turning one.
    `fit(..., shuffle=False)` reads in order; write the rows in random order then, by `data.shuffled(seed)` or piece by
    piece.
    """
    path = Path(x)
    if y is not None:
        return Dataset(_mapped(path), _mapped(Path(y)), path.stem)
    notes = _notes(path / "data.json")
    return Dataset(_mapped(path / "x.npy"), _mapped(path / "y.npy"), path.name, *notes)


def _pieces(data: Any) -> Iterable[tuple[Any, Any, tuple[tuple[str, ...], tuple[str, ...]]]]:
    if isinstance(data, Dataset):
        data = _cut(data)
    if not isinstance(data, Iterable):
        raise DataError(f"save_arrays: wanted a Dataset or pieces of data, found {type(data).__name__}.")
    for piece in data:
        if isinstance(piece, Dataset):
            yield piece.x, piece.y, (piece.classes, piece.columns)
        elif isinstance(piece, tuple) and len(piece) == 2:
            yield *piece, ((), ())
        else:
            raise DataError(
                f"save_arrays: a piece is a Dataset or a pair (x, y) of arrays, found {type(piece).__name__}."
            )


def _cut(data: Dataset) -> Iterator[Dataset]:
    step = min(block_rows(data.x), block_rows(data.y))
    for at in range(0, max(len(data), 1), step):
        yield replace(data, x=data.x[at : at + step], y=data.y[at : at + step])


def _as_mapped(array: Any, who: str) -> np.ndarray:
    found = np.asarray(array)
    if found.ndim == 0 or found.dtype.kind not in "biuf" or found.dtype.itemsize > 8:
        raise DataError(f"{who} is {found.dtype} {found.shape}; wanted rows of numbers.")
    row = first_not_finite(found)
    if row is not None:
        raise DataError(f"{who} holds NaN or infinity, first in row {row}.")
    kind = float64 if found.dtype.kind == "f" and found.dtype.itemsize == 8 else float32
    if found.dtype.kind != "f":
        kind = int64
        if found.dtype.kind == "u" and found.size and int(found.max()) >= 2**63:
            raise DataError(f"{who} holds whole numbers beyond int64's range.")
    return np.ascontiguousarray(found, kind)


def _mapped(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            shape, columns_first, dtype = read_header(file, path.name)
            start = file.tell()
            found, wanted = path.stat().st_size - start, prod(shape) * dtype.itemsize
            if found != wanted:
                raise DataError(
                    f"{path.name}: the header says {shape} {dtype}, {wanted} bytes, but {found} follow. "
                    "The file is damaged or was not written to its end."
                )
            if dtype not in _MAPPED or not dtype.isnative:
                raise DataError(
                    f"{path.name}: holds {dtype.str}, and kernels read float32, float64 and int64 in place. Convert it "
                    "by gn.data.save_arrays."
                )
            if columns_first and len(shape) > 1:
                raise DataError(
                    f"{path.name}: holds its columns one after another, wanted its rows. Convert it."
                )
            if len(shape) == 0:
                raise DataError(f"{path.name}: holds a single number, wanted rows.")
            if wanted == 0:
                return np.empty(shape, dtype)
            # A plain array over the map: kernels read where it is, and the map lives as long as the array.
            mapped = np.memmap(file, dtype, "r", start, shape)
            return np.ndarray(shape, dtype, mapped)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"cannot map {path}: {error}.") from None


def _notes(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        if path.stat().st_size > _LARGEST_NOTES:
            raise DataError(f"{path}: is larger than a list of names can be.")
        told = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot map {path.parent}: {error}. Wanted a folder of gn.data.save_arrays, or two .npy files."
        ) from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: is no JSON: {error}.") from None
    if not isinstance(told, dict) or told.get("format") != _FORMAT:
        raise DataError(f"{path}: wanted format {_FORMAT!r}, found {told!r:.60}.")
    if told.get("version") != 1:
        raise DataError(f"{path}: version is {told.get('version')!r:.20}, this graphnn reads 1.")
    found = []
    for key in ("classes", "columns"):
        names = told.get(key)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DataError(f"{path}: {key} is {names!r:.60}, wanted a list of texts.")
        found.append(tuple(names))
    return found[0], found[1]
