"""The commands of the pages run as printed, on files of the names that they use."""

from __future__ import annotations

import csv
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import graphnn as gn

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Installing and opening are done by `.ci/run` and by people; jupytext runs where it is installed.
NOT_HERE = ("python -m pip ", "python -m venv ", "jupyter lab ")

PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    if BLOCK.search(path.read_text(encoding="utf-8"))
]


def table(path: Path, rows: slice, *, labelled: bool) -> None:
    wine = gn.data.wine()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*wine.columns, *(["kind"] if labelled else [])])
        for x, y in zip(wine.x[rows], wine.y[rows], strict=True):
            writer.writerow([*x.tolist(), *([f"kind {y}"] if labelled else [])])


def files_in(folder: Path) -> None:
    """What the commands of the pages read."""
    table(folder / "wine.csv", slice(None), labelled=True)
    table(folder / "more.csv", slice(0, None, 3), labelled=True)
    table(folder / "new.csv", slice(0, None, 5), labelled=False)
    net = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)
    scores = net(gn.input("x", ("batch", 3)))
    gn.io.save_model(folder / "net.safetensors", scores)
    gn.io.save_onnx(scores, folder / "net.onnx")
    (folder / "tutorials").mkdir()
    for lesson in (ROOT / "tutorials").glob("*.py"):
        (folder / "tutorials" / lesson.name).write_bytes(lesson.read_bytes())


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_run(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the commands read and write ONNX files")
    files_in(tmp_path)
    lines = [
        line
        for block in BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
        for line in block.splitlines()
        if line and not line.startswith(NOT_HERE)
    ]
    for line in lines:
        program, *words = shlex.split(line)
        assert program in {"graphnn", "jupytext"}, f"{name}: {line}"
        if program == "jupytext":
            pytest.importorskip("jupytext", reason="lessons become notebooks by jupytext")
        done = subprocess.run(
            [sys.executable, "-m", program, *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name}: {line}\n{done.stdout}\n{done.stderr}"
