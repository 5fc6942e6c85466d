"""Every op has its page in the docs, made from its declaration, the same bytes on every run."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from docs_scripts import script
from op_cases import BUILT_IN

# Curves take a while: these show a kink, a knob, a pole and a composite.
CURVES = ["relu", "tanh", "leaky_relu", "reciprocal", "silu"]


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    return script("make_op_pages")


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_op_has_a_page_that_tells_all_of_it(pages: ModuleType, name: str) -> None:
    op = BUILT_IN[name]
    text = pages.page(op)
    assert text == pages.page(op)
    assert text.startswith(f"# {name}\n\n{op.doc.splitlines()[0]}")
    for word in ("## Formula", "## Operands", "## Call", f"gn.{name}(", "## Facts", "Cost of ", "## Code"):
        assert word in text, word
    for port in (*op.ports, *op.attribute_names):
        assert f"`{port}`" in text
    for part in ("kernel", "vjp"):
        if getattr(op, f"{part}_function") is not None:
            assert pages.source(getattr(op, f"{part}_function")) in text
    assert text.count("```") % 2 == 0
    assert text.count("$$") % 2 == 0


@pytest.mark.parametrize("name", [name for name in CURVES if name in BUILT_IN])
def test_a_curve_is_the_same_bytes_on_every_run(pages: ModuleType, name: str) -> None:
    first = pages.curve(BUILT_IN[name])
    assert first == pages.curve(BUILT_IN[name])
    assert first.lstrip().startswith("<?xml")
    assert "nan" not in first.lower().partition("<g ")[2]


def test_functions_of_one_number_have_a_curve_and_others_have_none(pages: ModuleType) -> None:
    for name in ("relu", "exp", "sigmoid", "leaky_relu"):
        assert pages.has_curve(BUILT_IN[name]), name
    for name in ("add", "matmul", "softmax", "sum", "where"):
        assert not pages.has_curve(BUILT_IN[name]), name


def test_the_index_lists_every_op_once_under_its_family(pages: ModuleType) -> None:
    lines = pages.index().splitlines()
    listed = [line[3:].partition("]")[0] for line in lines if line.startswith("- [")]
    assert sorted(listed) == sorted(BUILT_IN)
    titles = [line for line in lines if line.startswith("## ")]
    assert len(set(titles)) == len(titles) == len(pages.families())


def test_pages_are_written_into_a_folder(
    pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: BUILT_IN[name] for name in ("add", "relu")}
    monkeypatch.setattr(pages, "built_in", lambda: few)
    assert pages.write(tmp_path / "ops") == 2
    assert sorted(p.name for p in (tmp_path / "ops").iterdir()) == [
        "add.md",
        "index.md",
        "relu.md",
        "relu.svg",
    ]
