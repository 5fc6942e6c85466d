"""The samples of README and of the guides run as printed and print what the page shows."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

# A block of Python, and the block of text that may follow it: what the sample prints.
SAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "docs/quick_start.md", "docs/user_ops.md"]
PAGES += ["docs/formats.md", "docs/three_frameworks.md"]
PAGES += ["docs/onnx.md", "docs/onnx_files.md", "docs/teachers.md"]
PAGES += sorted(f"docs/how_to/{path.name}" for path in (ROOT / "docs" / "how_to").glob("*.md"))
# What a page needs that not everybody has.
NEEDS = {
    "docs/how_to/use_a_pytorch_model.md": ["torch", "onnx", "onnxscript"],
    "docs/onnx.md": ["onnx"],
    "docs/onnx_files.md": ["onnx", "onnxruntime"],
    "docs/three_frameworks.md": ["torch", "jax", "onnx", "onnxscript"],
}


@pytest.mark.usefixtures("declared_ops_go_again")
@pytest.mark.parametrize("name", PAGES)
def test_samples_print_what_the_page_shows(
    name: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in NEEDS.get(name, []):
        pytest.importorskip(package, reason=f"the page shows {package}")
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


def test_every_page_with_samples_is_run() -> None:
    # The samples of the gallery are the code of its pictures (tests/test_gallery.py); what is built is not looked at.
    built = {"docs/gallery/README.md"} | {f"docs/{made}" for made in ("api", "ops", "lessons", "build")}
    found = {
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
        if "```python" in path.read_text(encoding="utf-8")
    }
    assert {name for name in found if not any(name.startswith(start) for start in built)} == set(PAGES)
