"""Dataset: features and targets of equal length, and splits that keep the share of every class."""

from __future__ import annotations

import numbers
from dataclasses import dataclass

import numpy as np

from graphnn.core.dtypes import int64
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.leaves import as_array
from graphnn.core.settings import seed_number


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


def split(data: Dataset, fraction: float = 0.2, *, seed: int = 0) -> tuple[Dataset, Dataset]:
    """(train, test), shuffled by `seed`; `fraction` of the rows are for testing.

    Integer targets are split class by class, so that both parts have the same shares.
    """
    if not isinstance(data, Dataset):
        raise SettingError(f"split: wanted a gn.data.Dataset, found {type(data).__name__}.")
    if not isinstance(fraction, numbers.Real) or not 0.0 < fraction < 1.0:
        raise SettingError(f"split: fraction lies between 0 and 1, found {fraction!r}.")
    if len(data) < 2:
        raise SettingError(f"split: {data.name} has {len(data)} rows; splitting needs at least 2.")
    rng = np.random.Generator(np.random.Philox(seed_number(seed, "split")))
    order = rng.permutation(len(data))
    if data.y.dtype == int64 and data.y.ndim == 1:
        test = np.zeros(len(data), dtype=bool)
        for label in np.unique(data.y):
            rows = order[data.y[order] == label]
            test[rows[: round(fraction * len(rows))]] = True
    else:
        test = np.zeros(len(data), dtype=bool)
        test[order[: round(fraction * len(data))]] = True
    if test.all() or not test.any():
        raise SettingError(f"split: fraction {fraction!r} of {len(data)} rows leaves a part with no rows.")
    picked = [order[~test[order]], order[test[order]]]
    parts = [
        Dataset(
            np.ascontiguousarray(data.x[rows]),
            np.ascontiguousarray(data.y[rows]),
            f"{data.name} {word}",
            data.classes,
            data.columns,
        )
        for rows, word in zip(picked, ("train", "test"), strict=True)
    ]
    return parts[0], parts[1]
