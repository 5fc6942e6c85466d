"""Layers that standardise each example by itself: the same in training and inference."""

from __future__ import annotations

from graphnn import init
from graphnn.core.dims import Shape
from graphnn.core.dtypes import DType
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.settings import positive_number, whole_number
from graphnn.nn.checks import check_rank, known_size
from graphnn.nn.layer import Layer
from graphnn.ops import group_norm, instance_norm, layer_norm, rms_norm


class ExampleNorm(Layer):
    """What the norms of single examples have in common: eps, and a scale and shift that learn."""

    def __init__(
        self, *, eps: float = 1e-5, affine: bool = True, name: str | None = None, seed: int = 0
    ):  # fmt: skip
        super().__init__(name=name, seed=seed)
        self.eps = positive_number(eps, f"{type(self).__name__}: eps")
        self.affine = bool(affine)
        self.scale: Node | None = None
        self.shift: Node | None = None

    def add_affine(self, sizes: tuple[int, ...], dtype: DType) -> None:
        """A scale of ones and a shift of zeros."""
        if self.affine:
            self.scale = self.add_parameter("scale", sizes, init.constant(1.0), dtype)
            self.shift = self.add_parameter("shift", sizes, init.zeros, dtype)


class LayerNorm(ExampleNorm):
    """Each example with mean 0 and spread 1 over its last axes, then a scale and shift for each element of these.

    Shapes: x (*batch, *s) -> y the same; scale, shift (*s), which are the last `axes` axes of x.

    axes : how many last axes are taken together
    affine : whether there are scale and shift
    eps : added to the variance before its root is taken

    Source: Ba, Kiros, Hinton, Layer normalization, 2016; PyTorch, torch.nn.LayerNorm.
    """

    def __init__(
        self,
        *,
        axes: int = 1,
        eps: float = 1e-5,
        affine: bool = True,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(eps=eps, affine=affine, name=name, seed=seed)
        self.axes = whole_number(axes, "LayerNorm: axes", 1)

    def build(self, shape: Shape, dtype: DType) -> None:
        check_rank(self.name, shape, f"with at least {self.axes} axes", self.axes)
        places = range(-self.axes, 0)
        self.add_affine(tuple([known_size(self.name, shape, k, f"axis {k}") for k in places]), dtype)

    def fits(self, shape: Shape) -> bool:
        """The last axes must be as they were."""
        return len(shape) >= self.axes and shape[-self.axes :] == self.shape[-self.axes :]

    def apply(self, x: Node, *, training: bool) -> Node:
        return layer_norm(x, self.scale, self.shift, self.eps, axis=tuple(range(-self.axes, 0)))


class RMSNorm(ExampleNorm):
    """Each row divided by the root of its mean square, then a scale for each column.

    Shapes: x (*batch, features) -> y the same; scale (features). affine : whether there is a scale.
    Source: Zhang and Sennrich, Root mean square layer normalization, 2019; PyTorch, torch.nn.RMSNorm.
    """

    def build(self, shape: Shape, dtype: DType) -> None:
        features = known_size(self.name, shape, -1, "last axis")
        if self.affine:
            self.scale = self.add_parameter("scale", (features,), init.constant(1.0), dtype)

    def fits(self, shape: Shape) -> bool:
        """The last axis must be as it was."""
        return bool(shape) and shape[-1] == self.shape[-1]

    def apply(self, x: Node, *, training: bool) -> Node:
        return rms_norm(x, self.scale, self.eps)


class ChannelNorm(ExampleNorm):
    """What norms with a scale and shift for each channel have in common."""

    rank = 2

    def build(self, shape: Shape, dtype: DType) -> None:
        check_rank(self.name, shape, "(batch, channels, ...)" if self.rank == 2 else "(batch, channels, steps, ...)",
                   self.rank)  # fmt: skip
        self.add_affine((known_size(self.name, shape, 1, "channels, axis 1,"),), dtype)

    def fits(self, shape: Shape) -> bool:
        """As many channels as before."""
        return len(shape) >= self.rank and shape[1] == self.shape[1]


class GroupNorm(ChannelNorm):
    """Each example with mean 0 and spread 1 over groups of neighbouring channels, then a scale and shift per channel.

    Shapes: x (batch, channels, *s) -> y the same; scale, shift (channels). One group is a layer norm over all but the
    batch, as many groups as channels an instance norm. Source: Wu and He, Group normalization, 2018; PyTorch,
    torch.nn.GroupNorm.
    """

    def __init__(
        self, groups: int, *, eps: float = 1e-5, affine: bool = True, name: str | None = None, seed: int = 0
    ):
        super().__init__(eps=eps, affine=affine, name=name, seed=seed)
        self.groups = whole_number(groups, "GroupNorm: groups", 1)

    def build(self, shape: Shape, dtype: DType) -> None:
        super().build(shape, dtype)
        if known_size(self.name, shape, 1) % self.groups:
            raise ShapeError(
                f"layer {self.name}: {shape[1]} channels of x cannot be cut into {self.groups} equal groups. Choose "
                "groups that divide them."
            )

    def apply(self, x: Node, *, training: bool) -> Node:
        return group_norm(x, self.groups, self.scale, self.shift, self.eps)


class InstanceNorm(ChannelNorm):
    """Every channel of every example with mean 0 and spread 1 over its places, then a scale and shift per channel.

    Shapes: x (batch, channels, *s) with at least one axis s -> y the same; scale, shift (channels).
    Source: Ulyanov, Vedaldi, Lempitsky, Instance normalization, 2016; PyTorch, torch.nn.InstanceNorm2d with
    affine=True.
    """

    rank = 3

    def apply(self, x: Node, *, training: bool) -> Node:
        return instance_norm(x, self.scale, self.shift, self.eps)
