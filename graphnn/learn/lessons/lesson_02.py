"""Derivatives: by rule, by a difference, and what the step of a difference does."""

from __future__ import annotations

from graphnn.learn.answers import Choice, Function, Number
from graphnn.learn.exercise import Exercise, Mistake


def _cube(x: float) -> float:
    return x**3


def _two_sided(f, x, h):  # type: ignore[no-untyped-def]
    return (f(x + h) - f(x - h)) / (2 * h)


def _one_sided(f, x, h):  # type: ignore[no-untyped-def]
    return (f(x + h) - f(x)) / h


def _divided_by_h(f, x, h):  # type: ignore[no-untyped-def]
    return (f(x + h) - f(x - h)) / h


def _no_parentheses(f, x, h):  # type: ignore[no-untyped-def]
    return (f(x + h) - f(x - h)) / 2 * h


def _not_divided(f, x, h):  # type: ignore[no-untyped-def]
    return f(x + h) - f(x - h)


def _turned_round(f, x, h):  # type: ignore[no-untyped-def]
    return (f(x - h) - f(x + h)) / (2 * h)


EXERCISES = (
    Exercise(
        "02-1",
        "What is the slope of x³ at x = 2?",
        Number(),
        3 * 2**2,
        (
            Mistake(2**3, "That is the value of x³ at 2. The slope says how fast the value changes there."),
            Mistake(3 * 2, "The exponent comes down in front, and what stays is x to the power of 2, not x."),
            Mistake(2 * 2, "One part of the rule is missing: the exponent comes down as a factor."),
        ),
        "3x² at 2. A measurement with a small step says the same.",
        "Measure it: step from 2 by 0.001 to both sides and divide the movement by 0.002.",
    ),
    Exercise(
        "02-2",
        "Write a Python function answer(f, x, h) that measures the slope of f at x by stepping to both sides.",
        Function(((_cube, 1.0, 0.5), (_cube, -2.0, 0.1))),
        _two_sided,
        (
            Mistake(_one_sided, "You step to one side only. Take f(x + h) and f(x - h)."),
            Mistake(_divided_by_h, "From x - h to x + h the knob moves by 2h, so divide by that."),
            Mistake(_no_parentheses, "/ 2 * h divides by 2, then multiplies by h. Write / (2 * h)."),
            Mistake(_not_divided, "That is how far the result moves. Divide by how far the knob moves."),
            Mistake(_turned_round, "The sign is turned round: later minus earlier, so f(x + h) comes first."),
        ),
        "This works for every function that can be run, even for one that nobody can differentiate.",
        "For x³ at 1 with h = 0.5 the result is (3.375 - 0.125) / 1 = 3.25.",
    ),
    Exercise(
        "02-3",
        'Which step gives the best two-sided measurement: "0.1", "0.00001" or "0.000000000000001"?',
        Choice(("0.1", "0.00001", "0.000000000000001")),
        "0.00001",
        (
            Mistake(
                "0.1", "Over so long a step the curve bends, and the error grows with h². Go on, smaller."
            ),
            Mistake(
                "0.000000000000001",
                "Now f(x + h) and f(x - h) agree in nearly all 16 digits that a computer keeps, and their difference "
                "is made of the last, wrong ones.",
            ),
        ),
        "The bottom of the V: the bend of the curve and the lost digits are both small there.",
        "Look at the table of errors once more: they fall, then they rise.",
    ),
    Exercise(
        "02-4",
        "a = 4, b = -2, c = a * b. How much does c move, roughly, if b grows by 0.01?",
        Number(1e-4),
        4 * 0.01,
        (
            Mistake(-2 * 0.01, "That is what happens if a grows. For b, the partner is a."),
            Mistake(4, "That is the slope. Multiply it by the movement, 0.01."),
            Mistake(4 * (-2 + 0.01), "That is the new value of c. How far is it from the old one?"),
        ),
        "Slope times movement: 4 · 0.01.",
        "Which is the slope of a · b with respect to b? Multiply it by the movement.",
    ),
)
