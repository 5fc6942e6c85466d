"""Named views: what each shows, how they compose, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

import graphnn as gn
import viz


def labels(scene: viz.Scene) -> set[str]:
    return {reading.label for box in scene.boxes for reading in box.readings}


def test_views_compose_in_one_order(classifier_run: Any) -> None:
    one, other = (viz.draw(classifier_run, view=v).svg for v in ("values+gradients", ["gradients", "values"]))
    assert one == other == viz.draw(classifier_run).svg


def test_each_view_shows_its_own(classifier_run: Any) -> None:
    assert labels(viz.scene(classifier_run, view="values")) == {"value"}
    assert labels(viz.scene(classifier_run, view="gradients")) == {"gradient"}
    flow = viz.scene(classifier_run, view="flow")
    assert labels(flow) == set() and any(w.kind == "backward" for w in flow.wires)
    bare = viz.scene(classifier_run, view="structure")
    assert all(box.detail == "" for box in bare.boxes) and labels(bare) == set()


def test_a_view_refuses_what_it_cannot_show(make: Any) -> None:
    graph = gn.Graph(gn.relu(gn.input("x", (3,))))
    with pytest.raises(ValueError, match=r"view 'gradients' shows gradients, and this has none.*gn.trace"):
        viz.draw(graph, view="gradients")
    with pytest.raises(ValueError, match=r"view 'values' shows numbers.*gn.trace"):
        viz.draw(graph, view="values")
    with pytest.raises(ValueError, match=r"no view 'gradient'\. Views: structure, shapes"):
        viz.draw(graph, view="gradient")


def test_stale_and_accumulated_gradients_say_so() -> None:
    a = gn.scalar(3.0, "a")
    y = a * a
    y.backward()
    y.backward()
    row = next(r for b in viz.scene(y).boxes if b.title == "a" for r in b.readings if r.label == "gradient")
    assert row.state == "accumulated" and row.lines == ("12", "accumulated 2 times")
    a.value = 5.0
    row = next(r for b in viz.scene(y).boxes if b.title == "a" for r in b.readings if r.label == "gradient")
    assert row.state == "stale" and row.lines == ("12", "stale")


@pytest.mark.parametrize("theme", list(viz.THEMES))
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_every_theme_can_be_read(classifier_run: Any, theme: str, direction: str) -> None:
    assert viz.problems(viz.draw(classifier_run, theme=theme, direction=direction).placed) == []


def test_print_has_no_colour() -> None:
    drawn = viz.draw(gn.trace(gn.scalar(2.0, "a") * gn.scalar(-3.0, "b")), theme="print").svg
    import re

    for colour in set(re.findall(r"#[0-9a-f]{6}", drawn)):
        assert colour[1:3] == colour[3:5] == colour[5:7]


def test_an_unknown_theme_is_told() -> None:
    with pytest.raises(ValueError, match="theme is 'light', 'dark', 'print', 'contrast'"):
        viz.draw(gn.scalar(1.0, "a") * 2.0, theme="neon")
