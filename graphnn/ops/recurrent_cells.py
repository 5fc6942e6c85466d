"""One step of a recurrent network: from an input and a state to the next state.

Weights have an input's axis first, as everywhere in graphnn: PyTorch's are the transposes. PyTorch has two
biases for each gate where one does, but for the new gate of a gated recurrent unit.
"""

from __future__ import annotations

from typing import Any

from graphnn.core.declare import composite
from graphnn.core.dims import shape_text
from graphnn.core.errors import SettingError, ShapeError, did_you_mean
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.core.scope import scope
from graphnn.ops.activation import relu, sigmoid, tanh
from graphnn.ops.fused import linear
from graphnn.ops.linalg import matmul
from graphnn.ops.slicing import slice

ACTIVATIONS = {"tanh": tanh, "relu": relu}


def columns(x: Node, size: Any, first: int, count: int = 1) -> Node:
    """Blocks of `size` numbers of the last axis, from block `first` on."""
    starts = (*(0,) * (x.ndim - 1), first * size)
    return slice.node(x, starts=starts, sizes=(*x.shape[:-1], count * size), steps=(1,) * x.ndim)


def input_share(x: Node, w: Node, b: Node | None) -> Node:
    """What the input gives to the sums of all gates: x w + b."""
    return matmul.node(x, w) if b is None else linear.node(x, w, b)


def next_gru(a: Node, h: Node, u: Node, d: Node | None) -> tuple[Node, ...]:
    """One step from the input's share a (b, 3n) of the sums: h, new, r, z, q."""
    n = h.shape[-1]
    s = matmul.node(h, u)
    r = sigmoid(columns(a, n, 0) + columns(s, n, 0)).named("r")
    z = sigmoid(columns(a, n, 1) + columns(s, n, 1)).named("z")
    q = columns(s, n, 2)
    q = q if d is None else q + d
    new = tanh(columns(a, n, 2) + r * q).named("new")
    return (new + z * (h - new)).named("h"), new, r, z, q


def next_lstm(a: Node, h: Node, c: Node, u: Node) -> tuple[Node, ...]:
    """One step from the input's share a (b, 4n) of the sums: h, c, i, f, g, o."""
    n = h.shape[-1]
    sums = a + matmul.node(h, u)
    i, f, o = (sigmoid(columns(sums, n, k)).named(name) for k, name in ((0, "i"), (1, "f"), (3, "o")))
    g = tanh(columns(sums, n, 2)).named("g")
    c = (f * c + i * g).named("c")
    return (o * tanh(c)).named("h"), c, i, f, g, o


_CELL = "x(b, i), h(b, n), w(i, n), u(n, n), v(n) -> y(b, n)"


@composite(
    _CELL, latex=r"\tanh({x}\, {w} + {h}\, {u} + {v})",
    slopes=(r"(1 - {y}^2)\, {w}^\top", r"(1 - {y}^2)\, {u}^\top", r"{x}^\top (1 - {y}^2)",
            r"{h}^\top (1 - {y}^2)", r"\sum (1 - {y}^2)"),
    samples=[Sample(((2, 3), (2, 4), (3, 4), (4, 4), (4,)))],
)  # fmt: skip
def rnn_cell(x, h, w, u, v, *, activation="tanh"):
    """One step of a plain recurrent network: the new state from input x and state h, with weights w and u
    and bias v; activation is "tanh" or "relu".

    Shapes: x (b, i), h (b, n), w (i, n), u (n, n), v (n) -> y (b, n).
    Source: Elman 1990, Finding structure in time; PyTorch, torch.nn.RNNCell (both biases in one).
    """
    return check_activation(activation, "rnn_cell")(input_share(x, w, v) + matmul.node(h, u))


@composite(
    "x(b, i), h(b, n), w(i, m), u(n, m), v(m), d(n) -> y(b, n)",
    latex=r"(1 - z) \tanh(({x} {w} + {v})_n + r\, ({h} {u}_n + {d})) + z\, {h}",
    slopes=(r"\delta\, {w}^\top", r"z + \delta'\, {u}^\top", r"{x}^\top \delta", r"{h}^\top \delta'",
            r"\sum \delta", r"\sum \delta'_n"),
    samples=[Sample(((2, 3), (2, 4), (3, 12), (4, 12), (12,), (4,)))],
)  # fmt: skip
def gru_cell(x, h, w, u, v, d):
    """One step of a gated recurrent unit: the new state from input x and state h.

    Gates stand in the columns of the weights w and u and of the bias v as reset r, update z, new; d is the bias
    of the state's share of new, which r scales after the product. In the slopes, delta is the adjoint of
    the input's sums and delta' that of the state's, whose part for new is r times the other's.
    Shapes: x (b, i), h (b, n), w (i, 3n), u (n, 3n), v (3n), d (n) -> y (b, n).
    Source: Cho et al. 2014, arXiv:1406.1078; reset after the product as PyTorch, torch.nn.GRUCell.
    """
    check_gates("gru_cell", u.shape, 3)
    return next_gru(input_share(x, w, v), h, u, d)[0]


def lstm_cell(x: Node, h: Node, c: Node, w: Node, u: Node, b: Node | None = None) -> tuple[Node, Node]:
    """One step of a long short-term memory: the new state h and cell c, in scope lstm_cell.

    Gates stand in the columns of weights and bias as input i, forget f, new g, output o.
    Shapes: x (b, i), h and c (b, n), w (i, 4n), u (n, 4n), b (4n) -> h and c (b, n).
    Source: Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; PyTorch,
    torch.nn.LSTMCell (both biases in one, weights transposed).
    """
    check_gates("lstm_cell", u.shape, 4)
    with scope("lstm_cell"):
        h, c, *_ = next_lstm(input_share(x, w, b), h, c, u)
    return h, c


def check_activation(name: str, who: str):
    """The op of this name, if a plain recurrent network knows it."""
    if name not in ACTIVATIONS:
        hint = did_you_mean(str(name), ACTIVATIONS)
        raise SettingError(f"{who}: activation is 'tanh' or 'relu', found {name!r}.{hint}")
    return ACTIVATIONS[name]


def check_gates(who, u, gates):
    """Raise ShapeError unless u has one square of columns for each gate."""
    if u[1] != gates * u[0]:
        raise ShapeError(
            f"{who}: u is {shape_text(u)}; for a state of {u[0]} it must be "
            f"{shape_text((u[0], gates * u[0]))}: {gates} gates side by side."
        )


__all__ = ["gru_cell", "lstm_cell", "rnn_cell"]
