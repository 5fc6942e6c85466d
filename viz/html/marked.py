"""Mark the parts of a picture so that a script can find them and a screen reader can say them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from viz.formats.marks import Cluster, Line, Mark
from viz.formats.svg import fragment
from viz.formats.tables import flow_of, names_of, rows_of
from viz.html.shell import Colours, escaped, table
from viz.motion.film import Part, parts
from viz.place.placed import Placed
from viz.place.recolour import recoloured
from viz.scene import Box, Scene, Wire

__all__ = ["film_markup", "picture", "tables_of", "themed"]

# A wire is hard to hit: this much around it counts as the wire.
_HIT = 12.0


def themed(placed: Placed, colours: Colours) -> list[Placed]:
    """The picture in every theme that the page has."""
    return [recoloured(placed, theme) for theme in colours.themes]


def picture(versions: Sequence[Placed], colours: Colours) -> str:
    """The SVG elements of one picture, given in every theme of the page."""
    return film_markup([[version] for version in versions], colours)


def film_markup(versions: Sequence[Sequence[Placed]], colours: Colours) -> str:
    """The SVG elements of pictures of one layout, each part with the pictures that show it; the first is visible."""
    return colours.paired([_elements(film) for film in versions])


def _elements(film: Sequence[Placed]) -> str:
    boxes: dict[str, list[Box]] = {}
    wires: dict[str, Wire] = {}
    for placed in film:
        for box in placed.boxes:
            boxes.setdefault(box.box.id, []).append(box.box)
        wires.update((wire.wire.id, wire.wire) for wire in placed.wires)
    names = names_of(film[-1].scene)
    single = len(film) == 1
    found = []
    for part in parts(film):
        facts: tuple[tuple[str, str], ...] = () if single else (("data-at", _frames(part.frames)),)
        if not single and 0 not in part.frames:
            facts += (("hidden", ""),)
        found += _part(part, facts, boxes, wires, names)
    # The page forbids styles of single elements; its own style sheet says the same of all images.
    return fragment(found).replace(' style="image-rendering:pixelated"', "")


def _frames(frames: tuple[int, ...]) -> str:
    """`0-3 7`: runs of frame numbers."""
    runs: list[list[int]] = []
    for k in frames:
        if runs and runs[-1][1] == k - 1:
            runs[-1][1] = k
        else:
            runs.append([k, k])
    return " ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in runs)


def _part(
    part: Part,
    facts: tuple[tuple[str, str], ...],
    boxes: dict[str, list[Box]],
    wires: dict[str, Wire],
    names: dict[str, str],
) -> list[Mark]:
    if part.kind == "page":
        return []  # the page's ground is that of the document
    if part.kind == "group":
        words = (("data-group", part.key), ("role", "button"), ("tabindex", "-1"),
                 ("aria-label", f"scope {part.key}"))  # fmt: skip
        return [Cluster("group", part.marks, "", (*words, *facts))]
    if part.kind in ("box", "wire"):
        (cluster,) = part.marks
        if not isinstance(cluster, Cluster):
            return list(part.marks)
        if part.kind == "box":
            box = boxes[part.key][part.frames[0]] if len(boxes[part.key]) > 1 else boxes[part.key][0]
            return [replace(cluster, note="", facts=(*cluster.facts, *_box_facts(box, names), *facts))]
        line = next(mark for mark in cluster.marks if isinstance(mark, Line))
        hit = replace(line, stroke="transparent", width=line.width + _HIT, dashes=())
        note = _wire_note(wires[part.key], names)
        return [
            replace(
                cluster,
                note="",
                marks=(hit, *cluster.marks),
                facts=(*cluster.facts, ("data-note", note), *facts),
            )
        ]
    if part.kind == "label":
        return [Cluster("label", part.marks, "", (("data-label", part.key), *facts))]
    return [Cluster("rest", part.marks, "", facts)] if facts else list(part.marks)


def _box_facts(box: Box, names: dict[str, str]) -> tuple[tuple[str, str], ...]:
    said = [names[box.id], box.role if box.role != "op" else box.title, *([box.mark] if box.mark else [])]
    said += [box.detail, *(f"{row.label} {' '.join(row.lines)}" for row in box.readings)]
    said += [badge.text for badge in box.badges]
    find = " ".join(word for word in (box.title, box.name, box.role, box.mark, box.group or "") if word)
    # The note has exact numbers of scalars; what else the rows say is added, as statistics and reasons.
    more = [
        f"{row.label}: {'; '.join(row.lines)}" for row in box.readings if len(row.lines) > 1 or not row.detail
    ]
    note = "\n".join([box.note or names[box.id], *more, *(badge.text for badge in box.badges)])
    return (
        ("role", "button"),
        ("tabindex", "-1"),
        ("aria-label", ", ".join(dict.fromkeys(word for word in said if word))),
        ("data-name", names[box.id]),
        ("data-find", find),
        ("data-note", note),
    )


def _wire_note(wire: Wire, names: dict[str, str]) -> str:
    port = f", as {wire.port}" if wire.port else ""
    many = f", {wire.count} edges" if wire.count > 1 else ""
    if wire.kind == "backward":
        words = f"back from {names[wire.source]} to {names[wire.target]}{many}"
    else:
        words = f"from {names[wire.source]} to {names[wire.target]}{port}{many}"
    return "\n".join(word for word in (words, wire.note) if word)


def tables_of(scene: Scene) -> str:
    """The same as tables, for screen readers and for whoever wants to copy numbers."""
    head, rows = rows_of(scene)
    found = [table("Boxes", head, rows)]
    flow = flow_of(scene)
    if flow:
        found.append(table("Gradients along the wires", ["back to", "from", "contribution"], flow))
    notes = "".join(f"<p>{escaped(note)}</p>" for note in scene.notes)
    return "\n".join(found) + notes
