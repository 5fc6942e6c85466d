"""Training and the engine.

The step that changes the weights is a graph too, and what the engine does with it can be drawn.
"""

from __future__ import annotations

import numpy as np

import graphnn as gn
import viz
from gallery.shelf import picture


@picture
def sgd_step():
    """One step of gradient descent.

    Forward, backward and update in three regions: the gradients are nodes, and the new weight is computed from them
    as everything else is.
    """
    x, w = gn.constant(2.0, dtype="float64").named("x"), gn.parameter(0.5, "w", "float64")
    loss = gn.square(w * x - 3.0).named("loss")
    return viz.draw(gn.Trainer(loss, gn.optim.SGD(0.1)), view="step", direction="TB")


@picture
def adam_step():
    """One step of Adam.

    The same step with Adam: two running means of the gradient and of its square, each with its own memory beside the
    weight, and the update made of both.
    """
    x, w = gn.constant(2.0, dtype="float64").named("x"), gn.parameter(0.5, "w", "float64")
    loss = gn.square(w * x - 3.0).named("loss")
    trainer = gn.Trainer(loss, gn.optim.Adam(0.1))
    return viz.draw(trainer, view="step", hide=["constants", "casts"], direction="TB")


@picture
def second_order():
    """The gradient of a gradient.

    `gn.gradient` gives nodes, which can be differentiated again: x³, its slope 3x² and its curvature 6x, each in its
    own region.
    """
    x = gn.scalar(2.0, "x")
    y = (x**3).named("y")
    slope = gn.gradient(y, x)
    curvature = gn.gradient(slope, x)
    return viz.draw(gn.Graph([y, slope, curvature]), view="second", direction="TB")


@picture
def checked():
    """Held against differences.

    Every gradient by the chain rule beside the one by moving the value a little, and of the least exact one the error
    for each size of the step: too large a step is a coarse slope, too small a one drowns in rounding.
    """
    x, w = gn.scalar(2.0, "x"), gn.scalar(-0.7, "w")
    return viz.draw(gn.trace((gn.tanh(x * w) + w * w).named("y")), view="values+check")


@picture
def cost():
    """What it costs.

    Operations and bytes of every layer for a batch of 64; the costliest boxes are yellow. The last layer has most of
    the parameters, the second convolution does most of the work.
    """
    x = gn.input("x", (64, 1, 28, 28))
    net = gn.nn.Sequential([
        gn.nn.Conv2d(8, 3, activation=gn.relu), gn.nn.MaxPool2d(2), gn.nn.Conv2d(16, 3, activation=gn.relu),
        gn.nn.Flatten(), gn.nn.Dense(10),
    ])  # fmt: skip
    return viz.draw(gn.Graph(net(x)), view="parameters+cost", depth=2, direction="TB")


@picture(kept=False)
def time():
    """How long it takes.

    The time of every node and of its gradient, measured on this machine; what takes longest is marked.
    """
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(128, gn.relu), gn.nn.Dense(10)], seed=1)
    digits = gn.data.digits()
    run = gn.trace(gn.softmax_cross_entropy(net(x), y), {"x": digits.x[:256], "y": digits.y[:256]})
    return viz.draw(run, view="time", hide="broadcasts", direction="TB")


@picture
def memory():
    """Who needs which memory, and for how long.

    The engine puts values that are not needed at the same time into the same room. Each box says where it lives and
    until when.
    """
    x = gn.input("x", (32, 8), "float64")
    net = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh), gn.nn.Dense(2)], seed=1)
    run = gn.trace(gn.mean(gn.square(net(x))), {"x": np.zeros((32, 8))})
    return viz.draw(run, view="memory", hide="broadcasts", direction="TB")
