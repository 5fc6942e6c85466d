"""For a lecture.

Step by step, with questions, with mistakes made on purpose, and side by side.
"""

from __future__ import annotations

import graphnn as gn
import viz
from gallery.shelf import picture


@picture
def step_by_step():
    """Forward and backward, step by step.

    Three of the frames of one run, all in one layout. `film.save("film.gif")` makes an animation of them,
    `"film.tex"` overlays for Beamer, `"film.html"` a page with a slider; so does `graphnn frames net.json -o film.gif`.
    With `slide="16:9"` they fill slides, and `view="values+ledger"` chooses what the boxes say.
    """
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    film = viz.frames(gn.trace((a * b + a).named("c")))
    return film[1], film[4], film[-1]


@picture
def with_update():
    """The update, too.

    The last frame of a run with an optimiser: the new value of each weight beside the old one.
    """
    x, w, b = gn.constant(2.0, dtype="float64").named("x"), gn.scalar(0.5, "w"), gn.scalar(0.0, "b")
    loss = gn.square(w * x + b - 3.0).named("loss")
    return viz.frames(gn.trace(loss), update=gn.optim.SGD(0.1))[-1]


@picture
def quiz():
    """A quiz sheet and its key.

    Some numbers are blank, for students to fill in by hand: all follow from those that are left. The key has them,
    and how each comes about. Every seed gives another sheet, the same seed the same.
    """
    x, w, b = gn.scalar(2.0, "x"), gn.scalar(-3.0, "w"), gn.scalar(10.0, "b")
    p = (x * w).named("p")
    loss = gn.square(gn.relu((p + b).named("n")).named("h")).named("loss")
    quiz = viz.quiz(gn.trace(loss), seed=1)
    return quiz.sheet, quiz.key


@picture
def wrong_overwrite():
    """A mistake: overwriting instead of adding.

    The right pass and the wrong one, computed both. Where a value is used twice, the second contribution replaces the
    first, and half of the gradient is gone.
    """
    return viz.wrong_way("overwrite")


@picture
def wrong_order():
    """A mistake: no topological order.

    A node that is passed on before all of its contributions have arrived hands down too little; what comes later is
    too late.
    """
    return viz.wrong_way("depth-first")


@picture
def difference():
    """What has changed between two graphs.

    A second version of a net, with another activation and one more layer: what is new, what has changed, what stayed.
    """
    x = gn.input("x", ("batch", 4))
    a, b, c = (gn.nn.Dense(units, name=name) for units, name in ((8, "a"), (8, "b"), (2, "c")))
    first, second = c(gn.tanh(a(x))), c(b(gn.relu(a(x))))
    return viz.diff(gn.Graph(first), gn.Graph(second), hide="broadcasts", direction="TB")
