"""Convolution, pooling, patches and resizing: what PyTorch says, and calls that fit."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, twin


def padded(torch: Any, x: Any, padding: tuple[int, ...], value: float = 0.0) -> Any:
    """PyTorch pads from the last axis on."""
    pairs = [padding[k : k + 2] for k in range(0, len(padding), 2)]
    return torch.nn.functional.pad(x, [n for pair in reversed(pairs) for n in pair], value=value)


@twin("conv1d", "conv2d")
def convolution(torch, x, w, *, stride, padding, dilation, groups):
    function = torch.nn.functional.conv1d if x.ndim == 3 else torch.nn.functional.conv2d
    return function(padded(torch, x, padding), w, None, stride, 0, dilation, groups)


@twin("conv2d_bias")
def convolution_with_bias(torch, x, w, b, *, stride, padding, dilation, groups, relu):
    y = torch.nn.functional.conv2d(padded(torch, x, padding), w, b, stride, 0, dilation, groups)
    return torch.relu(y) if relu else y


@twin("conv2d_weight_slope")
def weight_slope(torch, x, g, *, kernel, stride, padding, dilation, groups):
    w = torch.zeros((g.shape[1], x.shape[1] // groups, *kernel), dtype=x.dtype, requires_grad=True)
    y = torch.nn.functional.conv2d(padded(torch, x, padding), w, None, stride, 0, dilation, groups)
    return torch.autograd.grad(y, w, g, create_graph=True)[0]


@twin("conv_transpose1d", "conv_transpose2d")
def transposed(torch, x, w, *, stride, padding, output_padding, dilation, groups):
    """PyTorch cuts the same on both sides, so cut here."""
    function = torch.nn.functional.conv_transpose1d if x.ndim == 3 else torch.nn.functional.conv_transpose2d
    y = function(x, w, None, stride, 0, output_padding, groups, dilation)
    for axis in range(x.ndim - 2):
        before, behind = padding[2 * axis : 2 * axis + 2]
        y = y.narrow(2 + axis, before, y.shape[2 + axis] - before - behind)
    return y


def largest(torch, x, kernel, stride, padding, dilation):
    """Values and places, of x padded with -infinity as far as asked; a leading axis more, for planes alone."""
    planes = padded(torch, x.reshape(-1, 1, *x.shape[-2:]), padding, float("-inf"))
    return torch.nn.functional.max_pool2d(planes, kernel, stride, 0, dilation, return_indices=True)


@twin("max_pool2d")
def max_pool2d(torch, x, *, kernel, stride, padding, dilation):
    y, _ = largest(torch, x, kernel, stride, padding, dilation)
    return y.reshape(*x.shape[:-2], *y.shape[-2:])


@twin("max_pool1d")
def max_pool1d(torch, x, *, kernel, stride, padding, dilation):
    plane = x.reshape(*x.shape[:-1], 1, x.shape[-1])
    settings = ((1, kernel), (1, stride), (0, 0, *padding), (1, dilation))
    y, _ = largest(torch, plane, *settings)
    return y.reshape(*x.shape[:-1], y.shape[-1])


@twin("max_pool2d_slope")
def max_pool2d_slope(torch, g, x, *, kernel, stride, padding, dilation):
    wide = padded(torch, x.reshape(-1, 1, *x.shape[-2:]), padding, float("-inf"))
    _, at = torch.nn.functional.max_pool2d(wide, kernel, stride, 0, dilation, return_indices=True)
    zeros = torch.zeros(wide.shape, dtype=g.dtype).flatten(1)
    y = zeros.scatter_add(1, at.flatten(1), g.reshape(at.shape).flatten(1)).reshape(wide.shape)
    inside = y[..., padding[0] : padding[0] + x.shape[-2], padding[2] : padding[2] + x.shape[-1]]
    return inside.reshape(x.shape) + 0.0 * x


@twin("max_pool2d_pick")
def max_pool2d_pick(torch, v, x, *, kernel, stride, padding, dilation):
    _, at = largest(torch, x, kernel, stride, padding, dilation)
    planes = padded(torch, v.reshape(-1, 1, *v.shape[-2:]), padding).flatten(1)
    y = planes.gather(1, at.flatten(1)).reshape(*x.shape[:-2], *at.shape[-2:])
    return y + 0.0 * x.sum()


@twin("avg_pool1d", "avg_pool2d")
def avg_pool(torch, x, *, kernel, stride, padding, count_include_pad):
    """Padding that is longer behind was made by ceil_mode."""
    pairs = [padding[k : k + 2] for k in range(0, len(padding), 2)]
    axes = len(pairs)
    function = torch.nn.functional.avg_pool1d if axes == 1 else torch.nn.functional.avg_pool2d
    planes = x.reshape(-1, 1, *x.shape[x.ndim - axes :])
    uneven = any(before != behind for before, behind in pairs)
    y = function(planes, kernel, stride, tuple(before for before, _ in pairs), uneven, count_include_pad)
    return y.reshape(*x.shape[: x.ndim - axes], *y.shape[2:])


@twin("global_avg_pool2d")
def global_avg_pool2d(torch, x):
    return torch.nn.functional.adaptive_avg_pool2d(x, 1)


@twin("global_max_pool2d")
def global_max_pool2d(torch, x):
    return torch.nn.functional.adaptive_max_pool2d(x, 1)


@twin("unfold")
def unfold(torch, x, *, kernel, stride, padding, dilation):
    return torch.nn.functional.unfold(padded(torch, x, padding), kernel, dilation, 0, stride)


@twin("fold")
def fold(torch, x, *, sizes, kernel, stride, padding, dilation):
    height, width = sizes[0] + sum(padding[:2]), sizes[1] + sum(padding[2:])
    y = torch.nn.functional.fold(x, (height, width), kernel, dilation, 0, stride)
    return y[..., padding[0] : padding[0] + sizes[0], padding[2] : padding[2] + sizes[1]]


@twin("pixel_shuffle")
def pixel_shuffle(torch, x, *, upscale_factor):
    return torch.nn.functional.pixel_shuffle(x, upscale_factor)


def interpolated(torch, x, axis, length, way):
    """The axis alone, as the last one of a sequence; PyTorch refuses to resize nothing."""
    rows = x.movedim(axis, -1)
    if not x.numel():
        return (rows[..., :1] * torch.zeros(length, dtype=x.dtype)).movedim(-1, axis)
    flat = rows.reshape(1, -1, rows.shape[-1])
    if way in ("linear", "corners"):
        y = torch.nn.functional.interpolate(flat, length, mode="linear", align_corners=way == "corners")
    elif way == "area":
        y = torch.nn.functional.adaptive_avg_pool1d(flat, length)
    else:
        y = torch.nn.functional.interpolate(flat, length, mode="nearest")
    return y.reshape(*rows.shape[:-1], length).movedim(-1, axis)


@twin("resize_axis")
def resize_axis(torch, x, *, axis, length, way):
    return interpolated(torch, x, axis, length, way)


@twin("resize_axis_slope")
def resize_axis_slope(torch, g, *, axis, length, way):
    shape = (*g.shape[:axis], length, *g.shape[axis + 1 :])
    x = torch.zeros(shape, dtype=g.dtype, requires_grad=True)
    y = interpolated(torch, x, axis, g.shape[axis], way)
    return torch.autograd.grad(y, x, g, create_graph=True)[0]


# Calls that fit. Batches and channels may be empty or one; sizes come from the settings.

COUNT = st.sampled_from([0, 1, 2, 3])
SOME = st.sampled_from([1, 1, 2, 3])


def sliding(draw, axes, pads=None):
    """Kernel, stride, padding and dilation, and sizes on which at least one window fits."""
    kernel = tuple(draw(SOME) for _ in range(axes))
    stride = tuple(draw(SOME) for _ in range(axes))
    dilation = tuple(draw(st.sampled_from([1, 1, 2])) for _ in range(axes))
    padding, sizes = [], []
    for k in range(axes):
        most = 2 if pads is None else pads(kernel[k])
        padding += [draw(st.integers(0, most)) for _ in range(2)]
        span = dilation[k] * (kernel[k] - 1) + 1
        sizes.append(max(1, span - sum(padding[-2:])) + draw(st.integers(0, 3)))
    return {"kernel": kernel, "stride": stride, "padding": tuple(padding), "dilation": dilation}, tuple(sizes)


def output_sizes(found, sizes):
    """How many windows there are."""
    return tuple(
        (n + sum(found["padding"][2 * k : 2 * k + 2]) - found["dilation"][k] * (found["kernel"][k] - 1) - 1)
        // found["stride"][k]
        + 1
        for k, n in enumerate(sizes)
    )


def without_kernel(found, axes, groups):
    """The settings of a convolution: numbers for sequences, tuples for images."""
    keep = {key: found[key] if axes == 2 else found[key][0] for key in ("stride", "dilation")}
    return {**keep, "padding": found["padding"], "groups": groups}


def convolution_call(draw, axes):
    found, sizes = sliding(draw, axes)
    groups = draw(SOME)
    n, channels, kernels = draw(COUNT), draw(SOME), draw(SOME)
    x = (n, channels * groups, *sizes)
    w = (kernels * groups, channels, *found["kernel"])
    return x, w, without_kernel(found, axes, groups), found


@draws("conv1d")
def calls_of_conv1d(draw):
    x, w, settings, _ = convolution_call(draw, 1)
    return Sample((x, w), settings)


@draws("conv2d")
def calls_of_conv2d(draw):
    x, w, settings, _ = convolution_call(draw, 2)
    return Sample((x, w), settings)


@draws("conv2d_bias")
def calls_of_conv2d_bias(draw):
    x, w, settings, _ = convolution_call(draw, 2)
    return Sample((x, w, w[:1]), {**settings, "relu": draw(st.booleans())})


@draws("conv2d_weight_slope")
def calls_of_conv2d_weight_slope(draw):
    x, w, settings, found = convolution_call(draw, 2)
    g = (x[0], w[0], *output_sizes(found, x[2:]))
    return Sample((x, g), {**settings, "kernel": w[2:]})


def transposed_call(draw, axes):
    """The sizes of x are drawn; padding is what the result can spare."""
    found, _ = sliding(draw, axes)
    groups, n, channels, kernels = draw(SOME), draw(COUNT), draw(SOME), draw(SOME)
    sizes = tuple(draw(SOME) for _ in range(axes))
    extra = tuple(draw(st.integers(0, s - 1)) for s in found["stride"])
    padding = []
    for k, size in enumerate(sizes):
        whole = (size - 1) * found["stride"][k] + found["dilation"][k] * (found["kernel"][k] - 1) + 1
        before = draw(st.integers(0, max(0, min(2, whole - 1))))
        padding += [before, draw(st.integers(0, max(0, min(2, whole - 1 - before))))]
    settings = without_kernel({**found, "padding": tuple(padding)}, axes, groups)
    settings["output_padding"] = extra if axes == 2 else extra[0]
    shapes = (n, kernels * groups, *sizes), (kernels * groups, channels, *found["kernel"])
    return Sample(shapes, settings)


@draws("conv_transpose1d")
def calls_of_conv_transpose1d(draw):
    return transposed_call(draw, 1)


@draws("conv_transpose2d")
def calls_of_conv_transpose2d(draw):
    return transposed_call(draw, 2)


def pooled(draw, axes):
    """Equal padding of at most half a kernel; leading axes of any number."""
    found, sizes = sliding(draw, axes, pads=lambda k: k // 2)
    pads = [n for k in range(axes) for n in [found["padding"][2 * k]] * 2]
    found["padding"] = tuple(pads)
    spans = [d * (k - 1) + 1 for k, d in zip(found["kernel"], found["dilation"], strict=True)]
    sizes = tuple(max(n, span - 2 * p) for n, span, p in zip(sizes, spans, pads[::2], strict=True))
    return found, tuple(draw(st.lists(COUNT, max_size=3))), sizes


@draws("max_pool2d")
def calls_of_max_pool2d(draw):
    found, lead, sizes = pooled(draw, 2)
    return Sample(((*lead, *sizes),), found)


@draws("max_pool2d_slope")
def calls_of_max_pool2d_slope(draw):
    found, lead, sizes = pooled(draw, 2)
    return Sample(((*lead, *output_sizes(found, sizes)), (*lead, *sizes)), found)


@draws("max_pool2d_pick")
def calls_of_max_pool2d_pick(draw):
    found, lead, sizes = pooled(draw, 2)
    return Sample(((*lead, *sizes),) * 2, found)


@draws("max_pool1d")
def calls_of_max_pool1d(draw):
    found, lead, sizes = pooled(draw, 1)
    found = {key: value if key == "padding" else value[0] for key, value in found.items()}
    return Sample(((*lead, *sizes),), found)


@draws("avg_pool2d")
def calls_of_avg_pool2d(draw):
    found, lead, sizes = pooled(draw, 2)
    sizes = tuple(max(n, k - 2 * p) for n, k, p in zip(sizes, found["kernel"], found["padding"][::2]))
    del found["dilation"]
    return Sample(((*lead, *sizes),), {**found, "count_include_pad": draw(st.booleans())})


@draws("avg_pool1d")
def calls_of_avg_pool1d(draw):
    found, lead, sizes = pooled(draw, 1)
    found = {key: value if key == "padding" else value[0] for key, value in found.items()}
    del found["dilation"]
    return Sample(((*lead, *sizes),), {**found, "count_include_pad": draw(st.booleans())})


@draws("global_avg_pool2d", "global_max_pool2d")
def calls_of_global_pools(draw):
    return Sample(((draw(COUNT), draw(COUNT), draw(SOME), draw(SOME)),), {})


@draws("unfold")
def calls_of_unfold(draw):
    found, sizes = sliding(draw, 2)
    return Sample(((draw(COUNT), draw(COUNT), *sizes),), found)


@draws("fold")
def calls_of_fold(draw):
    found, sizes = sliding(draw, 2)
    p, q = output_sizes(found, sizes)
    taps = found["kernel"][0] * found["kernel"][1]
    return Sample(((draw(COUNT), draw(COUNT) * taps, p * q),), {**found, "sizes": sizes})


@draws("pixel_shuffle")
def calls_of_pixel_shuffle(draw):
    r = draw(SOME)
    return Sample(((draw(COUNT), draw(COUNT) * r * r, draw(COUNT), draw(COUNT)),), {"upscale_factor": r})


@draws("resize_axis", "resize_axis_slope")
def calls_of_resize_axis(draw):
    shape = [draw(COUNT) for _ in range(draw(st.integers(1, 4)))]
    axis = draw(st.integers(0, len(shape) - 1))
    shape[axis] = draw(st.integers(1, 6))
    way = draw(st.sampled_from(["nearest", "linear", "corners", "area"]))
    return Sample((tuple(shape),), {"axis": axis, "length": draw(st.integers(1, 7)), "way": way})
