"""Save memory in training: compute parts of the forward pass again for their slopes, instead of keeping their values.

What is made in a block `with gn.checkpoint("name"):` is a segment. `gradient` uses copies of a segment's nodes
wherever a slope needs their values; what enters the segment, and what leaves it, is kept. The copies are made when
the gradient arrives at the segment, and they are nodes: drawings show them, and `again` shows where they begin.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import SettingError
from graphnn.core.leaves import CONSTANT
from graphnn.core.node import Node, Origin
from graphnn.core.registry import OPS
from graphnn.core.scope import scope

__all__ = ["Copies", "checkpoint", "segment_of"]

MARK = "checkpoint "
"""A scope whose name begins so is a segment: the mark stays with the nodes through every rewriting and file."""

_put = object.__setattr__


@contextlib.contextmanager
def checkpoint(name: str) -> Iterator[str]:
    """Let `gradient` compute the nodes made in the block again, instead of keeping their values until then.

    The memory of a chain of n layers falls from n values to about 2 sqrt(n) if sqrt(n) neighbours at a time are in a
    block; a training step then computes the forward pass twice. Blocks need names of their own: those of one name in
    one scope are one block. Inner blocks belong to the outer one. Gradients keep their bits. Source: Chen, Xu, Zhang
    and Guestrin, Training deep nets with sublinear memory cost, 2016.

    Example
    -------
    >>> import graphnn as gn
    >>> a = gn.scalar(0.5, "a")
    >>> with gn.checkpoint("part"):
    ...     b = gn.exp(gn.exp(a))
    >>> print(gn.Graph(gn.gradient(b, a)))
    graph
      n0 = parameter 'a' float64 ()
      n1 = exp n0 -> float64 () in checkpoint part
      n2 = exp n1 -> float64 () in checkpoint part
      n3 = constant float64 () = 1.0
      n4 = again n0 n3 -> float64 () in checkpoint part
      n5 = exp n4 -> float64 () in checkpoint part
      n6 = mul n3 n2 -> float64 () in checkpoint part
      n7 = mul n6 n5 -> float64 () in checkpoint part
      return n7
    """
    if not isinstance(name, str) or not name:
        raise SettingError(f"checkpoint: a block's name is a non-empty text, found {name!r}.")
    with scope(MARK + name) as path:
        yield path


def segment_of(node: Node) -> str | None:
    """The path of the outermost segment that the node was made in; None for leaves and for what slopes made."""
    if MARK not in node.scope or node.op.role != "op" or node.origin is not None:
        return None
    path: list[str] = []
    for part in node.scope.split("/"):
        path.append(part)
        if part.startswith(MARK):
            return "/".join(path)
    return None


class Copies:
    """What slopes read: a node itself, or its copy if its segment is computed again.

    `order` holds the nodes of the forward graph, operands first.
    """

    def __init__(self, order: Sequence[Node], y: Node):
        segments = {node: path for node in order if (path := segment_of(node)) is not None}
        # What leaves a segment is kept anyway, for what comes after it.
        leaving = {y}
        for node in order if segments else ():
            path = segments.get(node)
            leaving.update(o for o in node.operands if segments.get(o, path) != path)
        self._inner = {node for node in segments if node not in leaving}
        self._segments = frozenset(segments)
        self._copy: dict[Node, Node] = {}

    def __bool__(self) -> bool:
        return bool(self._inner)

    def read(self, node: Node, g: Node) -> tuple[tuple[Node, ...], Node]:
        """Operands and output of a node as its slope reads them, once the adjoint `g` is known."""
        if node not in self._segments:
            return node.operands, node
        return tuple([self._again(o, g) for o in node.operands]), self._again(node, g)

    def _again(self, node: Node, g: Node) -> Node:
        """The copy of an inner node, after the copies of all that it needs; any other node itself."""
        waiting = [node]
        while waiting:
            top = waiting.pop()
            if top in self._copy or top not in self._inner:
                continue
            missing = [o for o in top.operands if o in self._inner and o not in self._copy]
            if missing:
                waiting += [top, *missing]
            else:
                self._copy[top] = self._made(top, g)
        return self._copy.get(node, node)

    def _made(self, node: Node, g: Node) -> Node:
        operands = [self._copy.get(o, o) for o in node.operands]
        if all(new is old for new, old in zip(operands, node.operands, strict=True)):
            # A copy with the same operands would be merged with what it is a copy of.
            slot = next(
                (k for k, o in enumerate(operands) if o.op is not CONSTANT and o.dtype in FLOATS), None
            )
            if slot is None:
                return node  # of whole numbers and constants only: kept
            after = g if g.dtype is operands[slot].dtype else g.cast(operands[slot].dtype)
            operands[slot] = OPS["again"].node(operands[slot], after)
        copy = Node(node.op, tuple(operands), node.attributes, node.shape, node.dtype)
        _put(copy, "scope", node.scope)
        _put(copy, "origin", Origin(node, None))
        return copy
