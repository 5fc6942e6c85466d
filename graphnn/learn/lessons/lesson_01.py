"""Nodes and edges: count them, name what hangs on what, build a graph of your own."""

from __future__ import annotations

import graphnn as gn
from graphnn.learn.answers import Expression, Number, Order, Property, UnreadableAnswerError
from graphnn.learn.exercise import Exercise, Mistake

_NODES = "Build it and draw it: viz.draw(e). Every box is a node, and every wire is an edge."


def _polynomial(order: str = "right") -> gn.Node:
    x = gn.input("x", (), "float64")
    return {
        "right": x * x + 3.0 * x,
        "square of all": (x + 3.0) * (x + 3.0),
        "no square": x + 3.0 * x,
        "product": x * (x * 3.0),
        "three": x * x + 3.0,
    }[order]


def _hint_for_order(answer: object) -> str | None:
    """Any order in which operands come first is right: there are several."""
    names = ("x", "y", "s", "p", "z")
    found = Order(names).read(answer)
    if len(found) != len(set(found)):
        return "A name stands twice. Each node is computed once, however often it is used."
    if set(found) != set(names):
        missing = ", ".join(name for name in names if name not in found)
        return f"All five nodes stand in the order, leaves too. Missing: {missing}."
    for first, then in (("x", "s"), ("y", "s"), ("s", "p"), ("y", "p"), ("p", "z"), ("s", "z")):
        if found.index(first) > found.index(then):
            return f"{then} is computed before {first}, of which it is made: at that moment {first} has no value."
    return None


def _hint_for_shared(answer: object) -> str | None:
    """A graph with one input that is used by exactly two operations."""
    if not isinstance(answer, gn.Node):
        raise UnreadableAnswerError(
            f"One node is asked for, the last of your graph; found {type(answer).__name__} {answer!r}."
        )
    graph = gn.Graph(answer)
    leaves = graph.inputs + graph.parameters
    if len(leaves) != 1:
        return (
            f"Your graph begins at {len(leaves)} nodes. Make x once and use the same Python variable again: two calls "
            "of gn.scalar are two nodes, even with one name."
        )
    targets = {edge.target for edge in graph.consumers(leaves[0])}
    if len(targets) < 2:
        return (
            "x feeds one operation only. x * x has two edges, but both end at the same node; give x to two "
            "operations and bring their results together."
        )
    return None


def _shared(kind: str = "right") -> gn.Node:
    x = gn.scalar(2.0, "x")
    if kind == "two leaves":
        return x * 3.0 + gn.scalar(2.0, "x")
    return x * x if kind == "one operation" else x * 3.0 + x


EXERCISES = (
    Exercise(
        "01-1",
        "How many nodes does the graph of e = d + x have, where d = x * x and x is an input?",
        Number(0),
        3,
        (
            Mistake(4, "That is the number of edges. Nodes are what stands in the boxes; x is drawn once."),
            Mistake(
                5, "You counted x each time it is used. A variable is one node, however many wires leave it."
            ),
            Mistake(2, "Inputs are nodes too: x stands in the graph with no operand of its own."),
            Mistake(1, "Each operation is a node, and so is what it begins with."),
        ),
        "x, d and e: a value that is used three times is still one node.",
        _NODES,
    ),
    Exercise(
        "01-2",
        "How many edges does the graph of e = d + x have, where d = x * x and x is an input?",
        Number(0),
        4,
        (
            Mistake(3, "x * x needs x twice: those are two edges, drawn as two wires from x to the product."),
            Mistake(2, "That is the number of operations. Each has one edge for every operand."),
            Mistake(5, "One too many: e is made of x and of d, and nothing is made of e."),
        ),
        "Each of the two operations has two operands, so four edges; two of them run from x to d.",
        _NODES,
    ),
    Exercise(
        "01-3",
        "s = x + y, p = s * y, z = p - s. Write the five names in an order in which a computer can work them out.",
        Property(_hint_for_order),
        ["x", "y", "s", "p", "z"],
        (
            Mistake(["x", "s", "y", "p", "z"], "s is computed before y"),
            Mistake(["z", "p", "s", "y", "x"], "s is computed before x"),
            Mistake(["s", "p", "z"], "All five nodes stand in the order, leaves too. Missing: x, y."),
        ),
        "Operands come before what is made of them: a topological order. x and y may change places.",
        "Begin with what needs nothing.",
    ),
    Exercise(
        "01-4",
        'With x = gn.input("x", (), "float64"), build a node for x² + 3x.',
        Expression(({"x": 2.0}, {"x": -1.5}), slopes=("x",)),
        _polynomial(),
        (
            Mistake(
                _polynomial("square of all"), "That is (x + 3)². Only x is squared, and 3x is added to it."
            ),
            Mistake(_polynomial("no square"), "That is x + 3x. The first term is x * x."),
            Mistake(_polynomial("product"), "You multiplied the terms: x · 3x. Join them by +."),
            Mistake(_polynomial("three"), "That is x² + 3. The second term is 3 times x."),
        ),
        "Python's own operators make nodes, so a formula is a graph as soon as it is written.",
        "Compare a value: at x = 2 it is 10.",
    ),
    Exercise(
        "01-5",
        "Build a graph that begins at a single variable x and uses it in two different operations; constants do not "
        "count. Answer with its last node.",
        Property(_hint_for_shared),
        _shared(),
        (
            Mistake(_shared("two leaves"), "Your graph begins at 2 nodes."),
            Mistake(_shared("one operation"), "x feeds one operation only."),
        ),
        "A fan-out. In lesson 4 two gradients will come back to such a node, and they add.",
        "Give x to two operations, then add what they give.",
    ),
)
