"""The four dtypes of graphnn, and how a user's word for one becomes one."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from graphnn.core.errors import DtypeError

DType = np.dtype

float32: DType = np.dtype("float32")
float64: DType = np.dtype("float64")
int64: DType = np.dtype("int64")
bool_: DType = np.dtype("bool")

SUPPORTED = (float32, float64, int64, bool_)
_NAMES = {**{str(d): d for d in SUPPORTED}, "bool_": bool_}
FLOATS = frozenset((float32, float64))

# What an op's type variable may stand for (the `types=` of a declaration).
TYPE_CLASSES: dict[str, frozenset[DType]] = {
    "float": FLOATS,
    "number": frozenset((float32, float64, int64)),
    "any": frozenset(SUPPORTED),
    "bool": frozenset((bool_,)),
}


def as_dtype(word: Any, who: str = "dtype") -> DType:
    """The supported dtype that `word` (a name, a NumPy dtype or type, or a Python type) stands for."""
    dtype: DType | None = None
    if isinstance(word, str):  # NumPy would evaluate a text with a comma
        dtype = _NAMES.get(word)
    elif isinstance(word, type | np.dtype):
        with contextlib.suppress(TypeError):
            dtype = np.dtype(word)
    if dtype is None or dtype not in SUPPORTED:
        raise DtypeError(f"{who}: {word!r} is not one of float32, float64, int64, bool.")
    return SUPPORTED[SUPPORTED.index(dtype)]


def is_float(dtype: DType) -> bool:
    return dtype in FLOATS
