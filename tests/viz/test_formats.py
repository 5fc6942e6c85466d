"""Every format from one placed scene: valid, harmless whatever labels say, equal bytes, and the run's numbers."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from viz.drawing import FORMATS
from viz.formats.scene_json import scene_from_json, scene_to_json
from viz.formats.tikz import escaped
from viz.text import width

NASTY = [
    "a<b", "x & y", "\"quoted\" 'name'", "two\nlines", "</text><script>alert(1)</script>", "{braces} $\\frac$ %\\end",
    "\\input{/etc/passwd}", "=1+1", "| a | b |", "end", "-->", '"]; x["', "שלום", "한국어", "🙂", "x" * 500, "--",
    "#quot;", "<b>bold</b>",
]  # fmt: skip
TEXT_FORMATS = [ending for ending in FORMATS if ending not in (".png", ".pdf", ".gif", ".apng")]


def nasty(label: str) -> Any:
    a = gn.scalar(2.0, label)
    with gn.scope(label.replace("/", "|")):
        b = (a * 3.0).named(label)
    return gn.trace(b + a)


def bytes_of(drawing: viz.Drawing, ending: str, folder: Path) -> bytes:
    return drawing.save(folder / f"picture{ending}").read_bytes()


@pytest.mark.filterwarnings("ignore::viz.MissingGlyphWarning")
@pytest.mark.parametrize("label", NASTY)
def test_labels_do_no_harm_in_any_format(label: str, tmp_path: Path) -> None:
    drawing = viz.draw(nasty(label), view="values+gradients+ledger", title=label)
    for ending in TEXT_FORMATS:
        text = bytes_of(drawing, ending, tmp_path).decode()
        assert (
            text
            == bytes_of(
                viz.draw(nasty(label), view="values+gradients+ledger", title=label), ending, tmp_path
            ).decode()
        )
        if ending in (".svg", ".md"):
            assert "<script>alert" not in text
    tex = drawing.tikz
    assert "\\input" not in tex and "\\end{document}" in tex and tex.count("\\end{tikzpicture}") == 1
    assert not re.search(r"=\s*<", drawing.dot)  # what Graphviz would read as HTML
    mermaid = drawing.mermaid
    assert mermaid.count("\n  n0") == 1 + sum(w.source == "n0" for w in drawing.scene.wires)
    pages = pypdf_pages(drawing.pdf())
    assert len(pages) == 1


def pypdf_pages(data: bytes) -> Any:
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
    return pypdf.PdfReader(io.BytesIO(data)).pages


def test_the_text_of_a_pdf_can_be_searched(neuron_run: Any) -> None:
    drawing = viz.draw(neuron_run, view="values+gradients+derivatives")
    text = pypdf_pages(drawing.pdf())[0].extract_text()
    for placed in drawing.placed.texts():
        assert placed.text in text
    assert drawing.pdf() == viz.draw(neuron_run, view="values+gradients+derivatives").pdf()


def test_what_is_faded_in_the_svg_is_faded_in_the_pdf(neuron_run: Any) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
    drawing = viz.draw(neuron_run, view="paths", to="w2")
    page = pypdf_pages(drawing.pdf())[0]
    orders = pypdf.generic.ContentStream(page.get_contents(), page.pdf).operations
    states = page["/Resources"]["/ExtGState"]
    now, used = [1.0], set()
    for order, sign in orders:
        if sign == b"q":
            now.append(now[-1])
        elif sign == b"Q":
            now.pop()
        elif sign == b"gs":
            now[-1] = float(states[order[0]].get("/CA", now[-1]))
        elif sign == b"S":
            used.add(now[-1])
    faded = {float(found) for found in re.findall(r' opacity="([0-9.]+)"', drawing.svg)}
    assert faded and used == {1.0, *faded}


def test_json_gives_the_scene_back(neuron_run: Any, classifier_run: Any) -> None:
    for source in (neuron_run, classifier_run, gn.trace(gn.log(gn.scalar(-1.0, "x")))):
        scene = viz.scene(source)
        again = scene_from_json(scene_to_json(scene))
        assert scene_to_json(again) == scene_to_json(scene)
        assert viz.draw(again).svg == viz.draw(scene).svg


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda d: d.update(format="other"), "not a scene"),
        (lambda d: d.update(version=2), "version 2 of scenes is not known"),
        (lambda d: d["scene"].update(boxes=3), r"scene.boxes is a list, found int"),
        (lambda d: d["scene"]["boxes"][0].pop("title"), r"scene.boxes\[0\] lacks title"),
        (lambda d: d["scene"]["boxes"][0].update(colour="red"), r"has no field 'colour'"),
        (lambda d: d["scene"]["boxes"][0].update(role="king"), "has the role 'king'"),
        (lambda d: d["scene"]["wires"][0].update(target="n99"), "one is no box"),
        (lambda d: d["scene"]["boxes"].append(d["scene"]["boxes"][0]), "have one id"),
        (lambda d: d["scene"]["wires"][0].update(slot="0"), r"slot is int, found str"),
        (lambda d: d["scene"]["boxes"][0].update(group="nowhere"), "in the group 'nowhere'"),
    ],
)
def test_damaged_scenes_are_told(neuron_run: Any, change: Any, wrong: str) -> None:
    data = json.loads(scene_to_json(viz.scene(neuron_run)))
    change(data)
    with pytest.raises(ValueError, match=wrong):
        scene_from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[" * 100_000, "nonsense", "[]", "null", '{"format": NaN}', "\x00"])
def test_what_is_no_scene_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="viz:"):
        scene_from_json(text)


def test_tables_hold_the_numbers_of_the_run(neuron_run: Any) -> None:
    from viz.formats.tables import csv_table
    from viz.numbers import parse

    rows = list(csv.DictReader(io.StringIO(csv_table(viz.scene(neuron_run)))))
    assert len(rows) == len(neuron_run.graph.nodes)
    for node, row in zip(neuron_run.graph.nodes, rows, strict=True):
        assert parse(row["value"]) == pytest.approx(float(neuron_run.value(node)), rel=5.01e-4)
        assert parse(row["gradient"]) == pytest.approx(float(neuron_run.gradient(node)), rel=5.01e-4)


def test_a_cell_is_never_a_formula_of_a_spreadsheet() -> None:
    from viz.formats.tables import csv_table

    cells = [cell for row in csv.reader(io.StringIO(csv_table(viz.scene(nasty("=1+1"))))) for cell in row]
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells) and "'=1+1" in " ".join(cells)


def test_the_tree_shows_every_node_once(make: Any) -> None:
    for seed in range(10):
        run = gn.trace(make["random"](seed))
        text = viz.draw(run).text
        lines = [line for line in text.splitlines() if not line.endswith("shown above")]
        assert len(lines) == len(run.graph.nodes)
        edges = len(text.splitlines()) - 1
        assert edges == len(run.graph.edges)


def test_a_deep_graph_is_written_without_recursion() -> None:
    y = gn.scalar(0.5, "a")
    for k in range(3000):
        with gn.scope(f"s{k % 2}"):
            y = gn.tanh(y)
    drawing = viz.draw(gn.Graph(y), repeats=False)
    for text in (drawing.text, drawing.mermaid, scene_to_json(drawing.scene)):
        assert len(text) > 1000 or "fold" in text


def test_tex_escapes_whatever_it_is_given() -> None:
    assert escaped("a_b & 50% {x} #1 ~ ^ \\") == (
        r"a\_b \& 50\% \{x\} \#1 \textasciitilde{} \textasciicircum{} \textbackslash{}"
    )
    assert escaped("10⁻³ × −2") == r"10${}^{-3}$ $\times$ ${-}$2".replace(r"$\times$", r"$\times $").replace(
        "${-}$", "$-$"
    )


def test_tikz_has_balanced_groups_and_known_colours(classifier_run: Any) -> None:
    tex = viz.draw(classifier_run).tikz
    body = tex.replace("\\{", "").replace("\\}", "")
    assert body.count("{") == body.count("}")
    used, defined = (
        set(re.findall(r"gn[0-9a-f]{6}", tex)),
        set(re.findall(r"definecolor\{(gn[0-9a-f]{6})\}", tex)),
    )
    assert used == defined


def tex_is_whole() -> bool:
    """Whether there is a TeX with the class that pictures are made for."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    return bool(subprocess.run(["kpsewhich", "standalone.cls"], capture_output=True, check=False).stdout)


@pytest.mark.skipif(not tex_is_whole(), reason="TeX with its class standalone is not installed")
def test_tikz_compiles(neuron_run: Any, tmp_path: Path) -> None:
    viz.draw(neuron_run, tmp_path / "neuron.tex", view="values+gradients+derivatives+ledger")
    subprocess.run(
        ["pdflatex", "-halt-on-error", "neuron.tex"], cwd=tmp_path, check=True, capture_output=True
    )
    assert (tmp_path / "neuron.pdf").stat().st_size > 1000


def test_boxes_of_dot_have_room_for_their_words_in_any_common_font(classifier_run: Any) -> None:
    from viz.place.wasm import graphviz

    answer = json.loads(graphviz(viz.draw(classifier_run, view="values+gradients").dot))
    nodes = [each for each in answer["objects"] if "shape" in each]
    assert len(nodes) > 5
    for node in nodes:
        # The letters of DejaVu Sans, the widest of the common fonts, are a sixth wider than ours.
        widest = max(width(line, 11.0) for line in node["label"].split("\\n"))
        assert float(node["width"]) * 72 > 1.15 * widest, node["label"]


def test_graphviz_keeps_the_flow_and_leads_no_gradient_around(neuron_run: Any, classifier_run: Any) -> None:
    from viz.place.wasm import graphviz

    for run in (neuron_run, classifier_run):
        answer = json.loads(graphviz(viz.draw(run, view="values+gradients").dot))
        at = {
            k: [float(v) for v in each["pos"].split(",")]
            for k, each in enumerate(answer["objects"])
            if "pos" in each
        }
        gradients = [edge for edge in answer["edges"] if edge.get("dir") == "back"]
        assert len(gradients) == sum(w.kind == "backward" for w in viz.scene(run).wires)
        for edge in answer["edges"]:
            (x, y), (u, v) = at[edge["tail"]], at[edge["head"]]
            assert x < u
            points = [
                [float(n) for n in part.split(",")] for part in edge["pos"].split() if part[0] not in "es"
            ]
            length = sum(abs(a - c) + abs(b - d) for (a, b), (c, d) in itertools.pairwise(points))
            assert length < 1.5 * (abs(x - u) + abs(y - v)) + 60


def test_a_path_keeps_its_marks_in_tex() -> None:
    assert escaped("x › y") == r"x \guilsinglright{} y"


def test_images_are_sharp_in_a_page_that_forbids_styles() -> None:
    x = gn.input("x", ("batch", 1, 8, 8), "float64")
    run = gn.trace(gn.mean(x), {"x": np.random.default_rng(0).normal(size=(2, 1, 8, 8))})
    drawing = viz.draw(run, view="images")
    assert 'style="image-rendering:pixelated"' in drawing.svg
    page = drawing.html
    assert "<image" in page and "style=" not in page
    assert "image{image-rendering:pixelated}" in page
