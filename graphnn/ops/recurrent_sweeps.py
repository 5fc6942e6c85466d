"""Sweeps: all steps of a recurrent network as one node, and back through time as another.

A sweep is a composite. Its meaning is the graph of all steps in scopes t0, t1, ..., which `gn.unroll` puts in its
place; its kernel walks through time by itself. It gives a record: for each step the state and what the
slope needs, so that nothing is computed again. Shapes: t steps, b rows of a batch, n numbers of a state.
"""

from __future__ import annotations

from math import prod

from graphnn.core.declare import composite
from graphnn.core.dims import shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.op import Sample, View
from graphnn.core.scope import scope
from graphnn.ops.activation import step, tanh
from graphnn.ops.arithmetic import square
from graphnn.ops.join import build_concat
from graphnn.ops.linalg import matmul, matmul_nt, matmul_tn
from graphnn.ops.recurrent_cells import check_activation, columns, next_gru, next_lstm
from graphnn.ops.recurrent_kernels import (
    gru_kernel,
    gru_slope_kernel,
    lstm_kernel,
    lstm_slope_kernel,
    rnn_kernel,
    rnn_slope_kernel,
    states_product_kernel,
)
from graphnn.ops.recurrent_steps import (
    at_step,
    check_steps,
    cut_rows,
    in_order,
    previous,
    slope_scratch,
    steps_of,
    sweep_cost,
    sweep_view,
)
from graphnn.ops.reduce import build_sum
from graphnn.ops.shape import build_reshape

# The plain network

_RNN = ("a(t, b, n), u(n, n), h0(b, n) -> y(t, b, n)", "g(t, b, n), u(n, n), states(t, b, n) -> y(t, b, n)")


@composite(
    _RNN[0], latex=r"h_t = \phi({a}_t + h_{t-1} {u}),\; h_0 = {h0}",
    slopes=(r"\delta", r"\sum_t h_{t-1}^\top \delta_t", r"\delta_1 {u}^\top"),
    samples=[Sample(((3, 2, 4), (4, 4), (2, 4))),
             Sample(((2, 3, 2), (2, 2), (3, 2)), {"activation": "relu", "reverse": True})],
)  # fmt: skip
def rnn_sweep(a, u, h0, *, activation="tanh", reverse=False):
    """The states of a plain recurrent network at all steps, from the input's share a of the sums, the
    weights u of the state, and the first state h0; activation is "tanh" or "relu", reverse begins at the end.

    In the slopes, delta_t = phi'(h_t) (g_t + delta_{t+1} u^T) is the adjoint of the sums of step t.
    Shapes: a (t, b, n), u (n, n), h0 (b, n) -> y (t, b, n).
    Source: Elman 1990; PyTorch, torch.nn.RNN.
    """
    phi, h, parts = check_activation(activation, "rnn_sweep"), h0, []
    for t in steps_of(a, reverse, "rnn_sweep"):
        with scope(f"t{t}"):
            h = phi(at_step(a, t) + matmul.node(h, u)).named("h")
            parts.append(h)
    return in_order(parts, reverse)


@rnn_sweep.shape
def rnn_sweep_shape(a, u, h0, *, activation, reverse):
    check_activation(activation, "rnn_sweep")
    check_steps("rnn_sweep", a, "a", u, 1, 1)
    return a


@rnn_sweep.view
def rnn_sweep_view(*shapes, activation, reverse):
    return sweep_view(*shapes, is_relu=activation, reverse=reverse)


@rnn_sweep.vjp
def rnn_sweep_vjp(g, a, u, h0, y, *, activation, reverse):
    sums = rnn_sweep_slope.node(g, u, y, activation=activation, reverse=reverse)
    first = at_step(sums, -1 if reverse else 0)
    return [sums, states_product.node(y, h0, sums, reverse=reverse), matmul_nt.node(first, u)]


@composite(
    _RNN[1], latex=r"\delta_t = \phi'({states}_t)\, ({g}_t + \delta_{t+1} {u}^\top)",
    slopes=(r"\partial \delta / \partial {g}", r"\partial \delta / \partial {u}",
            r"\partial \delta / \partial {states}"),
    samples=[Sample(((3, 2, 4), (4, 4), (3, 2, 4)), domain=(-0.9, 0.9)),
             Sample(((2, 3, 2), (2, 2), (2, 3, 2)), {"activation": "relu", "reverse": True})],
)  # fmt: skip
def rnn_sweep_slope(g, u, states, *, activation="tanh", reverse=False):
    """Back through time: the adjoint of the sums of every step of rnn_sweep, from the adjoint g of its
    states, the weights u and the states.

    activation and reverse are those of the sweep. Shapes: g, states (t, b, n), u (n, n) -> y (t, b, n).
    Source: Werbos 1990, Backpropagation through time.
    """
    carried, parts = None, []
    for t in steps_of(g, not reverse, "rnn_sweep_slope"):
        with scope(f"t{t}"):
            part, h = at_step(g, t), at_step(states, t)
            part = part if carried is None else part + carried
            sums = part * (step(h) if activation == "relu" else 1.0 - square(h))
            carried = matmul_nt.node(sums, u)
            parts.append(sums)
    return in_order(parts, not reverse)


rnn_sweep_slope.view(rnn_sweep_view)


@rnn_sweep_slope.shape
def rnn_sweep_slope_shape(g, u, states, *, activation, reverse):
    check_steps("rnn_sweep_slope", g, "g", u, 1, 1)
    return g


@rnn_sweep_slope.scratch
def rnn_sweep_slope_scratch(view):
    return slope_scratch(view, 1, 1, 0)


# Gated recurrent units


@composite(
    "a(t, b, m), u(n, m), d(n), h0(b, n) -> y(t, b, r)",
    latex=r"h_t = (1 - z_t) \tanh({a}_t + r_t (h_{t-1} {u} + {d})) + z_t h_{t-1},\; h_0 = {h0}",
    slopes=(r"\delta", r"\sum_t h_{t-1}^\top \delta'_t", r"\sum \delta'_n", r"z_1 + \delta'_1 {u}^\top"),
    samples=[Sample(((3, 2, 9), (3, 9), (3,), (2, 3))),
             Sample(((2, 3, 6), (2, 6), (2,), (3, 2)), {"reverse": True})],
)  # fmt: skip
def gru_sweep(a, u, d, h0, *, reverse=False):
    """The record of a gated recurrent unit: at all steps state, new, r, z, and q, the state's share of new.

    a is the input's share of the sums of r, z and new, u the weights of the state, d the bias of q, h0 the
    first state; reverse begins at the end. In the slopes, delta is the adjoint of a's sums and delta' that of
    the state's shares, which differs for new by the factor r.
    Shapes: a (t, b, 3n), u (n, 3n), d (n), h0 (b, n) -> y (t, b, 5n).
    Source: Cho et al. 2014, arXiv:1406.1078; PyTorch, torch.nn.GRU.
    """
    check_steps("gru_sweep", a.shape, "a", u.shape, 3, 3)
    h, parts = h0, []
    for t in steps_of(a, reverse, "gru_sweep"):
        with scope(f"t{t}"):
            record = next_gru(at_step(a, t), h, u, d)
            h = record[0]
            parts.append(build_concat(record, -1))
    return in_order(parts, reverse)


@gru_sweep.shape
def gru_sweep_shape(a, u, d, h0, *, reverse):
    check_steps("gru_sweep", a, "a", u, 3, 3)
    return (*a[:2], 5 * u[0])


gru_sweep.view(sweep_view)


@gru_sweep.vjp
def gru_sweep_vjp(g, a, u, d, h0, y, *, reverse):
    n = u.shape[0]
    slope = gru_sweep_slope.node(g, u, h0, y, reverse=reverse, to="sums")
    product = states_product.node(y, h0, slope, reverse=reverse)
    return [
        build_concat([columns(slope, n, 0, 2), columns(slope, n, 3)], -1),
        columns(product, n, 0, 3),
        build_sum(columns(slope, n, 2), (0, 1)),
        gru_sweep_slope.node(g, u, h0, y, reverse=reverse, to="state"),
    ]


@composite(
    "g(t, b, w), u(n, m), h0(b, n), states(t, b, w) -> y(*r)",
    latex=r"\delta = \partial \langle {g}, {states} \rangle / \partial {a}",
    slopes=(r"\partial \delta / \partial {g}", r"\partial \delta / \partial {u}",
            r"\partial \delta / \partial {h0}", r"\partial \delta / \partial {states}"),
    samples=[Sample(((3, 2, 10), (2, 6), (2, 2), (3, 2, 10)), {"to": "sums"}, domain=(-0.9, 0.9)),
             Sample(((2, 3, 10), (2, 6), (3, 2), (2, 3, 10)), {"to": "state", "reverse": True})],
)  # fmt: skip
def gru_sweep_slope(g, u, h0, states, *, to, reverse=False):
    """Back through time: from the adjoint g of the record of gru_sweep, its weights u, first state h0 and
    record (states), the adjoints of r's, z's sums, of q and of new's sum (to="sums"), or of h0 (to="state").

    reverse is that of the sweep. Shapes: g, states (t, b, 5n), u (n, 3n), h0 (b, n) -> y (t, b, 4n) or (b, n).
    Source: Werbos 1990, Backpropagation through time.
    """
    n, carried, parts = u.shape[0], None, []
    for t in steps_of(g, not reverse, "gru_sweep_slope"):
        with scope(f"t{t}"):
            own, record = at_step(g, t), at_step(states, t)
            gh, gnew, gr, gz, gq = (columns(own, n, k) for k in range(5))
            _, new, r, z, q = (columns(record, n, k) for k in range(5))
            gh = gh if carried is None else gh + carried
            before = previous(states, h0, t, 0, reverse=reverse)
            snew = (gnew + gh * (1.0 - z)) * (1.0 - square(new))
            sz = (gz + gh * (before - new)) * (z * (1.0 - z))
            sq = gq + snew * r
            sr = (gr + snew * q) * (r * (1.0 - r))
            carried = gh * z + matmul_nt.node(build_concat([sr, sz, sq], -1), u)
            parts.append(build_concat([sr, sz, sq, snew], -1))
    return carried if to == "state" else in_order(parts, not reverse)


@gru_sweep_slope.shape
def gru_sweep_slope_shape(g, u, h0, states, *, to, reverse):
    check_steps("gru_sweep_slope", g, "g", u, 3, 5)
    return h0 if to == "state" else (*g[:2], 4 * u[0])


@gru_sweep_slope.view
def gru_sweep_slope_view(*shapes, to, reverse):
    return sweep_view(*shapes, to_state=to, reverse=reverse)


@gru_sweep_slope.scratch
def gru_sweep_slope_scratch(view):
    return slope_scratch(view, 3, 1, 4 * view.ints["to_state"])


# Long short-term memory


@composite(
    "a(t, b, m), u(n, m), h0(b, n), c0(b, n) -> y(t, b, r)",
    latex=r"c_t = f_t c_{t-1} + i_t g_t,\; h_t = o_t \tanh c_t,\; "
          r"i, f, g, o = \sigma, \sigma, \tanh, \sigma({a} + h {u}),\; h_0 = {h0},\; c_0 = {c0}",
    slopes=(r"\delta", r"\sum_t h_{t-1}^\top \delta_t", r"\delta_1 {u}^\top", r"f_1\, \gamma_1"),
    samples=[Sample(((3, 2, 12), (3, 12), (2, 3), (2, 3))),
             Sample(((2, 3, 8), (2, 8), (3, 2), (3, 2)), {"reverse": True})],
)  # fmt: skip
def lstm_sweep(a, u, h0, c0, *, reverse=False):
    """The record of a long short-term memory: at all steps state h, cell c, and the gates i, f, g, o.

    a is the input's share of the gates' sums, u the weights of the state, h0 and c0 the first state and cell;
    reverse begins at the end. In the slopes, delta is the adjoint of the sums and gamma that of the cells.
    Shapes: a (t, b, 4n), u (n, 4n), h0, c0 (b, n) -> y (t, b, 6n).
    Source: Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; PyTorch, torch.nn.LSTM.
    """
    check_steps("lstm_sweep", a.shape, "a", u.shape, 4, 4)
    h, c, parts = h0, c0, []
    for t in steps_of(a, reverse, "lstm_sweep"):
        with scope(f"t{t}"):
            record = next_lstm(at_step(a, t), h, c, u)
            h, c = record[:2]
            parts.append(build_concat(record, -1))
    return in_order(parts, reverse)


@lstm_sweep.shape
def lstm_sweep_shape(a, u, h0, c0, *, reverse):
    check_steps("lstm_sweep", a, "a", u, 4, 4)
    return (*a[:2], 6 * u[0])


lstm_sweep.view(sweep_view)


@lstm_sweep.vjp
def lstm_sweep_vjp(g, a, u, h0, c0, y, *, reverse):
    sums = lstm_sweep_slope.node(g, u, c0, y, reverse=reverse, to="sums")
    first = at_step(sums, -1 if reverse else 0)
    return [
        sums,
        states_product.node(y, h0, sums, reverse=reverse),
        matmul_nt.node(first, u),
        lstm_sweep_slope.node(g, u, c0, y, reverse=reverse, to="cell"),
    ]


@composite(
    "g(t, b, w), u(n, m), c0(b, n), states(t, b, w) -> y(*r)",
    latex=r"\delta = \partial \langle {g}, {states} \rangle / \partial {a}",
    slopes=(r"\partial \delta / \partial {g}", r"\partial \delta / \partial {u}",
            r"\partial \delta / \partial {c0}", r"\partial \delta / \partial {states}"),
    samples=[Sample(((3, 2, 12), (2, 8), (2, 2), (3, 2, 12)), {"to": "sums"}, domain=(-0.9, 0.9)),
             Sample(((2, 3, 12), (2, 8), (3, 2), (2, 3, 12)), {"to": "cell", "reverse": True})],
)  # fmt: skip
def lstm_sweep_slope(g, u, c0, states, *, to, reverse=False):
    """Back through time: from the adjoint g of the record of lstm_sweep, its weights u, first cell c0 and
    record (states), the adjoint of the gates' sums (to="sums"), or of c0 (to="cell").

    reverse is that of the sweep. Shapes: g, states (t, b, 6n), u (n, 4n), c0 (b, n) -> y (t, b, 4n) or (b, n).
    Source: Werbos 1990, Backpropagation through time.
    """
    n, carried, cell, parts = u.shape[0], None, None, []
    for t in steps_of(g, not reverse, "lstm_sweep_slope"):
        with scope(f"t{t}"):
            own, record = at_step(g, t), at_step(states, t)
            gh, gc, gi, gf, gg, go = (columns(own, n, k) for k in range(6))
            _, c, i, f, new, o = (columns(record, n, k) for k in range(6))
            gh = gh if carried is None else gh + carried
            bent = tanh(c)
            gc = gc + gh * o * (1.0 - square(bent))
            gc = gc if cell is None else gc + cell
            before = previous(states, c0, t, 1, reverse=reverse)
            sums = [
                (gi + gc * new) * (i * (1.0 - i)),
                (gf + gc * before) * (f * (1.0 - f)),
                (gg + gc * i) * (1.0 - square(new)),
                (go + gh * bent) * (o * (1.0 - o)),
            ]
            parts.append(build_concat(sums, -1))
            carried, cell = matmul_nt.node(parts[-1], u), gc * f
    return cell if to == "cell" else in_order(parts, not reverse)


@lstm_sweep_slope.shape
def lstm_sweep_slope_shape(g, u, c0, states, *, to, reverse):
    check_steps("lstm_sweep_slope", g, "g", u, 4, 6)
    return c0 if to == "cell" else (*g[:2], 4 * u[0])


@lstm_sweep_slope.view
def lstm_sweep_slope_view(*shapes, to, reverse):
    return sweep_view(*shapes, to_cell=to, reverse=reverse)


@lstm_sweep_slope.scratch
def lstm_sweep_slope_scratch(view):
    return slope_scratch(view, 4, 2, 4 * view.ints["to_cell"])


@composite(
    "states(t, b, w), h0(b, n), g(t, b, m) -> y(n, m)", latex=r"\sum_t h_{t-1}^\top {g}_t",
    slopes=(r"{g}_{t+1}", r"{g}_1", r"h_{t-1}"),
    samples=[Sample(((3, 2, 8), (2, 4), (3, 2, 5))), Sample(((3, 2, 4), (2, 4), (3, 2, 2)), {"reverse": True}),
             Sample(((1, 2, 3), (2, 3), (1, 2, 3)))],
)  # fmt: skip
def states_product(states, h0, g, *, reverse=False):
    """The slope of the weights of a sweep: each state times the adjoint g of the sums of the step after it.

    states is the record of the sweep, of which the first n columns are the states; h0 is the state before the
    first step; reverse is that of the sweep.
    Shapes: states (t, b, w), h0 (b, n), g (t, b, m) -> y (n, m).
    Source: Werbos 1990, Backpropagation through time.
    """
    n, rows = h0.shape[1], size_of(g.shape[:2])
    states, start = columns(states, n, 0), build_reshape(h0, (1, *h0.shape))
    both = [states[1:], start] if reverse else [start, states[:-1]]
    before = build_concat(both, 0)
    return matmul_tn.node(build_reshape(before, (rows, n)), build_reshape(g, (rows, g.shape[2])))


@states_product.shape
def states_product_shape(states, h0, g, *, reverse):
    if states[0] == 0 or (isinstance(states[2], int) and isinstance(h0[1], int) and states[2] < h0[1]):
        raise ShapeError(
            f"states_product: states {shape_text(states)} do not hold a state of {h0[1]} for each of some steps."
        )
    return (h0[1], g[2])


@states_product.view
def states_product_view(states, h0, g, y, *, reverse):
    states_product_shape(states, h0, g, reverse=reverse)
    steps, batch, wide = states
    ints = {"steps": steps, "batch": batch, "size": y[0], "wide": wide, "columns": y[1]}
    ints |= {"top": 0, "bottom": y[0], "reverse": int(reverse), "work": steps * batch * prod(y)}
    return View(tuple((prod(shape),) for shape in (states, h0, g, y)), ints)


@states_product.cost
def states_product_cost(node):
    return 2 * size_of(node.operands[2].shape[:2]) * size_of(node.shape)


for _sweep, _kernel in (
    (rnn_sweep, rnn_kernel),
    (rnn_sweep_slope, rnn_slope_kernel),
    (gru_sweep, gru_kernel),
    (gru_sweep_slope, gru_slope_kernel),
    (lstm_sweep, lstm_kernel),
    (lstm_sweep_slope, lstm_slope_kernel),
    (states_product, states_product_kernel),
):
    _sweep.kernel(_kernel)
    _sweep.shard(cut_rows)
    if _sweep is not states_product:
        _sweep.cost(sweep_cost)


__all__ = [
    "gru_sweep",
    "gru_sweep_slope",
    "lstm_sweep",
    "lstm_sweep_slope",
    "rnn_sweep",
    "rnn_sweep_slope",
    "states_product",
]
