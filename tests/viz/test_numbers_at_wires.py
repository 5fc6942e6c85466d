"""The number of a wire stands where one sees to which wire it belongs."""

from __future__ import annotations

import random
from math import hypot

import pytest

import graphnn as gn
import viz
from viz.place.placed import Placed, PlacedWire, Rect
from viz.place.route import flatten


def distance(rect: Rect, wire: PlacedWire) -> float:
    """From the edge of the text to the edge of the line."""
    return (
        min(
            hypot(max(rect.x - x, x - rect.right, 0.0), max(rect.y - y, y - rect.bottom, 0.0))
            for x, y in flatten(wire.curve, 24)
        )
        - wire.width / 2
    )


def strangers(placed: Placed) -> list[str]:
    """Numbers that stand nearer to another wire with a number than to their own."""
    wires = [w for w in placed.wires if w.wire.label]
    return [
        f"{w.wire.label} of {w.wire.id} is nearer to {other.wire.id}"
        for w in wires
        if w.label is not None
        for other in wires
        if other is not w and distance(w.label.rect, other) < distance(w.label.rect, w)
    ]


def crowded(seed: int) -> gn.Run:
    """Scalars that are used again and again, so that wires cross."""
    draw = random.Random(seed)
    nodes = [gn.scalar(draw.gauss(0, 1), f"x{i}") for i in range(3)]
    for _ in range(12):
        nodes.append(draw.choice([gn.add, gn.mul, gn.sub])(draw.choice(nodes[-4:]), draw.choice(nodes)))
    return gn.trace(nodes[-1] * nodes[-1])


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_number_is_nearest_to_its_own_wire(direction: str) -> None:
    numbers, wrong = 0, []
    for seed in range(24):
        placed = viz.draw(crowded(seed), view="ledger", direction=direction).placed
        numbers += sum(w.label is not None for w in placed.wires)
        wrong += strangers(placed)
    # Between wires that run close together all the way there is no better place.
    assert numbers > 250
    assert len(wrong) <= numbers // 50, wrong
