"""BatchNorm: standardise every channel over the batch while training, by running statistics afterwards."""

from __future__ import annotations

from graphnn import init
from graphnn.core.dims import Shape
from graphnn.core.dtypes import DType
from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.core.settings import positive_number
from graphnn.nn.checks import check_rank, known_size
from graphnn.nn.layer import Layer
from graphnn.ops import batch_norm, batch_norm_inference, with_update


class BatchNorm(Layer):
    """Every channel with mean 0 and spread 1, then a scale and a shift that learn.

    Shapes: x (batch, channels, *s) -> y the same: features (batch, channels), sequences and images alike. Parameters:
    scale, shift, mean, var (channels).

    Training uses the batch's mean and variance, and moves the running ones on: (1 - momentum) * running + momentum *
    batch, with the variance divided by n - 1, as in PyTorch. A Trainer writes them by itself; for a Program of your
    own pass `updates=gn.state_updates(loss)`. Inference uses the running ones. So does a frozen layer's training
    graph: nothing of a frozen layer changes.

    affine : whether there are scale and shift
    eps : added to the variance before its root is taken

    Source: Ioffe and Szegedy, Batch normalization, 2015; PyTorch, torch.nn.BatchNorm2d.

    Example
    -------
    >>> import graphnn as gn
    >>> layer = gn.nn.BatchNorm()
    >>> y = layer(gn.input("x", ("batch", 3)), training=True)
    >>> {p.name: p.trainable for p in layer.parameters}
    {'scale': True, 'shift': True, 'mean': False, 'var': False}
    """

    def __init__(
        self,
        *,
        momentum: float = 0.1,
        eps: float = 1e-5,
        affine: bool = True,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        self.momentum = positive_number(momentum, "BatchNorm: momentum")
        if self.momentum > 1.0:
            raise SettingError(f"BatchNorm: momentum is a share above 0 and up to 1, found {momentum!r}.")
        self.eps = positive_number(eps, "BatchNorm: eps")
        self.affine = bool(affine)

    def build(self, shape: Shape, dtype: DType) -> None:
        check_rank(self.name, shape, "(batch, channels, ...)", 2)
        channels = (known_size(self.name, shape, 1, "channels, axis 1,"),)
        ones = init.constant(1.0)
        self.scale = self.add_parameter("scale", channels, ones, dtype) if self.affine else None
        self.shift = self.add_parameter("shift", channels, init.zeros, dtype) if self.affine else None
        self.mean = self.add_parameter("mean", channels, init.zeros, dtype, trainable=False)
        self.var = self.add_parameter("var", channels, ones, dtype, trainable=False)

    def fits(self, shape: Shape) -> bool:
        """As many channels as before."""
        return len(shape) >= 2 and shape[1] == self.shape[1]

    def apply(self, x: Node, *, training: bool) -> Node:
        if not training or self.frozen:
            return batch_norm_inference(x, self.scale, self.shift, self.mean, self.var, self.eps)
        found = batch_norm(x, self.scale, self.shift, self.mean, self.var, self.momentum, self.eps)
        return with_update(with_update(found.y, self.mean, found.mean), self.var, found.var)
