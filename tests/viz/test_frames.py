"""Frames have one layout; they show what is known at each step and nothing else, and their numbers are the run's."""

from __future__ import annotations

import io
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader

import graphnn as gn
import viz
from viz.motion.steps import PENDING
from viz.numbers import number, parse


def shared() -> Any:
    """a is used twice, so two contributions meet in its gradient."""
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return gn.trace(((a * b).named("c") + a).named("loss"))


def words(frames: viz.Frames, k: int, box: str) -> dict[str, tuple[str, ...]]:
    """What a box says in a frame: {label: lines}."""
    found = next(b for b in frames[k].scene.boxes if b.id == box)
    return {row.label: row.lines for row in found.readings}


def id_of(run: Any, name: str) -> str:
    return str(run.graph.ids[run.graph.find(name)])


@pytest.fixture(scope="module")
def film() -> viz.Frames:
    return viz.frames(shared(), update=gn.optim.SGD(0.1))


def test_each_step_is_said_in_words(film: viz.Frames) -> None:
    assert film.captions == (
        "Start: 2 inputs, parameters and constants are given; nothing is computed yet",
        "c (mul): a · b = 2 · (−3) = −6",
        "loss (add): c + a = −6 + 2 = −4",
        "loss: the slope of the loss with respect to itself is 1",
        "back from loss to c: upstream × local = 1 × 1 = 1",
        "back from loss to a: upstream × local = 1 × 1 = 1; the gradient of a is partial, 1 of 2 parts",
        "back from c to a: upstream × local = 1 × −3 = −3; a gathers 1 − 3 = −2",
        "back from c to b: upstream × local = 1 × 2 = 2",
        "a: 2 becomes 2.2 (its gradient was −2)",
        "b: −3 becomes −3.2 (its gradient was 2)",
    )


def test_a_sum_that_is_not_complete_says_that_it_is_partial(film: viz.Frames) -> None:
    run = shared()
    a = id_of(run, "a")
    said = [words(film, k, a)["gradient"] for k in range(len(film))]
    assert said[:5] == [(PENDING,)] * 5
    assert said[5] == ("1", "partial: 1 of 2 parts")
    assert said[6:] == [("−2", "sum of 2 parts")] * 4


def test_what_is_not_computed_is_never_shown_as_a_number(film: viz.Frames) -> None:
    run = shared()
    loss, b = id_of(run, "loss"), id_of(run, "b")
    assert words(film, 1, loss) == {"value": (PENDING,), "gradient": (PENDING,)}
    assert words(film, 2, loss) == {"value": ("−4",), "gradient": (PENDING,)}
    assert words(film, 8, b)["after"] == (PENDING,)
    assert words(film, 9, b)["after"] == ("−3.2",)
    assert PENDING in "".join(text.text for text in film[0].placed.texts())


def geometry(placed: Any) -> tuple[Any, ...]:
    return (
        placed.width, placed.height,
        {b.box.id: (b.rect, b.rules) for b in placed.boxes},
        {g.group.id: (g.rect, g.label) for g in placed.groups},
    )  # fmt: skip


def stands_still(frames: viz.Frames) -> None:
    first = frames.placed[0]
    last = {w.wire.id: (w.curve, w.head, w.width, w.label) for w in frames.placed[-1].wires}
    entries = {e.entry: e for e in frames.placed[-1].entries} | {e.entry: e for e in first.entries}
    for placed in frames.placed:
        assert geometry(placed) == geometry(first)
        assert all(last[w.wire.id] == (w.curve, w.head, w.width, w.label) for w in placed.wires)
        assert all(entries.get(e.entry, e) == e for e in placed.entries)


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("theme", ["light", "print"])
def test_nothing_moves_and_nothing_overlaps_in_any_frame(
    classifier_run: Any, direction: str, theme: str
) -> None:
    frames = viz.frames(
        classifier_run, update=gn.optim.Adam(0.1), direction=direction, theme=theme, engine="layers"
    )
    stands_still(frames)
    for placed in frames.placed:
        assert viz.problems(placed) == []


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_stand_still_and_end_with_the_numbers_of_the_run(make: Any, seed: int) -> None:
    run = gn.trace(make["random"](seed))
    frames = viz.frames(run)
    stands_still(frames)
    for k in range(0, len(frames), 7):
        assert viz.problems(frames.placed[k]) == []
    for node, key in run.graph.ids.items():
        said = words(frames, -1, key)
        assert said["value"][0] == number(float(run.value(node)))
        gradient = run.gradient(node)
        assert said["gradient"][0] == ("no path to the loss" if gradient is None else number(float(gradient)))


@pytest.mark.parametrize("seed", range(12))
def test_partial_sums_are_sums_of_the_contributions_that_have_arrived(make: Any, seed: int) -> None:
    run = gn.trace(make["random"](seed))
    frames = viz.frames(run, phases="backward")
    arrived: dict[str, list[float]] = {}
    by_wire = {f"b{k}": edge for k, edge in enumerate(run.graph.edges)}
    for k, step in enumerate(frames.steps):
        for wire in step.shown:
            edge = by_wire[wire]
            arrived.setdefault(run.graph.ids[edge.source], []).append(float(run.contribution(edge)))
        for box in step.boxes:
            parts = arrived.get(box)
            if parts is None:
                continue
            shown = words(frames, k, box)["gradient"]
            assert parse(shown[0]) == pytest.approx(math.fsum(parts), rel=5.01e-4, abs=1e-9)
            total = sum(
                run.contribution(e) is not None for e in run.graph.consumers(run.graph.nodes[int(box[1:])])
            )
            expected = (
                f"partial: {len(parts)} of {total} parts" if len(parts) < total else f"sum of {total} parts"
            )
            assert shown[1:] == ((expected,) if total > 1 else ())


def test_wires_appear_when_their_contribution_does(film: viz.Frames) -> None:
    count = [sum(w.wire.kind == "backward" for w in placed.wires) for placed in film.placed]
    assert count == [0, 0, 0, 0, 1, 2, 3, 4, 4, 4]
    quiet = [sum(w.wire.tone == "quiet" for w in placed.wires) for placed in film.placed]
    assert quiet == [4, 2, 0, 0, 0, 0, 0, 0, 0, 0]
    assert [[b.box.name or b.box.title for b in p.boxes if b.ring] for p in film.placed[:3]] == [
        [],
        ["c"],
        ["loss"],
    ]


def test_a_folded_scope_is_one_step(classifier_run: Any) -> None:
    frames = viz.frames(classifier_run, depth=1)
    assert any("net: its" in caption for caption in frames.captions)
    assert any("the contributions of" in c or "back from" in c for c in frames.captions)
    stands_still(frames)
    for placed in frames.placed:
        assert viz.problems(placed) == []


@pytest.mark.parametrize("hide", ["broadcasts", "constants"])
def test_hidden_nodes_leave_no_gap_in_the_story(classifier_run: Any, hide: str) -> None:
    frames = viz.frames(classifier_run, hide=hide)
    for box in frames[-1].scene.boxes:
        assert all(row.lines != (PENDING,) for row in box.readings)
        assert not any("partial" in line for row in box.readings for line in row.lines)


def test_the_update_is_that_of_the_optimiser_and_touches_nothing() -> None:
    x = gn.input("x", ("batch", 3))
    w = gn.parameter(np.array([[1.0], [2.0], [-1.0]], np.float32), "w")
    loss = gn.mean(gn.square(x @ w))
    feeds = {"x": np.ones((2, 3), np.float32)}
    adam = gn.optim.Adam(0.1)
    run = gn.trace(loss, feeds)
    frames = viz.frames(run, update=adam)
    assert adam.state == {} and np.array_equal(w.value, run.value(w))
    after = frames.steps[-1].readings[run.graph.ids[w]][-1]
    slope = gn.gradient(loss, w)
    program = gn.Program([loss], updates=gn.optim.Adam(0.1).updates([w], [slope], loss))
    program.run(feeds)
    assert after.detail == f"from {w.value.min().item()!r} to {w.value.max().item()!r}"


def test_new_values_can_be_given() -> None:
    run = shared()
    frames = viz.frames(run, update={"a": 7.0}, phases="update")
    assert frames.captions[-1] == "a: 2 becomes 7 (its gradient was −2)"
    with pytest.raises(ValueError, match=r"the update of 'a' has shape \(2,\), wanted \(\)"):
        viz.frames(run, update={"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match="is no parameter of this run"):
        viz.frames(run, update={"c": 1.0})
    assert len(viz.frames(run, nodes=run.graph.find("a"))) == 4


def test_parameters_that_have_changed_since_are_refused() -> None:
    run = shared()
    run.graph.find("a").value = 5.0
    with pytest.raises(ValueError, match=r"'a' has changed since this run.*Trace again"):
        viz.frames(run, update=gn.optim.SGD(0.1))


def test_every_and_nodes_thin_the_film_out() -> None:
    run = shared()
    whole = viz.frames(run)
    some = viz.frames(run, every=3)
    assert len(some) < len(whole)
    assert some.captions[0].startswith("Start") and whole.captions[-1] in some.captions[-1]
    assert words(some, -1, "n0") == words(whole, -1, "n0")
    about = viz.frames(run, nodes="a")
    assert [c.partition(":")[0] for c in about.captions] == ["Start", "back from loss to a", "back from c to a",
                                                            "back from c to b"]  # fmt: skip


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"phases": "sideways"}, "phases are forward, backward, update, joined by"),
        ({"phases": []}, "name at least one phase"),
        ({"phases": "update"}, "the update needs update="),
        ({"every": 0}, "every is a whole number from 1"),
        ({"every": True}, "every is a whole number from 1"),
        ({"nodes": "nowhere"}, "nodes='nowhere' is not in this picture. It shows:"),
    ],
)
def test_wishes_that_cannot_be_met_are_said_in_words(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        viz.frames(shared(), **how)


def test_a_run_without_gradients_has_no_backward_film() -> None:
    run = gn.trace(gn.input("x", ("n",)) * 2.0, {"x": np.arange(3, dtype=np.float32)})
    assert all(not c.startswith("back") for c in viz.frames(run).captions)
    with pytest.raises(ValueError, match=r"there are no gradients to show backward.*phases='forward'"):
        viz.frames(run, phases="backward")
    with pytest.raises(TypeError, match="wanted a run"):
        viz.frames(gn.Graph(run.graph.outputs))
    with pytest.raises(TypeError, match="update is an optimiser"):
        viz.frames(shared(), update=0.1)


def test_too_many_steps_name_the_ways_out() -> None:
    node = gn.scalar(1.0, "x")
    for _ in range(450):
        node = gn.tanh(node)
    run = gn.trace(node)
    with pytest.raises(ValueError, match=r"902 steps are more than 400 pictures.*every=4.*nodes=.*depth=1"):
        viz.frames(run, depth=1)
    assert len(viz.frames(run, depth=1, every=4)) <= 400
    # Without a word on depth a graph of this size is folded until it can be read, and so is its film.
    assert len(viz.frames(run)) <= 400


def test_files_are_numbered_or_put_into_a_folder(tmp_path: Path, film: viz.Frames) -> None:
    files = film.save(tmp_path / "step-{:03}.svg")
    assert [f.name for f in files[:2]] == ["step-001.svg", "step-002.svg"] and len(files) == len(film)
    assert files[4].read_text(encoding="utf-8") == film[4].svg
    (tmp_path / "all").mkdir()
    assert film.save(tmp_path / "all")[0] == tmp_path / "all" / "step-001.svg"


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("nowhere/step-{}.svg", FileNotFoundError, "there is no folder"),
        ("step-{}.xyz", ValueError, "known are .svg"),
        ("step.svg", ValueError, r"one file for 10 pictures.*step-\{:03\}\.svg"),
        ("step-{name}.svg", ValueError, "no name with a number in it"),
        ("step-{:q}.svg", ValueError, "no name with a number in it"),
        ("step-{{}}.svg", ValueError, "the same name to several"),
    ],
)
def test_names_that_do_not_serve_are_refused(
    tmp_path: Path, film: viz.Frames, name: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        film.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_has_a_page_a_step(tmp_path: Path, film: viz.Frames) -> None:
    (path,) = film.save(tmp_path / "film.pdf")
    pages = PdfReader(io.BytesIO(path.read_bytes())).pages
    assert len(pages) == len(film)
    assert len({(page.mediabox.width, page.mediabox.height) for page in pages}) == 1
    assert "a gathers" in pages[6].extract_text() and "not yet" not in pages[9].extract_text()


def tex(run: Any) -> str:
    from viz.motion.beamer import beamer

    return beamer(viz.frames(run))


def test_a_beamer_slide_has_an_overlay_a_step() -> None:
    text = tex(shared())
    assert text == tex(shared())
    assert text.count(r"\begin{frame}") == text.count(r"\begin{tikzpicture}") == 1
    captions = re.findall(r"^  \\only<(\d+)>\{(.*)\}%$", text, re.M)
    assert [int(k) for k, _ in captions] == list(range(1, 9))
    slides = {int(k) for run in re.findall(r"\\only<([\d,-]+)>\{%", text) for k in re.split("[-,]", run)}
    assert min(slides) == 1 and max(slides) == 8
    # Braces match, with what is escaped left aside.
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")


@pytest.mark.parametrize("name", [r"\input{x}", "50 % & {a}_b^c~#$", "</text>"])
def test_labels_do_no_harm_on_a_slide(name: str) -> None:
    a = gn.scalar(2.0, name)
    text = tex(gn.trace(gn.tanh(a).named("y")))
    assert r"\input{x}" not in text
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="TeX is not installed")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_slide_compiles_with_a_page_a_step(tmp_path: Path, theme: str) -> None:
    film = viz.frames(shared(), theme=theme)
    (path,) = film.save(tmp_path / "slide.tex")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "beamer.cls' not found" in done.stdout:
        pytest.skip("Beamer is not installed")
    assert done.returncode == 0, done.stdout[-2000:]
    assert len(PdfReader(tmp_path / "slide.pdf").pages) == len(film)


def test_frames_are_a_list_of_drawings(film: viz.Frames) -> None:
    assert len(film) == 10 and len(film[2:5]) == 3 and film[-1] is film[9]
    assert [isinstance(d, viz.Drawing) for d in film] == [True] * 10
    assert repr(film) == "<Frames: 10 pictures of 4 boxes>"
    one = viz.frames(gn.trace(gn.scalar(1.0, "a")), phases="forward")
    assert repr(one) == "<Frames: 1 picture of 1 box>"
    assert film._repr_svg_() == film[-1].svg
    assert film[3].svg == viz.frames(shared(), update=gn.optim.SGD(0.1))[3].svg


def test_captions_are_whole_where_a_smaller_size_fits(classifier_run: Any) -> None:
    frames = viz.frames(classifier_run, depth=1, direction="TB")
    assert len({placed.title.size for placed in frames.placed if placed.title}) == 1
    for placed, caption in zip(frames.placed, frames.captions, strict=True):
        assert placed.title is not None and placed.title.text == caption


def test_views_come_step_by_step_and_tell_nothing_before_its_time() -> None:
    run = shared()
    film = viz.frames(run, view="values+ledger+derivatives+parameters")
    a, c = id_of(run, "a"), id_of(run, "c")
    assert set(words(film, 0, c)) == {"value", "∂a", "∂b"}
    assert words(film, 0, c)["∂a"] == (PENDING,) and words(film, 1, c)["∂a"] == ("b = −3",)
    assert words(film, 5, a)["parts"] == (PENDING,)
    assert words(film, 6, a)["parts"][-1] == "−3 + 1 = −2"
    drawn = viz.draw(run, view="values+ledger+derivatives+parameters")
    ends = {box.id: box for box in drawn.scene.boxes}
    assert all(box.readings == ends[box.id].readings for box in film[-1].scene.boxes)
    assert [wire.label for wire in film[-1].scene.wires] == [wire.label for wire in drawn.scene.wires]
    # Neither in a box nor in its tooltip.
    first = film[0].scene.boxes
    assert not any("−6" in f"{box.note} {box.readings}" or "contributions" in box.note for box in first)
    stands_still(film)
    for placed in film.placed:
        assert viz.problems(placed) == []


def test_a_view_without_gradients_has_wires_and_no_rows_for_them() -> None:
    film = viz.frames(shared(), view="values+flow")
    assert all(set(words(film, k, "n0")) == {"value"} for k in range(len(film)))
    assert sum(w.kind == "backward" for w in film[-1].scene.wires) == 4
    assert "partial, 1 of 2 parts" in film.captions[5]
    bare = viz.frames(shared(), view="structure")
    assert all(not box.readings and not box.detail for drawing in bare for box in drawing.scene.boxes)


def test_images_appear_with_the_value_that_they_show() -> None:
    x = gn.input("x", ("batch", 1, 8, 8), "float64")
    loss = gn.mean(gn.square(gn.nn.Conv2d(2, 3, seed=1)(x))).named("loss")
    film = viz.frames(gn.trace(loss, {"x": gn.data.digits().x[:2].reshape(2, 1, 8, 8)}), view="images")
    seen = [sum(len(row.pictures) > 0 for box in d.scene.boxes for row in box.readings) for d in film]
    assert seen[0] >= 1 and sorted(seen) == seen and seen[-1] > seen[0]
    stands_still(film)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"view": "health"}, r"the view 'health' tells of a whole run.*Views of frames: structure, shapes,"),
        ({"view": "no"}, "there is no view 'no'"),
        ({"view": "ledger", "phases": "forward"}, "the view 'ledger' belongs to the phase 'backward'"),
    ],
)
def test_views_that_films_do_not_show_are_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        viz.frames(shared(), **how)


@pytest.mark.parametrize("slide", ["16:9", "4:3"])
def test_frames_fill_slides_and_stand_still_there(tmp_path: Path, slide: str) -> None:
    film = viz.frames(shared(), update=gn.optim.SGD(0.1), slide=slide)
    stands_still(film)
    views = {drawing.sheets[0].view for drawing in film}
    assert len(views) == 1
    wide = {"16:9": 1280.0, "4:3": 960.0}[slide]
    assert {(d.sheets[0].width, d.sheets[0].height) for d in film} == {(wide, 720.0)}
    (path,) = film.save(tmp_path / "deck.pdf")
    boxes = {tuple(map(float, page.mediabox)) for page in PdfReader(io.BytesIO(path.read_bytes())).pages}
    assert boxes == {(0.0, 0.0, 0.75 * wide, 540.0)}
    assert f'width="{wide:g}"' in film[3].svg


def test_a_width_is_that_of_every_picture() -> None:
    film = viz.frames(shared(), width=640)
    assert all('width="640"' in drawing.svg for drawing in film)
    with pytest.raises(ValueError, match="one of width, slide and page"):
        viz.frames(shared(), width=640, slide="16:9")
