"""Put the body of composite nodes in their place: an LSTM layer becomes the graph of all its steps.

>>> import graphnn as gn
>>> x, w, u = (gn.input(n, s) for n, s in (("x", (2, 1, 3)), ("w", (3, 4)), ("u", (1, 4))))
>>> states, (h, c) = gn.lstm(x, w, u)
>>> folded, unrolled = gn.Graph(h), gn.Graph(gn.unroll(h))
>>> "lstm_sweep" in str(folded), "lstm_sweep" in str(unrolled)
(True, False)
>>> sorted({node.scope for node in unrolled.nodes} - {""})
['lstm', 'lstm/t0', 'lstm/t1']
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from graphnn.core.errors import GraphError, SettingError, did_you_mean
from graphnn.core.graph import Graph, reached
from graphnn.core.node import Node
from graphnn.core.registry import OPS
from graphnn.transform.rewrite import rewrite

__all__ = ["unroll"]


def unroll(outputs: Graph | Node | Iterable[Node], only: Collection[str] | None = None) -> Any:
    """The same values, with composite nodes replaced by their bodies; answers what it is given.

    `only` names the ops to unroll; all composites otherwise, down to ops that have no body. What a body cuts out
    of pieces that it has just joined is taken as the piece. Unroll a loss, then take its gradient, to draw
    backpropagation through time.

    Raises SettingError for a name in `only` that is no composite, ShapeError where a body needs the number of
    steps and that is known only at run time.
    """
    if only is not None:
        _check_names(only)
    if isinstance(outputs, Node):
        return _unrolled((outputs,), only)[0]
    if isinstance(outputs, Graph):
        return Graph(_unrolled(outputs.outputs, only))
    if not isinstance(outputs, Iterable):
        raise GraphError(f"unroll: wanted a graph, a node or nodes, found {outputs!r}.")
    outputs = tuple(outputs)
    for node in outputs:
        if not isinstance(node, Node):
            raise GraphError(f"unroll: wanted nodes, found {node!r}.")
    return _unrolled(outputs, only)


def _check_names(only: Collection[str]) -> None:
    composites = {name for name, op in OPS.items() if op.body is not None}
    for name in (only,) if isinstance(only, str) else only:
        if name not in composites or isinstance(only, str):
            raise SettingError(
                f"unroll: only is a list of names of composites, found {name!r}.{did_you_mean(str(name), composites)}"
            )


def _unrolled(outputs: tuple[Node, ...], only: Collection[str] | None) -> tuple[Node, ...]:
    def rule(node: Node, operands: tuple[Node, ...]) -> Node | None:
        op = node.op
        if op.body is None or (only is not None and op.name not in only):
            return None
        made = op.body(*operands, **node.attributes)
        return made if node.name is None else made.named(node.name)

    while any(n.op.body is not None and (only is None or n.op.name in only) for n in reached(outputs)):
        outputs = rewrite(outputs, rule)[0]
    return rewrite(outputs, _piece)[0]


def _piece(node: Node, operands: tuple[Node, ...]) -> Node | None:
    """For a block cut out of joined arrays, the pieces that it is made of; None if the node may stay."""
    if not operands or node.name is not None:
        return None
    x = operands[0]
    if node.op is OPS["reshape"] and x.op is OPS["expand_dims"]:
        return x.operands[0] if x.operands[0].shape == node.shape else None
    if node.op is not OPS["slice"] or any(step != 1 for step in node.attributes["steps"]):
        return None
    starts, sizes = node.attributes["starts"], node.attributes["sizes"]
    if x.op is OPS["concat"]:
        return _cut_join(x, starts, sizes)
    if x.op is OPS["expand_dims"]:
        axes = x.attributes["axes"]
        kept = [k for k in range(x.ndim) if k not in axes]
        if all(sizes[k] == 1 for k in axes):
            inner = _cut(x.operands[0], tuple(starts[k] for k in kept), tuple(sizes[k] for k in kept))
            return x.op.node(inner, axes=axes)
    return None


def _cut_join(x: Node, starts: tuple[Any, ...], sizes: tuple[Any, ...]) -> Node | None:
    """A block of joined arrays that lies in one of them, or crosses them all along whole pieces."""
    axis = x.attributes["axis"]
    lengths = [piece.shape[axis] for piece in x.operands]
    if not all(isinstance(n, int) for n in (*lengths, starts[axis], sizes[axis])):
        return None
    start = starts[axis]
    if start == 0 and sizes[axis] == sum(lengths) and len(lengths) > 1:
        parts = [
            _cut(piece, starts, (*sizes[:axis], n, *sizes[axis + 1 :]))
            for piece, n in zip(x.operands, lengths, strict=True)
        ]
        return x.op.node(*parts, axis=axis)
    for piece, length in zip(x.operands, lengths, strict=True):
        if start >= 0 and start + sizes[axis] <= length:
            return _cut(piece, (*starts[:axis], start, *starts[axis + 1 :]), sizes)
        start -= length
    return None


def _cut(x: Node, starts: tuple[Any, ...], sizes: tuple[Any, ...]) -> Node:
    """A block of x, found in the pieces of x if that is possible."""
    if sizes == x.shape:
        return x
    made = OPS["slice"].node(x, starts=starts, sizes=sizes, steps=(1,) * x.ndim)
    found = _piece(made, made.operands)
    return made if found is None else found
