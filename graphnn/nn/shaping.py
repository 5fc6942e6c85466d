"""Layers that give a batch another shape: Flatten, Reshape, Upsample. The batch axis stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from graphnn.core.dims import as_shape
from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.nn.checks import check_rank
from graphnn.nn.layer import Layer
from graphnn.ops import flatten, reshape, resize


class Flatten(Layer):
    """All axes from `start` on as one. Shapes: x (batch, *s) -> y (batch, n) with the product n of the axes s."""

    takes: ClassVar[str] = "any"

    def __init__(self, *, start: int = 1, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        self.start = whole_number(start, "Flatten: start")

    def apply(self, x: Node, *, training: bool) -> Node:
        check_rank(self.name, x.shape, f"with more than {self.start} axes", self.start + 1)
        return flatten(x, start=self.start)


class Reshape(Layer):
    """Each example in another shape. Shapes: x (batch, *s) -> y (batch, *shape), with as many elements.

    shape : without the batch axis; one size may be -1, which stands for what is left
    """

    takes: ClassVar[str] = "any"

    def __init__(self, shape: int | Sequence[int | str], *, name: str | None = None, seed: int = 0):
        super().__init__(name=name, seed=seed)
        parts = shape if isinstance(shape, tuple | list) else (shape,)
        self.target = tuple([-1 if part == -1 else as_shape((part,), "Reshape")[0] for part in parts])
        if sum(part == -1 for part in self.target) > 1:
            raise SettingError(f"Reshape: only one size can be -1, found {shape!r}.")

    def apply(self, x: Node, *, training: bool) -> Node:
        check_rank(self.name, x.shape, "(batch, *s)", 1)
        return reshape(x, (x.shape[0], *self.target))


class Upsample(Layer):
    """Sequences or images in another size, larger or smaller: gn.resize. Shapes: x (batch, channels, *s) -> y alike.

    size, scale : the new sizes, or what the old ones are multiplied with; one number or one for each axis
    mode : "nearest", "linear" ("bilinear" says the same for images), or "area"
    align_corners : outermost elements stay in place, in linear modes

    Source: PyTorch, torch.nn.Upsample with recompute_scale_factor=True.
    """

    def __init__(
        self,
        scale: float | Sequence[float] | None = None,
        *,
        size: int | Sequence[int] | None = None,
        mode: str = "nearest",
        align_corners: bool = False,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        if (size is None) == (scale is None):
            raise SettingError("Upsample: give either scale or size.")
        self.settings: dict[str, Any] = {
            "size": size,
            "scale": scale,
            "mode": mode,
            "align_corners": bool(align_corners),
        }

    def apply(self, x: Node, *, training: bool) -> Node:
        check_rank(self.name, x.shape, "(batch, channels, *s)", 3)
        y: Node = resize(x, **self.settings)
        return y
