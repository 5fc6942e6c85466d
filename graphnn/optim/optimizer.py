"""What every optimiser shares: its learning rate as a knob, its state as parameters, its step as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from graphnn.core.dtypes import DType, float64
from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.leaves import describe, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import positive_number
from graphnn.ops import cast


class Optimizer:
    """Base of optimisers. `updates(parameters, gradients)` gives {parameter: node of its new value}, state included.

    `learning_rate` is a 0-d parameter of the graph: set `optimizer.learning_rate.value` between steps.
    """

    name = "optimizer"

    def __init__(self, learning_rate: float):
        with scope(self.name):
            self.learning_rate = parameter(
                positive_number(learning_rate, "learning_rate"), "learning_rate", float64
            )
        self.state: list[Node] = []

    def updates(self, parameters: Sequence[Node], gradients: Sequence[Node]) -> dict[Node, Node]:
        """{parameter: new value} for the parameters and for the optimiser's own state."""
        for nodes in (parameters, gradients):
            if isinstance(nodes, Node) or not isinstance(nodes, Sequence):
                raise SettingError(
                    f"{self.name}: wanted a list of parameters and one of gradients, found {nodes!r}."
                )
        if len(parameters) != len(gradients):
            raise SettingError(f"{self.name}: {len(parameters)} parameters but {len(gradients)} gradients.")
        if len(set(map(id, parameters))) < len(parameters):
            raise SettingError(f"{self.name}: a parameter is listed twice.")
        for w, g in zip(parameters, gradients, strict=True):
            if not isinstance(w, Node) or w.role != "parameter":
                raise GraphError(f"{self.name}: {w!r} is not a parameter, so it cannot be updated.")
            if not isinstance(g, Node) or g.shape != w.shape or g.dtype is not w.dtype:
                found = describe(g) if isinstance(g, Node) else repr(g)
                raise ShapeError(
                    f"{self.name}: the gradient of {describe(w)} is {found}; wanted its shape and dtype."
                )
        with scope(self.name):
            return dict(self.build(parameters, gradients))

    def build(self, parameters: Sequence[Node], gradients: Sequence[Node]) -> Mapping[Node, Node]:
        """The nodes of one step; what a new optimiser defines."""
        raise NotImplementedError

    def zeros_like(self, node: Node, word: str) -> Node:
        """A state parameter of the node's shape, starting at zero."""
        made = parameter(np.zeros(node.shape, node.dtype), f"{word} of {node.name}", node.dtype)
        self.state.append(made)
        return made

    def reset(self) -> None:
        """Set the optimiser's state back to its start."""
        for node in self.state:
            node.value = np.zeros(node.shape, node.dtype)


class Knobs:
    """Scalars of a step in the dtype of each parameter: float64 once, cast once per dtype that occurs."""

    def __init__(self) -> None:
        self._cast: dict[tuple[Node, DType], Node] = {}

    def __call__(self, knob: Node, dtype: DType) -> Node:
        if knob.dtype is dtype:
            return knob
        key = (knob, dtype)
        if key not in self._cast:
            self._cast[key] = cast(knob, dtype)
        return self._cast[key]
