"""Attention: shares of values, their number, and what must not be seen."""

from __future__ import annotations

import numpy as np

from graphnn.learn.answers import Choice, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

_DRAW = np.random.default_rng(21)
_CASE = (_DRAW.normal(size=(2, 4)), _DRAW.normal(size=(3, 4)), _DRAW.normal(size=(3, 2)))


def _attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, *, axis: int = 1, root: bool = True, softmax: bool = True
) -> np.ndarray:
    scores = q @ k.T / (np.sqrt(q.shape[1]) if root else 1.0)
    if not softmax:
        return np.asarray(scores @ v)
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True) @ v)


EXERCISES = (
    Exercise(
        "21-1",
        "One query, two keys. The scores are 0 and 0, the values 4 and 10. What comes out?",
        Number(),
        (4 + 10) / 2,
        (
            Mistake(0, "Scores of 0 do not mean shares of 0: softmax makes one half of each."),
            Mistake(4 + 10, "The shares add up to 1, so the result lies between the values."),
            Mistake(10, "No key fits better than the other: both values count the same."),
        ),
        "Without a preference attention is a mean.",
        "Which shares does softmax give to equal scores?",
    ),
    Exercise(
        "21-2",
        "A text of 500 words: how many scores does one attention compute, without a mask?",
        Number(0),
        500 * 500,
        (
            Mistake(500, "Each word asks, and each word is asked: pairs."),
            Mistake(500 * 499 // 2, "A pair has two directions, and each word also asks itself."),
            Mistake(500 * 499, "Each word also asks itself."),
        ),
        "Twice the text, four times the work: this is the price of attention.",
        "One score for each query and each key.",
    ),
    Exercise(
        "21-3",
        "Write a function answer(q, k, v) of NumPy arrays (n, d), (m, d), (m, e) that computes attention.",
        Function((_CASE,)),
        _attention,
        (
            Mistake(
                lambda q, k, v: _attention(q, k, v, root=False),
                "The scores are not divided by the root of d, the length of a query.",
            ),
            Mistake(
                lambda q, k, v: _attention(q, k, v, axis=0),
                "Your shares add up to 1 over the queries. Each query has its own shares: softmax along the keys.",
            ),
            Mistake(
                lambda q, k, v: _attention(q, k, v, softmax=False),
                "The scores are used as they are. Make shares of them by softmax.",
            ),
        ),
        "Three lines.",
        "Scores q kᵀ / √d, softmax along the last axis, times v.",
    ),
    Exercise(
        "21-4",
        "A model for text without a mask has a training loss near 0, but writes nonsense. Why: "
        '"it saw the next word", "too few heads" or "no positions"?',
        Choice(("it saw the next word", "too few heads", "no positions")),
        "it saw the next word",
        (
            Mistake(
                "too few heads",
                "Then the training loss would not be near 0. How can it know so well what follows?",
            ),
            Mistake(
                "no positions",
                "Then it could hardly reach a loss near 0. What stands before its eyes in training?",
            ),
        ),
        "It copied. When it writes, there is no next word to copy from.",
        "How can the training be so easy?",
    ),
)
