"""Recurrent layers equal PyTorch's, in states and in every gradient, and run as sweeps, not step by step."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.lower import lower

STEPS, FEATURES, UNITS = 7, 3, 5
KINDS = {"RNN": gn.nn.RNN, "GRU": gn.nn.GRU, "LSTM": gn.nn.LSTM}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sequences(steps: object = STEPS, name: str = "x") -> gn.Node:
    return gn.input(name, ("batch", steps, FEATURES), "float64")


def draw_parameters(layer: gn.nn.Layer, seed: int = 0) -> None:
    for k, p in enumerate(layer.parameters):
        p.value = 0.5 * rng(seed + k).normal(size=p.shape)


def torch_twin(layer, **settings):
    """PyTorch's layer with the same weights, and its gradients in the order of the layer's parameters."""
    torch = pytest.importorskip("torch")
    kind, ways = type(layer).__name__, len(layer.ways)
    twin = getattr(torch.nn, kind)(
        FEATURES, UNITS, num_layers=layer.depth, bidirectional=ways == 2, batch_first=True,
        dtype=torch.float64, **settings,
    )  # fmt: skip
    each = 4 if kind == "GRU" else 3
    names = [f"l{k}{suffix}" for k in range(layer.depth) for suffix in ("", "_reverse")[:ways]]
    own = [layer.parameters[i : i + each] for i in range(0, len(layer.parameters), each)]
    with torch.no_grad():
        for name, (w, u, b, *d) in zip(names, own, strict=True):
            hidden = np.zeros(b.shape)
            if d:
                hidden[2 * UNITS :] = d[0].value
            for theirs, value in (
                ("weight_ih", w.value.T), ("weight_hh", u.value.T), ("bias_ih", b.value), ("bias_hh", hidden)
            ):  # fmt: skip
                getattr(twin, f"{theirs}_{name}").copy_(torch.tensor(np.ascontiguousarray(value)))

    def gradients() -> list[np.ndarray]:
        found = []
        for name in names:
            grads = {
                n: getattr(twin, f"{n}_{name}").grad.numpy() for n in ("weight_ih", "weight_hh", "bias_ih")
            }
            found += [grads["weight_ih"].T, grads["weight_hh"].T, grads["bias_ih"]]
            if kind == "GRU":
                found.append(getattr(twin, f"bias_hh_{name}").grad.numpy()[2 * UNITS :])
        return found

    return torch, twin, gradients


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layers", "both_ways"), [(1, False), (2, False), (1, True), (2, True)])
def test_states_and_all_gradients_are_those_of_pytorch(kind: str, layers: int, both_ways: bool) -> None:
    layer = KINDS[kind](UNITS, layers=layers, both_ways=both_ways, sequences=True, seed=1)
    x = sequences()
    y, states = layer.with_states(x)
    draw_parameters(layer)
    torch, twin, gradients = torch_twin(layer)
    data = rng(9).normal(size=(4, STEPS, FEATURES))
    inputs = [gn.input(f"factor{k}", node.shape, "float64") for k, node in enumerate((y, *states))]
    factors = [rng(20 + k).normal(size=(4, *node.shape[1:])) for k, node in enumerate(inputs)]
    loss = sum((node * f).sum() for node, f in zip((y, *states), inputs, strict=True))
    program = gn.Program([y, *states, *gn.gradient(loss, [x, *layer.parameters])])
    found = program.run({x: data, **dict(zip(inputs, factors, strict=True))})

    given = torch.tensor(data, requires_grad=True)
    out, last = twin(given)
    kept = last if isinstance(last, tuple) else (last,)
    theirs = [kept[c][k] for k in range(layers * len(layer.ways)) for c in range(len(kept))]
    sum((node * torch.tensor(f)).sum() for node, f in zip((out, *theirs), factors, strict=True)).backward()
    wanted = [out.detach().numpy(), *[s.detach().numpy() for s in theirs], given.grad.numpy(), *gradients()]
    # Two orders of the same sums in float64, over 7 steps and 2 layers.
    for ours, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_sequences_of_different_lengths_are_those_of_pytorch(kind: str) -> None:
    layer = KINDS[kind](UNITS, layers=2, both_ways=True, sequences=True)
    x, lengths = sequences("steps"), gn.input("lengths", ("batch",), "int64")
    y, states = layer.with_states(x, lengths=lengths)
    draw_parameters(layer, 3)
    torch, twin, gradients = torch_twin(layer)
    data, ends = rng(4).normal(size=(4, STEPS, FEATURES)), np.array([7, 3, 1, 5])
    given, factor = gn.input("factor", y.shape, "float64"), rng(5).normal(size=(4, STEPS, 2 * UNITS))
    slopes = gn.gradient((y * given).sum(), list(layer.parameters))
    found = gn.Program([y, *states, *slopes]).run({x: data, lengths: ends, given: factor})
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(data), torch.tensor(ends), batch_first=True, enforce_sorted=False
    )
    out, last = twin(packed)
    out = torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0]
    (out * torch.tensor(factor)).sum().backward()
    kept = last if isinstance(last, tuple) else (last,)
    theirs = [kept[c][k].detach().numpy() for k in range(4) for c in range(len(kept))]
    for ours, other in zip(found, [out.detach().numpy(), *theirs, *gradients()], strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_what_fills_a_sequence_up_counts_for_nothing(kind: str) -> None:
    layer = KINDS[kind](UNITS, both_ways=True)
    x, lengths = sequences(), gn.input("lengths", ("batch",), "int64")
    program = gn.Program(layer(x, lengths=lengths))
    data, ends = rng(1).normal(size=(3, STEPS, FEATURES)), np.array([2, 7, 4])
    first = program.run({x: data, lengths: ends})
    for row, end in enumerate(ends):
        data[row, end:] = 1e3
    np.testing.assert_array_equal(program.run({x: data, lengths: ends}), first)
    short = sequences(2)
    np.testing.assert_allclose(
        gn.Program(layer(short)).run({short: data[:1, :2]}), first[:1], rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("end", [0, 8, -1])
def test_a_length_that_no_sequence_has_is_a_fault_that_says_where(end: int) -> None:
    layer = gn.nn.GRU(UNITS, both_ways=True)
    x, lengths = sequences(), gn.input("lengths", ("batch",), "int64")
    program = gn.Program(layer(x, lengths=lengths))
    with pytest.raises(gn.FaultError, match=r"gru/(forward|backward)/lengths"):
        program.run({x: np.zeros((2, STEPS, FEATURES)), lengths: np.array([3, end])})


def test_states_of_one_layer_begin_another_as_if_the_sequence_went_on() -> None:
    layer = gn.nn.LSTM(UNITS, layers=2, sequences=True)
    x, first, second = sequences(), sequences(3, "first"), sequences(4, "second")
    whole = layer(x)
    front, states = layer.with_states(first)
    back = layer(second, *states)
    data = rng(2).normal(size=(2, STEPS, FEATURES))
    feeds = {x: data, first: data[:, :3], second: data[:, 3:]}
    all_of_it, a, b = gn.Program([whole, front, back]).run(feeds)
    np.testing.assert_allclose(np.concatenate([a, b], axis=1), all_of_it, rtol=1e-12, atol=1e-14)
    assert [s.shape for s in states] == [(x.shape[0], UNITS)] * 4


def test_both_ways_may_be_added_up_in_every_layer() -> None:
    layer = gn.nn.GRU(UNITS, layers=2, both_ways=True, merge="sum", sequences=True)
    x, data = sequences(), rng(6).normal(size=(2, STEPS, FEATURES))
    y = layer(x)
    assert y.shape[1:] == (STEPS, UNITS)
    z = x
    for k in range(2):
        own = {
            way: [p for p in layer.parameters if p.scope == f"gru/layer{k + 1}/{way}"]
            for way in ("forward", "backward")
        }
        there, _ = gn.gru(z, *own["forward"], batch_first=True)
        back, _ = gn.gru(z, *own["backward"], reverse=True, batch_first=True)
        z = there + back
    a, b = gn.Program([y, z]).run({x: data})
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_the_last_state_of_both_ways_is_at_both_ends() -> None:
    data = rng(3).normal(size=(2, STEPS, FEATURES))
    for merge in ("concat", "sum"):
        every = gn.nn.RNN(UNITS, both_ways=True, merge=merge, sequences=True, activation="relu")
        x = sequences()
        y, (forward, backward) = every.with_states(x)
        every.sequences = False
        last = every(x)
        steps, f, b, end = gn.Program([y, forward, backward, last]).run({x: data})
        joined = np.concatenate([f, b], axis=1) if merge == "concat" else f + b
        np.testing.assert_array_equal(end, joined)
        if merge == "concat":
            np.testing.assert_array_equal(steps[:, -1, :UNITS], f)
            np.testing.assert_array_equal(steps[:, 0, UNITS:], b)


@pytest.mark.parametrize(
    ("kind", "sweep"), [("RNN", "rnn_sweep"), ("GRU", "gru_sweep"), ("LSTM", "lstm_sweep")]
)
def test_a_training_step_is_made_of_sweeps(kind: str, sweep: str) -> None:
    """Two ways, two layers: four sweeps there, four back, and a number of nodes that does not hang on the steps."""
    counts = []
    for steps in (10, 100):
        layer = KINDS[kind](UNITS, layers=2, both_ways=True)
        x = gn.input("x", ("batch", steps, FEATURES))
        loss = (layer(x) ** 2.0).mean()
        updates = gn.optim.SGD(0.1).updates(layer.parameters, gn.gradient(loss, list(layer.parameters)))
        lowered, _ = lower([loss, *updates.values()])
        names = [node.op.name for node in gn.Graph(lowered).nodes]
        assert names.count(sweep) == 4 and names.count(f"{sweep}_slope") >= 4
        counts.append(len(names))
    assert counts[0] == counts[1]


def test_first_weights_of_each_gate_are_at_right_angles_and_the_forget_gate_is_open() -> None:
    layer = gn.nn.LSTM(UNITS, seed=4)
    layer(sequences())
    w, u, b = (p.value for p in layer.parameters)
    for gate in range(4):
        block = u[:, gate * UNITS : (gate + 1) * UNITS]
        np.testing.assert_allclose(block.T @ block, np.eye(UNITS), atol=1e-12)
    assert b.tolist() == [0.0] * UNITS + [1.0] * UNITS + [0.0] * 2 * UNITS
    limit = np.sqrt(6 / (FEATURES + UNITS))
    assert np.abs(w).max() <= limit and np.abs(w).max() > 0.8 * limit
    gated = gn.nn.GRU(UNITS, update_bias=2.0, reset_bias=-1.0)
    gated(sequences())
    assert gated.parameters[2].value.tolist() == [-1.0] * UNITS + [2.0] * UNITS + [0.0] * UNITS
    assert not gated.parameters[3].value.any()


def test_first_values_hang_on_seed_and_path_only() -> None:
    def first(seed: int) -> list[bytes]:
        model = gn.nn.Sequential([gn.nn.GRU(4, layers=2, both_ways=True), gn.nn.Dense(1)], seed=seed)
        model(sequences())
        return [p.value.tobytes() for p in model.parameters]

    assert first(1) == first(1) and first(1) != first(2)
    weights = [v for v in first(1) if any(v)]
    assert len(set(weights)) == len(weights)


def test_dropout_stands_between_layers_and_in_training_only() -> None:
    layer = gn.nn.LSTM(8, layers=3, dropout=0.5)
    x = gn.input("x", ("batch", STEPS, FEATURES))
    calm, noisy = layer(x), layer(x, training=True)
    assert "dropout" not in [n.op.name for n in gn.Graph(calm).nodes]
    masks = [n for n in gn.Graph(noisy).nodes if n.op.name == "dropout"]
    assert len(masks) == 2 and len({n.attributes["seed"] for n in masks}) == 2
    single = gn.nn.LSTM(8, dropout=0.5)
    assert "dropout" not in [n.op.name for n in gn.Graph(single(x, training=True)).nodes]


def test_parts_of_a_layer_have_scopes_no_deeper_than_needed() -> None:
    def scopes(**settings: object) -> list[str]:
        model = gn.nn.Sequential([gn.nn.RNN(2, **settings)])
        model(sequences())
        return list(dict.fromkeys(p.scope for p in model.parameters))

    assert scopes() == ["net/rnn"]
    assert scopes(both_ways=True) == ["net/rnn/forward", "net/rnn/backward"]
    assert scopes(layers=2) == ["net/rnn/layer1", "net/rnn/layer2"]
    assert scopes(layers=2, both_ways=True)[3] == "net/rnn/layer2/backward"


def test_a_layer_without_bias_has_weights_only_and_starts_from_given_ones() -> None:
    layer = gn.nn.GRU(
        4, use_bias=False, weight_init=gn.init.constant(0.5), recurrent_init=gn.init.identity(2.0)
    )
    layer(sequences())
    assert [p.name for p in layer.parameters] == ["w", "u"]
    assert (layer.parameters[0].value == 0.5).all()
    np.testing.assert_array_equal(layer.parameters[1].value, np.tile(2.0 * np.eye(4), 3))


x3 = gn.input("x", ("batch", 5, 3))
WRONG = [
    (lambda: gn.nn.LSTM(0), gn.SettingError, "LSTM: units is a whole number of at least 1, found 0"),
    (lambda: gn.nn.GRU(4, layers=0), gn.SettingError, "GRU: layers"),
    (lambda: gn.nn.RNN(4, merge="concatenate"), gn.SettingError, "Did you mean 'concat'"),
    (lambda: gn.nn.RNN(4, activation="tahn"), gn.SettingError, "Did you mean 'tanh'"),
    (lambda: gn.nn.LSTM(4, dropout=1.0), gn.SettingError, "LSTM: dropout"),
    (lambda: gn.nn.LSTM(4, forget_bias="1"), gn.SettingError, "forget_bias is a number"),
    (lambda: gn.nn.LSTM(4, recurrent_init=3), gn.SettingError, "an initialiser is a function"),
    (lambda: gn.nn.LSTM(4)(gn.input("x", ("batch", 3))), gn.ShapeError, "wanted .*batch, steps, features"),
    (lambda: gn.nn.LSTM(4)(gn.input("x", ("batch", 3, "f"))), gn.ShapeError, "known"),
    (lambda: gn.nn.LSTM(4)(gn.input("x", ("batch", 3, 2), "int64")), gn.DtypeError, "not a float"),
    (lambda: gn.nn.LSTM(4)(x3, gn.input("h", ("batch", 4))), gn.ShapeError, "takes 2 first states .*found 1"),
    (lambda: gn.nn.GRU(4)(x3, gn.input("h", ("batch", 5))), gn.ShapeError, "a first state is .batch, 4."),
    (lambda: gn.nn.GRU(4)(x3, gn.input("h", ("batch", 4), "float64")), gn.DtypeError, "a first state is float32"),
    (lambda: gn.nn.GRU(4)(x3, lengths=gn.input("n", ("rows",), "int64")), gn.ShapeError, "one for each example"),
    (lambda: gn.nn.GRU(4)(x3, lengths=gn.input("n", ("batch",))), gn.DtypeError, "lengths are int64"),
    (lambda: gn.nn.GRU(4)(x3, lengths=[1, 2]), gn.GraphError, "lengths: wanted a node"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "error", "text"), WRONG)
def test_wrong_use_is_told_in_words(act, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        act()


def test_another_number_of_features_is_an_error_and_of_steps_is_none() -> None:
    layer = gn.nn.LSTM(4)
    layer(sequences(5))
    layer(sequences(9))
    with pytest.raises(gn.ShapeError, match="was built for"):
        layer(gn.input("x", ("batch", 5, 4), "float64"))
