r"""Write frames as a slide of Beamer with an overlay a step: one tikzpicture, whose labels are TeX that one can edit.

What stands still is written once; what changes stands in `\only<...>` for the slides that show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from viz.formats.marks import Block
from viz.formats.tikz import Spelling, escaped
from viz.motion.film import Part, parts
from viz.place.placed import Rect

if TYPE_CHECKING:
    from viz.motion.frames import Frames

__all__ = ["beamer"]

# What a slide of 16:9 has room for below the caption, in points.
_WIDE, _HIGH = 418.0, 208.0
_HEAD = r"""% Compile with pdflatex, lualatex or xelatex. Letters beyond Latin want one of the latter two.
% To use it in slides of your own, copy the frame, and what stands before \begin{document} but for the first line.
\documentclass[aspectratio=169]{beamer}
\setbeamertemplate{navigation symbols}{}
\usepackage{tikz}
"""


def beamer(frames: Frames) -> str:
    """A TeX document with one Beamer frame of as many overlays as there are steps. Equal frames give equal bytes."""
    first = frames.placed[0]
    page = Spelling(first.height)
    count, top = len(frames.placed), 2 * first.theme.heading_size
    ground = Block(Rect(0.0, top, first.width, first.height - top), fill=first.theme.page)
    body: list[str] = []
    for part in parts(frames.placed):
        # The captions stand above the picture, in room of their own.
        drawn = (ground,) if part.kind == "page" else part.marks
        lines = [line for mark in drawn for line in page.lines(mark)]
        if not lines:
            continue
        slides = _slides(part)
        if slides == f"1-{count}":
            body += lines
        else:
            body += [rf"\only<{slides}>{{%", *lines, "}"]
    scale = min(_WIDE / (0.75 * first.width), _HIGH / (0.75 * (first.height - top)))
    captions = [rf"  \only<{k}>{{{escaped(words)}}}%" for k, words in enumerate(frames.captions, start=1)]
    paper, ink = page.colour(first.theme.page), page.colour(first.theme.text)
    return "\n".join(
        [
            _HEAD + page.preamble(),
            rf"\setbeamercolor{{background canvas}}{{bg={paper}}}",
            rf"\setbeamercolor{{normal text}}{{fg={ink}, bg={paper}}}",
            r"\begin{document}",
            r"\begin{frame}",
            r"  \centering",
            "  % The caption has room for two lines on every slide, so that the picture stands still.",
            r"  \parbox[t][2.6em][c]{\textwidth}{\centering\small",
            *captions,
            r"  }\par",
            rf"  \scalebox{{{scale:.3f}}}{{%",
            r"\begin{tikzpicture}[x=1pt, y=1pt, line cap=butt, line join=round]",
            *body,
            r"\end{tikzpicture}}",
            r"\end{frame}",
            r"\end{document}",
            "",
        ]
    )


def _slides(part: Part) -> str:
    """`2-4,7`: the slides that show it, counted from 1."""
    runs: list[list[int]] = []
    for k in part.frames:
        if runs and runs[-1][1] == k:
            runs[-1][1] = k + 1
        else:
            runs.append([k + 1, k + 1])
    return ",".join(f"{a}-{b}" if a != b else f"{a}" for a, b in runs)
