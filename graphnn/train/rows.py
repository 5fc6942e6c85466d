"""The rows that training and measuring take: checked, used where they lie in memory, and told apart by a digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.errors import FeedError, GraphError, ShapeError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.leaves import CONSTANT, as_array, describe
from graphnn.core.node import NO_ATTRIBUTES, Node
from graphnn.core.storage import Storage
from graphnn.data.dataset import Dataset
from graphnn.data.digest import digest_of

Data = Dataset | Mapping[Any, Any]
Rows = dict[Node, np.ndarray]

# Elements that a check of memory-mapped rows looks at together.
_AT_ONCE = 1 << 20


def matched_rows(data: Data, outputs: Sequence[Node], who: str) -> tuple[Rows, str]:
    """The rows for each input that `outputs` need, checked, and the name of the batch axis.

    Raises FeedError, ShapeError or DtypeError in words for data that does not fit, GraphError if there is no input.
    """
    inputs = Graph(outputs).inputs
    given = {"x": data.x, "y": data.y} if isinstance(data, Dataset) else data
    if not isinstance(given, Mapping):
        raise FeedError(
            f"{who}: data is a Dataset or a mapping {{input: rows}}, found {type(data).__name__}."
        )
    if not inputs:
        raise GraphError(
            f"{who}: {describe(outputs[0])} has no input, so there are no rows to take. Use gn.Program."
        )
    by_name = {n.name: n for n in inputs}
    arrays: Rows = {}
    for key, value in given.items():
        node = key if isinstance(key, Node) else by_name.get(key)
        if node is None or by_name.get(node.name) is not node:
            if isinstance(data, Dataset):
                continue
            raise FeedError(
                f"{who}: there is no input {key!r}.{did_you_mean(str(key), [n.name or '' for n in inputs])}"
            )
        arrays[node] = _checked(node, value, who)
    missing = [n.label for n in inputs if n not in arrays]
    if missing:
        raise FeedError(
            f"{who}: no rows for input {', '.join(missing)}. Found rows for: "
            f"{', '.join(n.label for n in arrays) or 'none'}."
        )
    axes = {str(n.shape[0]) for n in inputs}
    if len(axes) > 1:
        raise ShapeError(
            f"{who}: the inputs' first axes have different names: {', '.join(sorted(axes))}; "
            "one batch axis is wanted."
        )
    counts = {n.label: len(a) for n, a in arrays.items()}
    if len(set(counts.values())) > 1:
        raise ShapeError(
            f"{who}: rows differ in number: {', '.join(f'{k} has {v}' for k, v in counts.items())}."
        )
    if not next(iter(counts.values())):
        raise FeedError(f"{who}: the data has no rows.")
    return {n: arrays[n] for n in inputs}, axes.pop()


def _checked(node: Node, value: Any, who: str) -> np.ndarray:
    if not node.shape or not isinstance(node.shape[0], Dim) or node.shape[0].names() != [str(node.shape[0])]:
        raise ShapeError(
            f"{who}: the first axis of input {describe(node)} must be named, as in ('batch', 64), to take batches."
        )
    if isinstance(value, np.memmap):
        value = value.view(np.ndarray)  # the file's pages, read when a batch asks for them
    # Kernels read the rows where they are, if they are plain numbers side by side.
    same = (
        type(value) is np.ndarray
        and value.dtype == node.dtype
        and value.flags.c_contiguous
        and value.flags.aligned
    )
    array = value if same else as_array(value, node.dtype, f"{who}: input {node.label}")
    wanted = node.shape[1:]
    # A single column may have an axis of its own or not: there is only one way to read it.
    if (wanted == () and array.shape[1:] == (1,)) or (wanted == (1,) and array.ndim == 1):
        array = array.reshape(len(array), *wanted)
    if array.ndim != len(node.shape) or any(
        isinstance(d, int) and d != s for d, s in zip(wanted, array.shape[1:], strict=True)
    ):
        hint = " One row is given as rows[None]." if array.shape == wanted else ""
        raise ShapeError(
            f"{who}: input {node.label} has rows of shape {shape_text(array.shape)}, wanted "
            f"{shape_text(node.shape)}.{hint}"
        )
    if is_float(node.dtype):
        for first, part in _parts(array):
            if not np.isfinite(part).all():
                row = first + int(np.argwhere(~np.isfinite(part))[0][0])
                raise FeedError(
                    f"{who}: input {node.label} holds NaN or infinity, first in row {row}. "
                    "Remove or fill such rows."
                )
    return array


def _parts(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Runs of rows, with the number of their first."""
    count = max(1, _AT_ONCE // max(1, array[:1].size))
    for first in range(0, len(array), count):
        yield first, array[first : first + count]


def in_place(node: Node, array: np.ndarray) -> Node:
    """A constant whose memory is the user's array: data is not copied."""
    return Node(CONSTANT, (), NO_ATTRIBUTES, array.shape, node.dtype, f"data {node.name}", Storage(array))


def place_of(arrays: Mapping[Node, np.ndarray]) -> tuple[Any, ...]:
    """Which memory the rows are: equal for the same arrays, while these are alive."""
    return tuple((n, a.ctypes.data, a.shape) for n, a in arrays.items())


def digest(arrays: Mapping[Node, np.ndarray]) -> str:
    """A text that tells these rows, and the inputs that they are for, from others; see graphnn.data.digest."""
    return digest_of(list(arrays.values()), [str(node.name) for node in arrays], letters=32)


__all__ = ["Data", "Rows", "digest", "in_place", "matched_rows", "place_of"]
