"""Text is measured with the fonts that ship with the package."""

from __future__ import annotations

import warnings

import pytest
from PIL import ImageFont

from viz.text import MissingGlyphWarning, clean, fallback, font, missing, shorten, width


@pytest.mark.parametrize("weight", ["regular", "medium"])
@pytest.mark.parametrize("text", ["softmax_cross_entropy", "batch × 64 · float32", "−1.235e−4 … 10⁻³", "ωйé"])
def test_width_agrees_with_another_reader_of_the_font(weight: str, text: str) -> None:
    # Pillow lays out at 1000 pixels, so hinting and rounding to whole pixels stay below one in a thousand.
    other = ImageFont.truetype(str(font(weight).path), 1000, layout_engine=ImageFont.Layout.BASIC)
    assert width(text, 1000, weight) == pytest.approx(other.getlength(text), rel=2e-3)


def test_arrows_and_mathematics_come_from_the_second_font() -> None:
    other = fallback()
    assert "∇" not in font() and other is not None and "∇" in other
    assert missing(["∇f → 0"]) == []


def test_missing_glyphs_are_named_in_a_warning() -> None:
    with pytest.warns(MissingGlyphWarning, match=r"2 characters .*\(글 한\)"):
        assert missing(["한글", "abc"]) == ["글", "한"]


def test_plain_text_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert missing(["softmax", "− ± … × · ≈ ∞ ⁻³"]) == []


def test_long_text_is_shortened_visibly_and_keeps_head_and_tail() -> None:
    short = shorten("weight of unit 1 in the layer number 37", 120.0, 12.0)
    assert width(short, 12.0) <= 120.0
    assert short.startswith("weight") and "…" in short and short.endswith("37")


def test_short_text_stays_whole() -> None:
    assert shorten("relu", 120.0, 12.0) == "relu"


def test_clean_text_is_one_printable_line() -> None:
    assert clean("a\nb\t c\x00\u202e") == "a b c\ufffd\ufffd"
