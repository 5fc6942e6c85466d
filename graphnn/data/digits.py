"""The digits that ship with scikit-learn: 1,797 images of 8 x 8 pixels."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.data.dataset import Dataset


def digits() -> Dataset:
    """Handwritten digits: x float32 (1797, 64) in [0, 1], y int64 (1797,), classes 0 to 9.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", as shipped in scikit-learn.
    """
    rows = _read()
    x = np.ascontiguousarray(rows[:, :-1] / 16.0, dtype=np.float32)
    return Dataset(x, rows[:, -1].astype(np.int64), "digits", tuple("0123456789"))


def _read() -> np.ndarray:
    """The table. Reading the package's file takes a twentieth of the time of importing the package."""
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise SettingError(
            "digits: they ship with scikit-learn, which is not installed. Run: pip install scikit-learn"
        )
    file = Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if not file.exists():
        from sklearn.datasets import load_digits

        bunch = load_digits()
        return np.column_stack([bunch.data, bunch.target])
    with gzip.open(file, "rt", encoding="ascii") as lines:
        return np.loadtxt(lines, delimiter=",")
