"""Recurrent cells and layers: beside PyTorch's modules, beside their own unrolled graphs, and with bad input."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.engine.program import Program

torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")

T, B, M, N = 5, 4, 3, 6
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).uniform(-1, 1, shape)


class Layer:
    """A layer of ours with inputs for leaves, and the same weights in PyTorch's module."""

    def __init__(self, kind: str, *, dtype: str = "float64", unroll: bool = False, **settings):
        self.kind, gates = kind, GATES[kind]
        shapes = {"x": (T, B, M), "w": (M, gates * N), "u": (N, gates * N), "b": (gates * N,)}
        if kind == "gru":
            shapes["d"] = (N,)
        shapes["h0"] = (B, N)
        if kind == "lstm":
            shapes["c0"] = (B, N)
        if settings.get("batch_first"):
            shapes["x"] = (B, T, M)
        self.leaves = {name: gn.input(name, shape, dtype) for name, shape in shapes.items()}
        self.arrays = {name: numbers(*shape, seed=k) for k, (name, shape) in enumerate(shapes.items())}
        self.settings = settings
        states, last = getattr(gn, kind)(**self.leaves, **settings)
        self.outputs = [states, *(last if kind == "lstm" else [last])]
        if unroll:
            self.outputs = list(gn.unroll(self.outputs))
        self.dtype = dtype
        total = gn.constant(0.0, dtype=dtype)
        for k, node in enumerate(self.outputs):
            total = total + (node * numbers(*node.shape, seed=50 + k).astype(dtype)).sum()
        self.loss = total

    def run(self, nodes):
        used = set(gn.Graph(nodes).inputs)
        feeds = {n: self.arrays[k].astype(self.dtype) for k, n in self.leaves.items() if n in used}
        return Program(list(nodes)).run(feeds)

    def slopes(self):
        return gn.gradient(self.loss, list(self.leaves.values()))

    def theirs(self):
        module_of = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[self.kind]
        extra = {"nonlinearity": self.settings["activation"]} if "activation" in self.settings else {}
        batch_first = self.settings.get("batch_first", False)
        module = module_of(M, N, batch_first=batch_first, dtype=torch.float64, **extra)
        t = {name: torch.from_numpy(a).requires_grad_() for name, a in self.arrays.items()}
        zero = torch.zeros(N, dtype=torch.float64)
        second = torch.cat([zero, zero, t["d"]]) if self.kind == "gru" else torch.zeros_like(t["b"])
        weights = {
            "weight_ih_l0": t["w"].T,
            "weight_hh_l0": t["u"].T,
            "bias_ih_l0": t["b"],
            "bias_hh_l0": second,
        }
        start = t["h0"][None]
        start = (start, t["c0"][None]) if self.kind == "lstm" else start
        axis = 1 if batch_first else 0
        turn = (lambda s: s.flip(axis)) if self.settings.get("reverse") else (lambda s: s)
        states, last = torch.func.functional_call(module, weights, (turn(t["x"]), start))
        outputs = [turn(states), *(s[0] for s in (last if self.kind == "lstm" else [last]))]
        loss = sum(
            (o * torch.from_numpy(numbers(*o.shape, seed=50 + k))).sum() for k, o in enumerate(outputs)
        )
        return outputs, torch.autograd.grad(loss, list(t.values()))


CASES = [
    ("rnn", {}),
    ("rnn", {"activation": "relu", "reverse": True}),
    ("gru", {}),
    ("gru", {"reverse": True, "batch_first": True}),
    ("lstm", {}),
    ("lstm", {"reverse": True}),
    ("lstm", {"batch_first": True}),
]


@pytest.mark.parametrize(("kind", "settings"), CASES, ids=lambda v: str(v))
def test_a_layer_and_its_slopes_are_pytorchs(kind, settings) -> None:
    layer = Layer(kind, **settings)
    outputs, slopes = layer.theirs()
    found = layer.run([*layer.outputs, *layer.slopes()])
    for ours, theirs in zip(found, [*outputs, *slopes], strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("kind", "settings"), CASES, ids=lambda v: str(v))
def test_a_float32_layer_agrees_with_its_unrolled_graph_to_rounding(kind, settings) -> None:
    fast, slow = (Layer(kind, dtype="float32", unroll=u, **settings) for u in (False, True))
    for ours, plain in zip(
        fast.run([*fast.outputs, *fast.slopes()]), slow.run([*slow.outputs, *slow.slopes()]), strict=True
    ):
        np.testing.assert_allclose(ours, plain, rtol=2e-5, atol=3e-6)


@pytest.mark.parametrize("kind", GATES)
def test_the_second_order_of_a_layer_is_that_of_its_unrolled_graph(kind) -> None:
    found = []
    for unroll in (False, True):
        layer = Layer(kind, unroll=unroll)
        steepness = gn.constant(0.0, dtype="float64")
        for slope in layer.slopes():
            steepness = steepness + (slope * slope).sum()
        found.append(layer.run(gn.gradient(steepness, list(layer.leaves.values()))))
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", GATES)
def test_any_number_of_threads_gives_the_same_bits(kind, monkeypatch) -> None:
    gates, n, b, t = GATES[kind], 48, 37, 9
    leaves = [gn.input("x", (t, "batch", 5)), gn.input("w", (5, gates * n)), gn.input("u", (n, gates * n))]
    states, _ = getattr(gn, kind)(*leaves)
    nodes = [states, *gn.gradient((states * states).sum(), leaves)]
    feeds = {
        leaf: numbers(*(b if isinstance(d, gn.Dim) else d for d in leaf.shape)).astype("f") for leaf in leaves
    }
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("GRAPHNN_THREADS", threads)
        found.append([a.tobytes() for a in Program(nodes).run(feeds)])
    assert found[0] == found[1] == found[2]


def test_cells_are_pytorchs() -> None:
    x, h, c = numbers(B, M), numbers(B, N, seed=1), numbers(B, N, seed=2)
    w, u, b = numbers(M, 4 * N, seed=3), numbers(N, 4 * N, seed=4), numbers(4 * N, seed=5)
    cell = torch.nn.LSTMCell(M, N, dtype=torch.float64)
    weights = {
        "weight_ih": torch.from_numpy(w.T), "weight_hh": torch.from_numpy(u.T), "bias_ih": torch.from_numpy(b),
        "bias_hh": torch.zeros(4 * N, dtype=torch.float64),
    }  # fmt: skip
    theirs = torch.func.functional_call(
        cell, weights, (torch.from_numpy(x), (torch.from_numpy(h), torch.from_numpy(c)))
    )
    ours = gn.lstm_cell(*(gn.constant(a, dtype="float64") for a in (x, h, c, w, u, b)))
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found.value, expected.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", GATES)
def test_without_a_start_and_biases_the_layer_starts_at_zero(kind) -> None:
    gates = GATES[kind]
    x, w, u = numbers(T, B, M), numbers(M, gates * N, seed=1), numbers(N, gates * N, seed=2)
    leaves = [gn.constant(a, dtype="float64") for a in (x, w, u)]
    more = {"h0": np.zeros((B, N)), "b": np.zeros(gates * N)} | (
        {"c0": np.zeros((B, N))} if kind == "lstm" else {}
    )
    given = {name: gn.constant(a, dtype="float64") for name, a in more.items()}
    plain, full = (getattr(gn, kind)(*leaves, **g)[0].value for g in ({}, given))
    np.testing.assert_array_equal(plain, full)


def test_a_sequence_of_named_length_runs_and_differentiates_once() -> None:
    x, w, u = gn.input("x", ("time", "batch", M)), gn.input("w", (M, 4 * N)), gn.input("u", (N, 4 * N))
    _, (h, _) = gn.lstm(x, w, u)
    slope = gn.gradient((h * h).sum(), w)
    program = Program([h, slope])
    for steps in (1, 7):
        feeds = {
            x: numbers(steps, B, M).astype("f"),
            w: numbers(M, 4 * N).astype("f"),
            u: numbers(N, 4 * N).astype("f"),
        }
        assert program.run(feeds)[0].shape == (B, N)
    with pytest.raises(gn.ShapeError, match="number of steps is time"):
        gn.gradient((slope * slope).sum(), w)


def test_large_inputs_saturate_and_nothing_overflows() -> None:
    x = gn.constant(np.array([[[1e4]], [[-1e4]], [[1e30]]]), dtype="float32")
    w, u = gn.parameter(np.ones((1, 4), "f"), "w"), gn.parameter(np.ones((1, 4), "f"), "u")
    states, (h, c) = gn.lstm(x, w, u)
    values = Program([states, h, c, *gn.gradient(states.sum(), [w, u])]).run({})
    assert all(np.isfinite(v).all() for v in values)


def test_nan_stays_in_its_row_and_its_future() -> None:
    array = np.zeros((4, 3, 2), "f")
    array[1, 2, 0] = np.nan
    x = gn.constant(array)
    for kind, gates in GATES.items():
        w, u = gn.constant(np.ones((2, gates * 5), "f")), gn.constant(np.ones((5, gates * 5), "f"))
        found = np.isnan(getattr(gn, kind)(x, w, u)[0].value)
        assert found[1:, 2].all()
        assert not found[0].any()
        assert not found[:, :2].any()


X, W, U = gn.input("x", (T, B, M)), gn.input("w", (M, 4 * N)), gn.input("u", (N, 4 * N))
CELL = [gn.input(f"x{k}", s) for k, s in enumerate([(2, 3), (2, 4), (3, 8), (4, 8), (8,), (4,)])]
WRONG = [
    ("w transposed", lambda: gn.lstm(X, W.T, U), "PyTorch's weights are the transposes"),
    ("gates of another layer", lambda: gn.gru(X, W, U), "w is \\(3, 24\\).*\\(3, 18\\)"),
    ("u not square", lambda: gn.rnn(X, gn.input("w", (M, N)), U), "rnn_sweep"),
    ("no batch axis", lambda: gn.lstm(gn.input("x", (T, M)), W, U), "x is a node of 3 axes"),
    ("no steps", lambda: gn.lstm(gn.input("x", (0, B, M)), W, U), "at least one"),
    ("start of another size", lambda: gn.lstm(X, W, U, None, gn.input("h0", (B, 2))), "lstm_sweep"),
    ("unknown activation", lambda: gn.rnn(X, gn.input("w", (M, N)), gn.input("u", (N, N)), activation="tan"), "tanh"),
    ("cell", lambda: gn.gru_cell(*CELL), "3 gates"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_what_does_not_fit_is_an_error_that_says_so(call, words) -> None:
    with pytest.raises((gn.ShapeError, gn.SettingError), match=words):
        call()
