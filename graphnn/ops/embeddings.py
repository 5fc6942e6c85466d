"""Vectors for words and places: an embedding is looked up in a table, a position is written in waves."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.core.declare import composite
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import as_dtype
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.core.settings import positive_number, whole_number
from graphnn.ops.axes import as_node
from graphnn.ops.comparison import equal, where
from graphnn.ops.conversion import stop_gradient
from graphnn.ops.index import take_rows
from graphnn.ops.join import build_concat
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape
from graphnn.ops.slicing import build_slice


@composite(
    "indices(*b):int64, table(n, d) -> y(*b, d)", latex=r"{table}_{{indices}}", slopes=("0", "1"), onnx="Gather",
    samples=[
        Sample(((4,), (5, 3)), limits={"indices": 5}), Sample(((2, 3), (5, 2)), limits={"indices": 5}),
    ],
)  # fmt: skip
def embedding(indices, table, *, padding_index=None):
    """The row of the table that belongs to each index.

    The row padding_index, if one is given, is looked up as it is but never learns: no gradient flows to it.
    Shapes: indices (*b) int64, table (n, d) -> y (*b, d). Source: PyTorch, torch.nn.functional.embedding.

    Raises FaultError at run time for an index that is negative, or n or more.
    """
    y = take_rows.node(table, indices)
    if padding_index is None:
        return y
    n = table.shape[0]
    if not 0 <= padding_index < (n if isinstance(n, int) else padding_index + 1):
        raise ShapeError(f"embedding: padding_index is {padding_index}, but the table has {n} rows.")
    is_padding = equal(indices, padding_index)
    is_padding = build_broadcast_to(build_reshape(is_padding, (*indices.shape, 1)), y.shape)
    return where(is_padding, stop_gradient(y), y)


@embedding.build
def build_embedding(indices, table, padding_index=None):
    if padding_index is not None:
        padding_index = whole_number(padding_index, "embedding: padding_index")
    return embedding.node(indices, table, padding_index=padding_index)


def positional_encoding(length: int, width: int, base: float = 10_000.0, dtype: Any = "float32") -> Node:
    """Sines and cosines that tell each place from every other: a constant (length, width) to add to embeddings.

    Columns 2i and 2i + 1 of row p are the sine and the cosine of p / base^(2i / width). An odd width leaves out the
    last cosine. Source: Vaswani et al. 2017, section 3.5.

    Example
    -------
    >>> import graphnn as gn
    >>> gn.positional_encoding(2, 4).value.round(3).tolist()[1]
    [0.8410000205039978, 0.5400000214576721, 0.009999999776482582, 1.0]
    """
    angles = wave_angles(
        whole_number(length, "positional_encoding: length"),
        whole_number(width, "positional_encoding: width"),
        positive_number(base, "positional_encoding: base"),
    )
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(angles), 2 * angles.shape[1])
    return constant(waves[:, :width], as_dtype(dtype, "positional_encoding"))


def wave_angles(length: int, width: int, base: float) -> np.ndarray:
    """p / base^(2i / width) in row p and column i, for half the columns, rounded up."""
    steps = np.arange(0, width, 2) / max(width, 1)
    return np.arange(length)[:, None] / base**steps


@composite(
    "x(*b, t, d) -> y(*b, t, d)",
    latex=r"{x} \odot \cos(p\, \theta) + \operatorname{turn}({x}) \odot \sin(p\, \theta)",
    slopes=(r"\operatorname{rotate}_{-p \theta}",), onnx="RotaryEmbedding",
    samples=[Sample(((3, 4),), {"base": 100.0}), Sample(((2, 3, 2),), {"base": 10000.0})],
)  # fmt: skip
def rotary_encoding(x, *, base=10000.0):
    """Turn each pair of columns by an angle that grows with the place: products then depend on distances only.

    Columns i and i + d / 2 of row p turn by p / base^(2i / d): the pairs lie half a width apart, as in ONNX, not side
    by side as in the paper. Apply it to queries and keys, head by head.
    Shapes: x (*b, t, d), t a number and d even -> y (*b, t, d). Source: Su et al. 2021, equation 34.
    """
    t, d = x.shape[-2:]
    if not isinstance(t, int) or not isinstance(d, int) or d % 2:
        raise ShapeError(
            f"rotary_encoding: x is {shape_text(x.shape)}; its last two axes must be numbers, the last one even."
        )
    angles = wave_angles(t, d, base)
    angles = np.concatenate([angles, angles], axis=1)
    front, back = (build_slice(x, (Ellipsis, part)) for part in (slice(0, d // 2), slice(d // 2, d)))
    turned = build_concat([-back, front], -1)
    return x * constant(np.cos(angles), x.dtype) + turned * constant(np.sin(angles), x.dtype)


@rotary_encoding.build
def build_rotary_encoding(x, base=10000.0):
    x = as_node(x, rotary_encoding)
    return rotary_encoding.node(x, base=positive_number(base, "rotary_encoding: base"))


__all__ = ["embedding", "positional_encoding", "rotary_encoding"]
