"""Containers do what their drawing says: ways around, branches that join, blocks repeated with weights of their own."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

Dense, Residual, Branches, Repeat, Lambda = (
    gn.nn.Dense, gn.nn.Residual, gn.nn.Branches, gn.nn.Repeat, gn.nn.Lambda,
)  # fmt: skip


def node(*shape: object, name: str = "x") -> gn.Node:
    return gn.input(name, ("batch", *shape), "float64")


def run(y: gn.Node, *data: np.ndarray) -> np.ndarray:
    return gn.Program(y).run(dict(zip(gn.Graph(y).inputs, data, strict=True)))


def draws(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def images(channels: int = 2, size: int = 4) -> tuple[gn.Node, np.ndarray]:
    return node(channels, size, size), draws(3, channels, size, size)


def test_a_residual_adds_its_operand_to_what_its_body_does() -> None:
    block = Residual([Dense(6, gn.tanh), Dense(4)], activation=gn.relu)
    x, data = node(4), draws(3, 4)
    y = run(block(x), data)
    w1, b1, w2, b2 = (p.value for p in block.parameters)
    np.testing.assert_allclose(y, np.maximum(np.tanh(data @ w1 + b1) @ w2 + b2 + data, 0), rtol=1e-12)


def test_the_gradient_of_a_residual_has_a_way_around_its_body() -> None:
    block = Residual(Dense(4, use_bias=False, weight_init=gn.init.zeros))
    x = node(4)
    np.testing.assert_array_equal(run(gn.gradient(block(x).sum(), x) + 0.0 * x, draws(3, 4)), np.ones((3, 4)))


def test_a_residual_that_changes_the_features_learns_its_way_around() -> None:
    block = Residual(Dense(6, use_bias=False))
    x, data = node(5, 4), draws(3, 5, 4)
    y = run(block(x), data)
    body, around = (p.value for p in block.parameters)
    assert block.parameters[1].scope == "residual/shortcut"
    np.testing.assert_allclose(y, data @ (body + around), rtol=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_residual_of_images_convolves_around_with_one_pixel(stride: int) -> None:
    block = Residual(
        [gn.nn.Conv2d(3, 3, gn.relu, padding=1, stride=stride), gn.nn.Conv2d(3, 3, padding="same")]
    )
    x, data = images(size=7)
    y = run(block(x), data)
    body = run(block.body(x), data)
    w = block.shortcut.parameters[0].value
    assert w.shape == (3, 2, 1, 1)
    wanted = np.einsum("bchw,oc->bohw", data[:, :, ::stride, ::stride], w[:, :, 0, 0])
    np.testing.assert_allclose(y - body, wanted, rtol=1e-9, atol=1e-12)


def test_a_residual_of_channels_of_any_size_convolves_around() -> None:
    x = gn.input("x", ("batch", 2, "time"), "float64")
    block = Residual([gn.nn.Conv1d(3, 3, padding="same")])
    y = block(x)
    data = draws(2, 2, 5)
    body, bias, around = (p.value for p in block.parameters)
    inner = np.pad(data, ((0, 0), (0, 0), (1, 1)))
    wanted = sum(np.einsum("bct,oc->bot", inner[:, :, k : k + 5], body[:, :, k]) for k in range(3))
    wanted += bias[:, None] + np.einsum("bct,oc->bot", data, around[:, :, 0])
    np.testing.assert_allclose(run(y, data), wanted, rtol=1e-10, atol=1e-12)
    images = Residual(gn.nn.Conv2d(5, 3, padding="same"))
    assert images(gn.input("x", ("batch", 2, "rows", "columns"))).shape[1] == 5


def test_a_given_way_around_is_taken_even_where_shapes_are_equal() -> None:
    block = Residual(Dense(4), shortcut=lambda x: x * 2.0)
    plain = block.body
    x, data = node(4), draws(2, 4)
    np.testing.assert_allclose(run(block(x), data), run(plain(x), data) + 2.0 * data, rtol=1e-12)
    listed = Residual(Dense(3), shortcut=[gn.relu, Dense(3)])
    listed(x)
    assert [p.scope for p in listed.parameters][2:] == ["residual/shortcut/dense"] * 2


@pytest.mark.parametrize("join", ["add", "mul", "mean", "concat"])
def test_branches_are_joined_as_numpy_would(join: str) -> None:
    both = Branches([gn.tanh, lambda x: x, Lambda(gn.exp, name="exp")], join)
    x, data = node(4), draws(3, 4)
    parts = [np.tanh(data), data, np.exp(data)]
    wanted = {"add": sum(parts), "mul": np.prod(parts, axis=0), "mean": np.mean(parts, axis=0),
              "concat": np.concatenate(parts, axis=-1)}[join]  # fmt: skip
    np.testing.assert_allclose(run(both(x), data), wanted, rtol=1e-12)


def test_branches_of_images_join_their_channels_and_another_axis_if_told() -> None:
    x, data = images()
    np.testing.assert_array_equal(
        run(Branches([gn.relu, gn.neg])(x), data), np.concatenate([np.maximum(data, 0), -data], 1)
    )
    np.testing.assert_array_equal(
        run(Branches([lambda x: x] * 2, axis=2)(x), data), np.concatenate([data, data], 2)
    )


def test_branches_pass_on_training_and_more_operands() -> None:
    seen = []

    class Noted(gn.nn.Layer):
        def apply(self, x, *others, training):
            seen.append((len(others), training))
            return x * 1.0

    x = node(4)
    model = gn.nn.Sequential([Residual(Branches([Noted(), [Noted(), gn.relu]], "add"))])
    model(x, training=True)
    Branches([Noted(), Noted()], "add")(x, node(4, name="z"))
    assert seen == [(0, True)] * 2 + [(1, False)] * 2


def test_repeated_blocks_have_weights_of_their_own_and_a_number() -> None:
    tower = Repeat(3, lambda: Residual(Dense(4, gn.relu)), seed=2)
    tower(node(4))
    assert [p.scope for p in tower.parameters][::2] == [f"repeat/residual{k}/dense" for k in (1, 2, 3)]
    assert len({p.value.tobytes() for p in tower.parameters[::2]}) == 3


def test_a_function_with_a_name_stands_in_a_scope_of_that_name() -> None:
    model = gn.nn.Sequential([Dense(4), Lambda(lambda x: x / (1.0 + gn.abs(x)), name="squash")])
    y = model(node(4))
    assert y.scope == "net/squash" and y.op.name == "div"
    whole = Lambda(lambda x: x + 1)
    assert gn.interpret(whole(gn.constant([1, 2])))[0].tolist() == [2, 3]


def test_containers_work_on_numbers_of_words_too() -> None:
    words = gn.input("words", ("batch", 5), "int64")
    both = Branches([gn.nn.Embedding(10, 4), [gn.nn.Embedding(10, 4), gn.tanh]], "add")
    assert both(words).shape[1:] == (5, 4)


def test_one_seed_fixes_all_first_values_and_freezing_reaches_all_parts() -> None:
    def model(seed: int) -> gn.nn.Layer:
        net = gn.nn.Sequential([
            Residual([Dense(6, gn.relu), Dense(6)]), Branches([Dense(3), Repeat(2, lambda: Dense(3))]),
        ], seed=seed)  # fmt: skip
        net.freeze()
        net(node(4))
        return net

    first, again, other = (model(seed) for seed in (1, 1, 2))
    assert [p.value.tobytes() for p in first.parameters] == [p.value.tobytes() for p in again.parameters]
    weights = [(a, b) for a, b in zip(first.parameters, other.parameters, strict=True) if a.name == "w"]
    assert all((a.value != b.value).any() for a, b in weights) and len(weights) == 6
    assert not any(p.trainable for p in first.parameters)
    first.unfreeze()
    assert all(p.trainable for p in first.parameters)


x4, x22 = node(4), node(2, 4, 4)
same = Dense(4)
WRONG = [
    (lambda: Residual(3), gn.SettingError, "Residual: body is a layer, a function of a node, or a list"),
    (lambda: Residual(Dense(4), shortcut="x"), gn.SettingError, "Residual: shortcut is"),
    (lambda: Residual(Dense(4), activation="relu"), gn.SettingError, "Residual: activation is a function"),
    (lambda: Residual(gn.nn.Flatten())(x22), gn.ShapeError, "no way around .*shortcut="),
    (lambda: Residual(Dense(3), shortcut=lambda x: x)(x4), gn.ShapeError, "must be alike"),
    (lambda: Branches([]), gn.SettingError, "at least one branch"),
    (lambda: Branches(gn.relu), gn.SettingError, "wanted a list"),
    (lambda: Branches([gn.relu], "concatenate"), gn.SettingError, "Did you mean 'concat'"),
    (lambda: Branches([gn.relu], axis=1.5), gn.SettingError, "Branches: axis"),
    (lambda: Branches([Dense(3), Dense(4)], "add")(x4), gn.ShapeError, "to add them, branches must give one shape"),
    (lambda: Branches([gn.relu, Dense(4)])(x4, x4), gn.ShapeError, "branches that are layers"),
    (lambda: Branches([lambda x: 3])(x4), gn.GraphError, "wanted a node, found 3"),
    (lambda: Repeat(0, lambda: Dense(3)), gn.SettingError, "count"),
    (lambda: Repeat(2, Dense(3)), gn.SettingError, "make is a function"),
    (lambda: Repeat(2, lambda: same), gn.SettingError, "gave the same layer twice"),
    (lambda: Lambda(3), gn.SettingError, "wanted a function"),
    (lambda: Lambda(lambda x: 1.0)(x4), gn.GraphError, "wanted a node"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "error", "text"), WRONG)
def test_wrong_use_is_told_in_words(act, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        act()
