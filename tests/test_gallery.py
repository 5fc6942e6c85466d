"""Every picture of the gallery: without a fault, the same bytes whenever it is made, in every format, as committed."""

from __future__ import annotations

import ast
import builtins
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import viz
from docs_scripts import script
from viz.drawing import FORMATS
from viz.formats.scene_json import scene_from_json, scene_to_json

GALLERY = script("make_gallery")
PICTURES = [picture for pictures in GALLERY.SECTIONS.values() for picture in pictures]
# Names in scripts that no shipped font has are drawn by the reader's own fonts, and that is said.
pytestmark = pytest.mark.filterwarnings("ignore::viz.MissingGlyphWarning")
each_picture = pytest.mark.parametrize(
    "picture",
    [pytest.param(p, id=p.name, marks=[pytest.mark.slow] if p.slow else []) for p in PICTURES],
)
# At this width a page of a notebook or of GitHub shows a picture; letters of fewer pixels cannot be read.
NOTEBOOK, SMALLEST = 800, 6.0
# So long a picture is scrolled through, not seen.
LONGEST = 2600
# Pages are made of the SVG or beside it, and take their time: once is enough.
DEAR = (".png", ".pdf", ".html")
BEGINNINGS = {".png": b"\x89png", ".pdf": b"%pdf", ".html": b"<!doctype html>", ".svg": b"<"}
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-−+]?\d+)?")


def is_drawing(shown: Any) -> bool:
    return hasattr(shown, "placed")


def alike(first: str, second: str) -> bool:
    """Equal but for the last digits of long numbers, as tooltips hold them: compilers sum in different orders."""
    if first == second:
        return True
    if NUMBER.split(first) != NUMBER.split(second):
        return False
    pairs = zip(NUMBER.findall(first), NUMBER.findall(second), strict=True)
    return all(a == b or _close(a, b) for a, b in pairs)


def _close(first: str, second: str) -> bool:
    a, b = (float(word.replace("−", "-")) for word in (first, second))
    return abs(a - b) <= 1e-9 + 1e-6 * max(abs(a), abs(b))


def test_the_gallery_is_rich_and_every_picture_says_what_it_is() -> None:
    assert len(PICTURES) >= 25
    assert len({p.name for p in PICTURES}) == len(PICTURES)
    for p in PICTURES:
        assert p.title and p.sentence.endswith("."), p.name
        assert "viz." in p.code and "return" not in p.code.splitlines()[-1], p.name


def test_every_view_stands_in_the_gallery() -> None:
    code = "\n".join(p.code for p in PICTURES)
    named = set(re.findall(r"\w+", " ".join(re.findall(r'view"?[=:] ?"([^"]+)"', code))))
    unseen = set(viz.VIEWS) - named - {"structure", "gradients"}  # which are drawn if nothing is said
    assert not unseen


@each_picture
def test_a_picture_has_no_fault_and_can_be_read_in_a_notebook(picture: Any) -> None:
    for name, shown in picture.shown():
        if not is_drawing(shown):
            assert shown.problems() == [], name
            continue
        placed = shown.placed
        assert viz.problems(placed) == [], name
        least = min(text.size for text in placed.texts())
        # What is seen is a sheet: the whole picture, a slide, or one of several pages.
        for sheet in shown.sheets:
            smallest = least * sheet.scale * min(1.0, NOTEBOOK / sheet.width)
            assert smallest >= SMALLEST, f"{name} is {sheet.width:.0f} wide: letters of {smallest:.2f} pixels"
            assert sheet.height <= LONGEST, name


@each_picture
def test_a_picture_is_the_same_bytes_in_every_format_when_made_twice(picture: Any, tmp_path: Path) -> None:
    if isinstance(picture.result, str):
        assert picture.make() == picture.result
        return
    again = type(picture)(picture.make)
    for (name, shown), (_, other) in zip(picture.shown(), again.shown(), strict=True):
        for ending in FORMATS if is_drawing(shown) else GALLERY.OF_PLOTS:
            data = shown.save(tmp_path / f"{name}{ending}").read_bytes()
            check_format(shown, ending, data)
            if ending not in DEAR and picture.kept:
                assert other.save(tmp_path / f"again{ending}").read_bytes() == data, f"{name}{ending}"


def check_format(shown: Any, ending: str, data: bytes) -> None:
    """That a file is what its name says."""
    assert data.lower().startswith(BEGINNINGS.get(ending, b""))
    assert data
    if ending == ".svg":
        root = ElementTree.fromstring(data)
        assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    elif ending == ".json":
        assert json.loads(data)
        assert scene_to_json(scene_from_json(data.decode())) == data.decode()
    elif ending == ".tex":
        assert data.count(b"\\begin{tikzpicture}") == data.count(b"\\end{tikzpicture}") == 1


@each_picture
def test_a_committed_picture_is_what_its_code_draws(picture: Any, tmp_path: Path) -> None:
    if not picture.kept:
        assert picture.last in (GALLERY.FOLDER / "README.md").read_text("utf-8")
        return
    for name, shown in picture.shown():
        shown.save(tmp_path / f"{name}.svg")
    for file, shown in GALLERY.files(picture, tmp_path):
        kept = GALLERY.FOLDER / file.name
        assert kept.exists(), "run: python docs/make_gallery.py"
        made, old = (told(f.read_text("utf-8"), shown) for f in (file, kept))
        assert alike(made, old), "run: python docs/make_gallery.py"


def told(svg: str, shown: Any) -> str:
    """A drawing whole; of a plot its title and its words, for lines are set by the version of matplotlib."""
    return svg if is_drawing(shown) else svg[svg.index("<title>") : svg.index("</desc>")]


def test_the_page_shows_the_code_that_made_the_pictures() -> None:
    kept = (GALLERY.FOLDER / "README.md").read_text("utf-8")
    for p in PICTURES:
        assert f"```python\n{p.code.rstrip()}\n```" in kept, f"{p.name}: run python docs/make_gallery.py"
        assert f"### {p.title}\n\n{p.sentence}\n" in kept, p.name
        if isinstance(p.result, str):
            assert GALLERY.text_of(p) in kept, f"{p.name}: run python docs/make_gallery.py"
    linked = re.findall(r"\]\(([^)#]+\.svg)\)", kept)
    assert sorted(linked) == sorted(file.name for file in GALLERY.FOLDER.glob("*.svg"))
    assert all(line.isprintable() for line in kept.splitlines())


def test_code_of_the_gallery_fits_the_page_and_needs_nothing_but_what_the_page_imports() -> None:
    for p in PICTURES:
        assert max(map(len, p.code.splitlines())) <= 110, p.name
        names = [node for node in ast.walk(ast.parse(p.code)) if isinstance(node, ast.Name)]
        made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        made |= {node.name for node in ast.walk(ast.parse(p.code)) if isinstance(node, ast.FunctionDef)}
        made |= {node.arg for node in ast.walk(ast.parse(p.code)) if isinstance(node, ast.arg)}
        assert {node.id for node in names} <= made | {"np", "gn", "viz"} | set(dir(builtins)), p.name
