"""Write sweeps through time as RNN, GRU and LSTM.

A sweep here takes the input's share of the sums, x w + b, and gives a record of all gates; the standard's operators
take x itself and give states. So the product before a sweep is looked for and becomes the operator's W, an identity
stands in for it where there is none, and what is taken of the record decides what is computed of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graphnn.core.dims import Dim, DimLike
from graphnn.core.dtypes import float64
from graphnn.core.node import Node
from graphnn.io.onnx.write.scanning import doubled
from graphnn.io.onnx.write.walker import Walker, prepares, source, unspread, writes_with_walker
from graphnn.io.onnx.write.writing import Writing

# Our gates stand r, z, new and i, f, g, o; those of the standard z, r, h and i, o, f, c.
_ORDER = {"rnn_sweep": (0,), "gru_sweep": (1, 0, 2), "lstm_sweep": (0, 3, 1, 2)}


class Product(NamedTuple):
    """The product before a sweep: a = x w + b, for x (t, b, i). `between` are the nodes that are no longer needed."""

    x: Node
    w: Node
    b: Node | None
    between: tuple[Node, ...]


class Taken(NamedTuple):
    """What is taken of a record: nodes that are all states, the last state, or the last cell; and nodes on the way."""

    sequence: list[Node]
    last: list[Node]
    cell: list[Node]
    between: list[Node]


def product_before(walker: Walker, a: Node) -> Product | None:
    """The product that gave the first operand of a sweep, if nothing else uses what stands between."""
    found = a
    between = [found]
    if found.op.name != "reshape":
        return None
    found = source(found.operands[0])
    between.append(found)
    if found.op.name not in ("linear", "matmul"):
        return None
    rows = source(found.operands[0])
    between.append(rows)
    if rows.op.name != "reshape":
        return None
    x = source(rows.operands[0])
    if len(x.shape) != 3 or x.shape[:2] != a.shape[:2] or x.shape[2] != rows.shape[-1]:
        return None
    w = source(found.operands[1])
    b = source(found.operands[2]) if found.op.name == "linear" else None
    # The rows of the product may serve several sweeps; they are written where one of them needs them.
    for node in between[:2]:
        if len(walker.consumers[node]) != 1 or node in walker.wanted:
            return None
    lonely = len(walker.consumers[rows]) == 1 and rows not in walker.wanted
    return Product(x, w, b, tuple(between if lonely else between[:2]))


def in_steps(node: Node) -> bool:
    """Whether a sweep is written step by step: onnxruntime runs RNN, GRU and LSTM in float32 only."""
    return node.dtype is float64 and not isinstance(node.shape[0], Dim)


@prepares("rnn_sweep", "gru_sweep", "lstm_sweep")
def skip_product(walker: Walker, node: Node) -> None:
    """Leave out what the operator computes by itself."""
    if in_steps(node):
        return
    product = product_before(walker, source(node.operands[0]))
    if product is not None:
        walker.skipped.update(product.between)


def taken(walker: Walker, node: Node) -> Taken | None:
    """What is taken of a sweep's record; None if that is more than states."""
    n, steps = node.operands[1].shape[0], node.shape[0]
    cells = 2 if node.op.name == "lstm_sweep" else 1
    end: DimLike = 0 if node.attributes["reverse"] else steps - 1
    out = Taken([], [], [], [])
    if node in walker.wanted:
        return None
    for part in walker.consumers[node]:
        if part.op.name != "slice" or set(part.attributes["steps"]) != {1}:
            return None
        starts, sizes = part.attributes["starts"], part.attributes["sizes"]
        if starts == (0, 0, 0) and sizes == (*node.shape[:2], n) and steps != 1:
            out.sequence.append(part)
            continue
        if starts != (end, 0, 0) or sizes != (1, *node.shape[1:]) or part in walker.wanted:
            return None
        out.between.append(part)
        for row in walker.consumers[part]:
            if row.op.name != "reshape" or row.shape != node.shape[1:] or row in walker.wanted:
                return None
            out.between.append(row)
            for block in walker.consumers[row]:
                if block.op.name != "slice" or block.attributes["steps"] != (1, 1):
                    return None
                place, size = block.attributes["starts"], block.attributes["sizes"]
                if (
                    size != (node.shape[1], n)
                    or place[0] != 0
                    or place[1] not in [k * n for k in range(cells)]
                ):
                    return None
                (out.cell if place[1] else out.last).append(block)
    return out


def _gates(call: Writing, value: str, order: tuple[int, ...], *, axis: int = 0) -> str:
    """Blocks of an axis in another order, and an axis for the one direction."""
    if len(order) > 1:
        blocks = call.several("Split", len(order), value, axis=axis, num_outputs=len(order))
        value = call.emit("Concat", *[blocks[k] for k in order], axis=axis)
    return call.unsqueeze(value, 0)


class Sweep:
    """One sweep being written."""

    def __init__(self, walker: Walker, node: Node):
        self.walker, self.node = walker, node
        self.order = _ORDER[node.op.name]
        self.n = node.operands[1].shape[0]
        operands = [source(o) for o in node.operands]
        product = product_before(walker, operands[0])
        self.a = operands[0]
        self.u = walker.name_of(operands[1])
        self.rest = operands[2:]
        self.call = Writing(walker.body, node, [], operands, walker.stem(node))
        call = self.call
        if product is None:
            self.x = walker.name_of(self.a)
            width = self.a.shape[2]
            if isinstance(width, Dim):
                call.refuse("the number of its gates is not known")
            w = call.array(np.eye(width), node.dtype)
            b = None
        else:
            self.x = walker.name_of(product.x)
            w = walker.name_of(product.w)
            b = None if product.b is None else walker.name_of(product.b)
        self.w = _gates(call, call.emit("Transpose", w, perm=[1, 0]), self.order)
        self.r = _gates(call, call.emit("Transpose", self.u, perm=[1, 0]), self.order)
        self.b = b

    def biases(self, last: str | None = None) -> str:
        """The biases of the input's share, then those of the state's; `last` is the one of a GRU's new state."""
        if self.b is None and last is None:
            return ""
        call, gates = self.call, len(self.order)
        if self.b is None:
            first = call.unsqueeze(call.zeros((gates * self.n,)), 0)
        else:
            first = _gates(call, self.b, self.order)
        if last is None:
            return call.emit("Concat", first, call.unsqueeze(call.zeros((gates * self.n,)), 0), axis=1)
        zeros = call.unsqueeze(call.zeros(((gates - 1) * self.n,)), 0)
        return call.emit("Concat", first, zeros, call.unsqueeze(last, 0), axis=1)

    def state(self, node: Node) -> str:
        """A first state; nothing where it is 0, as the standard's operators begin by themselves."""
        value = unspread(node)
        if value.op.role == "constant" and value.storage is not None and not value.storage.array.any():
            return ""
        return self.walker.name_of(node)

    def run(
        self, operator: str, outputs: int, bias: str, *states: str, **settings: object
    ) -> tuple[str, ...]:
        call = self.call
        first = [call.unsqueeze(state, 0) if state else "" for state in states]
        while first and not first[-1]:
            first.pop()
        direction = "reverse" if self.node.attributes["reverse"] else "forward"
        return call.several(
            operator,
            outputs,
            self.x,
            self.w,
            self.r,
            *([bias, "", *first] if first else [bias] if bias else []),
            hidden_size=self.n,
            direction=direction,
            **settings,
        )

    def hand_out(self, found: Taken, sequence: str, last: str, cell: str | None) -> None:
        """Name the values of what is taken of the record."""
        for nodes, value, axis in (
            (found.sequence, sequence, 1),
            (found.last, last, 0),
            (found.cell, cell, 0),
        ):
            for node in nodes:
                begin = len(self.walker.body.nodes)
                self.walker.settle(node, self.call.squeeze(str(value), axis), begin)
        self.walker.skipped.update(found.between)

    def before(self, sequence: str, first: str) -> str:
        """The states before each step, from all states (t, b, n) and the first one."""
        call = self.call
        start = call.unsqueeze(first, 0)
        if self.node.attributes["reverse"]:
            return call.emit("Concat", call.cut(sequence, 0, 1, None), start, axis=0)
        return call.emit("Concat", start, call.cut(sequence, 0, 0, -1), axis=0)

    def sums(self) -> str:
        """The input's share of the sums, where the record has to be made of it."""
        return self.walker.name_of(self.a)


@writes_with_walker("rnn_sweep")
def rnn_sweep(walker: Walker, node: Node) -> str | None:
    if in_steps(node):
        return walker.function(node, None)
    sweep = Sweep(walker, node)
    activation = {"tanh": "Tanh", "relu": "Relu"}[node.attributes["activation"]]
    (y,) = sweep.run("RNN", 1, sweep.biases(), sweep.state(sweep.rest[0]), activations=[activation])
    return sweep.call.squeeze(y, 1)


@writes_with_walker("gru_sweep")
def gru_sweep(walker: Walker, node: Node) -> str | None:
    if in_steps(node):
        return walker.function(node, None)
    sweep = Sweep(walker, node)
    call = sweep.call
    d, h0 = sweep.rest
    y, last = sweep.run("GRU", 2, sweep.biases(walker.name_of(d)), sweep.state(h0), linear_before_reset=1)
    found = taken(walker, node)
    if found is not None:
        sweep.hand_out(found, y, last, None)
        return None
    h = call.squeeze(y, 1)
    share = call.several("Split", 3, sweep.sums(), axis=2, num_outputs=3)
    state = call.emit("MatMul", sweep.before(h, walker.name_of(h0)), sweep.u)
    own = call.several("Split", 3, state, axis=2, num_outputs=3)
    r, z = (call.emit("Sigmoid", call.emit("Add", share[k], own[k])) for k in range(2))
    q = call.emit("Add", own[2], walker.name_of(d))
    new = call.emit("Tanh", call.emit("Add", share[2], call.emit("Mul", r, q)))
    return call.emit("Concat", h, new, r, z, q, axis=2)


@writes_with_walker("lstm_sweep")
def lstm_sweep(walker: Walker, node: Node) -> str | None:
    if in_steps(node):
        return walker.function(node, None)
    sweep = Sweep(walker, node)
    call = sweep.call
    h0, c0 = sweep.rest
    y, last, cell = sweep.run("LSTM", 3, sweep.biases(), sweep.state(h0), sweep.state(c0))
    found = taken(walker, node)
    if found is not None:
        sweep.hand_out(found, y, last, cell)
        return None
    steps = node.shape[0]
    if isinstance(steps, Dim):
        call.refuse(
            f"its cells or gates are used, of which ONNX gives the last only, and the number of steps, {steps}, is "
            "not known. Give the input a fixed number of steps"
        )
    h = call.squeeze(y, 1)
    before = sweep.before(h, walker.name_of(h0))
    sums = call.emit("Add", sweep.sums(), call.emit("MatMul", before, sweep.u))
    parts = call.several("Split", 4, sums, axis=2, num_outputs=4)
    i, f, o = (call.emit("Sigmoid", parts[k]) for k in (0, 1, 3))
    g = call.emit("Tanh", parts[2])
    reverse = node.attributes["reverse"]
    # The first cell comes in as what is added at a step before the first, where nothing else is.
    start = call.unsqueeze(walker.name_of(c0), 0)
    zero = call.emit("Mul", start, call.number(0))
    gains = call.emit("Mul", i, g)
    order = (lambda one, many: (many, one)) if reverse else (lambda one, many: (one, many))
    gains = call.emit("Concat", *order(start, gains), axis=0)
    kept = call.emit("Concat", *order(zero, f), axis=0)
    c = doubled(call, kept, gains, 0, steps + 1, reverse=reverse)
    c = call.cut(c, 0, 0, -1) if reverse else call.cut(c, 0, 1, None)
    return call.emit("Concat", h, c, i, f, g, o, axis=2)
