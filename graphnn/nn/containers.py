"""Containers: ways around, branches, repeated blocks and functions with a name, of which larger models are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, ClassVar

from graphnn.core.dims import DimLike, Shape, shape_text
from graphnn.core.errors import SettingError, ShapeError, did_you_mean
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.nn.checks import Activation, check_functions
from graphnn.nn.convolution import Conv1d, Conv2d
from graphnn.nn.dense import Dense
from graphnn.nn.layer import Layer, Step, apply_step, as_node
from graphnn.nn.sequential import Sequential
from graphnn.ops import concat

JOINS = ("add", "concat", "mean", "mul")


def as_step(layer: Layer, step: Any, name: str) -> Step:
    """A layer, a function, or a list of both as one step that the layer holds."""
    if isinstance(step, Iterable) and not isinstance(step, str | Node):
        step = Sequential(step, name=name)
    if not callable(step) or isinstance(step, Node):
        raise SettingError(
            f"{type(layer).__name__}: {name} is a layer, a function of a node, or a list of them, found {step!r}."
        )
    if isinstance(step, Layer):
        layer.add_layer(step)
    found: Step = step
    return found


class Residual(Layer):
    """activation(body(x) + shortcut(x)): what the body does is added to its operand, so gradients have a way around.

    body : a layer, a function, or a list of them
    shortcut : the same, for the way around. If not said it is x itself; where the body changes the features, a dense
        layer without bias; where it changes the channels or size of images (n, c, h, w) or of sequences (n, c, t), a
        convolution that sees one place at a time.
    activation : of the sum
    Source: He et al. 2016, Deep residual learning, equations 1 and 2.

    Example
    -------
    >>> import graphnn as gn
    >>> block = gn.nn.Residual([gn.nn.Dense(8, gn.relu), gn.nn.Dense(4)])
    >>> block(gn.input("x", ("batch", 4))).shape
    (batch, 4)
    >>> [f"{p.scope}/{p.name}" for p in block.parameters][:2]
    ['residual/body/dense1/w', 'residual/body/dense1/b']
    """

    takes: ClassVar[str] = "any"

    def __init__(
        self,
        body: Step | Iterable[Step],
        shortcut: Step | Iterable[Step] | None = None,
        activation: Activation | None = None,
        *,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        self.body = as_step(self, body, "body")
        self.shortcut = None if shortcut is None else as_step(self, shortcut, "shortcut")
        check_functions("Residual", activation)
        self.activation = activation

    def apply(self, x: Node, *, training: bool) -> Node:
        who = f"layer {self.name}"
        y = apply_step(self.body, x, who, training=training)
        if self.shortcut is None and y.shape != x.shape:
            self.shortcut = self.add_layer(self.projection(x.shape, y.shape), "shortcut")
            if self._frozen:
                self.shortcut.freeze()
        around = x if self.shortcut is None else apply_step(self.shortcut, x, who, training=training)
        if around.shape != y.shape:
            raise ShapeError(
                f"{who}: the body gives {shape_text(y.shape)} and the way around {shape_text(around.shape)}; they "
                "must be alike to be added up."
            )
        y = y + around
        return y if self.activation is None else as_node(self.activation(y), f"{who}: activation")

    def projection(self, x: Shape, y: Shape) -> Layer:
        """A layer from operands of shape x to those of shape y."""
        if x and y and x[:-1] == y[:-1] and isinstance(y[-1], int):
            return Dense(y[-1], use_bias=False)
        if len(x) == len(y) in (3, 4) and x[0] == y[0] and isinstance(y[1], int):
            strides = [stride_between(a, b) for a, b in zip(x[2:], y[2:])]
            if None not in strides:
                kind = Conv1d if len(x) == 3 else Conv2d
                return kind(y[1], 1, stride=tuple(s or 1 for s in strides), use_bias=False)
        raise ShapeError(
            f"layer {self.name}: no way around from x {shape_text(x)} to {shape_text(y)} is known. Give one: "
            "shortcut=..., a layer or a function."
        )


class Branches(Layer):
    """Several steps of the same operand, whose results are joined.

    branches : layers, functions such as `lambda x: x`, or lists of them
    join : "concat" along `axis`, or "add", "mul" or "mean" of results of one shape
    axis : for "concat"; if not said, the channels: axis 1 of images (n, c, h, w), else the last axis

    Example
    -------
    >>> import graphnn as gn
    >>> both = gn.nn.Branches([gn.nn.Dense(3, gn.relu), lambda x: x])
    >>> both(gn.input("x", ("batch", 4))).shape
    (batch, 7)
    """

    takes: ClassVar[str] = "any"

    def __init__(
        self,
        branches: Iterable[Step | Iterable[Step]],
        join: str = "concat",
        *,
        axis: int | None = None,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        if not isinstance(branches, Iterable):
            raise SettingError(f"Branches: wanted a list of layers and functions, found {branches!r}.")
        if join not in JOINS:
            raise SettingError(
                f"Branches: join is one of {', '.join(map(repr, JOINS))}, found {join!r}."
                f"{did_you_mean(str(join), JOINS)}"
            )
        self.branches = tuple(
            as_step(self, branch, f"branch{k + 1}") for k, branch in enumerate(tuple(branches))
        )
        if not self.branches:
            raise SettingError("Branches: wanted at least one branch.")
        self.join = join
        self.axis = None if axis is None else whole_axis(axis)

    def apply(self, x: Node, *others: Node | None, training: bool) -> Node:
        who = f"layer {self.name}"
        if others and not all(isinstance(branch, Layer) for branch in self.branches):
            raise ShapeError(f"{who}: more operands than x need branches that are layers.")
        found = [
            branch(x, *others, training=training)
            if isinstance(branch, Layer)
            else apply_step(branch, x, who, training=training)
            for branch in self.branches
        ]
        if self.join == "concat":
            axis = (1 if found[0].ndim == 4 else -1) if self.axis is None else self.axis
            return concat(found, axis)
        for y in found[1:]:
            if y.shape != found[0].shape:
                raise ShapeError(
                    f"{who}: to {self.join} them, branches must give one shape; found {describe(found[0])} and "
                    f"{describe(y)}."
                )
        if self.join == "mul":
            return reduce(lambda a, b: a * b, found)
        total = reduce(lambda a, b: a + b, found)
        return total if self.join == "add" else total * (1.0 / len(found))


class Repeat(Sequential):
    """Several blocks of one kind, one after another, each with weights of its own.

    make : a function that gives a new block; it is called `count` times

    Example
    -------
    >>> import graphnn as gn
    >>> tower = gn.nn.Repeat(3, lambda: gn.nn.TransformerBlock(2))
    >>> [block.name for block in tower.layers]
    ['block1', 'block2', 'block3']
    """

    default_name: ClassVar[str] = "repeat"

    def __init__(self, count: int, make: Callable[[], Step], *, name: str | None = None, seed: int = 0):
        count = whole_number(count, "Repeat: count", 1)
        if isinstance(make, Layer) or not callable(make):
            raise SettingError(
                f"Repeat: make is a function that gives a new block, such as lambda: gn.nn.Dense(8), found {make!r}."
            )
        blocks = [make() for _ in range(count)]
        layers = [block for block in blocks if isinstance(block, Layer)]
        if len(dict.fromkeys(layers)) < len(layers):
            raise SettingError(
                "Repeat: make gave the same layer twice; each block has weights of its own. Make a new one at each "
                "call, or list the layer twice in a Sequential to share its weights."
            )
        super().__init__(blocks, name=name, seed=seed)


class Lambda(Layer):
    """A function of nodes as a layer, with a name and a scope of its own in drawings.

    Example
    -------
    >>> import graphnn as gn
    >>> centred = gn.nn.Lambda(lambda x: x - x.mean(axis=-1, keepdims=True), name="centred")
    >>> centred(gn.constant([1.0, 3.0])).value.tolist()
    [-1.0, 1.0]
    """

    takes: ClassVar[str] = "any"

    def __init__(self, function: Callable[..., Node], *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        if not callable(function) or isinstance(function, Layer):
            raise SettingError(f"Lambda: wanted a function of a node, found {function!r}.")
        self.function = function

    def apply(self, x: Node, *others: Node | None, training: bool) -> Node:
        return as_node(self.function(x, *others), f"layer {self.name}")


def stride_between(before: DimLike, after: DimLike) -> int | None:
    """The stride with which one axis becomes the other where a kernel has one place; None if there is none."""
    if before == after:
        return 1
    if not isinstance(before, int) or not isinstance(after, int) or after < 1:
        return None
    stride = -(-before // after)
    return stride if stride and -(-before // stride) == after else None


def whole_axis(axis: Any) -> int:
    """The axis as an int, which may count from the end."""
    return whole_number(axis, "Branches: axis", -64)
