"""Activations: their slopes multiply, and what is flat lets nothing pass."""

from __future__ import annotations

import numpy as np

import graphnn as gn
from graphnn.learn.answers import Choice, Expression, Number
from graphnn.learn.exercise import Exercise, Mistake

_X = gn.input("x", (5,), "float64")

EXERCISES = (
    Exercise(
        "12-1",
        "A gradient of 1 passes back through five sigmoids, each at its steepest point. How large is it then?",
        Number(1e-5),
        0.25**5,
        (
            Mistake(0.25 * 5, "The factors of one path are multiplied, not added."),
            Mistake(0.25, "That is after one of them. Each multiplies again."),
            Mistake(0.5**5, "0.5 is the sigmoid's value in the middle. Its slope there is p (1 - p)."),
        ),
        "Less than a thousandth, at the very best.",
        "The steepest slope of the sigmoid is 0.25.",
    ),
    Exercise(
        "12-2",
        'A unit with relu has totals -3, -0.5 and -2 on the batch. Is it "saturated", "dead" or "healthy" on this batch?',
        Choice(("saturated", "dead", "healthy")),
        "dead",
        (
            Mistake(
                "saturated", "That is said of bends that flatten out far from 0, as sigmoid and tanh do."
            ),
            Mistake("healthy", "relu gives 0 for all three, with slope 0. What reaches the weights?"),
        ),
        "No example brings it a gradient, so no step can wake it.",
        "What is the slope of relu at -3, -0.5 and -2?",
    ),
    Exercise(
        "12-3",
        "From x of shape (5,), build leaky relu with slope 0.1 on the left.",
        Expression(({"x": np.array([-2.0, -0.5, 0.25, 1.0, 3.0])},), slopes=("x",)),
        gn.maximum(_X, 0.1 * _X),
        (
            Mistake(gn.relu(_X), "That is relu: on the left it is 0. It should be 0.1 x there."),
            Mistake(0.1 * gn.relu(_X), "The 0.1 belongs to the left side only."),
            Mistake(gn.minimum(_X, 0.1 * _X), "Turned round: on the right x is larger than 0.1 x."),
            Mistake(
                gn.where(gn.greater(_X, 0.0), _X, -0.1 * _X),
                "On the left it should fall below 0 with x: 0.1 x, not -0.1 x.",
            ),
        ),
        "A unit with it can be slow, but never dead.",
        "On the right it is x, on the left 0.1 x; which of the two is larger there?",
    ),
    Exercise(
        "12-4",
        "A network has twelve Dense layers and no activation at all. How many layers would do the same?",
        Number(0),
        1,
        (
            Mistake(12, "Multiply the matrices of two neighbouring layers: what is the product?"),
            Mistake(0, "Something is still computed: a linear function of the input."),
            Mistake(2, "Those two are one again: a product of matrices is a matrix."),
        ),
        "One: the product of all the matrices is a matrix.",
        "What is the product of twelve matrices?",
    ),
)
