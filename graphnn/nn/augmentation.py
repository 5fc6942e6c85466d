"""Layers that show a network each image a little otherwise at every step: moved, covered, lighter or darker.

They work in training only, within the compiled step, and are images themselves at inference. Every image of a batch
has draws of its own, a function of the seed, the layer's path of names, a counter that a trainer advances with each
step, and the image's place in the batch: the same on any number of threads. Gradients for the image pass through.

>>> import graphnn as gn
>>> net = gn.nn.Sequential([gn.nn.RandomAffine(turn=10, shift=2), gn.nn.Flatten(), gn.nn.Dense(10)], seed=1)
>>> x = gn.input("x", ("batch", 1, 28, 28))
>>> net(x, training=True).shape, net(x).shape
((batch, 10), (batch, 10))
"""

from __future__ import annotations

import math
import numbers
from typing import Any

from graphnn.core.dims import Shape, shape_text, whole
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.settings import fraction
from graphnn.nn.layer import Layer
from graphnn.ops import (
    affine_sample,
    arange,
    broadcast_to,
    cos,
    flip,
    less,
    logical_and,
    random_integers,
    random_uniform,
    reshape,
    sin,
    stack,
    where,
)


class RandomFlip(Layer):
    """Training: each example is mirrored along `axis` with probability `rate`. Shapes: x (batch, ...) -> y the same.

    axis : the last one mirrors images left to right, -2 upside down; the axis must not be the batch
    """

    def __init__(self, axis: int = -1, rate: float = 0.5, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        if whole(axis) is None:
            raise SettingError(f"RandomFlip: axis is a whole number, found {axis!r}.")
        self.axis, self.rate = axis, _share(rate, "RandomFlip: rate")

    def apply(self, x: Node, *, training: bool) -> Node:
        if not -x.ndim < self.axis < x.ndim or self.axis % x.ndim == 0:
            raise ShapeError(
                f"layer {self.name}: there is no axis {self.axis} behind the batch in {shape_text(x.shape)}."
            )
        if not training:
            return x
        chosen = less(_drawn(self, x, "flip"), self.rate)
        return where(reshape(chosen, (x.shape[0], *(1,) * (x.ndim - 1))), flip(x, self.axis), x)


class RandomAffine(Layer):
    """Training: each image is turned, shifted and zoomed in one pass. Shapes: x (batch, channels, h, w) -> y the same.

    turn : angles are drawn evenly from -turn to turn, in degrees
    shift : images move by up to so many pixels, drawn evenly, down or up and right or left; (down, right) for each
    zoom : sizes are multiplied by 1 - zoom to 1 + zoom, drawn evenly
    fill : the number that stands for what comes from beyond the edge

    Pixels between pixels are linear in their four neighbours; see affine_sample.
    """

    def __init__(
        self,
        *,
        turn: float = 0.0,
        shift: float | tuple[float, float] = 0.0,
        zoom: float = 0.0,
        fill: float = 0.0,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        who = type(self).__name__
        self.turn, self.zoom = _amount(turn, f"{who}: turn"), fraction(zoom, f"{who}: zoom")
        pair = shift if isinstance(shift, tuple | list) else (shift, shift)
        if len(pair) != 2:
            raise SettingError(f"{who}: shift is a number of pixels, or (down, right), found {shift!r}.")
        self.shift = tuple(_amount(number, f"{who}: shift") for number in pair)
        self.fill = _number(fill, f"{who}: fill")

    def apply(self, x: Node, *, training: bool) -> Node:
        check_images(self, x)
        if not training or not (self.turn or self.zoom or any(self.shift)):
            return x
        angle = self._even(x, "turn", math.radians(self.turn))
        size = 1.0 / (1.0 + self._even(x, "zoom", self.zoom))
        # Where a pixel comes from: the other way round than it moves.
        turned, across = cos(angle) * size, sin(angle) * size
        down, right = self._shifts(x)
        rows = [turned, across, -(turned * down + across * right)]
        columns = [-across, turned, across * down - turned * right]
        matrix = reshape(stack([*rows, *columns], -1), (x.shape[0], 2, 3))
        return affine_sample(x, matrix, x.shape[2:], self.fill)

    def _shifts(self, x: Node) -> tuple[Node, Node]:
        down, right = (
            self._even(x, word, most) for word, most in zip(("down", "right"), self.shift, strict=True)
        )
        return down, right

    def _even(self, x: Node, word: str, most: float) -> Node:
        """A draw between -most and most for each image; zeros draw nothing."""
        if most == 0.0:
            return _for_each(x, 0.0)
        return (2.0 * _drawn(self, x, word) - 1.0) * most


class RandomShift(RandomAffine):
    """Training: each image moves by up to `pixels` whole pixels. Shapes: x (batch, channels, h, w) -> y the same.

    pixels : a number for both directions, or (down, right); all whole shifts from -pixels to pixels are equally likely
    fill : the number that stands for what comes from beyond the edge
    """

    def __init__(
        self,
        pixels: int | tuple[int, int] = 2,
        fill: float = 0.0,
        *,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(shift=pixels, fill=fill, name=name, seed=seed)
        if any(most != int(most) for most in self.shift):
            raise SettingError(f"RandomShift: pixels are whole numbers, found {pixels!r}.")

    def _shifts(self, x: Node) -> tuple[Node, Node]:
        down, right = (
            random_integers(self.counter, (x.shape[0],), self.stream(word), -int(most), int(most) + 1).cast(
                x.dtype
            )
            for word, most in zip(("down", "right"), self.shift, strict=True)
        )
        return down, right


class RandomRotate(RandomAffine):
    """Training: each image is turned about its middle by up to `degrees`. Shapes: x (batch, channels, h, w) -> y."""

    def __init__(self, degrees: float = 15.0, fill: float = 0.0, *, name: str | None = None, seed: int = 0):
        super().__init__(turn=degrees, fill=fill, name=name, seed=seed)


class RandomZoom(RandomAffine):
    """Training: each image is larger or smaller by up to the share `zoom`. Shapes: x (batch, channels, h, w) -> y."""

    def __init__(self, zoom: float = 0.1, fill: float = 0.0, *, name: str | None = None, seed: int = 0):
        super().__init__(zoom=zoom, fill=fill, name=name, seed=seed)


class RandomCrop(Layer):
    """Training: a piece of each image from a random place; inference: its middle.

    Shapes: x (batch, channels, h, w) -> y (batch, channels, *size).

    size : (height, width) of the piece, or a number for both
    padding : pixels of `fill` about the image, of which the piece may take some
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int = 0,
        fill: float = 0.0,
        *,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        pair = size if isinstance(size, tuple | list) else (size, size)
        if len(pair) != 2 or any(whole(n) is None or n < 1 for n in pair):
            raise SettingError(f"RandomCrop: size is (height, width) in pixels, found {size!r}.")
        if whole(padding) is None or padding < 0:
            raise SettingError(f"RandomCrop: padding is a number of pixels, found {padding!r}.")
        self.size, self.padding = (int(pair[0]), int(pair[1])), int(padding)
        self.fill = _number(fill, "RandomCrop: fill")

    def apply(self, x: Node, *, training: bool) -> Node:
        height, width = check_images(self, x)
        room = [n + 2 * self.padding - wanted for n, wanted in zip((height, width), self.size, strict=True)]
        if min(room) < 0:
            raise ShapeError(
                f"layer {self.name}: a piece of {self.size} is larger than images of {height} x {width} with "
                f"{self.padding} pixels about them."
            )
        if not training:
            top, left = (most // 2 - self.padding for most in room)
            if min(top, left) >= 0 and top + self.size[0] <= height and left + self.size[1] <= width:
                return x[:, :, top : top + self.size[0], left : left + self.size[1]]
        places = [
            random_integers(self.counter, (x.shape[0],), self.stream(word), 0, most + 1).cast(x.dtype)
            if training
            else _for_each(x, float(most // 2))
            for word, most in zip(("down", "right"), room, strict=True)
        ]
        one, none = _for_each(x, 1.0), _for_each(x, 0.0)
        down, right = (place - most / 2 for place, most in zip(places, room, strict=True))
        matrix = stack([one, none, down, none, one, right], -1)
        return affine_sample(x, reshape(matrix, (x.shape[0], 2, 3)), self.size, self.fill)


class RandomErase(Layer):
    """Training: a rectangle of each image, about a random pixel, becomes `fill`; a part of it may lie beyond the edge.

    Shapes: x (batch, channels, h, w) -> y the same.

    size : (height, width) of the rectangle, or a number for both
    rate : the share of images that lose a rectangle

    Source: DeVries and Taylor, Improved regularization of convolutional neural networks with cutout, 2017.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        rate: float = 1.0,
        fill: float = 0.0,
        *,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        pair = size if isinstance(size, tuple | list) else (size, size)
        if len(pair) != 2 or any(whole(n) is None or n < 1 for n in pair):
            raise SettingError(f"RandomErase: size is (height, width) in pixels, found {size!r}.")
        self.size, self.rate = (int(pair[0]), int(pair[1])), _share(rate, "RandomErase: rate")
        self.fill = _number(fill, "RandomErase: fill")

    def apply(self, x: Node, *, training: bool) -> Node:
        sizes = check_images(self, x)
        if not training:
            return x
        inside = less(reshape(_drawn(self, x, "rate"), (x.shape[0], 1, 1, 1)), self.rate)
        for axis, word, length, size in zip((2, 3), ("down", "right"), sizes, self.size, strict=True):
            middle = random_integers(self.counter, (x.shape[0], 1, 1, 1), self.stream(word), 0, length)
            line = reshape(arange(length), (1, 1, length, 1) if axis == 2 else (1, 1, 1, length))
            distance = line - (middle - size // 2)
            inside = logical_and(inside, logical_and(distance >= 0, distance < size))
        return where(inside, self.fill, x)


class RandomBrightness(Layer):
    """Training: a number from -amount to amount, drawn evenly, is added to each image. Shapes: x (batch, ...) -> y."""

    def __init__(self, amount: float = 0.1, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.amount = _amount(amount, "RandomBrightness: amount")

    def apply(self, x: Node, *, training: bool) -> Node:
        if not training or self.amount == 0.0:
            return x
        added = (2.0 * _drawn(self, x, "brightness") - 1.0) * self.amount
        return x + reshape(added, (x.shape[0], *(1,) * (x.ndim - 1)))


class RandomContrast(Layer):
    """Training: what differs from the mean of its channel is multiplied by 1 - amount to 1 + amount for each image.

    Shapes: x (batch, channels, h, w) -> y the same. Source: TensorFlow, tf.image.random_contrast.
    """

    def __init__(self, amount: float = 0.1, *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.amount = _amount(amount, "RandomContrast: amount")

    def apply(self, x: Node, *, training: bool) -> Node:
        check_images(self, x)
        if not training or self.amount == 0.0:
            return x
        factor = 1.0 + (2.0 * _drawn(self, x, "contrast") - 1.0) * self.amount
        mean = x.mean(axis=(2, 3), keepdims=True)
        return mean + (x - mean) * reshape(factor, (x.shape[0], 1, 1, 1))


def _drawn(layer: Layer, x: Node, word: str) -> Node:
    """A number from [0, 1) for each example of the batch."""
    return random_uniform(layer.counter, (x.shape[0],), layer.stream(word), x.dtype)


def _for_each(x: Node, number: float) -> Node:
    """The same number for each example of the batch."""
    return broadcast_to(constant(number, dtype=x.dtype), (x.shape[0],))


def check_images(layer: Layer, x: Node) -> tuple[int, int]:
    """The height and width of the images, or an error for what are no images of known size."""
    sizes: Shape = x.shape[2:]
    if x.ndim != 4 or not all(isinstance(n, int) for n in sizes):
        raise ShapeError(
            f"layer {layer.name}: wanted images (batch, channels, height, width) of known height and width, found "
            f"{shape_text(x.shape)}. Reshape rows first, as by gn.nn.Reshape((1, 8, 8))."
        )
    height, width = sizes
    return int(height), int(width)  # type: ignore[arg-type]


def _number(value: Any, who: str) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not math.isfinite(value):
        raise SettingError(f"{who}: wanted a finite number, found {value!r}.")
    return float(value)


def _amount(value: Any, who: str) -> float:
    number = _number(value, who)
    if number < 0.0:
        raise SettingError(f"{who}: wanted a number of at least 0, found {value!r}.")
    return number


def _share(value: Any, who: str) -> float:
    number = _number(value, who)
    if not 0.0 <= number <= 1.0:
        raise SettingError(f"{who}: wanted a number from 0 to 1, found {value!r}.")
    return number
