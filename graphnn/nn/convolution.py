"""Layers that slide kernels over sequences (batch, channels, steps) and images (batch, channels, rows, columns).

Any size of the sequence or image fits a layer that has been built: its weights hang on the channels only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from graphnn import init
from graphnn.core.dims import Shape
from graphnn.core.dtypes import DType
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.init import Initializer
from graphnn.nn.checks import Activation, check_functions, check_rank, known_size
from graphnn.nn.layer import Layer, apply_step
from graphnn.ops import conv1d, conv2d, conv_transpose1d, conv_transpose2d, relu
from graphnn.ops.windows import read_numbers, read_padding

Sizes = int | Sequence[int]


class SlidingLayer(Layer):
    """What convolutions have in common: kernels w, a bias for each channel that they make, an activation."""

    axes: ClassVar[int]
    wanted: ClassVar[str]

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        activation: Activation | None = None,
        *,
        stride: Sizes = 1,
        padding: Any = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        use_bias: bool = True,
        weight_init: Initializer | None = None,
        bias_init: Initializer = init.zeros,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        who = type(self).__name__
        check_functions(who, activation, weight_init, bias_init)
        self.filters = whole_number(filters, f"{who}: filters", 1)
        self.kernel = read_numbers(kernel_size, self.axes, who, "kernel_size", least=1)
        self.groups = whole_number(groups, f"{who}: groups", 1)
        if self.filters % self.groups:
            raise SettingError(
                f"{who}: {self.filters} filters cannot be cut into {self.groups} equal groups. Choose filters that "
                "the groups divide."
            )
        steps = read_numbers(stride, self.axes, who, "stride", least=1)
        gaps = read_numbers(dilation, self.axes, who, "dilation", least=1)
        read_padding(padding, self.kernel, steps, gaps, who)
        self.settings: dict[str, Any] = {
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": self.groups,
        }
        self.activation, self.use_bias = activation, bool(use_bias)
        self.weight_init = weight_init or (init.he if activation is relu else init.xavier)
        self.bias_init = bias_init
        if isinstance(activation, Layer):
            self.add_layer(activation)

    def build(self, shape: Shape, dtype: DType) -> None:
        check_rank(self.name, shape, self.wanted, self.axes + 2, self.axes + 2)
        channels = known_size(self.name, shape, 1, "channels, axis 1,")
        if channels % self.groups:
            raise ShapeError(
                f"layer {self.name}: {channels} channels of x cannot be cut into {self.groups} equal groups. Choose "
                "groups that divide them."
            )
        self.w = self.add_parameter("w", self.weight_shape(channels), self._first_weights, dtype)
        self.b = self.add_parameter("b", (self.filters,), self.bias_init, dtype) if self.use_bias else None

    def weight_shape(self, channels: int) -> tuple[int, ...]:
        """(filters, channels / groups, *kernel)."""
        return (self.filters, channels // self.groups, *self.kernel)

    def _first_weights(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Drawn as (*kernel, channels in, channels out), which is where initialisers look for fans, and turned."""
        a, b = self.ends
        drawn = np.asarray(self.weight_init((*self.kernel, shape[a], shape[b]), rng))
        if drawn.ndim != len(shape):
            return drawn  # which add_parameter refuses in words
        return np.moveaxis(drawn, (-2, -1), (a, b))

    # Which axes of w are the channels that come in, and those that go out.
    ends: ClassVar[tuple[int, int]] = (1, 0)

    def fits(self, shape: Shape) -> bool:
        """As many channels as before; sequences and images of other sizes fit."""
        return len(shape) == len(self.shape) and shape[1] == self.shape[1]

    def finish(self, y: Node, *, training: bool) -> Node:
        """The activation."""
        if self.activation is None:
            return y
        return apply_step(self.activation, y, f"layer {self.name}: activation", training=training)


class Conv1d(SlidingLayer):
    """activation(conv1d(x, w) + b). Shapes: x (batch, channels, steps) -> y (batch, filters, steps').

    w is (filters, channels / groups, kernel_size), b (filters). steps' = (steps + padding - dilation (kernel_size - 1)
    - 1) // stride + 1.

    padding : "valid" (none), "same" (keeps steps, for stride 1), an int, or ((before, after),): ((k - 1, 0),) looks
        at the past only
    groups : channels are cut into as many parts that do not see each other; as many as channels is depthwise
    weight_init : He's rule before a relu, Xavier's otherwise. It draws (kernel_size, channels / groups, filters), so
        the fan in is channels times kernel.

    Source: PyTorch, torch.nn.Conv1d.
    """

    axes: ClassVar[int] = 1
    wanted: ClassVar[str] = "(batch, channels, steps)"

    def apply(self, x: Node, *, training: bool) -> Node:
        return self.finish(conv1d(x, self.w, self.b, **self.settings), training=training)


class Conv2d(SlidingLayer):
    """activation(conv2d(x, w) + b). Shapes: x (batch, channels, rows, columns) -> y (batch, filters, rows', columns').

    w is (filters, channels / groups, *kernel_size), b (filters). rows' = (rows + padding - dilation (kernel - 1) - 1)
    // stride + 1, and columns' alike. A number stands for both axes.

    padding : "valid" (none), "same" (keeps the size, for stride 1), an int, or ((top, bottom), (left, right))
    groups : channels are cut into as many parts that do not see each other; as many as channels is depthwise
    weight_init : He's rule before a relu, Xavier's otherwise. It draws (*kernel_size, channels / groups, filters), so
        the fan in is channels times kernel.

    Source: PyTorch, torch.nn.Conv2d; LeCun et al., Gradient-based learning applied to document recognition, 1998.

    Example
    -------
    >>> import graphnn as gn
    >>> layer = gn.nn.Conv2d(8, 3, gn.relu, padding="same")
    >>> layer(gn.input("images", ("batch", 1, 28, 28))).shape, layer(gn.input("small", ("batch", 1, 5, 4))).shape
    ((batch, 8, 28, 28), (batch, 8, 5, 4))
    """

    axes: ClassVar[int] = 2
    wanted: ClassVar[str] = "(batch, channels, rows, columns)"

    def apply(self, x: Node, *, training: bool) -> Node:
        return self.finish(conv2d(x, self.w, self.b, **self.settings), training=training)


class SpreadingLayer(SlidingLayer):
    """What transposed convolutions have in common: weights lie the other way round, and output_padding."""

    ends: ClassVar[tuple[int, int]] = (0, 1)

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        activation: Activation | None = None,
        *,
        stride: Sizes = 1,
        padding: Any = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        use_bias: bool = True,
        weight_init: Initializer | None = None,
        bias_init: Initializer = init.zeros,
        name: str | None = None,
        seed: int = 0,
    ):
        read_numbers(output_padding, self.axes, type(self).__name__, "output_padding", least=0)
        super().__init__(
            filters, kernel_size, activation, stride=stride, padding=padding, dilation=dilation, groups=groups,
            use_bias=use_bias, weight_init=weight_init, bias_init=bias_init, name=name, seed=seed,
        )  # fmt: skip
        self.settings["output_padding"] = output_padding

    def weight_shape(self, channels: int) -> tuple[int, ...]:
        """(channels, filters / groups, *kernel)."""
        return (channels, self.filters // self.groups, *self.kernel)


class ConvTranspose1d(SpreadingLayer):
    """activation(conv_transpose1d(x, w) + b): Conv1d backwards, which makes sequences longer.

    Shapes: x (batch, channels, steps) -> y (batch, filters, steps'), w (channels, filters / groups, kernel_size),
    b (filters), where steps' = (steps - 1) stride - padding + dilation (kernel_size - 1) + 1 + output_padding.

    Settings are those of Conv1d; padding is cut off, output_padding is added at the end.
    Source: PyTorch, torch.nn.ConvTranspose1d.
    """

    axes: ClassVar[int] = 1
    wanted: ClassVar[str] = "(batch, channels, steps)"

    def apply(self, x: Node, *, training: bool) -> Node:
        return self.finish(conv_transpose1d(x, self.w, self.b, **self.settings), training=training)


class ConvTranspose2d(SpreadingLayer):
    """activation(conv_transpose2d(x, w) + b): Conv2d backwards, which makes images larger.

    Shapes: x (batch, channels, rows, columns) -> y (batch, filters, rows', columns'), w (channels, filters / groups,
    *kernel_size), b (filters), where rows' = (rows - 1) stride - padding + dilation (kernel - 1) + 1 + output_padding.

    Settings are those of Conv2d; padding is cut off, output_padding is added at the end.
    Source: PyTorch, torch.nn.ConvTranspose2d; Dumoulin and Visin, A guide to convolution arithmetic, 2016, section 4.
    """

    axes: ClassVar[int] = 2
    wanted: ClassVar[str] = "(batch, channels, rows, columns)"

    def apply(self, x: Node, *, training: bool) -> Node:
        return self.finish(conv_transpose2d(x, self.w, self.b, **self.settings), training=training)
