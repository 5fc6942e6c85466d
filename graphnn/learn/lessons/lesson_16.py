"""Overfitting: how to see it, what dropout and L2 compute, when to stop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import graphnn as gn
from graphnn.learn.answers import Choice, Expression, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

_P, _Y, _W = (gn.input(name, (3,), "float64") for name in "pyw")
_ERROR = gn.mean(gn.square(_P - _Y))
_CASE = {"p": np.array([1.0, 0.0, 2.0]), "y": np.array([0.5, 0.5, 1.0]), "w": np.array([1.0, -2.0, 0.5])}


def _stops_after(losses: Sequence[float], patience: int, *, forgets: bool = False) -> int:
    best, since = float("inf"), 0
    for epoch, loss in enumerate(losses, 1):
        since = 0 if loss < best else since + 1
        best = loss if forgets else min(best, loss)
        if since == patience:
            return epoch
    return len(losses)


def _best_epoch(losses: Sequence[float], patience: int) -> int:
    """The epoch whose weights are taken back, not the one after which it ends."""
    return int(np.argmin(losses[: _stops_after(losses, patience)])) + 1


_FALLS = [1.0, 0.8, 0.9, 0.85, 0.84, 0.95, 0.7]

EXERCISES = (
    Exercise(
        "16-1",
        'Training loss 0.01, validation loss 1.2 and rising. Is it "overfitting", "underfitting" or "neither"?',
        Choice(("overfitting", "underfitting", "neither")),
        "overfitting",
        (
            Mistake("underfitting", "Then the training loss would be high as well: too little was learnt."),
            Mistake("neither", "Compare the two: what does the network know, and what does it not know?"),
        ),
        "It knows its examples by heart.",
        "Compare the loss on known and on unknown examples.",
    ),
    Exercise(
        "16-2",
        "Dropout with rate 0.5. A unit that is kept has the value 3: by which number is it replaced, so that the mean stays?",
        Number(),
        3 / (1 - 0.5),
        (
            Mistake(
                3, "Then the next layer gets half as much in training as later, when all units are there."
            ),
            Mistake(3 * 0.5, "That makes it worse: half of the units are gone already."),
            Mistake(0, "That happens to the units that are dropped. This one is kept."),
        ),
        "Half of the time 6 and half of the time 0: on average 3.",
        "Half of the time it is 0. What must it be the other half, so that the mean is 3?",
    ),
    Exercise(
        "16-3",
        "Build a node: the mean squared error between p and y plus 0.1 times the sum of the squares of w.",
        Expression((_CASE,), slopes=("p", "w")),
        _ERROR + 0.1 * gn.sum(gn.square(_W)),
        (
            Mistake(
                _ERROR + 0.1 * gn.mean(gn.square(_W)),
                "The mean of the squares of w was taken; the sum is asked for.",
            ),
            Mistake(_ERROR + gn.sum(gn.square(_W)), "The price has the strength 0.1."),
            Mistake(_ERROR + 0.1 * gn.sum(gn.abs(_W)), "That is L1, with sizes. L2 takes squares."),
            Mistake(_ERROR - 0.1 * gn.sum(gn.square(_W)), "Minus would reward large weights."),
        ),
        "Its slope with respect to w is 0.2 w: a pull towards 0, in proportion to the weight.",
        "Two terms, joined by +.",
    ),
    Exercise(
        "16-4",
        "Write a function answer(losses, patience) that returns the epoch (from 1) after which early stopping ends.",
        Function(((_FALLS, 2), (_FALLS, 3), (_FALLS, 9), ([3.0, 2.0, 1.0], 1))),
        _stops_after,
        (
            Mistake(
                lambda losses, patience: _stops_after(losses, patience, forgets=True),
                "You compare with the epoch before. Compare with the best so far.",
            ),
            Mistake(
                lambda losses, patience: min(_stops_after(losses, patience) + 1, len(losses)),
                "One too late: it ends as soon as patience epochs in a row brought nothing.",
            ),
            Mistake(_best_epoch, "That is the epoch whose weights are the best. When does the training end?"),
        ),
        "And then the best weights are put back.",
        "Keep the best loss so far, and count the epochs since it.",
    ),
)
