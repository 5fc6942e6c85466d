"""Read recurrent layers: RNN, GRU and LSTM, in one direction or both.

With the usual activations a layer is one sweep through time, as in `gn.lstm`. With others, or with clipping or
peepholes, its steps are written out, and the number of steps must be known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from graphnn import ops
from graphnn.core.dims import shape_text, size_of
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.operators.sliding import PARTS, bounded, sizes_of
from graphnn.io.onnx.read.registry import reads

Bend = Callable[[Node], Node]

_BENDS: dict[str, tuple[int, Callable[..., Node]]] = {
    "relu": (0, lambda v, a, b: ops.relu(v)),
    "tanh": (0, lambda v, a, b: ops.tanh(v)),
    "sigmoid": (0, lambda v, a, b: ops.sigmoid(v)),
    "softsign": (0, lambda v, a, b: ops.softsign(v)),
    "softplus": (0, lambda v, a, b: ops.softplus(v)),
    "leakyrelu": (1, lambda v, a, b: ops.leaky_relu(v, 0.01 if a is None else a)),
    "thresholdedrelu": (1, lambda v, a, b: ops.thresholded_relu(v, 1.0 if a is None else a)),
    "elu": (1, lambda v, a, b: ops.elu(v, 1.0 if a is None else a)),
    "affine": (2, lambda v, a, b: v * (1.0 if a is None else a) + (0.0 if b is None else b)),
    "scaledtanh": (2, lambda v, a, b: (1.0 if a is None else a) * ops.tanh(v * (1.0 if b is None else b))),
    "hardsigmoid": (2, lambda v, a, b: ops.hard_sigmoid(v, 0.2 if a is None else a, 0.5 if b is None else b)),
}
"""How many of alpha and beta an activation takes, and what it does."""


@dataclass(frozen=True)
class Direction:
    """One direction of a layer; ONNX's order of gates, with the input's axis of the weights first.

    x (t, b, i), w (i, m), u (n, m), where m is n times the gates; bw and bu (m), the biases of both products, or
    None; h0, c0 (b, n); peepholes (3n) or None. names, bends : the activations by name and as functions.
    """

    x: Node
    w: Node
    u: Node
    bw: Node | None
    bu: Node | None
    h0: Node
    c0: Node
    peepholes: Node | None
    names: tuple[str, ...]
    bends: tuple[Bend, ...]
    reverse: bool
    plain: bool

    @property
    def n(self) -> Any:
        return self.u.shape[0]

    def block(self, node: Node, k: int) -> Node:
        """The columns of gate k."""
        return node[..., k * self.n : (k + 1) * self.n]

    def reordered(self, order: tuple[int, ...], *nodes: Node | None) -> list[Any]:
        """The gates' columns in another order, of several arrays."""
        columns = constant((np.array(order)[:, None] * self.n + np.arange(self.n)).reshape(-1))
        return [node if node is None else ops.take(node, columns, -1) for node in nodes]


Both = tuple[Node, Node | None]
"""The states at all steps, (t, b, n), and the cells."""


def _layer(
    call: Call,
    gates: int,
    usual: tuple[str, ...],
    sweep: Callable[..., Both | None],
    steps: Callable[..., Both],
) -> list[Node]:
    """The outputs of a layer. `sweep` gives None where it cannot do what the file asks for."""
    x = call.node(0)
    by_batch = call.flag("layout", 0)
    x = ops.transpose(x, (1, 0, 2)) if by_batch else x
    word = call.choice("direction", "forward", ("forward", "reverse", "bidirectional"))
    turns = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}[word]
    lengths = _lengths(call, x)
    w, u, b = call.node(1), call.node(2), call.optional(3)
    ranks = x.ndim == w.ndim == u.ndim == 3
    n, m = (u.shape[2], gates * u.shape[2]) if ranks else (0, 0)
    d = len(turns)
    if not ranks or n == 0 or w.shape != (d, m, x.shape[2]) or u.shape != (d, m, n) or x.shape[0] == 0:
        call.refuse(
            f"x {shape_text(x.shape)} and weights {shape_text(w.shape)} and {shape_text(u.shape)} do not fit: wanted "
            f"at least one step of x (t, b, i), and weights ({d}, {gates} n, i) and ({d}, {gates} n, n)."
        )
    if call.integer("hidden_size", n) != n:
        call.refuse(f"attribute 'hidden_size' is not {n}, the last axis of the state's weights.")
    states = [_first(call, slot, by_batch=by_batch) for slot in (5, 6 if gates == 4 else -1)]
    peepholes = call.optional(7) if gates == 4 else None
    named, bends = _activations(call, usual, len(turns))
    clip = call.number("clip", 0.0)
    if clip > 0:  # the sums of gates, but not the cell: so does onnxruntime
        of_cell = [gates == 4 and k % 3 == 2 for k in range(len(bends))]
        bends = [b if whole else _clipped(b, clip) for b, whole in zip(bends, of_cell, strict=True)]
    call.ignore("output_sequence")
    zeros = ops.broadcast_to(constant(0.0, x.dtype), (x.shape[1], n))
    found = []
    for k, reverse in enumerate(turns):
        part = slice(k * len(usual), (k + 1) * len(usual))
        h0, c0 = (zeros if s is None else s[k] for s in states)
        direction = Direction(
            x, w[k].T, u[k].T, None if b is None else b[k, :m], None if b is None else b[k, m:], h0, c0,
            None if peepholes is None else peepholes[k], named[part], tuple(bends[part]), reverse, clip <= 0,
        )  # fmt: skip
        found.append(_run(call, direction, lengths, sweep, steps))
    last = [ops.stack([f[k] for f in found], 0) for k in ((1, 2) if gates == 4 else (1,))]
    y = ops.stack([f[0] for f in found], 1)
    if by_batch:
        return [ops.transpose(y, (2, 0, 1, 3)), *(ops.transpose(v, (1, 0, 2)) for v in last)]
    return [y, *last]


def _lengths(call: Call, x: Node) -> Node | None:
    """The length of each sequence, None if all are as long as x."""
    if not call.has(4):
        return None
    value = call.value(4)
    known = value.known if value.fixed and not value.symbolic else None
    if known is not None and bool(np.all(known == x.shape[0])):
        return None
    return call.node(4)


def _first(call: Call, slot: int, *, by_batch: bool) -> Node | None:
    """A first state for each direction, (d, b, n)."""
    if slot < 0 or not call.has(slot):
        return None
    return ops.transpose(call.node(slot), (1, 0, 2)) if by_batch else call.node(slot)


def _activations(call: Call, usual: tuple[str, ...], directions: int) -> tuple[tuple[str, ...], list[Bend]]:
    names = tuple(name.lower() for name in call.texts("activations", usual * directions))
    if len(names) != len(usual) * directions:
        call.refuse(f"attribute 'activations' is {len(usual) * directions} names, found {len(names)}.")
    alphas, betas = list(call.numbers("activation_alpha", ())), list(call.numbers("activation_beta", ()))
    bends: list[Bend] = []
    for name in names:
        if name not in _BENDS:
            call.refuse(f"the activation {name!r} is not read.")
        count, function = _BENDS[name]
        a = alphas.pop(0) if count >= 1 and alphas else None
        b = betas.pop(0) if count == 2 and betas else None
        bends.append(partial(_bent, function, a, b))
    return names, bends


def _bent(function: Callable[..., Node], a: float | None, b: float | None, v: Node) -> Node:
    return function(v, a, b)


def _clipped(bend: Bend, limit: float) -> Bend:
    return lambda v: bend(ops.clip(v, -limit, limit))


def _run(
    call: Call, direction: Direction, lengths: Node | None, sweep: Callable[..., Both | None],
    steps: Callable[..., Both],
) -> tuple[Node, Node, Node | None]:  # fmt: skip
    """States at all steps, the last state and the last cell of one direction."""
    turned = None
    if direction.reverse and lengths is not None:  # each sequence from its own end
        turned = lengths
        direction = replace(direction, x=_turned(direction.x, lengths), reverse=False)
    with scope(call.op_type.lower()):
        both = sweep(direction) if direction.plain and direction.peepholes is None else None
        if both is None:
            what = "the number of steps, which are written out with these settings,"
            (count,) = sizes_of(call, direction.x.shape[:1], what)
            bounded(call, count, what.rstrip(","), PARTS)
            both = steps(direction)
    states, cells = both
    if lengths is None:
        end = 0 if direction.reverse else -1
        return states, states[end], None if cells is None else cells[end]
    h, c = _at_end(states, lengths, direction.h0), cells
    c = c if c is None else _at_end(c, lengths, direction.c0)
    states = states if turned is None else _turned(states, turned)
    inside = ops.less(_numbers(states), ops.reshape(lengths, (1, lengths.shape[0], 1)))
    return ops.where(inside, states, 0.0), h, c


def _numbers(x: Node) -> Node:
    """The numbers of steps, (t, 1, 1)."""
    return ops.reshape(ops.arange(x.shape[0]), (x.shape[0], 1, 1))


def _turned(x: Node, lengths: Node) -> Node:
    """Each sequence of x (t, b, n) in reverse order, as far as it goes."""
    step, length = _numbers(x), ops.reshape(lengths, (1, lengths.shape[0], 1))
    return ops.gather(x, ops.where(ops.less(step, length), length - 1 - step, step), 0)


def _at_end(x: Node, lengths: Node, before: Node) -> Node:
    """The last step of each sequence of x (t, b, n); what was there before, if it has none."""
    length = ops.reshape(lengths, (1, lengths.shape[0], 1))
    last = ops.gather(x, ops.maximum(length - 1, 0), 0)
    return ops.where(ops.greater(length, 0), last, ops.expand_dims(before, 0))[0]


def _shares(d: Direction, w: Node, b: Node | None) -> Node:
    """What the input gives to the sums of all gates at all steps, (t, b, m)."""
    rows = ops.reshape(d.x, (size_of(d.x.shape[:2]), d.x.shape[2]))
    y = rows @ w if b is None else ops.linear(rows, w, b)
    return ops.reshape(y, (*d.x.shape[:2], w.shape[1]))


def _sum(a: Node | None, b: Node | None) -> Node | None:
    return None if a is None or b is None else a + b


def _write_out(d: Direction, a: Node, step: Callable[..., Both]) -> Both:
    """All steps, by step(a_t, h, c)."""
    h: Node = d.h0
    c: Node | None = d.c0
    states, cells = [], []
    order = range(int(a.shape[0]))  # type: ignore[arg-type]
    for t in reversed(order) if d.reverse else order:
        with scope(f"t{t}"):
            h, c = step(a[t], h, c)
            states.append(h)
            cells += [] if c is None else [c]
    if d.reverse:
        states, cells = states[::-1], cells[::-1]
    return ops.stack(states, 0), ops.stack(cells, 0) if cells else None


# The plain network


@reads("RNN")
def rnn(call: Call) -> list[Node]:
    return _layer(call, 1, ("tanh",), _rnn_sweep, _rnn_steps)


def _rnn_sweep(d: Direction) -> Both | None:
    if d.names[0] not in ("tanh", "relu"):
        return None
    a = _shares(d, d.w, _sum(d.bw, d.bu))
    return ops.rnn_sweep.node(a, d.u, d.h0, activation=d.names[0], reverse=d.reverse), None


def _rnn_steps(d: Direction) -> Both:
    (bend,) = d.bends
    return _write_out(d, _shares(d, d.w, _sum(d.bw, d.bu)), lambda a, h, c: (bend(a + h @ d.u), None))


# Gated recurrent units: gates z, r, h


@reads("GRU")
def gru(call: Call) -> list[Node]:
    after = call.flag("linear_before_reset", 0)
    return _layer(
        call, 3, ("sigmoid", "tanh"),
        lambda d: _gru_sweep(d) if after and d.names == ("sigmoid", "tanh") else None,
        lambda d: _gru_steps(d, after=after),
    )  # fmt: skip


def _gru_biases(d: Direction) -> tuple[Node | None, Node | None]:
    """The bias of the input's share, with what the state's share gets of z and r; that of the state's share of h."""
    if d.bw is None or d.bu is None:
        return None, None
    two = 2 * d.n
    return ops.concat([d.bw[:two] + d.bu[:two], d.bw[two:]], 0), d.bu[two:]


def _gru_sweep(d: Direction) -> Both:
    b, own = _gru_biases(d)
    w, u, b = d.reordered((1, 0, 2), d.w, d.u, b)
    a = _shares(d, w, b)
    own = ops.broadcast_to(constant(0.0, a.dtype), (d.n,)) if own is None else own
    record = ops.gru_sweep.node(a, u, own, d.h0, reverse=d.reverse)
    return d.block(record, 0), None


def _gru_steps(d: Direction, *, after: bool) -> Both:
    """`after`: r scales the state's share after its product, else the state before it."""
    f, g = d.bends
    b, own = _gru_biases(d)
    zr, h_only = d.u[:, : 2 * d.n], d.block(d.u, 2)

    def step(a: Node, h: Node, c: Node | None) -> Both:
        sums = a[:, : 2 * d.n] + h @ zr
        z, r = f(d.block(sums, 0)), f(d.block(sums, 1))
        share = h @ h_only if after else (r * h) @ h_only
        share = share if own is None else share + own
        new = g(d.block(a, 2) + (r * share if after else share))
        return new + z * (h - new), None

    return _write_out(d, _shares(d, d.w, b), step)


# Long short-term memory: gates i, o, f, c


@reads("LSTM")
def lstm(call: Call) -> list[Node]:
    tied = call.flag("input_forget", 0)
    return _layer(
        call, 4, ("sigmoid", "tanh", "tanh"),
        lambda d: _lstm_sweep(d) if not tied and d.names == ("sigmoid", "tanh", "tanh") else None,
        lambda d: _lstm_steps(d, tied=tied),
    )  # fmt: skip


def _lstm_sweep(d: Direction) -> Both:
    w, u, b = d.reordered((0, 2, 3, 1), d.w, d.u, _sum(d.bw, d.bu))
    record = ops.lstm_sweep.node(_shares(d, w, b), u, d.h0, d.c0, reverse=d.reverse)
    return d.block(record, 0), d.block(record, 1)


def _lstm_steps(d: Direction, *, tied: bool) -> Both:
    """`tied`: what is forgotten is one less what is let in."""
    f, g, bend = d.bends
    looks = None if d.peepholes is None else [d.block(d.peepholes, k) for k in range(3)]

    def step(a: Node, h: Node, c: Node) -> Both:
        sums = a + h @ d.u
        at = [d.block(sums, k) for k in range(4)]

        def gate(k: int, cell: Node) -> Node:
            return f(at[k] if looks is None else at[k] + looks[k] * cell)

        i = gate(0, c)
        forget = 1.0 - i if tied else gate(2, c)
        cell = forget * c + i * g(at[3])
        return gate(1, cell) * bend(cell), cell

    return _write_out(d, _shares(d, d.w, _sum(d.bw, d.bu)), step)
