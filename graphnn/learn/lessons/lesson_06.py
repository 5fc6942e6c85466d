"""An engine of one's own: local derivatives, order, accumulation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphnn.learn.answers import Choice, Function
from graphnn.learn.exercise import Exercise, Mistake

_Parents = Sequence[Sequence[tuple[int, float]]]

_TWICE = [[], [], [(0, -3.0), (1, 2.0)], [(2, 1.0), (0, 1.0)]]
_LONG = [[], [(0, 2.0), (0, 0.5)], [(1, 3.0), (0, -1.0)], [(2, 2.0), (1, 4.0)], [(3, 0.5)]]


def _gradients(
    parents: _Parents, *, add: bool = True, forwards: bool = False, start: float = 1.0
) -> list[float]:
    found = [0.0] * len(parents)
    found[-1] = start
    order = range(len(parents))
    for node in order if forwards else reversed(order):
        for operand, local in parents[node]:
            found[operand] = found[operand] * add + found[node] * local
    return found


EXERCISES = (
    Exercise(
        "06-1",
        "Write a function answer(number) that returns the pair (value, local derivative) of exp at number.",
        Function(((0.0,), (1.5,), (-2.0,))),
        lambda x: (math.exp(x), math.exp(x)),
        (
            Mistake(
                lambda x: (math.exp(x), x * math.exp(x - 1)),
                "That is the rule for powers of x. Here x is the exponent.",
            ),
            Mistake(lambda x: (math.exp(x), 1.0), "The slope of exp changes: measure it at 0 and at 1.5."),
            Mistake(
                lambda x: (math.exp(x), x), "That is the exponent, not the slope. Measure it at 0 and at 1.5."
            ),
            Mistake(lambda x: math.exp(x), "Give a pair: the value, and the slope at this number."),
        ),
        "exp is its own slope, so the value that was computed can be used again.",
        "Measure the slope of exp at 1.5, and compare it with the value there.",
    ),
    Exercise(
        "06-2",
        "Write a function answer(number) that returns the pair (value, local derivative) of relu, with slope 0 at 0.",
        Function(((2.0,), (-3.0,), (0.0,), (0.5,))),
        lambda x: (max(x, 0.0), 1.0 if x > 0 else 0.0),
        (
            Mistake(
                lambda x: (max(x, 0.0), 1.0 if x >= 0 else 0.0),
                "Only at 0 it differs: there the slope is 0 by choice.",
            ),
            Mistake(
                lambda x: (max(x, 0.0), max(x, 0.0)),
                "The slope is not the value: where relu passes x on, it is 1.",
            ),
            Mistake(
                lambda x: (max(x, 0.0), 1.0),
                "For a number below 0 the result stays at 0, wherever the number moves. What is its slope there?",
            ),
            Mistake(lambda x: max(x, 0.0), "That is the value. Give a pair: the value, and the slope."),
            Mistake(
                lambda x: (abs(x), math.copysign(1.0, x) if x else 0.0),
                "That is the absolute value. relu is 0 below 0.",
            ),
        ),
        "A gate: open, and the gradient goes through unchanged; closed, and nothing passes.",
        "Above 0 relu(x) is x, below 0 it is 0. What are the slopes of these two lines?",
    ),
    Exercise(
        "06-3",
        'With = in place of += in backward, for which formula is the gradient of a still right: "a * b", "a * a" or '
        '"a * b + a"?',
        Choice(("a * b", "a * a", "a * b + a")),
        "a * b",
        (
            Mistake(
                "a * a", "a is both operands here: two contributions come, and the second replaces the first."
            ),
            Mistake("a * b + a", "a gets one contribution from the product and one from the sum."),
        ),
        "Each operand is used once. A test that uses only such formulas does not find the mistake.",
        "In which formula is a used exactly once?",
    ),
    Exercise(
        "06-4",
        "Write answer(parents): for each node, operands first, a list of pairs (number of the operand, local "
        "derivative); the last node is the result. It returns the list of all gradients.",
        Function(((_TWICE,), (_LONG,))),
        _gradients,
        (
            Mistake(
                lambda parents: _gradients(parents, add=False),
                "Contributions replace each other. They add up: +=.",
            ),
            Mistake(
                lambda parents: _gradients(parents, forwards=True),
                "You go forwards. A node's gradient is complete after those of its users: begin at the end.",
            ),
            Mistake(
                lambda parents: _gradients(parents, start=0.0),
                "All zero: the result's own gradient is 1, and it starts there.",
            ),
            Mistake(
                lambda parents: _gradients(parents)[::-1],
                "The right numbers, turned round: the list begins with the first node, not with the result.",
            ),
        ),
        "That is reverse-mode automatic differentiation, all of it.",
        "For the example the result is [-2.0, 2.0, 1.0, 1.0]. The last node starts with 1.",
    ),
)
