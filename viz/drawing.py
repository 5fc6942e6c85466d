"""Draw a graph or a run in one line, show it in a notebook, and save it to the file that its name's ending asks for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from viz.from_graph import scene
from viz.layout import layout
from viz.placed import Placed
from viz.scene import Scene
from viz.text import missing
from viz.theme import LIGHT, Theme

__all__ = ["FORMATS", "Drawing", "draw", "write_file"]


def draw(
    source: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    direction: str = "LR",
    title: str = "",
    engine: str | None = None,
    theme: Theme = LIGHT,
) -> Drawing:
    """Draw a graph (its structure), a run (values and gradients), a scalar node or a scene; save it if a path is given.

    `direction` is "LR" or "TB". `engine` names a layout engine; without it the embedded one is used, and others only
    where that is missing.

    Example
    -------
    >>> import graphnn as gn, viz
    >>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    >>> drawing = viz.draw(a * b + a)
    >>> drawing.svg[:4]
    '<svg'
    """
    what = scene(source, title=title)
    drawing = Drawing(what, direction=direction, engine=engine, theme=theme)
    if path is not None:
        drawing.save(path)
    return drawing


class Drawing:
    """A picture: it shows itself in a notebook and saves itself. The layout is made once, on first need."""

    def __init__(
        self, scene: Scene, *, direction: str = "LR", engine: str | None = None, theme: Theme = LIGHT
    ):
        self.scene = scene
        self.direction = direction
        self.engine = engine
        self.theme = theme

    @cached_property
    def placed(self) -> Placed:
        """The scene with a place for everything. Characters that no shipped font has are named in a warning."""
        placed = layout(self.scene, direction=self.direction, engine=self.engine, theme=self.theme)
        self._strange = bool(missing(text.text for text in placed.texts()))
        return placed

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text."""
        from viz.svg import svg

        return svg(self.placed)

    def png(self, scale: float = 2.0) -> bytes:
        """The picture as PNG bytes, with `scale` pixels per unit of length."""
        from viz.png import png

        if not 0 < scale <= 20:
            raise ValueError(f"Drawing.png: scale is more than 0 and at most 20, found {scale!r}.")
        text = self.svg
        return png(text, scale=scale, system_fonts=self._strange)

    @property
    def dot(self) -> str:
        """The scene in the DOT language, for Graphviz's own tools."""
        from viz.dot import dot

        return dot(self.scene, direction=self.direction, theme=self.theme)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file whose ending names the format, whole or not at all; returns its path."""
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
        write_file(target, FORMATS[ending](self))
        return target

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        wires = sum(wire.kind == "forward" for wire in self.scene.wires)
        return f"<Drawing of {len(self.scene.boxes)} boxes, {wires} wires>"


def write_file(target: Path, data: bytes) -> None:
    """Write beside the target, then rename: a reader sees the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes files for the owner only; a picture gets the permissions of any new file.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


FORMATS: Mapping[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda drawing: drawing.svg.encode(),
    ".png": lambda drawing: drawing.png(),
    ".dot": lambda drawing: drawing.dot.encode(),
}
