"""The page of a drawing needs nothing else, does what a reader expects, and takes no word of a label for its own."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import graphnn as gn
import viz
from viz.html.folds import STATES_AT_MOST, leads, states
from viz.html.shell import Colours
from viz.numbers import number
from viz.place.recolour import recoloured

NASTY = [
    "</script><script>alert(1)</script>",
    "<!-- ",
    "-->",
    "<![CDATA[",
    "\"double\" 'single' `back`",
    "line\u2028separator\u2029end",
    "مرحبا",
    "🎲 dice",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp;",
    "javascript:alert(1)",
    "${alert(1)}",
    "#ffffff #0b6aa8",
    "x" * 500,
]


class Reader(HTMLParser):
    """Reads a page as a browser would: elements with their attributes, and all text."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, attribute: str) -> list[str]:
        return [a[attribute] or "" for _, a in self.elements if attribute in a]


def nasty_run(label: str) -> Any:
    a = gn.scalar(2.0, label)
    with gn.scope(label.replace("/", "|")):
        b = gn.tanh(a * 3.0).named(label)
    return gn.trace(b + a)


@pytest.fixture(scope="module")
def classifier_page(classifier_run: Any) -> str:
    return viz.draw(classifier_run, title="two layers").html


@pytest.mark.parametrize("label", NASTY)
@pytest.mark.filterwarnings("ignore::viz.MissingGlyphWarning")
def test_labels_are_shown_and_never_become_part_of_the_page(label: str) -> None:
    plain = Reader(viz.draw(nasty_run("plain"), title="plain").html)
    page = Reader(viz.draw(nasty_run(label), title=label).html)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 2 and "img" not in tags
    assert sorted(set(tags)) == sorted({tag for tag, _ in plain.elements})
    assert {k for _, a in page.elements for k in a} == {k for _, a in plain.elements for k in a}
    shown = " ".join(label.split())
    assert any(shown in note for note in page.all("data-note"))
    assert shown in page.texts or any(shown in text for text in page.texts)


@pytest.mark.parametrize("label", NASTY)
@pytest.mark.filterwarnings("ignore::viz.MissingGlyphWarning")
def test_labels_do_no_harm_in_the_player(label: str) -> None:
    page = viz.player(nasty_run(label))
    tags = [tag for tag, _ in Reader(page).elements]
    assert tags.count("script") == 2 and "img" not in tags
    facts = re.search(r'<script type="application/json" id="facts">(.*?)</script>', page, re.S)
    assert facts is not None and "<" not in facts[1] and "\u2028" not in facts[1]
    shown = " ".join(label.split())
    assert any(shown in caption for caption in json.loads(facts[1])["captions"])


def scripts(page: str) -> tuple[str, str]:
    return (
        re.findall(r"<style>(.*?)</style>", page, re.S)[0],
        re.findall(r"<script>(.*?)</script>", page, re.S)[0],
    )


def test_only_the_pages_own_style_and_script_may_act(classifier_run: Any, classifier_page: str) -> None:
    for page in (classifier_page, viz.player(classifier_run)):
        policy = next(a["content"] for _, a in Reader(page).elements if "http-equiv" in a)
        assert policy is not None and policy.startswith("default-src 'none';")
        assert "unsafe" not in policy and "http" not in policy
        for kind, text in zip(("style", "script"), scripts(page), strict=True):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{kind}-src 'sha256-{digest}'" in policy


def test_nothing_is_loaded_from_elsewhere(classifier_run: Any, classifier_page: str) -> None:
    for page in (classifier_page, viz.player(classifier_run)):
        assert "http:" not in page and "https:" not in page and "//cdn" not in page
        read = Reader(page)
        assert read.all("src") == read.all("href") == read.all("style") == []
        assert not any(key.startswith("on") for _, a in read.elements for key in a)
        assert (
            "url(" not in page and "@import" not in page and "innerHTML" not in page and "eval(" not in page
        )


PAGE = """
import sys
import graphnn as gn, viz
a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
with gn.scope("inner"):
    c = (a * b).named("c")
run = gn.trace((c * c + a).named("loss"))
sys.stdout.reconfigure(encoding="utf-8")
print(viz.draw(run).html, viz.player(run), end="")
"""


def test_the_same_graph_gives_the_same_bytes_with_any_hash_seed() -> None:
    pages = [
        subprocess.run(
            [sys.executable, "-c", PAGE], capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "4242")
    ]  # fmt: skip
    assert pages[0] == pages[1] and b"<!DOCTYPE html>" in pages[0]


def test_the_page_holds_the_numbers_of_the_run(neuron_run: Any) -> None:
    page = Reader(viz.draw(neuron_run).html)
    notes = {a["data-node"]: a["data-note"] for _, a in page.elements if "data-node" in a}
    names = {a["data-node"]: a["aria-label"] for _, a in page.elements if "data-node" in a}
    assert len(notes) == len(neuron_run.graph.nodes)
    for node, key in neuron_run.graph.ids.items():
        assert f"value {float(neuron_run.value(node))!r}" in (notes[key] or "")
        assert f"gradient {float(neuron_run.gradient(node))!r}" in (notes[key] or "")
        assert f"value {number(float(neuron_run.value(node)))}" in (names[key] or "")


def test_the_page_has_a_table_twin_and_names_for_screen_readers(
    classifier_run: Any, classifier_page: str
) -> None:
    page = Reader(classifier_page)
    assert [tag for tag, _ in page.elements].count("table") == 2
    cells = set(page.texts)
    assert {"relu", "batch × 6 · float32", "gradient", "contribution"} <= cells
    for tag, attributes in page.elements:
        if tag in ("input", "select", "svg") or attributes.get("role") in ("toolbar", "group", "button"):
            assert attributes.get("aria-label"), (tag, attributes)
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
    assert page.all("lang") == ["en"] and page.all("aria-live")
    nodes = [a for _, a in page.elements if "data-node" in a]
    assert all(a["role"] == "button" and a["tabindex"] == "-1" and a["data-find"] for a in nodes)


def test_the_page_is_small(neuron_run: Any) -> None:
    # The frame of a page (style and script) is below 20 kB; a picture takes at most twice its SVG.
    drawing = viz.draw(neuron_run)
    style, script = scripts(drawing.html)
    assert len(style) + len(script) < 20_000
    assert len(drawing.html) < 20_000 + 2 * len(drawing.svg)


def test_other_themes_have_no_switch(neuron_run: Any) -> None:
    assert (
        'id="theme"' in viz.draw(neuron_run).html and 'id="theme"' in viz.draw(neuron_run, theme="dark").html
    )
    for theme in ("print", "contrast"):
        page = viz.draw(neuron_run, theme=theme).html
        assert 'id="theme"' not in page and "prefers-color-scheme" not in page
        assert viz.THEMES[theme].page in page


def test_colours_in_labels_are_left_alone() -> None:
    colours = Colours(viz.LIGHT)
    assert colours.paired(['<a fill="#ffffff">#123456', '<a fill="#000000">#123456']) == (
        '<a fill="var(--k0)">#123456'
    )
    assert "--k0:#ffffff" in colours.style() and "--k0:#000000" in colours.style()


def test_each_fold_leads_to_a_picture_in_which_it_is_open_and_back(classifier_run: Any) -> None:
    drawing = viz.draw(classifier_run)
    found, left_out = states(drawing)
    assert found[0].label == "all scopes open (as drawn)" and not left_out
    assert len({state.folds for state in found}) == len(found) <= STATES_AT_MOST
    facts = json.loads(re.findall(r'id="facts">(.*?)</script>', drawing.html, re.S)[0])
    for state, ways in zip(found, facts["leads"], strict=True):
        assert viz.problems(state.placed) == []
        for key, target in ways.items():
            if key.startswith("/"):
                assert key[1:] in state.open and key[1:] in found[target].folded
            else:
                assert dict(state.folds)[key][0] in found[target].open
        assert set(dict(state.folds)) <= set(ways), "every fold can be opened"


def test_pictures_are_limited_and_the_page_says_so() -> None:
    x = gn.scalar(1.0, "x")
    node = x
    for k in range(14):
        with gn.scope(f"part {chr(97 + k)}"):
            node = gn.tanh(node * 2.0)
    drawing = viz.draw(gn.trace(node))
    found, left_out = states(drawing)
    assert len(found) == STATES_AT_MOST and left_out
    assert "are left out, to keep this page small" in drawing.html


def test_a_picture_whose_numbers_have_changed_since_stays_alone() -> None:
    a = gn.scalar(2.0, "a")
    with gn.scope("inner"):
        b = (a * a).named("b")
    drawing = viz.draw(b * 2.0)
    assert len(states(drawing)[0]) > 1
    a.value = 5.0
    assert len(states(drawing)[0]) == 1 and "value 4.0" in drawing.html


def test_names_of_scopes_are_no_patterns() -> None:
    a = gn.scalar(2.0, "a")
    with gn.scope("b[0]*"):
        node = gn.tanh(a)
    with gn.scope("c?"):
        node = gn.tanh(node)
    found, _ = states(viz.draw(gn.trace(node)))
    assert {"only b[0]* folded", "only c? open"} & {state.label for state in found}


def test_a_scene_by_hand_and_a_slide_have_pages_too(neuron_run: Any, tmp_path: Path) -> None:
    scene = viz.scene(neuron_run)
    assert 'id="state"' not in viz.draw(scene).html
    path = viz.draw(neuron_run, slide="16:9").save(tmp_path / "a.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_player_shows_each_part_in_its_steps(tmp_path: Path) -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    frames = viz.frames(gn.trace(((a * b).named("c") + a).named("loss")))
    page = viz.player(frames, tmp_path / "film.html")
    assert (tmp_path / "film.html").read_text(encoding="utf-8") == page
    elements = Reader(page).elements
    for k, placed in enumerate(frames.placed):
        shown = [a for _, a in elements if "data-at" in a and k in at(a["data-at"] or "")]
        assert sorted(a["data-node"] or "" for a in shown if "data-node" in a) == sorted(
            b.box.id for b in placed.boxes
        )
        assert {a["data-wire"] for a in shown if "data-wire" in a} == {w.wire.id for w in placed.wires}
        if k == 0:
            assert all("hidden" not in a for a in shown)
    assert sum("hidden" in a for _, a in elements if "data-at" in a) > 0
    with pytest.raises(ValueError, match=r"writes \.html, found 'film.gif'"):
        viz.player(frames, tmp_path / "film.gif")
    with pytest.raises(TypeError, match=r"every are said to viz\.frames"):
        viz.player(frames, every=2)


def at(text: str) -> set[int]:
    runs = [run.split("-") for run in text.split()]
    return {k for run in runs for k in range(int(run[0]), int(run[-1]) + 1)}


def test_files_of_the_page_are_plain() -> None:
    folder = Path(viz.__file__).parent / "html"
    for name in ("page.css", "move.js", "look.js", "play.js"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "</" not in text and "http" not in text and text.endswith("\n")


@pytest.mark.parametrize("ends", [(viz.LIGHT, viz.DARK), (viz.DARK, viz.LIGHT)])
def test_a_picture_in_other_colours_is_the_one_that_would_be_laid_out_in_them(
    classifier_run: Any, ends: tuple[viz.Theme, viz.Theme]
) -> None:
    scene = viz.scene(classifier_run, view="values+gradients+ledger+health", title="two layers")
    first, second = (viz.layout(scene, theme=theme) for theme in ends)
    assert recoloured(first, ends[1]) == second
    with pytest.raises(ValueError, match="lay out anew"):
        recoloured(first, viz.PRINT)


def test_a_notebook_shows_the_player_and_not_its_text(neuron_run: Any) -> None:
    frames = viz.frames(neuron_run, phases="forward")
    page = viz.player(frames)
    assert repr(page) == f"<Page of {len(page)} characters>"
    ((tag, attributes),) = Reader(frames._repr_html_()).elements
    assert tag == "iframe" and attributes["srcdoc"] == page and attributes["sandbox"] == "allow-scripts"


def test_folds_of_a_training_step_lead_on_too(make: Any) -> None:
    loss, _ = make["classifier"]()
    drawing = viz.draw(gn.Trainer(loss, gn.optim.Adam(0.01)))
    found, _ = states(drawing)
    folds = {box.id for box in drawing.scene.boxes if box.role == "fold"}
    assert folds == {key for key, _ in found[0].folds}
    ways = leads(found)[0]
    assert folds <= ways.keys()
