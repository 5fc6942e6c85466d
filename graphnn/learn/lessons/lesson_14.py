"""Optimisers: velocity, saddles, and a walk through the valley."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphnn as gn
from graphnn.learn.answers import Choice, Function, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_Pair = tuple[float, float]


def _momentum(w: float, v: float, g: float, rate: float, mu: float) -> _Pair:
    v = mu * v + g
    return w - rate * v, v


def _with_old_velocity(w: float, v: float, g: float, rate: float, mu: float) -> _Pair:
    return w - rate * v, mu * v + g


def _uphill(w: float, v: float, g: float, rate: float, mu: float) -> _Pair:
    v = mu * v + g
    return w + rate * v, v


def _plain(w: float, v: float, g: float, rate: float, mu: float) -> _Pair:
    return w - rate * g, mu * v + g


def _lowest(optimizer: gn.optim.Optimizer, steps: int = 100) -> float:
    x, y = gn.parameter(-1.2, "x", "float64"), gn.parameter(1.0, "y", "float64")
    loss = gn.square(1.0 - x) + 10.0 * gn.square(y - x * x)
    updates = optimizer.updates([x, y], gn.gradient(loss, [x, y]))
    program = gn.Program(loss, updates=updates)
    with np.errstate(all="ignore"):
        return float(min([float(program.run({})) for _ in range(steps)] + [float(program.run({}))]))


def _hint_for_optimizer(answer: Any) -> str | None:
    if isinstance(answer, type) or (callable(answer) and not isinstance(answer, gn.optim.Optimizer)):
        raise UnreadableAnswerError("An optimiser with its settings is asked for, as gn.optim.Adam(0.1).")
    if not isinstance(answer, gn.optim.Optimizer):
        raise UnreadableAnswerError(
            f"An optimiser is asked for, as gn.optim.Adam(0.1); found {type(answer).__name__}."
        )
    try:
        loss = _lowest(answer)
    except gn.GraphnnError as error:
        raise UnreadableAnswerError(f"It cannot walk here: {error}") from None
    if not np.isfinite(loss) or loss > 4.0:
        return (
            f"The lowest loss was {loss:.3g}: it flew out of the valley, or hardly moved. Try another rate."
        )
    if loss > 0.01:
        return f"The lowest loss was {loss:.3g}; below 0.01 is asked for. What helps along a valley's floor?"
    return None


EXERCISES = (
    Exercise(
        "14-1",
        "Momentum with mu = 0.9: the velocity is 2 and the gradient is 1. What is the new velocity?",
        Number(),
        0.9 * 2 + 1,
        (
            Mistake(0.9 * (2 + 1), "Only the old velocity is multiplied by mu; the gradient comes in full."),
            Mistake(2 + 1, "A part of the old velocity is lost: it is multiplied by mu."),
            Mistake(
                0.9 * 2 + 0.1 * 1, "That is a running mean, as in Adam. Here the gradient is added in full."
            ),
        ),
        "Most of the old one, and the new gradient.",
        "v becomes mu · v + g.",
    ),
    Exercise(
        "14-2",
        "The gradient is 1 in every step, mu = 0.9. Towards which number does the velocity grow?",
        Number(),
        1 / (1 - 0.9),
        (
            Mistake(1, "It grows beyond that: in each step 0.9 of the old velocity is added to the new 1."),
            Mistake(1 + 0.9, "That is after two steps. The sum 1 + 0.9 + 0.81 + ... goes on."),
            Mistake(1 / 0.9, "Look for the number that stays as it is: v = 0.9 v + 1."),
        ),
        "Ten times the gradient: momentum makes the steps along a valley ten times as long.",
        "Which v is left unchanged by v = 0.9 v + 1?",
    ),
    Exercise(
        "14-3",
        'The gradient is 0; one direction is curved upwards, another downwards. It is: "a minimum", "a saddle" or "a plateau"?',
        Choice(("a minimum", "a saddle", "a plateau")),
        "a saddle",
        (
            Mistake("a minimum", "At a minimum all directions are curved upwards."),
            Mistake("a plateau", "A plateau is flat in all directions; here two of them are curved."),
        ),
        "The smallest push along the falling direction, and the walker leaves.",
        "Think of a horse.",
    ),
    Exercise(
        "14-4",
        "Write one step of momentum as a function answer(w, v, g, rate, mu) that returns the pair (new w, new v).",
        Function(((1.0, 0.0, 2.0, 0.1, 0.9), (0.5, -1.0, 3.0, 0.2, 0.5))),
        _momentum,
        (
            Mistake(_with_old_velocity, "The step uses the old velocity. Compute the new one first."),
            Mistake(_uphill, "That walks uphill: w minus rate times velocity."),
            Mistake(_plain, "The step follows the gradient alone. It follows the velocity."),
        ),
        "Two lines, and one number to remember for each parameter.",
        "First v = mu · v + g, then w = w - rate · v.",
    ),
    Exercise(
        "14-5",
        "Find an optimiser that comes below a loss of 0.01 in the valley within 100 steps from (-1.2, 1).",
        Property(_hint_for_optimizer),
        gn.optim.SGD(0.015, momentum=0.9),
        (
            Mistake(gn.optim.SGD(0.01), "below 0.01 is asked for. What helps along a valley's floor?"),
            Mistake(gn.optim.SGD(1e-6), "it flew out of the valley, or hardly moved."),
            Mistake(gn.optim.Adam, "An optimiser with its settings is asked for"),
        ),
        "It runs along the floor without flying out.",
        "Try momentum.",
    ),
)
