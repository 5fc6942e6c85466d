"""Softmax and cross-entropy: shares, the loss of the truth's share, and the gradient p - y."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.learn.answers import Array, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_P = np.array([0.7, 0.2, 0.1])
_TRUTH = np.array([0.0, 0.0, 1.0])


def _softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - np.max(scores))
    return np.asarray(e / e.sum())


def _hint_for_softmax(answer: Any) -> str | None:
    if not callable(answer):
        raise UnreadableAnswerError(
            "A function is asked for: answer(scores) returns the array of probabilities."
        )
    for numbers in ([2.0, 1.0, -1.0], [0.0, 0.0], [1000.0, 999.0, 0.0], [-1000.0, -1001.0]):
        scores = np.array(numbers)
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(answer(scores.copy()), np.float64)
        except Exception as error:  # noqa: BLE001 - whatever a reader's function does is told to its writer
            raise UnreadableAnswerError(
                f"Your function stopped at {numbers} with {type(error).__name__}: {error}"
            ) from None
        if found.shape != scores.shape:
            return f"For {len(numbers)} scores there are {len(numbers)} probabilities; yours has the shape {found.shape}."
        if np.isnan(found).any():
            return f"For {numbers} something is not a number: exp is too large or too small there. Only differences count."
        if not np.isclose(found.sum(), 1.0):
            return f"For {numbers} the probabilities add up to {found.sum():.4g}. Divide by their sum."
        if not np.allclose(found, _softmax(scores)):
            return f"For {numbers} the shares add up to 1, but they are not those of exp(score)."
    return None


def _without_shift(scores: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(np.exp(scores) / np.exp(scores).sum())


EXERCISES = (
    Exercise(
        "08-1",
        "The scores are 0 and 0. Which probability has each of the two classes?",
        Number(1e-6),
        _softmax(np.zeros(2))[0],
        (
            Mistake(0, "exp(0) is 1, so both classes have a share."),
            Mistake(1, "That is exp(0). Divide it by the sum over both classes."),
        ),
        "Equal scores, equal shares, whatever the scores are.",
        "The probabilities of two equal classes add up to 1.",
    ),
    Exercise(
        "08-2",
        "p = (0.7, 0.2, 0.1), and the third class is the true one. Write the gradient with respect to the scores, as a list.",
        Array((3,)),
        _P - _TRUTH,
        (
            Mistake(_TRUTH - _P, "The sign is turned round: what was said *minus* what is true."),
            Mistake(
                _TRUTH * -1 / _P,
                "That is the gradient with respect to p. Softmax lies between p and the scores.",
            ),
            Mistake(
                _P - np.array([1.0, 0.0, 0.0]),
                "You subtracted 1 at the class with the most probability. Which is true?",
            ),
            Mistake(_P, "Subtract the truth: 1 at the true class."),
        ),
        "The true class is pulled up by 0.9, the others are pushed down by what they had.",
        "p - y, where y is 1 at the true class and 0 elsewhere.",
    ),
    Exercise(
        "08-3",
        "With 10 classes a network gives each of them the same probability. How large is its loss?",
        Number(),
        -np.log(1 / 10),
        (
            Mistake(1 / 10, "That is the probability of the true class. The loss is minus its logarithm."),
            Mistake(np.log10(10), "Here the logarithm is the natural one, np.log."),
            Mistake(-np.log(10), "Minus the logarithm of 1/10, not of 10: a loss is never negative here."),
            Mistake(10 * np.log(10), "Only the term of the true class is left of the sum."),
        ),
        "About 2.3. If the first loss of a training is far above log(number of classes), look at the first weights.",
        "The true class has probability 1/10.",
    ),
    Exercise(
        "08-4",
        "Write softmax as a function answer(scores) of a NumPy array. It must survive scores of 1000.",
        Property(_hint_for_softmax),
        _softmax,
        (
            Mistake(_without_shift, "Only differences count."),
            Mistake(lambda scores: np.exp(scores - np.max(scores)), "Divide by their sum."),
            Mistake(lambda scores: scores / scores.sum(), "they are not those of exp(score)."),
        ),
        "Subtracting the largest score changes nothing but saves the digits.",
        "Make the scores positive by exp, and divide by the sum.",
    ),
)
