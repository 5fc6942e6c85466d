"""Second derivatives and whole Jacobians as graphs: Hessian times vector, Jacobian, Hessian."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import GraphError, ShapeError
from graphnn.core.graph import as_nodes
from graphnn.core.leaves import constant, describe, input
from graphnn.core.node import Node
from graphnn.core.registry import OPS
from graphnn.ops.join import stack
from graphnn.transform.forward_mode import as_vector, jvp
from graphnn.transform.gradient import gradient
from graphnn.transform.rewrite import substitute

__all__ = ["hessian", "hessian_vector_product", "jacobian"]


def hessian_vector_product(loss: Node, wrt: Any, vectors: Any) -> Any:
    """The Hessian of a scalar times a vector, without the Hessian: how the gradient moves along `vectors`.

    `wrt` is a node or a list, `vectors` one node or array of its shape for each; the answer has the form of
    `wrt`. It costs a small multiple of the gradient, whatever the number of parameters.

    Reverse over reverse: the gradient of <gradient, vector>. `gn.jvp(gn.gradient(loss, wrt), wrt, vectors)`,
    forward over reverse, gives the same numbers at the same price; see docs/decisions/023.

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.parameter([1.0, 2.0], "x", "float64")
    >>> loss = (x ** 3).sum()
    >>> gn.hessian_vector_product(loss, x, [1.0, 10.0]).value.tolist()
    [6.0, 120.0]

    Source: Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6(1), 1994.
    """
    nodes = as_nodes(wrt, "hessian_vector_product")
    if isinstance(wrt, Node):
        vectors = [vectors]
    elif isinstance(vectors, Node) or not isinstance(vectors, Sequence) or len(vectors) != len(nodes):
        raise GraphError(
            f"hessian_vector_product: wanted a list of {len(nodes)} vectors, one for each node of wrt; "
            f"found {vectors!r}."
        )
    along = constant(0.0, dtype=loss.dtype)
    slopes = gradient(loss, list(nodes), no_path="zero")
    # A vector may be made of `wrt` itself, as the gradient is: it is put in only after the differentiation.
    places: dict[Node, Node] = {}
    for k, (node, slope, vector) in enumerate(zip(nodes, slopes, vectors, strict=True)):
        place = input(f"vector {k}", node.shape, node.dtype)
        places[place] = as_vector(vector, node, "hessian_vector_product", "vector")
        part = OPS["sum"](slope * place)
        along = along + (part if part.dtype is along.dtype else OPS["cast"](part, along.dtype))
    found = list(substitute(gradient(along, list(nodes), no_path="zero"), places)[0])
    return found[0] if isinstance(wrt, Node) else found


def jacobian(y: Any, x: Any) -> Any:
    """Every slope of every element of y with respect to every element of x: shape y.shape + x.shape.

    y and x are float nodes, or lists of them: then the answer is a list, over y first. The graph holds one
    backward pass per element of y, or one forward pass per element of x, whichever are fewer, so it is for
    small ones; for products with a Jacobian use `jvp`, or `gradient` with `seed`.

    Raises ShapeError if an axis has a name instead of a size: the number of passes must be known.

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.parameter([1.0, 2.0], "x", "float64")
    >>> gn.jacobian(x * x, x).value.tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    return _jacobian(y, x, "jacobian")


def hessian(loss: Node, x: Any) -> Any:
    """Every second slope of a scalar: shape x.shape + x.shape, or for a list of nodes a list of lists of blocks.

    One pass for each element of x, so it is for small ones; see `hessian_vector_product` for large ones.

    Raises ShapeError if an axis has a name instead of a size.

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.parameter([1.0, 2.0], "x", "float64")
    >>> gn.hessian(x[0] * x[0] * x[1], x).value.tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """
    nodes = as_nodes(x, "hessian")
    for node in nodes:
        _sizes(node, "hessian")
    slopes = gradient(loss, x, no_path="zero")
    return _jacobian(slopes, x, "hessian")


def _jacobian(y: Any, x: Any, who: str) -> Any:
    ys, xs = as_nodes(y, who), as_nodes(x, who)
    for node in (*ys, *xs):
        _sizes(node, who)
    if sum(map(_size, xs)) < sum(map(_size, ys)):
        blocks = _by_columns(ys, xs)
    else:
        blocks = [_by_rows(node, xs) for node in ys]
    rows = [row[0] if isinstance(x, Node) else row for row in blocks]
    return rows[0] if isinstance(y, Node) else rows


def _sizes(node: Node, who: str) -> None:
    if node.dtype not in FLOATS:
        raise GraphError(f"{who}: {describe(node)} is not a float, so it has no slopes.")
    if not all(isinstance(n, int) for n in node.shape):
        raise ShapeError(
            f"{who}: {describe(node)} has a named axis, but the number of slopes must be known. Give the axis "
            "a size, or use jvp, or gradient with seed, for products with the Jacobian."
        )


def _size(node: Node) -> int:
    return prod(node.shape)  # type: ignore[arg-type]


def _units(node: Node) -> list[Node]:
    """For each element of the node, an array of its shape with a 1 there and zeros elsewhere."""
    return [constant(row.reshape(node.shape), dtype=node.dtype) for row in np.eye(_size(node))]


def _by_rows(y: Node, xs: Sequence[Node]) -> list[Node]:
    """The slopes of y by one backward pass for each of its elements."""
    rows = [gradient(y, list(xs), seed=unit, no_path="zero") for unit in _units(y)]
    return [_stacked([row[k] for row in rows], y, x, 0) for k, x in enumerate(xs)]


def _by_columns(ys: Sequence[Node], xs: Sequence[Node]) -> list[list[Node]]:
    """The slopes of all y by one forward pass for each element of each x."""
    blocks: list[list[Node]] = [[] for _ in ys]
    for x in xs:
        columns = [jvp(list(ys), [x], [unit]) for unit in _units(x)]
        for k, y in enumerate(ys):
            blocks[k].append(_stacked([column[k] for column in columns], y, x, -1))
    return blocks


def _stacked(parts: list[Node], y: Node, x: Node, axis: int) -> Node:
    shape = (*y.shape, *x.shape)
    if not parts:
        return OPS["broadcast_to"].node(constant(0.0, dtype=x.dtype), shape=shape)
    joined = OPS["reshape"].node(stack(parts, axis=axis), shape=shape)
    return joined if joined.dtype is x.dtype else OPS["cast"](joined, x.dtype)
