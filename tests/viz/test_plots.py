"""Every plot, in every theme and size: readable, the same each time, with a table and words, and without traces."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

import graphnn as gn
import viz
from plotted import PLOTS, history
from viz.plots.style import LINES, MARKERS, Style, words
from viz.theme import LIGHT, THEMES, Theme, contrast

EVERY = pytest.mark.parametrize("name", list(PLOTS))
# Names that break out of formulas, tags, tables and lines.
HOSTILE = ["$\\frac{", "_hidden", "</svg><script>", 'a | b\nc & "d"', "한글 שלום 🙂", "x" * 500, "", "100 %"]


@cache
def plot_of(name: str) -> viz.Plot:
    """One plot of this kind, for tests that only look."""
    return PLOTS[name]()


@EVERY
@pytest.mark.parametrize("theme", list(THEMES))
def test_every_plot_is_readable_in_every_theme(name: str, theme: str) -> None:
    plot = plot_of(name) if theme == "light" else PLOTS[name](theme=theme)
    assert plot.problems() == []


@EVERY
def test_every_plot_is_readable_on_a_slide_and_leaves_matplotlib_as_it_was(name: str) -> None:
    from matplotlib import pyplot

    before, open_figures = dict(matplotlib.rcParams), pyplot.get_fignums()
    plot = PLOTS[name](size="slide", title="A title that says what is to be seen", theme="dark")
    assert plot.problems() == []
    plot.png(0.3)
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == open_figures
    width, height = plot.figure.get_size_inches()
    assert width / height == pytest.approx(16 / 9)


@EVERY
def test_the_same_plot_gives_the_same_bytes(name: str) -> None:
    one = plot_of(name)
    assert one.svg == PLOTS[name]().svg
    assert one.png(0.5) == one.png(0.5)


@EVERY
def test_every_plot_has_a_table_and_words(name: str) -> None:
    plot = plot_of(name)
    assert len(plot.table) > 0
    assert all(len(row) == len(plot.table.head) for row in plot.table)
    assert plot.table.markdown.count("\n") == len(plot.table) + 2
    assert len(plot.alt) > 40 and plot.alt.rstrip().endswith(".")
    assert not any(isinstance(cell, np.generic) for row in plot.table for cell in row)


@EVERY
def test_svg_is_well_formed_and_holds_the_words(name: str) -> None:
    plot = plot_of(name)
    root = ElementTree.fromstring(plot.svg)
    said = [element.text for element in root if element.tag.endswith("desc")]
    assert said == [plot.alt]
    assert root.attrib["role"] == "img"
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "foreignObject", "a"}
    # An image inside is part of the file, not fetched.
    links = [v for element in root.iter() for k, v in element.attrib.items() if k.endswith("href")]
    assert all(link.startswith(("#", "data:image/png")) for link in links)


def test_bytes_do_not_depend_on_the_hash_seed_or_on_settings_of_the_process(root: Path) -> None:
    code = (
        "import sys, matplotlib; sys.path.insert(0, 'tests'); "
        "matplotlib.rcParams.update({'font.size': 20, 'axes.grid': True}) if sys.argv[1] == '7' else None; "
        "from plotted import PLOTS; import hashlib; "
        "print(*[hashlib.sha256(PLOTS[n]().svg.encode()).hexdigest() for n in "
        "('training_curve', 'boundary of three', 'surface')])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code, seed], cwd=root, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "7")
    ]  # fmt: skip
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("ending", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("md", b"| epoch"), ("csv", b"epoch,")],
)
def test_a_plot_saves_itself_by_the_ending_of_the_file(tmp_path: Path, ending: str, start: bytes) -> None:
    plot = viz.training_curve(history(), tmp_path / f"given.{ending}")
    assert (tmp_path / f"given.{ending}").read_bytes().startswith(start)
    assert plot.save(tmp_path / f"saved.{ending}") == tmp_path / f"saved.{ending}"
    assert (tmp_path / f"given.{ending}").read_bytes() == (tmp_path / f"saved.{ending}").read_bytes()


def test_files_that_cannot_be_written_get_a_sentence(tmp_path: Path) -> None:
    plot = viz.training_curve(history())
    with pytest.raises(ValueError, match=r"'curve\.gif' must end in one of \.svg, \.png, \.pdf"):
        plot.save(tmp_path / "curve.gif")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        plot.save(tmp_path / "absent" / "curve.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_plot_shows_itself_in_a_notebook() -> None:
    shown = viz.training_curve(history())._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg ")
    assert shown["text/plain"] == "<Plot training_curve: 2 panels, 12 rows>"


def test_a_large_plot_shows_itself_as_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viz.plots.plot._LARGEST_SVG", 1000)
    assert viz.training_curve(history())._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")


def test_pdf_holds_no_date_and_is_the_same_twice() -> None:
    one, two = (viz.training_curve(history()).pdf() for _ in range(2))
    assert one == two
    assert b"CreationDate" not in one


@pytest.mark.filterwarnings("ignore::viz.MissingGlyphWarning")
@pytest.mark.parametrize("theme", list(THEMES))
def test_names_of_users_are_shown_letter_by_letter(theme: str) -> None:
    runs = {name: history(3 + k) for k, name in enumerate(HOSTILE)}
    plot = viz.training_curve(runs, theme=theme, title=HOSTILE[2])
    assert plot.problems() == []
    root = ElementTree.fromstring(plot.svg)
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    legend = [text.get_text() for text in plot.figure.axes[1].get_legend().get_texts()]
    assert len(legend) == len(HOSTILE) + 1
    assert legend[0] == "\\$\\frac{: validation accuracy"
    assert legend[1].startswith("\u200a_hidden")
    assert plot.table.markdown.count("\n") == len(plot.table) + 2
    assert "<script>" not in plot.table.markdown


def test_missing_glyphs_are_told_once_in_words() -> None:
    with pytest.warns(viz.MissingGlyphWarning, match="boxes stand for them") as told:
        viz.training_curve({"\u1797": history(), "b": history()}).png(0.5)
    assert len(told) == 1


def test_words_are_one_line_without_formulas() -> None:
    assert words("a\nb\tc") == "a b c"
    assert words("$x$") == "\\$x\\$"
    assert words("_x") == "\u200a_x"
    assert len(words("y" * 100, 30)) == 30 and "…" in words("y" * 100, 30)


@pytest.mark.parametrize(
    "theme", [*THEMES.values(), Theme(name="mine", page="#0b2239", heat_middle="#0b2239")]
)
def test_colours_of_curves_can_be_read_on_the_page(theme: Theme) -> None:
    style = Style.of("test", {"theme": theme})
    assert all(contrast(colour, theme.page) >= 4.5 for colour in style.colours)


def test_two_curves_never_look_alike() -> None:
    style = Style.of("test", {"theme": "print"})
    looks = [(s.colour, s.line, s.marker) for s in (style.series(k) for k in range(24))]
    assert len(set(looks)) == len(looks)
    assert len(LINES) == 6 and len(MARKERS) == 8


# Machado, Oliveira and Fernandes 2009, table 1, severity 1: what is left of linear RGB.
_BLIND = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def _lab(colour: str, matrix: Any) -> np.ndarray:
    """CIE L*a*b* of what an eye with this matrix sees."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(matrix) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ linear / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
@pytest.mark.parametrize("eye", list(_BLIND))
def test_the_first_three_colours_differ_to_colour_blind_eyes(theme: str, eye: str) -> None:
    seen = [_lab(colour, _BLIND[eye]) for colour in Style.of("test", {"theme": theme}).colours[:3]]
    # A difference of 2.3 is just noticeable; lines and markers tell the curves apart as well.
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 10


def test_a_look_that_is_none_gets_a_sentence() -> None:
    with pytest.raises(TypeError, match=r"there is no setting 'tilte'\. Did you mean 'title'"):
        viz.training_curve(history(), tilte="x")
    with pytest.raises(ValueError, match="size is 'notebook', 'slide', or"):
        viz.training_curve(history(), size="huge")
    with pytest.raises(ValueError, match="size is 'notebook', 'slide', or"):
        viz.training_curve(history(), size=(0.1, 3))
    with pytest.raises(ValueError, match="theme is 'light'"):
        viz.training_curve(history(), theme="pink")


def test_a_long_legend_lengthens_a_page_and_is_cut_on_a_slide() -> None:
    runs = {f"a run with a rather long name, number {k}": history() for k in range(14)}
    tall = viz.training_curve(runs)
    assert tall.problems() == []
    assert tall.figure.get_size_inches()[1] > viz.training_curve(history()).figure.get_size_inches()[1] + 1
    slide = viz.training_curve(runs, size="slide")
    assert slide.problems() == []
    said = [text.get_text() for text in slide.figure.axes[0].get_legend().get_texts()]
    assert sum(text.startswith("… ") and text.endswith(" more") for text in said) == 1


def test_a_legend_is_read_row_by_row_and_its_rows_are_even() -> None:
    names = [f"schedule number {k}, halved twice" for k in range(5)]
    plot = viz.schedule_curve({name: gn.optim.step_decay(5 + k) for k, name in enumerate(names)}, 20)
    plot.figure.draw_without_rendering()
    renderer = plot.figure.canvas.get_renderer()
    places = {}
    for text in plot.figure.axes[0].get_legend().get_texts():
        if text.get_text() in names:
            box = text.get_window_extent(renderer)
            places[text.get_text()] = (-round(box.y0), round(box.x0))
    assert sorted(places, key=lambda name: places[name]) == names
    rows = [sum(y == row for y, _ in places.values()) for row in {y for y, _ in places.values()}]
    assert max(rows) - min(rows) <= 1


ODD: dict[str, Callable[[], viz.Plot]] = {
    "a loss that is the same everywhere": lambda: viz.surface(
        gn.square(A) * 0.0 + B * 0.0, (A, B), kind="both", grid=5
    ),
    "weights of 0": lambda: viz.weights(np.zeros((3, 3))),
    "weights that are no numbers": lambda: viz.weights(np.array([np.nan, 1.0, -2.0])),
    "a model that always says the same": lambda: viz.boundary(
        lambda r: r[:, 0] * 0 + 0.5, span=SPAN, steps=4
    ),
    "equal chances of three": lambda: viz.boundary(lambda r: np.zeros((len(r), 3)), span=SPAN, steps=4),
    "a flat prediction": lambda: viz.regression_surface(lambda r: r[:, 0] * 0, span=SPAN, steps=4, kind="3d"),
    "a single point": lambda: viz.fit_curve(lambda x: x[:, 0], (np.array([1.0]), np.array([2.0]))),
    "nine curves": lambda: viz.curve(
        gn.exp, gn.log, gn.sin, gn.square, gn.sign, gn.tanh, gn.elu, gn.silu, gn.mish
    ),
    "a wide span": lambda: viz.curve(gn.sqrt, span=(-1e-3, 1e6)),
    "one step": lambda: viz.schedule_curve(gn.optim.cosine(5), 1),
    "members that agree": lambda: viz.bands([lambda x: x[:, 0]] * 2, span=(0, 1)),
}
A, B = gn.scalar(1.0, "a"), gn.scalar(1.0, "b")
SPAN = ((0.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize("name", list(ODD))
def test_odd_data_are_drawn_without_a_warning(name: str) -> None:
    assert ODD[name]().problems() == []


def test_a_page_has_the_size_that_was_asked_for() -> None:
    assert viz.training_curve(history(), size=(5.0, 4.0)).figure.get_size_inches().tolist() == [5.0, 4.0]
    assert Style.of("test", {}).inches(7.2, 3.0) == (7.2, 3.0)
    assert Style.of("test", {"theme": LIGHT}).theme is LIGHT


def test_problems_sees_text_that_is_cut_off_and_text_over_text() -> None:
    plot = viz.training_curve(history())
    axis = plot.figure.axes[0]
    axis.text(6, 1, "the first text")
    axis.text(6.1, 1, "the second text")
    axis.figure.text(0.95, 0.5, "a long text at the edge").set_in_layout(False)
    axis.text(2, 1, "pale", color="#dddddd")
    axis.text(4, 1, "tiny", fontsize=4)
    found = " ".join(plot.problems())
    assert "'the first text' and 'the second text' overlap" in found
    assert "'a long text at the edge' is cut off" in found
    assert "'pale' has a contrast of" in found
    assert "'tiny' is 4.0 points small" in found
    slide = viz.training_curve(history(), size="slide")
    slide.figure.axes[0].text(6, 1, "fit for a notebook", fontsize=8)
    assert "'fit for a notebook' is 8.0 points small" in " ".join(slide.problems())


def test_problems_sees_curves_that_leave_the_axes_are_pale_or_are_in_no_legend() -> None:
    plot = viz.training_curve(history())
    axis = plot.figure.axes[0]
    colour = axis.get_lines()[0].get_color()
    limits = axis.get_xlim()
    axis.plot([1.0, 40.0], [1.0, 1.0], color=colour, label="long")
    axis.plot([2.0, 3.0], [1.0, 1.0], color="#e8e8e8", label="faint")
    axis.plot([3.0], [1.0], marker="P", linestyle="none", color=plot.style.theme.text, label="cross")
    axis.plot([4.0, 5.0], [1.0, 1.0], color="#7d5c00", label="stranger")
    axis.set_xlim(limits)
    found = " ".join(plot.problems())
    assert "The curve 'long' reaches from 1 to 40 in x, the axis shows" in found
    assert "The curve 'faint' has a contrast of 1.2" in found
    assert "The curve 'cross' is not in the legend." in found
    assert "The curve 'stranger' is not in the legend." in found
    other = viz.training_curve(history())
    other.figure.axes[0].get_lines()[0].set_color("#00785a")
    assert "looks like nothing that is drawn" in " ".join(other.problems())


def test_every_curve_of_gradients_is_marked_at_its_first_epoch() -> None:
    plot = PLOTS["gradient_sizes"]()
    assert all(line.get_markevery()[0] == 0 for line in plot.figure.axes[0].get_lines())


def test_importing_viz_does_not_import_matplotlib() -> None:
    code = "import sys, viz; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
