"""Wrong settings and operands of layers get one sentence: which layer, what was found, what was wanted."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

nn = gn.nn
IMAGES, SEQUENCES, ROWS = ("batch", 4, 6, 6), ("batch", 4, 9), ("batch", 6)


def on(layer, *shape, dtype: str = "float32", training: bool = False):
    return layer(gn.input("x", shape, dtype), training=training)


def twice(layer, first, then, dtype: str = "float32"):
    on(layer, *first)
    return on(layer, *then, dtype=dtype)


def inside_itself():
    layer = nn.Sequential([gn.relu])
    layer.add_layer(nn.Sequential([layer]))


def renamed():
    parent, child = nn.Sequential([gn.relu]), nn.Dense(2)
    parent.add_layer(child, "one")
    parent.add_layer(child, "two")


class Forgetful(nn.Layer):
    """A layer without apply."""


WRONG = {
    # settings
    "no filters": (lambda: nn.Conv2d(0, 3), gn.SettingError, "Conv2d: filters is a whole number of at least 1"),
    "kernel of text": (lambda: nn.Conv2d(2, "3"), gn.ShapeError, "Conv2d: kernel_size is an int or 2 ints"),
    "kernel of three": (lambda: nn.Conv2d(2, (3, 3, 3)), gn.ShapeError, "Conv2d: kernel_size"),
    "stride of 0": (lambda: nn.Conv1d(2, 3, stride=0), gn.ShapeError, "Conv1d: stride is 0; wanted 1 or more"),
    "unknown padding": (lambda: nn.Conv2d(2, 3, padding="full"), gn.ShapeError, "Conv2d: padding is"),
    "same with stride": (lambda: nn.Conv2d(2, 3, padding="same", stride=2), gn.ShapeError, "only with stride 1"),
    "groups beside filters": (
        lambda: nn.Conv2d(4, 3, groups=3), gn.SettingError, "4 filters cannot be cut into 3 equal groups",
    ),
    "dilation of 0": (lambda: nn.ConvTranspose2d(2, 3, dilation=0), gn.ShapeError, "ConvTranspose2d: dilation"),
    "negative output padding": (
        lambda: nn.ConvTranspose1d(2, 3, output_padding=-1), gn.ShapeError, "ConvTranspose1d: output_padding",
    ),
    "activation by name": (lambda: nn.Conv2d(2, 3, "relu"), gn.SettingError, "such as gn.relu, found 'relu'"),
    "initialiser by name": (lambda: nn.Conv2d(2, 3, weight_init="he"), gn.SettingError, "such as gn.init.he"),
    "pool of nothing": (lambda: nn.MaxPool2d(0), gn.ShapeError, "MaxPool2d: kernel_size is 0"),
    "pool with text": (lambda: nn.AvgPool1d(2, padding="same"), gn.ShapeError, "AvgPool1d: padding"),
    "adaptive to nothing": (lambda: nn.AdaptiveAvgPool2d(0), gn.ShapeError, "AdaptiveAvgPool2d: output_size"),
    "reshape by two unknowns": (lambda: nn.Reshape((-1, -1)), gn.SettingError, "only one size can be -1"),
    "reshape by a fraction": (lambda: nn.Reshape((2.5,)), gn.ShapeError, "Reshape: axis 0 is 2.5"),
    "flatten from a fraction": (lambda: nn.Flatten(start=1.5), gn.SettingError, "Flatten: start"),
    "upsample to nothing said": (lambda: nn.Upsample(), gn.SettingError, "give either scale or size"),
    "upsample in both ways": (lambda: nn.Upsample(2, size=3), gn.SettingError, "give either scale or size"),
    "momentum of 0": (lambda: nn.BatchNorm(momentum=0), gn.SettingError, "BatchNorm: momentum"),
    "momentum of 2": (lambda: nn.BatchNorm(momentum=2.0), gn.SettingError, "a share above 0 and up to 1, found 2.0"),
    "eps of 0": (lambda: nn.LayerNorm(eps=0.0), gn.SettingError, "LayerNorm: eps: wanted a positive number"),
    "no axes": (lambda: nn.LayerNorm(axes=0), gn.SettingError, "LayerNorm: axes"),
    "no groups": (lambda: nn.GroupNorm(0), gn.SettingError, "GroupNorm: groups"),
    "no noise": (lambda: nn.GaussianNoise(0.0), gn.SettingError, "GaussianNoise: deviation"),
    "all channels dropped": (lambda: nn.ChannelDropout(1.0), gn.SettingError, "ChannelDropout: rate"),
    "no words": (lambda: nn.Embedding(0, 3), gn.SettingError, "Embedding: count"),
    "padding beyond the words": (
        lambda: nn.Embedding(5, 3, padding_index=5), gn.SettingError, "wanted a row of the table, 0 to 4",
    ),
    "table of ints": (lambda: nn.Embedding(5, 3, dtype="int64"), gn.DtypeError, "holds floats, found 'int64'"),
    "tied to a number": (lambda: nn.Dense(3, tied=3), gn.SettingError, "weights of its own, found 3"),
    "tied to a tied one": (
        lambda: nn.Dense(3, tied=nn.Dense(3, tied=nn.Dense(3))), gn.SettingError, "weights of its own",
    ),
    "tied with first weights": (
        lambda: nn.Dense(3, tied=nn.Dense(3), weight_init=gn.init.he), gn.SettingError, "leave weight_init out",
    ),
    # operands
    "rows for conv2d": (
        lambda: on(nn.Conv2d(2, 3), *ROWS), gn.ShapeError,
        "layer conv2d: wanted x (batch, channels, rows, columns), found shape (batch, 6)",
    ),
    "images for conv1d": (lambda: on(nn.Conv1d(2, 3), *IMAGES), gn.ShapeError, "wanted x (batch, channels, steps)"),
    "named channels": (
        lambda: on(nn.Conv2d(2, 3), "batch", "channels", 5, 5), gn.ShapeError,
        "layer conv2d: the channels, axis 1, must have a known size, found (batch, channels, 5, 5)",
    ),
    "groups beside channels": (
        lambda: on(nn.Conv2d(6, 3, groups=3), *IMAGES), gn.ShapeError,
        "layer conv2d: 4 channels of x cannot be cut into 3 equal groups",
    ),
    "kernel beyond the image": (lambda: on(nn.Conv2d(2, 9), *IMAGES), gn.ShapeError, "too short for a kernel"),
    "named rows with stride": (
        lambda: on(nn.Conv2d(2, 3, stride=2), "batch", 4, "rows", 6), gn.ShapeError, "its size must be known",
    ),
    "other channels later": (
        lambda: twice(nn.Conv2d(2, 3), IMAGES, ("batch", 5, 6, 6)), gn.ShapeError,
        "layer conv2d: was built for (batch, 4, 6, 6), found 'x' float32 (batch, 5, 6, 6)",
    ),
    "other rank later": (lambda: twice(nn.Conv1d(2, 3), SEQUENCES, IMAGES), gn.ShapeError, "was built for"),
    "other dtype later": (
        lambda: twice(nn.Dense(2), ROWS, ROWS, "float64"), gn.DtypeError, "layer dense: was built for float32",
    ),
    "labels for a convolution": (lambda: on(nn.Conv2d(2, 3), *IMAGES, dtype="int64"), gn.DtypeError, "is not a float"),
    "floats for an embedding": (
        lambda: on(nn.Embedding(5, 3), "batch"), gn.DtypeError, "layer embedding: wanted int64, found 'x' float32",
    ),
    "attend to another width": (
        lambda: nn.Embedding(5, 3).attend(gn.input("x", ("batch", 4))), gn.ShapeError, "",
    ),
    "attend to another dtype": (
        lambda: nn.Embedding(5, 3).attend(gn.input("x", ("batch", 3), "float64")), gn.DtypeError, "holds float32",
    ),
    "attend to an array": (lambda: nn.Embedding(5, 3).attend(np.ones(3)), gn.GraphError, "wanted a node"),
    "tied to who was not called": (
        lambda: on(nn.Dense(6, tied=nn.Dense(6, name="encoder")), *ROWS), gn.GraphError,
        "is tied to layer encoder, which has no weights yet. Call that one first",
    ),
    "tied to other sizes": (
        lambda: on(nn.Sequential([(first := nn.Dense(3)), nn.Dense(5, tied=first)]), *ROWS), gn.ShapeError,
        "takes weights (5, 3) to turn around; those of layer dense1 are float32 (6, 3)",
    ),
    "images for max_pool1d": (lambda: on(nn.MaxPool1d(2), *IMAGES), gn.ShapeError, "layer maxpool1d: wanted x"),
    "rows for max_pool2d": (lambda: on(nn.MaxPool2d(2), *ROWS), gn.ShapeError, "layer maxpool2d: wanted x"),
    "rows for global pooling": (lambda: on(nn.GlobalAvgPool2d(), *ROWS), gn.ShapeError, "layer globalavgpool2d"),
    "reshape that does not fit": (lambda: on(nn.Reshape((4, 4)), *ROWS), gn.ShapeError, "reshape"),
    "flatten of a number": (lambda: on(nn.Flatten()), gn.ShapeError, "layer flatten: wanted x"),
    "rows to upsample": (lambda: on(nn.Upsample(2), *ROWS), gn.ShapeError, "layer upsample: wanted x"),
    "batch norm of a vector": (
        lambda: on(nn.BatchNorm(), "batch"), gn.ShapeError, "layer batchnorm: wanted x (batch, channels, ...)",
    ),
    "batch norm of one number": (
        lambda: on(nn.BatchNorm(), 1, 4, training=True), gn.ShapeError, "has one number in a channel",
    ),
    "batch norm of other channels": (lambda: twice(nn.BatchNorm(), ROWS, IMAGES), gn.ShapeError, "was built for"),
    "layer norm of a named axis": (
        lambda: on(nn.LayerNorm(axes=2), "batch", "time", 3), gn.ShapeError, "the axis -2 must have a known size",
    ),
    "layer norm of too few axes": (lambda: on(nn.LayerNorm(axes=3), *ROWS), gn.ShapeError, "at least 3 axes"),
    "group norm that does not divide": (
        lambda: on(nn.GroupNorm(3), *IMAGES), gn.ShapeError, "layer groupnorm: 4 channels of x cannot be cut into 3",
    ),
    "instance norm of rows": (lambda: on(nn.InstanceNorm(), *ROWS), gn.ShapeError, "layer instancenorm: wanted x"),
    "prelu of named channels": (
        lambda: on(nn.PReLU(per_channel=True), "batch", "channels"), gn.ShapeError, "must have a known size",
    ),
    "channel dropout of a vector": (
        lambda: on(nn.ChannelDropout(), "batch", training=True), gn.ShapeError, "wanted (batch, channels, ...)",
    ),
    "drawn in another shape": (
        lambda: on(nn.Conv2d(2, 3, weight_init=lambda shape, rng: np.zeros((2, 2))), *IMAGES), gn.ShapeError,
        "the initialiser of w gave shape (2, 2), wanted (2, 4, 3, 3)",
    ),
    "maker of an initialiser": (
        lambda: on(nn.Dense(2, weight_init=gn.init.normal), *ROWS), gn.SettingError,
        "which normal does not take. If it is of those that make an initialiser, call it first: gn.init.normal(...)",
    ),
    # layers of layers
    "held number": (lambda: nn.Sequential([gn.relu]).add_layer(3), gn.SettingError, "wanted a layer, found 3"),
    "held by itself": (inside_itself, gn.SettingError, "would hold itself"),
    "held under two names": (renamed, gn.SettingError, "is held already"),
    "held under a number": (
        lambda: nn.Sequential([gn.relu]).add_layer(nn.Dense(2), 3), gn.SettingError, "a name is a non-empty text",
    ),
    "shared number": (lambda: nn.Dense(2).share_parameter(3), gn.GraphError, "wanted a parameter to share, found 3"),
    "no apply": (lambda: on(Forgetful(), 3), NotImplementedError, "Forgetful defines no apply(self, x, *, training)"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_and_operands_get_a_sentence(case: str) -> None:
    call, error, words = WRONG[case]
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_row_that_the_table_has_not_is_a_fault_at_run_time() -> None:
    y = on(nn.Embedding(5, 3), "batch", dtype="int64")
    for index in (-1, 5):
        with pytest.raises(gn.FaultError):
            gn.Program(y).run({"x": [index]})
