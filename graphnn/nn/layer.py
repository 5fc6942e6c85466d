"""Layer: something with parameters that turns a node into a node, inside a scope of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphnn.core.dims import Shape, shape_text
from graphnn.core.dtypes import DType, is_float
from graphnn.core.errors import DtypeError, GraphError, SettingError, ShapeError
from graphnn.core.leaves import describe, parameter
from graphnn.core.memory import require_memory
from graphnn.core.node import Node
from graphnn.core.scope import current_scope, scope
from graphnn.core.settings import seed_number
from graphnn.init import Initializer, generator


class Layer:
    """Base of layers. A new layer defines `build`, which makes parameters, and `apply`, which makes nodes.

    Parameters are made at the first call, when the shape of the operand is known; later calls share them. First
    values depend on `seed` and on the layer's path of names only.

    Training and inference are two graphs of the same parameters: `layer(x, training=True)` and `layer(x)`.
    """

    def __init__(self, *, name: str | None = None, seed: int = 0):
        self.name = type(self).__name__.lower() if name is None else name
        if not isinstance(self.name, str) or not self.name or "/" in self.name:
            raise SettingError(f"layer: a name is a non-empty text without '/', found {name!r}.")
        self.seed = seed_number(seed, self.name)
        self._parameters: list[Node] = []
        self._shape: Shape | None = None

    def build(self, shape: Shape, dtype: DType) -> None:
        """Make the parameters for operands of this shape."""

    def apply(self, x: Node, *, training: bool) -> Node:
        """The layer's nodes."""
        raise NotImplementedError

    def __call__(self, x: Node, *, training: bool = False) -> Node:
        as_node(x, f"layer {self.name}")
        if not is_float(x.dtype):
            raise DtypeError(
                f"layer {self.name}: {describe(x)} is not a float. Convert it: .cast('float32')."
            )
        with scope(self.name):
            if self._shape is None:
                self._parameters.clear()  # of a first call that failed half-way
                self.build(x.shape, x.dtype)
                self._shape = x.shape
            elif self._shape[1:] != x.shape[1:]:
                raise ShapeError(
                    f"layer {self.name}: was built for {shape_text(self._shape)}, found {describe(x)}. "
                    "Make another layer for another shape."
                )
            return self.apply(x, training=training)

    @property
    def parameters(self) -> tuple[Node, ...]:
        """The layer's parameters, in the order of making; empty before the first call."""
        return tuple(self._parameters)

    def add_parameter(self, name: str, shape: Sequence[int], initializer: Initializer, dtype: DType) -> Node:
        """A parameter of this layer with first values drawn by `initializer`."""
        require_memory(2 * math.prod(shape) * 8, f"layer {self.name}: {name} {shape_text(tuple(shape))}")
        path = f"{current_scope()}/{name}"
        node = parameter(initializer(tuple(shape), generator(self.seed, path)), name, dtype)
        if node.shape != tuple(shape):
            raise ShapeError(
                f"layer {self.name}: the initialiser of {name} gave shape {shape_text(node.shape)}, "
                f"wanted {shape_text(tuple(shape))}."
            )
        self._parameters.append(node)
        return node


def as_node(x: Any, who: str) -> Node:
    """The node, or an error for anything else."""
    if not isinstance(x, Node):
        raise GraphError(f"{who}: wanted a node, found {x!r}. Make one with gn.input or gn.constant.")
    return x
