"""A picture for the terminal: each node below the one that uses it, a shared node once.

>>> import graphnn as gn
>>> import viz
>>> from viz.formats.tree import tree
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> print(tree(viz.scene(gn.trace((a * b + a).named("c")))), end="")
c = add  [loss]  scalar · float64  value −4  gradient 1
├─ a: mul  scalar · float64  value −6  gradient 1
│  ├─ a: a (parameter)  scalar · float64  value 2  gradient −2
│  └─ b: b (parameter)  scalar · float64  value −3  gradient 2
└─ b: a (parameter)  shown above
"""

from __future__ import annotations

from collections import defaultdict

from viz.scene import Box, Scene, Wire

__all__ = ["tree"]


def tree(scene: Scene) -> str:
    """The scene as lines of text, outputs first. Each line says what the box of the picture says."""
    entering: dict[str, list[Wire]] = defaultdict(list)
    used = set()
    for wire in scene.wires:
        if wire.kind == "forward":
            entering[wire.target].append(wire)
            used.add(wire.source)
    boxes = {box.id: box for box in scene.boxes}
    lines = [scene.title] if scene.title else []
    seen: set[str] = set()
    # A picture may be deeper than Python recurses.
    roots = [box for box in scene.boxes if box.mark or box.id not in used]
    waiting: list[tuple[Box, str, str, str]] = [(box, "", "", "") for box in reversed(roots)]
    while waiting:
        box, before, below, port = waiting.pop()
        if box.id in seen and not before:
            continue
        head = before + (f"{port}: " if port else "") + _title(box)
        if box.id in seen:
            lines.append(f"{head}  shown above")
            continue
        seen.add(box.id)
        lines.append("  ".join([head, *_facts(box)]))
        wires = sorted(entering[box.id], key=lambda wire: wire.slot)
        for k in range(len(wires) - 1, -1, -1):
            last = k == len(wires) - 1
            waiting.append(
                (
                    boxes[wires[k].source],
                    below + ("└─ " if last else "├─ "),
                    below + ("   " if last else "│  "),
                    wires[k].port,
                )
            )
    return "\n".join([*lines, ""])


def _title(box: Box) -> str:
    title = box.title.replace("\n", " ")
    if box.role == "op":
        return f"{box.name} = {title}" if box.name else title
    return title if box.title == box.role else f"{title} ({box.role})"


def _facts(box: Box) -> list[str]:
    found = [f"[{box.mark}]"] if box.mark else []
    found += [box.detail] if box.detail else []
    found += [f"{reading.label} {'; '.join(reading.lines)}" for reading in box.readings]
    return [*found, *(f"({badge.text})" for badge in box.badges)]
