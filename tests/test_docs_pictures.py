"""The pictures that README shows are what the code draws today."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_the_pictures_of_the_docs_are_current(root: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_pictures", root / "docs" / "make_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    kept = root / "docs" / "pictures" / "first.svg"
    assert pictures.first().svg == kept.read_text("utf-8"), "run: python docs/make_pictures.py"
