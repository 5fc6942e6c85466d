"""Split rows into parts for training, validation and testing, or into folds, with the share of every class kept."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.core.settings import whole_number
from graphnn.data.dataset import Dataset, row_order


def split(data: Dataset, fraction: float = 0.2, *, seed: int = 0) -> tuple[Dataset, Dataset]:
    """(train, test), shuffled by `seed`; `fraction` of the rows are for testing.

    Integer targets are split class by class, so that both parts have the same shares.
    """
    train, test = _parts(data, (("test", fraction),), seed, "split")
    return train, test


def split3(
    data: Dataset, validation: float = 0.2, test: float = 0.2, *, seed: int = 0
) -> tuple[Dataset, Dataset, Dataset]:
    """(train, validation, test), shuffled by `seed`; `validation` and `test` are their shares of all rows.

    Integer targets are split class by class, so that all parts have the same shares.
    """
    shares = (("validation", validation), ("test", test))
    train, checked, tested = _parts(data, shares, seed, "split3")
    return train, checked, tested


def split3_rows(
    data: Dataset, validation: float, test: float, *, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of the rows that `split3` puts into each part, in its order."""
    train, checked, tested = _rows_of_parts(
        data, (("validation", validation), ("test", test)), seed, "split3"
    )
    return train, checked, tested


def folds(data: Dataset, count: int = 5, *, seed: int = 0) -> list[tuple[Dataset, Dataset]]:
    """`count` pairs (train, test), shuffled by `seed`: every row is in the test part of exactly one.

    Test parts differ by at most one row in size, and by at most one row of each class if targets are integers.
    """
    count = whole_number(count, "folds: count", 2)
    _check(data, "folds", count)
    order = row_order(len(data), seed, "folds")
    if data.has_labels:
        order = order[np.argsort(data.y[order], kind="stable")]
    fold = np.empty(len(data), np.int64)
    fold[order] = np.arange(len(data)) % count
    shuffled = row_order(len(data), seed, "folds")
    return [
        (
            data.take(shuffled[fold[shuffled] != k], f"{data.name} train {k + 1}"),
            data.take(shuffled[fold[shuffled] == k], f"{data.name} test {k + 1}"),
        )
        for k in range(count)
    ]


def _parts(data: Dataset, shares: Sequence[tuple[str, float]], seed: int, who: str) -> list[Dataset]:
    """The rows that no share takes, then those of each share."""
    names = ("train", *(word for word, _ in shares))
    found = _rows_of_parts(data, shares, seed, who)
    return [data.take(rows, f"{data.name} {word}") for rows, word in zip(found, names, strict=True)]


def _rows_of_parts(
    data: Dataset, shares: Sequence[tuple[str, float]], seed: int, who: str
) -> list[np.ndarray]:
    for word, share in shares:
        word = "fraction" if who == "split" else word
        if not isinstance(share, numbers.Real) or not 0.0 < share < 1.0:
            raise SettingError(f"{who}: {word} lies between 0 and 1, found {share!r}.")
    told = " and ".join(repr(share) for _, share in shares)
    if sum(share for _, share in shares) >= 1.0:
        raise SettingError(f"{who}: fractions {told} leave nothing to train on.")
    _check(data, who, len(shares) + 1)
    order = row_order(len(data), seed, who)
    groups = [order]
    if data.has_labels:
        groups = [order[data.y[order] == label] for label in np.unique(data.y)]
    part = np.zeros(len(data), np.int64)
    for rows in groups:
        at = 0
        for number, (_, share) in enumerate(shares, 1):
            count = round(share * len(rows))
            part[rows[at : at + count]] = number
            at += count
    if len(np.unique(part)) <= len(shares):
        raise SettingError(f"{who}: fraction {told} of {len(data)} rows leaves a part with no rows.")
    return [order[part[order] == k] for k in range(len(shares) + 1)]


def _check(data: Any, who: str, least: int) -> None:
    if not isinstance(data, Dataset):
        raise SettingError(f"{who}: wanted a gn.data.Dataset, found {type(data).__name__}.")
    if len(data) < least:
        raise SettingError(f"{who}: {data.name} has {len(data)} rows; splitting needs at least {least}.")
