"""Ops of one's own: a slope, a kernel, a sum that was forgotten, a composite, and a whole declaration."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphnn as gn
from graphnn.learn.answers import Choice, Expression, Function, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_X = gn.input("x", (4,), "float64")
_BETA = gn.input("beta", (), "float64")
_PLACES = np.array([-2.0, -0.5, 0.0, 1.0, 3.0])
_CASES = tuple((g, x, x**3) for g, x in ((1.0, 2.0), (0.5, -1.0), (-2.0, 0.5)))


def _kernel(x: np.ndarray, y: np.ndarray) -> None:
    for i in range(y.size):
        y[i] = x[i] * x[i] / (1.0 + abs(x[i]))


def _gives_back(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return x**2 / (1.0 + np.abs(x))


def _one_short(x: np.ndarray, y: np.ndarray) -> None:
    _kernel(x[:-1], y[:-1])


def _without_size(x: np.ndarray, y: np.ndarray) -> None:
    y[:] = x * x / (1.0 + x)


def _changes_x(x: np.ndarray, y: np.ndarray) -> None:
    _kernel(x, y)
    x[:] = y


def _hint_for_kernel(answer: Any) -> str | None:
    """Every element is written, and the operand is left as it was."""
    if not callable(answer):
        raise UnreadableAnswerError(f"A function answer(x, y) is asked for, found {answer!r}.")
    x, y = _PLACES.copy(), np.full(5, np.nan)
    wanted = _PLACES**2 / (1.0 + np.abs(_PLACES))
    try:
        with np.errstate(all="ignore"):
            answer(x, y)
    except Exception as error:  # noqa: BLE001 - whatever a reader's function does is told to its writer
        raise UnreadableAnswerError(f"Your kernel stopped with {type(error).__name__}: {error}") from None
    if not np.array_equal(x, _PLACES):
        return "Your kernel changes x. Others may still need it: write into y only."
    written = ~np.isnan(y)
    if not written.any():
        return (
            "y is as it was: a kernel gives nothing back, it fills y. Write y[i] = ... (or y[:] = ...); "
            "y = ... only gives the name to another array."
        )
    if not written.all():
        return f"Element {int(np.argmin(written))} of {len(y)} was never written."
    if not np.allclose(y, wanted):
        worst = int(np.argmax(~np.isclose(y, wanted)))
        return f"At x = {_PLACES[worst]:g} y should be {wanted[worst]:.4g}, and yours is {y[worst]:.4g}."
    return None


def _hint_for_op(answer: Any) -> str | None:
    """The op computes x / (1 + x^2), and its check finds nothing."""
    if not isinstance(answer, gn.Op):
        raise UnreadableAnswerError(
            "An op is asked for: the name under the decorator @gn.op or @gn.composite, without brackets; "
            f"found {type(answer).__name__}."
        )
    if len(answer.ports) != 1:
        return f"One operand is asked for, x; yours has {len(answer.ports)}: {', '.join(answer.ports)}."
    checked = gn.check_op(answer)
    if not checked.ok:
        return f"The check says: {checked.findings[0]}"
    found = gn.Program([answer(gn.constant(_PLACES, "float64"))]).run({})[0]
    wanted = _PLACES / (1.0 + _PLACES**2)
    if not np.allclose(found, wanted):
        worst = int(np.argmax(~np.isclose(found, wanted)))
        return (
            f"It is sound, but it is another function: at {_PLACES[worst]:g} it gives {found[worst]:.4g}, "
            f"and {wanted[worst]:.4g} is asked for."
        )
    return None


def _made(kind: str = "right") -> gn.Op:
    """An op with the asked or a spoilt slope; its name is given back at once."""
    name = "bend_of_lesson_24"

    def meaning(x: Any) -> Any:
        """A bend that returns to 0. Shapes: x (*s) -> y (*s)."""
        return x / (1.0 + x * x) if kind != "other" else x / (2.0 + x * x)

    meaning.__module__ = "answers"  # what belongs to graphnn cannot be undeclared
    if kind in ("right", "other"):
        made = gn.composite("x(*s) -> y(*s)", latex="{x}", samples=[(3, 4)], name=name)(meaning)
    else:
        made = gn.op("x(*s) -> y(*s)", latex="{x}", samples=[(3, 4)], name=name)(meaning)
    if kind == "wrong slope":
        made.kernel(_bend_kernel)
        made.vjp(lambda g, x, y: [g / (1.0 + x * x)])
    gn.undeclare(name)
    return made


def _bend_kernel(x, y):  # type: ignore[no-untyped-def]
    for i in range(y.size):
        y[i] = x[i] / (1.0 + x[i] * x[i])


EXERCISES = (
    Exercise(
        "24-1",
        "The slope of y = x³: write a function answer(g, x, y) that returns the contribution to x.",
        Function(_CASES),
        lambda g, x, y: g * 3.0 * x * x,
        (
            Mistake(
                lambda g, x, y: 3.0 * x * x,
                "That is the local slope. How does what comes from the loss enter?",
            ),
            Mistake(lambda g, x, y: g * y, "That is g times the value. Which slope has x³?"),
            Mistake(lambda g, x, y: g * 3.0 * x, "The exponent falls by one only: from three to two."),
            Mistake(lambda g, x, y: g + 3.0 * x * x, "Along a path factors are multiplied, not added."),
            Mistake(lambda g, x, y: [g * 3.0 * x * x], "Right, but here without the list around it."),
        ),
        "g times the local slope: all the chain rule asks of an op.",
        "g times the local slope.",
    ),
    Exercise(
        "24-2",
        "Write a kernel answer(x, y) for y = x² / (1 + |x|).",
        Property(_hint_for_kernel),
        _kernel,
        (
            Mistake(_gives_back, "a kernel gives nothing back, it fills y"),
            Mistake(_one_short, "Element 4 of 5 was never written."),
            Mistake(_changes_x, "Your kernel changes x."),
            Mistake(_without_size, "At x = -2 y should be 1.333"),
        ),
        "It allocates nothing, gives nothing back, and writes every element.",
        "One loop over range(y.size).",
    ),
    Exercise(
        "24-3",
        'y = height · x with height (); the slopes are [g * height, g * x]. What is missing: "the factor g", "a sum", "a minus" '
        'or "a kernel"?',
        Choice(("the factor g", "a sum", "a minus", "a kernel")),
        "a sum",
        (
            Mistake(
                "the factor g", "Both entries have it. Compare the shapes: that of g * x, and that of height."
            ),
            Mistake("a minus", "More height, more y where x is positive: the sign is right."),
            Mistake("a kernel", "A kernel has no part in the slope."),
        ),
        "(g * x).sum(): one number that serves all elements gets the sum of what they send back.",
        "Which shape has height, and which has g * x?",
    ),
    Exercise(
        "24-4",
        "From x of shape (4,) and beta of shape (), build x · sigmoid(beta · x).",
        Expression(
            (
                {"x": np.array([-2.0, -0.5, 0.5, 3.0]), "beta": 1.5},
                {"x": np.array([0.1, 1.0, -1.0, 2.0]), "beta": 0.3},
            ),
            slopes=("x", "beta"),
        ),
        _X * gn.sigmoid(_BETA * _X),
        (
            Mistake(gn.sigmoid(_BETA * _X), "The factor x in front of the sigmoid is missing."),
            Mistake(_X * gn.sigmoid(_BETA + _X), "beta multiplies x inside of the sigmoid; it is not added."),
            Mistake(_BETA * _X * gn.sigmoid(_X), "beta belongs into the sigmoid, not in front of it."),
            Mistake(gn.sum(_X * gn.sigmoid(_BETA * _X)), "One value for each element of x: no sum."),
        ),
        "No kernel, no slope: both gradients follow from the parts, that of beta with its sum.",
        "Two products and one gn.sigmoid.",
    ),
    Exercise(
        "24-5",
        "Declare an op of your own for y = x / (1 + x²), so that gn.check_op finds nothing wrong; answer with the op.",
        Property(_hint_for_op),
        _made(),
        (
            Mistake(_made("wrong slope"), "The check says: slope: the contribution to x"),
            Mistake(_made("no kernel"), "The check says: declaration: lacks a kernel"),
            Mistake(_made("other"), "It is sound, but it is another function"),
        ),
        "From now on it can stand in any network.",
        "Begin with @gn.composite: its body is one line, and it needs no slope.",
    ),
)
