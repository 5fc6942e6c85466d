"""A sick network: what the eight examples tell, the first bad node, a safe logarithm, a dead unit, a rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import graphnn as gn
from graphnn.learn.answers import Choice, Expression, Function, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_X = gn.input("x", (3,), "float64")
_POSITIVE = gn.greater(_X, 0.0)

_SOUND, _ENDLESS, _NONE = np.array([1.0, -2.0]), np.array([0.0, -np.inf]), np.array([np.nan, 1.0])
_LISTS = (
    ([_SOUND, _ENDLESS, _NONE, _NONE],),
    ([_SOUND, _SOUND, _NONE, _SOUND],),
    ([_SOUND, _SOUND],),
    ([_NONE, _ENDLESS],),
    ([_SOUND, np.array([np.inf])],),
)


def _first_bad(values: Sequence[np.ndarray]) -> int:
    return next((k for k, value in enumerate(values) if not np.isfinite(value).all()), -1)


def _first_nan(values: Sequence[np.ndarray]) -> int:
    return next((k for k, value in enumerate(values) if np.isnan(value).any()), -1)


def _last_bad(values: Sequence[np.ndarray]) -> int:
    return max((k for k, value in enumerate(values) if not np.isfinite(value).all()), default=-1)


def _all_bad(values: Sequence[np.ndarray]) -> int:
    return next((k for k, value in enumerate(values) if not np.isfinite(value).any()), -1)


def _hint_for_rate(answer: Any) -> str | None:
    """Any rate with which a hundred steps bring the loss of eight digits to a tenth."""
    try:
        rate = float(answer)
    except (TypeError, ValueError):
        raise UnreadableAnswerError(
            f"One number is asked for, the learning rate; found {answer!r}."
        ) from None
    if not (math.isfinite(rate) and rate > 0):
        return f"A learning rate is a finite number above 0, found {rate:g}."
    net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)
    trainer = gn.Trainer.classifier(net, 64, 10, gn.optim.SGD(rate))
    found = gn.train.overfit_one_batch(trainer, gn.data.split(gn.data.digits(), 0.25, seed=0)[0], steps=100)
    if found.learned:
        return None
    if not found.losses.max() < 1.5 * found.start:
        return "On the way the loss rose far above its start: such steps jump over the valley. Take a smaller rate."
    if found.end > 0.5 * found.start:
        return (
            f"The loss went from {found.start:.3g} to {found.end:.3g}: hardly moved. "
            "Change the rate by a factor of ten at a time, and see which way is better."
        )
    return f"The loss went from {found.start:.3g} to {found.end:.3g}: it falls, but not yet to a tenth."


EXERCISES = (
    Exercise(
        "22-1",
        "A model learns eight examples by heart, but on all of them its loss stays at that of guessing. Where do you look first: "
        '"model", "loss", "data" or "gradients"?',
        Choice(("model", "loss", "data", "gradients")),
        "data",
        (
            Mistake(
                "model", "The same model has just learnt eight examples. What is other when there are many?"
            ),
            Mistake("loss", "The same loss led the way for eight examples. What was not tested by them?"),
            Mistake("gradients", "Without gradients not even one example could be learnt by heart."),
        ),
        "Wrong labels can be learnt by heart, too, so the few examples say nothing about them.",
        "What is the same in both trainings, and what is not?",
    ),
    Exercise(
        "22-2",
        "Write a function answer(values): the position of the first array that holds a number that is not finite, or -1.",
        Function(_LISTS),
        _first_bad,
        (
            Mistake(_first_nan, "Infinity is not finite either, and it mostly comes one node before NaN."),
            Mistake(_last_bad, "That is the last victim. Where did it begin?"),
            Mistake(_all_bad, "One bad number in an array is enough; the others may be sound."),
            Mistake(
                lambda values: _first_bad(values) + 1, "Positions are counted from 0, and -1 means none."
            ),
        ),
        "It is all that a watched run does, node by node.",
        "np.isfinite(array) tells it for each number.",
    ),
    Exercise(
        "22-3",
        "From x of shape (3,), build log x where x is positive and 0 elsewhere, with a gradient that is finite everywhere.",
        Expression(({"x": np.array([0.0, 0.5, 3.0])}, {"x": np.array([-1.0, 1.0, 0.0])}), slopes=("x",)),
        gn.where(_POSITIVE, gn.log(gn.where(_POSITIVE, _X, 1.0)), 0.0),
        (
            Mistake(
                gn.where(_POSITIVE, gn.log(_X), 0.0),
                "The values are right, but at 0 the gradient is NaN: the branch that is not taken still meets log of 0.",
            ),
            Mistake(gn.log(_X), "log of 0 is minus infinity. Nothing guards it yet."),
            Mistake(
                gn.log(gn.maximum(_X, 1.0)),
                "Between 0 and 1 the logarithm is negative; yours is cut off there.",
            ),
            Mistake(
                gn.where(_POSITIVE, gn.log(gn.where(_POSITIVE, _X, 1.0)), 1.0),
                "The harmless 1 belongs into the logarithm; elsewhere the value is 0.",
            ),
        ),
        "Guarded twice: a harmless number goes in, and its result is not taken.",
        "Put a harmless number into the logarithm where x is not positive.",
    ),
    Exercise(
        "22-4",
        "A unit computes relu(x1 - 2 x2 + b), both inputs between 0 and 1. What is the largest b with which it is dead?",
        Number(),
        -max(a - 2 * b for a in (0, 1) for b in (0, 1)),
        (
            Mistake(1, "With b = 1 and x1 = 1, x2 = 0 the total is 2: quite alive. Look at the sign."),
            Mistake(2, "With that it is never below 0: it is never bent at all. Dead is the other end."),
            Mistake(0, "With b = 0 the inputs x1 = 1, x2 = 0 still give 1."),
            Mistake(
                -3, "It is dead with it, but there are larger ones. Which inputs give the largest total?"
            ),
        ),
        "The largest total is 1 + b, and with b = -1 it just reaches 0.",
        "Which inputs make x1 - 2 x2 as large as it can be?",
    ),
    Exercise(
        "22-5",
        "Find a learning rate for SGD with which patient B learns eight digits by heart within 100 steps.",
        Property(_hint_for_rate),
        0.3,
        (
            Mistake(0.00001, "hardly moved"),
            Mistake(0.02, "it falls, but not yet to a tenth"),
            Mistake(100.0, "such steps jump over the valley"),
            Mistake(-0.1, "A learning rate is a finite number above 0"),
        ),
        "The model was never ill: its steps were too small.",
        "Lesson 15 has a test for rates.",
    ),
)
