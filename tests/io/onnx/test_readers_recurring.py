"""Recurrent layers of ONNX files give what onnxruntime gives, in every direction and with every setting."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import graphnn as gn
from onnx_nodes import agree, by_reference, by_runtime, fed, gradients_are_right, numbers, one_node, ours

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
T, B, M, N = 5, 3, 2, 4
DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}


def layer(op_type: str, direction: str = "forward", *, bias=True, first=False, lengths=None, peepholes=False):
    """The operands of a layer."""
    g, d = GATES[op_type], DIRECTIONS[direction]
    operands = {
        "x": numbers(T, B, M), "w": numbers(d, g * N, M, seed=1), "r": numbers(d, g * N, N, seed=2),
        "b": numbers(d, 2 * g * N, seed=3) if bias else None,
        "lengths": None if lengths is None else np.array(lengths, np.int32),
        "h0": numbers(d, B, N, seed=4) if first else None,
    }  # fmt: skip
    if op_type == "LSTM":
        operands["c0"] = numbers(d, B, N, seed=5) if first else None
        operands["p"] = numbers(d, 3 * N, seed=6) if peepholes else None
    return operands


def outputs(op_type: str) -> int:
    return 3 if op_type == "LSTM" else 2


def check(op_type: str, operands, direction: str = "forward", **settings) -> None:
    model = one_node(
        op_type, operands, outputs(op_type), opset=14, hidden_size=N, direction=direction, **settings
    )
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))


@pytest.mark.parametrize("first", [False, True], ids=["fresh", "first"])
@pytest.mark.parametrize("bias", [False, True], ids=["bare", "bias"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("op_type", GATES)
def test_a_layer_is_onnxruntimes(op_type: str, direction: str, bias: bool, first: bool) -> None:
    for extra in ({}, {"linear_before_reset": 1}) if op_type == "GRU" else ({},):
        check(op_type, layer(op_type, direction, bias=bias, first=first), direction, **extra)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("op_type", GATES)
def test_sequences_end_where_their_lengths_say(op_type: str, direction: str) -> None:
    for extra in ({}, {"linear_before_reset": 1}) if op_type == "GRU" else ({},):
        operands = layer(op_type, direction, first=True, lengths=[5, 2, 3])
        check(op_type, operands, direction, **extra)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("op_type", GATES)
def test_a_layer_by_batch_is_the_references(op_type: str, direction: str) -> None:
    operands = layer(op_type, direction)  # onnxruntime knows layout 0 only
    operands["x"] = np.ascontiguousarray(operands["x"].swapaxes(0, 1))
    model = one_node(
        op_type, operands, outputs(op_type), opset=14, hidden_size=N, direction=direction, layout=1
    )
    agree(ours(model, fed(model, operands)), by_reference(model, fed(model, operands)))


def test_peepholes_let_gates_see_the_cell() -> None:
    for direction in DIRECTIONS:
        check("LSTM", layer("LSTM", direction, first=True, peepholes=True), direction)


@pytest.mark.parametrize("op_type", GATES)
def test_sums_are_clipped(op_type: str) -> None:
    check(op_type, layer(op_type, first=True), clip=0.3)


def test_what_is_forgotten_may_be_tied_to_what_is_let_in() -> None:
    check("LSTM", layer("LSTM"), input_forget=1)


ACTIVATIONS = {
    "relu": (["Relu"], {}),
    "sigmoid": (["Sigmoid"], {}),
    "softsign": (["Softsign"], {}),
    "softplus": (["Softplus"], {}),
    "leaky": (["LeakyRelu"], {"activation_alpha": [0.2]}),
    "thresholded": (["ThresholdedRelu"], {"activation_alpha": [0.1]}),
    "elu": (["Elu"], {"activation_alpha": [0.7]}),
    "affine": (["Affine"], {"activation_alpha": [0.5], "activation_beta": [0.1]}),
    "scaled": (["ScaledTanh"], {"activation_alpha": [0.8], "activation_beta": [0.6]}),
    "hard": (["HardSigmoid"], {"activation_alpha": [0.3], "activation_beta": [0.4]}),
}


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_activations_are_onnxruntimes(case: str) -> None:
    names, settings = ACTIVATIONS[case]
    check("RNN", layer("RNN"), activations=names, **settings)


def test_activations_of_gates_take_their_numbers_in_order() -> None:
    names = ["HardSigmoid", "Relu", "LeakyRelu"]
    settings = {"activation_alpha": [0.3, 0.2], "activation_beta": [0.4]}
    check("LSTM", layer("LSTM"), activations=names, **settings)
    check(
        "GRU",
        layer("GRU"),
        activations=["HardSigmoid", "Elu"],
        activation_alpha=[0.3, 0.5],
        activation_beta=[0.4],
    )


@pytest.mark.parametrize("op_type", GATES)
def test_a_layer_is_one_sweep(op_type: str) -> None:
    settings = {"linear_before_reset": 1} if op_type == "GRU" else {}
    model = one_node(op_type, layer(op_type), outputs(op_type), opset=14, hidden_size=N, **settings)
    read = gn.io.load_onnx(model)
    names = [n.op.name for n in read.graph.nodes]
    assert names.count(f"{op_type.lower()}_sweep") == 1 and not {"sigmoid", "tanh"} & {*names}


@pytest.mark.parametrize(
    ("op_type", "lengths"), list(product(GATES, (None, [5, 2, 3]))), ids=lambda v: str(v).replace(" ", "")
)
def test_gradients_of_layers_agree_with_differences(op_type: str, lengths) -> None:
    operands = layer(op_type, "bidirectional", lengths=lengths)
    known = ["w", "r", "b", *(["lengths"] if lengths else [])]
    gradients_are_right(
        op_type, operands, outputs(op_type), opset=14, known=known, hidden_size=N, direction="bidirectional"
    )


def test_gradients_of_peepholes_agree_with_differences() -> None:
    operands = layer("LSTM", peepholes=True, first=True)
    gradients_are_right("LSTM", operands, 3, opset=14, known=["w", "r", "b", "p"], hidden_size=N)


def test_gradients_of_an_lstm_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.LSTM(M, N)
    order = [0, 3, 1, 2]  # PyTorch's gates are i, f, g, o
    w, r, bw, br = (
        np.concatenate([p.detach().numpy()[k * N : (k + 1) * N] for k in order]) for p in net.parameters()
    )
    operands = {"x": numbers(T, B, M), "w": w[None], "r": r[None], "b": np.concatenate([bw, br])[None]}
    model = one_node("LSTM", operands, 3, opset=14, known=["w", "r", "b"], hidden_size=N)
    read = gn.io.load_onnx(model)
    y, h, c = read.outputs.values()
    loss = (y**2).sum() + h.sum() + (c * c).sum()
    (x,) = read.inputs
    weights = {p.name: p for p in read.parameters}
    value, gx, gw = gn.Program([loss, *gn.gradient(loss, [x, weights["w"]])]).run({"x": operands["x"]})
    tensor = torch.tensor(operands["x"], requires_grad=True)
    states, (last, cell) = net(tensor)
    wanted = (states**2).sum() + last.sum() + (cell**2).sum()
    wanted.backward()
    np.testing.assert_allclose(value, wanted.detach(), rtol=1e-5)
    np.testing.assert_allclose(gx, tensor.grad, rtol=1e-4, atol=1e-5)
    own = next(net.parameters()).grad.numpy()
    np.testing.assert_allclose(
        gw[0], np.concatenate([own[k * N : (k + 1) * N] for k in order]), rtol=1e-4, atol=1e-5
    )


def test_steps_and_batch_may_stay_open_where_a_layer_is_a_sweep() -> None:
    operands = layer("LSTM", "bidirectional", lengths=[5, 2, 3])
    model = one_node(
        "LSTM", operands, 3, opset=14, known=["w", "r", "b"], hidden_size=N, direction="bidirectional",
        axes={"x": ("t", "n", M), "lengths": ("n",)},
    )  # fmt: skip
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))


def test_steps_that_are_written_out_must_be_known() -> None:
    operands = layer("GRU")
    model = one_node(
        "GRU", operands, 2, opset=14, known=["w", "r", "b"], hidden_size=N, axes={"x": ("t", B, M)}
    )
    with pytest.raises(gn.GraphError, match=r"written out.*sizes"):
        gn.io.load_onnx(model)
    agree(ours(model, fed(model, operands), sizes={"t": T}), by_runtime(model, fed(model, operands)))
