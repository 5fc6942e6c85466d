"""Convert large CSV and IDX files into folders of arrays to map, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from graphnn.core.errors import DataError
from graphnn.data.columns import Columns
from graphnn.data.dataset import Dataset
from graphnn.data.idx import as_labels, as_pixels, check_pair, numbered_classes, open_idx
from graphnn.data.mapped import map_arrays, save_arrays

_PIECE_BYTES = 1 << 22


def convert_csv(
    path: str | Path,
    folder: str | Path,
    *,
    columns: Columns | None = None,
    target: str | int = -1,
    drop: Sequence[str] = (),
    missing: str | Mapping[str, str] = "error",
    unseen: str = "error",
    kind: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8-sig",
) -> tuple[Dataset, Columns]:
    """Turn a CSV file of any size into a folder of arrays; gives the mapped Dataset and the columns as learned.

    The file is read twice, once to learn its columns and once to write its rows; with `columns`, learned from another
    file, once. The other settings are those of Columns.learn. Memory holds some thousand rows at a time, and with
    missing="median" the numbers of each column while they are learned. Raises DataError as Columns and save_arrays do.
    """
    if columns is None:
        columns = Columns.learn(
            path, target=target, drop=drop, missing=missing, unseen=unseen, kind=kind, delimiter=delimiter,
            encoding=encoding,
        )  # fmt: skip
    elif not isinstance(columns, Columns):
        raise DataError(f"convert_csv: columns are gn.data.Columns, found {type(columns).__name__}.")
    pieces = columns.stream(path, delimiter=delimiter, encoding=encoding)
    return map_arrays(save_arrays(folder, pieces)), columns


def convert_idx(images: str | Path, labels: str | Path, folder: str | Path) -> Dataset:
    """Turn MNIST's pair of files, plain or gzipped, into a folder of arrays; gives the mapped Dataset.

    The same numbers as `read_idx`, with a few megabytes in memory. Raises DataError as `read_idx` and save_arrays do.
    """

    def pieces() -> Iterator[Dataset]:
        with open_idx(Path(images)) as pictures, open_idx(Path(labels)) as numbers:
            check_pair(pictures.shape, numbers.shape)
            rows = pictures.shape[0]
            step = max(1, _PIECE_BYTES // max(1, pictures.row_bytes))
            classes: tuple[str, ...] = ()
            for at in range(0, max(1, rows), step):
                count = min(step, rows - at)
                x = as_pixels(pictures.rows(count), pictures.name)
                y = as_labels(numbers.rows(count), numbers.name)
                classes = max(classes, numbered_classes(y), key=len)
                yield Dataset(x, y, "idx", classes)
            pictures.end()
            numbers.end()

    return map_arrays(save_arrays(folder, pieces()))
