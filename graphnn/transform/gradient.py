"""Reverse mode, graph to graph: nodes in, nodes out, with the contribution of every edge kept.

The walk visits each node once, against the topological order. Its adjoint is the sum of the contributions that
its consumers sent along their edges; its op's slope then sends one contribution to each operand. Every new node
carries `origin`, the forward node (and operand slot) that it was made for, so that a drawing can pair them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphnn.core.collector import collector_paused
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import DeclarationError, GraphError, SettingError, ShapeError
from graphnn.core.graph import reached
from graphnn.core.leaves import constant, describe
from graphnn.core.node import Edge, Node, Origin, current_origin
from graphnn.core.registry import OPS
from graphnn.core.scope import absolute_scope
from graphnn.transform.recompute import Copies

_put = object.__setattr__


class Adjoints:
    """The adjoint of every node below a scalar `y`, and the contribution of every edge, as nodes.

    Example
    -------
    >>> import graphnn as gn
    >>> a = gn.scalar(3.0, "a")
    >>> y = a * a
    >>> adjoints = gn.adjoints(y)
    >>> float(adjoints[a].value)
    6.0
    >>> [float(adjoints.contribution(e).value) for e in gn.Graph(y).edges]
    [3.0, 3.0]
    """

    def __init__(
        self, y: Node, wrt: Sequence[Node] | None = None, seed: Node | None = None, *, since: int = 0
    ):
        """`since`: a serial; what was made before is not looked at, which keeps the walk of a part short."""
        self.y = y
        self._since = since
        self._adjoint: dict[Node, Node] = {}
        self._contribution: dict[tuple[Node, int], Node] = {}
        if wrt is not None and not (isinstance(wrt, Iterable) and all(isinstance(n, Node) for n in wrt)):
            raise GraphError(f"adjoints: wrt is a list of nodes, found {wrt!r}.")
        self._walk(wrt, _seed(y) if seed is None else _check_seed(y, seed))

    def __getitem__(self, node: Node) -> Node | None:
        """d y / d node as a node; None if no differentiable path leads from `node` to `y`."""
        if not isinstance(node, Node):
            raise GraphError(f"adjoints: wanted a node, found {node!r}.")
        return self._adjoint.get(node)

    def contribution(self, edge: Edge) -> Node | None:
        """What flows back along `edge`: upstream x local. None if nothing does."""
        if not isinstance(edge, Edge):
            raise GraphError(f"contribution: wanted an edge, found {edge!r}.")
        return self._contribution.get((edge.target, edge.slot))

    def nodes(self) -> list[Node]:
        """Every adjoint and contribution, each once, in topological order."""
        found = {*self._adjoint.values(), *self._contribution.values()}
        return sorted(found, key=lambda n: n.serial)

    def items(self) -> Iterable[tuple[Node, Node]]:
        """(forward node, adjoint node) pairs."""
        return self._adjoint.items()

    @collector_paused()
    def _walk(self, wrt: Sequence[Node] | None, seed: Node) -> None:
        order = reached((self.y,), self._since)
        copies = Copies(order, self.y)
        wanted = None if wrt is None else _above(order, wrt)
        waiting: dict[Node, list[Node]] = {self.y: [seed]}
        stop = frozenset(wrt or ())
        scope_path, token = None, None
        before = current_origin.get()
        try:
            for node in reversed(order):
                parts = waiting.pop(node, None)
                if parts is None:
                    continue
                op = node.op
                current_origin.set(Origin(node, None))
                if node.scope != scope_path:
                    if token is not None:
                        token.__exit__(None, None, None)
                    scope_path = node.scope
                    token = absolute_scope(scope_path)
                    token.__enter__()
                g = parts[0]
                for part in parts[1:]:
                    g = OPS["add"](g, part)
                self._adjoint[node] = g
                if (
                    not node.operands
                    or not op.differentiable
                    or (node in stop and not _needs_below(node, wanted))
                ):
                    continue
                operands, y = copies.read(node, g) if copies else (node.operands, node)
                self._send(node, operands, y, g, wanted, waiting)
        finally:
            if token is not None:
                token.__exit__(None, None, None)
            current_origin.set(before)

    def _send(
        self,
        node: Node,
        operands: tuple[Node, ...],
        y: Node,
        g: Node,
        wanted: set[Node] | None,
        waiting: dict[Node, list[Node]],
    ) -> None:
        """Send contributions to the operands of a node; `operands` and `y` are where its slope finds their values."""
        op = node.op
        if op.vjp_function is None:
            parts: Sequence[Node | None] = _through_body(node, operands, g)
        elif op.signature.variadic:
            parts = op.vjp_function(g, y, *operands, **node.attributes)
        else:
            parts = op.vjp_function(g, *operands, y, **node.attributes)
        if len(parts) != len(operands):
            raise DeclarationError(
                f"{op.name}: its slope gives {len(parts)} contributions for {len(operands)} operands; "
                "wanted one each, None where there is none."
            )
        for slot, part in enumerate(parts):
            if part is None:
                continue
            operand = node.operands[slot]
            if operand.dtype not in FLOATS or (wanted is not None and operand not in wanted):
                continue
            if part.shape != operand.shape or part.dtype is not operand.dtype:
                raise DeclarationError(
                    f"{op.name}: its slope sends {part.dtype} {shape_text(part.shape)} to {op.port_name(slot)}, "
                    f"which is {operand.dtype} {shape_text(operand.shape)}. A contribution has its operand's shape."
                )
            if (
                part.origin is not None
                and part.origin.node is node
                and part.origin.slot is None
                and part is not g
            ):
                _put(part, "origin", Origin(node, slot))
            self._contribution[node, slot] = part
            waiting.setdefault(operand, []).append(part)


def _through_body(node: Node, operands: Sequence[Node], g: Node) -> list[Node | None]:
    """Contributions of a composite with a kernel: differentiate its body.

    Each operand enters the body as a node of its own (a reshape to its own shape is no work), so that f(a, a)
    has two contributions and the walk stops at the operands.
    """
    doors = [OPS["reshape"].node(o, shape=o.shape) for o in operands]
    y = node.op.body(*doors, **node.attributes)  # type: ignore[misc]
    inner = Adjoints(y, wrt=doors, seed=g, since=doors[0].serial)
    return [inner[door] for door in doors]


def _seed(y: Node) -> Node:
    if not isinstance(y, Node):
        raise GraphError(f"gradient: wanted a node to differentiate, found {y!r}.")
    if y.dtype not in FLOATS:
        raise GraphError(f"gradient: {describe(y)} is not a float, so it has no gradient.")
    if y.shape != ():
        raise ShapeError(
            f"gradient: {describe(y)} is not a scalar. Reduce it (y.sum() or y.mean()), or give `seed`, "
            "the upstream gradient, a node of the same shape."
        )
    return constant(1.0, dtype=y.dtype)


def _check_seed(y: Node, seed: Node) -> Node:
    if not isinstance(y, Node) or y.dtype not in FLOATS:
        raise GraphError(f"gradient: wanted a float node to differentiate, found {y!r}.")
    if not isinstance(seed, Node):
        seed = constant(seed, dtype=y.dtype)
    if seed.shape != y.shape or seed.dtype is not y.dtype:
        raise ShapeError(
            f"gradient: the seed is {describe(seed)}; wanted the shape and dtype of {describe(y)}."
        )
    return seed


def _above(order: Sequence[Node], wrt: Sequence[Node]) -> set[Node]:
    """Nodes of `order` that depend on a node of `wrt`, and those themselves."""
    above = set(wrt)
    for node in order:
        for operand in node.operands:
            if operand in above:
                above.add(node)
                break
    return above


def _needs_below(node: Node, wanted: set[Node] | None) -> bool:
    return wanted is not None and any(operand in wanted for operand in node.operands)


def adjoints(y: Node, wrt: Sequence[Node] | None = None, seed: Node | None = None) -> Adjoints:
    """Differentiate `y` with respect to every node below it (or only towards `wrt`); see Adjoints."""
    return Adjoints(y, wrt, seed)


def gradient(y: Node, wrt: Node | Sequence[Node], *, seed: Any = None, no_path: str = "error") -> Any:
    """d y / d wrt, as a node (or a list of nodes, in the order of `wrt`).

    Parameters
    ----------
    y : a scalar float node, or any float node together with `seed`
    wrt : a node or nodes below y, leaves or not
    seed : the upstream gradient of y; 1 by default
    no_path : what to give where no differentiable path leads from a node to y: "error", "zero" or "none"

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.scalar(2.0, "x")
    >>> slope = gn.gradient(x ** 3, x)
    >>> float(slope.value), float(gn.gradient(slope, x).value)
    (12.0, 12.0)
    """
    if no_path not in ("error", "zero", "none"):
        raise SettingError(f"gradient: no_path={no_path!r} is not one of 'error', 'zero', 'none'.")
    if not isinstance(wrt, Iterable):
        raise GraphError(f"gradient: wrt is a node or nodes, found {wrt!r}.")
    single = isinstance(wrt, Node)
    targets: list[Node] = [wrt] if single else list(wrt)  # type: ignore[list-item]
    for node in targets:
        if not isinstance(node, Node):
            raise GraphError(f"gradient: wrt holds {node!r}; wanted nodes.")
        if node.dtype not in FLOATS:
            raise GraphError(f"gradient: {describe(node)} is not a float, so nothing flows back to it.")
    found = Adjoints(y, targets, seed)
    out: list[Node | None] = []
    for node in targets:
        g = found[node]
        if g is None and no_path == "error":
            raise GraphError(
                f"gradient: no differentiable path leads from {describe(node)} to {describe(y)}. "
                "Pass no_path='zero' for zeros or no_path='none' for None."
            )
        if g is None and no_path == "zero":
            zero = constant(0.0, dtype=node.dtype)
            g = zero if node.shape == () else OPS["broadcast_to"].node(zero, shape=node.shape)
        out.append(g)
    return out[0] if single else out


__all__ = ["Adjoints", "adjoints", "gradient"]
