"""Looks and sizes.

One picture for the screen, the projector, the printer, and readers who need more contrast.
"""

from __future__ import annotations

import graphnn as gn
import viz
from gallery.shelf import picture


@picture
def dark():
    """Dark.

    For dark slides and notebooks. All colours keep a contrast of at least 4.5:1.
    """
    x, w, b = gn.scalar(2.0, "x"), gn.scalar(-0.5, "w"), gn.scalar(0.25, "b")
    return viz.draw(gn.trace(gn.tanh(x * w + b).named("y")), theme="dark")


@picture
def print_grey():
    """Print, without colour.

    What colour says elsewhere is said by forms, line styles and words, so that a grey copy loses nothing.
    """
    x, w, b = gn.scalar(2.0, "x"), gn.scalar(-0.5, "w"), gn.scalar(0.25, "b")
    return viz.draw(gn.trace(gn.tanh(x * w + b).named("y")), theme="print")


@picture
def high_contrast():
    """High contrast.

    Stronger lines and black words, for weak eyes and weak projectors.
    """
    x, w, b = gn.scalar(2.0, "x"), gn.scalar(-0.5, "w"), gn.scalar(0.25, "b")
    return viz.draw(gn.trace(gn.tanh(x * w + b).named("y")), theme="contrast")


@picture
def slide():
    """A slide of 16:9.

    The picture fills the slide, in the direction in which it comes out larger; a warning says if text gets too small
    for the last row.
    """
    x1, x2 = gn.scalar(2.0, "x1"), gn.scalar(0.0, "x2")
    w1, w2 = gn.scalar(-3.0, "w1"), gn.scalar(1.0, "w2")
    b = gn.scalar(6.8813735870195432, "b")
    o = gn.tanh((x1 * w1 + x2 * w2 + b).named("n")).named("o")
    return viz.draw(gn.trace(o), slide="16:9", title="A neuron and its gradients")


@picture
def paper():
    """A4, on several pages.

    What does not fit a page at a readable size is broken into rows and spread over several, cut between the rows. Where
    a wire goes on is said at the edge.
    """
    x = gn.input("x", ("batch", 8), "float64")
    y = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh) for _ in range(10)])(x)
    return viz.draw(gn.Graph(y), page="a4", hide="broadcasts", repeats=False)


@picture
def any_script():
    """Names in any script.

    Korean, Greek and Hebrew stand as they are written. What would be code in another format is only a name here.
    """
    x, w = gn.scalar(2.0, "입력"), gn.scalar(0.5, "가중치 ω")
    return viz.draw(gn.trace((x * w).named('<b> & "y"')), title="계산 그래프")
