"""What pictures say in words is true and reads well: one node is not several, infinity is not NaN."""

from __future__ import annotations

from typing import Any

import graphnn as gn
import viz


def badges(scene: viz.Scene) -> set[str]:
    return {badge.text for box in scene.boxes for badge in box.badges}


def legend(scene: viz.Scene) -> set[str]:
    return {entry.label for entry in scene.legend.entries}


def test_the_badge_of_an_origin_says_whether_it_is_nan_or_infinity() -> None:
    x = gn.scalar(0.0, "x")
    assert "∞ begins here" in badges(viz.scene(gn.trace(gn.log(x) * 2.0), view="health"))
    x = gn.scalar(-1.0, "x")
    assert "NaN begins here" in badges(viz.scene(gn.trace(gn.log(x) * 2.0), view="health"))


def test_the_legend_speaks_of_rounding_where_numbers_stand_only() -> None:
    x, y = gn.scalar(2.0, "x"), gn.scalar(3.0, "y")
    run = gn.trace(x * y)
    assert "numbers rounded to 4 digits" in legend(viz.scene(run))
    changed = viz.diff(gn.Graph(gn.tanh(x)), gn.Graph(gn.relu(x))).scene
    assert "numbers rounded to 4 digits" not in legend(changed)


def test_one_is_not_said_in_the_plural(classifier_run: Any) -> None:
    x = gn.scalar(2.0, "x")
    graph = gn.Graph(gn.exp(gn.tanh(x)).named("y"))
    assert viz.scene(graph, focus="y", reach=1).notes == ("1 node lies outside of the focus",)
    assert "1 findings" not in " ".join(viz.scene(classifier_run, view="health").notes)
    run = gn.trace(gn.tanh(x) + x)
    assert "both paths" in " ".join(viz.scene(run, view="paths", to="x").notes)
    run = gn.trace(gn.tanh(x))
    assert "the only path" in " ".join(viz.scene(run, view="paths", to="x").notes)


def test_amounts_stand_apart_from_their_units() -> None:
    x = gn.input("x", (4, 3))
    said = badges(viz.scene(gn.Graph(gn.tanh(x)), view="cost"))
    assert "96 B" in said
