"""Check the lines of a placed scene: wires keep out of boxes and of each other's way, frames hold their own boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from viz.place.placed import Placed, PlacedWire, Rect
from viz.place.samples import Samples

__all__ = ["Fault", "frame_problems", "wire_faults", "wire_problems"]

_SPACING = 2.0
# A wire that only touches the border of a box is not yet in it.
_TOUCH = 1.0
_INSIDE_OWN = 2.0
# Numbers stand at least so far from arrow heads.
_OFF_HEAD = 4.0
# Two wires may cross, at a sharp angle too; they may not run on one another over this length.
_TOGETHER_AT_MOST = 24.0


@dataclass(frozen=True)
class Fault:
    """What is wrong with a wire: the wire, in `other` the second wire or the box, and the sentence.

    `is_head` if it is its arrow head.
    """

    wire: str
    other: str
    words: str
    is_head: bool = False


def wire_problems(placed: Placed) -> list[str]:
    """Wires through boxes, numbers and names; arrow heads under boxes; wires on top of one another."""
    found = [f.words for f in wire_faults(placed.wires, {b.box.id: b.rect for b in placed.boxes})]
    numbers = {f"the number of wire {w.wire.id}": w.label.rect for w in placed.wires if w.label is not None}
    names = {f"the name of group {g.group.id!r}": g.label.rect for g in placed.groups}
    found += _touched_heads(placed.wires, numbers)
    samples = Samples([w.curve for w in placed.wires], _SPACING)
    halves = np.array([w.width / 2 for w in placed.wires])
    for wire, what in _met(samples, halves, numbers):
        found.append(f"wire {placed.wires[wire].wire.id} runs over {what}")
    for wire, what in _met(samples, np.zeros(len(halves)), names):
        found.append(f"wire {placed.wires[wire].wire.id} runs over {what}")
    return found


def wire_faults(
    wires: Sequence[PlacedWire], rects: Mapping[str, Rect], together: float = _TOGETHER_AT_MOST
) -> list[Fault]:
    """What is wrong with wires among boxes, whatever words stand between them.

    together : over this length two wires may run on one another, as they do where they cross
    """
    if not wires:
        return []
    samples = Samples([w.curve for w in wires], _SPACING)
    return [
        *_through(wires, samples, rects),
        *_hidden_heads(wires, rects),
        *_together(wires, samples, together),
    ]


def _met(samples: Samples, halves: np.ndarray, rects: Mapping[str, Rect]) -> Iterator[tuple[int, str]]:
    """Pairs of a curve and a rectangle that it enters, with its whole width."""
    if not rects or not len(samples.points):
        return
    names = list(rects)
    sides = np.array([(r.x, r.y, r.right, r.bottom) for r in rects.values()])
    hulls = samples.hulls()
    for k in range(len(hulls)):
        half = halves[k]
        low, high = sides[:, :2] - half, sides[:, 2:] + half
        near = np.flatnonzero(((low < hulls[k, 2:]) & (hulls[k, :2] < high)).all(axis=1))
        if not near.size:
            continue
        points = samples.of(k)[:, None, :]
        inside = ((low[near] < points) & (points < high[near])).all(axis=2).any(axis=0)
        for i in near[inside]:
            yield k, names[i]


def _through(wires: Sequence[PlacedWire], samples: Samples, rects: Mapping[str, Rect]) -> Iterator[Fault]:
    touching = np.array([w.width / 2 - _TOUCH for w in wires])
    for k, name in _met(samples, touching, rects):
        wire = wires[k].wire
        if name in (wire.source, wire.target):
            own = rects[name].grown(-_INSIDE_OWN)
            x, y = samples.of(k).T
            if not ((own.x < x) & (x < own.right) & (own.y < y) & (y < own.bottom)).any():
                continue
        yield Fault(wire.id, name, f"wire {wire.id} runs through box {name}")


def _hidden_heads(wires: Sequence[PlacedWire], rects: Mapping[str, Rect]) -> Iterator[Fault]:
    heads = np.array([wire.head for wire in wires])
    points = np.concatenate([heads, heads.mean(axis=1, keepdims=True)], axis=1)
    low, high = points.min(axis=1), points.max(axis=1)
    for name, rect in rects.items():
        r = rect.grown(-0.6)
        near = (low < (r.right, r.bottom)).all(axis=1) & (high > (r.x, r.y)).all(axis=1)
        for k in np.flatnonzero(near):
            inside = (points[k] > (r.x, r.y)).all(axis=1) & (points[k] < (r.right, r.bottom)).all(axis=1)
            if inside.any():
                key = wires[int(k)].wire.id
                yield Fault(key, name, f"the arrow head of wire {key} lies under box {name}", is_head=True)


def _touched_heads(wires: Sequence[PlacedWire], words: Mapping[str, Rect]) -> Iterator[str]:
    """Numbers so close to an arrow head that they seem to lie on it."""
    if not words:
        return
    heads = np.array([wire.head for wire in wires])
    low, high = heads.min(axis=1), heads.max(axis=1)
    for name, rect in words.items():
        r = rect.grown(_OFF_HEAD)
        for k in np.flatnonzero((low < (r.right, r.bottom)).all(axis=1) & (high > (r.x, r.y)).all(axis=1)):
            yield f"{name} touches the arrow head of wire {wires[int(k)].wire.id}"


def _together(wires: Sequence[PlacedWire], samples: Samples, at_most: float) -> Iterator[Fault]:
    """Wires that run within a hair of each other for longer than a crossing takes."""
    size = _SPACING
    owner = samples.curve
    # From the corner of what is drawn, so that a picture moved as a whole has the faults that it had.
    cells = np.floor((samples.points - samples.points.min(axis=0)) / size + 1e-6).astype(np.int64)
    keys = np.unique((cells[:, 0] * (cells[:, 1].max() + 1) + cells[:, 1]) * len(wires) + owner)
    cell, wire = np.divmod(keys, len(wires))
    found = []
    apart = 1
    while True:
        same = np.flatnonzero(cell[apart:] == cell[:-apart])
        if not same.size:
            break
        found.append(wire[same] * len(wires) + wire[same + apart])
        apart += 1
    if not found:
        return
    pairs, counts = np.unique(np.concatenate(found), return_counts=True)
    for pair in pairs[counts * size > at_most]:
        first, second = divmod(int(pair), len(wires))
        a, b = wires[first].wire, wires[second].wire
        # Values that leave one box at one point are one thing until they part.
        if a.kind != b.kind or a.kind != "forward" or a.source != b.source:
            yield Fault(b.id, a.id, f"wires {a.id} and {b.id} run on top of one another")


def frame_problems(placed: Placed) -> list[str]:
    """Frames that lack one of their boxes, hold a stranger, or cut into another frame."""
    around: dict[str | None, tuple[str, ...]] = {None: ()}
    for g in placed.scene.groups:  # outer groups come first
        around[g.id] = (*around.get(g.parent, ()), g.id)
    found = []
    pieces: dict[str, list[Rect]] = {}
    for group in placed.groups:
        pieces.setdefault(group.group.id, []).append(group.rect)
    for key, rects in pieces.items():
        for box in placed.boxes:
            inside = key in around.get(box.box.group, ())
            if inside and not any(rect.holds(box.rect) for rect in rects):
                found.append(f"box {box.box.id} sticks out of the frame of {key!r}")
            elif not inside and any(rect.meets(box.rect) for rect in rects):
                found.append(f"the frame of {key!r} holds box {box.box.id}, which is not in it")
    for i, a in enumerate(placed.groups):
        for b in placed.groups[i + 1 :]:
            first, second = a.group.id, b.group.id
            if a.label.rect.meets(b.label.rect):
                found.append(f"the names of groups {first!r} and {second!r} overlap")
            if first != second and first in around[second]:
                if not any(rect.holds(b.rect) for rect in pieces[first]):
                    found.append(f"the frame of {second!r} sticks out of that of {first!r}")
            elif a.rect.meets(b.rect):
                found.append(f"the frames of {first!r} and {second!r} overlap")
    return [*found, *_crossed_names(placed)]


def _crossed_names(placed: Placed) -> Iterator[str]:
    numbers: Iterable[PlacedWire] = [w for w in placed.wires if w.label is not None]
    for group in placed.groups:
        for wire in numbers:
            if wire.label is not None and wire.label.rect.meets(group.label.rect):
                yield f"the number of wire {wire.wire.id} lies on the name of group {group.group.id!r}"
