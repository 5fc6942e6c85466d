"""Keep room in a box for everything that it will ever say, and say one thing of it: so that nothing jumps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from viz.place.card import card
from viz.place.placed import PlacedBox, PlacedHeat, PlacedSketch, Text
from viz.scene import Box, Reading
from viz.text import width
from viz.theme import Theme

__all__ = ["filled", "reserved"]


def reserved(variants: Iterable[Sequence[Reading]]) -> tuple[Reading, ...]:
    """Rows with room for each variant: in every line the widest text, cells where any has cells.

    All variants have the same labels in the same order.
    """
    rows: dict[str, list[Reading]] = {}
    for variant in variants:
        for row in variant:
            rows.setdefault(row.label, []).append(row)
    return tuple(_widest(label, found) for label, found in rows.items())


def _widest(label: str, rows: list[Reading]) -> Reading:
    lines = []
    for k in range(max(len(row.lines) for row in rows)):
        # The first that is widest, so that the choice does not hang on rounding.
        lines.append(
            max((row.lines[k] for row in rows if k < len(row.lines)), key=lambda text: width(text, 1.0))
        )
    # What is drawn, such as cells, has one size in all variants that have it.
    drawn = next((row for row in rows if row.heat or _sketches(row)), rows[0])
    return replace(drawn, label=label, lines=tuple(lines), state="known", detail="", formula="")


def _sketches(row: Reading) -> list[Any]:
    """In the order in which a card places them."""
    return [*row.pictures, *(sketch for sketch in (row.spark, row.span) if sketch is not None)]


def filled(placed: PlacedBox, readings: Sequence[Reading], theme: Theme) -> PlacedBox:
    """A box that was placed with `reserved` rows, saying these readings instead, line by line in the same places."""
    room = placed.box.readings
    count = sum(len(row.lines) + 1 for row in room)
    head, tail = placed.texts[: len(placed.texts) - count], list(placed.texts[len(placed.texts) - count :])
    heats, sketches = list(placed.heats), list(placed.sketches)
    said = {row.label: row for row in readings}
    texts: list[Text] = []
    kept: list[PlacedHeat] = []
    drawn: list[PlacedSketch] = []
    for row in room:
        *lines, label = tail[: len(row.lines) + 1]
        del tail[: len(row.lines) + 1]
        now = said[row.label]
        texts += [*_lines(lines, now, theme), label]
        if row.heat is not None:
            place = heats.pop(0)
            if now.heat is not None:
                kept.append(PlacedHeat(place.rect, now.heat))
        places = [sketches.pop(0) for _ in _sketches(row)]
        drawn += [replace(place, sketch=s) for place, s in zip(places, _sketches(now), strict=False)]
    box = replace(placed.box, readings=tuple(readings), note=_note(placed.box, readings))
    return replace(placed, box=box, texts=(*head, *texts), heats=tuple(kept), sketches=tuple(drawn))


def _lines(places: list[Text], row: Reading, theme: Theme) -> list[Text]:
    """The row's lines as a box of its own would write them, at these places."""
    alone = card(Box("", "op", "", readings=(row,)), theme, "LR", 0, 0).texts[-len(row.lines) - 1 : -1]
    return [replace(text, x=place.x, y=place.y) for text, place in zip(alone, places, strict=False)]


def _note(box: Box, readings: Sequence[Reading]) -> str:
    """The tooltip with the exact numbers, as far as they are known now."""
    details = [f"{row.label} {row.detail}" for row in readings if row.detail]
    return "\n".join([box.note, *details])
