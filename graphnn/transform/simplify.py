"""Make a graph smaller and keep its values: fold constants, merge equal nodes, drop what does nothing.

What holds, and is tested: the simplified graph gives the same bits as the given one when both are evaluated
by the meaning of their ops, with NaN, infinity and -0.0 (for NaN, its payload may differ); a second pass
changes nothing; a node that carries a name keeps standing for the same value under that name; nodes that no
rule touches stay the same objects. So 0*x stays (it is NaN for infinity), and x + 0.0 stays (it turns -0.0
into 0.0).

A folded constant holds what NumPy computes; a compiled kernel may differ from it by the kernel's stated
error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from graphnn.core.attributes import Attributes
from graphnn.core.dims import Dim
from graphnn.core.errors import GraphError
from graphnn.core.graph import Graph
from graphnn.core.leaves import CONSTANT
from graphnn.core.node import NO_ATTRIBUTES, Node
from graphnn.core.op import Op
from graphnn.core.registry import OPS
from graphnn.core.storage import Storage
from graphnn.transform.interpret import evaluate_node
from graphnn.transform.rewrite import Replacements, rewrite, same_but

__all__ = ["FOLD_BYTES", "GROW_BYTES", "simplify", "simplify_outputs"]

# A result is folded up to this size; beyond it, computing is cheaper than carrying it about.
FOLD_BYTES = 64 * 1024
# A fold may not add more than this to what its operands hold: a number spread over a matrix stays a number.
GROW_BYTES = 4 * 1024

Operands = tuple[Node, ...]
Settings = Mapping[str, Any]
Call = tuple[Op, Operands, Settings]
Algebra = Callable[[Operands, Settings, Node], Node | Call | None]


def simplify(outputs: Graph | Node | Iterable[Node]) -> Any:
    """The same values from a smaller graph; answers what it is given: a Graph, a node or a tuple of nodes.

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.input("x", (3,))
    >>> print(gn.simplify(gn.Graph(-(-x) * (gn.constant(3.0) - 2.0) + x * 1.0)))
    graph
      n0 = input 'x' float32 (3,)
      n1 = add n0 n0 -> float32 (3,)
      return n1
    """
    if isinstance(outputs, Node):
        return simplify_outputs((outputs,))[0][0]
    if isinstance(outputs, Graph):
        new, replaced = simplify_outputs(outputs.outputs)
        return Graph(new) if replaced else outputs
    if not isinstance(outputs, Iterable):
        raise GraphError(f"simplify: wanted a graph, a node or nodes, found {outputs!r}.")
    outputs = tuple(outputs)
    for node in outputs:
        if not isinstance(node, Node):
            raise GraphError(f"simplify: wanted nodes, found {node!r}.")
    return simplify_outputs(outputs)[0]


def simplify_outputs(outputs: Iterable[Node]) -> tuple[tuple[Node, ...], Replacements]:
    """The simplified outputs, and for every node of the graph the node that has its value now."""
    seen: dict[tuple[Any, ...], Node] = {}

    def merged(node: Node, key: tuple[Any, ...]) -> Node:
        first = seen.setdefault(key, node)
        return first if node.name is None or node.name == first.name else node

    def rule(node: Node, operands: tuple[Node, ...]) -> Node | None:
        op, attributes = node.op, node.attributes
        for operand in operands:
            if operand.op is not CONSTANT:
                break
        else:
            if op is CONSTANT:
                folded: Node | None = node
            elif op.role != "op":
                return None
            else:
                folded = _fold(node, operands)
            if folded is not None:
                array = folded.storage.array  # type: ignore[union-attr]
                return merged(folded, (folded.dtype, array.tobytes())) if not array.shape else folded
        algebra = ALGEBRA.get(op.name)
        while algebra is not None:
            found = algebra(operands, attributes, node)
            if found is None:
                break
            if isinstance(found, Node):
                if (
                    found.shape == node.shape
                    and found.dtype is node.dtype
                    and (node.name is None or node.name == found.name)
                ):
                    return found
                break
            op, operands, attributes = found
            algebra = ALGEBRA.get(op.name)
        if attributes:
            key = (op, *[o.serial for o in operands], *attributes.items())
        else:
            key = (op, *[o.serial for o in operands])
        try:
            first = seen.get(key)
        except TypeError:  # an attribute that has no hash: the node is compared with no other
            first = key = None  # type: ignore[assignment]
        if (
            first is not None
            and (node.name is None or node.name == first.name)
            # 1, 1.0 and True are equal keys, and so are 0.0 and -0.0.
            and (not attributes or repr(first.attributes) == repr(attributes))
        ):
            return first
        if op is not node.op or attributes is not node.attributes:
            made = Node(op, operands, attributes, node.shape, node.dtype, node.name)
        elif operands is not node.operands:
            made = same_but(node, operands)
        else:
            made = node
        if first is None and key is not None:
            seen[key] = made
        return made

    with np.errstate(all="ignore"):
        return rewrite(outputs, rule)


def _fold(node: Node, operands: tuple[Node, ...]) -> Node | None:
    """The constant that an op of constants makes, if it is small and cannot fail."""
    room = FOLD_BYTES if not operands else GROW_BYTES
    for operand in operands:
        room += operand.storage.array.nbytes  # type: ignore[union-attr]
    size = node.dtype.itemsize
    for dim in node.shape:
        if isinstance(dim, Dim):
            return None
        size *= dim
    if size > min(room, FOLD_BYTES) or node.op.meaning is None or node.op.fault_function is not None:
        return None
    # A draw with a constant counter is pure too, but its meaning is a slow Python loop.
    if "seed" in node.attributes or any(_names_an_axis(value) for value in node.attributes.values()):
        return None
    arrays = [o.storage.array for o in operands]  # type: ignore[union-attr]
    array = np.array(evaluate_node(node, arrays, NO_ATTRIBUTES), order="C")
    array.setflags(write=False)
    return Node(CONSTANT, (), NO_ATTRIBUTES, array.shape, node.dtype, node.name, Storage(array))


def _names_an_axis(value: Any) -> bool:
    return isinstance(value, Dim) or (isinstance(value, tuple) and any(map(_names_an_axis, value)))


# Algebra that is exact in floating point. A rule gets the operands and the node, and answers a node that has
# the same value, another call that computes it, or None.


def _filled_with(node: Node, number: float) -> bool:
    """Whether every element of the node is known to be `number`, whose sign of zero counts."""
    while node.op.name == "broadcast_to":
        node = node.operands[0]
    if node.op is not CONSTANT:
        return False
    array = node.storage.array  # type: ignore[union-attr]
    if not array.size or array.nbytes > FOLD_BYTES:
        return False
    first = array.item(0)
    if first != number or (isinstance(first, float) and math.copysign(1, first) != math.copysign(1, number)):
        return False
    return array.size == 1 or array.tobytes() == array.dtype.type(number).tobytes() * array.size


def _is(node: Node, name: str) -> bool:
    return node.op.name == name


def _mul(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    a, b = operands
    if _filled_with(b, 1):
        return a
    return b if _filled_with(a, 1) else None


def _add(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    a, b = operands
    if _is(b, "neg"):
        return OPS["sub"], (a, b.operands[0]), NO_ATTRIBUTES
    if _is(a, "neg"):
        return OPS["sub"], (b, a.operands[0]), NO_ATTRIBUTES
    # x + -0.0 is x for every x; x + 0.0 is not.
    if _filled_with(b, -0.0):
        return a
    return b if _filled_with(a, -0.0) else None


def _sub(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    a, b = operands
    if _is(b, "neg"):
        return OPS["add"], (a, b.operands[0]), NO_ATTRIBUTES
    return a if _filled_with(b, 0.0) else None


def _by_one(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    """x / 1 and x ** 1."""
    return operands[0] if _filled_with(operands[1], 1) else None


def _neg(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    return operands[0].operands[0] if _is(operands[0], "neg") else None


def _cast(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    return operands[0] if operands[0].dtype is node.dtype else None


def _transpose(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    (x,) = operands
    axes = attributes["axes"]
    if _is(x, "transpose"):
        inner = x.attributes["axes"]
        axes = tuple([inner[k] for k in axes])
        x = x.operands[0]
        if axes != tuple(range(len(axes))):
            return node.op, (x,), Attributes(axes=axes)
    return x if axes == tuple(range(len(axes))) else None


def _broadcast_to(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    """Of a broadcast of a broadcast only the last shape counts."""
    (x,) = operands
    if x.shape == node.shape:
        return x
    return (node.op, (x.operands[0],), attributes) if _is(x, "broadcast_to") else None


def _reshape(operands: Operands, attributes: Settings, node: Node) -> Node | Call | None:
    """Of a reshape of a reshape only the last shape counts; axes of size 1 that come and go are such."""
    (x,) = operands
    if x.shape == node.shape:
        return x
    if x.op.name in ("expand_dims", "reshape", "squeeze"):
        return OPS["reshape"], (x.operands[0],), Attributes(shape=node.shape)
    return None


def _operand(operands: Operands, attributes: Settings, node: Node) -> Node:
    """What only says something about its operand, in the value's sense nothing."""
    return operands[0]


ALGEBRA: Mapping[str, Algebra] = {
    "add": _add,
    "broadcast_to": _broadcast_to,
    "cast": _cast,
    "div": _by_one,
    "expand_dims": _reshape,
    "mul": _mul,
    "neg": _neg,
    "pow": _by_one,
    "reshape": _reshape,
    "squeeze": _reshape,
    "sub": _sub,
    "transpose": _transpose,
    "with_update": _operand,
}
