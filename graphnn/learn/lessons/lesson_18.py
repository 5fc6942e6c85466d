"""Curvature: second derivatives, eigenvalues, and the step that they suggest."""

from __future__ import annotations

import numpy as np

from graphnn.learn.answers import Choice, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

_G = np.array([1.0, -2.0])
_H = np.array([[4.0, 1.0], [1.0, 2.0]])

EXERCISES = (
    Exercise(
        "18-1",
        "What is the second derivative of x⁴ at x = 1?",
        Number(),
        12 * 1**2,
        (
            Mistake(4, "That is the first. Take the slope of 4x³."),
            Mistake(24, "That is the third, 24x."),
            Mistake(16, "The slope is not squared: it is differentiated again."),
        ),
        "4x³, then 12x².",
        "The rule for powers, twice.",
    ),
    Exercise(
        "18-2",
        'The gradient is 0, the eigenvalues are 3 and -0.5. It is: "a minimum", "a maximum" or "a saddle"?',
        Choice(("a minimum", "a maximum", "a saddle")),
        "a saddle",
        (
            Mistake("a minimum", "One eigenvalue is negative: along its direction the loss falls."),
            Mistake("a maximum", "One eigenvalue is positive: along its direction the loss rises."),
        ),
        "Different signs: a saddle.",
        "What does each sign say about its direction?",
    ),
    Exercise(
        "18-3",
        "L = 2 w² - 8 w + 1, and w = 5. Where does one Newton step lead?",
        Number(),
        5 - (4 * 5 - 8) / 4,
        (
            Mistake((4 * 5 - 8) / 4, "That is the length of the step. Where does it lead, from 5?"),
            Mistake(5 + (4 * 5 - 8) / 4, "Against the slope: minus."),
            Mistake(5 - (4 * 5 - 8) / 2, "The curvature is the second derivative of 2 w²: 4."),
            Mistake(5 - (4 * 5 - 8), "That is gradient descent with rate 1. Divide by the curvature."),
        ),
        "The bottom, in one step: L is a bowl itself.",
        "w minus slope divided by curvature.",
    ),
    Exercise(
        "18-4",
        "Write a function answer(g, h) that returns Newton's step: what is added to the parameters.",
        Function(((_G, _H), (np.array([3.0]), np.array([[2.0]])))),
        lambda g, h: -np.linalg.solve(h, g),
        (
            Mistake(
                lambda g, h: np.linalg.solve(h, g),
                "That step goes uphill: what is added points against the slope.",
            ),
            Mistake(
                lambda g, h: -h @ g, "That multiplies by the Hessian. Newton divides: solve h @ step = -g."
            ),
            Mistake(
                lambda g, h: -g / np.diag(h),
                "That looks at each direction by itself. The others curve it, too.",
            ),
        ),
        "One line; the price is in the solving.",
        "Solve h @ step = -g.",
    ),
)
