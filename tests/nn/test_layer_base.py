"""Layers hold layers: names, seeds, parameters, freezing and operands, for layers that users write."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


class Block(gn.nn.Layer):
    """Two dense layers and a way around them."""

    def __init__(self, units: int = 4, **settings):
        super().__init__(**settings)
        self.first = self.add_layer(gn.nn.Dense(units, gn.tanh))
        self.second = self.add_layer(gn.nn.Dense(units))
        self.noise = self.add_layer(gn.nn.Dropout(0.5), "noise")

    def apply(self, x, *, training):
        return x + self.noise(self.second(self.first(x, training=training)), training=training)


def rows(width: int = 4, name: str = "x", dtype: str = "float32"):
    return gn.input(name, ("batch", width), dtype)


def paths(layer) -> list[str]:
    return [f"{p.scope}/{p.name}" for p in layer.parameters]


def test_a_layer_of_layers_names_them_and_counts_their_parameters() -> None:
    block = Block()
    assert [layer.name for layer in block.layers] == ["dense1", "dense2", "noise"]
    assert block.parameters == ()
    block(rows())
    assert paths(block) == [f"block/{layer}/{name}" for layer in ("dense1", "dense2") for name in ("w", "b")]


def test_a_seed_reaches_every_layer_inside_layers() -> None:
    def values(seed: int):
        model = gn.nn.Sequential([gn.nn.Sequential([Block(), gn.nn.Dense(2)])], seed=seed)
        model(rows())
        return [p.value for p in model.parameters if p.name == "w"]

    for one, same, other in zip(values(1), values(1), values(2), strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)


def test_a_seed_of_its_own_is_kept_and_passed_on() -> None:
    own = gn.nn.Sequential([gn.nn.Dense(2)], seed=5)
    model = gn.nn.Sequential([own, gn.nn.Dense(2)], seed=1)
    assert own.seed == own.steps[0].seed == 5 and model.steps[1].seed == 1


def test_kinds_are_numbered_around_names_that_are_taken() -> None:
    model = gn.nn.Sequential([
        gn.nn.Dense(2, name="dense1"), gn.nn.Dense(2), gn.nn.Dense(2), gn.nn.Conv2d(2, 3), gn.nn.Conv2d(2, 3),
        gn.nn.Sequential([gn.relu]), gn.nn.Sequential([gn.relu]),
    ])  # fmt: skip
    names = [layer.name for layer in model.layers]
    assert names == ["dense1", "dense2", "dense3", "conv2d_1", "conv2d_2", "net1", "net2"]


def test_a_layer_that_has_been_called_keeps_its_name_when_others_join() -> None:
    model = gn.nn.Sequential([gn.nn.Dense(4)])
    model(rows())
    model.add_layer(gn.nn.Dense(4), "later")
    model.add_layer(gn.nn.Dense(4))
    assert [layer.name for layer in model.layers] == ["dense", "later", "dense3"]
    assert repr(model.layers[0]) == "<Dense 'dense' of 2 parameters>"


def test_a_layer_twice_in_one_sequence_is_applied_twice_and_counts_once(rng) -> None:
    shared = gn.nn.Dense(4, gn.tanh, seed=1)
    model = gn.nn.Sequential([shared, shared])
    x = rows()
    y = model(x)
    w, b = model.parameters
    data = rng.normal(size=(3, 4)).astype(np.float32)
    wanted = np.tanh(np.tanh(data @ w.value + b.value) @ w.value + b.value)
    np.testing.assert_allclose(gn.interpret(y, {x: data})[0], wanted, rtol=1e-5, atol=1e-6)
    assert paths(model) == ["net/dense/w", "net/dense/b"]


def test_freezing_reaches_every_layer_and_a_trainer_leaves_them_alone(rng) -> None:
    body, head = Block(), gn.nn.Dense(1)
    model = gn.nn.Sequential([body, head], seed=1)
    y = model(rows())
    body.freeze()
    assert [p.trainable for p in model.parameters] == [False] * 4 + [True] * 2
    trainer = gn.Trainer(gn.mean(gn.square(y)), gn.optim.SGD(0.1))
    before = [p.value.copy() for p in model.parameters]
    trainer.step({"x": rng.normal(size=(5, 4))})
    assert [np.array_equal(p.value, old) for p, old in zip(model.parameters, before, strict=True)] == (
        [True] * 4 + [False] * 2
    )
    model.unfreeze()
    assert all(p.trainable for p in model.parameters)


def test_freezing_before_the_first_call_holds_for_what_is_made_then() -> None:
    block = Block()
    block.freeze()
    block(rows())
    assert not any(p.trainable for p in block.parameters) and block.first.frozen
    block.unfreeze()
    assert all(p.trainable for p in block.parameters)


def test_a_layer_of_layers_fits_what_its_layers_fit() -> None:
    block = Block()
    block(rows())
    assert str(block(gn.input("x", ("batch", "time", 4))).shape) == "(batch, time, 4)"
    with pytest.raises(gn.ShapeError, match="layer dense1: was built for"):
        block(rows(5))


@pytest.mark.parametrize(
    ("layer", "first", "then"),
    [
        (gn.nn.Dense(3), ("batch", 5, 4), (2, "time", "more", 4)),
        (gn.nn.Conv1d(3, 2), ("batch", 4, 9), ("batch", 4, "time")),
        (gn.nn.Conv2d(3, 2), ("batch", 4, 9, 9), ("batch", 4, 5, 7)),
        (gn.nn.ConvTranspose2d(3, 2), ("batch", 4, 9, 9), ("batch", 4, 5, "width")),
        (gn.nn.BatchNorm(), ("batch", 4, 9, 9), ("batch", 4)),
        (gn.nn.LayerNorm(), ("batch", 9, 4), ("batch", "time", 4)),
        (gn.nn.RMSNorm(), ("batch", 9, 4), ("batch", 4)),
        (gn.nn.GroupNorm(2), ("batch", 4, 9), ("batch", 4, 3, 3)),
        (gn.nn.InstanceNorm(), ("batch", 4, 9), ("batch", 4, 3, 3)),
        (gn.nn.PReLU(), ("batch", 4), ("batch", 7, 2)),
        (gn.nn.MaxPool2d(2), ("batch", 4, 9, 9), ("batch", 3, 4, 4)),
        (gn.nn.Dropout(), ("batch", 4), ("batch", 7, 2)),
    ],
    ids=lambda value: value.name if isinstance(value, gn.nn.Layer) else "",
)
def test_other_times_and_image_sizes_share_the_parameters(layer, first, then) -> None:
    layer(gn.input("x", first))
    many = len(layer.parameters)
    y = layer(gn.input("z", then), training=True)
    assert len(layer.parameters) == many
    assert {p for p in gn.Graph(y).parameters if p.dtype != gn.int64} <= set(layer.parameters)


def test_axes_that_were_named_at_the_first_call_may_have_any_size() -> None:
    class Rows(gn.nn.Layer):
        def build(self, shape, dtype):
            self.w = self.add_parameter("w", shape[-1:], gn.init.zeros, dtype)

        def apply(self, x, *, training):
            return x + self.w

    layer = Rows()
    layer(gn.input("x", ("batch", "time", 3)))
    layer(gn.input("x", ("batch", 7, 3)))
    with pytest.raises(gn.ShapeError, match=r"layer rows: was built for \(batch, time, 3\)"):
        layer(gn.input("x", ("batch", 7, 4)))


def test_a_layer_may_take_several_operands_and_know_all_their_shapes() -> None:
    class Mixed(gn.nn.Layer):
        def build(self, shape, dtype):
            self.w = self.add_parameter("w", (self.shapes[1][-1], shape[-1]), gn.init.xavier, dtype)

        def apply(self, x, context, mask=None, *, training):
            y = x + context @ self.w
            return y if mask is None else y * mask

    layer = Mixed()
    assert str(layer(rows(4), rows(3, "context"), None).shape) == "(batch, 4)"
    assert layer.shapes[2] is None
    assert "mul" in {n.op.name for n in gn.Graph(layer(rows(4), rows(3, "c"), rows(4, "mask"))).nodes}
    with pytest.raises(gn.GraphError, match="wanted a node, found 3"):
        layer(rows(4), 3)


def test_streams_hang_on_seed_path_and_name_and_a_layer_has_one_counter() -> None:
    class Noise(gn.nn.Layer):
        def apply(self, x, *, training):
            return gn.gaussian_noise(gn.dropout(x, 0.5, self.counter, self.stream("mask")), 1.0, self.counter,
                                     self.stream("noise"))  # fmt: skip

    def made(seed: int, name: str = "noise"):
        layer = Noise(seed=seed, name=name)
        counters = [p for p in gn.Graph(layer(rows(), training=True)).parameters if p.dtype == gn.int64]
        assert counters == [layer.counter] and layer.counter.scope == name
        assert layer.parameters == ()
        return layer.stream("mask"), layer.stream("noise")

    assert made(1) == made(1)
    assert len({*made(1), *made(2), *made(1, "other")}) == 6


@pytest.mark.parametrize(
    "layer", [gn.nn.GaussianNoise(0.5), gn.nn.ChannelDropout(0.5), gn.nn.NoisyRelu(0.5)], ids=lambda v: v.name
)
def test_noise_is_for_training_only_and_new_at_each_step(layer) -> None:
    x = gn.input("x", ("batch", 8, 5))
    y = layer(x, training=True)
    program = gn.Program(y, gn.state_updates(y))
    data = np.ones((4, 8, 5), np.float32)
    one, two = program.run({"x": data}), program.run({"x": data})
    assert not np.array_equal(one, two) and layer.counter.value == 2
    used = layer(x)
    assert used is x or used.op.name == "relu"


def test_gaussian_noise_has_its_deviation_and_channels_drop_whole() -> None:
    data = np.ones((50, 40, 5), np.float32)
    x = gn.input("x", ("batch", 40, 5))
    noise = gn.Program(gn.nn.GaussianNoise(0.3)(x, training=True)).run({"x": data}) - 1.0
    # 10,000 draws: the deviation of a sample's deviation is its hundredth part over sqrt(2).
    assert noise.std() == pytest.approx(0.3, rel=0.03) and abs(noise.mean()) < 0.015
    kept = gn.Program(gn.nn.ChannelDropout(0.4)(x, training=True)).run({"x": data})
    assert (kept == kept[:, :, :1]).all()
    assert np.isclose(kept, 0.0).mean() == pytest.approx(0.4, abs=0.05)
    np.testing.assert_allclose(kept[kept != 0], 1 / 0.6, rtol=1e-6)


def test_values_keep_their_size_through_20_convolutions_that_start_by_he() -> None:
    net = gn.nn.Sequential([gn.nn.Conv2d(24, 3, gn.relu, padding="same") for _ in range(20)], seed=3)
    x = gn.input("x", ("batch", 24, 12, 12))
    values = [x]
    for step in net.steps:
        values.append(step(values[-1]))
    data = np.random.default_rng(0).normal(size=(4, 24, 12, 12)).astype(np.float32)
    sizes = [np.mean(np.square(value)) for value in gn.Program(values[1:]).run({"x": data})]
    # Zeros at the border take away a part at each layer, and 24 channels are few to average over: a tenth to ten
    # times after 20 layers. With Xavier's rule, which is right for tanh, it would be a millionth.
    assert 0.05 < sizes[-1] / sizes[0] < 5.0, sizes
    inside = sizes[1:]
    ratios = np.array(inside[1:]) / np.array(inside[:-1])
    assert 0.75 < np.exp(np.log(ratios).mean()) < 1.15


@pytest.mark.parametrize("groups", [1, 4])
def test_fans_of_a_convolution_are_channels_times_kernel(groups: int) -> None:
    def weights(initializer):
        layer = gn.nn.Conv2d(80, (5, 4), groups=groups, weight_init=initializer)
        layer(gn.input("x", ("batch", 60, 9, 9)))
        return layer.w.value

    fan_in, fan_out = 60 // groups * 20, 80 * 20
    # 24,000 draws or more: a deviation is good to half a hundredth.
    assert weights(gn.init.he).std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.02)
    limit = np.sqrt(6 / (fan_in + fan_out))
    assert 0.99 * limit < np.abs(weights(gn.init.xavier)).max() <= limit
    flat = weights(gn.init.orthogonal()).reshape(80, -1).astype(np.float64)
    np.testing.assert_allclose(flat @ flat.T, np.eye(80), atol=1e-5)


def test_weights_of_a_convolution_are_drawn_as_kernel_channels_filters_and_turned() -> None:
    def counted(shape, rng):
        return np.arange(np.prod(shape), dtype=float).reshape(shape)

    plain, spread = (
        gn.nn.Conv2d(3, (2, 4), weight_init=counted),
        gn.nn.ConvTranspose1d(3, 2, weight_init=counted),
    )
    plain(gn.input("x", ("batch", 5, 9, 9)))
    spread(gn.input("x", ("batch", 5, 9)))
    assert plain.w.shape == (3, 5, 2, 4) and spread.w.shape == (5, 3, 2)
    np.testing.assert_array_equal(plain.w.value, counted((2, 4, 5, 3), None).transpose(3, 2, 0, 1))
    np.testing.assert_array_equal(spread.w.value, counted((2, 5, 3), None).transpose(1, 2, 0))


def test_an_activation_may_be_a_layer_and_counts_to_the_one_that_it_ends() -> None:
    layer = gn.nn.Dense(3, gn.nn.PReLU())
    noisy = gn.nn.Conv1d(3, 2, gn.nn.NoisyRelu())
    layer(rows())
    assert paths(layer) == ["dense/w", "dense/b", "dense/prelu/slope"]
    x = gn.input("x", ("batch", 4, 9))
    used = [
        {node.op.name for node in gn.Graph(noisy(x, training=training)).nodes} for training in (True, False)
    ]
    assert "random_normal" in used[0] and "relu" in used[1] and "random_normal" not in used[1]


def test_a_convolutional_net_learns_digits() -> None:
    train, test = gn.data.split(gn.data.digits(), 0.2, seed=0)
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    net = gn.nn.Sequential([
        gn.nn.Reshape((1, 8, 8)),
        gn.nn.Conv2d(8, 3, padding="same", use_bias=False), gn.nn.BatchNorm(), gn.relu, gn.nn.MaxPool2d(2),
        gn.nn.Conv2d(16, 3, gn.nn.PReLU(), padding="same"), gn.nn.ChannelDropout(0.1),
        gn.nn.Flatten(), gn.nn.Dense(10),
    ], seed=1)  # fmt: skip
    calm = net(x)
    loss = gn.softmax_cross_entropy(net(x, training=True), y)
    trainer = gn.Trainer(
        loss, gn.optim.Adam(0.01), output=calm, metrics={"accuracy": gn.accuracy(calm, y)},
        evaluation_loss=gn.softmax_cross_entropy(calm, y),
    )  # fmt: skip
    trainer.fit(train, epochs=4, batch=64, progress=False)
    assert trainer.evaluate(test)["accuracy"] > 0.93
