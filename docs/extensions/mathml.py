"""Formulas as MathML, which browsers draw by themselves: no script, no font and no picture is loaded for them."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

# Names of functions: what they are applied to stands a little apart, unless it stands in brackets.
NAMES = "arccos|arcsin|arctan|cos|cosh|det|exp|ln|log|max|min|sin|sinh|tan|tanh"
APART = re.compile(rf"(<mi>(?:{NAMES})</mi>)(?=<(?!mo\b|/))")
# Commands that the converter does not know, in words that it knows.
UNKNOWN = {"arg": r"\operatorname{arg}", "square": "\N{WHITE SQUARE}"}


def mathml(latex: str, display: str) -> str:
    """The formula as an element of the page."""
    for command, known in UNKNOWN.items():
        latex = re.sub(rf"\\{command}(?![A-Za-z])", lambda _, known=known: known, latex)
    try:
        found = convert(latex.strip(), display=display)
    except Exception as error:
        raise ExtensionError(f"a formula cannot be read: {latex!r}: {error}") from error
    # What the converter does not know it shows as red text or as the bare command.
    if re.search(r"\\[A-Za-z]+", found):
        raise ExtensionError(f"a formula has a command that is not drawn: {latex!r}")
    return APART.sub(r'\1<mspace width="0.17em"/>', found)


def inline(self: HTML5Translator, node: nodes.math) -> None:
    """A formula within a line."""
    self.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def block(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on lines of its own; a wide one scrolls within the page."""
    self.body.append(f'<div class="formula">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
