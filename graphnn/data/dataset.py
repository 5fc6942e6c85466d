"""Dataset: features and targets of equal length, with their rows to take, shuffle, look at and count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphnn.core.dtypes import int64
from graphnn.core.errors import DataError, SettingError, ShapeError
from graphnn.core.leaves import as_array
from graphnn.core.settings import seed_number, whole_number
from graphnn.data.digest import digest_of

_MOST_CLASSES = 1_000_000


@dataclass(frozen=True)
class Dataset:
    """`x` (rows, features...) and `y` (rows, ...), with the names of classes if `y` holds labels, and of features."""

    x: np.ndarray
    y: np.ndarray
    name: str = "data"
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for word in ("x", "y"):
            rows = getattr(self, word)
            if not isinstance(rows, np.ndarray):
                object.__setattr__(self, word, as_array(rows, None, f"{self.name}: {word}"))
        if self.x.ndim == 0 or self.y.ndim == 0 or len(self.x) != len(self.y):
            raise ShapeError(
                f"{self.name}: x has shape {self.x.shape} and y {self.y.shape}; rows must be equally many."
            )

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        return f"<Dataset {self.name}: x {self.x.dtype} {self.x.shape}, y {self.y.dtype} {self.y.shape}>"

    @property
    def has_labels(self) -> bool:
        """Whether y holds the number of a class for each row."""
        return self.y.dtype == int64 and self.y.ndim == 1

    def take(self, rows: Any, name: str | None = None) -> Dataset:
        """These rows, in this order, copied: numbers of rows, True and False for each row, or a slice."""
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.size == 0:
                rows = rows.astype(np.int64)
            right = rows.ndim == 1 and (
                (rows.dtype == bool and len(rows) == len(self))
                or (
                    rows.dtype.kind in "iu"
                    and (rows.size == 0 or (rows.min() >= -len(self) and rows.max() < len(self)))
                )
            )
            if not right:
                raise SettingError(
                    f"take: wanted numbers of rows below {len(self)}, or {len(self)} times True or False, found "
                    f"{rows.dtype} {rows.shape}."
                )
        x, y = (np.array(part[rows], order="C") for part in (self.x, self.y))
        return replace(self, x=x, y=y, name=name or self.name)

    def shuffled(self, seed: int = 0) -> Dataset:
        """All rows in an order drawn by `seed`, copied."""
        return self.take(row_order(len(self), seed, "shuffled"))

    def batches(self, size: int, *, seed: int | None = None) -> Iterator[Dataset]:
        """Pieces of `size` rows to look at, the last one with what is left; shuffled if `seed` is given.

        A Trainer needs none of this: it draws its batches in compiled code.
        """
        size = whole_number(size, "batches: size", 1)
        order = np.arange(len(self)) if seed is None else row_order(len(self), seed, "batches")
        return (self.take(order[at : at + size]) for at in range(0, len(self), size))

    def class_counts(self) -> dict[str, int]:
        """How many rows each class has, in the order of `classes`; classes without a name are called by number."""
        counts = self._counts("class_counts")
        names = self.classes or tuple(map(str, range(len(counts))))
        return dict(zip(names, counts.tolist(), strict=True))

    def class_weights(self) -> np.ndarray:
        """A weight for each class, float32 (classes,), that makes all classes count alike: rows / (classes * its rows).

        Raises DataError if a class has no row. Source: scikit-learn, compute_class_weight("balanced").
        """
        counts = self._counts("class_weights")
        if not counts.all():
            empty = int(np.flatnonzero(counts == 0)[0])
            known = self.classes[empty] if self.classes else str(empty)
            raise DataError(
                f"class_weights: {self.name} has no row of class {known!r}, which no weight mends."
            )
        return (len(self) / (len(counts) * counts)).astype(np.float32)

    def digest(self) -> str:
        """16 letters that differ where shapes, dtypes, names or numbers differ, or rows stand in another order.

        Of arrays above 64 MB a thousand blocks spread evenly are looked at, so it is fast for mapped files too, and
        a small change in between can stay unseen. It recognises data, and is no protection against forgery.
        """
        return digest_of([self.x, self.y], [*self.classes, "", *self.columns])

    def _counts(self, who: str) -> np.ndarray:
        if not self.has_labels:
            raise DataError(
                f"{who}: {self.name} has y {self.y.dtype} {self.y.shape}; classes are int64 (rows,)."
            )
        most = max(len(self.classes), 1)
        if len(self) and (self.y.min() < 0 or (self.classes and self.y.max() >= most)):
            raise DataError(
                f"{who}: {self.name} has labels from {self.y.min()} to {self.y.max()}, wanted 0 to {most - 1}."
            )
        if len(self) and self.y.max() > _MOST_CLASSES:
            raise DataError(f"{who}: {self.name} has the label {self.y.max()}; classes count from 0.")
        return np.bincount(self.y, minlength=len(self.classes))


def row_order(rows: int, seed: int, who: str) -> np.ndarray:
    """The numbers of the rows in an order drawn by `seed`."""
    return np.random.Generator(np.random.Philox(seed_number(seed, who))).permutation(rows)
