"""Shared variables: contributions add up, in an order in which each sum is complete before it is passed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnn.learn.answers import Number, Order, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

Users = dict[str, list[str]]

# In the second, a plain walk from the end reaches the shared node too early, by either branch.
_GRAPHS: tuple[Users, ...] = (
    {"x": ["p", "y"], "p": ["y"], "y": []},
    {
        "a": ["d"],
        "b": ["d", "f"],
        "c": ["e"],
        "d": ["e", "g", "f"],
        "e": ["g"],
        "f": ["L"],
        "g": ["L"],
        "L": [],
    },
    # Written down in no order at all: turning the dictionary round is not enough.
    {"L": [], "w": ["u", "v"], "v": ["L"], "u": ["v", "L"]},
)


def _hint_for_backward_order(answer: Any) -> str | None:
    names = ("p", "q", "x", "y")
    found = Order(names).read(answer)
    if sorted(found) != sorted(names):
        return "Each of the four names stands in the order exactly once."
    if found == ("x", "p", "q", "y"):
        return "That is the order of the forward pass. Backwards, the result comes first."
    if found.index("p") < found.index("q"):
        return "q is made of p, so q still has a contribution for p when p would already be passing on. q goes first."
    if found != ("y", "q", "p", "x"):
        return (
            "A node has its turn after everything that uses it: x is used by p and q, and y uses the others."
        )
    return None


def _hint_for_sorting(answer: Any) -> str | None:
    if not callable(answer):
        raise UnreadableAnswerError("A function is asked for: answer(users) returns a list of names.")
    for users in _GRAPHS:
        try:
            order = answer({name: list(used_by) for name, used_by in users.items()})
        except Exception as error:  # noqa: BLE001 - whatever a reader's function does is told to its writer
            raise UnreadableAnswerError(
                f"Your function stopped with {type(error).__name__}: {error}"
            ) from None
        hint = _hint_for_order_of(users, order)
        if hint:
            return f"For {users}: {hint}"
    return None


def _hint_for_order_of(users: Users, order: Any) -> str | None:
    if not isinstance(order, list | tuple):
        found = "nothing. Is there a return?" if order is None else f"{type(order).__name__}."
        return f"a list is asked for, found {found}"
    if len(set(order)) < len(order):
        return "a name stands twice. A node is visited once, when all its users have been."
    if sorted(order) != sorted(users):
        return f"every name stands in the order, and no other; found {order}."
    for name, used_by in users.items():
        for user in used_by:
            if order.index(user) > order.index(name):
                return f"{name} comes before {user}, which uses it: its sum is not complete there."
    return None


def _right_order(users: Users) -> list[str]:
    order: list[str] = []
    while len(order) < len(users):
        order += [n for n in users if n not in order and all(u in order for u in users[n])]
    return order


def _walk(users: Users, again: Callable[[str, list[str]], bool]) -> list[str]:
    """From the result back to the operands at once, depth first."""
    operands: Users = {name: [n for n in users if name in users[n]] for name in users}
    order: list[str] = []
    todo = [name for name in users if not users[name]]
    while todo:
        name = todo.pop(0)
        if again(name, order):
            order.append(name)
            todo = operands[name] + todo
    return order


EXERCISES = (
    Exercise(
        "04-1",
        "x = 4, y = x * x * x, where the same x is used three times. What is the slope of y with respect to x?",
        Number(),
        3 * 4**2,
        (
            Mistake(
                4**3, "That is the value of y. Three contributions come back to x; what is each of them?"
            ),
            Mistake(
                4**2, "That is the contribution of one use. x is used three times, and all of them add up."
            ),
            Mistake(2 * 4, "That is the slope of x * x. There are three factors."),
            Mistake(
                1 + 1 + 1,
                "In a product an operand brings the product of its partners; it is in a sum that it brings 1.",
            ),
        ),
        "Three contributions of 16.",
        "Each use of x brings the product of the two other factors. Add the three.",
    ),
    Exercise(
        "04-2",
        "p = x * x, q = p + x, y = p * q. Write p, q, x, y in an order in which a backward pass may visit them.",
        Property(_hint_for_backward_order),
        ["y", "q", "p", "x"],
        (
            Mistake(["x", "p", "q", "y"], "That is the order of the forward pass."),
            Mistake(["y", "p", "q", "x"], "q is made of p, so q still has a contribution for p"),
            Mistake(["q", "y", "p", "x"], "A node has its turn after everything that uses it"),
        ),
        "The only order here: each node is used by the one before it.",
        "Begin at the result. Then take a node only when everything that uses it has been taken.",
    ),
    Exercise(
        "04-3",
        "x = 2, y = 5 * x. y.backward() is called three times, and nothing is zeroed. What does x.grad say?",
        Number(),
        3 * 5,
        (
            Mistake(5, "That is one pass. The second and third add to what is there."),
            Mistake(
                5**3, "The passes do not follow each other in the graph; they add, they do not multiply."
            ),
            Mistake(10, "That is the value of y, or two passes. Three were run."),
        ),
        "Three times too much: a training step with it would be three times too long.",
        "What does one pass give? The others add the same.",
    ),
    Exercise(
        "04-4",
        "Write a function answer(users) that returns an order for the backward pass as a list; users gives for each "
        "name the list of names that use it. A node comes after all its users.",
        Property(_hint_for_sorting),
        _right_order,
        (
            Mistake(
                lambda users: _walk(users, lambda name, order: name not in order),
                "its sum is not complete there.",
            ),
            Mistake(lambda users: _walk(users, lambda name, order: True), "a name stands twice."),
            Mistake(
                lambda users: [n for n in users if not users[n]],
                "every name stands in the order, and no other; found ",
            ),
            Mistake(lambda users: list(reversed(users)), "v comes before L, which uses it"),
        ),
        "This is what every framework does before it computes a single gradient.",
        "Take a node as soon as all its users have been taken; repeat until none is left.",
    ),
)
