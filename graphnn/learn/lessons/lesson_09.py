"""A neuron: threshold units by hand, the perceptron's rule, and what one line cannot part."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.learn.answers import Choice, Function, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_ROWS = ((0, 0), (0, 1), (1, 0), (1, 1))


def _numbers(answer: Any, count: int) -> np.ndarray:
    try:
        found = np.asarray(answer, np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise UnreadableAnswerError(f"{count} numbers are asked for, found {answer!r}.") from None
    if found.size != count or not np.isfinite(found).all():
        raise UnreadableAnswerError(f"{count} finite numbers are asked for, found {found.size}.")
    return found


def _hint_for_not(answer: Any) -> str | None:
    (t,) = _numbers(answer, 1)
    if not t < -0.0:
        return (
            f"For x = 0 the sum is 0, and 0 is not greater than {t:g}: the unit stays silent, but NOT says 1."
        )
    if t < -1.0:
        return f"For x = 1 the sum is -1, which is still greater than {t:g}: the unit fires, but NOT says 0."
    return None


def _hint_for_gate(answer: Any) -> str | None:
    w1, w2, t = _numbers(answer, 3)
    for x1, x2 in _ROWS:
        said, wanted = x1 * w1 + x2 * w2 > t, (x1, x2) == (1, 0)
        if said != wanted:
            verb = "fires" if said else "stays silent"
            return f"For ({x1}, {x2}) the sum is {x1 * w1 + x2 * w2:g} and the threshold {t:g}: it {verb}, and should not."
    return None


def _perceptron(
    weights: Any, row: Any, target: float, *, sign: float = 1.0, always: bool = False
) -> np.ndarray:
    weights, row = np.asarray(weights, np.float64), np.asarray(row, np.float64)
    said = 1.0 if row @ weights > 0 else 0.0
    return np.asarray(weights + sign * (target if always else target - said) * row)


_ONE, _TWO = np.array([1.0, -1.0]), np.array([0.5, 2.0])

EXERCISES = (
    Exercise(
        "09-1",
        "A threshold unit has a single input x (0 or 1) and the weight -1, and fires if -x > t. Give a threshold t that "
        "makes it NOT.",
        Property(_hint_for_not),
        -0.5,
        (
            Mistake(0.5, "0 is not greater than 0.5"),
            Mistake(-1.5, "-1, which is still greater than -1.5"),
            Mistake(0, "0 is not greater than 0"),
        ),
        "Any threshold from -1 up to just below 0 does it.",
        "Write the sum for x = 0 and for x = 1, and put the threshold between.",
    ),
    Exercise(
        "09-2",
        'Give weights and threshold (w1, w2, t) for "x1 and not x2": 1 only for the row (1, 0).',
        Property(_hint_for_gate),
        (1.0, -1.0, 0.5),
        (
            Mistake((1.0, 1.0, 1.5), "For (1, 0) the sum is 1 and the threshold 1.5: it stays silent"),
            Mistake((1.0, 0.0, 0.5), "For (1, 1) the sum is 1 and the threshold 0.5: it fires"),
            Mistake((1.0, -1.0, -0.5), "For (0, 0) the sum is 0 and the threshold -0.5: it fires"),
        ),
        "x1 speaks for it, x2 against it.",
        "Which input should speak for it, and which against it?",
    ),
    Exercise(
        "09-3",
        'Which of these can a single unit learn: "and", "xor", "equal" (1 if both inputs are the same)?',
        Choice(("and", "xor", "equal")),
        "and",
        (
            Mistake("xor", "Its two kinds of points lie crosswise: no straight line parts them."),
            Mistake("equal", "That is XOR turned round: the points lie crosswise again."),
        ),
        "A single line parts (1, 1) from the rest.",
        "Draw the four points and try to part them by one line.",
    ),
    Exercise(
        "09-4",
        "Write the perceptron's rule as a function answer(weights, row, target): it returns the new weights.",
        Function(((_ONE, _TWO, 1.0), (-_ONE, _TWO, 0.0), (_ONE, _ONE, 1.0), (_TWO, _ONE, 0.0))),
        _perceptron,
        (
            Mistake(
                lambda w, row, target: _perceptron(w, row, target, sign=-1.0),
                "It moves the wrong way: if it said 0 and should have said 1, the input is added.",
            ),
            Mistake(
                lambda w, row, target: _perceptron(w, row, target, always=True),
                "It moves even where it was right. Use target - said.",
            ),
            Mistake(lambda w, row, target: w, "The weights never change."),
        ),
        "It moves only when it was wrong, and by the input itself.",
        "Compute what the unit says, then add (target - said) times the row.",
    ),
)
