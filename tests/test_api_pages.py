"""The pages of the reference: what docstrings say, as Markdown."""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType

import pytest

from docs_scripts import script


@pytest.fixture(scope="module")
def make_api() -> ModuleType:
    return script("make_api")


def test_headings_in_a_docstring_are_no_headings_of_the_page(make_api: ModuleType) -> None:
    told = make_api.markdown(
        "Do it.\n\nParameters\n----------\nx : a number\ny : another\n\nExample\n-------\n>>> 1\n1\n"
    )
    assert told == "Do it.\n\n**Parameters**\n\n- `x`: a number\n- `y`: another\n\n```pycon\n>>> 1\n1\n```"


def test_no_page_has_a_heading_underlined_in_a_docstring(make_api: ModuleType) -> None:
    for room in make_api.ROOMS:
        lines = make_api.page(room).split("\n")
        code = False
        for before, line in pairwise(lines):
            code ^= before.startswith("```")
            assert code or not (before.strip() and line and not line.strip("-=")), (room, before)
