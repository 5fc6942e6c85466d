"""Tables as CSV files: scikit-learn's own data sets, and files that nobody can learn from."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def write_rows(path: Path, names, rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def write_shipped(folder: Path, name: str) -> Path:
    """One of scikit-learn's sets, with words for the classes, in the column `target`."""
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    words = data.target_names if "target_names" in data else None
    rows = [
        [*map(float, x), y if words is None else words[y]]
        for x, y in zip(data.data, data.target, strict=True)
    ]
    return write_rows(folder / f"{name}.csv", [*map(str, data.feature_names), "target"], rows)


def write_halves(folder: Path, rows: int = 60) -> Path:
    """Two numbers a row and a word for which of them is larger."""
    x = np.random.default_rng(0).normal(size=(rows, 2)).round(3)
    return write_rows(
        folder / "halves.csv", ["a", "b", "larger"], [[a, b, "a" if a > b else "b"] for a, b in x]
    )


_GOOD = "\n".join(f"{k},{k % 7},{'red' if k % 2 else 'blue'}" for k in range(30))
_HEAD = "a,b,colour\n"

# name -> (content, target, words that the error has)
BAD_TABLES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "colour", "at least one row"),
    "names only": (_HEAD.encode(), "colour", "row"),
    "one row": (f"{_HEAD}1,2,red\n".encode(), "colour", "row"),
    "nine rows": ((_HEAD + "\n".join(_GOOD.split("\n")[:9])).encode(), "colour", "has 9 rows; at least 10"),
    "ragged": (f"{_HEAD}{_GOOD}\n1,2\n".encode(), "colour", "2 cells"),
    "one class": ((_HEAD + _GOOD.replace("blue", "red")).encode(), "colour", "one class, 'red'"),
    "one number": (("a,b,c\n" + "\n".join(f"{k},1,2.5" for k in range(30))).encode(), "c", "one number, 2.5"),
    "unknown column": ((_HEAD + _GOOD).encode(), "color", "Did you mean 'colour'?"),
    "NaN": ((_HEAD + _GOOD + "\nnan,1,red").encode(), "colour", "'a'"),
    "infinite": ((_HEAD + _GOOD + "\ninf,1,red").encode(), "colour", "'a'"),
    "empty cell": ((_HEAD + _GOOD + "\n,1,red").encode(), "colour", "'a'"),
    "empty label": ((_HEAD + _GOOD + "\n1,1,").encode(), "colour", "'colour'"),
    "a word among numbers": ((_HEAD + _GOOD + "\nmany,1,red").encode(), "colour", "'many'"),
    "beyond float32": ((_HEAD + _GOOD + "\n1e300,1,red").encode(), "colour", "float32"),
    "one column": (("colour\n" + "red\nblue\n" * 10).encode(), "colour", "column"),
    "two columns of one name": ((("a,a,colour\n") + _GOOD).encode(), "colour", "'a'"),
    "zero bytes": ((_HEAD + _GOOD).encode() + b"\n\0\0,1,red\n", "colour", ""),
    "no text": (bytes(range(128, 256)) * 20, "colour", ""),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(500), "colour", ""),
    "open quote": ((_HEAD + _GOOD + '\n"1,1,red\n').encode(), "colour", ""),
}
