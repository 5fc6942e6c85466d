"""Weights go to PyTorch and come back: the same layer, the same numbers, the same gradients, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn as gn

torch = pytest.importorskip("torch", reason="PyTorch is the oracle")

# Both sum in float64, in orders of their own.
TOLERANCE = {"rtol": 1e-9, "atol": 1e-11}


class Pair:
    """A layer here, its twin there, and how both are called on one array."""

    def __init__(
        self, ours: Callable[[], Any], theirs: Callable[[], Any], shape: tuple[int, ...], *,
        names: Any = None, output: Callable[[Any], Any] = lambda y: y, rows: int | None = None,
        training: bool = False,
    ):  # fmt: skip
        self.ours, self.theirs, self.shape, self.names = ours, theirs, shape, names
        self.output, self.rows, self.training = output, rows, training


nn = torch.nn
PAIRS = {
    "Linear": Pair(lambda: gn.nn.Dense(4), lambda: nn.Linear(3, 4), (5, 3)),
    "Linear without bias": Pair(
        lambda: gn.nn.Dense(4, use_bias=False), lambda: nn.Linear(3, 4, bias=False), (2, 5, 3)
    ),
    "Conv1d": Pair(
        lambda: gn.nn.Conv1d(4, 3, stride=2, padding=1), lambda: nn.Conv1d(2, 4, 3, 2, 1), (3, 2, 9)
    ),
    "Conv2d": Pair(
        lambda: gn.nn.Conv2d(4, (3, 2), groups=2, dilation=2),
        lambda: nn.Conv2d(2, 4, (3, 2), groups=2, dilation=2),
        (3, 2, 7, 8),
    ),
    "ConvTranspose1d": Pair(
        lambda: gn.nn.ConvTranspose1d(4, 3, stride=2), lambda: nn.ConvTranspose1d(2, 4, 3, 2), (3, 2, 5)
    ),
    "ConvTranspose2d": Pair(
        lambda: gn.nn.ConvTranspose2d(4, 3, stride=2, padding=1, output_padding=1),
        lambda: nn.ConvTranspose2d(2, 4, 3, 2, 1, 1),
        (3, 2, 5, 4),
    ),
    "BatchNorm1d": Pair(gn.nn.BatchNorm, lambda: nn.BatchNorm1d(4), (6, 4)),
    "BatchNorm2d": Pair(gn.nn.BatchNorm, lambda: nn.BatchNorm2d(4), (3, 4, 5, 2)),
    "BatchNorm2d in training": Pair(
        gn.nn.BatchNorm, lambda: nn.BatchNorm2d(4), (3, 4, 5, 2), training=True
    ),
    "BatchNorm2d without scale": Pair(
        lambda: gn.nn.BatchNorm(affine=False), lambda: nn.BatchNorm2d(4, affine=False), (3, 4, 5, 2)
    ),
    "LayerNorm": Pair(gn.nn.LayerNorm, lambda: nn.LayerNorm(4), (3, 5, 4)),
    "LayerNorm of two axes": Pair(
        lambda: gn.nn.LayerNorm(axes=2), lambda: nn.LayerNorm((5, 4)), (3, 5, 4)
    ),
    "GroupNorm": Pair(lambda: gn.nn.GroupNorm(2), lambda: nn.GroupNorm(2, 4), (3, 4, 5, 2)),
    "InstanceNorm2d": Pair(
        gn.nn.InstanceNorm, lambda: nn.InstanceNorm2d(4, affine=True), (3, 4, 5, 2)
    ),
    "RMSNorm": Pair(gn.nn.RMSNorm, lambda: nn.RMSNorm(4, eps=1e-5), (3, 4)),
    "Embedding": Pair(
        lambda: gn.nn.Embedding(7, 3, dtype="float64"), lambda: nn.Embedding(7, 3), (4, 5), rows=7
    ),
    "PReLU": Pair(gn.nn.PReLU, nn.PReLU, (3, 4)),
    "PReLU of channels": Pair(lambda: gn.nn.PReLU(per_channel=True), lambda: nn.PReLU(4), (3, 4)),
    "RNN": Pair(
        lambda: gn.nn.RNN(4, sequences=True), lambda: nn.RNN(3, 4, batch_first=True), (2, 5, 3),
        output=lambda y: y[0],
    ),
    "GRU": Pair(
        lambda: gn.nn.GRU(4, sequences=True), lambda: nn.GRU(3, 4, batch_first=True), (2, 5, 3),
        output=lambda y: y[0],
    ),
    "GRU of two layers, both ways": Pair(
        lambda: gn.nn.GRU(4, sequences=True, layers=2, both_ways=True),
        lambda: nn.GRU(3, 4, 2, batch_first=True, bidirectional=True), (2, 5, 3), output=lambda y: y[0],
    ),
    "LSTM": Pair(
        lambda: gn.nn.LSTM(4, sequences=True), lambda: nn.LSTM(3, 4, batch_first=True), (2, 5, 3),
        output=lambda y: y[0],
    ),
    "LSTM of two layers, both ways": Pair(
        lambda: gn.nn.LSTM(4, sequences=True, layers=2, both_ways=True),
        lambda: nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True), (2, 5, 3), output=lambda y: y[0],
    ),
    "LSTM without bias": Pair(
        lambda: gn.nn.LSTM(4, sequences=True, use_bias=False),
        lambda: nn.LSTM(3, 4, batch_first=True, bias=False), (2, 5, 3), output=lambda y: y[0],
    ),
    "MultiheadAttention": Pair(
        lambda: gn.nn.MultiHeadAttention(2), lambda: Itself(nn.MultiheadAttention(8, 2, batch_first=True)),
        (3, 5, 8), names={"": "inner"},
    ),
    "MultiheadAttention without bias": Pair(
        lambda: gn.nn.MultiHeadAttention(2, use_bias=False),
        lambda: Itself(nn.MultiheadAttention(8, 2, batch_first=True, bias=False)), (3, 5, 8),
        names={"": "inner"},
    ),
    "TransformerEncoderLayer": Pair(
        lambda: gn.nn.TransformerBlock(2, hidden=16, activation=gn.relu, norm_first=False),
        lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), (3, 5, 8),
    ),
    "TransformerEncoderLayer, norm first": Pair(
        lambda: gn.nn.TransformerBlock(4, hidden=16, activation=gn.gelu),
        lambda: nn.TransformerEncoderLayer(
            8, 4, 16, dropout=0.0, activation=nn.GELU(), norm_first=True, batch_first=True
        ),
        (3, 5, 8), names="order",
    ),
    "a net": Pair(
        lambda: gn.nn.Sequential(
            [gn.nn.Conv2d(3, 3, gn.relu, padding=1), gn.nn.BatchNorm(), gn.nn.Flatten(), gn.nn.Dense(5)]
        ),
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(60, 5)
        ),
        (3, 2, 4, 5), names={"conv2d": "0", "batchnorm": "2", "dense": "4"},
    ),
}  # fmt: skip


class Itself(nn.Module):
    """Attention of a sequence to itself."""

    def __init__(self, inner: Any):
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(x, x, x, need_weights=False)[0]


def twins(pair: Pair) -> tuple[Any, Any, gn.Node, gn.Node, np.ndarray]:
    """The layer, its twin with numbers of its own everywhere, input and output nodes, and an array to feed."""
    rng = np.random.default_rng(7)
    module = pair.theirs().double().train(pair.training)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.dtype == torch.float64:
                tensor.copy_(torch.from_numpy(rng.uniform(0.2, 1.0, tuple(tensor.shape))))
    if pair.rows is None:
        x, array = gn.input("x", pair.shape, "float64"), rng.normal(size=pair.shape)
    else:
        x, array = gn.input("x", pair.shape, "int64"), rng.integers(0, pair.rows, pair.shape)
    layer = pair.ours()
    return layer, module, x, layer(x, training=pair.training), array


@pytest.mark.parametrize("name", PAIRS)
def test_a_layer_with_the_weights_of_its_twin_has_its_values_and_gradients(name: str) -> None:
    pair = PAIRS[name]
    layer, module, x, y, array = twins(pair)
    places = gn.io.load_torch_weights(layer, module.state_dict(), names=pair.names)
    tensor = torch.from_numpy(array).requires_grad_(pair.rows is None)
    answer = pair.output(module(tensor))
    (value,) = gn.interpret(y, {x: array})
    np.testing.assert_allclose(value, answer.detach().numpy(), **TOLERANCE)

    # A loss in which every number counts, and none like another.
    weights = np.cos(np.arange(value.size)).reshape(value.shape)
    (answer * torch.from_numpy(weights)).sum().backward()
    loss = (y * gn.constant(weights, "float64")).sum()
    learning = [p for p in layer.parameters if p.trainable]
    wanted = [*learning, x] if pair.rows is None else learning
    # The loss stands among the outputs, so that x is read even where no gradient needs it.
    values = gn.interpret([*gn.gradient(loss, wanted), loss], {x: array})
    found = dict(zip(wanted, values, strict=False))
    if pair.rows is None:
        np.testing.assert_allclose(found[x], tensor.grad.numpy(), **TOLERANCE)
    # The gradients go the way of the weights, and meet PyTorch's by PyTorch's names.
    for node, slope in found.items():
        if node is not x:
            node.value = slope
    slopes = gn.io.to_torch_weights(layer, names=places)
    named = dict(module.named_parameters())
    for torch_name, parameter in named.items():
        if torch_name.split(".")[-1].startswith("bias_hh"):
            continue  # the other of two biases takes all of ours: it has the same gradient
        np.testing.assert_allclose(
            slopes[torch_name], parameter.grad.numpy(), **TOLERANCE, err_msg=torch_name
        )
    assert {node for node in found if node is not x} == set(learning)


@pytest.mark.parametrize("name", PAIRS)
def test_weights_go_to_pytorch_and_come_back(name: str, tmp_path: Path) -> None:
    pair = PAIRS[name]
    layer, module, x, y, array = twins(pair)
    if pair.names == "order":
        places: Any = gn.io.load_torch_weights(layer, module, names="order")
    else:
        places = pair.names
    rng = np.random.default_rng(3)
    for node in layer.parameters:
        node.value = rng.uniform(0.2, 1.0, node.shape)
    before = [np.array(node.value) for node in layer.parameters]
    path = tmp_path / "weights.safetensors"
    gn.io.save_torch_weights(layer, path, names=places)
    from safetensors.torch import load_file

    module.load_state_dict(load_file(path))
    answer = pair.output(module(torch.from_numpy(array))).detach().numpy()
    np.testing.assert_allclose(gn.interpret(y, {x: array})[0], answer, **TOLERANCE)
    for node in layer.parameters:
        node.value = np.zeros(node.shape)
    gn.io.load_torch_weights(layer, path, names=places)
    for node, array in zip(layer.parameters, before, strict=True):
        np.testing.assert_array_equal(node.value, array)


def test_a_decoder_block_has_the_values_of_its_twin() -> None:
    module = torch.nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=True).double()
    block = gn.nn.TransformerDecoderBlock(2, hidden=16, activation=gn.relu, norm_first=False, causal=False)
    x, memory = gn.input("x", ("batch", 5, 8), "float64"), gn.input("memory", ("batch", 7, 8), "float64")
    y = block(x, memory)
    assert gn.io.load_torch_weights(block, module) == gn.io.load_torch_weights(block, module, names="order")
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 8)), rng.normal(size=(2, 7, 8))
    answer = module(torch.from_numpy(a), torch.from_numpy(b)).detach().numpy()
    np.testing.assert_allclose(gn.interpret(y, {x: a, memory: b})[0], answer, **TOLERANCE)
    state = module.state_dict()
    for name, array in gn.io.to_torch_weights(block).items():
        np.testing.assert_array_equal(array, state.pop(name).numpy())
    assert not state


def test_a_file_keeps_no_order(tmp_path: Path) -> None:
    layer = net()
    gn.io.save_torch_weights(layer, tmp_path / "w.safetensors", names=NAMES)
    with pytest.raises(gn.SettingError, match="a file keeps no order"):
        gn.io.load_torch_weights(layer, tmp_path / "w.safetensors", names="order")


def test_a_gru_has_the_gradients_of_both_biases() -> None:
    pair = PAIRS["GRU"]
    layer, module, x, y, array = twins(pair)
    gn.io.load_torch_weights(layer, module)
    loss = (y * y).sum()
    named = {p.name: p for p in layer.parameters}
    b, d = gn.interpret(gn.gradient(loss, [named["b"], named["d"]]), {x: array})
    module(torch.from_numpy(array))[0].square().sum().backward()
    np.testing.assert_allclose(b, module.bias_ih_l0.grad.numpy(), **TOLERANCE)
    np.testing.assert_allclose(d, module.bias_hh_l0.grad.numpy()[8:], **TOLERANCE)


# Names and shapes


def net() -> gn.nn.Sequential:
    layer = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)
    layer(gn.input("x", ("batch", 3)))
    return layer


def state(**changes: Any) -> dict[str, np.ndarray]:
    found = {
        "fc1.weight": np.ones((4, 3), "float32"),
        "fc1.bias": np.ones(4, "float32"),
        "fc2.weight": np.ones((2, 4), "float32"),
        "fc2.bias": np.ones(2, "float32"),
    }
    return {**found, **changes}


NAMES = {"dense1": "fc1", "dense2": "fc2"}


def test_names_pair_layers_and_modules() -> None:
    layer = net()
    assert gn.io.load_torch_weights(layer, state(), names=NAMES) == NAMES
    assert gn.io.load_torch_weights(net(), state(), names="order") == NAMES
    assert all((np.asarray(p.value) == 1).all() for p in layer.parameters)
    inside = {f"model.{name}": array for name, array in state().items()}
    nested = {key: f"model.{value}" for key, value in NAMES.items()}
    assert gn.io.load_torch_weights(layer, inside, names=nested) == nested
    deep = gn.nn.Sequential([net()], name="outer")
    deep(gn.input("x", ("batch", 3)))
    assert gn.io.load_torch_weights(
        deep, inside, names={"net/dense1": "model.fc1", "net/dense2": "model.fc2"}
    )
    assert set(gn.io.to_torch_weights(deep)) == {
        "net.dense1.weight", "net.dense1.bias", "net.dense2.weight", "net.dense2.bias"
    }  # fmt: skip
    assert next(iter(gn.io.to_torch_weights(deep, names={"net": "a.b"}))) == "a.b.dense1.weight"


def test_what_does_not_fit_is_told_and_changes_nothing() -> None:
    layer = net()
    before = [np.array(p.value) for p in layer.parameters]
    wrong: list[tuple[Any, Any, str]] = [
        (state(), None, r"has no 'dense1.weight', which layer 'dense1' needs.*by names="),
        (
            {"dense.weight": 1.0},
            {"dense1": "dnse"},
            r"has no 'dnse.weight', .*Did you mean 'dense.weight'\?",
        ),
        (
            state(**{"fc1.weight": np.ones((3, 4), "float32")}),
            NAMES,
            r"'fc1.weight' is \(3, 4\), but layer 'dense1' takes \(4, 3\) .*other way round",
        ),
        (state(**{"fc1.bias": np.ones(5)}), NAMES, r"'fc1.bias' is \(5,\), but layer 'dense1' takes \(4,\)"),
        (state(**{"fc1.bias": np.ones(4, int)}), NAMES, r"'fc1.bias' holds int64"),
        (state(**{"fc3.bias": np.ones(4)}), NAMES, r"'fc3.bias', and 0 more, belong to no layer"),
        (
            dict(list(state().items())[:2]),
            "order",
            r"nothing is left for layer 'dense2'",
        ),
        (
            {"norm.weight": np.ones(3), "norm.running_mean": np.ones(3), **state()},
            "order",
            r"in order, layer 'dense1' meets 'norm.weight'",
        ),
    ]
    for given, names, told in wrong:
        with pytest.raises(gn.DataError, match=told):
            gn.io.load_torch_weights(layer, given, names=names)
    with pytest.raises(gn.SettingError, match=r"names: there is no layer 'dense3'"):
        gn.io.load_torch_weights(layer, state(), names={"dense3": "fc1"})
    with pytest.raises(gn.SettingError, match=r"names is \{path of a layer"):
        gn.io.load_torch_weights(layer, state(), names=3)  # type: ignore[arg-type]
    with pytest.raises(gn.SettingError, match="wanted a state dict"):
        gn.io.load_torch_weights(layer, 3)
    with pytest.raises(gn.SettingError, match="wanted a layer, a Model or a graph"):
        gn.io.load_torch_weights(3, state())
    with pytest.raises(gn.GraphError, match="has no parameters yet"):
        gn.io.to_torch_weights(gn.nn.Dense(3))
    with pytest.raises(gn.SettingError, match=r"two layers would write 'a\.weight'"):
        gn.io.to_torch_weights(layer, names={"dense1": "a", "dense2": "a"})
    for array, node in zip(before, layer.parameters, strict=True):
        np.testing.assert_array_equal(array, node.value)


def test_partial_takes_what_is_there() -> None:
    layer = net()
    part = {name: array for name, array in state().items() if name.startswith("fc1")}
    assert gn.io.load_torch_weights(layer, {**part, "head.w": np.ones(1)}, names=NAMES, partial=True) == {
        "dense1": "fc1"
    }
    with pytest.raises(gn.DataError, match=r"has no 'fc1\.bias'"):
        gn.io.load_torch_weights(layer, {"fc1.weight": part["fc1.weight"]}, names=NAMES, partial=True)


@pytest.mark.parametrize("ending", ["pt", "bin", "safetensors"])
def test_a_pickle_is_refused_with_the_way_out(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"net.{ending}"
    for zipped in (True, False):
        torch.save({"w": torch.ones(2)}, path, _use_new_zipfile_serialization=zipped)
        with pytest.raises(gn.DataError, match=r"is a pickle.*safetensors\.torch\.save_file"):
            gn.io.load_torch_weights(net(), path)


def test_half_floats_and_float32_become_the_dtype_of_the_layer() -> None:
    layer = net()
    given = {name: torch.full(array.shape, 0.5, dtype=torch.bfloat16) for name, array in state().items()}
    gn.io.load_torch_weights(layer, given, names=NAMES)
    assert all(p.value.dtype == np.float32 and (np.asarray(p.value) == 0.5).all() for p in layer.parameters)


def test_tied_weights_stay_tied() -> None:
    class Tied(gn.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.words = self.add_layer(gn.nn.Embedding(5, 3), "words")
            self.answer = self.add_layer(gn.nn.Dense(5, tied=self.words, use_bias=False), "answer")  # type: ignore[arg-type]

        def apply(self, x: gn.Node, *, training: bool) -> gn.Node:
            return self.answer(self.words(x))

        takes = "int64"

    layer = Tied()
    layer(gn.input("x", ("batch",), "int64"))
    found = gn.io.to_torch_weights(layer)
    assert {name: array.shape for name, array in found.items()} == {
        "words.weight": (5, 3),
        "answer.weight": (5, 3),
    }
    gn.io.load_torch_weights(layer, {name: array + 1 for name, array in found.items()})
    with pytest.raises(gn.DataError, match="which layers share"):
        gn.io.load_torch_weights(layer, {**found, "answer.weight": found["words.weight"] + 2})


def test_parameters_of_a_graph_are_taken_by_their_names() -> None:
    w = gn.parameter(np.zeros((2, 3)), "fc.weight")
    y = gn.input("x", ("batch", 3)) @ w.T
    gn.io.load_torch_weights(y, {"fc.weight": np.ones((2, 3))})
    assert (np.asarray(w.value) == 1).all()
    assert list(gn.io.to_torch_weights(gn.Graph(y))) == ["fc.weight"]


def test_a_layer_without_a_twin_is_carried_as_it_is() -> None:
    class Scale(gn.nn.Layer):
        def build(self, shape: gn.core.dims.Shape, dtype: Any) -> None:
            self.gain = self.add_parameter("gain", (3,), gn.init.constant(1.0), dtype)

        def apply(self, x: gn.Node, *, training: bool) -> gn.Node:
            return x * self.gain

    layer = Scale()
    layer(gn.input("x", ("batch", 3)))
    assert list(gn.io.to_torch_weights(layer, names={"": "a"})) == ["a.gain"]


def test_what_pytorch_lacks_is_refused() -> None:
    both = gn.nn.LSTM(4, both_ways=True, merge="sum")
    both(gn.input("x", ("batch", 5, 3)))
    with pytest.raises(gn.GraphError, match="merge='sum'"):
        gn.io.to_torch_weights(both)
    wide = gn.nn.MultiHeadAttention(2, width=16)
    wide(gn.input("x", ("batch", 5, 8)))
    with pytest.raises(gn.GraphError, match="as many columns as x has"):
        gn.io.to_torch_weights(wide)
