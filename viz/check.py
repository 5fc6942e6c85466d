"""Check a placed scene as a strict reader would: nothing overlaps, nothing is clipped, everything can be read."""

from __future__ import annotations

from itertools import combinations

from viz.placed import Placed, Rect
from viz.route import flatten, sampled
from viz.theme import contrast

__all__ = ["problems"]

_CONTRAST = 4.5


def problems(placed: Placed) -> list[str]:
    """What is wrong with a picture, one sentence each; an empty list is the goal."""
    return [*_outside(placed), *_overlaps(placed), *_texts(placed), *_labels(placed), *_faint(placed)]


def _outside(placed: Placed) -> list[str]:
    page = Rect(0, 0, placed.width, placed.height)
    found = [f"box {b.box.id} reaches beyond the page" for b in placed.boxes if not page.holds(b.rect)]
    found += [
        f"group {g.group.id!r} reaches beyond the page" for g in placed.groups if not page.holds(g.rect)
    ]
    found += [f"text {t.text!r} reaches beyond the page" for t in placed.texts() if not page.holds(t.rect)]
    for wire in placed.wires:
        half = wire.width / 2
        if not all(page.holds(Rect(x - half, y - half, 2 * half, 2 * half)) for x, y in flatten(wire.curve)):
            found.append(f"wire {wire.wire.id} reaches beyond the page")
    return found


def _overlaps(placed: Placed) -> list[str]:
    found = []
    # Sorted by their left sides, boxes can only meet those that start before they end.
    boxes = sorted(placed.boxes, key=lambda b: b.rect.x)
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            if b.rect.x >= a.rect.right:
                break
            if a.rect.meets(b.rect):
                found.append(f"boxes {a.box.id} and {b.box.id} overlap")
    graph_bottom = max((b.rect.bottom for b in placed.boxes), default=0.0)
    for entry in placed.entries:
        tops = [entry.sample.y, *(t.rect.y for t in entry.texts)]
        if min(tops) < graph_bottom:
            found.append(f"the legend's {entry.entry.label!r} covers the graph")
    legend = [(e.entry.label, r) for e in placed.entries for r in (e.sample, *(t.rect for t in e.texts))]
    found += [f"the legend's {a!r} and {b!r} overlap" for (a, ra), (b, rb) in combinations(legend, 2)
              if ra.meets(rb, 0.5)]  # fmt: skip
    return found


def _texts(placed: Placed) -> list[str]:
    found = []
    for box in placed.boxes:
        found += [
            f"{t.text!r} does not fit box {box.box.id}" for t in box.texts if not box.rect.holds(t.rect)
        ]
        parts = [(t.text, t.rect) for t in box.texts] + [("cells", h.rect) for h in box.heats]
        found += [f"{a!r} and {b!r} overlap in box {box.box.id}" for (a, ra), (b, rb) in combinations(parts, 2)
                  if ra.meets(rb, 0.8)]  # fmt: skip
    return found


def _labels(placed: Placed) -> list[str]:
    """Numbers of wires keep clear of boxes, of one another and of the wires."""
    labels = [(w.wire.id, w.label.rect) for w in placed.wires if w.label is not None]
    found = [f"the number of wire {i} lies on box {b.box.id}" for i, r in labels for b in placed.boxes
             if r.meets(b.rect)]  # fmt: skip
    found += [f"the name of group {g.group.id!r} lies on box {b.box.id}" for g in placed.groups for b in placed.boxes
              if g.label.rect.meets(b.rect)]  # fmt: skip
    found += [f"the numbers of wires {a} and {b} overlap" for (a, ra), (b, rb) in combinations(labels, 2)
              if ra.meets(rb)]  # fmt: skip
    for wire in placed.wires if labels else ():
        half = wire.width / 2
        points = list(sampled(wire.curve, 2.0))
        for i, r in labels:
            if any(r.x - half < x < r.right + half and r.y - half < y < r.bottom + half for x, y in points):
                found.append(f"wire {wire.wire.id} runs over the number of wire {i}")
    names = [(g.group.id, g.label.rect) for g in placed.groups]
    for wire in placed.wires if names else ():
        points = list(sampled(wire.curve, 2.0))
        found += [f"wire {wire.wire.id} runs over the name of group {i!r}" for i, r in names
                  if any(r.x < x < r.right and r.y < y < r.bottom for x, y in points)]  # fmt: skip
    return found


def _faint(placed: Placed) -> list[str]:
    theme = placed.theme
    found = []
    for box in placed.boxes:
        fill = theme.inks[box.box.role].fill
        found += [
            f"{t.text!r} is too faint in box {box.box.id}"
            for t in box.texts
            if contrast(t.colour, fill) < _CONTRAST
        ]
    page = [t for entry in placed.entries for t in entry.texts] + [w.label for w in placed.wires if w.label]
    found += [f"{t.text!r} is too faint" for t in page if contrast(t.colour, theme.page) < _CONTRAST]
    return found
