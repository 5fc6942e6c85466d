"""See all parameters as one vector, as methods do that think of directions in the space of all weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from graphnn.core.errors import DtypeError, ShapeError
from graphnn.core.node import Node
from graphnn.ops import concat, dot
from graphnn.optim.naming import path_of


class Flat:
    """The order of some parameters in a vector: `join` lays arrays of their shapes side by side, `split` undoes it.

    Raises DtypeError for parameters of more than one dtype.
    """

    def __init__(self, parameters: Sequence[Node], who: str):
        self.dtype = parameters[0].dtype
        for w in parameters:
            if w.dtype is not self.dtype:
                raise DtypeError(
                    f"{who}: {path_of(parameters[0])} is {self.dtype} but {path_of(w)} is {w.dtype}; it moves all "
                    "parameters as one vector, so they have one dtype."
                )
        self.shapes = [w.value.shape for w in parameters]
        self.sizes = [prod(shape) for shape in self.shapes]
        self.size = sum(self.sizes)

    def at_most(self, limit: int, who: str, way_out: str) -> None:
        """Raises ShapeError if there are more numbers than the method can bear."""
        if self.size > limit:
            raise ShapeError(
                f"{who}: the parameters hold {self.size} numbers, wanted at most {limit}, for its graph grows with "
                f"each of them. {way_out}"
            )

    def join(self, nodes: Sequence[Node]) -> Node:
        """The elements of all nodes, one vector."""
        flat = [node.reshape(-1) for node in nodes]
        return flat[0] if len(flat) == 1 else concat(flat)

    def split(self, vector: Node) -> list[Node]:
        """The vector's parts in the shapes of the parameters."""
        parts, at = [], 0
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            parts.append(vector[at : at + size].reshape(shape))
            at += size
        return parts


def inner(a: Sequence[Node], b: Sequence[Node]) -> Node:
    """The inner product of two lists of arrays, taken as two long vectors."""
    parts = [dot(x.reshape(-1), y.reshape(-1)) for x, y in zip(a, b, strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
