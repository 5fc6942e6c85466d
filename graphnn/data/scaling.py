"""Bring features to one scale, fitted on the training part only, so that nothing is learned from the test part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphnn.core.dims import shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.errors import DataError, GraphError, SettingError, ShapeError
from graphnn.core.leaves import constant, describe
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.data.dataset import Dataset
from graphnn.data.walking import blocks
from graphnn.ops import cast

_MOST_NUMBERS = 10_000_000


@dataclass(frozen=True)
class Scaling:
    """A shift and a factor per feature: `x -> (x - offset) / scale`. Made by `standardize` or `normalize`.

    Works on Datasets, on arrays, and as nodes of a graph, so that a saved model scales for itself.
    """

    offset: np.ndarray
    scale: np.ndarray

    def __repr__(self) -> str:
        return (
            f"<Scaling of {self.offset.size} features>"
            if self.offset.size > 8
            else (f"<Scaling: (x - {self.offset.tolist()}) / {self.scale.tolist()}>")
        )

    def __call__(self, data: Dataset) -> Dataset:
        """The data with scaled features; targets stay."""
        return replace(data, x=self.forward(data.x))

    def targets(self, data: Dataset) -> Dataset:
        """The data with scaled targets; features stay."""
        return replace(data, y=self.forward(data.y))

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

    def node(self, x: Node) -> Node:
        """x (rows, features...) scaled, as nodes: the same numbers as `forward`, which computes in float64."""
        with scope("scale"):
            offset, scale = self._constants(x)
            return cast((cast(x, "float64") - offset) / scale, x.dtype)

    def backward_node(self, y: Node) -> Node:
        """y (rows, features...) as it was before scaling, as nodes: for a model that was trained on scaled targets."""
        with scope("unscale"):
            offset, scale = self._constants(y)
            return cast(cast(y, "float64") * scale + offset, y.dtype)

    def _constants(self, x: Node) -> tuple[Node, Node]:
        if not isinstance(x, Node):
            raise GraphError(f"scaling: wanted a node, found {type(x).__name__}; forward scales arrays.")
        if not is_float(x.dtype) or x.shape[1:] != self.offset.shape or x.ndim == 0:
            raise ShapeError(
                f"scaling: fitted on rows of {shape_text(self.offset.shape)}, found {describe(x)}, wanted floats "
                "(rows, ...) with such rows."
            )
        return constant(self.offset, dtype="float64"), constant(self.scale, dtype="float64")

    def as_dict(self) -> dict[str, Any]:
        """The offset and scale as lists of numbers, which JSON can hold."""
        return {"offset": self.offset.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_dict(cls, content: Any) -> Scaling:
        """The scaling that `as_dict` told of. Raises DataError for anything else."""
        if not isinstance(content, dict) or sorted(content) != ["offset", "scale"]:
            raise DataError(f"scaling: wanted a dict with offset and scale, found {content!r:.60}.")
        offset, scale = (_numbers(content[key], f"scaling: {key}") for key in ("offset", "scale"))
        if offset.shape != scale.shape:
            raise DataError(
                f"scaling: offset has shape {offset.shape} and scale {scale.shape}, wanted the same."
            )
        if not (scale > 0).all():
            raise DataError("scaling: scale holds a number that is not above 0.")
        return cls(offset, scale)


def standardize(train: Dataset) -> Scaling:
    """The scaling to mean 0 and variance 1 of every feature of `train`; a constant feature becomes 0."""
    return _standardized(_rows("standardize", train, "x"))


def standardize_targets(train: Dataset) -> Scaling:
    """The scaling to mean 0 and variance 1 of every target of `train`, for regression.

    Train on `scaling.targets(train)`; `scaling.backward(predictions)`, or `scaling.backward_node(output)` within the
    graph, gives predictions in the units of the data.
    """
    y = _rows("standardize_targets", train, "y")
    if y.dtype.kind != "f":
        raise SettingError(f"standardize_targets: {train.name} has y {y.dtype}; labels are not scaled.")
    return _standardized(y)


def normalize(train: Dataset) -> Scaling:
    """The scaling of every feature of `train` to 0 ... 1; a constant feature becomes 0."""
    low, high = _ends(_rows("normalize", train, "x"))
    return Scaling(low, _factor(high - low))


def _standardized(rows: np.ndarray) -> Scaling:
    """Two passes, in blocks of rows: mapped files are never in memory as a whole."""
    mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks(rows)) / len(rows)
    squares = sum(np.square(block - mean).sum(axis=0) for block in blocks(rows))
    low, high = _ends(rows)
    # The mean of equal numbers is rounded, and what is left of them must not be blown up to variance 1.
    constant_ones = low == high
    scale = np.where(constant_ones, 0.0, np.sqrt(squares / len(rows)))
    return Scaling(np.where(constant_ones, low, mean), _factor(scale))


def _ends(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest of every feature."""
    low = np.min([block.min(axis=0) for block in blocks(rows)], axis=0)
    high = np.max([block.max(axis=0) for block in blocks(rows)], axis=0)
    return low.astype(np.float64), high.astype(np.float64)


def _rows(who: str, train: Any, word: str) -> np.ndarray:
    if not isinstance(train, Dataset):
        raise SettingError(f"{who}: wanted a gn.data.Dataset, found {type(train).__name__}.")
    if len(train) == 0:
        raise SettingError(f"{who}: {train.name} has no rows.")
    rows: np.ndarray = getattr(train, word)
    return rows


def _factor(scale: np.ndarray) -> np.ndarray:
    return np.where(scale > 0, scale, 1.0)


def _numbers(content: Any, who: str) -> np.ndarray:
    try:
        found = np.array(content)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{who}: {error}.") from None
    if found.dtype.kind not in "if" or found.size > _MOST_NUMBERS or not np.isfinite(found).all():
        raise DataError(f"{who}: wanted finite numbers, found {content!r:.60}.")
    return found.astype(np.float64)
