"""Formulas drawn as formulas: measured, placed without fault, and still words for whoever searches."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

import graphnn as gn
import viz
from viz.formula import formula
from viz.tex import filled, plain

SVG = "{http://www.w3.org/2000/svg}"


def test_one_symbol_or_number_stays_text() -> None:
    for tex in ("x", "w_{1}", "1", "-3.5", r"\mathrm{weight}", r"\alpha"):
        assert formula(tex) is None
    for tex in (r"\frac{1}{x}", "b = -3", "1 - y^2", r"\sqrt{x}"):
        assert formula(tex) is not None


def test_what_cannot_be_typeset_stays_text() -> None:
    for tex in (
        r"\frac{1}{",
        r"\nosuchcommand{x}",
        r"\left(",
        "{",
        "}",
        "",
        "한",
        "^^",
        r"a \\ b",
        "&",
        "$x$",
    ):
        found = formula(tex)
        assert found is None or found.width > 0
    drawing = viz.draw(gn.trace(gn.log(gn.scalar(2.0, "a < b & c"))), view="derivatives")
    assert viz.problems(drawing.placed) == []


def test_outlines_lie_within_what_was_measured() -> None:
    for tex in (
        r"\frac{1}{2 \sqrt{x}} = 0.25",
        r"1 - y^2 = 1 - (-0.5)^2 = 0.75",
        r"e^{-x} = 1.5 \cdot 10^{-3}",
    ):
        found = formula(tex)
        assert found is not None
        points = [n for _, n in found.strokes(0.0, 0.0, 1.0) if n]
        xs, ys = [x for n in points for x in n[::2]], [y for n in points for y in n[1::2]]
        assert min(xs) >= -0.05 and max(xs) <= found.width + 0.05
        assert min(ys) >= -found.up - 0.05 and max(ys) <= found.down + 0.05


def test_numbers_beside_numbers_keep_apart() -> None:
    assert filled(r"\frac{1}{2 {y}}", {"y": "1.163"}) == r"\frac{1}{2 \cdot 1.163}"
    assert filled(r"{b} {a}^{{b} - 1}", {"a": "0.5", "b": "3"}) == r"3 \cdot 0.5^{3 - 1}"
    assert filled(r"2 {x}", {"x": "x"}) == "2 x" and filled("2{x}", {"x": "(-3)"}) == "2(-3)"
    assert plain(filled(r"2 {x}", {"x": "1.5"})) == "2 · 1.5"


def test_the_words_stand_beside_the_outlines_in_svg_and_pdf() -> None:
    x = gn.scalar(0.5, "x")
    drawing = viz.draw(gn.trace(gn.tanh(x)), view="derivatives")
    root = ElementTree.fromstring(drawing.svg)
    drawn = [g for g in root.iter(f"{SVG}g") if g.attrib.get("role") == "math"]
    assert len(drawn) == 1
    words = drawn[0].attrib["aria-label"]
    assert (
        words
        == drawn[0].find(f"{SVG}title").text
        == next(row.lines[0] for box in drawing.scene.boxes for row in box.readings if row.formula)
    )
    assert words.startswith("1 − y² = ") and words.endswith(
        f" = {viz.numbers.number(1 - float(gn.tanh(x).value) ** 2)}"
    )
    assert drawing.pdf()[:5] == b"%PDF-" and r"1 - y^2" in drawing.tikz


def test_the_same_formula_is_typeset_once() -> None:
    first = formula(r"\frac{a}{b + c}")
    assert formula(r"\frac{a}{b + c}") is first


@pytest.mark.parametrize("seed", range(30))
def test_pictures_of_random_graphs_have_no_fault(make: Any, seed: int) -> None:
    run = gn.trace(make["random"](seed))
    drawing = viz.draw(run, view="values+derivatives", direction="LR" if seed % 2 else "TB", theme="dark")
    assert viz.problems(drawing.placed) == []


def test_the_sign_of_a_number_is_not_set_apart_like_a_difference() -> None:
    signed, plain = formula("1 - (-2)^2"), formula("1 - (2)^2")
    assert signed is not None and plain is not None
    # An en dash without the gaps of a difference, which take as much again.
    assert 0.4 < signed.width - plain.width < 0.9
