"""Normalise over a batch, or by the length of a vector, or by neighbouring channels.

`batch_norm` is for training: it gives the normalised batch and the new running statistics, which a Program writes;
`batch_norm_inference` uses the running statistics.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from graphnn.core.declare import composite
from graphnn.core.dims import shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.core.scope import scope
from graphnn.core.settings import whole_number
from graphnn.ops.arithmetic import abs, maximum, mul, sqrt, square
from graphnn.ops.axes import as_node, normal_axis
from graphnn.ops.comparison import greater, where
from graphnn.ops.conversion import stop_gradient
from graphnn.ops.extremes import build_max
from graphnn.ops.normalization import built, checked_channels, norm_samples, scaled_and_shifted
from graphnn.ops.optimizer_step import blend
from graphnn.ops.reduce import build_mean, build_sum, count_of
from graphnn.ops.shape import build_reshape
from graphnn.ops.slicing import place, slice
from graphnn.ops.standardization import build_standardize, spread_along


class BatchNorm(NamedTuple):
    """What batch_norm gives: the normalised batch, and the new running mean and variance.

    >>> import numpy as np
    >>> import graphnn as gn
    >>> x = gn.input("x", ("batch", 2))
    >>> mean, var = gn.parameter(np.zeros(2), "mean"), gn.parameter(np.ones(2), "var")
    >>> y, new_mean, new_var = gn.batch_norm(x, running_mean=mean, running_var=var)
    >>> _ = gn.Program(y, updates={mean: new_mean, var: new_var}).run({x: [[1.0, 0.0], [3.0, 4.0]]})
    >>> print(mean.value.round(3))
    [0.2 0.2]
    """

    y: Node
    mean: Node | None
    var: Node | None


def all_but_channels(x: Node) -> tuple[int, ...]:
    return tuple(k for k in range(x.ndim) if k != 1)


@composite(
    "x(n, c, *s), scale(c), shift(c), eps() -> y(n, c, *s)",
    latex=r"{scale} \odot \frac{{x} - \mu_c}{\sqrt{\sigma_c^2 + {eps}}} + {shift}",
    slopes=(
        r"{scale} \odot \operatorname{standardize}' {x}", r"\sum \operatorname{standardize} {x}", "1",
        r"-\frac{{y} - {shift}}{2 (\sigma_c^2 + {eps})}",
    ),
    samples=[norm_samples((4, 3), (3,), (3,)), norm_samples((2, 3, 2, 2), (3,), (3,))],
)  # fmt: skip
def batch_norm_training(x, scale, shift, eps):
    """Standardise every channel over the batch and its places, then scale and shift it: batch_norm's y.

    Shapes: x (n, c, *s), scale, shift (c), eps () -> y (n, c, *s).
    Source: Ioffe and Szegedy 2015, algorithm 1.
    """
    return scaled_and_shifted(build_standardize(x, all_but_channels(x), eps), scale, shift, 1)


@batch_norm_training.build
def build_batch_norm_training(x, scale=None, shift=None, eps=1e-5):
    return built(batch_norm_training, checked_channels(x, batch_norm_training, 2), scale, shift, eps)


def batch_norm(
    x: Any,
    scale: Any = None,
    shift: Any = None,
    running_mean: Node | None = None,
    running_var: Node | None = None,
    momentum: Any = 0.1,
    eps: Any = 1e-5,
) -> BatchNorm:
    """Batch normalisation as in training: standardise every channel of x (n, c, *s), then scale and shift it.

    The answer's `mean` and `var` are the new values of the running statistics, for a Program's updates:
    (1 - momentum) * running + momentum * of the batch. As in PyTorch, y uses the batch's variance divided by n,
    the running one that divided by n - 1. They are None where no running statistics are given.
    Shapes: x (n, c, *s), scale, shift, running_mean, running_var (c). Source: Ioffe and Szegedy 2015, algorithms
    1 and 2; PyTorch, torch.nn.BatchNorm2d.

    Raises ShapeError where a channel is known to have one number only: it has no spread.
    """
    x = checked_channels(x, batch_norm_training, 2)
    axes = all_but_channels(x)
    count = count_of(x, axes)
    if not isinstance(count, Node) and count == 1.0:
        raise ShapeError(
            f"batch_norm: x {shape_text(x.shape)} has one number in a channel; wanted at least 2."
        )
    with scope("batch_norm"):
        y = build_batch_norm_training(x, scale, shift, eps)
        if running_mean is None and running_var is None:
            return BatchNorm(y, None, None)
        gain = momentum if isinstance(momentum, Node) else constant(momentum, x.dtype)
        mean = build_mean(x, axes)
        of_batch = build_mean(square(x - spread_along(build_reshape, mean, x, 1)), axes)
        more = count / maximum(count - 1.0, 1.0) if isinstance(count, Node) else count / max(count - 1.0, 1.0)
        new_mean = running_mean if running_mean is None else blend(running_mean, mean, 1.0 - gain, gain)
        new_var = (
            running_var if running_var is None else blend(running_var, of_batch, 1.0 - gain, gain * more)
        )
        return BatchNorm(y, new_mean, new_var)


@composite(
    "x(n, c, *s), scale(c), shift(c), mean(c), var(c), eps() -> y(n, c, *s)",
    latex=r"{scale} \odot \frac{{x} - {mean}}{\sqrt{{var} + {eps}}} + {shift}",
    slopes=(
        r"\frac{{scale}}{\sqrt{{var} + {eps}}}", r"\frac{{x} - {mean}}{\sqrt{{var} + {eps}}}", "1",
        r"-\frac{{scale}}{\sqrt{{var} + {eps}}}", r"-\frac{{y} - {shift}}{2 ({var} + {eps})}",
        r"-\frac{{y} - {shift}}{2 ({var} + {eps})}",
    ),
    onnx="BatchNormalization",
    samples=[norm_samples((4, 3), *[(3,)] * 4), norm_samples((2, 3, 2, 2), *[(3,)] * 4)],
)  # fmt: skip
def batch_norm_inference(x, scale, shift, mean, var, eps):
    """Batch normalisation as in use: with the running mean and variance of each channel, not those of the batch.

    Called as batch_norm_inference(x, scale, shift, running_mean, running_var, eps=1e-5); a scale or shift of None
    is left out.
    Shapes: x (n, c, *s), scale, shift, mean, var (c), eps () -> y (n, c, *s).
    Source: Ioffe and Szegedy 2015, algorithm 2.
    """
    r = 1.0 / sqrt(var + eps)
    r = r if scale is None else scale * r
    # The mean goes first: x * r and mean * r may both be far larger than what is left.
    centred = x - spread_along(build_reshape, mean, x, 1)
    return scaled_and_shifted(centred, r, shift, 1)


@batch_norm_inference.build
def build_batch_norm_inference(x, scale, shift, running_mean, running_var, eps=1e-5):
    record = batch_norm_inference
    x = checked_channels(x, record, 2)
    if scale is not None and shift is not None:
        return record.node(x, scale, shift, running_mean, running_var, eps)
    given = [
        v if v is None or isinstance(v, Node) else constant(v, x.dtype)
        for v in (scale, shift, running_mean, running_var)
    ]
    with scope(record.name):
        return record.body(x, *given, eps)


@composite(
    "x(*s), eps() -> y(*s)", latex=r"\frac{{x}}{\max(\lVert {x} \rVert_2,\, {eps})}",
    slopes=(
        r"\frac{I - {y} {y}^\top}{\lVert {x} \rVert_2}",
        r"-\frac{{y}}{{eps}} [\lVert {x} \rVert_2 \le {eps}]",
    ),
    onnx="LpNormalization",
    samples=[
        Sample(((3, 4), ()), {"axis": 1}, (0.2, 1.0)),
        Sample(((2, 3, 2), ()), {"axis": 1}, (-1.0, -0.5)),
        Sample(((5,), ()), {"axis": 0}, (0.5, 1.0)),
    ],
)  # fmt: skip
def l2_normalize(x, eps, *, axis):
    """Vectors of length 1 along an axis: x over its Euclidean norm, or over eps where the norm is smaller.

    Called as l2_normalize(x, axis=-1, eps=1e-12). A vector of zeros stays zeros, and its slope is 1 / eps, as in
    PyTorch; vectors of norm eps count as smaller. Shapes: x (*s), eps () -> y (*s).
    Source: PyTorch, torch.nn.functional.normalize.
    """
    if x.shape[axis] == 0:
        return x / eps
    # In units of its largest element, whose square neither overflows nor vanishes. The unit cancels out, so that
    # no slope need pass through it.
    unit = stop_gradient(build_max(abs(x), axis, True))
    unit = where(greater(unit, 0.0), unit, 1.0)
    v = x / unit
    total, least = build_sum(square(v), axis, True), eps / unit
    is_long = greater(total, square(least))
    # The root is taken of ones where it is not used: its slope at 0 is infinite.
    return v / where(is_long, sqrt(where(is_long, total, 1.0)), least)


@l2_normalize.build
def build_l2_normalize(x, axis=-1, eps=1e-12):
    x = as_node(x, l2_normalize)
    return l2_normalize.node(x, eps, axis=normal_axis(axis, x.shape, "l2_normalize"))


@composite(
    "x(n, c, *s), alpha(), beta(), k() -> y(n, c, *s)",
    latex=r"\frac{{x}_c}{\left( {k} + \tfrac{{alpha}}{channels} \sum_{c'} {x}_{c'}^2 \right)^{{beta}}}",
    slopes=(
        r"\frac{{y}_c}{{x}_c} - \tfrac{2 {alpha} {beta}}{channels} \frac{{y}_c {x}_{c'}}{b}",
        r"-\frac{{beta}}{channels} \frac{{y}_c \sum {x}_{c'}^2}{b}", r"-{y} \ln b", r"-\frac{{beta} {y}}{b}",
    ),
    onnx="LRN",
    samples=[
        Sample(((2, 5, 2), (), (), ()), {"channels": 3}, (0.2, 1.0)),
        Sample(((2, 3), (), (), ()), {"channels": 2}, (0.2, 1.0)),
    ],
)  # fmt: skip
def local_response_norm(x, alpha, beta, k, *, channels):
    """Divide every channel by what `channels` neighbouring channels hold, itself among them.

    Called as local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0), where size is `channels`; y = x / b^beta,
    where b is k + alpha / size times the sum of the neighbours' squares, size // 2 of them in front of the channel.
    Shapes: x (n, c, *s), alpha, beta, k () -> y (n, c, *s).
    Source: Krizhevsky, Sutskever, Hinton 2012, section 3.3; PyTorch, torch.nn.functional.local_response_norm.
    """
    n, c, *s = x.shape
    before = channels // 2
    rest, steps = (0,) * len(s), (1,) * x.ndim
    padded = place.node(square(x), shape=(n, c + channels - 1, *s), starts=(0, before, *rest), steps=steps)
    total = slice.node(padded, starts=(0, 0, *rest), sizes=x.shape, steps=steps)
    for first in range(1, channels):
        total = total + slice.node(padded, starts=(0, first, *rest), sizes=x.shape, steps=steps)
    return x / (k + mul(alpha / float(channels), total)) ** beta


@local_response_norm.build
def build_local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    x = checked_channels(x, local_response_norm, 2)
    size = whole_number(size, "local_response_norm: size", 1)
    return local_response_norm.node(x, alpha, beta, k, channels=size)


__all__ = [
    "batch_norm",
    "batch_norm_inference",
    "batch_norm_training",
    "l2_normalize",
    "local_response_norm",
]
