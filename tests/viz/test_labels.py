"""Whatever users call their nodes: every format says it or clearly shortens it, and none takes it for its syntax."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
import xml.etree.ElementTree as ElementTree
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphnn as gn
import viz
from viz.formats.scene_json import scene_from_json, scene_to_json
from viz.formats.tables import csv_table
from viz.place.wasm import graphviz
from viz.text import clean

SPECIALS = [
    "", " ", "a<b", "x & y", '"q" \'n\'', "two\nlines", "a\tb\rc", "</text><script>alert(1)</script>", "]]>", "<!--",
    "{braces} $\\frac$ %\\end", "\\input{/etc/passwd}", "^^5cinput", "=1+1", "| a | b |", "end", "-->", '"]; x["',
    "#quot;",
    "&#60;b&#62;", "שלום", "سلام", "한국어", "日本語", "🙂", "👩‍👩‍👧", "e\u0301", "x" * 500, "--", "<b>b</b>", "`code`",
    "%% comment", "subgraph", "graph TD", "click n0 call alert()", ":::op", "\\N", "\\G\\L", "\\l\\r", "<<TABLE>>",
    "javascript:alert(1)", "\u202eevil", "\x00", "\x1b[31mred", "\ufeff", "\u2028", "=cmd|' /C calc'!A0", "n0", "%s%n",
    "{0}", "${x}", "---", "___", "*a*", "[l](javascript:x)", "~~~", "\\", "\\\\", '\\"', "'", '"""', "a\\",
]  # fmt: skip
LABELS = st.one_of(
    st.sampled_from(SPECIALS),
    st.text(max_size=30),
    st.text(alphabet="\\{}$&#%_^~<>|\"'`-[]():;=@!/\n\r\t. ", max_size=20),
    st.lists(st.sampled_from(SPECIALS), min_size=2, max_size=3).map("".join),
).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
MANY = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
VIEW = "values+gradients+ledger+derivatives"


def run_of(label: str, other: str | None = None) -> Any:
    """A run whose leaf, op, scope are all called so; `other` is the name of a second leaf."""
    label = label or " "  # graphnn itself refuses names of no letters
    a, b = gn.scalar(2.0, label), gn.scalar(0.5, label if other is None else other or " ")
    with gn.scope(label.replace("/", "|")):
        c = (a * b).named(label)
    return gn.trace((c + gn.tanh(b)) * a)


def drawing_of(label: str, **words: Any) -> viz.Drawing:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawing = viz.draw(run_of(label), view=VIEW, title=label, **words)
        _ = drawing.placed
    return drawing


PLAIN = drawing_of("plain")


def says(shown: str, label: str) -> bool:
    """Whether a text is the label, or its head and its tail with an ellipsis between them."""
    whole = clean(label)
    if shown == whole or (not whole and shown in ("‹empty›", "parameter", "mul")):
        return True
    head, cut, tail = shown.partition("…")
    return bool(cut) and whole.startswith(head.rstrip()) and whole.endswith(tail.lstrip()) and len(head) > 3


@MANY
@given(LABELS)
def test_boxes_say_the_label_and_nothing_else_changes(label: str) -> None:
    drawing = drawing_of(label)
    assert viz.problems(drawing.placed) == []
    boxes = {box.box.id: [text.text for text in box.texts] for box in drawing.placed.boxes}
    plain = {box.box.id: [text.text for text in box.texts] for box in PLAIN.placed.boxes}
    assert list(boxes) == list(plain)
    assert says(boxes["n0"][0], label) and says(boxes["n1"][0], label)
    for placed in drawing.placed.boxes:
        assert "\n" not in "".join(text.text for text in placed.texts)


@MANY
@given(LABELS)
def test_svg_has_the_elements_of_a_harmless_picture(label: str) -> None:
    root, plain = ElementTree.fromstring(drawing_of(label).svg), ElementTree.fromstring(PLAIN.svg)
    allowed = {element.tag for element in plain.iter()}
    assert {element.tag for element in root.iter()} <= allowed
    names = {key for element in plain.iter() for key in element.attrib}
    for element in root.iter():
        assert set(element.attrib) <= names
        assert not any(key.lower().startswith("on") or "href" in key for key in element.attrib)
    titles = [t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert not label.split() or any(clean(repr(label))[1:12] in t or clean(label)[:12] in t for t in titles)


@MANY
@given(LABELS)
def test_json_gives_the_same_scene_back(label: str) -> None:
    scene = drawing_of(label).scene
    assert scene_from_json(scene_to_json(scene)) == scene
    assert scene_from_json(scene_to_json(scene).encode()) == scene


@MANY
@given(LABELS)
def test_tables_have_the_rows_of_a_harmless_picture(label: str) -> None:
    drawing = drawing_of(label)
    table, plain = (list(csv.reader(io.StringIO(csv_table(d.scene)))) for d in (drawing, PLAIN))
    assert [len(row) for row in table] == [len(table[0])] * len(plain)
    assert [row[4:6] for row in table] == [row[4:6] for row in plain]
    assert not any(cell[:1] in tuple("=+-@\t\r") for row in table for cell in row)
    assert len(drawing.table.splitlines()) == len(PLAIN.table.splitlines())
    for line in drawing.table.splitlines():
        bars = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
        assert bars in (0, 4, len(table[0]) + 1), line
        assert "<" not in line and not re.search(r"(?<!\\)(?:\\\\)*[`*]", line)


@MANY
@given(LABELS)
def test_the_tree_has_the_lines_of_a_harmless_picture(label: str) -> None:
    lines, plain = (
        re.split(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", d.text) for d in (drawing_of(label), PLAIN)
    )
    assert len(lines) == len(plain) - (not clean(label))
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for line in lines for c in line)


def unlabelled_mermaid(text: str) -> list[str]:
    return [re.sub(r'"[^"]*"', '""', line) for line in text.splitlines() if not line.startswith("title:")]


@MANY
@given(LABELS)
def test_mermaid_has_the_lines_of_a_harmless_picture(label: str) -> None:
    mermaid = drawing_of(label).mermaid
    found = unlabelled_mermaid(mermaid)
    assert found == unlabelled_mermaid(PLAIN.mermaid)[(0 if clean(label) else 2) :]
    said = re.search(r'^ *n0\S*?"(.*?)(?:<br/>|")', mermaid, re.M)
    assert said is not None
    text = re.sub(r"#(\d+);", lambda number: chr(int(number[1])), said[1])
    assert says(text.strip(), label.strip()) or not clean(label)


def structure(dot: str) -> tuple[int, Counter[Any], list[str]]:
    answer = json.loads(graphviz(dot))
    nodes = [each for each in answer["objects"] if not each["name"].startswith("cluster")]
    edges = Counter((edge["tail"], edge["head"]) for edge in answer["edges"])
    return len(answer["objects"]), edges, [node["name"] for node in nodes]


@MANY
@given(LABELS)
def test_graphviz_reads_the_graph_of_a_harmless_picture(label: str) -> None:
    dot = drawing_of(label).dot
    assert structure(dot) == structure(PLAIN.dot)
    node = next(each for each in json.loads(graphviz(dot))["objects"] if each["name"] == "n0")
    said = ""
    for part in re.findall(r"\\.|[^\\]", node["label"]):
        if part == "\\n":
            break
        said += part[-1]
    assert says(said.strip(), label) or not clean(label) or clean(label) in said or "&" in label


# Commands that stand for single letters.
LETTERS = """
guilsinglleft guilsinglright textasciicircum textasciitilde textless textgreater textbar textquotedbl textquotesingle
textasciigrave ldots times cdot approx pm infty partial surd to leftarrow pi omega alpha beta top odot lnot Sigma Pi
sigma mu gamma delta lambda theta varepsilon varphi phi Phi le ge ne
"""


def tex_commands(text: str) -> set[str]:
    without = re.sub(r"\\textbackslash\{\}", "", text)
    return set(re.findall(r"\\[A-Za-z]+", without))


@MANY
@given(LABELS)
def test_tex_gets_no_command_from_a_label(label: str) -> None:
    tex = drawing_of(label).tikz
    known = tex_commands(PLAIN.tikz) | {f"\\{word}" for word in LETTERS.split()}
    assert tex_commands(tex) <= known
    assert all(re.match(r"[%\\ ]|$", line) for line in tex.split("\n")) and "\r" not in tex
    bare = re.sub(r"\\[\\{}$&#%_]", "", tex)
    assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0
    assert "^^" not in bare


@settings(MANY, max_examples=25)
@given(LABELS)
def test_a_pdf_has_one_page_whose_text_holds_the_label(label: str) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
    drawing = drawing_of(label)
    reader = pypdf.PdfReader(io.BytesIO(drawing.pdf()))
    assert len(reader.pages) == 1 and "/OpenAction" not in reader.trailer["/Root"]
    assert "/JavaScript" not in str(reader.trailer["/Root"]) and "/Annots" not in reader.pages[0]
    text = reader.pages[0].extract_text()
    for placed in drawing.placed.texts():
        if placed.text.isascii():
            assert " ".join(placed.text.split()) in " ".join(text.split())


@settings(MANY, max_examples=15)
@given(LABELS)
def test_frames_and_sheets_stand_still_and_are_whole(label: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        film = viz.frames(run_of(label))
        pictures = [drawing.svg for drawing in (film[0], film[len(film) - 1])]
        quiz = viz.quiz(run_of(label), seed=1)
        pictures += [quiz.sheet.svg, quiz.key.svg]
    for svg in pictures:
        root = ElementTree.fromstring(svg)
        assert not [e for e in root.iter() if e.tag.endswith(("script", "foreignObject", "image", "}a"))]


@settings(MANY, max_examples=40)
@given(LABELS, LABELS)
def test_two_labels_keep_their_places(one: str, other: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawing = viz.draw(run_of(one, other), view="values")
        boxes = {box.box.id: box for box in drawing.placed.boxes}
    assert says(boxes["n0"].texts[0].text, one) and says(boxes["n1"].texts[0].text, other)


def test_duplicated_labels_are_told_apart_in_tables() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_table(PLAIN.scene))))
    assert len({row["node"] for row in rows}) == len(rows)
