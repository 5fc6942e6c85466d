"""Bring features to one scale, fitted on the training part only, so that nothing is learned from the test part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graphnn.core.errors import SettingError, ShapeError
from graphnn.data.dataset import Dataset


@dataclass(frozen=True)
class Scaling:
    """A shift and a factor per feature: `x -> (x - offset) / scale`. Made by `standardize` or `normalize`."""

    offset: np.ndarray
    scale: np.ndarray

    def __call__(self, data: Dataset) -> Dataset:
        """The data with scaled features; targets stay."""
        return replace(data, x=self.forward(data.x))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Scaled features."""
        if np.ndim(x) < 1 or np.shape(x)[1:] != self.offset.shape:
            raise ShapeError(
                f"scaling: fitted on rows of {self.offset.shape}, found x of shape {np.shape(x)}."
            )
        return np.ascontiguousarray((x - self.offset) / self.scale, np.float32)

    def backward(self, x: np.ndarray) -> np.ndarray:
        """Features as they were before."""
        return np.ascontiguousarray(x * self.scale + self.offset, np.float32)


def standardize(train: Dataset) -> Scaling:
    """The scaling to mean 0 and variance 1 of every feature of `train`; a constant feature becomes 0."""
    x = _features("standardize", train)
    return Scaling(x.mean(axis=0), _factor(x.std(axis=0)))


def normalize(train: Dataset) -> Scaling:
    """The scaling of every feature of `train` to 0 ... 1; a constant feature becomes 0."""
    x = _features("normalize", train)
    return Scaling(x.min(axis=0), _factor(x.max(axis=0) - x.min(axis=0)))


def _features(who: str, train: Dataset) -> np.ndarray:
    if not isinstance(train, Dataset):
        raise SettingError(f"{who}: wanted a gn.data.Dataset, found {type(train).__name__}.")
    if len(train) == 0:
        raise SettingError(f"{who}: {train.name} has no rows.")
    return train.x.astype(np.float64)


def _factor(scale: np.ndarray) -> np.ndarray:
    return np.where(scale > 0, scale, 1.0)
