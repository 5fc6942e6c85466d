"""Linear and logistic regression: the slope of a squared error, a step, the exact line, the boundary."""

from __future__ import annotations

import numpy as np

from graphnn.learn.answers import Function, Number
from graphnn.learn.exercise import Exercise, Mistake

_X, _Y, _W, _RATE = 3.0, 5.0, 1.0, 0.05
_ERROR = _W * _X - _Y
_SLOPE = 2 * _ERROR * _X

_XS = np.array([0.0, 1.0, 2.0, 4.0])
_YS = np.array([1.0, 2.5, 2.0, 5.5])
_FEW = np.array([-1.0, 1.0]), np.array([3.0, -1.0])


def _line(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    a = np.stack([xs, np.ones(len(xs))], axis=1)
    return np.asarray(np.linalg.solve(a.T @ a, a.T @ ys))


EXERCISES = (
    Exercise(
        "10-1",
        "The model is y = w x, the loss (w x - y)². For x = 3, y = 5 and w = 1: what is the slope of the loss with respect to w?",
        Number(),
        _SLOPE,
        (
            Mistake(2 * _ERROR, "That is the slope with respect to w x. One more edge leads to w: times x."),
            Mistake(_ERROR**2, "That is the loss. How does it change with w?"),
            Mistake(-_SLOPE, "The size is right. The error is w x - y, which is negative here."),
            Mistake(_ERROR * _X, "The square brings a factor of 2."),
        ),
        "Negative: the loss falls as w grows.",
        "Two edges on the path: the square, with slope 2 (w x - y), and the product, with slope x.",
    ),
    Exercise(
        "10-2",
        "One step of gradient descent from w = 1 with learning rate 0.05 and that slope: what is w afterwards?",
        Number(),
        _W - _RATE * _SLOPE,
        (
            Mistake(_W + _RATE * _SLOPE, "That step goes uphill. Descent goes against the slope."),
            Mistake(-_RATE * _SLOPE, "That is the step. Add it to w."),
            Mistake(_W - _SLOPE, "The step is the slope times the learning rate."),
        ),
        "w has grown towards 5/3, where the error is 0.",
        "w minus learning rate times slope.",
    ),
    Exercise(
        "10-3",
        "Write a function answer(xs, ys) of two NumPy arrays that returns the exact (w, b) of the best line.",
        Function(((_XS, _YS), _FEW)),
        _line,
        (
            Mistake(
                lambda xs, ys: (float(xs @ ys) / float(xs @ xs), 0.0),
                "That is the best line through the origin. b may be anything: give the model a column of ones.",
            ),
            Mistake(lambda xs, ys: _line(xs, ys)[::-1], "The two are in the wrong order: w comes first."),
            Mistake(
                lambda xs, ys: _line(ys, xs),
                "You fitted x by y. Vertical distances count: y is predicted from x.",
            ),
        ),
        "Where there is an exact solution, use it. Soon there is none.",
        "With a = [xs, 1] as columns, solve (aᵀ a) (w, b) = aᵀ ys.",
    ),
    Exercise(
        "10-4",
        "A logistic model has w = 2 and b = -3. At which x does it say p = 0.5?",
        Number(),
        3 / 2,
        (
            Mistake(-3 / 2, "Look at the sign: 2x - 3 = 0."),
            Mistake(0.0, "There the score is -3, and p is far below 0.5."),
            Mistake(3.5 / 2, "The probability is 0.5 where the score is 0, not 0.5."),
        ),
        "The boundary is where the score is 0.",
        "The sigmoid is 0.5 at 0. Where is 2x - 3 equal to 0?",
    ),
)
