"""`graphnn frames`: a run step by step in every form that frames have, and one sentence for what cannot be."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

import graphnn as gn
import viz
from commands import graphnn


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scalar graph, and a net that must be fed."""
    made = tmp_path_factory.mktemp("models")
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    gn.io.save_graph(gn.Graph((a * b + a).named("L")), made / "scalar.json")
    x, y = gn.input("x", ("batch", 3)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)(x)
    gn.io.save_graph(gn.Graph(gn.softmax_cross_entropy(logits, y).named("loss")), made / "net.json")
    rng = np.random.default_rng(0)
    np.savez(made / "rows.npz", x=rng.normal(size=(9, 3)), y=rng.integers(0, 2, 9))
    return made


def film(folder: Path) -> viz.Frames:
    """What the command is to draw of the scalar graph."""
    return viz.frames(gn.trace(gn.io.load_graph(folder / "scalar.json").outputs, {}))


def test_without_a_file_the_steps_are_told(folder: Path) -> None:
    done = graphnn("frames", folder / "scalar.json")
    assert done.exit_code == 0, done.output
    told = [line[4:] for line in done.output.splitlines()]
    assert told == list(film(folder).captions)
    more = graphnn("frames", folder / "scalar.json", "--update", "sgd:0.1", "--phases", "backward+update")
    assert "a: 2 becomes 2.2 (its gradient was −2)" in more.output and "mul: a" not in more.output


def test_a_folder_gets_a_picture_a_step(folder: Path, tmp_path: Path) -> None:
    done = graphnn("frames", folder / "scalar.json", "-o", tmp_path / "steps")
    assert done.exit_code == 0, done.output
    whole = film(folder)
    files = sorted((tmp_path / "steps").iterdir())
    assert [f.name for f in files] == [f"step-{k:03}.svg" for k in range(1, len(whole) + 1)]
    assert [f.read_text(encoding="utf-8") for f in files] == [drawing.svg for drawing in whole]
    assert f"{len(whole)} pictures" in done.output


def test_every_form_that_frames_have_is_written(folder: Path, tmp_path: Path) -> None:
    names = ["film.gif", "film.apng", "film.pdf", "deck.tex", "player.html", "s-{}.png"]
    outs = [word for name in names for word in ("-o", tmp_path / name)]
    done = graphnn("frames", folder / "scalar.json", *outs, "--every", 2, "--theme", "dark")
    assert done.exit_code == 0, done.output
    frames = viz.frames(gn.trace(gn.io.load_graph(folder / "scalar.json").outputs, {}), every=2, theme="dark")
    assert len(list(tmp_path.glob("s-*.png"))) == len(frames)
    for name in ("film.gif", "film.apng"):
        with Image.open(tmp_path / name) as image:
            assert image.n_frames == len(frames)
    assert len(PdfReader(io.BytesIO((tmp_path / "film.pdf").read_bytes())).pages) == len(frames)
    assert (tmp_path / "player.html").read_text(encoding="utf-8") == str(viz.player(frames))
    assert r"\begin{frame}" in (tmp_path / "deck.tex").read_text(encoding="utf-8")


def test_a_slide_is_as_large_as_slides_are(folder: Path, tmp_path: Path) -> None:
    outs = ["-o", tmp_path / "s-{}.png", "-o", tmp_path / "deck.pdf", "-o", tmp_path / "film.gif"]
    done = graphnn("frames", folder / "scalar.json", *outs, "--slide", "16:9", "--seconds", 0.5)
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "s-1.png") as image:
        assert image.size == (2560, 1440)
    with Image.open(tmp_path / "film.gif") as image:
        assert image.size == (1200, 675) and image.info["duration"] == 500
    box = PdfReader(io.BytesIO((tmp_path / "deck.pdf").read_bytes())).pages[0].mediabox
    assert (float(box.width), float(box.height)) == (960.0, 540.0)


def test_a_film_has_the_width_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    done = graphnn("frames", folder / "scalar.json", "-o", tmp_path / "film.gif", "--width", 300, "--loop", 2)
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "film.gif") as image:
        assert image.width == 300


def test_a_net_is_fed_folded_and_viewed(folder: Path, tmp_path: Path) -> None:
    done = graphnn(
        "frames", folder / "net.json", "--data", folder / "rows.npz", "--depth", 1, "--view", "parameters+flow",
        "-o", tmp_path / "n-{}.svg", "--about", "loss",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    last = sorted(tmp_path.iterdir())[-1].read_text(encoding="utf-8")
    assert "26 parameters" in last and ">gradient<" not in last and ">value<" not in last


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "film.mov"], "is one file for many pictures"),
        (["-o", "s-{}.mov"], "known are .svg"),
        (["-o", "nowhere/film.gif"], "there is no folder 'nowhere'"),
        (["--update", "fast:0.1"], "wanted NAME:RATE as sgd:0.1"),
        (["--update", "sgd"], "wanted a learning rate after the colon"),
        (["--update", "sgd:-1"], "wanted a learning rate after the colon"),
        (["--view", "health"], "the view 'health' tells of a whole run"),
        (["--view", "valuse"], "there is no view 'valuse'"),
        (["--view", "ledger", "--phases", "forward"], "belongs to the phase 'backward'"),
        (["--phases", "sideways"], "phases are forward, backward, update"),
        (["--about", "nowhere"], "nodes='nowhere' is not in this picture"),
        (["--seconds", "1"], "--seconds and --loop are for films"),
        (["--slide", "5:4"], "slide is one of '16:9'"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(folder: Path, words: list[str], said: str) -> None:
    done = graphnn("frames", folder / "scalar.json", *words)
    assert done.exit_code in (1, 2) and said in done.output.replace("\n", " ")
    assert "Traceback" not in done.output


def test_a_model_that_must_be_fed_says_how(folder: Path) -> None:
    done = graphnn("frames", folder / "net.json")
    assert done.exit_code == 1 and "a film needs numbers. Feed the model: --feed x=rows.npy" in done.output
