"""Run lessons from top to bottom, each in a fresh kernel: `python docs/run_lessons.py [--limit 60] [01 02 ...]`.

Writes what they show as notebooks into docs/lessons, for the site, and beside them copies without outputs, to download.
Prints how long each took. Ends with 1 where a lesson fails or takes longer than the limit, kernel start included.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jupytext
import nbclient
import nbformat
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
LESSONS = ROOT / "tutorials"
OUT = ROOT / "docs" / "lessons"


def lessons(wanted: list[str]) -> list[Path]:
    """The files of the lessons whose number is wanted, all without a wish."""
    found = sorted(LESSONS.glob("[0-9][0-9]_*.py"))
    unknown = set(wanted) - {path.name[:2] for path in found}
    if unknown:
        sys.exit(
            f"there is no lesson {', '.join(sorted(unknown))}; there are {', '.join(p.name for p in found)}"
        )
    return [path for path in found if not wanted or path.name[:2] in wanted]


def talk(folder: Path) -> Config:
    """How client and kernel talk: by sockets in this folder, which nobody else reads; on Windows there are none."""
    # The path of a socket has 107 bytes at most, with its number.
    if os.name != "posix" or len(os.fsencode(folder)) > 90:
        return Config()
    return Config({"ConnectionFileMixin": {"transport": "ipc", "ip": str(folder / "kernel")}})


def run(path: Path, limit: float) -> tuple[float, str]:
    """Seconds that the lesson took, and what went wrong, or ""."""
    notebook: Any = jupytext.read(path)
    start = time.perf_counter()
    wrong = ""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as sockets:
        # A folder of its own: files that it writes go away, and what is imported is the installed graphnn.
        client = nbclient.NotebookClient(
            notebook,
            timeout=5 * int(limit),
            kernel_name="python3",
            record_timing=False,
            # What a cell prints is one piece, however slowly it came.
            coalesce_streams=True,
            config=talk(Path(sockets)),
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute()
        except nbclient.exceptions.CellExecutionError as error:
            wrong = f"{error}\n"
        except nbclient.exceptions.CellTimeoutError as error:
            wrong = f"a cell ran for more than {5 * int(limit)} s: {error}\n"
    took = time.perf_counter() - start
    if not wrong and took > limit:
        wrong = f"took {took:.0f} s, allowed are {limit:.0f} s\n"
    to_take_home = Path("notebooks") / f"{path.stem}.ipynb"
    write(jupytext.read(path), OUT / to_take_home)
    download = (
        f"This page as a notebook, not yet run: {{download}}`{to_take_home.name} <{to_take_home.as_posix()}>`"
    )
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(download))
    write(notebook, OUT / f"{path.stem}.ipynb")
    return took, wrong


def write(notebook: Any, path: Path) -> None:
    """Write a notebook. The ids of cells are random; numbered, the same lesson gives the same file."""
    for at, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{at}"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def main() -> int:
    """Run what the command line asks for; 0 where all went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", nargs="*", metavar="NN", help="numbers of lessons; all without")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that a lesson may take")
    parser.add_argument("--jobs", type=int, default=1, help="lessons that run at a time")
    chosen = parser.parse_args()
    failed = 0
    with ThreadPoolExecutor(chosen.jobs) as pool:
        paths = lessons(chosen.lessons)
        for path, (took, wrong) in zip(paths, pool.map(lambda p: run(p, chosen.limit), paths), strict=True):
            sys.stdout.write(f"{path.name}: {took:.1f} s{'  FAILED' if wrong else ''}\n{wrong}")
            sys.stdout.flush()
            failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
