"""Plot: a finished picture of numbers, which shows itself in a notebook and saves itself by the file's ending."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import graphnn as gn
from viz.plots.style import Style, settings
from viz.plots.table import Table
from viz.text import MissingGlyphWarning

__all__ = ["FORMATS", "Plot"]

FORMATS = (".svg", ".png", ".pdf", ".md", ".csv")
# A notebook shows larger pictures as pixels: a surface of thousands of faces would make it slow.
_LARGEST_SVG = 600_000


class Plot:
    """A picture of numbers.

    Attributes
    ----------
    figure : the `matplotlib.figure.Figure`, to go on with
    table : the same numbers as a `Table`: `.rows`, `.markdown`, `.csv`
    alt : what the picture shows, in words
    """

    def __init__(self, figure: Any, table: Table, alt: str, *, name: str, style: Style):
        self.figure = figure
        self.table = table
        self.alt = alt
        self.name = name
        self.style = style
        # A canvas that measures text: what is missing in the fonts is said when the plot is made.
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        with settings(style), _glyphs_in_words():
            FigureCanvasAgg(figure)
            # The layout is made once, so that every file shows the same; images settle at the second turn.
            figure.draw_without_rendering()
            figure.draw_without_rendering()
            figure.set_layout_engine("none")

    @property
    def svg(self) -> str:
        """The picture as SVG text, with its alternative text inside. The same plot gives the same bytes."""
        text = self._render("svg", metadata={"Date": None, "Creator": None}).decode()
        head, body = text.split("<svg ", 1)
        attributes, rest = body.split(">", 1)
        said = f"<title>{escape(self.style.title or self.name)}</title>\n<desc>{escape(self.alt)}</desc>"
        return f'{head}<svg role="img" {attributes}>\n{said}{rest}'

    def png(self, scale: float = 2.0) -> bytes:
        """The picture as PNG bytes; at scale 2 a notebook's picture is 1152 pixels wide."""
        if not 0 < scale <= 20:
            raise ValueError(f"Plot.png: scale is more than 0 and at most 20, found {scale!r}.")
        return self._render("png", dpi=80 * scale, metadata={"Software": None, "Description": self.alt})

    def pdf(self) -> bytes:
        """The picture as PDF: vectors, and text that can be searched."""
        return self._render(
            "pdf",
            metadata={
                "CreationDate": None,
                "Creator": "graphnn",
                "Producer": None,
                "Title": self.style.title,
            },
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file whose ending names the format, whole or not at all; returns its path.

        .svg, .png and .pdf hold the picture, .md and .csv its numbers.
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending not in FORMATS:
            raise ValueError(
                f"{self.name}: the format comes from the file's ending; {target.name!r} must end in one of "
                f"{', '.join(FORMATS)}."
            )
        if not target.parent.is_dir():
            raise FileNotFoundError(
                f"{self.name}: there is no folder {str(target.parent)!r} for {target.name!r}."
            )
        data: bytes
        if ending == ".svg":
            data = self.svg.encode()
        elif ending in (".png", ".pdf"):
            data = self.png() if ending == ".png" else self.pdf()
        else:
            data = (self.table.markdown if ending == ".md" else self.table.csv).encode()
        gn.io.write_whole(target, data)
        return target

    def problems(self) -> list[str]:
        """What is wrong with the picture, in words: text that is cut off, small, pale, or lies over other text."""
        from viz.plots.check import problems

        return problems(self)

    def _render(self, kind: str, **options: Any) -> bytes:
        data = io.BytesIO()
        with settings(self.style), _glyphs_in_words(quiet="once said"):
            self.figure.savefig(data, format=kind, **{"dpi": 160, **options})
        return data.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        text = self.svg
        if len(text) > _LARGEST_SVG:
            return {"image/png": self.png(), "text/plain": repr(self)}
        return {"image/svg+xml": text[text.index("<svg ") :], "text/plain": repr(self)}

    def __repr__(self) -> str:
        panels = sum(axis.get_label() != "<colorbar>" for axis in self.figure.axes)
        return f"<Plot {self.name}: {panels} panel{'s' * (panels != 1)}, {len(self.table)} rows>"


_GLYPH = re.compile(r"Glyph \d+ .*missing from (?:current )?font")


@contextmanager
def _glyphs_in_words(quiet: str = "") -> Iterator[None]:
    """Tell of missing glyphs once, as drawings do; other warnings pass."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    missing = [str(w.message) for w in caught if _GLYPH.match(str(w.message))]
    for warning in caught:
        if not _GLYPH.match(str(warning.message)):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if missing and not quiet:
        warnings.warn(
            f"{len(set(missing))} characters are in none of the fonts that this machine has for plots, so boxes stand "
            f"for them ({missing[0].split(' missing')[0]}).",
            MissingGlyphWarning,
            stacklevel=4,
        )
