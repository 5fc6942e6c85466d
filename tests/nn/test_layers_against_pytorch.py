"""Every layer gives PyTorch's numbers and PyTorch's gradients, for its operand and for its parameters."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

torch = pytest.importorskip("torch")
T = torch.nn

# Under which name PyTorch keeps what we call so.
THEIRS = {"w": "weight", "b": "bias", "scale": "weight", "shift": "bias", "slope": "weight", "table": "weight",
          "mean": "running_mean", "var": "running_var"}  # fmt: skip
IMAGES, SEQUENCES, ROWS = ("batch", 4, 6, 7), ("batch", 4, 9), ("batch", 6)

CASES = {
    "dense": (lambda: gn.nn.Dense(5), lambda: T.Linear(6, 5), ROWS),
    "dense without bias": (lambda: gn.nn.Dense(5, use_bias=False), lambda: T.Linear(6, 5, bias=False), ROWS),
    "dense over time": (lambda: gn.nn.Dense(5), lambda: T.Linear(6, 5), ("batch", "time", 6)),
    "conv1d": (lambda: gn.nn.Conv1d(6, 3), lambda: T.Conv1d(4, 6, 3), SEQUENCES),
    "conv1d with all settings": (
        lambda: gn.nn.Conv1d(6, 3, stride=2, padding=2, dilation=2, groups=2),
        lambda: T.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2),
        SEQUENCES,
    ),
    "conv1d of named length": (lambda: gn.nn.Conv1d(3, 4, padding="same"), lambda: T.Conv1d(4, 3, 4, padding="same"),
                               ("batch", 4, "time")),
    "conv2d": (lambda: gn.nn.Conv2d(6, 3), lambda: T.Conv2d(4, 6, 3), IMAGES),
    "conv2d with all settings": (
        lambda: gn.nn.Conv2d(6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
        lambda: T.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
        IMAGES,
    ),
    "conv2d same without bias": (
        lambda: gn.nn.Conv2d(2, (3, 4), padding="same", use_bias=False),
        lambda: T.Conv2d(4, 2, (3, 4), padding="same", bias=False),
        IMAGES,
    ),
    "conv2d depthwise": (
        lambda: gn.nn.Conv2d(8, 3, gn.relu, groups=4), lambda: T.Sequential(T.Conv2d(4, 8, 3, groups=4), T.ReLU()),
        IMAGES,
    ),
    "conv_transpose1d": (
        lambda: gn.nn.ConvTranspose1d(6, 3, stride=2, padding=1, output_padding=1, groups=2),
        lambda: T.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        SEQUENCES,
    ),
    "conv_transpose2d": (lambda: gn.nn.ConvTranspose2d(3, 2), lambda: T.ConvTranspose2d(4, 3, 2), IMAGES),
    "conv_transpose2d with all settings": (
        lambda: gn.nn.ConvTranspose2d(6, 3, stride=2, padding=(0, 1), output_padding=(1, 0), groups=2, dilation=2),
        lambda: T.ConvTranspose2d(4, 6, 3, stride=2, padding=(0, 1), output_padding=(1, 0), groups=2, dilation=2),
        IMAGES,
    ),
    "max_pool1d": (lambda: gn.nn.MaxPool1d(3, stride=2, padding=1), lambda: T.MaxPool1d(3, 2, 1), SEQUENCES),
    "max_pool2d": (lambda: gn.nn.MaxPool2d(2), lambda: T.MaxPool2d(2), IMAGES),
    "max_pool2d with all settings": (
        lambda: gn.nn.MaxPool2d((3, 2), stride=2, padding=1, dilation=(1, 2), ceil_mode=True),
        lambda: T.MaxPool2d((3, 2), 2, 1, (1, 2), ceil_mode=True),
        IMAGES,
    ),
    "avg_pool1d": (lambda: gn.nn.AvgPool1d(2), lambda: T.AvgPool1d(2), SEQUENCES),
    "avg_pool2d": (
        lambda: gn.nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        lambda: T.AvgPool2d(3, 2, 1, count_include_pad=False),
        IMAGES,
    ),
    "adaptive_avg_pool2d": (lambda: gn.nn.AdaptiveAvgPool2d((2, 3)), lambda: T.AdaptiveAvgPool2d((2, 3)), IMAGES),
    "global_avg_pool2d": (
        lambda: gn.nn.GlobalAvgPool2d(), lambda: T.Sequential(T.AdaptiveAvgPool2d(1), T.Flatten()), IMAGES,
    ),
    "global_max_pool2d": (
        lambda: gn.nn.GlobalMaxPool2d(keepdims=True), lambda: T.AdaptiveMaxPool2d(1), IMAGES,
    ),
    "flatten": (lambda: gn.nn.Flatten(), lambda: T.Flatten(), IMAGES),
    "reshape": (lambda: gn.nn.Reshape((2, -1, 3)), lambda: T.Unflatten(1, (2, 1, 3)), ROWS),
    "upsample": (lambda: gn.nn.Upsample(2), lambda: T.Upsample(scale_factor=2), IMAGES),
    "upsample bilinear": (
        lambda: gn.nn.Upsample(size=(5, 9), mode="bilinear", align_corners=True),
        lambda: T.Upsample(size=(5, 9), mode="bilinear", align_corners=True),
        IMAGES,
    ),
    "batch_norm of rows": (lambda: gn.nn.BatchNorm(), lambda: T.BatchNorm1d(6), ROWS),
    "batch_norm of sequences": (lambda: gn.nn.BatchNorm(eps=1e-3), lambda: T.BatchNorm1d(4, eps=1e-3), SEQUENCES),
    "batch_norm of images": (lambda: gn.nn.BatchNorm(), lambda: T.BatchNorm2d(4), IMAGES),
    "batch_norm without affine": (
        lambda: gn.nn.BatchNorm(affine=False), lambda: T.BatchNorm2d(4, affine=False), IMAGES,
    ),
    "layer_norm": (lambda: gn.nn.LayerNorm(), lambda: T.LayerNorm(6), ("batch", "time", 6)),
    "layer_norm over two axes": (lambda: gn.nn.LayerNorm(axes=2, eps=1e-4), lambda: T.LayerNorm((6, 7), 1e-4), IMAGES),
    "group_norm": (lambda: gn.nn.GroupNorm(2), lambda: T.GroupNorm(2, 4), IMAGES),
    "group_norm of rows": (lambda: gn.nn.GroupNorm(3), lambda: T.GroupNorm(3, 6), ROWS),
    "instance_norm": (lambda: gn.nn.InstanceNorm(), lambda: T.InstanceNorm2d(4, affine=True), IMAGES),
    "instance_norm of sequences": (
        lambda: gn.nn.InstanceNorm(affine=False), lambda: T.InstanceNorm1d(4), SEQUENCES,
    ),
    "rms_norm": (lambda: gn.nn.RMSNorm(eps=1e-5), lambda: T.RMSNorm(6, 1e-5), ("batch", "time", 6)),
    "prelu": (lambda: gn.nn.PReLU(), lambda: T.PReLU(), IMAGES),
    "prelu per channel": (lambda: gn.nn.PReLU(per_channel=True), lambda: T.PReLU(4), IMAGES),
    "dropout in use": (lambda: gn.nn.Dropout(), lambda: T.Dropout(), ROWS),
    "channel_dropout in use": (lambda: gn.nn.ChannelDropout(), lambda: T.Dropout2d(), IMAGES),
}  # fmt: skip
HOLDS_ON = ("dropout in use", "channel_dropout in use")  # at random while training


def counterpart(module, name: str):
    """The tensor that PyTorch keeps for this parameter of ours."""
    owner = module[0] if isinstance(module, T.Sequential) else module
    return getattr(owner, THEIRS[name])


def laid_out(tensor, layer, node) -> np.ndarray:
    """PyTorch's array as ours lies: Linear keeps its weights turned around."""
    array = tensor.detach().numpy()
    if isinstance(layer, gn.nn.Dense) and node.name == "w":
        array = array.T
    return array.reshape(node.shape)


def compare(name: str, dtype: str, rng, *, training: bool) -> None:
    ours, theirs, shape = CASES[name]
    layer, module = ours(), theirs().to(getattr(torch, dtype))
    module.train(training)
    x = gn.input("x", shape, dtype)
    y = layer(x, training=training)
    for node in layer.parameters:
        tensor = counterpart(module, node.name)
        first = rng.uniform(0.5, 1.5, tuple(tensor.shape))
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(first))
        node.value = laid_out(tensor, layer, node)
    data = rng.normal(size=[{"batch": 3, "time": 8}.get(d, d) for d in shape]).astype(dtype)
    fed = torch.tensor(data, requires_grad=True)
    wanted = module(fed)
    weights = rng.normal(size=tuple(wanted.shape)).astype(dtype)
    (wanted * torch.from_numpy(weights)).sum().backward()
    learn = [node for node in layer.parameters if node.trainable]
    loss = (y * gn.input("weights", y.shape, dtype)).sum()
    value, slope, *slopes = gn.Program([y, *gn.gradient(loss, [x, *learn])]).run(
        {"x": data, "weights": weights}
    )
    # What is left of sums of up to a few hundred products after rounding.
    close = {"rtol": 1e-9, "atol": 1e-10} if dtype == "float64" else {"rtol": 2e-4, "atol": 2e-4}
    np.testing.assert_allclose(value, wanted.detach().numpy(), **close)
    np.testing.assert_allclose(slope, fed.grad.numpy(), **close)
    for node, found in zip(learn, slopes, strict=True):
        expected = laid_out(counterpart(module, node.name).grad, layer, node)
        np.testing.assert_allclose(found, expected, **close, err_msg=node.name)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even")  # PyTorch's, of its speed
@pytest.mark.parametrize("name", CASES)
def test_a_layer_in_use_is_pytorchs_in_float64(name: str, rng) -> None:
    compare(name, "float64", rng, training=False)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even")  # PyTorch's, of its speed
@pytest.mark.parametrize("name", [name for name in CASES if name not in HOLDS_ON])
def test_a_layer_in_training_is_pytorchs_in_float32(name: str, rng) -> None:
    compare(name, "float32", rng, training=True)


@pytest.mark.parametrize("padding_index", [None, 2])
def test_an_embedding_is_pytorchs(padding_index: int | None, rng) -> None:
    module = T.Embedding(5, 3, padding_idx=padding_index).double()
    layer = gn.nn.Embedding(5, 3, padding_index=padding_index, dtype="float64")
    x = gn.input("x", ("batch", "time"), "int64")
    y = layer(x)
    layer.table.value = module.weight.detach().numpy()
    words = np.array([[0, 2, 4, 4], [1, 2, 2, 0]])
    weights = rng.normal(size=(2, 4, 3))
    wanted = module(torch.from_numpy(words))
    (wanted * torch.from_numpy(weights)).sum().backward()
    loss = (y * gn.input("weights", y.shape, "float64")).sum()
    value, slope = gn.Program([y, gn.gradient(loss, layer.table)]).run({"x": words, "weights": weights})
    np.testing.assert_allclose(value, wanted.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(slope, module.weight.grad.numpy(), rtol=1e-12)
