"""Write a scene as a Mermaid flowchart, for pages that draw Mermaid themselves and place the boxes by its rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from viz.scene import Box, Group, Scene, Wire
from viz.theme import LIGHT, Theme

__all__ = ["mermaid"]

_SHAPES = {
    "input": ("([", "])"),
    "parameter": ("{{", "}}"),
    "constant": ("[", "]"),
    "op": ("(", ")"),
    "fold": ("[[", "]]"),
}
# Mermaid reads these itself; all other punctuation of labels is written by number.
_PLAIN = frozenset(" .,:+=()/·×−…≈±")


def mermaid(scene: Scene, *, direction: str = "LR", theme: Theme = LIGHT) -> str:
    """The scene in Mermaid's language: groups as subgraphs, gradients as dotted arrows that run back."""
    lines = [f"flowchart {direction}"]
    if scene.title:
        lines.insert(0, f"---\ntitle: {_quoted_yaml(scene.title)}\n---")
    homes: dict[str | None, list[Box]] = defaultdict(list)
    for box in scene.boxes:
        homes[box.group].append(box)
    lines += _group_lines(scene, homes)
    styles = []
    for k, wire in enumerate(scene.wires):
        lines.append("  " + _wire(wire))
        colour = theme.forward if wire.kind == "forward" else theme.signs[wire.sign]
        width = theme.forward_width if wire.kind == "forward" else theme.wire_width(wire.size, scene.scale)
        styles.append(f"  linkStyle {k} stroke:{colour},stroke-width:{width:.1f}px")
    for role in dict.fromkeys(box.role for box in scene.boxes):
        ink = theme.inks[role]
        lines.append(f"  classDef {role} fill:{ink.fill},stroke:{ink.border},color:{ink.text}")
    return "\n".join([*lines, *styles, ""])


def _group_lines(scene: Scene, homes: dict[str | None, list[Box]]) -> Iterator[str]:
    """Subgraphs inside one another, without recursion: scopes may nest deeply."""
    inner: dict[str | None, list[Group]] = defaultdict(list)
    numbers = {group.id: k for k, group in enumerate(scene.groups)}
    for group in scene.groups:
        inner[group.parent].append(group)
    waiting: list[tuple[Group | None, int, bool]] = [(None, 1, False)]
    while waiting:
        at, depth, closing = waiting.pop()
        pad = "  " * depth
        if closing:
            yield f"{pad[2:]}end"
            continue
        if at is not None:
            yield f'{pad[2:]}subgraph g{numbers[at.id]}["{_label(at.label)}"]'
        for box in homes[at.id if at else None]:
            before, after = _SHAPES[box.role]
            yield f'{pad}{box.id}{before}"{_words(box)}"{after}:::{box.role}'
        if at is not None:
            waiting.append((at, depth, True))
        waiting += [(below, depth + 1, False) for below in reversed(inner[at.id if at else None])]


def _words(box: Box) -> str:
    head = f"{box.title} {box.name}".strip()
    rows = [f"{reading.label}: {'; '.join(reading.lines)}" for reading in box.readings]
    parts = [head, box.detail, box.mark, *rows, *(badge.text for badge in box.badges)]
    return "<br/>".join(_label(part) for part in parts if part) or " "


def _label(text: str) -> str:
    return (
        "".join(c if c.isalnum() or c in _PLAIN else " " if c in "\r\n" else f"#{ord(c)};" for c in text)
        or " "
    )


def _quoted_yaml(text: str) -> str:
    safe = "".join(c for c in text if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def _wire(wire: Wire) -> str:
    if wire.kind == "forward":
        return f"{wire.source} --> {wire.target}"
    arrow = f'-. "{_label(wire.label)}" .->' if wire.label else "-.->"
    return f"{wire.source} {arrow} {wire.target}"
