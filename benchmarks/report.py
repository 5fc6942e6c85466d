"""Say on what was measured, lay results out as tables, and write them into `benchmarks/README.md`."""

from __future__ import annotations

import datetime
import importlib.util
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.neighbours import QUIET

README = Path(__file__).with_name("README.md")


def machine() -> str:
    """Processor and cores, nothing that names the host."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def versions(packages: Sequence[str]) -> str:
    """Python and each package, with its version; one that runs from a source tree has none."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            if importlib.util.find_spec(package):
                found.append(f"{package} from the tree")
    return ", ".join(found)


def heading(command: str, packages: Sequence[str], others: float) -> str:
    """What was run, when, and on what."""
    return "\n".join(
        [
            f"- Command: `{command}`",
            f"- Date: {datetime.date.today().isoformat()}",
            f"- Machine: {machine()}",
            f"- Versions: {versions(packages)}",
            f"- Other processes used {others:.0%} of the machine meanwhile",
        ]
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up as plain text."""
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in [columns, *rows]
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three figures: 2.71, 26.3, 4610."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def write_section(name: str, text: str, others: float) -> None:
    """Replace what stands between the two markers of this name in `benchmarks/README.md`.

    Not if `others`, the share of the machine that other processes used meanwhile, makes the numbers noise.
    """
    if others > QUIET:
        raise SystemExit(
            f"not written: other processes used {others:.0%} of the machine, more than {QUIET:.0%}."
        )
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    whole = README.read_text(encoding="utf-8")
    if begin not in whole or end not in whole:
        raise ValueError(f"{README.name} has no markers {begin} and {end}.")
    before, after = whole.split(begin)[0], whole.split(end)[1]
    README.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
