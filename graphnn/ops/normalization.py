"""Normalise by the statistics of each example: layer, group, instance and root-mean-square norm.

All are made of two ops: `standardize` takes off the mean and divides by the spread of chosen axes, `scale_shift`
gives every channel a size and a place of its own.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite
from graphnn.core.dims import shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.core.scope import scope
from graphnn.ops.axes import as_node, normal_axes
from graphnn.ops.shape import build_reshape
from graphnn.ops.standardization import (
    build_standardize,
    scale_shift,
    spread_along,
    times_channels,
)


def scaled_and_shifted(x: Node, scale: Node | None, shift: Node | None, axis: int) -> Node:
    """x * scale + shift along the axes from `axis` on; what is None is left out."""
    if scale is not None and shift is not None:
        return scale_shift.node(x, scale, shift, axis=axis)
    for v in (scale, shift):
        if v is not None and x.shape[axis : axis + v.ndim] != v.shape:
            raise ShapeError(
                f"scale_shift: scale or shift is {shape_text(v.shape)}, which are not the axes of x "
                f"{shape_text(x.shape)} from axis {axis} on."
            )
    if scale is not None:
        return times_channels(x, scale, axis)
    return x if shift is None else x + spread_along(build_reshape, shift, x, axis)


def built(record, x, scale, shift, eps, **attributes):
    """A norm whose scale or shift may be None; its nodes stand in the norm's scope all the same."""
    if scale is not None and shift is not None:
        return record.node(x, scale, shift, eps, **attributes)
    x = as_node(x, record)
    given = [v if v is None or isinstance(v, Node) else constant(v, x.dtype) for v in (scale, shift)]
    with scope(record.name):
        return record.body(x, *given, eps, **attributes)


def norm_samples(*shapes, **attributes):
    """A sample: operands of these shapes and eps."""
    return Sample((*shapes, ()), attributes, (0.2, 2.0))


@composite(
    "x(*s), scale(*c), shift(*c), eps() -> y(*s)",
    latex=r"{scale} \odot \frac{{x} - \mu}{\sqrt{\sigma^2 + {eps}}} + {shift}",
    slopes=(
        r"{scale} \odot \operatorname{standardize}' {x}", r"\sum \operatorname{standardize} {x}", "1",
        r"-\frac{{y} - {shift}}{2 (\sigma^2 + {eps})}",
    ),
    onnx="LayerNormalization",
    samples=[
        norm_samples((3, 4), (4,), (4,), axes=(1,)), norm_samples((2, 3, 4), (3, 4), (3, 4), axes=(1, 2)),
    ],
)  # fmt: skip
def layer_norm(x, scale, shift, eps, *, axes):
    """Standardise each example over its last axes, then scale and shift every element of these axes.

    Called as layer_norm(x, scale=None, shift=None, eps=1e-5, axis=None): axis names the last axes, which are as
    many as scale has if it is not said, or one. What is None is left out.
    Shapes: x (*b, *c), scale, shift (*c), eps () -> y (*b, *c). Source: Ba, Kiros, Hinton 2016, equation 4.
    """
    return scaled_and_shifted(build_standardize(x, axes, eps), scale, shift, axes[0])


@layer_norm.build
def build_layer_norm(x, scale=None, shift=None, eps=1e-5, axis=None):
    x = as_node(x, layer_norm)
    if axis is None:
        like = shift if scale is None else scale
        axis = tuple(range(-np.ndim(like), 0)) if like is not None and not isinstance(like, Node) else axis
        axis = tuple(range(-like.ndim, 0)) if isinstance(like, Node) else axis
    axes = normal_axes(-1 if axis is None else axis, x.shape, "layer_norm")
    if not axes or axes != tuple(range(axes[0], x.ndim)):
        raise ShapeError(f"layer_norm: wanted the last axes of x {shape_text(x.shape)}, found axis={axis!r}.")
    return built(layer_norm, x, scale, shift, eps, axes=axes)


@composite(
    "x(n, c, *s), scale(c), shift(c), eps() -> y(n, c, *s)",
    latex=r"{scale} \odot \frac{{x} - \mu_g}{\sqrt{\sigma_g^2 + {eps}}} + {shift}",
    slopes=(
        r"{scale} \odot \operatorname{standardize}' {x}", r"\sum \operatorname{standardize} {x}", "1",
        r"-\frac{{y} - {shift}}{2 (\sigma_g^2 + {eps})}",
    ),
    onnx="GroupNormalization",
    samples=[norm_samples((2, 4, 3), (4,), (4,), groups=2), norm_samples((3, 4), (4,), (4,), groups=2)],
)  # fmt: skip
def group_norm(x, scale, shift, eps, *, groups):
    """Standardise each example over groups of neighbouring channels, then scale and shift every channel.

    Called as group_norm(x, groups, scale=None, shift=None, eps=1e-5). One group is a layer norm over all but the
    first axis; as many groups as channels are an instance norm. What is None is left out.
    Shapes: x (n, c, *s), scale, shift (c), eps () -> y (n, c, *s). Source: Wu and He 2018, equation 7.
    """
    n, c, *s = x.shape
    if groups < 1 or not isinstance(c, int) or c % groups:
        raise ShapeError(
            f"group_norm: {c} channels of x {shape_text(x.shape)} do not make {groups} groups of equal size; "
            "wanted a number of channels that the groups divide."
        )
    parts = build_reshape(x, (n, groups, c // groups, *s))
    y = build_standardize(parts, tuple(range(2, parts.ndim)), eps)
    return scaled_and_shifted(build_reshape(y, x.shape), scale, shift, 1)


@group_norm.build
def build_group_norm(x, groups, scale=None, shift=None, eps=1e-5):
    return built(group_norm, checked_channels(x, group_norm, 2), scale, shift, eps, groups=int(groups))


def checked_channels(x, record, rank):
    """x as a node with channels along axis 1, and enough axes behind."""
    x = as_node(x, record)
    if x.ndim < rank:
        wanted = "(n, c, *s)" if rank == 2 else "(n, c, *s) with at least one axis s"
        raise ShapeError(f"{record.name}: x is {shape_text(x.shape)}, wanted {wanted}.")
    return x


@composite(
    "x(n, c, *s), scale(c), shift(c), eps() -> y(n, c, *s)",
    latex=r"{scale} \odot \frac{{x} - \mu_{n c}}{\sqrt{\sigma_{n c}^2 + {eps}}} + {shift}",
    slopes=(
        r"{scale} \odot \operatorname{standardize}' {x}", r"\sum \operatorname{standardize} {x}", "1",
        r"-\frac{{y} - {shift}}{2 (\sigma_{n c}^2 + {eps})}",
    ),
    onnx="InstanceNormalization",
    samples=[norm_samples((2, 3, 4), (3,), (3,)), norm_samples((2, 3, 2, 2), (3,), (3,))],
)  # fmt: skip
def instance_norm(x, scale, shift, eps):
    """Standardise every channel of every example over its places, then scale and shift every channel.

    Called as instance_norm(x, scale=None, shift=None, eps=1e-5); what is None is left out.
    Shapes: x (n, c, *s), scale, shift (c), eps () -> y (n, c, *s).
    Source: Ulyanov, Vedaldi, Lempitsky 2016.
    """
    places = tuple(range(2, checked_channels(x, instance_norm, 3).ndim))
    return scaled_and_shifted(build_standardize(x, places, eps), scale, shift, 1)


@instance_norm.build
def build_instance_norm(x, scale=None, shift=None, eps=1e-5):
    return built(instance_norm, checked_channels(x, instance_norm, 3), scale, shift, eps)


@composite(
    "x(*b, c), scale(c), eps() -> y(*b, c)",
    latex=r"{scale} \odot \frac{{x}}{\sqrt{\overline{{x}^2} + {eps}}}",
    slopes=(
        r"{scale} \odot \operatorname{standardize}' {x}", r"\sum \operatorname{standardize} {x}",
        r"-\frac{{y}}{2 (\overline{{x}^2} + {eps})}",
    ),
    onnx="RMSNormalization", samples=[norm_samples((3, 4), (4,)), norm_samples((2, 3, 4), (4,))],
)  # fmt: skip
def rms_norm(x, scale, eps):
    """Divide each row by the root of its mean square, then scale every column.

    Called as rms_norm(x, scale=None, eps=1e-5); None leaves the scale out.
    Shapes: x (*b, c), scale (c), eps () -> y (*b, c). Source: Zhang and Sennrich 2019, equation 4.
    """
    y = build_standardize(x, -1, eps, centered=False)
    return y if scale is None else times_channels(y, scale, x.ndim - 1)


@rms_norm.build
def build_rms_norm(x, scale=None, eps=1e-5):
    if scale is not None:
        return rms_norm.node(x, scale, eps)
    x = as_node(x, rms_norm)
    with scope("rms_norm"):
        return rms_norm.body(x, None, eps)


__all__ = ["group_norm", "instance_norm", "layer_norm", "rms_norm"]
