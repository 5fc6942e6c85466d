"""Plots of numbers.

Numbers over time and over the plane, in the same colours and themes; each plot keeps its numbers as a table. They are
drawn by matplotlib, and `plot.figure` is a figure to go on with.
"""

from __future__ import annotations

import graphnn as gn
import viz
from gallery.shelf import picture


@picture
def activations():
    """Activations and their slopes.

    Beside each function its slope, which is what the backward pass multiplies by: the sigmoid never passes on more
    than a quarter, ReLU all or nothing.
    """
    return viz.curve(gn.sigmoid, gn.tanh, gn.relu, gn.gelu)


@picture
def training():
    """How a training went.

    The loss on training and held-out data over the epochs, and the share of held-out digits that are right: where the
    two losses part, the net begins to learn by heart.
    """
    train, test = gn.data.split(gn.data.digits(), 0.3, seed=0)
    net = gn.nn.Sequential([gn.nn.Dense(24, gn.relu), gn.nn.Dense(10)], seed=1)
    trainer = gn.Trainer.classifier(net, 64, 10, gn.optim.Adam(0.01), dtype="float64")
    history = trainer.fit(train, epochs=15, batch=64, validation=test, progress=False)
    return viz.training_curve(history)


@picture
def rate_test():
    """Which learning rate?

    The rate grows while the net trains: where the loss falls fastest the rate is good, where it blows up it is too
    large.
    """
    net = gn.nn.Sequential([gn.nn.Dense(24, gn.relu), gn.nn.Dense(10)], seed=1)
    trainer = gn.Trainer.classifier(net, 64, 10, gn.optim.SGD(0.1), dtype="float64")
    return viz.rate_curve(gn.train.find_rate(trainer, gn.data.digits()))


@picture
def gradient_flow():
    """Gradients by layer, over the epochs.

    Sigmoids again: at first the gradient of the first layer is two hundred times smaller than that of the last, and
    it catches up only while the others learn.
    """
    net = gn.nn.Sequential([*[gn.nn.Dense(16, gn.sigmoid) for _ in range(4)], gn.nn.Dense(10)], seed=1)
    trainer = gn.Trainer.classifier(net, 64, 10, gn.optim.Adam(0.003), dtype="float64")
    digits = gn.data.digits()
    kept = gn.train.GradientStatistics(digits)
    trainer.fit(digits, epochs=12, batch=64, callbacks=[kept], progress=False)
    return viz.gradient_sizes(kept)


@picture
def decision_boundary():
    """A decision boundary.

    What a small net has made of two moons: the classes of the plane, paler where it is less sure, with the data on
    it; rows that it gets wrong are ringed.
    """
    moons = gn.data.moons(200, noise=0.15, seed=1)
    net = gn.nn.Sequential([gn.nn.Dense(12, gn.tanh), gn.nn.Dense(12, gn.tanh), gn.nn.Dense(2)], seed=1)
    trainer = gn.Trainer.classifier(net, 2, 2, gn.optim.Adam(0.03), dtype="float64")
    trainer.fit(moons, epochs=60, batch=32, progress=False)
    return viz.boundary(trainer, moons)


@picture
def optimisers():
    """Optimisers on a loss surface.

    A bent valley: plain descent creeps along its floor, momentum runs through and swings, Adam takes steps of one
    size. All start at the same place and take the same number of steps.
    """
    x, y = gn.parameter(-1.2, "x", "float64"), gn.parameter(1.0, "y", "float64")
    valley = gn.square(1.0 - x) + 10.0 * gn.square(y - x * x)
    ways = {
        "SGD": gn.optim.SGD(0.01),
        "momentum": gn.optim.SGD(0.01, momentum=0.9),
        "Adam": gn.optim.Adam(0.1),
    }
    return viz.surface(valley, [x, y], paths=ways, steps=60, grid=41)


@picture
def optimisers_in_space():
    """The same in space.

    From the ridge of a saddle both roll down sideways, for a while hardly at all; momentum overshoots and swings.
    """
    x, y = gn.parameter(-1.0, "x", "float64"), gn.parameter(0.02, "y", "float64")
    saddle = gn.square(x) - gn.square(y) + 0.3 * gn.square(gn.square(y))
    ways = {"SGD": gn.optim.SGD(0.05), "momentum": gn.optim.SGD(0.05, momentum=0.9)}
    return viz.surface(saddle, [x, y], paths=ways, steps=60, kind="3d", grid=21)


@picture
def weights():
    """What the units look at.

    The weights of a softmax regression on digits, a tile per class, in the form of the images: blue pixels speak for
    the class, orange ones against it.
    """
    trainer = gn.Trainer.classifier(gn.nn.Dense(10, seed=1), 64, 10, gn.optim.Adam(0.02), dtype="float64")
    trainer.fit(gn.data.digits(), epochs=20, batch=64, progress=False)
    return viz.weights(trainer, shape=(8, 8), columns=5)


@picture
def confusion():
    """Who is taken for whom.

    The answers of the same regression on held-out digits, a row per true class: what is off the diagonal is a
    mistake.
    """
    train, test = gn.data.split(gn.data.digits(), 0.3, seed=0)
    trainer = gn.Trainer.classifier(gn.nn.Dense(10, seed=1), 64, 10, gn.optim.Adam(0.02), dtype="float64")
    trainer.fit(train, epochs=5, batch=64, progress=False)
    return viz.confusion((test.y, trainer.predict(test.x).argmax(axis=1)))


@picture
def histograms():
    """Weights that move.

    How the weights of each layer spread, a hill per epoch: in a sound training they widen slowly.
    """
    net = gn.nn.Sequential([gn.nn.Dense(24, gn.relu), gn.nn.Dense(10)], seed=1)
    trainer = gn.Trainer.classifier(net, 64, 10, gn.optim.Adam(0.01), dtype="float64")
    kept = viz.histograms()
    trainer.fit(gn.data.digits(), epochs=12, batch=64, callbacks=[kept], progress=False)
    return viz.histogram_plot(kept, parameters=["net/dense1/w", "net/dense2/w"])


@picture
def schedules():
    """Schedules of the learning rate.

    Warming up and falling, in three ways.
    """
    ways = {
        "warm-up, cosine": gn.optim.warmup(20) * gn.optim.cosine(200),
        "one cycle": gn.optim.one_cycle(200),
        "steps": gn.optim.step_decay(60, 0.3),
    }
    return viz.schedule_curve(ways, 200)
