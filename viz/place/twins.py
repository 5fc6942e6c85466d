"""Lay several scenes of one graph out in the same places, so that the eye finds a difference without searching.

The scenes have boxes of the same ids and rows of the same labels; what they say in them differs, and each box has room
for the widest of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from viz.motion.slots import filled, reserved
from viz.place.layout import layout
from viz.place.placed import Placed, PlacedBadge, PlacedBox, PlacedWire
from viz.place.route import arrow
from viz.scene import Badge, Box, Legend, Scene, Wire
from viz.text import width
from viz.theme import Theme

__all__ = ["twins"]


def twins(
    scenes: Sequence[Scene], *, direction: str = "LR", engine: str | None = None, theme: Theme
) -> list[Placed]:
    """The scenes, placed alike, without title, legend and notes."""
    first = scenes[0]
    boxes = [{box.id: box for box in scene.boxes} for scene in scenes]
    wires = [{wire.id: wire for wire in scene.wires} for scene in scenes]
    room = replace(
        first,
        boxes=tuple(_roomy([found[box.id] for found in boxes]) for box in first.boxes),
        wires=tuple(
            _widest([found[key] for found in wires if key in found])
            for key in dict.fromkeys(key for found in wires for key in found)
        ),
        legend=Legend(),
        title="",
        notes=(),
    )
    base = layout(room, direction=direction, engine=engine, theme=theme)
    return [
        replace(
            base,
            scene=replace(scene, legend=Legend(), title="", notes=()),
            boxes=tuple(_said(box, boxes[k][box.box.id], theme) for box in base.boxes),
            wires=tuple(
                _drawn(wire, wires[k][wire.wire.id], scene, theme)
                for wire in base.wires
                if wire.wire.id in wires[k]
            ),
        )
        for k, scene in enumerate(scenes)
    ]


def _roomy(boxes: Sequence[Box]) -> Box:
    """A box with room for what each of these says."""
    count = max(len(box.badges) for box in boxes)
    badges = tuple(
        max((box.badges[k] for box in boxes if k < len(box.badges)), key=lambda badge: width(badge.text, 1.0))
        for k in range(count)
    )
    return replace(boxes[0], readings=reserved([box.readings for box in boxes]), badges=badges, tone="")


def _widest(wires: Sequence[Wire]) -> Wire:
    label = max((wire.label for wire in wires), key=lambda text: width(text, 1.0))
    sizes = [wire.size for wire in wires if wire.size is not None]
    return replace(wires[0], label=label, size=max(sizes, default=None))


def _said(placed: PlacedBox, box: Box, theme: Theme) -> PlacedBox:
    """The placed box, saying what this one says."""
    made = filled(placed, box.readings, theme)
    title, *others = made.texts
    badges = tuple(_badge(slot, badge, theme) for slot, badge in zip(placed.badges, box.badges, strict=False))
    colour = theme.ink(box.role, box.tone).text
    return replace(made, box=box, texts=(replace(title, colour=colour), *others), badges=badges)


def _badge(slot: PlacedBadge, badge: Badge, theme: Theme) -> PlacedBadge:
    text = replace(slot.text, text=badge.text, colour=theme.ink("op", badge.tone).text)
    rect = replace(slot.rect, w=slot.rect.w - slot.text.width + text.width)
    return PlacedBadge(badge, rect, text)


def _drawn(placed: PlacedWire, wire: Wire, scene: Scene, theme: Theme) -> PlacedWire:
    if wire.kind == "forward":
        return replace(placed, wire=wire)
    thick = theme.wire_width(wire.size, scene.scale)
    label = placed.label
    if label is not None:
        label = replace(label, text=wire.label, colour=theme.signs[wire.sign]) if wire.label else None
    head = arrow(placed.curve[-1], placed.head[0], thick)
    return replace(placed, wire=wire, width=thick, head=head, label=label)
