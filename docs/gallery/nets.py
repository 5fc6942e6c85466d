"""Nets.

The same views on models: arrays appear as numbers, coloured cells or statistics, and scopes fold into one box.
"""

from __future__ import annotations

import numpy as np

import graphnn as gn
import viz
from gallery.shelf import picture


@picture
def xor_net():
    """A net that learns XOR.

    Two hidden units, all four rows of the table at once. Width and colour of the backward wires show how strong and
    of which sign the gradient is on its way from the loss to the weights.
    """
    x, y = gn.input("x", ("batch", 2), "float64"), gn.input("y", ("batch", 1), "float64")
    net = gn.nn.Sequential([gn.nn.Dense(2, gn.tanh, name="hidden"), gn.nn.Dense(1, name="out")], seed=4)
    loss = gn.mean_squared_error(net(x), y).named("loss")
    table = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [[0], [1], [1], [0]]}
    return viz.draw(gn.trace(loss, table), hide="broadcasts", direction="TB")


@picture
def digits_mlp():
    """A classifier of digits, folded.

    Each layer is one box, with the number of its parameters; the gradient's width and colour stay true, for a folded
    wire stands for all edges inside.
    """
    x, y = gn.input("x", ("batch", 64), "float64"), gn.input("y", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(16, gn.relu), gn.nn.Dense(10)], seed=1)
    loss = gn.softmax_cross_entropy(net(x), y).named("loss")
    digits = gn.data.digits()
    run = gn.trace(loss, {"x": digits.x[:64], "y": digits.y[:64]})
    how = {"fold": ["dense1", "dense2", "dense3"], "direction": "TB"}
    return viz.draw(run, view="parameters+values+gradients", **how)


@picture
def digits_mlp_open():
    """The first layer of it, opened.

    The same run with one layer unfolded: the matrix product, the bias, the activation, and what each of them holds
    and gets back: mean and spread, from the least to the largest, and matrices as small images.
    """
    x, y = gn.input("x", ("batch", 64), "float64"), gn.input("y", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(16, gn.relu), gn.nn.Dense(10)], seed=1)
    loss = gn.softmax_cross_entropy(net(x), y).named("loss")
    digits = gn.data.digits()
    run = gn.trace(loss, {"x": digits.x[:64], "y": digits.y[:64]})
    how = {"fold": ["dense2", "dense3"], "hide": "broadcasts", "direction": "TB"}
    return viz.draw(run, view="values+images+gradients", **how)


@picture
def depth_and_activation():
    """Sigmoid against ReLU, eight layers deep.

    Two nets of one form read the same rows, on one scale. With sigmoids the gradient loses a factor of five and more
    in every layer, and the first ones learn nothing; with ReLU it arrives, though some units are dead. The thresholds
    stand in the legend.
    """
    x = gn.input("x", ("batch", 16), "float64")
    losses = []
    for name, activation in (("sigmoid net", gn.sigmoid), ("ReLU net", gn.relu)):
        hidden = [gn.nn.Dense(16, activation, weight_init=gn.init.he) for _ in range(8)]
        net = gn.nn.Sequential([*hidden, gn.nn.Dense(1)], name=name, seed=0)
        losses.append(gn.mean(gn.square(net(x))))
    loss = (losses[0] + losses[1]).named("loss")
    rows = np.random.default_rng(0).normal(size=(16, 16))
    return viz.draw(gn.trace(loss, {"x": rows}), view="flow+health", depth=2, repeats=False, direction="TB")


@picture
def nan_origin():
    """Where NaN begins.

    A logarithm of 0, as one meets in a cross-entropy by hand. All the boxes downstream show NaN or infinity, and all
    gradients do; one box is marked as the place where it began.
    """
    x = gn.scalar(-2.0, "x")
    p = gn.relu(x).named("p")
    return viz.draw(gn.trace((p * gn.log(p)).named("loss")), view="values+gradients+health")


@picture
def residual_block():
    """A residual block: which way the gradient takes.

    Two layers and the way around them. The shares say how much of the gradient of `x` comes through the layers, and
    how much past them: this is what makes deep nets trainable.
    """
    x = gn.parameter(np.random.default_rng(1).normal(size=(4, 6)), "x", "float64")
    body = [gn.nn.Dense(6, gn.tanh, name="first"), gn.nn.Dense(6, name="second")]
    y = gn.nn.Residual(body, seed=2)(x)
    run = gn.trace(gn.mean(gn.square(y)).named("loss"))
    return viz.draw(run, view="paths", to="x", fold=["first", "second"])


@picture
def lstm_folded():
    """An LSTM, folded.

    A sequence of two steps, unrolled: `t0` and `t1` are the steps of time, one box each. Between them run the two
    states that the cell hands on; all steps read the same weights.
    """
    x = gn.input("x", ("batch", 2, 3), "float64")
    y = gn.unroll(gn.nn.LSTM(2, seed=1)(x))
    rows = np.random.default_rng(0).normal(size=(1, 2, 3))
    run = gn.trace(gn.mean(gn.square(y)).named("loss"), {"x": rows})
    return viz.draw(run, view="flow", fold="t?", hide=["broadcasts", "constants", "views"], repeats=False)


@picture
def lstm_unrolled():
    """The same LSTM, both steps open.

    Input gate i, forget gate f, new content g, output gate o: the cell state c runs from step to step through one
    product and one sum, which is why its gradient lasts.
    """
    x = gn.input("x", ("batch", 2, 3), "float64")
    y = gn.unroll(gn.nn.LSTM(2, seed=1)(x))
    rows = np.random.default_rng(0).normal(size=(1, 2, 3))
    run = gn.trace(gn.mean(gn.square(y)).named("loss"), {"x": rows})
    return viz.draw(run, view="flow", hide=["broadcasts", "constants", "views"], direction="TB")


@picture
def cnn():
    """A convolutional net on digits.

    Images stay images: the input shows three digits, the filters what they look for, the maps what they found. Boxes
    say the shape, (batch, channels, height, width).
    """
    digits = gn.data.digits()
    x, y = gn.input("x", ("batch", 1, 8, 8), "float64"), gn.input("y", ("batch",), "int64")
    layers = [gn.nn.Conv2d(4, 3, activation=gn.relu), gn.nn.MaxPool2d(2), gn.nn.Flatten(), gn.nn.Dense(10)]
    loss = gn.softmax_cross_entropy(gn.nn.Sequential(layers, seed=1)(x), y).named("loss")
    run = gn.trace(loss, {"x": digits.x[:3].reshape(3, 1, 8, 8), "y": digits.y[:3]})
    return viz.draw(run, view="images", fold="dense", hide=["broadcasts", "views"], direction="TB")


@picture
def attention():
    """Attention of four words to each other.

    Each word asks (q), is asked (k) and answers (v). The cells of the softmax are the attention itself: one row per
    word, how much it listens to each other one; rows add up to 1.
    """
    words = gn.input("words", (4, 6), "float64")
    q, k, v = (gn.nn.Dense(6, use_bias=False, name=name, seed=3)(words).named(name) for name in "qkv")
    weights = gn.softmax((q @ gn.transpose(k)).named("scores")).named("attention")
    run = gn.trace((weights @ v).named("mixed"), {"words": np.random.default_rng(5).normal(size=(4, 6))})
    return viz.draw(run, view="values", fold=["q", "k", "v"], direction="TB")


@picture
def transformer_block():
    """A transformer block.

    Attention and a feed-forward net, each with a norm before it and a way around it, folded to the parts of the
    drawing in the paper.
    """
    x = gn.input("x", ("batch", 10, 16))
    block = gn.nn.TransformerBlock(4, hidden=32, seed=1)
    how = {"depth": 2, "hide": ["broadcasts", "constants"], "direction": "TB"}
    return viz.draw(gn.Graph(block(x)), view="shapes+parameters", **how)


@picture
def batch_norm():
    """Batch norm in training and in inference.

    In training the layer takes the batch's own mean and variance, and `with_update` writes new running ones; in
    inference it reads the running ones and changes nothing. Two graphs, not a switch inside of one.
    """
    x = gn.input("x", ("batch", 3), "float64")
    layer = gn.nn.BatchNorm()
    training, inference = (gn.Graph(layer(x, training=t).named("y")) for t in (True, False))
    how = {"depth": 2, "hide": ["constants", "broadcasts"]}
    return viz.draw(training, title="training", **how), viz.draw(inference, title="inference", **how)


@picture
def gan():
    """A GAN: two losses that take turns.

    The two losses of the two networks, after a few epochs in turn. Where the discriminator learns, the gradient is
    stopped at the fakes, so that the generator is left alone; where the generator learns, it comes through the
    discriminator.
    """
    real, noise = gn.input("real", ("batch", 2), "float64"), gn.input("noise", ("batch", 2), "float64")
    g = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh), gn.nn.Dense(2)], name="generator", seed=1)
    d = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh), gn.nn.Dense(1)], name="discriminator", seed=2)
    fake = g(noise).named("fake")
    d_fake = d(gn.stop_gradient(fake))
    d_loss = (gn.mean(gn.softplus(-d(real))) + gn.mean(gn.softplus(d_fake))).named("d loss")
    g_loss = gn.mean(gn.softplus(-d(fake))).named("g loss")
    turns = [
        gn.train.Turn("d", d_loss, gn.optim.Adam(0.01), d.parameters),
        gn.train.Turn("g", g_loss, gn.optim.Adam(0.01), g.parameters),
    ]
    rng = np.random.default_rng(0)
    rows = {"real": rng.normal(3.0, 0.5, size=(64, 2)), "noise": rng.normal(size=(64, 2))}
    gn.Trainer.in_turn(turns).fit(rows, epochs=3, batch=64, progress=False)
    d_run, g_run = gn.trace(d_loss, rows), gn.trace(g_loss, {"noise": rows["noise"]})
    how = {"view": "flow", "depth": 1, "hide": "broadcasts", "direction": "TB"}
    d_picture = viz.draw(d_run, title="the discriminator learns", **how)
    return d_picture, viz.draw(g_run, title="the generator learns", **how)


@picture
def vae():
    """A variational autoencoder: the reparametrisation.

    The code z is drawn at random, and yet its gradient arrives at `mean` and `log_var`: z = mean + std · noise.
    Chance comes in from the side, and what flows back to the noise ends there.
    """
    x = gn.input("x", ("batch", 6), "float64")
    h = gn.nn.Dense(8, gn.tanh, name="encoder", seed=1)(x)
    mean, log_var = (gn.nn.Dense(2, name=name, seed=2)(h).named(name) for name in ("mean", "log_var"))
    with gn.scope("sample"):
        noise = gn.random_normal(gn.counter("draws"), shape=("batch", 2), seed=7, dtype="float64")
        z = (mean + gn.exp(0.5 * log_var).named("std") * noise).named("z")
    y = gn.nn.Dense(6, name="decoder", seed=3)(z)
    loss = gn.mean_squared_error(y, x) + 0.1 * gn.kl_standard_normal(mean, log_var)
    rows = np.random.default_rng(0).normal(size=(16, 6))
    run = gn.trace(loss.named("loss"), {"x": rows})
    how = {"view": "flow", "depth": 1, "unfold": "sample", "direction": "TB"}
    return viz.draw(run, hide=["constants", "broadcasts"], **how)


@picture
def many_blocks():
    """Twelve blocks as one.

    A graph of more than seven hundred nodes: alike neighbours are drawn once, with their count and the parameters of
    all of them. `unfold=` opens one of them.
    """
    x = gn.input("x", ("batch", 16, 32))
    blocks = [gn.nn.TransformerBlock(4, hidden=64) for _ in range(12)]
    net = gn.nn.Sequential([gn.nn.PositionalEncoding(), *blocks, gn.nn.LayerNorm(), gn.nn.Dense(10)], seed=1)
    return viz.draw(gn.Graph(net(x)), view="shapes+parameters", depth=2, hide=["broadcasts", "constants"])


@picture
def focus():
    """What stands around a node.

    Of seven hundred nodes only those that are at most two wires away from the softmax of the third block's attention.
    """
    x = gn.input("x", ("batch", 16, 32))
    net = gn.nn.Sequential([gn.nn.TransformerBlock(4, hidden=64) for _ in range(12)], seed=1)
    graph = gn.Graph(net(x))
    softmax = [node for node in graph.nodes if node.op.name == "softmax"][2]
    hidden = ["broadcasts", "constants", "views"]
    return viz.draw(graph, focus=softmax, reach=2, unfold="net/block3/*", hide=hidden)
