"""Check a placed scene as a strict reader would: nothing overlaps, nothing is clipped, everything can be read."""

from __future__ import annotations

from itertools import combinations

from viz.place.check_wires import frame_problems, wire_problems
from viz.place.placed import Placed, Rect
from viz.place.route import flatten
from viz.theme import contrast

__all__ = ["problems"]

_CONTRAST = 4.5
# Smaller letters cannot be read at the size at which a picture stands in a notebook.
_SMALLEST = 9.0


def problems(placed: Placed) -> list[str]:
    """What is wrong with a picture, one sentence each; an empty list is the goal."""
    return [
        *_outside(placed),
        *_overlaps(placed),
        *_texts(placed),
        *_labels(placed),
        *wire_problems(placed),
        *frame_problems(placed),
        *_untrue_legend(placed),
        *_faint(placed),
    ]


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
    drawn = [
        *(b.rect for b in placed.boxes), *(g.rect for g in placed.groups),
        *(w.label.rect for w in placed.wires if w.label is not None),
    ]  # fmt: skip
    for entry in placed.entries:
        covered = [entry.sample, *(t.rect for t in entry.texts)]
        if any(r.meets(other) for r in covered for other in drawn):
            found.append(f"the legend's {entry.entry.label!r} covers the graph")
    legend = [(e.entry.label, r) for e in placed.entries for r in (e.sample, *(t.rect for t in e.texts))]
    found += [f"the legend's {a!r} and {b!r} overlap" for (a, ra), (b, rb) in combinations(legend, 2)
              if ra.meets(rb, 0.5)]  # fmt: skip
    around = [*placed.notes, *([placed.title] if placed.title else [])]
    found += [f"the line {t.text!r} lies on box {b.box.id}" for t in around for b in placed.boxes
              if t.rect.meets(b.rect)]  # fmt: skip
    said = [*legend, *((t.text, t.rect) for t in placed.notes)]
    found += [f"the line {t.text!r} lies on {words!r}" for t in around for words, r in said
              if r != t.rect and t.rect.meets(r, 0.5)]  # fmt: skip
    return found


def _texts(placed: Placed) -> list[str]:
    found = [f"text {t.text!r} is too small" for t in placed.texts() if t.size < _SMALLEST]
    for box in placed.boxes:
        found += [
            f"{t.text!r} does not fit box {box.box.id}" for t in box.texts if not box.rect.holds(t.rect)
        ]
        parts = [(t.text, t.rect) for t in box.texts] + [("cells", h.rect) for h in box.heats]
        parts += [(b.badge.text, b.rect) for b in box.badges] + [("sketch", s.rect) for s in box.sketches]
        found += [
            f"a sketch does not fit box {box.box.id}" for s in box.sketches if not box.rect.holds(s.rect)
        ]
        found += [f"badge {b.badge.text!r} does not fit" for b in box.badges
                  if not (box.rect.holds(b.rect) and b.rect.holds(b.text.rect, 1.0))]  # fmt: skip
        found += [f"{a!r} and {b!r} overlap in box {box.box.id}" for (a, ra), (b, rb) in combinations(parts, 2)
                  if ra.meets(rb, 0.8)]  # fmt: skip
    return found


def _labels(placed: Placed) -> list[str]:
    """Numbers of wires and names of groups keep clear of boxes, of one another and of the title."""
    labels = [(w.wire.id, w.label.rect) for w in placed.wires if w.label is not None]
    found = [f"the number of wire {i} lies on box {b.box.id}" for i, r in labels for b in placed.boxes
             if r.meets(b.rect)]  # fmt: skip
    found += [f"the name of group {g.group.id!r} lies on box {b.box.id}" for g in placed.groups for b in placed.boxes
              if g.label.rect.meets(b.rect)]  # fmt: skip
    found += [f"the numbers of wires {a} and {b} overlap" for (a, ra), (b, rb) in combinations(labels, 2)
              if ra.meets(rb)]  # fmt: skip
    return found


def _untrue_legend(placed: Placed) -> list[str]:
    """What occurs is in the legend, and what is in the legend occurs."""
    scene = placed.scene
    if not scene.legend.entries:  # a scene by hand may do without
        return []
    wires = [wire for wire in scene.wires if wire.kind == "backward"]
    readings = [reading for box in scene.boxes for reading in box.readings]
    occurs = {
        "box": {box.role for box in scene.boxes},
        "tone": {box.tone for box in scene.boxes if box.tone},
        "sign": {wire.sign for wire in wires},
        "heat": {""} if any(reading.heat for reading in readings) else set(),
        "scale": {""} if scene.scale is not None else set(),
    }
    found = []
    for kind, keys in occurs.items():
        said = {entry.key for entry in scene.legend.entries if entry.kind == kind}
        found += [f"the legend says {kind} {key!r}, which does not occur" for key in sorted(said - keys)]
        found += [f"the legend lacks {kind} {key!r}" for key in sorted(keys - said)]
    return found


def _faint(placed: Placed) -> list[str]:
    theme = placed.theme
    found = []
    for box in placed.boxes:
        fill = theme.ink(box.box.role, box.box.tone).fill
        found += [
            f"{t.text!r} is too faint in box {box.box.id}"
            for t in box.texts
            if contrast(t.colour, fill) < _CONTRAST
        ]
    found += [
        f"badge {b.badge.text!r} is too faint"
        for box in placed.boxes
        for b in box.badges
        if contrast(b.text.colour, theme.ink("op", b.badge.tone).fill) < _CONTRAST
    ]
    page = [t for entry in placed.entries for t in entry.texts] + [w.label for w in placed.wires if w.label]
    page += list(placed.notes)
    found += [f"{t.text!r} is too faint" for t in page if contrast(t.colour, theme.page) < _CONTRAST]
    return found
