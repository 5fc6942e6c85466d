"""Pictures: what they show, how much of the graph, films, wrong ways, and the command line."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Mapping
from pathlib import Path

import graphnn as gn
from graphnn.learn.answers import Choice, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_COMMAND = "graphnn draw net.json --depth 1 --slide 16:9 -o net.pdf"
_OPEN = "dense3"


def _hint_for_view(answer: object) -> str | None:
    """Any text of views in which the ledger and the health stand."""
    import viz

    if not isinstance(answer, str):
        raise UnreadableAnswerError(f"A text is asked for, as 'values+gradients'; found {answer!r}.")
    if "+" not in answer and len(answer.replace(",", " ").split()) > 1:
        return "Two views are joined by a plus sign."
    names = {name.strip() for name in answer.split("+")}
    for name in sorted(names - set(viz.VIEWS)):
        return f"There is no view {name!r}. The list in the lesson has the names."
    if "ledger" not in names:
        return "No view in it writes the products on the wires. Which one speaks of upstream × local?"
    if "health" not in names:
        return "The products are there. What vanishes or is dead is marked by another view; join it by +."
    return None


def _deep() -> gn.Graph:
    x = gn.input("x", ("batch", 8), "float64")
    return gn.Graph(gn.nn.Sequential([gn.nn.Dense(8, gn.tanh) for _ in range(10)], seed=1)(x))


def _hint_for_settings(answer: object) -> str | None:
    """Settings of viz.draw with which one layer of ten stands open on a slide that can be read."""
    import viz

    if not isinstance(answer, Mapping) or not all(isinstance(key, str) for key in answer):
        raise UnreadableAnswerError(f"A dictionary of settings is asked for, found {answer!r}.")
    if answer.get("slide") != "16:9":
        return "The picture is not made for a slide of 16:9 yet. Which setting says so?"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawing = viz.draw(_deep(), **answer)
            layers = {group.label for group in drawing.scene.groups if group.label.startswith("dense")}
    except (TypeError, ValueError, gn.GraphnnError) as error:
        raise UnreadableAnswerError(f"viz.draw does not take these settings: {error}") from None
    if _OPEN not in layers:
        return f"{_OPEN} does not stand open. Which setting keeps a scope open?"
    if len(layers) > 1:
        return (
            f"{len(layers)} layers stand open, so the text gets small. Fold the layers first, then open one."
        )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        drawing.sheets  # noqa: B018 - fits the picture, which warns of small text
    if any(issubclass(warning.category, viz.SmallTextWarning) for warning in said):
        return "One layer is open, but the text is too small for the last row: show less beside it."
    return None


def _hint_for_command(answer: object) -> str | None:
    """The words of the command, in any order."""
    if not isinstance(answer, str):
        raise UnreadableAnswerError(f"The command is asked for as a text, found {answer!r}.")
    try:
        words = shlex.split(answer.replace("=", " "))
    except ValueError as error:
        raise UnreadableAnswerError(f"A terminal cannot read that: {error}.") from None
    if words[:2] != ["graphnn", "draw"]:
        return "It begins with the words graphnn draw; viz.draw is for Python."
    after = dict(zip(words, [*words[1:], ""], strict=True))
    if "net.json" not in words:
        return "Which file is to be drawn? Its name stands behind graphnn draw."
    out = after.get("-o", after.get("--output"))
    if out is None:
        return "It prints a tree into the terminal. The file that is written stands behind -o."
    if Path(out).name != "net.pdf":
        return f"The picture goes to {out!r}; asked is net.pdf, whose ending makes it a PDF."
    if after.get("--depth") != "1":
        return "Nothing folds the outermost scopes. It is the setting that viz.draw calls depth."
    if after.get("--slide") != "16:9":
        return "It is not fitted to a slide of 16:9 yet."
    return None


def _steps_forward() -> int:
    """A picture of the start, then one for every op that is computed."""
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return 1 + sum(node.role == "op" for node in gn.Graph(gn.tanh(a * b + a)).nodes)


EXERCISES = (
    Exercise(
        "25-1",
        "Which text for view= shows how each contribution came about, and marks what vanishes or is dead?",
        Property(_hint_for_view),
        "ledger+health",
        (
            Mistake("ledger", "The products are there."),
            Mistake("gradients+health", "No view in it writes the products on the wires."),
            Mistake("ledger, health", "Two views are joined by a plus sign."),
            Mistake("ledgers+health", "There is no view 'ledgers'."),
        ),
        "Two views, one picture.",
        "Look for upstream × local in the list of views.",
    ),
    Exercise(
        "25-2",
        "With which settings does the net of ten layers go onto a 16:9 slide, readable, folded but for dense3?",
        Property(_hint_for_settings),
        {"slide": "16:9", "depth": 2, "unfold": "dense3"},
        (
            Mistake({"slide": "16:9"}, "dense3 does not stand open."),
            Mistake({"slide": "16:9", "unfold": "dense3"}, "10 layers stand open"),
            Mistake({"depth": 2, "unfold": "dense3"}, "The picture is not made for a slide of 16:9 yet."),
            Mistake({"slide": "16:9", "depth": 1, "unfold": ["dense3", "dense4"]}, "2 layers stand open"),
        ),
        "Fold first, then open the one that you talk about.",
        "Three settings: slide, depth and unfold.",
    ),
    Exercise(
        "25-3",
        'y = gn.tanh(a * b + a). How many pictures has viz.frames(gn.trace(y), phases="forward")?',
        Number(0),
        _steps_forward(),
        (
            Mistake(
                3, "There is one for each operation, and one more: what is seen before anything is computed?"
            ),
            Mistake(5, "That is the number of nodes. a and b are given together, in one picture."),
            Mistake(1, "That is one picture of the whole run, as viz.draw gives it."),
        ),
        "The start, then product, sum and tanh.",
        "Count the operations; look at the first caption of the film in the lesson.",
    ),
    Exercise(
        "25-4",
        "For x · x at x = 3 a program finds the gradient 3. Which of the names in viz.WRONG_WAYS is it?",
        Choice(("depth-first", "early update", "in-place", "no zeroing", "overwrite")),
        "overwrite",
        (
            Mistake("no zeroing", "That would make it too large: two passes in one number."),
            Mistake(
                "early update",
                "Then the gradient is taken at another x. Here it is just half of the right one.",
            ),
            Mistake("depth-first", "x is a leaf and hands nothing on, so the order does no harm here."),
            Mistake("in-place", "Then a value would be lost. The 3 was there; how often should it count?"),
        ),
        "Two contributions of 3, and the second has replaced the first.",
        "The right gradient is 6: two contributions of 3. What became of one of them?",
    ),
    Exercise(
        "25-5",
        "Write the command that draws net.json, outermost scopes folded, for a 16:9 slide, into net.pdf.",
        Property(_hint_for_command),
        _COMMAND,
        (
            Mistake("graphnn draw net.json --depth 1 --slide 16:9", "It prints a tree into the terminal."),
            Mistake("graphnn draw net.json --slide 16:9 -o net.pdf", "Nothing folds the outermost scopes."),
            Mistake("graphnn draw net.json --depth 1 --page a4 -o net.pdf", "It is not fitted to a slide"),
            Mistake(
                "viz.draw net.json --depth 1 --slide 16:9 -o net.pdf", "It begins with the words graphnn draw"
            ),
        ),
        "The words are those of viz.draw, with two dashes.",
        "The settings are called as in Python.",
    ),
)
