"""Small screens: each picture knows how far it may shrink, and printed sentences wrap."""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# The smallest text of a picture has at least so many pixels on a phone: a wider picture scrolls in its box.
LEAST_TEXT = 7.3
IMAGE = re.compile(r'<img\b[^>]*?\bsrc="([^"]+\.svg)"[^>]*>')
PRINTED = re.compile(
    r'<div class="((?:output|highlight-text) [^"]*)">(<div class="highlight"><pre>)(.*?)</pre>', re.DOTALL
)
# Columns, frames and matrices keep their lines.
TABLE = re.compile(r"\S {2,}\S|[\u2500-\u257f|]|\[\[")


@cache
def measured(path: Path) -> tuple[float, str]:
    """The width in pixels below which the smallest text cannot be read, 0 without text; and what the picture says."""
    svg = path.read_text("utf-8")
    head = re.search(r'<svg\b[^>]*?\bwidth="([\d.]+)(?:px|pt|)"', svg)
    words = re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL) or re.search(
        r"<title[^>]*>(.*?)</title>", svg
    )
    said = " ".join(html.unescape(words[1]).split()) if words else ""
    if head is None:
        return 0.0, said
    sizes = [float(size) for size in re.findall(r'<text\b[^>]*?\bfont-size="([\d.]+)', svg)]
    # Curves have their letters as outlines, a hundred units high.
    sizes += [100 * float(scale) for scale in re.findall(r"scale\((0?\.\d+) -", svg)]
    return float(head[1]) * LEAST_TEXT / min(sizes) if sizes else 0.0, said


def picture(match: re.Match[str], images: Path) -> str:
    """The picture in a box of its own that leads to the whole."""
    element, address = match[0], match[1]
    path = images / address.rpartition("/")[2]
    if not path.is_file():
        return element
    least, said = measured(path)
    if said and re.search(r'\balt="[^"]*\.svg"', element):
        element = re.sub(r'\balt="[^"]*"', lambda _: f'alt="{html.escape(said)}"', element)
    if least:
        element = element.replace("<img", f'<img style="--least: {least:.0f}px"', 1)
    return f'<a class="picture" href="{address}">{element}</a>'


def printed(match: re.Match[str]) -> str:
    """What a cell printed: sentences may wrap, tables scroll."""
    text = html.unescape(re.sub(r"<[^>]+>", "", match[3]))
    kind = "table" if TABLE.search(text) else "words"
    return f'<div class="{match[1]} {kind}">{match[2]}{match[3]}</pre>'


def adapt(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """The body of a page, before it is written."""
    if "body" not in context:
        return
    sources = {name: Path(app.srcdir, source) for source, name in app.builder.images.items()}

    def drawn(match: re.Match[str]) -> str:
        source = sources.get(match[1].rpartition("/")[2])
        return picture(match, source.parent) if source is not None else match[0]

    body = re.sub(r'<a class="reference[^"]*"[^>]*>(<img[^>]*>)</a>', r"\1", context["body"])
    context["body"] = PRINTED.sub(printed, IMAGE.sub(drawn, body))


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("html-page-context", adapt)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
