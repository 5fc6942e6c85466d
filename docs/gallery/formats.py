"""Other formats.

The same picture as text: for documents, terminals, spreadsheets and screen readers. `Drawing.save` takes the format
from the file's ending: .svg .png .pdf .tex .html .dot .mmd .json .md .csv .txt.
"""

from __future__ import annotations

import graphnn as gn
import viz
from gallery.shelf import picture


@picture(words="mermaid")
def mermaid():
    """Mermaid.

    GitHub, GitLab and many wikis draw this by themselves: what follows is not an image.
    """
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return viz.draw(gn.trace((a * b + a).named("c"))).mermaid


@picture
def tree():
    """A tree for the terminal.

    Each node below the one that uses it; what is shared is written once.
    """
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return viz.draw(gn.trace((a * b + a).named("c"))).text


@picture(words="latex")
def tikz():
    """TikZ.

    A document for `standalone`, whose labels are TeX that one can edit. Here the box of `a`.
    """
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    tex = viz.draw(gn.trace((a * b + a).named("c"))).tikz
    return tex[tex.index("% n0") : tex.index("% n1")]


@picture(words="markdown")
def table():
    """A table.

    The twin of the picture for screen readers and spreadsheets, as `.md` and `.csv` hold it: nodes with all that their
    boxes say, then what flows back along each wire.
    """
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    return viz.draw(gn.trace((a * b + a).named("c")), view="values+ledger").table
