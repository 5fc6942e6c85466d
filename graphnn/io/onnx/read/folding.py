"""Compute what hangs on known numbers alone while a file is read: constants, and shapes with named axes in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, DimLike, divide, size_of
from graphnn.core.dtypes import bool_, int64
from graphnn.core.graph import reached
from graphnn.core.node import Node
from graphnn.transform.interpret import interpret

__all__ = ["folded", "symbolic", "total_size"]


def total_size(nodes: Sequence[Node]) -> int | None:
    """How many elements these nodes have together; None where an axis is named."""
    total: DimLike = 0
    for node in nodes:
        total = total + size_of(node.shape)
    return None if isinstance(total, Dim) else total


def folded(outputs: Sequence[Node], since: int, most: int) -> list[np.ndarray] | None:
    """The values of nodes made after serial `since`, if they hang on constants only and are small."""
    nodes = reached(outputs, since)
    if any(n.role in ("input", "parameter") or (n.serial < since and n.role == "op") for n in nodes):
        return None
    made = [n for n in nodes if n.serial >= since]
    size = total_size(made)
    if size is None or size > most:
        return None
    if any(n.op.name == "size" and isinstance(size_of(n.attributes["dims"]), Dim) for n in nodes):
        return None
    return interpret(outputs)


# Shapes with named axes


def symbolic(
    outputs: Sequence[Node], since: int, most: int, given: Mapping[Node, np.ndarray]
) -> list[np.ndarray] | None:
    """As `folded`, where sizes of named axes are among the numbers: arrays of ints and Dims.

    `given` are the numbers of nodes that were made before. None where an op on the way has no exact answer, such as
    the larger of two axes.
    """
    nodes = reached(outputs, since)
    size = total_size(nodes)
    if size is None or size > most:
        return None
    values: dict[Node, np.ndarray] = {n: a.astype(object) for n, a in given.items()}
    for node in nodes:
        found = values[node] if node in values else _value(node, values)
        if found is None:
            return None
        values[node] = found
    return [values[node] for node in outputs]


def _value(node: Node, values: dict[Node, np.ndarray]) -> np.ndarray | None:
    if node.storage is not None:
        plain = node.role == "constant" and node.dtype in (int64, bool_)
        return node.storage.array.astype(object) if plain else None
    if node.op.name == "size" and node.dtype is int64:
        return _boxed(size_of(node.attributes["dims"]))
    operands = [values.get(o) for o in node.operands]
    if node.dtype not in (int64, bool_) or any(o is None for o in operands):
        return None
    arrays = [o for o in operands if o is not None]
    if node.op.name in _EXACT:
        return _pairwise(_EXACT[node.op.name], *arrays)
    if node.op.name == "where" and not _holds_dims(arrays[0]):
        return np.where(arrays[0].astype(bool), arrays[1], arrays[2])
    if node.op.name in _MOVES and node.op.meaning is not None:
        given = [
            a if _holds_dims(a) else a.astype(o.dtype) for a, o in zip(arrays, node.operands, strict=True)
        ]
        return np.asarray(node.op.meaning(*given, **node.attributes), dtype=object)
    return None


# Ops whose NumPy meaning moves elements, or adds and multiplies them: it serves arrays of Dims as well.
_MOVES = {
    "add", "broadcast_to", "concat", "expand_dims", "flip", "gather", "mul", "neg", "prod", "reshape", "slice",
    "square", "squeeze", "sub", "sum", "take", "take_rows", "transpose",
}  # fmt: skip


def _equal(a: Any, b: Any) -> bool | None:
    """Sizes are 0 or more, so a negative number is none of them; whether an axis is 3 is open."""
    if not isinstance(a, Dim) and not isinstance(b, Dim):
        return bool(a == b)
    if a == b:
        return True
    number = b if isinstance(a, Dim) else a
    return False if not isinstance(number, Dim) and number < 0 else None


def _floor_divide(a: DimLike, b: DimLike) -> DimLike | None:
    if not isinstance(a, Dim) and not isinstance(b, Dim):
        return a // b if b else 0
    if isinstance(a, Dim) and not isinstance(b, Dim) and b and all(c % b == 0 for _, c in a.terms):
        return Dim((m, c // b) for m, c in a.terms)
    return divide((a,), (b,)) if isinstance(b, Dim) else None


def _not(answer: Callable[..., Any]) -> Callable[..., Any]:
    def turned(*operands: Any) -> bool | None:
        found = answer(*operands)
        return None if found is None else not found

    return turned


def _larger(a: Any, b: Any) -> Any:
    return _extreme(a, b, max)


def _smaller(a: Any, b: Any) -> Any:
    return _extreme(a, b, min)


def _extreme(a: Any, b: Any, choose: Callable[..., Any]) -> Any:
    if not isinstance(a, Dim) and not isinstance(b, Dim):
        return choose(a, b)
    if a == b:
        return a
    number, dim = (b, a) if isinstance(a, Dim) else (a, b)
    if isinstance(number, Dim) or number > 0:
        return None
    return dim if choose is max else number


_EXACT: dict[str, Callable[..., Any]] = {
    "equal": _equal, "not_equal": _not(_equal), "floor_divide": _floor_divide, "maximum": _larger,
    "minimum": _smaller,
}  # fmt: skip


def _pairwise(function: Callable[..., Any], a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    out = np.empty(a.shape, dtype=object)
    flat = [function(x, y) for x, y in zip(a.reshape(-1), b.reshape(-1), strict=True)]
    if any(v is None for v in flat):
        return None
    out.reshape(-1)[:] = flat
    return out


def _boxed(value: Any) -> np.ndarray:
    out = np.empty((), dtype=object)
    out[()] = value
    return out


def _holds_dims(array: np.ndarray) -> bool:
    return any(isinstance(d, Dim) for d in array.reshape(-1).tolist())
