"""Pages that are read in the repository too: what is written for it there is turned into what Sphinx reads."""

from __future__ import annotations

import re
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

# Where a file beyond docs stands in the site.
PAGES = {"../CONTRIBUTING.md": "contributing.md", "../benchmarks/README.md": "benchmarks.md"}
# Pages whose neighbours are listed in prose: in the repository links do, the site wants them in its tree as well.
LISTS = {"decisions/README": "[0-9]*"}


def adapt(_: Sphinx, page: str, text: list[str]) -> None:
    """Anchors as labels, links out of docs as links within it, and the tree below a list of pages."""
    text[0] = re.sub(r'^<a id="([\w-]+)"></a>$', r"(\1)=", text[0], flags=re.MULTILINE)
    for outside, inside in PAGES.items():
        text[0] = text[0].replace(f"]({outside}", f"]({inside}")
    if page in LISTS:
        text[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n\n{LISTS[page]}\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("source-read", adapt)
    app.add_lexer("mermaid", TextLexer)
    return {"version": "1", "env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}
