"""The small sets that ship with scikit-learn: digits, iris, wine, breast cancer, diabetes."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.data.dataset import Dataset


def digits() -> Dataset:
    """Handwritten digits: x float32 (1797, 64) in [0, 1], y int64 (1797,), classes 0 to 9.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", as shipped in scikit-learn.
    """
    rows = _table("digits", "digits.csv.gz", lambda sets: sets.load_digits())
    x = np.ascontiguousarray(rows[:, :-1] / 16.0, dtype=np.float32)
    pixels = tuple(f"pixel {row} {column}" for row in range(8) for column in range(8))
    return Dataset(x, rows[:, -1].astype(np.int64), "digits", tuple("0123456789"), pixels)


def iris() -> Dataset:
    """Iris flowers: x float32 (150, 4) in centimetres, y int64 (150,), 3 classes.

    Source: Fisher 1936, "The use of multiple measurements in taxonomic problems", as shipped in scikit-learn.
    """
    columns = ("sepal length", "sepal width", "petal length", "petal width")
    rows = _table("iris", "iris.csv", lambda sets: sets.load_iris(), header=1)
    return _classes(rows, "iris", ("setosa", "versicolor", "virginica"), columns)


def wine() -> Dataset:
    """Chemistry of wines: x float32 (178, 13) in units of their own, y int64 (178,), 3 growers.

    Source: Forina et al. 1988, PARVUS, as shipped in scikit-learn.
    """
    columns = (
        "alcohol", "malic acid", "ash", "alcalinity of ash", "magnesium", "total phenols", "flavanoids",
        "nonflavanoid phenols", "proanthocyanins", "color intensity", "hue", "od280/od315", "proline",
    )  # fmt: skip
    rows = _table("wine", "wine_data.csv", lambda sets: sets.load_wine(), header=1)
    return _classes(rows, "wine", ("grower 0", "grower 1", "grower 2"), columns)


def breast_cancer() -> Dataset:
    """Cell nuclei of breast tissue: x float32 (569, 30), y int64 (569,), malignant 0 or benign 1.

    Source: Street, Wolberg, Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis", as shipped
    in scikit-learn.
    """
    measures = (
        "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points",
        "symmetry", "fractal dimension",
    )  # fmt: skip
    columns = tuple(f"{kind} {measure}" for kind in ("mean", "error of", "worst") for measure in measures)
    rows = _table("breast_cancer", "breast_cancer.csv", lambda sets: sets.load_breast_cancer(), header=1)
    return _classes(rows, "breast cancer", ("malignant", "benign"), columns)


def diabetes() -> Dataset:
    """Progress of diabetes within a year: x float32 (442, 10) in units of their own, y float32 (442, 1), 25 to 346.

    Source: Efron, Hastie, Johnstone, Tibshirani 2004, "Least Angle Regression", as shipped in scikit-learn.
    """
    columns = ("age", "sex", "body mass index", "blood pressure", "s1", "s2", "s3", "s4", "s5", "s6")
    x = _table(
        "diabetes", "diabetes_data_raw.csv.gz", lambda sets: sets.load_diabetes(scaled=False), delimiter=None
    )
    x = x[:, :10]
    y = _table(
        "diabetes", "diabetes_target.csv.gz", lambda sets: sets.load_diabetes(scaled=False), delimiter=None
    )
    return Dataset(np.ascontiguousarray(x, np.float32), y[:, -1:].astype(np.float32), "diabetes", (), columns)


def _classes(rows: np.ndarray, name: str, classes: tuple[str, ...], columns: tuple[str, ...]) -> Dataset:
    x = np.ascontiguousarray(rows[:, :-1], dtype=np.float32)
    return Dataset(x, rows[:, -1].astype(np.int64), name, classes, columns)


def _table(name: str, file: str, load: Any, *, header: int = 0, delimiter: str | None = ",") -> np.ndarray:
    """Features and target as one table. Reading the package's file takes a twentieth of importing the package."""
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise SettingError(
            f"{name}: the data ship with scikit-learn, which is not installed. Run: pip install scikit-learn"
        )
    path = Path(found.origin).parent / "datasets" / "data" / file
    if not path.exists():
        from sklearn import datasets

        bunch = load(datasets)
        return np.column_stack([bunch.data, bunch.target])
    with (gzip.open if file.endswith(".gz") else open)(path, "rt", encoding="ascii") as lines:
        return np.loadtxt(lines, delimiter=delimiter, skiprows=header, ndmin=2)
