"""Activations that learn: PReLU. Those that do not are functions, such as gn.relu, and stand in lists as they are."""

from __future__ import annotations

from graphnn import init
from graphnn.core.dims import Shape
from graphnn.core.dtypes import DType
from graphnn.core.node import Node
from graphnn.init import Initializer
from graphnn.nn.checks import check_functions, check_rank, known_size
from graphnn.nn.layer import Layer
from graphnn.ops import prelu


class PReLU(Layer):
    """x where it is positive, else x times a slope that learns. Shapes: x (batch, channels, *s) -> y the same.

    per_channel : one slope for each channel, axis 1, instead of one for all; slope is (channels) or ()

    Slopes start at 0.25. Source: He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015, equation 1; PyTorch,
    torch.nn.PReLU.
    """

    def __init__(
        self,
        *,
        per_channel: bool = False,
        slope_init: Initializer | None = None,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        check_functions("PReLU", None, slope_init)
        self.per_channel = bool(per_channel)
        self.slope_init = slope_init or init.constant(0.25)

    def build(self, shape: Shape, dtype: DType) -> None:
        sizes: tuple[int, ...] = ()
        if self.per_channel:
            check_rank(self.name, shape, "(batch, channels, ...)", 2)
            sizes = (known_size(self.name, shape, 1, "channels, axis 1,"),)
        self.slope = self.add_parameter("slope", sizes, self.slope_init, dtype)

    def fits(self, shape: Shape) -> bool:
        """As many channels as before, if they have slopes of their own."""
        return not self.per_channel or (len(shape) >= 2 and shape[1] == self.shape[1])

    def apply(self, x: Node, *, training: bool) -> Node:
        return prelu(x, self.slope)
