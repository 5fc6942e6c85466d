"""What scikit-learn calls differently from version to version, in one place: 1.4 and later."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import validation


def validated(estimator: Any, *given: Any, reset: bool) -> Any:
    """Rows checked by scikit-learn's rules: x, or (x, y) if both are given. Sparse rows stay sparse."""
    settings: dict[str, Any] = {
        "accept_sparse": ["csr", "csc"],
        "dtype": (np.float64, np.float32),
        "reset": reset,
    }
    if len(given) == 2:
        if given[1] is None:
            raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None.")
        settings["multi_output"] = True
    if hasattr(validation, "validate_data"):  # since 1.6
        return validation.validate_data(estimator, *given, **settings)
    return estimator._validate_data(*given, **settings)


def checked_weights(sample_weight: Any, x: Any) -> np.ndarray:
    """One weight per row, none below 0, not all 0."""
    weights: np.ndarray = validation._check_sample_weight(sample_weight, x, dtype=np.float64)
    if (weights < 0).any():
        raise ValueError("sample_weight: weights are 0 or more, found a negative one.")
    if not (weights > 0).any():
        raise ValueError("sample_weight: every weight is zero, so no row is left to learn from.")
    return weights
