"""Reverse mode and forward mode: how many passes, and what a pass carries."""

from __future__ import annotations

from graphnn.learn.answers import Choice, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

EXERCISES = (
    Exercise(
        "05-1",
        "A function has 3 inputs and 100 results. How many passes does the cheaper mode take for the whole Jacobian?",
        Number(0),
        min(3, 100),
        (
            Mistake(100, "That is reverse mode, one pass for each result. The other one is cheaper here."),
            Mistake(
                300, "That is how many numbers the Jacobian has. One pass gives a whole column or row of it."
            ),
            Mistake(1, "One forward pass follows the movement of a single input. There are three."),
        ),
        "Three forward passes, one for each input.",
        "Forward mode takes one pass for each input, reverse mode one for each result.",
    ),
    Exercise(
        "05-2",
        'A network has 10 000 weights and one loss. Which mode needs fewer passes for all slopes: "forward", "reverse", '
        'or "both are equal"?',
        Choice(("forward", "reverse", "both are equal")),
        "reverse",
        (
            Mistake(
                "forward",
                "That would take a pass for each of the 10 000 weights. How many results are there?",
            ),
            Mistake(
                "both are equal", "The numbers are, but not the number of passes: count inputs and results."
            ),
        ),
        "One backward pass gives all 10 000 slopes.",
        "Count inputs and results.",
    ),
    Exercise(
        "05-3",
        "x = 2 moves with speed 3; w = 5 stands still. With which speed does x · w + x move?",
        Number(),
        3 * 5 + 3,
        (
            Mistake(3 * 5, "That is the product's speed. x itself is added, and it moves too."),
            Mistake(
                5 + 1, "That is the slope. x moves with speed 3, so everything moves three times as fast."
            ),
            Mistake(2 * 5 + 2, "That is the value. The speed of a product is the speed of x times w."),
        ),
        "15 from the product and 3 from x itself.",
        "What is the speed of x · w alone? And what moves besides it?",
    ),
    Exercise(
        "05-4",
        "Write a function answer(a, da, b, db) that gives the pair (value, speed) of the product a · b, where da and "
        "db are the speeds of a and b.",
        Function(((2.0, 1.0, 5.0, 0.0), (3.0, -1.0, 0.5, 4.0))),
        lambda a, da, b, db: (a * b, da * b + a * db),
        (
            Mistake(
                lambda a, da, b, db: (a * b, da * db),
                "The speed of a product is not the product of the speeds: if b stands still, a · b still moves.",
            ),
            Mistake(
                lambda a, da, b, db: (a * b, da * a + b * db),
                "Each speed counts with the *other* factor: its partner.",
            ),
            Mistake(lambda a, da, b, db: da * b + a * db, "The speed is right. Give a pair: (value, speed)."),
            Mistake(
                lambda a, da, b, db: (da * b + a * db, a * b),
                "Both numbers are right, in the wrong places: first the value, then the speed.",
            ),
            Mistake(
                lambda a, da, b, db: (a * b, da + db),
                "That is the speed of the sum a + b. In a product each speed counts with the other factor.",
            ),
        ),
        "With a rule like this for every operation you have built forward mode: such pairs are called dual numbers.",
        "Each speed is multiplied by the local derivative of its edge. Which are the local derivatives of a product?",
    ),
)
