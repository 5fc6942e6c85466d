"""Norms in PyTorch's words. Its own functions take eps as a number only, so the formulas are written out; tests of
the norms compare with the functions themselves.
"""

from __future__ import annotations

from math import prod

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, twin

SIZE = st.sampled_from([1, 2, 3, 5])
SIZE_OR_NONE = st.sampled_from([0, 1, 2, 3, 5])
# A spread of nothing, as of one number, is divided by the root of eps: an eps of this size keeps that tame.
DOMAIN = (0.2, 2.0)


def moments(torch, x, axes, centered):
    d = x - x.mean(axes, keepdim=True) if centered else x
    return d, (d * d).mean(axes, keepdim=True)


def along(v, x, axis):
    return v.reshape((*v.shape, *[1] * (x.ndim - axis - v.ndim)))


@twin("standardize")
def standardize(torch, x, eps, axes, centered):
    d, variance = moments(torch, x, axes, centered)
    return d / torch.sqrt(variance + eps)


@twin("standardize_slope")
def standardize_slope(torch, g, x, eps, axes, centered):
    x = x if x.requires_grad else x.requires_grad_()
    (slope,) = torch.autograd.grad(
        (standardize(torch, x, eps, axes, centered) * g).sum(), x, create_graph=True
    )
    return slope


@twin("scale_shift")
def scale_shift(torch, x, scale, shift, axis):
    return x * along(scale, x, axis) + along(shift, x, axis)


@twin("layer_norm")
def layer_norm(torch, x, scale, shift, eps, axes):
    return standardize(torch, x, eps, axes, True) * scale + shift


@twin("batch_norm_training")
def batch_norm_training(torch, x, scale, shift, eps):
    axes = tuple(k for k in range(x.ndim) if k != 1)
    return scale_shift(torch, standardize(torch, x, eps, axes, True), scale, shift, 1)


@twin("batch_norm_inference")
def batch_norm_inference(torch, x, scale, shift, mean, var, eps):
    d = x - along(mean, x, 1)
    return d / torch.sqrt(along(var, x, 1) + eps) * along(scale, x, 1) + along(shift, x, 1)


@twin("instance_norm")
def instance_norm(torch, x, scale, shift, eps):
    y = standardize(torch, x, eps, tuple(range(2, x.ndim)), True)
    return scale_shift(torch, y, scale, shift, 1)


@twin("group_norm")
def group_norm(torch, x, scale, shift, eps, groups):
    parts = x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])
    y = standardize(torch, parts, eps, tuple(range(2, parts.ndim)), True)
    return scale_shift(torch, y.reshape(x.shape), scale, shift, 1)


@twin("rms_norm")
def rms_norm(torch, x, scale, eps):
    mean = (x * x).sum(-1, keepdim=True) / max(x.shape[-1], 1)  # PyTorch's mean of nothing is NaN
    return x / torch.sqrt(mean + eps) * scale


@twin("l2_normalize")
def l2_normalize(torch, x, eps, axis):
    norm = torch.sqrt((x * x).sum(axis, keepdim=True))
    return x / torch.where(norm > eps, norm, eps)


@twin("local_response_norm")
def local_response_norm(torch, x, alpha, beta, k, channels):
    n, c = x.shape[:2]
    rows = (x * x).reshape(n, 1, c, prod(x.shape[2:]))
    before = channels // 2
    padded = torch.nn.functional.pad(rows, (0, 0, before, channels - 1 - before))
    total = sum(padded[:, :, i : i + c] for i in range(channels)).reshape(x.shape)
    return x / (k + alpha / channels * total) ** beta


@twin("softmax")
def softmax(torch, x):
    return torch.softmax(x, -1)


@twin("log_softmax")
def log_softmax(torch, x):
    return torch.log_softmax(x, -1)


@twin("logsumexp")
def logsumexp(torch, x):
    return torch.logsumexp(x, -1)


@twin("softmin")
def softmin(torch, x):
    return torch.nn.functional.softmin(x, -1)


@twin("softmax_slope")
def softmax_slope(torch, g, p):
    return torch._softmax_backward_data(g, p, -1, p.dtype) if not g.requires_grad else p * (
        g - (g * p).sum(-1, keepdim=True)
    )  # fmt: skip


@twin("masked_softmax")
def masked_softmax(torch, x, mask):
    # NaN where nothing is left, and its slopes: PyTorch's attention then writes zeros, as we do.
    some = mask.any(-1, keepdim=True)
    y = torch.softmax(torch.where(mask | ~some, x, -torch.inf), -1)
    return torch.where(mask, y, 0.0)


# Statistics of nothing belong to no number, yet PyTorch's slope of eps is NaN: only axes that stay may be empty.


def shape_of(draw, least, most, sizes=SIZE_OR_NONE):
    return tuple(draw(st.lists(sizes, min_size=least, max_size=most)))


def statistics(draw):
    """A shape and neighbouring axes to keep; statistics go over the others, of which there is at least one."""
    shape = shape_of(draw, 1, 5, SIZE)
    first = draw(st.integers(0, len(shape)))
    last = draw(st.integers(first, min(len(shape), first + len(shape) - 1)))
    axes = tuple(k for k in range(len(shape)) if not first <= k < last) or (0,)
    return shape, {"axes": axes, "centered": draw(st.booleans())}


@draws("standardize")
def draw_standardize(draw):
    shape, attributes = statistics(draw)
    return Sample((shape, ()), attributes, DOMAIN)


@draws("standardize_slope")
def draw_standardize_slope(draw):
    shape, attributes = statistics(draw)
    return Sample((shape, shape, ()), attributes, DOMAIN)


@draws("scale_shift")
def draw_scale_shift(draw):
    shape = shape_of(draw, 0, 5)
    axis = draw(st.integers(0, len(shape)))
    channels = shape[axis : draw(st.integers(axis, len(shape)))]
    return Sample((shape, channels, channels), {"axis": axis})


@draws("layer_norm")
def draw_layer_norm(draw):
    batch, channels = shape_of(draw, 0, 2), shape_of(draw, 1, 3, SIZE)
    shape = (*batch, *channels)
    axes = tuple(range(len(batch), len(shape)))
    return Sample((shape, channels, channels, ()), {"axes": axes}, DOMAIN)


@draws("instance_norm")
def draw_instance_norm(draw):
    shape = (*shape_of(draw, 2, 2), *shape_of(draw, 1, 3, SIZE))
    return Sample((shape, shape[1:2], shape[1:2], ()), {}, DOMAIN)


@draws("batch_norm_training")
def draw_batch_norm_training(draw):
    shape = (draw(SIZE), draw(SIZE_OR_NONE), *shape_of(draw, 0, 3, SIZE))
    return Sample((shape, shape[1:2], shape[1:2], ()), {}, DOMAIN)


@draws("group_norm")
def draw_group_norm(draw):
    groups, each = draw(SIZE), draw(SIZE)
    shape = (draw(SIZE_OR_NONE), groups * each, *shape_of(draw, 0, 3, SIZE))
    return Sample((shape, shape[1:2], shape[1:2], ()), {"groups": groups}, DOMAIN)


@draws("l2_normalize")
def draw_l2_normalize(draw):
    shape = shape_of(draw, 1, 5)
    return Sample((shape, ()), {"axis": draw(st.integers(0, len(shape) - 1))}, DOMAIN)


@draws("local_response_norm")
def draw_local_response_norm(draw):
    shape = shape_of(draw, 2, 5)
    return Sample((shape, (), (), ()), {"channels": draw(st.integers(1, 6))}, (0.2, 1.0))
