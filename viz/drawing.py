"""Draw a graph or a run in one line, show it in a notebook, and save it to the file that its name's ending asks for."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Unpack

import graphnn as gn
from viz.from_graph import Which, scene
from viz.place.fitting import fitted
from viz.place.placed import Placed
from viz.place.sheet import Fit, Sheet, sheets
from viz.scene import Scene
from viz.text import missing
from viz.theme import LIGHT, Theme, theme_of

__all__ = ["FORMATS", "Again", "Drawing", "draw"]


def draw(
    source: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    view: str | Iterable[str] | None = None,
    direction: str | None = None,
    title: str = "",
    to: Any = None,
    theme: str | Theme = LIGHT,
    width: float | None = None,
    slide: str | None = None,
    page: str | None = None,
    engine: str | None = None,
    **which: Unpack[Which],
) -> Drawing:
    """Draw a graph (its structure), a run (values and gradients), a scalar node or a scene; save it if a path is given.

    view : what the picture shows, by names of views, as in "values+health"; see viz.VIEWS
    direction : "LR" (to the right, if not said; a training step downwards) or "TB" (downwards); on a slide or page,
        what comes out larger
    theme : "light", "dark", "print" (grey), "contrast", or a Theme of your own
    width, slide, page : fit it to a width in pixels, to a slide ("16:9", "4:3"), or to paper ("a4", "letter"), over
        several pages if need be. On a slide scopes are folded until the text can be read from the back row, if nothing
        is said of folding; depth=99 folds none
    engine : a layout engine by name; without it the embedded one is used, and others only where that is missing
    to : the node, or its name, that views such as "paths" are about
    which : what part of the graph is drawn, by depth, fold, unfold, repeats, hide, focus and reach; see viz.outline

    Example
    -------
    >>> import graphnn as gn, viz
    >>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    >>> drawing = viz.draw(a * b + a)
    >>> drawing.svg[:4]
    '<svg'
    """
    what = scene(source, view=view, title=title, to=to, **which)
    fit = Fit(width, slide, page)
    if direction is None and not (slide or page):
        direction = what.direction or None
    drawing = Drawing(what, direction=direction, engine=engine, theme=theme_of(theme), fit=fit)
    if not isinstance(source, Scene):
        drawing.again = Again(source, {"view": view, "title": title, "to": to}, which)
        if slide is not None and not {"depth", "fold", "unfold", "focus"} & set(which):
            drawing = drawing.folded()
    if path is not None:
        drawing.save(path)
    return drawing


@dataclass(frozen=True)
class Again:
    """How a drawing's scene was made, so that the same can be drawn with other scopes folded."""

    source: Any
    how: Mapping[str, Any]
    which: Which

    def scene(self, **which: Unpack[Which]) -> Scene:
        """The scene of the same source, with these words in place of the ones that it was drawn with."""
        words: Which = {**self.which, **which}
        return scene(self.source, **self.how, **words)


class Drawing:
    """A picture: it shows itself in a notebook and saves itself. The layout is made once, on first need."""

    def __init__(
        self,
        scene: Scene,
        *,
        direction: str | None = None,
        engine: str | None = None,
        theme: Theme = LIGHT,
        fit: Fit | None = None,
    ):
        self.scene = scene
        self._direction = direction
        self.engine = engine
        self.theme = theme
        self.fit = fit or Fit()
        self.again: Again | None = None

    @classmethod
    def of_placed(cls, placed: Placed, *, strange: bool = False, fit: Fit | None = None) -> Drawing:
        """The drawing of a scene that has its places already; `strange`: with letters that no shipped font has."""
        drawing = cls(
            placed.scene, direction=placed.direction, engine=placed.engine, theme=placed.theme, fit=fit
        )
        drawing.__dict__["placed"], drawing._strange = placed, strange
        return drawing

    @property
    def direction(self) -> str:
        """ "LR" or "TB"."""
        if self._direction is None and (self.fit.slide or self.fit.page):
            return self.placed.direction
        return self._direction or "LR"

    @cached_property
    def placed(self) -> Placed:
        """The scene with a place for everything. Characters that no shipped font has are named in a warning."""
        placed = fitted(self.scene, self.fit, direction=self._direction, engine=self.engine, theme=self.theme)
        self._strange = bool(missing(text.text for text in placed.texts()))
        return placed

    def folded(self) -> Drawing:
        """The same on its slide with scopes folded, from the inmost on, until the text is large enough, or all are."""
        best, again = self, self.again
        parents = {group.id: group.parent for group in self.scene.groups}
        deepest = max((sum(1 for _ in _upwards(key, parents)) for key in parents), default=0)
        if again is None:
            return self
        asked = again.which.get("repeats")
        # Alike neighbours are drawn one by one as long as there is room.
        for depth, repeats in product(range(deepest, 0, -1), (False, True) if asked is None else (asked,)):
            if self.fit.is_readable(best.placed):
                break
            which: Which = {**again.which, "depth": depth, "repeats": repeats}
            other = Drawing(
                again.scene(**which),
                direction=self._direction,
                engine=self.engine,
                theme=self.theme,
                fit=self.fit,
            )
            if self.fit.scale(other.placed) > self.fit.scale(best.placed):
                other.again, best = Again(again.source, again.how, which), other
        return best

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets that the picture is fitted to; one as large as the picture if nothing was asked for."""
        return sheets(self.placed, self.fit)

    @property
    def svg(self) -> str:
        """The picture as SVG text; of several sheets the first."""
        return self._svgs[0]

    @cached_property
    def _svgs(self) -> tuple[str, ...]:
        from viz.formats.svg import svg

        return tuple(svg(self.placed, sheet if self._is_fitted else None) for sheet in self.sheets)

    @property
    def _is_fitted(self) -> bool:
        return self.fit != Fit()

    def png(self, scale: float = 2.0) -> bytes:
        """The picture as PNG bytes, with `scale` pixels per unit of length; of several sheets the first."""
        return self._pngs(scale)[0]

    def _pngs(self, scale: float = 2.0) -> tuple[bytes, ...]:
        from viz.formats.png import png

        if not 0 < scale <= 20:
            raise ValueError(f"Drawing.png: scale is more than 0 and at most 20, found {scale!r}.")
        page = self.theme.page
        return tuple(png(text, scale=scale, page=page, system_fonts=self._strange) for text in self._svgs)

    @property
    def dot(self) -> str:
        """The scene in the DOT language, for Graphviz's own tools."""
        from viz.formats.dot import dot

        return dot(self.scene, direction=self.direction, theme=self.theme)

    def pdf(self) -> bytes:
        """The picture as PDF, a page for each sheet: vectors, and text that can be searched."""
        from viz.formats.pdf import pdf

        return pdf(self.placed, self.sheets if self._is_fitted else ())

    @property
    def tikz(self) -> str:
        """The picture as a TeX document for `standalone`."""
        from viz.formats.tikz import tikz

        return tikz(self.placed)

    @property
    def html(self) -> str:
        """The picture as one page that needs nothing else: move, zoom, search, fold, every number under the mouse."""
        from viz.html import page

        return page(self)

    @property
    def mermaid(self) -> str:
        """The scene as a Mermaid flowchart."""
        from viz.formats.mermaid import mermaid

        return mermaid(self.scene, direction=self.direction, theme=self.theme)

    @property
    def table(self) -> str:
        """The table twin in Markdown: what the picture shows, in rows."""
        from viz.formats.tables import markdown

        return markdown(self.scene)

    @property
    def text(self) -> str:
        """The scene as a tree of lines, for the terminal."""
        from viz.formats.tree import tree

        return tree(self.scene)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file whose ending names the format, whole or not at all; returns its path.

        A picture on several sheets becomes several files in formats that have no pages: `net-1.svg`, `net-2.svg`, ...
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending not in FORMATS:
            raise ValueError(
                f"Drawing.save: the format comes from the file's ending; {target.name!r} ends in "
                f"{ending or 'nothing'}, known are {', '.join(FORMATS)}."
            )
        if not target.parent.is_dir():
            raise FileNotFoundError(
                f"Drawing.save: there is no folder {str(target.parent)!r} for {target.name!r}."
            )
        several = {".svg": self._several_svgs, ".png": self._pngs}.get(ending)
        if several is None or not self._is_fitted or len(self.sheets) == 1:
            gn.io.write_whole(target, FORMATS[ending](self))
            return target
        named = [target.with_stem(f"{target.stem}-{k}") for k in range(1, len(self.sheets) + 1)]
        for file, data in zip(named, several(), strict=True):
            gn.io.write_whole(file, data)
        return named[0]

    def _several_svgs(self) -> tuple[bytes, ...]:
        return tuple(text.encode() for text in self._svgs)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from viz.notebook import bundle

        return bundle(self)

    def __repr__(self) -> str:
        wires = sum(wire.kind == "forward" for wire in self.scene.wires)
        boxes = len(self.scene.boxes)
        size = f"{boxes} box{'es' * (boxes != 1)}, {wires} wire{'s' * (wires != 1)}"
        return f"<Drawing of {size}; .save('name.svg') writes it, print(drawing.text) shows it in a terminal>"


def _upwards(group: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    """The group and those that hold it."""
    while group is not None:
        yield group
        group = parents[group]


def _text_format(module: str, function: str) -> Callable[[Drawing], bytes]:
    """A format that is written from the scene alone."""

    def write(drawing: Drawing) -> bytes:
        text: str = getattr(importlib.import_module(f"viz.formats.{module}"), function)(drawing.scene)
        return text.encode()

    return write


FORMATS: Mapping[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda drawing: drawing.svg.encode(),
    ".png": lambda drawing: drawing.png(),
    ".pdf": lambda drawing: drawing.pdf(),
    ".tex": lambda drawing: drawing.tikz.encode(),
    ".html": lambda drawing: drawing.html.encode(),
    ".dot": lambda drawing: drawing.dot.encode(),
    ".mmd": lambda drawing: drawing.mermaid.encode(),
    ".json": _text_format("scene_json", "scene_to_json"),
    ".md": _text_format("tables", "markdown"),
    ".csv": _text_format("tables", "csv_table"),
    ".txt": _text_format("tree", "tree"),
}
