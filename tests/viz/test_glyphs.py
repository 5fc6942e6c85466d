"""Letters that no shipped font has: found in other fonts, drawn in PNG and PDF, and warned of where there is none."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import pytest

import graphnn as gn
import viz
from viz import glyphs

KOREAN = "한국어 가중치"


def font_of(path: Path, letters: str) -> Path:
    """A font in which each of these letters is a black square."""
    builder = pytest.importorskip("fontTools.fontBuilder", reason="fontTools makes the font of this test")
    pens = pytest.importorskip("fontTools.pens.ttGlyphPen")
    pen = pens.TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 800), (900, 800), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    square, names = pen.glyph(), [f"g{k}" for k in range(len(letters))]
    font = builder.FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", *names])
    font.setupCharacterMap(dict(zip(map(ord, letters), names, strict=True)))
    font.setupGlyf({".notdef": pens.TTGlyphPen(None).glyph(), **dict.fromkeys(names, square)})
    font.setupHorizontalMetrics(dict.fromkeys([".notdef", *names], (1000, 100)))
    font.setupHorizontalHeader(ascent=900, descent=-200)
    font.setupNameTable({"familyName": path.stem, "styleName": "Regular", "psName": path.stem})
    font.setupOS2(sTypoAscender=900, sTypoDescender=-200)
    font.setupPost()
    font.save(path)
    return path


def drawing() -> viz.Drawing:
    return viz.draw(gn.trace(gn.tanh(gn.scalar(0.5, KOREAN))))


def dark(png: bytes) -> int:
    image = pytest.importorskip("PIL.Image", reason="Pillow reads the PNG back")
    return sum(1 for v in image.open(io.BytesIO(png)).convert("L").tobytes() if v < 160)


def test_a_warning_says_what_can_be_done() -> None:
    with pytest.warns(
        viz.MissingGlyphWarning, match=r"empty squares in PNG and PDF; in SVG and HTML.*viz.fonts"
    ):
        drawing().png()


def test_a_letter_that_no_font_has_is_a_square_in_png_and_pdf() -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 draws the PDF")
    # Of the room for private use no font has a letter.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [viz.draw(gn.trace(gn.tanh(gn.scalar(0.5, name)))) for name in ("\uf8f0" * 6, "\u3000" * 6)]
        seen, empty = (dark(drawn.png()) for drawn in made)
        assert seen > empty + 100
        pages = [pdfium.PdfDocument(drawn.pdf())[0].render(scale=2).to_pil() for drawn in made]
    inks = [sum(1 for v in page.convert("L").tobytes() if v < 160) for page in pages]
    assert inks[0] > inks[1] + 100


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_png_is_filled_to_its_edges(theme: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow reads the PNG back")
    for name in ("x", "xyz", "a longer name", "wide"):
        seen = image.open(io.BytesIO(viz.draw(gn.tanh(gn.scalar(0.5, name)), theme=theme).png(1.0)))
        red, green, blue, opacity = seen.convert("RGBA").getpixel((seen.width - 1, seen.height - 1))
        assert opacity == 255
        assert (red, green, blue) == ((255, 255, 255) if theme == "light" else (0x14, 0x18, 0x1D))


def test_a_given_font_draws_the_letters_in_png_and_pdf(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        blank = drawing()
        before, svg = dark(blank.png()), blank.svg
    viz.fonts(font_of(tmp_path / "Squares.ttf", KOREAN.replace(" ", "")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        full = drawing()
        assert dark(full.png()) > before + 1000, "filled squares of the font, empty ones without it"
        assert full.svg == svg, "places do not hang on the fonts of a machine"
        pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
        page = pypdf.PdfReader(io.BytesIO(full.pdf())).pages[0]
        assert KOREAN in page.extract_text()
        assert full.pdf() == drawing().pdf()


def test_fonts_are_found_by_the_variable_and_in_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = font_of(tmp_path / "Squares.ttf", "한")
    assert glyphs.found_for("한") is None
    monkeypatch.setenv("GRAPHNN_FONTS", str(file))
    glyphs.found_for.cache_clear()
    assert glyphs.found_for("한") == file and glyphs.found_for("국") is None
    monkeypatch.delenv("GRAPHNN_FONTS")
    monkeypatch.setattr(glyphs, "_packaged", lambda: (tmp_path / "absent.ttf", file))
    glyphs.found_for.cache_clear()
    assert glyphs.found_for("한") == file


@pytest.mark.parametrize(
    "content", [b"", b"not a font", b"\x00\x01\x00\x00" + b"\x00" * 40, b"OTTO" + b"\xff" * 60]
)
def test_a_file_that_is_no_font_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.ttf"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"viz.fonts: .*broken.ttf' is not a TrueType font"):
        viz.fonts(file)
    with pytest.raises(ValueError, match="is not a TrueType font"):
        viz.fonts(tmp_path / "absent.ttf")


def test_signs_that_only_the_second_shipped_font_has_are_in_a_pdf(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
    made = viz.draw(gn.Graph(gn.tanh(gn.scalar(1.0, "ω₁ → ⊙"))))
    reader = pypdf.PdfReader(io.BytesIO(made.pdf()))
    assert "ω₁ → ⊙" in reader.pages[0].extract_text()
    fonts = reader.pages[0]["/Resources"]["/Font"]
    assert any("DejaVu" in str(fonts[key].get_object()["/BaseFont"]) for key in fonts)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain a(b)", "plain a(b)"),
        ("שלום", "םולש"),
        ("a שלום b", "a םולש b"),
        ("שלום (ב)", "(ב) םולש"),
        ("سلام", "ﻡﺎﻠﺳ"),
        ("x 12 ש", "x 12 ש"),
    ],
)
def test_letters_that_run_leftwards_are_turned_and_joined(text: str, seen: str) -> None:
    assert glyphs.visual(text) == seen


def test_runs_are_of_one_font_each() -> None:
    found = glyphs.runs("weight → ω", "medium")
    assert "".join(words for _, words in found) == "weight → ω"
    assert [path.stem for path, _ in found][:2] == ["Roboto-Medium", "DejaVuSans"]
