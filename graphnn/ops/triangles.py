"""Diagonals and triangles of matrices, counting numbers, and the masks that attention and sequences need."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import Dim, DimLike, as_shape, shape_text, whole
from graphnn.core.dtypes import as_dtype
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.axes import as_node, normal_axis
from graphnn.ops.comparison import equal, where
from graphnn.ops.conversion import build_cast
from graphnn.ops.reduce import build_sum
from graphnn.ops.shape import build_reshape, move_axes_last, reshape
from graphnn.ops.slicing import place, slice


@op(
    "-> y(n):int64", latex=r"{start} + {step}\, i", onnx="Range", no_slope="counting numbers depend on no value",
    samples=[Sample((), {"start": 2, "step": 3, "size": 4})], per_element=(1, 0),
)  # fmt: skip
def arange(*, start=0, step=1, size):
    """Whole numbers in a row: `arange(5)`, `arange(2, 10)`, `arange(0, 10, 2)`, `arange("time")`.

    Shapes: y (n) int64, from start on, by steps, before stop. Named sizes are possible with step 1; floats by
    `.cast`. Source: NumPy, numpy.arange.
    """
    return start + step * np.arange(size)


@arange.build
def build_arange(start, stop=None, step=1):
    first, last = (0, start) if stop is None else (start, stop)
    first, last = (_whole_or_name(v, "arange") for v in (first, last))
    if whole(step) is None or step == 0:
        raise SettingError(f"arange: a step is a whole number other than 0, found {step!r}.")
    if step == 1:
        size = last - first
    elif isinstance(first, Dim) or isinstance(last, Dim):
        raise SettingError(f"arange: from {first} to {last} the step is 1, for named sizes; found {step}.")
    else:
        size = len(range(first, last, step))
    return arange.node(start=first, step=int(step), size=size if isinstance(size, Dim) else max(size, 0))


def _whole_or_name(value, who) -> DimLike:
    number = None if isinstance(value, Node) else whole(value)
    if number is not None:
        return number
    if isinstance(value, str | Dim):
        return as_shape((value,), who)[0]
    raise SettingError(f"{who}: wanted whole numbers or axis names, found {value!r}.")


@arange.shape
def arange_shape(*, start, step, size):
    return (size,)


@arange.view
def arange_view(y, *, start, step, size):
    return View((y,), {"start": start, "step": step})


@arange.kernel
def arange_kernel(y, start, step):
    for i in range(y.size):
        y[i] = start + step * i


@op(
    "-> y(m, n):bool", latex=r"[j \le i + k]", no_slope="truth values depend on no value", per_element=(1, 0),
    samples=[Sample((), {"shape": (3, 4)}), Sample((), {"shape": (3, 2), "k": -1})],
)  # fmt: skip
def tri(*, shape, k=0):
    """Whether an element of a matrix lies on or below its k-th diagonal: row i, column j, j <= i + k.

    Shapes: y (m, n) bool, `tri(m, n)`; square if n is not given. Source: NumPy, numpy.tri.
    """
    return np.tri(*shape, k, dtype=bool)


@tri.build
def build_tri(m, n=None, k=0):
    return tri.node(shape=as_shape((m, m if n is None else n), "tri"), k=_diagonal(k, "tri"))


def _diagonal(k, who):
    if whole(k) is None:
        raise SettingError(f"{who}: k numbers a diagonal, a whole number; found {k!r}.")
    return int(k)


@tri.shape
def tri_shape(*, shape, k):
    return as_shape(shape, "tri")


@tri.view
def tri_view(y, *, shape, k):
    return View((y,), {"k": k})


@tri.kernel
def tri_kernel(y, k):
    m, n = y.shape
    for i in range(m):
        for j in range(n):
            y[i, j] = j <= i + k


def eye(n, m=None, k: int = 0, dtype="float32") -> Node:
    """A matrix (n, m) with ones on its k-th diagonal and zeros elsewhere; square if m is not given."""
    rows = build_reshape(build_arange(n) + _diagonal(k, "eye"), (-1, 1))
    return build_cast(equal(rows, build_arange(n if m is None else m)), as_dtype(dtype, "eye"))


_TRIANGLES = [Sample(((3, 4),), {}), Sample(((2, 3, 3),), {"k": 1}), Sample(((4, 3),), {"k": -1})]


def _matrix(x, record):
    x = as_node(x, record)
    if x.ndim < 2:
        raise ShapeError(f"{record.name}: wanted a matrix, or several, found shape {shape_text(x.shape)}.")
    return x


@composite(
    "x(*b, m, n) -> y(*b, m, n)", latex=r"\operatorname{tril} {x}", slopes=(r"[j \le i + k]",), onnx="Trilu",
    types="number", samples=_TRIANGLES, per_element=(1, 0),
)  # fmt: skip
def tril(x, *, k=0):
    """The lower triangle of matrices: zeros above the k-th diagonal.

    Shapes: x (*b, m, n) -> y (*b, m, n). Source: NumPy, numpy.tril.
    """
    return where(tri.node(shape=x.shape[-2:], k=k), x, 0)


@tril.build
def build_tril(x, k=0):
    return tril.node(_matrix(x, tril), k=_diagonal(k, "tril"))


@composite(
    "x(*b, m, n) -> y(*b, m, n)", latex=r"\operatorname{triu} {x}", slopes=(r"[j \ge i + k]",), onnx="Trilu",
    types="number", samples=_TRIANGLES, per_element=(1, 0),
)  # fmt: skip
def triu(x, *, k=0):
    """The upper triangle of matrices: zeros below the k-th diagonal.

    Shapes: x (*b, m, n) -> y (*b, m, n). Source: NumPy, numpy.triu.
    """
    return where(tri.node(shape=x.shape[-2:], k=k - 1), 0, x)


@triu.build
def build_triu(x, k=0):
    return triu.node(_matrix(x, triu), k=_diagonal(k, "triu"))


def _diagonal_run(m, n, k, who):
    """Where the k-th diagonal of an (m, n) matrix begins in memory, and how long it is."""
    if not (isinstance(m, Dim) or isinstance(n, Dim)):
        length = max(min(m, n - k) if k >= 0 else min(m + k, n), 0)
    elif m == n:
        length = n - builtin_abs(k)
    else:
        raise ShapeError(f"{who}: sizes of a matrix that differ must be known, found {shape_text((m, n))}.")
    start = k if k >= 0 else -k * n
    return (start if length != 0 else 0), length


def builtin_abs(k):
    return k if k >= 0 else -k


@composite(
    "x(*b, m, n) -> y(*t)", latex=r"\operatorname{diagonal} {x}", slopes=(r"[i = j - k]",), types="any",
    per_element=(0, 0), samples=[Sample(((4, 4),), {}), Sample(((2, 3, 3),), {"k": 1}), Sample(((3, 3),), {"k": -2})],
)  # fmt: skip
def diagonal(x, *, k=0):
    """The k-th diagonal of matrices: those in the last two axes, or in `axis1` and `axis2`.

    Shapes: x (*b, m, n) -> y (*b, length). `diagonal(x, k)`. Source: PyTorch, torch.diagonal.
    """
    *rest, m, n = x.shape
    start, length = _diagonal_run(m, n, k, "diagonal")
    line = reshape.node(x, shape=(*rest, m * n))
    zeros, ones = (0,) * len(rest), (1,) * len(rest)
    return slice.node(line, starts=(*zeros, start), sizes=(*rest, length), steps=(*ones, n + 1))


@diagonal.build
def build_diagonal(x, k=0, axis1=-2, axis2=-1):
    x = _matrix(x, diagonal)
    axes = tuple(normal_axis(a, x.shape, "diagonal") for a in (axis1, axis2))
    if axes[0] == axes[1]:
        raise ShapeError(f"diagonal: axis1 and axis2 differ, found {axis1} and {axis2}.")
    return diagonal.node(move_axes_last(x, axes), k=_diagonal(k, "diagonal"))


@diagonal.shape
def diagonal_shape(x, *, k):
    return (*x[:-2], _diagonal_run(x[-2], x[-1], k, "diagonal")[1])


@composite(
    "x(*b, n) -> y(*t)", latex=r"\operatorname{diag} {x}", slopes=(r"[i = j - k]",), types="number",
    per_element=(0, 0), samples=[Sample(((4,),), {}), Sample(((2, 3),), {"k": 1}), Sample(((2, 3),), {"k": -1})],
)  # fmt: skip
def diag_embed(x, *, k=0):
    """Square matrices with x on their k-th diagonal and zeros elsewhere.

    Shapes: x (*b, n) -> y (*b, n + |k|, n + |k|). Source: PyTorch, torch.diag_embed.
    """
    *rest, n = x.shape
    m = n + builtin_abs(k)
    start = (k if k >= 0 else -k * m) if n != 0 else 0
    zeros, ones = (0,) * len(rest), (1,) * len(rest)
    y = place.node(x, shape=(*rest, m * m), starts=(*zeros, start), steps=(*ones, m + 1))
    return reshape.node(y, shape=(*rest, m, m))


@diag_embed.build
def build_diag_embed(x, k=0):
    return diag_embed.node(as_node(x, diag_embed), k=_diagonal(k, "diag_embed"))


@diag_embed.shape
def diag_embed_shape(x, *, k):
    return (*x[:-1], x[-1] + builtin_abs(k), x[-1] + builtin_abs(k))


def diag(x, k: int = 0) -> Node:
    """The diagonal of a matrix, or a matrix with this vector on its diagonal. Source: NumPy, numpy.diag.

    Several matrices: `diagonal`; several vectors: `diag_embed`.
    """
    x = as_node(x, diag_embed)
    if x.ndim not in (1, 2):
        raise ShapeError(
            f"diag: wanted a vector or a matrix, found shape {shape_text(x.shape)}. Several of them: "
            "diag_embed makes matrices, diagonal takes diagonals."
        )
    return build_diag_embed(x, k) if x.ndim == 1 else build_diagonal(x, k)


@composite(
    "x(*b, m, n) -> y(*b)", latex=r"\operatorname{tr} {x}", slopes=("[i = j]",), types="number", per_element=(0, 0),
    samples=[(4, 4), (2, 3, 3)],
)  # fmt: skip
def matrix_trace(x):
    """The sum of the diagonal of matrices (gn.trace runs a graph and keeps every value).

    Shapes: x (*b, m, n) -> y (*b). Source: NumPy, numpy.linalg.trace.
    """
    return build_sum(diagonal.node(x, k=0), -1)


@op(
    "lengths(*b):int64 -> y(*t):bool", latex=r"[i < {lengths}]", per_element=(1, 0),
    no_slope="a truth value has no slope", samples=[Sample(((3,),), {"size": 4}), Sample(((2, 2),), {"size": 3})],
)  # fmt: skip
def sequence_mask(lengths, *, size):
    """Which places of padded sequences are real: true at the first `lengths` of `size` places.

    Shapes: lengths (*b) int64 -> y (*b, size) bool. Source: TensorFlow, tf.sequence_mask.
    """
    return np.arange(size) < lengths[..., None]


@sequence_mask.build
def build_sequence_mask(lengths, size):
    return sequence_mask.node(lengths, size=as_shape((size,), "sequence_mask")[0])


@sequence_mask.shape
def sequence_mask_shape(lengths, *, size):
    return (*lengths, size)


@sequence_mask.view
def sequence_mask_view(lengths, y, *, size):
    return View(((prod(lengths),), (prod(lengths), size)))


@sequence_mask.kernel
def sequence_mask_kernel(lengths, y):
    rows, n = y.shape
    for r in range(rows):
        for i in range(n):
            y[r, i] = i < lengths[r]


@composite(
    "x(*s), mask(*s):bool, value() -> y(*s)", latex=r"{mask}\ ?\ {value} : {x}", types="any", per_element=(1, 0),
    slopes=(r"[\lnot {mask}]", "0", "[{mask}]"), samples=[Sample(((3, 4), (3, 4), ()))],
)  # fmt: skip
def masked_fill(x, mask, value):
    """x with `value` wherever mask is true. Shapes: x (*s), mask (*s) bool, value () -> y (*s).

    x and mask broadcast. Source: PyTorch, torch.masked_fill.
    """
    return where(mask, value, x)


__all__ = [
    "arange", "diag", "diag_embed", "diagonal", "eye", "masked_fill", "matrix_trace", "sequence_mask", "tri",
    "tril", "triu",
]  # fmt: skip
