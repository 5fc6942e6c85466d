"""Batch normalisation: statistics of the batch, running statistics, and which graph reads which."""

from __future__ import annotations

import numpy as np

from graphnn.learn.answers import Choice, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

_VALUES = np.array([1.0, 3.0, 5.0, 7.0])
_ROWS = np.random.default_rng(3).normal([2.0, -5.0], [1.0, 4.0], size=(5, 2))


def _normalised(x: np.ndarray, scale: float, shift: float, axis: int | None = 0, ddof: int = 0) -> np.ndarray:
    mean, spread = x.mean(axis=axis, keepdims=True), x.std(axis=axis, ddof=ddof, keepdims=True)
    return np.asarray(scale * (x - mean) / spread + shift)


EXERCISES = (
    Exercise(
        "17-1",
        "A feature has the values 1, 3, 5, 7. What becomes of the 7? (No eps, scale 1, shift 0.)",
        Number(1e-3),
        (7 - _VALUES.mean()) / _VALUES.std(),
        (
            Mistake(7 - _VALUES.mean(), "The mean is subtracted. Now divide by the spread."),
            Mistake(
                (7 - _VALUES.mean()) / _VALUES.var(), "That divides by the variance. Divide by its root."
            ),
            Mistake(
                (7 - _VALUES.mean()) / _VALUES.std(ddof=1),
                "The variance here is the mean of the squares: divide by 4, not by 3.",
            ),
            Mistake(1.0, "That scales to 0 ... 1 or so. Here mean and spread are used."),
        ),
        "3 above the mean, with a spread of √5.",
        "Mean 4; variance (9 + 1 + 1 + 9) / 4.",
    ),
    Exercise(
        "17-2",
        "The running mean is 10, the batch's mean 20, the momentum 0.1. What is the running mean afterwards?",
        Number(),
        0.9 * 10 + 0.1 * 20,
        (
            Mistake(0.1 * 10 + 0.9 * 20, "Turned round: a tenth of the way from the old to the new."),
            Mistake(15, "That is the mean of both. The momentum says how far it moves: a tenth of the way."),
            Mistake(10 + 0.1 * 20, "The old one loses its tenth: 0.9 · 10 + 0.1 · 20."),
        ),
        "A tenth of the way.",
        "0.9 of the old and 0.1 of the new.",
    ),
    Exercise(
        "17-3",
        "A trained network's answer for an image depends on the other images of the batch. What was forgotten: "
        '"to scale the data", "to use the inference graph" or "to shuffle"?',
        Choice(("to scale the data", "to use the inference graph", "to shuffle")),
        "to use the inference graph",
        (
            Mistake(
                "to scale the data", "Unscaled data give poor answers, but the same ones in any company."
            ),
            Mistake("to shuffle", "The order of the training does not matter any more now."),
        ),
        "The training graph takes mean and spread of the batch that it is given.",
        "Which of the two graphs computes a mean over the batch?",
    ),
    Exercise(
        "17-4",
        "Write a function answer(x, scale, shift) for an array x (rows, features): batch normalisation with eps = 0.",
        Function(((_ROWS, 1.0, 0.0), (_ROWS, 2.0, -1.0))),
        _normalised,
        (
            Mistake(
                lambda x, scale, shift: _normalised(x, scale, shift, axis=1),
                "You normalised each row: that is layer normalisation. Take the statistics over the rows, axis=0.",
            ),
            Mistake(
                lambda x, scale, shift: _normalised(x, scale, shift, axis=None),
                "One mean for all features. Each feature has its own: axis=0.",
            ),
            Mistake(
                lambda x, scale, shift: scale * ((x - x.mean(axis=0)) / x.std(axis=0) + shift),
                "The shift is added at the end; it is not scaled.",
            ),
        ),
        "That is the whole forward pass.",
        "Mean and spread over axis 0; then scale, then shift.",
    ),
)
