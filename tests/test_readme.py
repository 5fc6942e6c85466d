"""The samples of README and of the guides run as printed and print what the page shows."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

# A block of Python, and the block of text that may follow it: what the sample prints.
SAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
PAGES = ["README.md", "CONTRIBUTING.md", "docs/user_ops.md"]


@pytest.mark.usefixtures("declared_ops_go_again")
@pytest.mark.parametrize("name", PAGES)
def test_samples_print_what_the_page_shows(
    name: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = root / name
    text = page.read_text(encoding="utf-8")
    samples = list(SAMPLE.finditer(text))
    assert samples, f"{name} shows no sample"
    monkeypatch.chdir(tmp_path)
    # One session: a later sample may use the names of an earlier one.
    names: dict[str, object] = {"__name__": "__main__"}
    for sample in samples:
        line = text.count("\n", 0, sample.start(1))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            # Blank lines above make a traceback point at the line of the page itself.
            exec(compile("\n" * line + sample[1], str(page), "exec"), names)
        if sample[2] is not None:
            assert printed.getvalue().rstrip() == sample[2].rstrip(), f"{name} line {line + 1}"
        else:
            assert printed.getvalue() == "", f"{name} line {line + 1} prints; show it in a text block"
