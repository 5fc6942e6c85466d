"""Vectors and shapes: gradients have the shape of their values, and what was copied is summed."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphnn as gn
from graphnn.learn.answers import Array, Expression, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_X = gn.input("x", ("batch", 3), "float64")
_ROWS = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])


def _hint_for_slopes(answer: Any) -> str | None:
    if not callable(answer):
        raise UnreadableAnswerError("A function is asked for: answer(x, w, g) returns the pair (gx, gw).")
    draw = np.random.default_rng(7)
    x, w, g = draw.normal(size=(4, 3)), draw.normal(size=(3, 2)), draw.normal(size=(4, 2))
    try:
        pair = tuple(np.asarray(part, np.float64) for part in answer(x, w, g))
    except Exception as error:  # noqa: BLE001 - whatever a reader's function does is told to its writer
        raise UnreadableAnswerError(
            f"With x (4, 3), w (3, 2) and g (4, 2) your function stopped with {type(error).__name__}: {error}"
        ) from None
    if len(pair) != 2:
        return "Give a pair: the gradient of x, then the gradient of w."
    shapes = tuple(part.shape for part in pair)
    if shapes == (w.shape, x.shape):
        return "The two are in the wrong order: the gradient of x comes first."
    if shapes != (x.shape, w.shape):
        return (
            f"For x (4, 3) and w (3, 2) yours have the shapes {shapes[0]} and {shapes[1]}; wanted are theirs."
        )
    if not np.allclose(pair[0], g @ w.T):
        return "The gradient of x has the right shape, but is not g times the turned w."
    if not np.allclose(pair[1], x.T @ g):
        return "The gradient of w has the right shape, but is not the turned x times g. Nothing is divided by the rows."
    return None


def _layer(weight: np.ndarray, bias: float) -> gn.Node:
    return _X @ gn.constant(weight, "float64") + gn.constant(np.full(weight.shape[1], bias), "float64")


EXERCISES = (
    Exercise(
        "07-1",
        "x has shape (32, 10) and w shape (10, 5). Which shape has the gradient of w? Answer with a tuple.",
        Array((2,)),
        (10, 5),
        (
            Mistake((32, 5), "That is the shape of the product. The gradient has the shape of w itself."),
            Mistake((5, 10), "Turned round. There is one slope for each number of w, in its place."),
            Mistake((32, 10), "That is the shape of x and of the gradient of x."),
        ),
        "One slope for each number.",
        "A gradient has the shape of its value.",
    ),
    Exercise(
        "07-2",
        "Write a function answer(x, w, g) that returns the gradients of x and w, as a pair, for y = x @ w when g arrives "
        "at y.",
        Property(_hint_for_slopes),
        lambda x, w, g: (g @ w.T, x.T @ g),
        (
            Mistake(lambda x, w, g: (x.T @ g, g @ w.T), "The two are in the wrong order"),
            Mistake(lambda x, w, g: (g @ w.T, x.T @ g / len(x)), "Nothing is divided by the rows."),
            Mistake(lambda x, w, g: (g @ w, x @ g), "your function stopped with ValueError"),
        ),
        "The shapes leave no other choice.",
        "Which product of g and w has the shape of x?",
    ),
    Exercise(
        "07-3",
        "A bias with 3 numbers is added to a batch of 50 rows. The loss is the mean of all 150 numbers. What is the "
        "gradient of the first number of the bias?",
        Number(1e-6),
        50 / 150,
        (
            Mistake(1 / 150, "That is what one row sends back. The number is used in 50 rows."),
            Mistake(
                1.0, "That is so for the mean over the rows alone. The loss is the mean of all 150 numbers."
            ),
            Mistake(50.0, "That is so for the sum. The mean divides by 150."),
        ),
        "50 contributions of 1/150.",
        "What arrives at each of the 150 numbers, and how many of them use this number of the bias?",
    ),
    Exercise(
        "07-4",
        "Build a node of shape (batch, 2) out of x (batch, 3), by a layer with weights of ones and a bias of ones.",
        Expression(({"x": _ROWS},), slopes=("x",)),
        _layer(np.ones((3, 2)), 1.0),
        (
            Mistake(_layer(np.ones((3, 2)), 0.0), "The bias is missing: each number is 1 too small."),
            Mistake(
                _layer(np.ones((3, 3)), 1.0), "That has three columns. How many columns of weights give two?"
            ),
            Mistake(
                _layer(np.ones((3, 1)), 1.0),
                "That has one column. One column of weights makes one column of y.",
            ),
        ),
        "Weights of shape (3, 2): as many rows as x has columns, as many columns as y.",
        "The weights have shape (3, 2), the bias shape (2,).",
    ),
)
