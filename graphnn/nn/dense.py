"""Dense: every unit sees every feature."""

from __future__ import annotations

from graphnn import init
from graphnn.core.dims import Shape, shape_text
from graphnn.core.dtypes import DType
from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.init import Initializer
from graphnn.nn.checks import Activation, check_functions, known_size
from graphnn.nn.embedding import Embedding
from graphnn.nn.layer import Layer, apply_step
from graphnn.ops import relu, transpose


class Dense(Layer):
    """activation(x @ w + b). Shapes: x (*batch, features) -> y (*batch, units); w (features, units), b (units,).

    Weights start by He's rule before a relu, by Xavier's otherwise; biases start at zero.

    tied : a Dense or an Embedding whose weights this layer uses turned around, activation(x @ w.T + b): the decoder
        of an autoencoder, or the words that a language model answers with. Both learn the same numbers, which count
        once. Its weights are made before: call it first.
    """

    def __init__(
        self,
        units: int,
        activation: Activation | None = None,
        *,
        use_bias: bool = True,
        weight_init: Initializer | None = None,
        bias_init: Initializer = init.zeros,
        tied: Dense | Embedding | None = None,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        check_functions("Dense", activation, weight_init, bias_init)
        if tied is not None and (not isinstance(tied, Dense | Embedding) or _is_tied(tied)):
            raise SettingError(
                f"Dense: tied is a Dense or Embedding with weights of its own, found {tied!r}."
            )
        if tied is not None and weight_init is not None:
            raise SettingError("Dense: a tied layer has no weights to start: leave weight_init out.")
        self.units, self.activation, self.use_bias = (
            whole_number(units, "Dense: units", 1),
            activation,
            bool(use_bias),
        )
        self.weight_init = weight_init or (init.he if activation is relu else init.xavier)
        self.bias_init, self.tied = bias_init, tied
        if isinstance(activation, Layer):
            self.add_layer(activation)

    def build(self, shape: Shape, dtype: DType) -> None:
        features = known_size(self.name, shape, -1, "last axis")
        if self.tied is None:
            self.w = self.add_parameter("w", (features, self.units), self.weight_init, dtype)
        else:
            self.w = self._tie(self.tied, features, dtype)
        self.b = self.add_parameter("b", (self.units,), self.bias_init, dtype) if self.use_bias else None

    def _tie(self, tied: Dense | Embedding, features: int, dtype: DType) -> Node:
        if not tied.parameters:
            raise GraphError(
                f"layer {self.name}: is tied to layer {tied.name}, which has no weights yet. Call that one first."
            )
        w = tied.table if isinstance(tied, Embedding) else tied.w
        if w.shape != (self.units, features) or w.dtype is not dtype:
            raise ShapeError(
                f"layer {self.name}: makes {self.units} units of {features} features in {dtype}, which takes weights "
                f"{shape_text((self.units, features))} to turn around; those of layer {tied.name} are "
                f"{w.dtype} {shape_text(w.shape)}."
            )
        return self.share_parameter(w)

    def fits(self, shape: Shape) -> bool:
        """The last axis must be as it was; in front of it anything goes."""
        return bool(shape) and shape[-1] == self.shape[-1]

    def apply(self, x: Node, *, training: bool) -> Node:
        y = x @ (self.w if self.tied is None else transpose(self.w))
        if self.b is not None:
            y = y + self.b
        if self.activation is None:
            return y
        return apply_step(self.activation, y, f"layer {self.name}: activation", training=training)


def _is_tied(layer: Layer) -> bool:
    return isinstance(layer, Dense) and layer.tied is not None
