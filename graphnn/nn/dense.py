"""Dense: every unit sees every feature."""

from __future__ import annotations

from collections.abc import Callable

from graphnn import init
from graphnn.core.dims import Shape, shape_text
from graphnn.core.dtypes import DType
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.init import Initializer
from graphnn.nn.layer import Layer, as_node
from graphnn.ops import relu


class Dense(Layer):
    """activation(x @ w + b). Shapes: x (*batch, features) -> y (*batch, units); w (features, units), b (units,).

    Weights start by He's rule before a relu, by Xavier's otherwise; biases start at zero.
    """

    def __init__(
        self,
        units: int,
        activation: Callable[[Node], Node] | None = None,
        *,
        use_bias: bool = True,
        weight_init: Initializer | None = None,
        bias_init: Initializer = init.zeros,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        if activation is not None and not callable(activation):
            raise SettingError(
                f"Dense: activation is a function of a node, such as gn.relu, found {activation!r}."
            )
        for initializer in (weight_init, bias_init):
            if initializer is not None and not callable(initializer):
                raise SettingError(
                    f"Dense: an initialiser is a function such as gn.init.he, found {initializer!r}."
                )
        self.units, self.activation, self.use_bias = (
            whole_number(units, "Dense: units", 1),
            activation,
            use_bias,
        )
        self.weight_init = weight_init or (init.he if activation is relu else init.xavier)
        self.bias_init = bias_init

    def build(self, shape: Shape, dtype: DType) -> None:
        if not shape or not isinstance(shape[-1], int):
            raise ShapeError(
                f"layer {self.name}: the last axis must have a known size, found {shape_text(shape)}."
            )
        self.w = self.add_parameter("w", (shape[-1], self.units), self.weight_init, dtype)
        self.b = self.add_parameter("b", (self.units,), self.bias_init, dtype) if self.use_bias else None

    def apply(self, x: Node, *, training: bool) -> Node:
        y = x @ self.w
        if self.b is not None:
            y = y + self.b
        return y if self.activation is None else as_node(self.activation(y), f"layer {self.name}: activation")
