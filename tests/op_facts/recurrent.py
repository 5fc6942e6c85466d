"""Recurrent networks beside PyTorch's arithmetic, written out, and calls of them.

Whole layers are compared with torch.nn.RNN, GRU and LSTM in tests/ops/test_recurrent.py: those have no second
slopes on all machines.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, twin

SIZES = st.sampled_from([1, 1, 2, 3])
BOOLS = st.booleans()


def walk(torch: Any, a: Any, step: Any, state: Any, *, reverse: bool) -> Any:
    """The records of all steps; a step gives a record and the next state."""
    records = []
    for t in reversed(range(len(a))) if reverse else range(len(a)):
        record, state = step(a[t], state)
        records.append(record)
    return torch.stack(records[::-1] if reverse else records)


@twin()
def rnn_cell(torch, x, h, w, u, v, *, activation):
    return getattr(torch, activation)(x @ w + h @ u + v)


@twin()
def gru_cell(torch, x, h, w, u, v, d):
    return torch.nn.GRUCell.forward(FakeGru(torch, w, u, v, d), x, h)


class FakeGru:
    """What torch.nn.GRUCell.forward reads, holding given tensors instead of parameters."""

    bias = True

    def __init__(self, torch, w, u, v, d):
        n = len(d)
        self.input_size, self.hidden_size = w.shape[0], n
        self.weight_ih, self.weight_hh, self.bias_ih = w.T, u.T, v
        self.bias_hh = torch.cat([torch.zeros(2 * n, dtype=d.dtype), d])


@twin()
def rnn_sweep(torch, a, u, h0, *, activation, reverse):
    def step(share, h):
        h = getattr(torch, activation)(share + h @ u)
        return h, h

    return walk(torch, a, step, h0, reverse=reverse)


@twin()
def gru_sweep(torch, a, u, d, h0, *, reverse):
    def step(share, h):
        ar, az, an = share.chunk(3, -1)
        sr, sz, q = (h @ u).chunk(3, -1)
        r, z, q = torch.sigmoid(ar + sr), torch.sigmoid(az + sz), q + d
        new = torch.tanh(an + r * q)
        h = (1 - z) * new + z * h
        return torch.cat([h, new, r, z, q], -1), h

    return walk(torch, a, step, h0, reverse=reverse)


@twin()
def lstm_sweep(torch, a, u, h0, c0, *, reverse):
    def step(share, state):
        h, c = state
        i, f, g, o = (share + h @ u).chunk(4, -1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = f * c + i * g
        h = o * torch.tanh(c)
        return torch.cat([h, c, i, f, g, o], -1), (h, c)

    return walk(torch, a, step, (h0, c0), reverse=reverse)


@twin()
def states_product(torch, states, h0, g, *, reverse):
    states = states[..., : h0.shape[1]]
    before = torch.cat([states[1:], h0[None]] if reverse else [h0[None], states[:-1]])
    return torch.einsum("tbn,tbm->nm", before, g)


@twin()
def rnn_sweep_slope(torch, g, u, states, *, activation, reverse):
    bend = (states > 0).to(states.dtype) if activation == "relu" else 1 - states**2

    def step(part, carried):
        sums = (part[0] + carried) * part[1]
        return sums, sums @ u.T

    pairs = list(zip(g, bend, strict=True))
    return walk(torch, pairs, step, torch.zeros_like(g[0]), reverse=not reverse)


def lstm_slope_by_hand(torch, g, u, c0, states, *, to, reverse):
    order = range(len(g)) if reverse else reversed(range(len(g)))
    first = len(g) - 1 if reverse else 0
    dh, dc, sums = 0, 0, [None] * len(g)
    for t in order:
        gh, gc, gi, gf, gg, go = g[t].chunk(6, -1)
        _, c, i, f, new, o = states[t].chunk(6, -1)
        before = c0 if t == first else states[t + 1 if reverse else t - 1].chunk(6, -1)[1]
        dh, th = gh + dh, torch.tanh(c)
        dc = dc + gc + dh * o * (1 - th**2)
        sums[t] = torch.cat(
            [(gi + dc * new) * i * (1 - i), (gf + dc * before) * f * (1 - f), (gg + dc * i) * (1 - new**2),
             (go + dh * th) * o * (1 - o)], -1
        )  # fmt: skip
        dh, dc = sums[t] @ u.T, dc * f
    return dc if to == "cell" else torch.stack(sums)


def gru_slope_by_hand(torch, g, u, h0, states, *, to, reverse):
    order = range(len(g)) if reverse else reversed(range(len(g)))
    first = len(g) - 1 if reverse else 0
    dh, sums = 0, [None] * len(g)
    for t in order:
        gh, gn, gr, gz, gq = g[t].chunk(5, -1)
        _, new, r, z, q = states[t].chunk(5, -1)
        before = h0 if t == first else states[t + 1 if reverse else t - 1].chunk(5, -1)[0]
        dh = gh + dh
        dn = (gn + dh * (1 - z)) * (1 - new**2)
        dz = (gz + dh * (before - new)) * z * (1 - z)
        dq, dr = gq + dn * r, (gr + dn * q) * r * (1 - r)
        sums[t] = torch.cat([dr, dz, dq, dn], -1)
        dh = dh * z + torch.cat([dr, dz, dq], -1) @ u.T
    return dh if to == "state" else torch.stack(sums)


twin("lstm_sweep_slope")(lstm_slope_by_hand)
twin("gru_sweep_slope")(gru_slope_by_hand)


def sizes(draw: Any) -> tuple[int, int, int]:
    """Steps, rows and states."""
    return draw(SIZES), draw(st.sampled_from([0, 1, 2, 3])), draw(SIZES)


@draws("rnn_cell")
def plain_cells(draw):
    _, b, n = sizes(draw)
    i = draw(SIZES)
    return Sample(((b, i), (b, n), (i, n), (n, n), (n,)), {"activation": "tanh"})


@draws("gru_cell")
def gated_cells(draw):
    _, b, n = sizes(draw)
    i = draw(SIZES)
    return Sample(((b, i), (b, n), (i, 3 * n), (n, 3 * n), (3 * n,), (n,)))


@draws("rnn_sweep")
def plain_sweeps(draw):
    t, b, n = sizes(draw)
    return Sample(((t, b, n), (n, n), (b, n)), {"activation": "tanh", "reverse": draw(BOOLS)})


@draws("rnn_sweep_slope")
def plain_slopes(draw):
    t, b, n = sizes(draw)
    attributes = {"activation": draw(st.sampled_from(["relu", "tanh"])), "reverse": draw(BOOLS)}
    return Sample(((t, b, n), (n, n), (t, b, n)), attributes)


@draws("gru_sweep")
def gated_sweeps(draw):
    t, b, n = sizes(draw)
    return Sample(((t, b, 3 * n), (n, 3 * n), (n,), (b, n)), {"reverse": draw(BOOLS)})


@draws("gru_sweep_slope")
def gated_slopes(draw):
    t, b, n = sizes(draw)
    attributes = {"to": draw(st.sampled_from(["sums", "state"])), "reverse": draw(BOOLS)}
    return Sample(((t, b, 5 * n), (n, 3 * n), (b, n), (t, b, 5 * n)), attributes)


@draws("lstm_sweep")
def lstm_sweeps(draw):
    t, b, n = sizes(draw)
    return Sample(((t, b, 4 * n), (n, 4 * n), (b, n), (b, n)), {"reverse": draw(BOOLS)})


@draws("lstm_sweep_slope")
def lstm_slopes(draw):
    t, b, n = sizes(draw)
    attributes = {"to": draw(st.sampled_from(["sums", "cell"])), "reverse": draw(BOOLS)}
    return Sample(((t, b, 6 * n), (n, 4 * n), (b, n), (t, b, 6 * n)), attributes)


@draws("states_product")
def products(draw):
    t, b, n = sizes(draw)
    wide, m = draw(st.sampled_from([n, 2 * n + 1])), draw(SIZES)
    return Sample(((t, b, wide), (b, n), (t, b, m)), {"reverse": draw(BOOLS)})
