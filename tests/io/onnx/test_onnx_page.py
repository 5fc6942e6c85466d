"""The page about ONNX says what is so: its table is the one that the code and the kept test results make."""

from __future__ import annotations

from types import ModuleType

import pytest

onnx = pytest.importorskip("onnx")

import onnx_conformance as conformance  # noqa: E402
from docs_scripts import script  # noqa: E402

KEPT = conformance.kept_results()


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    return script("make_onnx_table")


@pytest.mark.skipif(KEPT["onnx"] != onnx.__version__, reason="another version of onnx has other operators")
def test_the_page_is_current(maker: ModuleType) -> None:
    text = maker.PAGE.read_text("utf-8")
    assert maker.page(text) == text, "run: python docs/make_onnx_table.py"


def test_every_operator_of_the_standard_has_a_row(maker: ModuleType) -> None:
    rows = [line.split("|")[1].split("`")[1] for line in maker.PAGE.read_text("utf-8").splitlines()
            if line.startswith("| `")]  # fmt: skip
    assert len(set(rows)) == len(rows)
    assert {name for name in maker.operators() if "." not in name} <= set(rows)
    assert set(KEPT["node"]) <= set(rows)


def test_no_operator_is_refused_without_a_reason(maker: ModuleType) -> None:
    for line in maker.PAGE.read_text("utf-8").splitlines():
        if line.startswith("| `"):
            _, name, read, _, _, _, skipped, why, _ = (
                cell.strip() for cell in line.replace("\\|", "").split("|")
            )
            assert why or (read != "no" and skipped in ("", "0")), name
