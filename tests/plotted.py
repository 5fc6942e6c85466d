"""One small plot of every kind, as functions of the look, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import graphnn as gn
import viz

Make = Callable[..., viz.Plot]


def history(epochs: int = 12, start: float = 2.0) -> gn.History:
    """Losses that fall and, on validation data, rise again."""
    made = gn.History()
    for k in range(epochs):
        made.add(
            {
                "loss": start * 0.7**k,
                "seconds": 0.1,
                "validation loss": start * 0.8**k + 0.02 * k,
                "validation accuracy": 1 - 0.5 * 0.8**k,
            }
        )
    return made


def rosenbrock() -> tuple[gn.Node, tuple[gn.Node, gn.Node]]:
    """A bent valley and its two parameters."""
    a, b = gn.scalar(-1.5, "a"), gn.scalar(1.0, "b")
    return (1 - a) ** 2 + 10 * (b - a**2) ** 2, (a, b)


@cache
def trained() -> tuple[gn.Trainer, gn.data.Dataset, gn.train.GradientStatistics, viz.Histograms]:
    """A classifier of the plane with what its callbacks kept."""
    data = gn.data.moons(80, noise=0.2)
    net = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh), gn.nn.Dense(2)], seed=1)
    trainer = gn.Trainer.classifier(net, 2, 2, gn.optim.Adam(0.05))
    statistics, kept = gn.train.GradientStatistics(data, history=False), viz.histograms(data)
    trainer.fit(data, epochs=6, batch=20, callbacks=[statistics, kept], progress=False)
    return trainer, data, statistics, kept


@cache
def rate_test() -> gn.train.RateTest:
    """A learning-rate test that blows up."""
    net = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh), gn.nn.Dense(2)], seed=1)
    trainer = gn.Trainer.classifier(net, 2, 2, gn.optim.SGD(0.05))
    return gn.train.find_rate(trainer, gn.data.moons(80), highest=1000.0, steps=40)


def three(rows: np.ndarray) -> np.ndarray:
    """Scores of three classes over the plane."""
    return np.stack([rows[:, 0], rows[:, 1], -rows[:, 0] - rows[:, 1]], axis=1) * 2


def bowl(rows: np.ndarray) -> np.ndarray:
    """A function of the plane with both signs."""
    return np.sin(2 * rows[:, 0]) + rows[:, 1] ** 2 - 0.5


def _points(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(-1, 1, (count, 2))
    return x, bowl(x) + np.random.default_rng(1).normal(size=count) * 0.2


def _scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 150)
    return labels + rng.normal(size=150), labels


def _lines() -> list[Callable[[np.ndarray], np.ndarray]]:
    return [lambda x, k=k: np.sin(3 * x[:, 0]) * (1 + 0.1 * k * x[:, 0]) for k in range(4)]


def _surface(kind: str, **look: Any) -> viz.Plot:
    loss, both = rosenbrock()
    ways = {
        "SGD": gn.optim.SGD(0.01),
        "Adam 0.1": gn.optim.Adam(0.1),
        "momentum": gn.optim.SGD(0.01, momentum=0.9),
    }
    return viz.surface(loss, both, paths=ways, steps=20, grid=25, kind=kind, **look)


def _cosine() -> dict[str, gn.optim.Schedule]:
    return {"cosine": gn.optim.cosine(40), "warm": gn.optim.warmup(10) * gn.optim.cosine(40)}


PLOTS: dict[str, Make] = {
    "training_curve": lambda **look: viz.training_curve(history(), **look),
    "training_curve of two runs": lambda **look: viz.training_curve(
        {"a": history(), "b": history(8, 1.0)}, **look
    ),
    "schedule_curve": lambda **look: viz.schedule_curve(_cosine(), 50, **look),
    "rate_curve": lambda **look: viz.rate_curve(rate_test(), **look),
    "gradient_sizes": lambda **look: viz.gradient_sizes(trained()[2], **look),
    "gradient_sizes as heat": lambda **look: viz.gradient_sizes(trained()[2], kind="heat", **look),
    "histogram_plot": lambda **look: viz.histogram_plot(trained()[3], **look),
    "histogram_plot as heat": lambda **look: viz.histogram_plot(
        trained()[3], of="gradients", kind="heat", **look
    ),
    "boundary": lambda **look: viz.boundary(*trained()[:2], steps=40, **look),
    "boundary of three": lambda **look: viz.boundary(
        three,
        (_points()[0], three(_points()[0] + 0.1).argmax(axis=1)),
        classes=["a", "b", "c"],
        steps=40,
        **look,
    ),
    "regression_surface": lambda **look: viz.regression_surface(bowl, _points(), steps=31, **look),
    "regression_surface in space": lambda **look: viz.regression_surface(bowl, _points(), kind="3d", **look),
    "curve": lambda **look: viz.curve(gn.relu, gn.tanh, gn.hardshrink, **look),
    "surface": lambda **look: _surface("flat", **look),
    "surface in space": lambda **look: _surface("3d", **look),
    "surface both": lambda **look: _surface("both", **look),
    "loss_slice": lambda **look: viz.loss_slice(*trained()[:2], grid=9, **look),
    "weights": lambda **look: viz.weights(trained()[0], **look),
    "weights as tiles": lambda **look: viz.weights(
        np.linspace(-1, 1, 96).reshape(16, 6), shape=(4, 4), **look
    ),
    "confusion": lambda **look: viz.confusion(
        [[48, 2, 0], [3, 45, 2], [0, 0, 0]], classes=["x", "y", "z"], **look
    ),
    "fit_curve": lambda **look: viz.fit_curve(lambda x: np.sin(3 * x[:, 0]), gn.data.sine(50), **look),
    "fit_curve of two features": lambda **look: viz.fit_curve(bowl, _points(), **look),
    "bands": lambda **look: viz.bands(_lines(), gn.data.sine(50), **look),
    "roc_curve": lambda **look: viz.roc_curve(
        {"deep": _scores()[0], "none": -_scores()[0]}, _scores()[1], **look
    ),
    "reliability_curve": lambda **look: viz.reliability_curve(
        1 / (1 + np.exp(-_scores()[0])), _scores()[1], **look
    ),
}
