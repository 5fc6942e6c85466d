"""The pictures that README shows are what the code draws today."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path


def test_the_pictures_of_the_docs_are_current(root: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_pictures", root / "docs" / "make_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    for name, picture in pictures.ALL.items():
        kept = root / "docs" / "pictures" / name
        assert picture().svg == kept.read_text("utf-8"), "run: python docs/make_pictures.py"


def test_a_phone_shows_the_whole_of_the_first_picture_of_the_site(root: Path) -> None:
    svg = (root / "docs" / "pictures" / "narrow.svg").read_text("utf-8")
    width = float(re.findall(r'<svg\b[^>]*? width="([\d.]+)"', svg)[0])
    # Shrunk to 390 pixels its smallest text can still be read, so that the page does not cut it.
    assert min(map(float, re.findall(r'font-size="([\d.]+)"', svg))) * 390 / width > 7.3
    for page in ("index.md", "quick_start.md"):
        assert "(pictures/narrow.svg)" in (root / "docs" / page).read_text("utf-8")
