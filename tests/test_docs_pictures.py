"""The pictures that README shows are what the code draws today."""

from __future__ import annotations

import re
from pathlib import Path

from docs_scripts import script


def test_the_pictures_of_the_docs_are_current(root: Path) -> None:
    pictures = script("make_pictures")
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
