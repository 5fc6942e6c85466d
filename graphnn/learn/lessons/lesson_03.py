"""The chain rule: multiply along a path, add where paths meet."""

from __future__ import annotations

import math

import graphnn as gn
from graphnn.learn.answers import Expression, Function, Number
from graphnn.learn.exercise import Exercise, Mistake

_X = gn.input("x", (), "float64")

EXERCISES = (
    Exercise(
        "03-1",
        "y = (5x - 2)². What is the slope of y with respect to x at x = 1?",
        Number(),
        2 * (5 * 1 - 2) * 5,
        (
            Mistake(
                2 * (5 * 1 - 2), "That is the slope of the square alone. One more edge lies on the path."
            ),
            Mistake((5 * 1 - 2) ** 2, "That is the value of y. The slope is a product of local derivatives."),
            Mistake(2 * (5 * 1 - 2) + 5, "Along one path the local derivatives are multiplied, not added."),
            Mistake(2 * 1 * 5, "The slope of the square is twice what is squared: 5x - 2, not x."),
        ),
        "6 at the square, 1 at the difference, 5 at the product: 30.",
        "Draw the path x, 5x, 5x - 2, y, and write the local derivative on each of its three edges.",
    ),
    Exercise(
        "03-2",
        "y = 3x + x · x. What is the slope at x = 4?",
        Number(),
        3 + 4 + 4,
        (
            Mistake(
                3 * (4 + 4), "You multiplied the two ways. They do not follow each other: they meet, so add."
            ),
            Mistake(3 + 4, "x · x has two edges from x. Each brings 4."),
            Mistake(4 + 4, "The other way, 3x, contributes too."),
            Mistake(3 * 4 + 4 * 4, "That is the value of y at 4."),
        ),
        "Three edges leave x, and three contributions come back: 3 + 4 + 4.",
        "Count the edges that leave x, and write the local derivative on each.",
    ),
    Exercise(
        "03-3",
        "a and b are both made of x; c and d are each made of a and b; y = c + d. How many paths lead from x to y?",
        Number(0),
        4,
        (
            Mistake(2, "Two edges leave x, but each of a and b goes to c and to d."),
            Mistake(8, "That is the number of edges. A path is a way from x to y along several of them."),
            Mistake(6, "x-a-c-y is one path. List all that begin with a, then all that begin with b."),
        ),
        "Two choices after x, and two after each of these. Ten such stages would be 1024 paths; lesson 4 shows why "
        "nobody has to walk them all.",
        "Write the paths down one after the other, as x-a-c-y.",
    ),
    Exercise(
        "03-4",
        'With x = gn.input("x", (), "float64"), build a node for tanh(3x).',
        Expression(({"x": 0.3}, {"x": -1.0}), slopes=("x",)),
        gn.tanh(3.0 * _X),
        (
            Mistake(3.0 * gn.tanh(_X), "That is 3 · tanh(x): the factor stands outside and is never bent."),
            Mistake(gn.tanh(_X) ** 3, "That is the third power of tanh(x). Here x is multiplied by 3 first."),
            Mistake(gn.tanh(_X), "Where is the 3?"),
        ),
        "Its slope is 3 (1 - tanh²(3x)): two local derivatives on one path.",
        "First make the node 3x, then give it to gn.tanh.",
    ),
    Exercise(
        "03-5",
        "Write a Python function answer(paths): it gets a list of paths, each a list of local derivatives, and returns "
        "the gradient. For [[2, 3], [4]] it returns 10.",
        Function((([[2.0, 3.0], [4.0]],), ([[1.0, -2.0, 0.5], [3.0, 3.0], [7.0]],), ([],))),
        lambda paths: sum(math.prod(path) for path in paths),
        (
            Mistake(
                lambda paths: sum(sum(path) for path in paths),
                "You add along the paths. Along a path, multiply.",
            ),
            Mistake(
                lambda paths: math.prod(math.prod(path) for path in paths),
                "You multiply the paths with each other. Where paths meet, add.",
            ),
            Mistake(
                lambda paths: math.prod(sum(path) for path in paths),
                "Turned round: multiply within a path, add over the paths.",
            ),
            Mistake(
                lambda paths: [math.prod(path) for path in paths],
                "These are the contributions, one for each path. The gradient is one number: what becomes of them?",
            ),
        ),
        "The whole chain rule in one line.",
        "One thing is done with the numbers along a path, another over the paths. Without any path the gradient is 0.",
    ),
)
