"""A summary counts what is there, once, and says it in a table that fits a page."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

IMAGES = ("batch", 1, 12, 12)


def model():
    """A small net for images, with a block inside and state that does not learn."""
    block = gn.nn.Sequential([gn.nn.Conv2d(6, 3, padding="same"), gn.nn.BatchNorm(), gn.relu], name="block")
    return gn.nn.Sequential(
        [
            gn.nn.Conv2d(4, 3, gn.relu),
            gn.nn.MaxPool2d(2),
            block,
            gn.nn.Dropout(),
            gn.nn.Flatten(),
            gn.nn.Dense(10),
        ],
        seed=1,
    )


def called():
    net = model()
    return net, net(gn.input("images", IMAGES))


def by_path(summary) -> dict:
    return {row.path: row for row in summary.rows}


def test_a_line_for_each_layer_with_its_class_shape_and_parameters() -> None:
    net, _ = called()
    rows = gn.summary(net).rows
    assert [(row.path, row.kind, str(row.shape), row.trainable, row.frozen) for row in rows] == [
        ("net/conv2d", "Conv2d", "(batch, 4, 10, 10)", 4 * 9 + 4, 0),
        ("net/maxpool2d", "MaxPool2d", "(batch, 4, 5, 5)", 0, 0),
        ("net/block", "Sequential", "(batch, 6, 5, 5)", 6 * 4 * 9 + 6 + 12, 12),
        ("net/dropout", "Dropout", "(batch, 6, 5, 5)", 0, 0),
        ("net/flatten", "Flatten", "(batch, 150)", 0, 0),
        ("net/dense", "Dense", "(batch, 10)", 1510, 0),
    ]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_totals_are_those_of_the_parameters_and_of_the_cost_at_every_depth(depth: int) -> None:
    net, y = called()
    found = gn.summary(net, depth)
    assert found.total.trainable + found.total.frozen == sum(p.value.size for p in net.parameters)
    assert found.total.parameter_bytes == sum(p.value.nbytes for p in net.parameters)
    assert found.total.operations == gn.cost(y).operations
    graph = gn.summary(y, depth)
    assert graph.total == found.total


def test_a_deeper_table_takes_apart_what_the_other_sums_up() -> None:
    net, _ = called()
    flat, deep = by_path(gn.summary(net)), by_path(gn.summary(net, depth=2))
    inside = [row for path, row in deep.items() if path.startswith("net/block")]
    assert [row.path.removeprefix("net/") for row in inside] == ["block", "block/conv2d", "block/batchnorm"]
    assert [row.level for row in inside] == [0, 1, 1]
    assert sum(row.trainable for row in inside) == flat["net/block"].trainable
    operations = 0
    for row in inside:
        operations = row.operations + operations
    assert operations == flat["net/block"].operations


def test_sizes_of_named_axes_make_numbers_of_polynomials() -> None:
    net, y = called()
    free, known = gn.summary(net), gn.summary(net, sizes={"batch": 64})
    assert isinstance(free.total.operations, gn.Dim)
    assert known.total.operations == gn.cost(y, batch=64).operations
    assert known.rows[0].shape == (64, 4, 10, 10)
    # conv 4 channels of 10 x 10, bias and relu on it; broadcasting the bias stores nothing.
    assert known.rows[0].activation_bytes == 3 * 64 * 4 * 100 * 4


def test_frozen_layers_are_counted_apart() -> None:
    net, _ = called()
    before = gn.summary(net).total
    net.steps[2].freeze()
    after = gn.summary(net).total
    assert before.frozen == 12 and after.frozen == 6 * 4 * 9 + 6 + 24
    assert after.trainable + after.frozen == before.trainable + before.frozen


def test_tied_and_shared_parameters_count_once() -> None:
    words = gn.nn.Embedding(100, 8)
    shared = gn.nn.Dense(8, gn.tanh)
    net = gn.nn.Sequential([words, shared, shared, gn.nn.Dense(100, tied=words)])
    y = net(gn.input("text", ("batch", "time"), "int64"))
    rows = by_path(gn.summary(net))
    assert {path: row.trainable for path, row in rows.items()} == {
        "net/embedding": 800, "net/dense1": 72, "net/dense2": 100,
    }  # fmt: skip
    assert gn.summary(y).total.trainable == 972


def test_a_layer_shared_by_two_blocks_has_a_line_in_both_and_counts_in_the_first() -> None:
    shared = gn.nn.Dense(4, name="shared")
    net = gn.nn.Sequential([
        gn.nn.Sequential([shared], name="first"), gn.nn.Sequential([shared, gn.nn.Dense(4)], name="second"),
    ])  # fmt: skip
    net(gn.input("x", ("batch", 4)))
    rows = by_path(gn.summary(net, depth=2))
    assert rows["net/first/shared"].trainable == 20 and rows["net/second/shared"].trainable == 0
    assert rows["net/second/shared"].kind == "Dense" and rows["net/second/shared"].operations != 0


def test_a_graph_from_a_file_is_summed_up_by_its_scopes(tmp_path) -> None:
    _, y = called()
    path = tmp_path / "net.json"
    gn.io.save_graph(y, path)
    loaded = gn.io.load_graph(path)
    found, wanted = by_path(gn.summary(loaded)), by_path(gn.summary(y))
    assert {path: (row.shape, row.trainable) for path, row in found.items()} == {
        path: (row.shape, row.trainable) for path, row in wanted.items()
    }
    assert list(found) == ["net/conv2d", "net/maxpool2d", "net/block", "net/flatten", "net/dense"]
    assert found["net/conv2d"].kind == "conv2d, reshape, add, ..."


def test_nodes_outside_of_scopes_and_training_graphs_have_lines_too() -> None:
    net = model()
    x, t = gn.input("images", IMAGES), gn.input("t", ("batch",), "int64")
    loss = gn.softmax_cross_entropy(net(x, training=True), t)
    found = gn.summary(loss)
    assert found.rows[-1].path == "" and "(no scope)" in str(found)
    assert "net/dropout" in by_path(found)
    assert found.total.operations == gn.cost(loss).operations


def test_a_layer_that_was_never_called_says_so_and_takes_an_operand() -> None:
    net = model()
    with pytest.raises(gn.GraphError, match="layer net was never called") as caught:
        net.summary()
    assert "layer.summary(gn.input(" in str(caught.value)
    assert net.summary(gn.input("images", IMAGES)).total.trainable == 40 + 222 + 12 + 1510
    assert net.summary().rows == gn.summary(net).rows


def test_a_summary_leaves_the_layer_as_it_is() -> None:
    net, _ = called()
    before = [p.value.copy() for p in net.parameters]
    parameters = net.parameters
    gn.summary(net)
    assert net.parameters == parameters
    for node, old in zip(parameters, before, strict=True):
        np.testing.assert_array_equal(node.value, old)


def test_a_layer_inside_a_model_is_summed_up_by_itself() -> None:
    net, _ = called()
    found = net.steps[2].summary()
    assert [row.level for row in found.rows] == [0, 1, 1]
    assert [row.path for row in found.rows] == ["net/block", "net/block/conv2d", "net/block/batchnorm"]
    assert found.title == "Sequential block: (batch, 4, 5, 5) → (batch, 6, 5, 5)"


def test_a_layer_with_several_operands_is_called_again_with_operands_like_the_first() -> None:
    class Mixed(gn.nn.Layer):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.inner = self.add_layer(gn.nn.Dense(3))

        def __call__(self, x, *, mask=None, training=False):
            return super().__call__(x, mask, gn.relu(x), training=training)

        def apply(self, x, mask, more, *, training):
            y = self.inner(x, training=training) + self.inner(more, training=training)
            return y if mask is None else y * mask

    layer = Mixed()
    layer(gn.input("x", ("batch", 2)))
    found = layer.summary()
    assert [(row.path, row.level, row.trainable) for row in found.rows] == [
        ("mixed", 0, 0),
        ("mixed/dense", 1, 9),
    ]
    assert str(found).splitlines()[2].startswith("mixed    Mixed")
    assert str(found).splitlines()[3].startswith("  dense  Dense")


def test_the_table_of_a_net() -> None:
    net, _ = called()
    assert str(gn.summary(net, depth=2)).splitlines() == TABLE.splitlines()
    assert repr(gn.summary(net)) == str(gn.summary(net))


TABLE = """\
Sequential net: (batch, 1, 12, 12) → (batch, 10)
layer        kind     output              trainable  frozen     operations  weights      activations
conv2d       Conv2d   (batch, 4, 10, 10)         40       0       8k·batch    160 B     4.8 kB·batch
maxpool2d    MaxPoo…  (batch, 4, 5, 5)            0       0      400·batch      0 B      400 B·batch
block        Sequen…  (batch, 6, 5, 5)            0       0      150·batch      0 B      600 B·batch
  conv2d     Conv2d   (batch, 6, 5, 5)          222       0    10.9k·batch    888 B     1.2 kB·batch
  batchnorm  BatchN…  (batch, 6, 5, 5)           12      12  3.75k·batch+…     96 B   1.2 kB·batch+…
dropout      Dropout  (batch, 6, 5, 5)            0       0              0      0 B              0 B
flatten      Flatten  (batch, 150)                0       0              0      0 B              0 B
dense        Dense    (batch, 10)             1,510       0    3.01k·batch  6.04 kB       80 B·batch
total                                         1,784      12    26.3k·batch  7.18 kB  8.28 kB·batch+…
"""


def long_names():
    block = gn.nn.Sequential([gn.nn.Dense(12_345, name="a_dense_layer_with_a_very_long_name_" + "x" * 60)])
    net = gn.nn.Sequential([block, gn.nn.Embedding(3, 3, name="e")], name="n" * 80)
    block(gn.input("x", ("batch_of_examples", "time_of_a_day", "place_in_a_line", 700)))
    return block, net


def test_a_table_is_never_wider_than_100_columns() -> None:
    attention = gn.input("x", ("batch", "time", 512))
    y = gn.scaled_dot_product_attention(attention, attention, attention)
    net, _ = called()
    net.freeze()
    for found in (
        gn.summary(long_names()[0]),
        gn.summary(y),
        gn.summary(net, 3),
        gn.summary(net, 3, {"batch": 10**9}),
    ):
        assert max(map(len, str(found).splitlines())) <= 100
        assert "…" not in str(found).splitlines()[-1].split("  ")[0]


def test_polynomials_are_written_with_the_largest_powers_first_and_what_rounding_hides_left_out() -> None:
    x = gn.input("x", ("batch", "time", 4))
    y = gn.scaled_dot_product_attention(x, x, x)
    row = gn.summary(y).rows[0]
    terms = dict(row.operations.terms)
    text = str(gn.summary(y)).splitlines()[-1]
    assert f"{terms['batch', 'time', 'time']}·batch·time²" in text
    z = gn.sum(gn.input("x", ("n", 3000))) * 2.0
    assert "3k·n" in str(gn.summary(z)) and " + 1" not in str(gn.summary(z))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda net: gn.summary(net, depth=0),
            gn.SettingError,
            "summary: depth is a whole number of at least 1",
        ),
        (
            lambda net: gn.summary(net, sizes={"bath": 3}),
            gn.SettingError,
            "summary: no axis is called 'bath'",
        ),
        (lambda net: gn.summary(net, sizes={"batch": -3}), gn.SettingError, "summary: axis 'batch'"),
        (lambda net: gn.summary(net, sizes=3), gn.SettingError, "summary: "),
        (lambda net: gn.summary(3), gn.GraphError, "found 3"),
        (lambda net: net.summary(3), gn.GraphError, "wanted a node"),
    ],
)
def test_wrong_settings_get_a_sentence(call, error, words) -> None:
    with pytest.raises(error) as caught:
        call(called()[0])
    assert words in str(caught.value)
