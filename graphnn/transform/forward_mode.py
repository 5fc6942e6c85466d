"""Forward mode, graph to graph: how outputs move when operands move, one tangent node beside each node.

An op declares its slope once, as a vector-Jacobian product. It is linear in the adjoint g, so its transpose is the
Jacobian-vector product that forward mode needs: the contributions are built for a placeholder g, and the walk back
from them to g, with the operands' tangents as seeds, ends in the tangent. The placeholder itself is not in the
result: a linear function has the same slope everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphnn.core.collector import collector_paused
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import GraphError, ShapeError
from graphnn.core.graph import as_nodes, by_serial, reached
from graphnn.core.leaves import constant, describe, input
from graphnn.core.node import Node, Origin, current_origin
from graphnn.core.registry import OPS
from graphnn.core.scope import absolute_scope
from graphnn.transform.gradient import gradient
from graphnn.transform.rewrite import substitute

__all__ = ["Tangents", "as_vector", "jvp", "tangent_of", "zeros_like"]

_put = object.__setattr__
Moved = dict[Node, Node]


class Tangents:
    """How every node below some outputs moves when the nodes `wrt` move along `tangents`.

    The tangent of a node carries `origin`, the forward node that it was made for, so that a drawing can pair
    them. Where a node of `wrt` depends on another, its own tangent is added to what reaches it.

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.scalar(3.0, "x")
    >>> y = x * x
    >>> float(Tangents(y, [x], [1.0])[y].value)
    6.0
    """

    def __init__(self, outputs: Node | Iterable[Node], wrt: Sequence[Node], tangents: Sequence[Any]):
        self.outputs = as_nodes(outputs, "jvp")
        self._tangent: Moved = {}
        self._walk(_seeds(wrt, tangents))

    def __getitem__(self, node: Node) -> Node | None:
        """The tangent of a node; None if it does not move."""
        if not isinstance(node, Node):
            raise GraphError(f"jvp: wanted a node, found {node!r}.")
        return self._tangent.get(node)

    def items(self) -> Iterable[tuple[Node, Node]]:
        """(forward node, tangent node) pairs, in topological order."""
        return self._tangent.items()

    @collector_paused()
    def _walk(self, seeds: Moved) -> None:
        moved = self._tangent
        before = current_origin.set(None)
        try:
            for node in reached(self.outputs):
                found = None
                if node.op.differentiable and any(o in moved for o in node.operands):
                    with absolute_scope(node.scope):
                        found = tangent_of(node, [moved.get(o) for o in node.operands])
                seed = seeds.get(node)
                if seed is not None:
                    found = seed if found is None else OPS["add"](found, seed)
                if found is not None:
                    moved[node] = found
        finally:
            current_origin.reset(before)


def _seeds(wrt: Sequence[Node], tangents: Sequence[Any]) -> Moved:
    """The tangent of every node of `wrt`, as a node of its shape and dtype."""
    if len(wrt) != len(tangents):
        raise GraphError(f"jvp: wanted a tangent for each of {len(wrt)} nodes, found {len(tangents)}.")
    seeds: Moved = {}
    for node, tangent in zip(wrt, tangents, strict=True):
        if not isinstance(node, Node):
            raise GraphError(f"jvp: wrt holds {node!r}; wanted nodes.")
        if node.dtype not in FLOATS:
            raise GraphError(f"jvp: {describe(node)} is not a float, so it has no tangent.")
        seed = as_vector(tangent, node, "jvp", "tangent")
        seeds[node] = OPS["add"](seeds[node], seed) if node in seeds else seed
    return seeds


def as_vector(value: Any, node: Node, who: str, what: str) -> Node:
    """A direction to move `node` in: a node or array of its shape, or one number for all its elements."""
    vector = value if isinstance(value, Node) else constant(value, dtype=node.dtype)
    if not isinstance(value, Node) and vector.shape == () and node.shape:
        vector = OPS["broadcast_to"].node(vector, shape=node.shape)
    if vector.shape != node.shape or vector.dtype is not node.dtype:
        raise ShapeError(
            f"{who}: the {what} of {describe(node)} is {vector.dtype} {shape_text(vector.shape)}; wanted the "
            "shape and dtype of the node, or one number for all its elements."
        )
    return vector


def tangent_of(node: Node, tangents: Sequence[Node | None]) -> Node | None:
    """The tangent of one node from those of its operands (None: it does not move)."""
    if node.op.vjp_function is None:
        found, first = _through_body(node, tangents)
    else:
        found, first = _transposed(node, tangents)
    if found is not None:
        for new in _since(first, [found]):
            _put(new, "origin", Origin(node, None))
    return found


def _through_body(node: Node, tangents: Sequence[Node | None]) -> tuple[Node | None, int]:
    """The tangent of a composite with a kernel, whose slope is that of its body."""
    doors = [OPS["reshape"].node(o, shape=o.shape) for o in node.operands]
    moved = {door: t for door, t in zip(doors, tangents, strict=True) if t is not None}
    y = node.op.body(*doors, **node.attributes)  # type: ignore[misc]
    for inner in _since(doors[0].serial, [y]):
        if inner not in moved and inner.op.differentiable and any(o in moved for o in inner.operands):
            found = tangent_of(inner, [moved.get(o) for o in inner.operands])
            if found is not None:
                moved[inner] = found
    return moved.get(y), doors[0].serial


def _transposed(node: Node, tangents: Sequence[Node | None]) -> tuple[Node | None, int]:
    """The tangent from the op's own slope, by a walk back from the contributions to the adjoint g."""
    g = input("g", node.shape, node.dtype)
    waiting: dict[Node, list[Node]] = {}
    parts = _contributions(node, g)
    for part, tangent in zip(parts, tangents, strict=True):
        if part is not None and tangent is not None:
            waiting.setdefault(part, []).append(tangent)
    order = _since(g.serial, list(waiting))
    linear = {g}
    for new in order:
        if any(o in linear for o in new.operands):
            linear.add(new)
    for new in reversed(order):
        sent = waiting.pop(new, None)
        if sent is None or new not in linear:
            continue
        total = sent[0]
        for more in sent[1:]:
            total = OPS["add"](total, more)
        if new is g:
            return _without(g, total), g.serial
        if new.op.differentiable:
            for operand, part in zip(new.operands, _contributions(new, total), strict=True):
                if part is not None and operand in linear:
                    waiting.setdefault(operand, []).append(part)
    return None, g.serial


def _contributions(node: Node, g: Node) -> Sequence[Node | None]:
    """What the op's slope sends to each operand; None to those that are not floats."""
    op, operands = node.op, node.operands
    if op.vjp_function is None:
        doors = [OPS["reshape"].node(o, shape=o.shape) for o in operands]
        y = op.body(*doors, **node.attributes)  # type: ignore[misc]
        floats = [door for door in doors if door.dtype in FLOATS]
        found = dict(zip(floats, gradient(y, floats, seed=g, no_path="none"), strict=True))
        return [found.get(door) for door in doors]
    if op.signature.variadic:
        parts = op.vjp_function(g, node, *operands, **node.attributes)
    else:
        parts = op.vjp_function(g, *operands, node, **node.attributes)
    return [part if o.dtype in FLOATS else None for part, o in zip(parts, operands, strict=True)]


def _without(g: Node, tangent: Node) -> Node:
    """The tangent, with zeros for the placeholder if an op's slope made it stay in sight."""
    if all(node is not g for node in _since(g.serial, [tangent])):
        return tangent
    return substitute([tangent], {g: zeros_like(g)})[0][0]


def _since(first: int, outputs: Sequence[Node]) -> list[Node]:
    """What the outputs need and was made since the node of that serial, in topological order."""
    seen: set[Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.serial >= first and node not in seen:
            seen.add(node)
            stack.extend(node.operands)
    return sorted(seen, key=by_serial)


def jvp(outputs: Any, wrt: Any, tangents: Any) -> Any:
    """How `outputs` move when `wrt` move along `tangents`: a Jacobian-vector product for each output, as nodes.

    Parameters
    ----------
    outputs : a float node, or several; the answer has the same form
    wrt : a node, or several
    tangents : one for each node of wrt: a node or array of its shape, or one number for all elements

    One pass gives one directional derivative of any number of outputs, as `gradient` gives one output's slope
    in any number of directions. The tangents are nodes: they can be drawn, run and differentiated again.

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.scalar(2.0, "x")
    >>> t = gn.jvp(x ** 3, x, 1.0)
    >>> float(t.value), float(gn.jvp(t, x, 1.0).value), float(gn.gradient(t, x).value)
    (12.0, 12.0, 12.0)

    Source: Baydin, Pearlmutter, Radul, Siskind, Automatic differentiation in machine learning: a survey, JMLR
    2018, section 3.1; the transpose: Radul et al., You only linearize once, POPL 2023.
    """
    single = isinstance(outputs, Node)
    targets = as_nodes(outputs, "jvp")
    for node in targets:
        if node.dtype not in FLOATS:
            raise GraphError(f"jvp: {describe(node)} is not a float, so it has no tangent.")
    if isinstance(wrt, Node):
        wrt, tangents = [wrt], [tangents]
    elif isinstance(tangents, Node) or not isinstance(tangents, Sequence):
        raise GraphError(f"jvp: wrt lists nodes, so tangents is a list too, found {tangents!r}.")
    found = Tangents(targets, as_nodes(wrt, "jvp"), tangents)
    out = [zeros_like(node) if found[node] is None else found[node] for node in targets]
    return out[0] if single else out


def zeros_like(node: Node) -> Node:
    """Zeros of the node's shape and dtype."""
    zero = constant(0.0, dtype=node.dtype)
    return OPS["broadcast_to"].node(zero, shape=node.shape) if node.shape else zero
