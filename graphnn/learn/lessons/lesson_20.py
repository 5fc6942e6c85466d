"""Recurrent networks: a state that is carried, and a factor for every step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphnn.learn.answers import Choice, Function, Number
from graphnn.learn.exercise import Exercise, Mistake


def _last_state(
    xs: Sequence[float], w: float, u: float, *, start: float = 0.0, carries: bool = True, bends: bool = True
) -> float:
    h = start
    for x in xs:
        total = w * x + (u * h if carries else 0.0)
        h = math.tanh(total) if bends else total
    return h


EXERCISES = (
    Exercise(
        "20-1",
        "h0 = 0, x1 = 1, x2 = 0, w = 1, u = 0.5, without tanh: h_t = w x_t + u h_(t-1). What is h2?",
        Number(),
        0.5 * 1,
        (
            Mistake(0, "x2 is 0, but the state of the step before is carried on: u · h1."),
            Mistake(1, "That is h1. In the second step it is multiplied by u."),
            Mistake(1.5, "x1 was read in the first step. In the second x2 = 0 is read."),
        ),
        "Half of the first input is still there.",
        "First h1, then h2 = w · x2 + u · h1.",
    ),
    Exercise(
        "20-2",
        "In the same linear cell: what is the slope of h10 with respect to h0?",
        Number(1e-6),
        0.5**10,
        (
            Mistake(0.5 * 10, "The factors of one path are multiplied: a power, not a product."),
            Mistake(0.5, "That is one step. There are ten."),
            Mistake(0.5**9, "Count the steps from h0 to h10: there are ten."),
        ),
        "Less than a thousandth: the past fades.",
        "One factor u for each step.",
    ),
    Exercise(
        "20-3",
        'An LSTM should remember a number for a hundred steps. Which gate must stay near 1: "forget", "input" or "output"?',
        Choice(("forget", "input", "output")),
        "forget",
        (
            Mistake(
                "input",
                "If it stays open, new content is written over and over again. For remembering it is near 0.",
            ),
            Mistake("output", "It says how much is shown. What is kept, another gate decides."),
        ),
        "With f = 1 nothing is forgotten: the gate's name is misleading.",
        "Which gate multiplies c of the step before?",
    ),
    Exercise(
        "20-4",
        "Write a function answer(xs, w, u) that runs h_t = tanh(w x_t + u h_(t-1)) over a list, from h = 0; the last h.",
        Function((([1.0, -0.5, 2.0], 0.8, 0.5), ([0.3], 1.0, -1.0), ([1.0, 0.0, 0.0, 0.0], 1.0, 0.9))),
        _last_state,
        (
            Mistake(
                lambda xs, w, u: _last_state(xs, w, u, carries=False),
                "The state is not carried on: each step needs u times the state of the step before.",
            ),
            Mistake(lambda xs, w, u: _last_state(xs, w, u, bends=False), "The tanh is missing."),
            Mistake(
                lambda xs, w, u: math.tanh(w * sum(xs) + u * 0.0),
                "The inputs were added up. They are read one after the other, and the state is bent in each step.",
            ),
        ),
        "A loop that carries one number: that is all of recurrence.",
        "Begin with h = 0 and replace it in a loop.",
    ),
)
