"""Layers that draw at random while training and are calm afterwards: noise, dropped channels, noisy relu.

Draws depend on the seed, the layer's path of names, and a counter that a trainer advances with each step.
"""

from __future__ import annotations

from graphnn.core.node import Node
from graphnn.core.settings import fraction, positive_number
from graphnn.nn.layer import Layer
from graphnn.ops import channel_dropout, gaussian_noise, noisy_relu, relu


class GaussianNoise(Layer):
    """Training: x plus normal noise of this standard deviation. Inference: x itself. Shapes: x (*s) -> y (*s).

    Source: Bishop, Training with noise is equivalent to Tikhonov regularization, 1995.
    """

    def __init__(self, deviation: float = 0.1, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.deviation = positive_number(deviation, "GaussianNoise: deviation")

    def apply(self, x: Node, *, training: bool) -> Node:
        if not training:
            return x
        return gaussian_noise(x, self.deviation, self.counter, self.stream("noise"))


class ChannelDropout(Layer):
    """Training: whole channels become 0 with probability `rate`, the others grow by 1 / (1 - rate). Inference: nothing.

    Shapes: x (batch, channels, *s) -> y the same. Neighbouring elements of an image are too alike for Dropout to hide
    anything. Source: Tompson et al., Efficient object localization using convolutional networks, 2015; PyTorch,
    torch.nn.Dropout2d.
    """

    def __init__(self, rate: float = 0.5, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.rate = fraction(rate, "ChannelDropout: rate")

    def apply(self, x: Node, *, training: bool) -> Node:
        if not training or self.rate == 0.0:
            return x
        return channel_dropout(x, self.rate, self.counter, self.stream("mask"))


class NoisyRelu(Layer):
    """Training: the positive part of x plus normal noise of this standard deviation. Inference: relu.

    Shapes: x (*s) -> y (*s). Source: Nair and Hinton, Rectified linear units improve restricted Boltzmann machines,
    2010.
    """

    def __init__(self, deviation: float = 1.0, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.deviation = positive_number(deviation, "NoisyRelu: deviation")

    def apply(self, x: Node, *, training: bool) -> Node:
        if not training:
            return relu(x)
        return noisy_relu(x, self.deviation, self.counter, self.stream("noise"))
