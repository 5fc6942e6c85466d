"""Put several scenes of one graph on one page as panels, in the same places, under one legend.

Two runs of it can so be seen side by side. The page is one scene in every format: the ids of a panel's boxes
and wires begin with a letter of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from viz.drawing import Drawing
from viz.legend import legend_of
from viz.place.key import place_legend, wrapped
from viz.place.placed import (
    Placed,
    PlacedBox,
    PlacedEntry,
    PlacedGroup,
    PlacedWire,
    Point,
    Rect,
    Text,
)
from viz.place.sheet import Fit
from viz.place.twins import twins
from viz.readings import scale_of
from viz.scene import Box, Entry, Group, Scene, Wire
from viz.text import clean, missing, shorten, width
from viz.theme import LIGHT, Theme

__all__ = ["drawing_of", "panels", "wrapped"]

_HEAD, _INSET, _GAP = 26.0, 12.0, 8.0
_NARROWEST = 520.0
# What a reader of a notebook sees at once, in pixels.
_NOTEBOOK = (1050.0, 950.0)


def drawing_of(placed: Placed, *, fit: Fit | None = None) -> Drawing:
    """The drawing of a scene that has its places already."""
    strange = bool(missing(text.text for text in placed.texts()))
    return Drawing.of_placed(placed, strange=strange, fit=fit)


def panels(
    parts: Sequence[tuple[str, str, Scene]],
    *,
    title: str = "",
    captions: Iterable[str] = (),
    entries: Iterable[Entry] = (),
    direction: str = "LR",
    engine: str | None = None,
    theme: Theme = LIGHT,
    fit: Fit | None = None,
) -> Placed:
    """A page of panels, beside one another or below: whichever comes out larger on the slide or page of `fit`.

    parts : (letter, name, scene) of each panel; the scenes have the same boxes
    captions : sentences below the legend, in lines as wide as the page
    entries : what the legend says beyond what the boxes and wires of the panels need
    """
    whole = _joined(parts, title, tuple(captions), tuple(entries))
    # One scale for the widths of all panels: what looks wider is larger.
    scenes = [replace(scene, scale=whole.scale) for _, _, scene in parts]
    alone = twins(scenes, direction=direction, engine=engine, theme=theme)
    ways = [_Page(parts, alone, whole, theme, across=across).placed for across in (True, False)]
    return max(ways, key=lambda placed: _scale(placed, fit or Fit()))


def _scale(placed: Placed, fit: Fit) -> float:
    """How large the page comes out; without a wish in a notebook, where nothing is enlarged."""
    if fit.slide or fit.page:
        return fit.scale(placed)
    if fit.width is not None:
        # Nobody said how long the page may be, such as that of a phone.
        return min(1.0, fit.width / placed.width)
    return min(1.0, _NOTEBOOK[0] / placed.width, _NOTEBOOK[1] / placed.height)


def _joined(
    parts: Sequence[tuple[str, str, Scene]],
    title: str,
    captions: tuple[str, ...],
    entries: tuple[Entry, ...],
) -> Scene:
    """One scene of all panels."""
    boxes, wires, groups = [], [], []
    for letter, name, scene in parts:
        groups.append(Group(letter, clean(name), None, "region"))
        groups += [
            replace(g, id=f"{letter}/{g.id}", parent=letter if g.parent is None else f"{letter}/{g.parent}")
            for g in scene.groups
        ]
        boxes += [_lettered_box(box, letter, name) for box in scene.boxes]
        wires += [_lettered(wire, letter) for wire in scene.wires]
    scale = scale_of(wire for wire in wires if wire.kind == "backward")
    names = " beside ".join(name for _, name, _ in parts)
    return Scene(
        boxes=tuple(boxes),
        wires=tuple(wires),
        groups=tuple(groups),
        legend=legend_of(boxes, wires, scale, entries),
        scale=scale,
        title=clean(title),
        description=clean(f"{names}: {len(parts)} pictures of one graph, {len(boxes)} nodes in all."),
        notes=tuple(clean(words) for words in captions),
    )


def _lettered_box(box: Box, letter: str, name: str) -> Box:
    # Formats that draw no frames tell by the mark of the loss which panel it is.
    mark = f"{box.mark}, {name.partition(':')[0]}" if box.mark else ""
    group = letter if box.group is None else f"{letter}/{box.group}"
    return replace(box, id=letter + box.id, group=group, mark=mark)


def _lettered(wire: Wire, letter: str) -> Wire:
    return replace(
        wire, id=letter + wire.id, source=letter + wire.source, target=letter + wire.target,
        beside=letter + wire.beside if wire.beside else "",
    )  # fmt: skip


class _Page:
    """Assembles the page: the title, the panels, the legend, the captions."""

    def __init__(
        self,
        parts: Sequence[tuple[str, str, Scene]],
        alone: Sequence[Placed],
        whole: Scene,
        theme: Theme,
        *,
        across: bool,
    ):
        self.parts, self.alone, self.whole, self.theme = parts, alone, whole, theme
        sizes = [(p.width - 2 * theme.margin, p.height - 2 * theme.margin) for p in alone]
        frames = [
            (max(w, width(name, theme.detail_size, "medium")) + 2 * _INSET, h + _HEAD + _INSET)
            for (w, h), (_, name, _) in zip(sizes, parts, strict=True)
        ]
        top = theme.margin + (theme.heading_size * 2 if whole.title else 0.0)
        corners: list[Point] = []
        x, y = theme.margin, top
        for w, h in frames:
            corners.append((x, y))
            x, y = (x + w + _GAP, y) if across else (x, y + h + _GAP)
        right = max(cx + w for (cx, _), (w, _) in zip(corners, frames, strict=True))
        bottom = max(cy + h for (_, cy), (_, h) in zip(corners, frames, strict=True))
        self.inner = max(right - theme.margin, _NARROWEST)
        tall = max(h for _, h in frames)
        self.rects = [
            Rect(cx, cy, w, tall) if across else Rect(cx, cy, right - theme.margin, h)
            for (cx, cy), (w, h) in zip(corners, frames, strict=True)
        ]
        self.placed = self._finish(bottom)

    def _finish(self, bottom: float) -> Placed:
        theme, whole = self.theme, self.whole
        boxes: list[PlacedBox] = []
        wires: list[PlacedWire] = []
        groups: list[PlacedGroup] = []
        for (letter, name, _), placed, rect in zip(self.parts, self.alone, self.rects, strict=True):
            dx, dy = rect.x + _INSET - theme.margin, rect.y + _HEAD - theme.margin
            size = theme.detail_size
            label = Text(rect.x + 11, rect.y + 17, clean(name), size, theme.text, "medium")
            groups.append(PlacedGroup(_group(whole, letter), rect, label, 0))
            groups += [_moved_group(g, whole, letter, dx, dy) for g in placed.groups]
            boxes += [_moved_box(b, _lettered_box(b.box, letter, name), dx, dy) for b in placed.boxes]
            wires += [_moved_wire(w, letter, dx, dy) for w in placed.wires]
        legend = place_legend(whole, theme, self.inner)
        self.inner = max(self.inner, legend.width)
        at = bottom + 20.0
        entries: tuple[PlacedEntry, ...] = legend.at(theme.margin, at + 16.0)
        bottom = at + 16.0 + legend.height
        notes: list[Text] = []
        size = theme.value_size
        for words in whole.notes:
            bottom += 4.0
            for line in wrapped(words, self.inner, size):
                bottom += 1.35 * size
                notes.append(Text(theme.margin, bottom - 0.3 * size, line, size, theme.text))
        heading = shorten(whole.title, self.inner, theme.heading_size, "medium")
        title = Text(
            theme.margin, theme.margin + theme.heading_size * 0.8, heading, theme.heading_size, theme.text,
            "medium",
        )  # fmt: skip
        return Placed(
            scene=whole,
            theme=theme,
            direction=self.alone[0].direction,
            engine=self.alone[0].engine,
            width=round(self.inner + 2 * theme.margin, 1),
            height=round(bottom + theme.margin, 1),
            boxes=tuple(boxes),
            wires=tuple(wires),
            groups=tuple(groups),
            entries=entries,
            title=title if heading else None,
            legend_rule=((theme.margin, at), (theme.margin + self.inner, at)),
            notes=tuple(notes),
        )


def _group(whole: Scene, key: str) -> Group:
    return next(group for group in whole.groups if group.id == key)


def _moved_group(placed: PlacedGroup, whole: Scene, letter: str, dx: float, dy: float) -> PlacedGroup:
    group = _group(whole, f"{letter}/{placed.group.id}")
    return PlacedGroup(group, placed.rect.moved(dx, dy), placed.label.moved(dx, dy), placed.depth + 1)


def _moved_box(placed: PlacedBox, box: Box, dx: float, dy: float) -> PlacedBox:
    return replace(
        placed,
        box=box,
        rect=placed.rect.moved(dx, dy),
        texts=tuple(text.moved(dx, dy) for text in placed.texts),
        heats=tuple(replace(heat, rect=heat.rect.moved(dx, dy)) for heat in placed.heats),
        rules=tuple(((a + dx, b + dy), (c + dx, d + dy)) for (a, b), (c, d) in placed.rules),
        badges=tuple(badge.moved(dx, dy) for badge in placed.badges),
        sketches=tuple(replace(sketch, rect=sketch.rect.moved(dx, dy)) for sketch in placed.sketches),
    )


def _moved_wire(placed: PlacedWire, letter: str, dx: float, dy: float) -> PlacedWire:
    def moved(points: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple((x + dx, y + dy) for x, y in points)

    label = None if placed.label is None else placed.label.moved(dx, dy)
    return PlacedWire(
        _lettered(placed.wire, letter), moved(placed.curve), moved(placed.head), placed.width, label
    )
