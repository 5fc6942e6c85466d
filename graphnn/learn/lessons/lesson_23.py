"""The engine: lifetimes, shared memory, what a product costs, fair timing, and values computed again."""

from __future__ import annotations

import graphnn as gn
from graphnn.learn.answers import Choice, Number, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_LONG = 16
_ROOM = 8000
_ROOMS = 10


def _last_reader() -> int:
    """The last step in which s is read, by the plan of the lesson's small graph."""
    p, q = gn.input("p", (), "float64"), gn.input("q", (), "float64")
    s = (p + q).named("s")
    rows = gn.Program(s * q - s, optimize=False).lifetimes().rows
    return next(row.last for row in rows if row.node is s)


def _sines(count: int, block: int = 0) -> gn.Node:
    """A chain of sines of 1000 numbers each, in blocks that are computed again; none where block is 0."""
    node = gn.input("x", (1000,), "float64")
    if not block:
        for _ in range(count):
            node = gn.sin(node)
        return node
    for at in range(0, count, block):
        with gn.checkpoint(f"block{at // block}"):
            for _ in range(min(block, count - at)):
                node = gn.sin(node)
    return node


def _hint_for_blocks(answer: object) -> str | None:
    """A chain of sixteen sines whose slope needs few rooms."""
    if not isinstance(answer, gn.Node):
        raise UnreadableAnswerError(f"A node is asked for, the last of your chain; found {answer!r}.")
    graph = gn.Graph(answer)
    if len(graph.inputs) != 1 or graph.inputs[0].shape != (1000,):
        return "Begin at one input: the x of the exercise, of shape (1000,)."
    sines = sum(node.op.name == "sin" for node in graph.nodes)
    if sines != _LONG or len(graph.nodes) != _LONG + 1:
        return f"The chain has {_LONG} sines and nothing else; yours has {sines}."
    program = gn.Program(gn.gradient(gn.sum(answer), graph.inputs[0]))
    rooms = program.memory()["arena"] / _ROOM
    if rooms <= _ROOMS:
        return None
    names = {node.scope for node in graph.nodes if "checkpoint " in node.scope}
    if not names:
        return f"No block is there yet, and {rooms:.0f} rooms are needed. Put sines into `with gn.checkpoint(...)`."
    if len(names) == 1:
        return (
            f"All is one block, and {rooms:.0f} rooms are needed: computed again, its values are all alive at one "
            "time. If you have a loop, give each block a name of its own."
        )
    return (
        f"{len(names)} blocks need {rooms:.0f} rooms. What stands between blocks is kept, what is inside of one is "
        "alive together: look for the middle."
    )


EXERCISES = (
    Exercise(
        "23-1",
        "s = p + q, t = s * q, z = t - s are the steps 0, 1 and 2. In which step is s read for the last time?",
        Number(0),
        _last_reader(),
        (
            Mistake(1, "t reads it there, but somebody else needs it later."),
            Mistake(0, "There it is made. Who reads it?"),
            Mistake(3, "That would be after the end, as for a result that is handed out."),
        ),
        "Its room is kept until z is made.",
        "Which of the formulas have s on the right-hand side?",
    ),
    Exercise(
        "23-2",
        "A chain of twelve sines, each value 8000 bytes, only the last wanted. How many bytes does the arena need?",
        Number(0),
        gn.Program(_sines(12)).memory()["arena"],
        (
            Mistake(12 * _ROOM, "That keeps all twelve. Who reads the third, once the fourth is there?"),
            Mistake(_ROOM, "While a sine is computed, its operand is still being read."),
            Mistake(3 * _ROOM, "Which three would be alive in one step?"),
        ),
        "Two rooms that take turns, however long the chain is.",
        "How many values are alive in one step, and how large is each?",
    ),
    Exercise(
        "23-3",
        "How many operations does gn.cost count for (32, 64) @ (64, 10)?",
        Number(0),
        gn.cost(gn.input("a", (32, 64)) @ gn.input("b", (64, 10))).operations,
        (
            Mistake(32 * 64 * 10, "Those are the products. Each of them is added to something, too."),
            Mistake(2 * 64 * 10, "That is one row of the result. There are 32."),
            Mistake(32 * 10, "That many numbers come out. How much work is each?"),
            Mistake(32 * 64 + 64 * 10, "That many numbers go in. Each is used many times."),
        ),
        "A product and a sum for every combination of the three axes.",
        "Each number of the result is a sum over the inner axis of 64.",
    ),
    Exercise(
        "23-4",
        'NumPy: ten calls, the mean. graphnn: the first call. Whom does this favour: "numpy", "graphnn" or "nobody"?',
        Choice(("numpy", "graphnn", "nobody")),
        "numpy",
        (
            Mistake(
                "graphnn", "Its first call makes the plan as well, perhaps even kernels. Who gains by that?"
            ),
            Mistake("nobody", "What is done in a first call that is not done in the second?"),
        ),
        "The first call pays for the plan; let both warm up, then take turns.",
        "Think of what happens in a first call only.",
    ),
    Exercise(
        "23-5",
        "Build a chain of 16 sines with gn.checkpoint, so that the program of its slope needs at most 10 rooms.",
        Property(_hint_for_blocks),
        _sines(_LONG, 4),
        (
            Mistake(_sines(_LONG), "No block is there yet"),
            Mistake(_sines(_LONG, _LONG), "All is one block"),
            Mistake(_sines(_LONG, 1), "16 blocks need"),
            Mistake(_sines(12, 4), "yours has 12"),
        ),
        "Few rooms, and the price is a part of the forward pass that is computed twice.",
        "Try blocks of four.",
    ),
)
