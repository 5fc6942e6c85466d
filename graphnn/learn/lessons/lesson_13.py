"""First weights and scaled data: random, of the right size, and a scaling that only knows the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.learn.answers import Choice, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake


def _standardised(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, spread = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / spread, (test - mean) / spread


def _each_by_itself(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _standardised(train, train)[0], _standardised(test, test)[0]


def _by_all_features(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (train - train.mean()) / train.std(), (test - train.mean()) / train.std()


def _by_all_rows(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.vstack([train, test])
    return _standardised(rows, train)[1], _standardised(rows, test)[1]


def _hint_for_scaling(answer: Any) -> str | None:
    if not callable(answer):
        raise UnreadableAnswerError(
            "A function is asked for: answer(train, test) returns the pair of both, scaled."
        )
    draw = np.random.default_rng(5)
    train, test = draw.normal([5, -2], [3, 40], size=(30, 2)), draw.normal([9, 50], [6, 10], size=(10, 2))
    try:
        pair = tuple(np.asarray(part, np.float64) for part in answer(train.copy(), test.copy()))
    except Exception as error:  # noqa: BLE001 - whatever a reader's function does is told to its writer
        raise UnreadableAnswerError(f"Your function stopped with {type(error).__name__}: {error}") from None
    if len(pair) != 2 or pair[0].shape != train.shape or pair[1].shape != test.shape:
        return (
            "Give a pair: the scaled training rows, then the scaled test rows, with their shapes unchanged."
        )
    for wrong, hint in (
        (
            _each_by_itself,
            "The test rows were scaled by themselves. They must meet the scaling of the training rows.",
        ),
        (_by_all_features, "One mean and spread for all features. Each feature has its own: axis=0."),
        (_by_all_rows, "The scaling has seen the test rows. Take mean and spread of the training rows only."),
        (_standardised, None),
    ):
        if all(np.allclose(a, b, rtol=1e-2) for a, b in zip(pair, wrong(train, test), strict=True)):
            return hint
    return "After scaling, each feature of the training rows has mean 0 and spread 1. Yours have not."


EXERCISES = (
    Exercise(
        "13-1",
        "He's rule: which standard deviation have the first weights of a relu layer with 50 inputs?",
        Number(1e-4),
        np.sqrt(2 / 50),
        (
            Mistake(2 / 50, "That is the variance. The standard deviation is its root."),
            Mistake(
                np.sqrt(1 / 50), "That keeps the spread of a layer without a bend. relu passes only half on."
            ),
            Mistake(np.sqrt(50), "Turned round: the more inputs, the smaller each weight."),
        ),
        "0.2.",
        "The root of 2 over the number of inputs.",
    ),
    Exercise(
        "13-2",
        'All weights start at the same number, 0.3. After training the hidden units of a layer are: "different", "equal" or "zero"?',
        Choice(("different", "equal", "zero")),
        "equal",
        (
            Mistake(
                "different",
                "What could make them different? They have the same weights and the same gradients.",
            ),
            Mistake("zero", "They do learn. But compare the gradients of two of them."),
        ),
        "Whatever the layer's width, it works like a single unit.",
        "Compare the gradients of two units with the same weights.",
    ),
    Exercise(
        "13-3",
        "Write a function answer(train, test) of two arrays (rows, features) that returns both, standardised, as a pair.",
        Property(_hint_for_scaling),
        _standardised,
        (
            Mistake(_each_by_itself, "The test rows were scaled by themselves."),
            Mistake(_by_all_features, "One mean and spread for all features."),
            Mistake(_by_all_rows, "The scaling has seen the test rows."),
            Mistake(lambda train, test: (train, test), "Yours have not."),
        ),
        "The test part stays unseen, even by the scaling.",
        "Subtract the mean of each feature and divide by its spread, both taken from the training rows.",
    ),
    Exercise(
        "13-4",
        "A sum of 400 independent random terms, each with spread 1, has which spread?",
        Number(),
        np.sqrt(400),
        (
            Mistake(400, "That is the variance. The spread is its root."),
            Mistake(1, "The terms do not cancel completely: the variances add."),
        ),
        "That is why the size of first weights falls with the root of the number of inputs.",
        "Variances of independent terms add.",
    ),
)
