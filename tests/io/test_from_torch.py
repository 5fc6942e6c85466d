"""Models that PyTorch exports open here: the same values, and the same gradients of every parameter by name."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnn as gn

torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
pytest.importorskip("onnxscript", reason="PyTorch exports with it")

nn = torch.nn


class Residual(nn.Module):
    """Two convolutions and a way around them, as in a ResNet."""

    def __init__(self, channels: int, filters: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.down = nn.Sequential(
            nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
        )

    def forward(self, x: Any) -> Any:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.down(x))


class ResNet(nn.Module):
    """A stem, two residual blocks, a mean over all places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm, self.pool = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.MaxPool2d(2)
        self.layer1, self.layer2 = Residual(4, 4, 1), Residual(4, 8, 2)
        self.gap, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        y = self.pool(torch.relu(self.norm(self.stem(x))))
        return self.fc(torch.flatten(self.gap(self.layer2(self.layer1(y))), 1))


class Reader(nn.Module):
    """A recurrent network over a sequence, and an answer to its last state."""

    def __init__(self, kind: str, **settings: Any):
        super().__init__()
        self.rnn = getattr(nn, kind)(3, 5, batch_first=True, **settings)
        self.fc = nn.Linear(10 if settings.get("bidirectional") else 5, 2)

    def forward(self, x: Any) -> Any:
        return self.fc(self.rnn(x)[0][:, -1])


class Block(nn.Module):
    """A transformer's encoder layer."""

    def __init__(self, **settings: Any):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **settings)

    def forward(self, x: Any) -> Any:
        return self.layer(x)


class Decoder(nn.Module):
    """A transformer's decoder layer, which reads a part of its own operand as the memory."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)

    def forward(self, x: Any) -> Any:
        return self.layer(x, x[:, :3])


class Gates(nn.Module):
    """Equal parts, parts of a size, and parts of sizes: PyTorch exports them as lists."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)

    def forward(self, x: Any) -> Any:
        a, b, c = self.fc(x).chunk(3, -1)
        first, _, last = torch.split(self.fc(x), [1, 3, 2], -1)
        most, rest = torch.split(self.fc(x), 4, -1)
        return torch.sigmoid(a) * b + c * last + first + most[:, :2] * rest


def lenet() -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


MODELS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2), nn.LogSoftmax(-1)), (3,)),
    "gelu, layer norm, dropout": (
        lambda: nn.Sequential(nn.Linear(3, 6), nn.GELU(), nn.LayerNorm(6), nn.Dropout(0.5), nn.Linear(6, 2)), (3,)
    ),
    "lenet": (lenet, (1, 28, 28)),
    "resnet": (ResNet, (1, 8, 8)),
    "lstm": (lambda: Reader("LSTM"), (7, 3)),
    "lstm, two layers, both ways": (lambda: Reader("LSTM", num_layers=2, bidirectional=True), (4, 3)),
    "gru": (lambda: Reader("GRU"), (7, 3)),
    "transformer": (Block, (5, 8)),
    "transformer's decoder": (Decoder, (5, 8)),
    "parts": (Gates, (4,)),
    "transformer, norm first, gelu": (lambda: Block(norm_first=True, activation="gelu"), (5, 8)),
}  # fmt: skip


def seeded(make: Callable[[], Any]) -> Any:
    """The module, every number of it drawn anew: running statistics and norms, too."""
    module = make()
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.dtype.is_floating_point:
                new = torch.empty(tensor.shape).uniform_(-0.5, 0.5, generator=draw)
                tensor.copy_(new.abs() + 0.5 if "var" in name else new)
    return module


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_pytorch_has_its_values_and_its_gradients(name: str) -> None:
    make, shape = MODELS[name]
    module = seeded(make)
    model = gn.io.from_torch(module, torch.zeros(1, *shape))
    assert module.training, "it is left as it was"
    module.eval()
    (x,), output = model.inputs, model.outputs["output"]
    assert str(x.shape[0]) == "batch"
    learning = {str(p.name): p for p in model.parameters if p.trainable}
    # The loss weighs every number of the answer in its own way.
    w = gn.input("weights", output.shape)
    slopes = gn.gradient((output * w).sum(), list(learning.values()))
    for rows in (2, 5):
        array = np.random.default_rng(rows).normal(size=(rows, *shape)).astype("float32")
        answer = module(torch.from_numpy(array))
        weights = np.cos(np.arange(answer.numel(), dtype="float32")).reshape(answer.shape)
        value, *found = gn.interpret([output, *slopes], {x: array, w: weights})
        np.testing.assert_allclose(value, answer.detach().numpy(), rtol=1e-5, atol=1e-5)
        module.zero_grad()
        (answer * torch.from_numpy(weights)).sum().backward()
        wanted = dict(module.named_parameters())
        assert set(learning) == set(wanted)
        for parameter, slope in zip(learning, found, strict=True):
            np.testing.assert_allclose(
                slope, wanted[parameter].grad.numpy(), rtol=1e-4, atol=1e-5, err_msg=parameter
            )


@pytest.mark.parametrize("name", ["resnet", "lstm"])
def test_weights_go_both_ways_by_name(name: str) -> None:
    make, shape = MODELS[name]
    module = seeded(make)
    model = gn.io.from_torch(module, torch.zeros(2, *shape))
    state = {key: tensor for key, tensor in module.state_dict().items() if "num_batches" not in key}
    found = gn.io.to_torch_weights(model)
    assert set(found) == set(state)
    for key, tensor in state.items():
        np.testing.assert_array_equal(found[key], tensor.numpy())
    gn.io.load_torch_weights(model, {key: tensor * 2 for key, tensor in state.items()})
    module.load_state_dict(
        {key: torch.from_numpy(v) for key, v in gn.io.to_torch_weights(model).items()}, strict=False
    )
    module.eval()
    array = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
    np.testing.assert_allclose(
        gn.interpret(model.outputs["output"], {model.inputs[0]: array})[0],
        module(torch.from_numpy(array)).detach().numpy(), rtol=1e-5, atol=1e-5,
    )  # fmt: skip


def test_a_trainer_trains_on() -> None:
    module = seeded(lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)))
    model = gn.io.from_torch(module, torch.zeros(2, 2))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2)).astype("float32")
    y = (x[:, :1] * x[:, 1:]).astype("float32")
    output = model.outputs["output"]
    target = gn.input("y", output.shape)
    loss = gn.mean_squared_error(output, target)
    trainer = gn.Trainer(loss, gn.optim.SGD(0.1))
    trainer.fit({model.inputs[0]: x, target: y}, epochs=1, batch=64, shuffle=False)
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    nn.functional.mse_loss(module(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    optimizer.step()
    for name, tensor in module.named_parameters():
        np.testing.assert_allclose(
            gn.io.to_torch_weights(model)[name], tensor.detach().numpy(), rtol=1e-5, atol=1e-6, err_msg=name
        )


class Words(nn.Module):
    """Whole numbers go in beside floats; two answers come out; a buffer and a frozen parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(7, 4)
        self.fc = nn.Linear(4, 4)
        self.fc.bias.requires_grad_(False)
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 3.0, 4.0]))

    def forward(self, text: Any, weights: Any) -> Any:
        y = self.fc(self.words(text)) * self.scale * weights[..., None]
        return y, {"sum": y.sum(1)}


def test_several_operands_named_axes_and_outputs() -> None:
    module = seeded(Words)
    example = {"text": np.ones((2, 1), int), "weights": np.ones((2, 1), "float32")}
    model = gn.io.from_torch(
        module,
        example,
        axes={"text": ("batch", "time"), "weights": ("batch", "time")},
        outputs=("states", "total"),
    )
    assert [(n.name, str(n.shape[0]), str(n.shape[1]), str(n.dtype)) for n in model.inputs] == [
        ("text", "batch", "time", "int64"), ("weights", "batch", "time", "float32")
    ]  # fmt: skip
    assert {str(p.name): p.trainable for p in model.parameters} == {
        "words.weight": True, "fc.weight": True, "fc.bias": False, "scale": False
    }  # fmt: skip
    rng = np.random.default_rng(0)
    text, weights = rng.integers(0, 7, (3, 5)), rng.normal(size=(3, 5)).astype("float32")
    y, total = module(torch.from_numpy(text), torch.from_numpy(weights))
    found = gn.interpret(
        [model.outputs["states"], model.outputs["total"]], {"text": text, "weights": weights}
    )
    np.testing.assert_allclose(found[0], y.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], total["sum"].detach().numpy(), rtol=1e-5, atol=1e-6)
    fixed = gn.io.from_torch(module, (example["text"], example["weights"]), axes={}, trainable=False)
    assert list(fixed.outputs) == ["output0", "output1"] and fixed.inputs[0].shape == (2, 1)
    assert not any(p.trainable for p in fixed.parameters)


def test_an_axis_that_the_module_fixes_is_told() -> None:
    class Uneven(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.split(x, 2)[0]  # as many parts as the rows need: PyTorch fixes these without a word

    with pytest.raises(gn.DataError, match=r"axis 0 of 'x' cannot be 'batch': the module takes 4 there only"):
        gn.io.from_torch(Uneven(), torch.zeros(4, 3))


def test_no_warning_and_no_change_of_the_module() -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    module[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gn.io.from_torch(module, torch.zeros(4, 3))
    assert module.training and not module[1].training
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])


class Odd(nn.Module):
    def forward(self, x: Any) -> Any:
        return x * 2 if x.sum() > 0 else x  # which cannot be exported: the way hangs on numbers


def test_what_cannot_be_opened_is_told() -> None:
    net = nn.Linear(3, 2)
    wrong: list[tuple[Callable[[], Any], type[Exception], str]] = [
        (lambda: gn.io.from_torch(3, torch.zeros(1)), gn.SettingError, "wanted a torch.nn.Module, found 3"),
        (lambda: gn.io.from_torch(net, "words"), gn.SettingError, "'input' is a tensor or an array"),
        (lambda: gn.io.from_torch(net, ()), gn.SettingError, "has 0 operands, but forward has 1"),
        (lambda: gn.io.from_torch(net, {"y": torch.zeros(1, 3)}), gn.SettingError, "no argument 'y'; it has input"),
        (lambda: gn.io.from_torch(net, torch.zeros(1, 4)), gn.SettingError, "cannot be called with the example"),
        (
            lambda: gn.io.from_torch(net, torch.zeros(1, 3), axes={"x": "batch"}),
            gn.SettingError, "axes: there is no argument 'x'",
        ),
        (
            lambda: gn.io.from_torch(net, torch.zeros(1, 3), axes={"input": ("a", "b", "c")}),
            gn.SettingError, "has 2 axes, found 3 names",
        ),
        (
            lambda: gn.io.from_torch(net, torch.zeros(1, 3), axes={"input": ("a b",)}),
            gn.SettingError, "the name of an axis is a word",
        ),
        (lambda: gn.io.from_torch(net, torch.zeros(1, 3), axes=7), gn.SettingError, "axes is"),
        (
            lambda: gn.io.from_torch(net, torch.zeros(1, 3), outputs=("a", "b")),
            gn.SettingError, "has 1 outputs; wanted as many different names",
        ),
        (lambda: gn.io.from_torch(Odd(), torch.zeros(2, 3)), gn.DataError, "PyTorch cannot export the module"),
        (
            lambda: gn.io.from_torch(net, torch.zeros(2, 3), axes={"input": ("batch", "features")}),
            gn.DataError, "axis 1 of 'input' cannot be 'features': the module takes 3 there only",
        ),
    ]  # fmt: skip
    for call, kind, told in wrong:
        with pytest.raises(kind, match=told):
            call()


@pytest.mark.parametrize("package", ["torch", "onnxscript"])
def test_an_absent_package_is_told(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(gn.SettingError, match=f"needs the package {package}, which is not installed"):
        gn.io.from_torch(nn.Linear(1, 1), torch.zeros(1, 1))
