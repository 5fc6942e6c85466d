"""Take all patches out of images, add patches up to images, and trade channels for rows and columns."""

from __future__ import annotations

from math import prod

from graphnn.core.declare import composite, op
from graphnn.core.dims import Dim, shape_text
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node
from graphnn.ops.convolution import geometry
from graphnn.ops.shape import build_transpose, reshape
from graphnn.ops.windows import demand, read_numbers, read_padding, slide, unslide, windows

_SETTINGS = {"kernel": (3, 2), "stride": (1, 2), "padding": (1, 0, 1, 1), "dilation": (1, 2)}


def _read(who, kernel_size, dilation, padding, stride):
    kernel = read_numbers(kernel_size, 2, who, "kernel_size", least=1)
    stride = read_numbers(stride, 2, who, "stride", least=1)
    dilation = read_numbers(dilation, 2, who, "dilation", least=1)
    padding = read_padding(padding, kernel, stride, dilation, who)
    return {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}


def _ints(kernel, stride, padding, dilation, columns):
    ints = {"kernel_h": kernel[0], "kernel_w": kernel[1], "columns": columns}
    return {**ints, **geometry(stride, padding, dilation)}


@op(
    "x(n, c, h, w) -> y(n, k, p)", latex=r"\operatorname{patches} {x}", slopes=("1",), per_element=(0, 0),
    samples=[Sample(((2, 3, 4, 5),), _SETTINGS), Sample(((1, 2, 3, 3),), {**_SETTINGS, "kernel": (1, 1)})],
)  # fmt: skip
def unfold(x, *, kernel, stride, padding, dilation):
    """All patches of images, each as a column: what a convolution sees. Its slope is fold.

    Shapes: x (n, c, h, w) -> y (n, c * rows and columns of the kernel, patches).

    `unfold(x, kernel_size, dilation=1, padding=0, stride=1)`, with padding as in conv2d: conv2d(x, w) is
    `w.reshape(o, -1) @ unfold(x, ...)`, one row for each kernel.

    Source: PyTorch, torch.nn.functional.unfold.
    """
    patches = slide(x, kernel, stride, padding, dilation)
    return patches.reshape(
        unfold_shape(x.shape, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    )


@unfold.build
def build_unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    return unfold.node(as_node(x, unfold), **_read("unfold", kernel_size, dilation, padding, stride))


@unfold.shape
def unfold_shape(x, *, kernel, stride, padding, dilation):
    p, q = windows("unfold", x[2:], kernel, stride, padding, dilation)
    return (x[0], x[1] * prod(kernel), p * q)


@unfold.view
def unfold_view(x, y, *, kernel, stride, padding, dilation):
    columns = windows("unfold", x[2:], kernel, stride, padding, dilation)[1]
    return View((x, (y[0], x[1], prod(kernel), y[2])), _ints(kernel, stride, padding, dilation, columns))


@unfold.kernel
def unfold_kernel(x, y, kernel_h, kernel_w, columns, stride_h, stride_w, top, left, dilation_h, dilation_w):
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for tap in range(kernel_h * kernel_w):
                i, j = tap // kernel_w * dilation_h - top, tap % kernel_w * dilation_w - left
                for t in range(y.shape[3]):
                    row, column = t // columns * stride_h + i, t % columns * stride_w + j
                    inside = row >= 0 and row < x.shape[2] and column >= 0 and column < x.shape[3]
                    y[n, c, tap, t] = x[n, c, row, column] if inside else 0.0


@unfold.vjp
def unfold_vjp(g, x, y, **attributes):
    return [fold.node(g, sizes=x.shape[2:], **attributes)]


@op(
    "x(n, k, p) -> y(n, c, h, w)", latex=r"\operatorname{patches}^\top {x}", slopes=("1",), onnx="Col2Im",
    samples=[
        Sample(((2, 18, 9),), {**_SETTINGS, "sizes": (4, 5)}),
        Sample(((1, 2, 12),), {**_SETTINGS, "kernel": (1, 1), "sizes": (3, 3)}),
    ],
)  # fmt: skip
def fold(x, *, sizes, kernel, stride, padding, dilation):
    """Patches added up at the places in images that they came from: unfold backwards, and its slope.

    Shapes: x (n, c * rows and columns of the kernel, patches) -> y (n, c, h, w), sizes (h, w).

    `fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1)`. Where patches overlap their numbers add up;
    what came from the padding is dropped.

    Source: PyTorch, torch.nn.functional.fold.
    """
    settings = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    shape = fold_shape(x.shape, sizes=sizes, **settings)
    p, q = windows("fold", sizes, **settings)
    return unslide(x.reshape(*shape[:2], *kernel, p, q), shape, stride, padding, dilation)


@fold.build
def build_fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    sizes = read_numbers(output_size, 2, "fold", "output_size", least=0)
    return fold.node(as_node(x, fold), sizes=sizes, **_read("fold", kernel_size, dilation, padding, stride))


@fold.shape
def fold_shape(x, *, sizes, kernel, stride, padding, dilation):
    p, q = windows("fold", sizes, kernel, stride, padding, dilation)
    if isinstance(x[1], Dim):
        raise ShapeError(
            f"fold: axis 1 of x is {x[1]}; it must be known, to be cut into patches of {prod(kernel)}."
        )
    if x[1] % prod(kernel):
        raise ShapeError(
            f"fold: axis 1 of x is {x[1]}, wanted a multiple of the {prod(kernel)} places of a kernel {kernel}."
        )
    demand("fold", "the number of patches", x[2:], (p * q,), f"an image {shape_text(sizes)} has so many")
    return (x[0], x[1] // prod(kernel), *sizes)


@fold.view
def fold_view(x, y, *, sizes, kernel, stride, padding, dilation):
    columns = windows("fold", sizes, kernel, stride, padding, dilation)[1]
    return View(((x[0], y[1], prod(kernel), x[2]), y), _ints(kernel, stride, padding, dilation, columns))


@fold.kernel
def fold_kernel(x, y, kernel_h, kernel_w, columns, stride_h, stride_w, top, left, dilation_h, dilation_w):
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for row in range(y.shape[2]):
                for column in range(y.shape[3]):
                    y[n, c, row, column] = 0.0
            for tap in range(kernel_h * kernel_w):
                i, j = tap // kernel_w * dilation_h - top, tap % kernel_w * dilation_w - left
                for t in range(x.shape[3]):
                    row, column = t // columns * stride_h + i, t % columns * stride_w + j
                    if row >= 0 and row < y.shape[2] and column >= 0 and column < y.shape[3]:
                        y[n, c, row, column] += x[n, c, tap, t]


@fold.vjp
def fold_vjp(g, x, y, *, sizes, **attributes):
    return [unfold.node(g, **attributes)]


@composite(
    "x(n, c, h, w) -> y(n, o, p, q)", latex=r"\operatorname{shuffle} {x}", slopes=("1",), onnx="DepthToSpace",
    samples=[Sample(((2, 12, 2, 3),), {"upscale_factor": 2})],
)  # fmt: skip
def pixel_shuffle(x, *, upscale_factor):
    """Channels into rows and columns: r * r channels of x become one channel that is r times as high and wide.

    Shapes: x (n, c * r * r, h, w), upscale_factor r -> y (n, c, h * r, w * r).

    Source: PyTorch, torch.nn.functional.pixel_shuffle; Shi et al., Real-time super-resolution, 2016, eq. 4.
    """
    n, c, h, w = pixel_shuffle_shape(x.shape, upscale_factor=upscale_factor)
    r = upscale_factor
    split = reshape.node(x, shape=(n, c, r, r, x.shape[2], x.shape[3]))
    return reshape.node(build_transpose(split, (0, 1, 4, 2, 5, 3)), shape=(n, c, h, w))


@pixel_shuffle.build
def build_pixel_shuffle(x, upscale_factor):
    (r,) = read_numbers(upscale_factor, 1, "pixel_shuffle", "upscale_factor", least=1)
    return pixel_shuffle.node(as_node(x, pixel_shuffle), upscale_factor=r)


@pixel_shuffle.shape
def pixel_shuffle_shape(x, *, upscale_factor):
    square = upscale_factor**2
    if isinstance(x[1], Dim) or x[1] % square:
        raise ShapeError(
            f"pixel_shuffle: x is {shape_text(x)}; wanted (n, c, h, w), where c must be known: a multiple of {square}."
        )
    return (x[0], x[1] // square, x[2] * upscale_factor, x[3] * upscale_factor)


__all__ = ["fold", "pixel_shuffle", "unfold"]
