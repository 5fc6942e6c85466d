"""Say in words why data cannot be trained on, before a graph is built for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.core.errors import DataError, SettingError
from graphnn.data.dataset import Dataset
from graphnn.data.walking import first_not_finite


def check_for_training(data: Any, kind: str) -> None:
    """Raise DataError if nothing can be learned from these rows.

    kind : "classes" wants int64 labels (rows,) of at least two classes, "numbers" finite floats

    That is: no row, one row, no feature, features or targets that are not finite, targets of the other kind, one class
    only, labels that no class has.
    """
    if kind not in ("classes", "numbers"):
        raise SettingError(f"check_for_training: kind is 'classes' or 'numbers', found {kind!r}.")
    if not isinstance(data, Dataset):
        raise SettingError(f"check_for_training: wanted a gn.data.Dataset, found {type(data).__name__}.")
    who = f"training on {data.name}"
    if len(data) < 2:
        count = "no rows" if len(data) == 0 else "1 row"
        raise DataError(f"{who}: the data have {count}; at least 2 are needed to learn what differs.")
    if data.x[:1].size == 0:
        raise DataError(f"{who}: x has shape {data.x.shape}: there is no feature to learn from.")
    if data.y[:1].size == 0:
        raise DataError(
            f"{who}: y has shape {data.y.shape}: there is no target. Was the table read without it?"
        )
    for word, array in (("x", data.x), ("y", data.y)):
        if array.dtype.kind not in "biuf":
            raise DataError(f"{who}: {word} holds {array.dtype}, wanted numbers.")
        row = first_not_finite(array)
        if row is not None:
            raise DataError(
                f"{who}: {word} holds NaN or infinity, first in row {row}. Remove or fill such rows."
            )
    if kind == "numbers":
        if data.y.dtype.kind != "f":
            raise DataError(
                f"{who}: y holds {data.y.dtype}, which are labels of classes; wanted floats. Classify them instead."
            )
        return
    if not data.has_labels:
        raise DataError(
            f"{who}: y is {data.y.dtype} {data.y.shape}, wanted labels of classes, int64 (rows,). To predict numbers, "
            "do a regression."
        )
    found = np.unique(data.y)
    if found[0] < 0 or (data.classes and found[-1] >= len(data.classes)):
        raise DataError(
            f"{who}: labels lie from {found[0]} to {found[-1]}, but there are {len(data.classes)} classes."
        )
    if len(found) < 2:
        name = data.classes[found[0]] if data.classes else str(found[0])
        raise DataError(f"{who}: all rows are of one class, {name!r}; a classifier needs at least 2.")
