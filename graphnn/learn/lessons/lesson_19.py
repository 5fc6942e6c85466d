"""Convolution: sizes, shared weights, and a gradient that is a sum over places."""

from __future__ import annotations

import numpy as np

from graphnn.learn.answers import Array, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

_ROW, _KERNEL = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, -1.0])
_LONG, _SHORT, _G = (
    np.array([1.0, -2.0, 0.5, 3.0, 1.0]),
    np.array([2.0, -1.0]),
    np.array([1.0, 0.5, -1.0, 2.0]),
)


def _correlate(row: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return np.array([float(row[k : k + len(kernel)] @ kernel) for k in range(len(row) - len(kernel) + 1)])


def _gradient(row: np.ndarray, kernel: np.ndarray, g: np.ndarray) -> np.ndarray:
    return np.array([float(g @ row[k : k + len(g)]) for k in range(len(kernel))])


EXERCISES = (
    Exercise(
        "19-1",
        "An image of 28 rows, a kernel of 5, no padding, stride 1: how many rows has the result?",
        Number(0),
        28 - 5 + 1,
        (
            Mistake(28 - 5, "One more: count the places of a kernel of 5 on 5 rows. There is one, not none."),
            Mistake(28, "That needs padding. Without it, the kernel must lie inside the image."),
            Mistake(28 // 5, "That would be fields side by side, with stride 5."),
        ),
        "24 places.",
        "Count on a small one: a kernel of 3 on 4 rows has two places.",
    ),
    Exercise(
        "19-2",
        "A convolution with 16 filters of 3 x 3 on an image with 8 channels: how many weights, without biases?",
        Number(0),
        16 * 8 * 3 * 3,
        (
            Mistake(16 * 3 * 3, "Each filter looks at all 8 channels, with weights of their own for each."),
            Mistake(8 * 3 * 3, "That is one filter. There are 16."),
            Mistake(16 * 8, "Each pair of filter and channel has 3 x 3 weights."),
        ),
        "1152, whatever the size of the image.",
        "Filters times channels times kernel.",
    ),
    Exercise(
        "19-3",
        "Convolve the row [1, 2, 3, 4] with the kernel [1, 0, -1], no padding, as networks do it.",
        Array((2,)),
        _correlate(_ROW, _KERNEL),
        (
            Mistake(_correlate(_ROW, _KERNEL[::-1]), "You turned the kernel round. Networks do not."),
            Mistake([1 + 3, 2 + 4], "Look at the signs: 1 · 1 + 0 · 2 - 1 · 3."),
            Mistake(
                [1 - 2, 2 - 3], "The kernel's middle weight is 0, so the neighbours but one are compared."
            ),
        ),
        "1 - 3 and 2 - 4: it measures how fast the row rises.",
        "Lay the kernel on 1, 2, 3, multiply and add; then on 2, 3, 4.",
    ),
    Exercise(
        "19-4",
        "Write a function answer(row, kernel, g): the gradient of a one-dimensional kernel, when g arrives at the result.",
        Function(((_LONG, _SHORT, _G), (_ROW, _KERNEL, np.array([1.0, -1.0])))),
        _gradient,
        (
            Mistake(
                lambda row, kernel, g: np.array([row.sum() for _ in kernel]),
                "Each weight meets other parts of the row, and what arrives differs from place to place: use g.",
            ),
            Mistake(
                lambda row, kernel, g: _gradient(row, kernel, g)[::-1],
                "Turned round. Weight k meets row[k] in the first place, row[k + 1] in the second.",
            ),
            Mistake(
                lambda row, kernel, g: _gradient(row, kernel, g) / len(g),
                "The places add up; they are not averaged.",
            ),
        ),
        "A convolution of the row with g.",
        "For weight k: add g[place] · row[place + k] over all places.",
    ),
)
