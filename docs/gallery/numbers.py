"""A few numbers.

Graphs of scalars, on which every number can be checked by hand.
"""

from __future__ import annotations

import graphnn as gn
import viz
from gallery.shelf import picture


@picture
def structure():
    """What is computed from what.

    An expression is a graph: boxes are values and operations, wires say what is computed from what. Nothing has been
    computed yet, so there is no number to show.
    """
    x = gn.input("x", (), "float64")
    w, b = gn.parameter(0.5, "w", "float64"), gn.parameter(-1.0, "b", "float64")
    return viz.draw(gn.sigmoid(w * x + b).named("y"))


@picture
def neuron():
    """Values and gradients.

    The neuron of Karpathy's micrograd: every box shows its value and, below, how much the output changes when it
    changes. `w2` learns nothing: its gradient is 0 because its partner `x2` is 0.
    """
    x1, x2 = gn.scalar(2.0, "x1"), gn.scalar(0.0, "x2")
    w1, w2 = gn.scalar(-3.0, "w1"), gn.scalar(1.0, "w2")
    b = gn.scalar(6.8813735870195432, "b")
    n = (x1 * w1 + x2 * w2 + b).named("n")
    return viz.draw(gn.trace(gn.tanh(n).named("o")))


@picture
def derivatives():
    """The local derivative on every edge.

    Each operation knows the slope with respect to each of its operands: first as a formula, then with this run's
    numbers put in, then its value. This is all that an operation has to know.
    """
    x, w = gn.scalar(2.0, "x"), gn.scalar(-0.5, "w")
    y = gn.tanh((x * w).named("n")).named("y")
    return viz.draw(gn.trace(y), view="values+derivatives")


@picture
def ledger():
    """The ledger: upstream × local = contribution.

    The chain rule, edge by edge: what arrives from above, times the local slope, is what is handed down. Multiply
    along any path from right to left and you have done backpropagation.
    """
    x, w = gn.scalar(2.0, "x"), gn.scalar(-0.5, "w")
    y = gn.tanh((x * w).named("n")).named("y")
    return viz.draw(gn.trace(y), view="values+ledger")


@picture
def fan_out():
    """A value that is used three times.

    `x` sends its value along three wires, so three contributions come back, and the ledger adds them up before its
    eyes: this sum is why gradients must be accumulated and not overwritten.
    """
    x, a = gn.scalar(3.0, "x"), gn.scalar(2.0, "a")
    return viz.draw(gn.trace((x * x + a * x).named("y")), view="values+ledger")


@picture
def cancellation():
    """Large parts, small sum.

    Two strong contributions of opposite sign meet in `x` and almost cancel: the gradient is small although nothing
    vanishes on the way. The ledger says so, where a lone number would mislead.
    """
    x = gn.scalar(1.0, "x")
    return viz.draw(gn.trace((x * 100.0 - x * 99.9).named("y")), view="values+ledger")


@picture
def states():
    """Not computed, accumulated, stale.

    The same graph before `backward()`, after calling it twice without zeroing, and after a value was changed: none of
    the three is shown as an innocent number, and "not computed" is never 0.
    """
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    y = (a * b).named("y")
    before = viz.draw(y, title="before backward()")
    y.backward()
    y.backward()
    twice = viz.draw(y, title="backward() twice without zeroing")
    a.value = 5.0
    return before, twice, viz.draw(y, title="a was changed after backward()")


@picture
def path_shares():
    """The gradient as a sum over paths.

    Two ways lead from `x` to the loss. The picture ranks them and says which part of the gradient comes along each:
    here the short cut carries most of it.
    """
    x, w = gn.scalar(0.5, "x"), gn.scalar(0.3, "w")
    branch = gn.tanh(gn.tanh(x * w) * w).named("branch")
    return viz.draw(gn.trace((x + branch).named("y")), view="values+paths", to="x")


@picture
def why_zero():
    """Why is this gradient 0?

    `viz.explain` follows the gradient up to where it got lost and says so in words.
    """
    x, w = gn.scalar(1.5, "x"), gn.scalar(-2.0, "w")
    loss = (gn.relu((x * w).named("n")) * 3.0).named("loss")
    return viz.explain(gn.trace(loss), "w")
