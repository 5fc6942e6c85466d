"""Layers that sum up what lies under a window, or in a whole image, by its largest number or its mean.

They hold no parameters; a function such as `lambda x: gn.max_pool2d(x, 2)` does the same in a list of steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from graphnn.core.node import Node
from graphnn.nn.checks import check_rank
from graphnn.nn.convolution import Sizes
from graphnn.nn.layer import Layer
from graphnn.ops import (
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    max_pool1d,
    max_pool2d,
)
from graphnn.ops.windows import read_numbers

IMAGES = "(batch, channels, rows, columns)"


class WindowLayer(Layer):
    """What poolings by windows have in common: their settings."""

    axes: ClassVar[int]

    def __init__(
        self, kernel_size: Sizes, stride: Sizes | None, settings: dict[str, Any], name: str | None, seed: int
    ):
        super().__init__(name=name, seed=seed)
        who = type(self).__name__
        read_numbers(kernel_size, self.axes, who, "kernel_size", least=1)
        if stride is not None:
            read_numbers(stride, self.axes, who, "stride", least=1)
        for key, least in (("padding", 0), ("dilation", 1)):
            if key in settings:
                read_numbers(settings[key], self.axes, who, key, least=least)
        self.settings = {"kernel_size": kernel_size, "stride": stride, **settings}

    def checked(self, x: Node) -> Node:
        """x, with batch and channels in front of the axes that windows slide over."""
        check_rank(self.name, x.shape, "(batch, channels, steps)" if self.axes == 1 else IMAGES,
                   self.axes + 2, self.axes + 2)  # fmt: skip
        return x


class LargestLayer(WindowLayer):
    """Settings of poolings by the largest."""

    def __init__(
        self,
        kernel_size: Sizes,
        *,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
        name: str | None = None,
        seed: int = 0,
    ):
        settings = {"padding": padding, "dilation": dilation, "ceil_mode": bool(ceil_mode)}
        super().__init__(kernel_size, stride, settings, name, seed)


class MeanLayer(WindowLayer):
    """Settings of poolings by the mean."""

    def __init__(
        self,
        kernel_size: Sizes,
        *,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        name: str | None = None,
        seed: int = 0,
    ):
        settings = {
            "padding": padding,
            "ceil_mode": bool(ceil_mode),
            "count_include_pad": bool(count_include_pad),
        }
        super().__init__(kernel_size, stride, settings, name, seed)


class MaxPool1d(LargestLayer):
    """The largest under each window: gn.max_pool1d. Shapes: x (batch, channels, steps) -> y (batch, channels, steps').

    Windows lie side by side unless `stride` says otherwise. Source: PyTorch, torch.nn.MaxPool1d.
    """

    axes: ClassVar[int] = 1

    def apply(self, x: Node, *, training: bool) -> Node:
        return max_pool1d(self.checked(x), **self.settings)


class MaxPool2d(LargestLayer):
    """The largest under each window of an image: gn.max_pool2d.

    Shapes: x (batch, channels, rows, columns) -> y (batch, channels, rows', columns'). Windows lie side by side unless
    `stride` says otherwise. Source: PyTorch, torch.nn.MaxPool2d.
    """

    axes: ClassVar[int] = 2

    def apply(self, x: Node, *, training: bool) -> Node:
        return max_pool2d(self.checked(x), **self.settings)


class AvgPool1d(MeanLayer):
    """The mean under each window: gn.avg_pool1d. Shapes: x (batch, channels, steps) -> y (batch, channels, steps').

    Windows lie side by side unless `stride` says otherwise. Source: PyTorch, torch.nn.AvgPool1d.
    """

    axes: ClassVar[int] = 1

    def apply(self, x: Node, *, training: bool) -> Node:
        return avg_pool1d(self.checked(x), **self.settings)


class AvgPool2d(MeanLayer):
    """The mean under each window of an image: gn.avg_pool2d.

    Shapes: x (batch, channels, rows, columns) -> y (batch, channels, rows', columns'). Windows lie side by side unless
    `stride` says otherwise. Source: PyTorch, torch.nn.AvgPool2d.
    """

    axes: ClassVar[int] = 2

    def apply(self, x: Node, *, training: bool) -> Node:
        return avg_pool2d(self.checked(x), **self.settings)


class AdaptiveAvgPool2d(Layer):
    """Means over as many areas as asked, whatever the size of the image: gn.adaptive_avg_pool2d.

    Shapes: x (batch, channels, rows, columns) -> y (batch, channels, *output_size). A Dense layer behind it fits images
    of all sizes. Source: PyTorch, torch.nn.AdaptiveAvgPool2d.
    """

    def __init__(self, output_size: Sizes, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.output_size = read_numbers(output_size, 2, "AdaptiveAvgPool2d", "output_size", least=1)

    def apply(self, x: Node, *, training: bool) -> Node:
        check_rank(self.name, x.shape, IMAGES, 4, 4)
        y: Node = adaptive_avg_pool2d(x, self.output_size)
        return y


class GlobalLayer(Layer):
    """Settings of poolings over whole images."""

    def __init__(self, *, keepdims: bool = False, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.keepdims = bool(keepdims)

    def reduced(self, y: Node) -> Node:
        """(batch, channels), or with two axes of size 1 behind, if they are kept."""
        return y if self.keepdims else y.reshape(y.shape[:2])


class GlobalAvgPool2d(GlobalLayer):
    """The mean of each channel of each image. Shapes: x (batch, channels, rows, columns) -> y (batch, channels).

    With keepdims y is (batch, channels, 1, 1). Source: Lin et al., Network in network, 2014, section 3.2.
    """

    def apply(self, x: Node, *, training: bool) -> Node:
        check_rank(self.name, x.shape, IMAGES, 4, 4)
        return self.reduced(global_avg_pool2d(x))


class GlobalMaxPool2d(GlobalLayer):
    """The largest of each channel of each image. Shapes: x (batch, channels, rows, columns) -> y (batch, channels).

    With keepdims y is (batch, channels, 1, 1). Source: PyTorch, torch.nn.AdaptiveMaxPool2d to one place.
    """

    def apply(self, x: Node, *, training: bool) -> Node:
        check_rank(self.name, x.shape, IMAGES, 4, 4)
        return self.reduced(global_max_pool2d(x))
