"""Pictures fitted to a width, a slide or paper."""

from __future__ import annotations

import io
import itertools
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

import graphnn as gn
import viz

pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")


def chain(length: int) -> gn.Graph:
    y = gn.scalar(0.5, "a")
    for k in range(length):
        y = gn.tanh(y).named(f"y{k}")
    return gn.Graph(y)


def test_a_slide_has_the_size_of_a_slide(tmp_path: Path) -> None:
    from PIL import Image

    drawing = viz.draw(chain(4), slide="16:9")
    (sheet,) = drawing.sheets
    assert (sheet.width, sheet.height) == (1280.0, 720.0)
    assert Image.open(io.BytesIO(drawing.png(1.0))).size == (1280, 720)
    inside = viz.draw(chain(4), slide="4:3").placed
    view = viz.draw(chain(4), slide="4:3").sheets[0].view
    assert view.x <= 0 <= inside.width <= view.right and view.y <= 0 <= inside.height <= view.bottom


def test_a_slide_turns_the_picture_the_way_that_comes_out_larger() -> None:
    assert viz.draw(chain(6), slide="16:9").direction == "LR"
    wide = gn.Graph(sum((gn.scalar(float(k), f"a{k}") for k in range(1, 14)), gn.scalar(0.0, "a0")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", viz.SmallTextWarning)
        for graph in (chain(6), wide):
            chosen, *others = [
                viz.draw(graph, slide="16:9", direction=way).sheets[0].scale for way in (None, "LR", "TB")
            ]
            assert chosen >= max(others)


def test_a_long_chain_fills_a_slide_in_rows() -> None:
    drawing = viz.draw(chain(40), slide="16:9")
    assert drawing.sheets[0].scale > 0.9
    assert viz.problems(drawing.placed) == []
    rects = [b.rect for b in drawing.placed.boxes]
    rows = sorted({round(r.y + r.h / 2) for r in rects})
    assert len(rows) > 3
    # It is read like text: every box stands to the right of the one before, or first in the next row.
    for before, after in itertools.pairwise(rects):
        assert after.x > before.right or (after.y > before.bottom and after.x == pytest.approx(rects[0].x))


def layers(count: int) -> gn.Graph:
    net = gn.nn.Sequential([gn.nn.Dense(4, gn.relu) for _ in range(count)], seed=1)
    return gn.Graph(net(gn.input("x", ("batch", 4))))


def test_a_net_breaks_between_its_layers() -> None:
    placed = viz.draw(layers(6), slide="16:9", depth=99).placed
    assert viz.problems(placed) == []
    framed = [group.group.label for group in placed.groups]
    assert [name for name in framed if name.startswith("dense")] == [f"dense{k}" for k in range(1, 7)]
    assert len({round(group.rect.y) // 200 for group in placed.groups}) > 1


def test_a_frame_that_goes_on_in_another_row_has_a_piece_there() -> None:
    placed = viz.layout(viz.scene(layers(6), depth=99), ratio=16 / 9)
    pieces = [group for group in placed.groups if group.group.label == "net"]
    assert [piece.label.text for piece in pieces] == ["net", *["… net"] * (len(pieces) - 1)]
    assert len(pieces) > 1 and viz.problems(placed) == []
    for above, below in itertools.pairwise(pieces):
        assert above.rect.bottom < below.rect.y
    # A row is as high as what stands in it.
    assert max(p.rect.h for p in pieces) < 250


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_long_picture_is_broken_in_either_direction(direction: str) -> None:
    scene = viz.scene(layers(6), depth=99)
    plain, broken = (viz.layout(scene, direction=direction, ratio=ratio) for ratio in (None, 1.4))
    assert viz.problems(broken) == []
    assert 0.5 < broken.width / broken.height < 3.0
    assert max(broken.width, broken.height) < 0.6 * max(plain.width, plain.height)


def test_a_slide_folds_scopes_until_the_text_can_be_read() -> None:
    drawing = viz.draw(layers(6), slide="16:9")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert drawing.sheets[0].scale > 0.9
    assert [box.title for box in drawing.scene.boxes] == ["x", *[f"dense{k}" for k in range(1, 7)]]
    assert any("folded" in note for note in drawing.scene.notes)
    # Who says what to fold gets just that.
    open_one = viz.draw(layers(6), slide="16:9", fold="dense[1-5]")
    assert "matmul" in [box.title for box in open_one.scene.boxes]
    # Others than slides stay as they are.
    assert len(viz.draw(layers(6), page="a4").scene.boxes) == len(viz.draw(layers(6)).scene.boxes)


def test_a_legend_beside_the_picture_covers_nothing(neuron_run: Any, classifier_run: Any) -> None:
    for run in (neuron_run, classifier_run):
        for direction in ("LR", "TB"):
            scene = viz.scene(run, view="values+gradients+health")
            below, beside = (viz.layout(scene, direction=direction, beside=b) for b in (False, True))
            assert viz.problems(beside) == []
            assert beside.height < below.height
            right = max(box.rect.right for box in beside.boxes)
            assert all(entry.sample.x > right for entry in beside.entries)
            words = {text.text for entry in below.entries for text in entry.texts}
            assert words == {text.text for entry in beside.entries for text in entry.texts}
            said = " ".join(note.text for note in beside.notes)
            assert said == " ".join(scene.notes)


def test_text_that_gets_too_small_is_told_with_the_way_out() -> None:
    with pytest.warns(
        viz.SmallTextWarning, match=r"shrinks to .* pixels\. Show less: fold scopes \(depth=1\)"
    ):
        _ = viz.draw(chain(200), slide="16:9", depth=99).sheets


def test_pages_are_of_about_one_length_and_begin_between_frames() -> None:
    drawing = viz.draw(layers(24), page="a4", direction="TB", depth=99, repeats=False)
    cuts = [sheet.cut for sheet in drawing.sheets]
    heights = [cut.h for cut in cuts if cut is not None]
    assert len(heights) > 1 and min(heights) > 0.6 * max(heights)
    for cut in cuts[1:]:
        assert cut is not None
        assert not any(
            frame.rect.y < cut.y < frame.rect.bottom
            for frame in drawing.placed.groups
            if frame.group.label.startswith("dense")
        )
    # The picture stands in the middle of its pages.
    for sheet in drawing.sheets:
        left = min(box.rect.x for box in drawing.placed.boxes) - sheet.view.x
        right = sheet.view.right - max(box.rect.right for box in drawing.placed.boxes)
        assert abs(left - right) < 0.35 * sheet.view.w


def test_every_box_stands_whole_on_some_page() -> None:
    drawing = viz.draw(chain(300), page="a4", depth=99)
    assert len(drawing.sheets) > 1
    for box in drawing.placed.boxes:
        assert sum(sheet.cut is not None and sheet.cut.holds(box.rect) for sheet in drawing.sheets) == 1
    captions = [sheet.caption(drawing.placed) for sheet in drawing.sheets]
    assert [c.text for c in captions if c] == [f"{k} / {len(captions)}" for k in range(1, len(captions) + 1)]


def test_a_wire_that_leaves_a_page_says_where_it_goes_on() -> None:
    drawing = viz.draw(chain(300), page="a4", depth=99)
    pages = [[text.text for text in sheet.leads] for sheet in drawing.sheets]
    page_of = {
        box.box.name: k
        for box in drawing.placed.boxes
        for k, sheet in enumerate(drawing.sheets, 1)
        if sheet.cut is not None and sheet.cut.holds(box.rect)
    }
    for k in range(299):
        here, there = page_of[f"y{k}"], page_of[f"y{k + 1}"]
        if here != there:
            assert f"to y{k + 1}" in pages[here - 1] and f"page {there}" in pages[here - 1]
            assert f"from y{k}" in pages[there - 1] and f"page {here}" in pages[there - 1]
    for sheet in drawing.sheets:
        assert all(sheet.view.holds(text.rect) for text in sheet.leads)
    assert f"to y{min(k for k in range(300) if page_of[f'y{k}'] == 2)}" in drawing.svg


def test_pages_become_pages_of_pdf_and_numbered_files(tmp_path: Path) -> None:
    drawing = viz.draw(chain(300), page="a4", depth=99)
    count = len(drawing.sheets)
    pages = pypdf.PdfReader(drawing.save(tmp_path / "net.pdf")).pages
    assert len(pages) == count
    long, short = sorted((float(pages[0].mediabox.width), float(pages[0].mediabox.height)), reverse=True)
    assert (short, long) == pytest.approx((595.3, 841.9), abs=0.1)
    assert drawing.save(tmp_path / "net.svg") == tmp_path / "net-1.svg"
    assert sorted(p.name for p in tmp_path.glob("net-*.svg")) == sorted(
        f"net-{k}.svg" for k in range(1, count + 1)
    )
    text = " ".join(page.extract_text() for page in pages)
    assert all(f"y{k}" in text for k in range(300))


def test_a_width_is_kept() -> None:
    drawing = viz.draw(chain(3), width=500)
    assert re.match(r'<svg xmlns="[^"]+" width="500" height="', drawing.svg)
    plain = viz.draw(chain(3))
    assert drawing.svg.split(">", 1)[1] == plain.svg.split(">", 1)[1]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"width": 5}, "width is a number of pixels from 40"),
        ({"slide": "16/9"}, "slide is one of '16:9', '4:3'"),
        ({"page": "a5"}, "page is one of 'a4', 'a3', 'letter'"),
        ({"page": "a4", "width": 500}, "one of width, slide and page"),
    ],
)
def test_wrong_sizes_are_told(words: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        viz.draw(chain(2), **words)
