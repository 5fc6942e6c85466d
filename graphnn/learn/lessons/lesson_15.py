"""Learning rates: the limit of a bowl, decay, and the cosine."""

from __future__ import annotations

import math

from graphnn.learn.answers import Choice, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

EXERCISES = (
    Exercise(
        "15-1",
        "The loss is 4 w². Its curvature is 8. From which learning rate on does gradient descent no longer converge?",
        Number(),
        2 / 8,
        (
            Mistake(
                1 / 8, "With that rate one step leads to the bottom. Twice as long still comes back nearer."
            ),
            Mistake(2 / 4, "The curvature is the second derivative: 8, not 4."),
            Mistake(8 / 2, "Turned round: the more curved the bowl, the shorter the steps must be."),
        ),
        "Each step multiplies w by 1 - 8 · rate, which must stay above -1.",
        "For which rate is the factor 1 - 8 · rate equal to -1?",
    ),
    Exercise(
        "15-2",
        "Linear decay from 0.1 to 0 over 200 steps: what is the rate after 150 steps?",
        Number(),
        0.1 * (1 - 150 / 200),
        (
            Mistake(0.1 * 150 / 200, "That is how much has been lost. What is left?"),
            Mistake(1 - 150 / 200, "That is the factor. Multiply it by the rate at the start."),
            Mistake(
                0.1 - 150 / 200, "The factor 1 - 150/200 multiplies the rate; it is not subtracted from it."
            ),
        ),
        "A quarter of the rate at the start.",
        "Which part of the 200 steps is left?",
    ),
    Exercise(
        "15-3",
        'The loss jumps up and down from step to step and grows. The rate is: "too small", "too large" or "right"?',
        Choice(("too small", "too large", "right")),
        "too large",
        (
            Mistake("too small", "Small steps follow the slope down; they do not jump."),
            Mistake("right", "With the right rate the loss falls, on the whole."),
        ),
        "Halve it, or test for it.",
        "What does a walker do that steps farther than to the opposite wall?",
    ),
    Exercise(
        "15-4",
        "Write a function answer(step, steps): the factor of the cosine schedule, 1 at step 0, falling to 0 at steps.",
        Function(((0, 100), (25, 100), (50, 100), (100, 100), (3, 7))),
        lambda step, steps: (1 + math.cos(math.pi * step / steps)) / 2,
        (
            Mistake(
                lambda step, steps: math.cos(math.pi * step / steps),
                "That falls from 1 to -1. Shift it and halve it, so that it falls to 0.",
            ),
            Mistake(
                lambda step, steps: math.cos(math.pi / 2 * step / steps),
                "That is a quarter of a wave: it ends steeply. Half a wave is flat at both ends.",
            ),
            Mistake(
                lambda step, steps: (1 + math.cos(2 * math.pi * step / steps)) / 2,
                "That is a whole wave: at the end it is 1 again.",
            ),
            Mistake(lambda step, steps: 1 - step / steps, "That is linear decay."),
        ),
        "Flat at the start, flat at the end.",
        "The cosine of 0 is 1, that of pi is -1.",
    ),
)
