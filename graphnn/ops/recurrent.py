"""Recurrent layers: run a network over a sequence, `h, last = gn.gru(x, w, u, b)`.

A layer is one product of all inputs with the input weights and one sweep through time, in a scope of its name.
Its sweep is one node, drawn as one box; `gn.unroll` puts the graph of all its steps in its place. Weights have the
input's axis first: PyTorch's are the transposes. For both directions call a layer twice, once with
reverse=True, and join the sequences along their last axis.
"""

from __future__ import annotations

from graphnn.core.dims import shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.ops.recurrent_cells import columns, input_share
from graphnn.ops.recurrent_sweeps import gru_sweep, lstm_sweep, rnn_sweep
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape, build_transpose
from graphnn.ops.slicing import build_slice


def rnn(
    x: Node, w: Node, u: Node, b: Node | None = None, h0: Node | None = None, *,
    activation: str = "tanh", reverse: bool = False, batch_first: bool = False,
) -> tuple[Node, Node]:  # fmt: skip
    """A plain recurrent network over a sequence: h_t = tanh(x_t w + b + h_(t-1) u).

    Shapes: x (t, b, i), or (b, t, i) with batch_first; w (i, n), u (n, n), b (n), h0 (b, n), zeros if not given.
    Answers all states, shaped like x, and the last, (b, n). activation is "tanh" or "relu"; with reverse the
    sequence is read from its end, and the last state stands first.
    Source: Elman 1990, Finding structure in time; PyTorch, torch.nn.RNN.
    """
    with scope("rnn"):
        a = shares(x, w, u, b, 1, "rnn", batch_first=batch_first)
        h0 = start(h0, a, u)
        record = rnn_sweep.node(a, u, h0, activation=activation, reverse=reverse)
        return sequence(record, u, batch_first=batch_first), final(record, u, 0, reverse=reverse)


def gru(
    x: Node, w: Node, u: Node, b: Node | None = None, d: Node | None = None, h0: Node | None = None, *,
    reverse: bool = False, batch_first: bool = False,
) -> tuple[Node, Node]:  # fmt: skip
    """A gated recurrent unit over a sequence; see gru_cell for a step.

    Shapes: x (t, b, i), or (b, t, i) with batch_first; w (i, 3n), u (n, 3n), b (3n) with columns r, z, new; d (n),
    the bias that r scales; h0 (b, n), zeros if not given. Answers all states, shaped like x, and the last, (b, n).
    With reverse the sequence is read from its end, and the last state stands first.
    Source: Cho et al. 2014, arXiv:1406.1078; PyTorch, torch.nn.GRU.
    """
    with scope("gru"):
        a = shares(x, w, u, b, 3, "gru", batch_first=batch_first)
        d = zeros((u.shape[0],), u) if d is None else d
        record = gru_sweep.node(a, u, d, start(h0, a, u), reverse=reverse)
        return sequence(record, u, batch_first=batch_first), final(record, u, 0, reverse=reverse)


def lstm(
    x: Node, w: Node, u: Node, b: Node | None = None, h0: Node | None = None, c0: Node | None = None, *,
    reverse: bool = False, batch_first: bool = False,
) -> tuple[Node, tuple[Node, Node]]:  # fmt: skip
    """A long short-term memory over a sequence; see lstm_cell for a step.

    Shapes: x (t, b, i), or (b, t, i) with batch_first; w (i, 4n), u (n, 4n), b (4n) with columns i, f, g, o;
    h0, c0 (b, n), zeros if not given. Answers all states, shaped like x, and the last state and cell, (b, n).
    With reverse the sequence is read from its end, and the last state stands first.
    Source: Hochreiter and Schmidhuber 1997; PyTorch, torch.nn.LSTM.

    Example
    -------
    >>> import graphnn as gn
    >>> x, w, u = (gn.input(n, s) for n, s in (("x", (28, "batch", 3)), ("w", (3, 20)), ("u", (5, 20))))
    >>> states, (h, c) = gn.lstm(x, w, u)
    >>> states.shape, h.shape
    ((28, batch, 5), (batch, 5))
    """
    with scope("lstm"):
        a = shares(x, w, u, b, 4, "lstm", batch_first=batch_first)
        record = lstm_sweep.node(a, u, start(h0, a, u), start(c0, a, u), reverse=reverse)
        last = final(record, u, 0, reverse=reverse), final(record, u, 1, reverse=reverse)
        return sequence(record, u, batch_first=batch_first), last


def shares(x, w, u, b, gates, who, *, batch_first):
    """What the input gives to the sums of all gates at all steps, (t, b, gates * n): one product."""
    for node, name, rank in ((x, "x", 3), (w, "w", 2), (u, "u", 2)):
        if not isinstance(node, Node) or node.ndim != rank:
            found = shape_text(node.shape) if isinstance(node, Node) else repr(node)
            raise ShapeError(f"{who}: {name} is a node of {rank} axes, found {found}.")
    if w.shape != (x.shape[2], gates * u.shape[0]):
        raise ShapeError(
            f"{who}: w is {shape_text(w.shape)}; for inputs of {x.shape[2]} and a state of {u.shape[0]} it must be "
            f"{shape_text((x.shape[2], gates * u.shape[0]))}. PyTorch's weights are the transposes."
        )
    if batch_first:
        x = build_transpose(x, (1, 0, 2))
    rows = build_reshape(x, (size_of(x.shape[:2]), x.shape[2]))
    return build_reshape(input_share(rows, w, b), (*x.shape[:2], w.shape[1]))


def zeros(shape, like):
    """Zeros of this shape, in the dtype of another node."""
    return build_broadcast_to(constant(0.0, dtype=like.dtype), shape)


def start(state, a, u):
    """The given first state, or zeros."""
    return zeros((a.shape[1], u.shape[0]), a) if state is None else state


def sequence(record, u, *, batch_first):
    """The states of all steps."""
    states = columns(record, u.shape[0], 0)
    return build_transpose(states, (1, 0, 2)) if batch_first else states


def final(record, u, block, *, reverse):
    """The state, or the cell, after the last step."""
    return columns(build_slice(record, (0 if reverse else -1,)), u.shape[0], block)


__all__ = ["gru", "lstm", "rnn"]
