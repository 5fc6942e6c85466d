"""The table twin of a picture: what it shows, as rows that a screen reader or a spreadsheet can read.

>>> import graphnn as gn
>>> import viz
>>> from viz.formats.tables import markdown
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> print(markdown(viz.scene(gn.trace((a * b).named("c")))))
| node | is | from | shape | value | gradient |
|---|---|---|---|---|---|
| a | parameter |  | scalar · float64 | 2 | −3 |
| b | parameter |  | scalar · float64 | −3 | 2 |
| c | mul, loss | a: a, b: b | scalar · float64 | −6 | 1 |
<BLANKLINE>
| back to | from | contribution |
|---|---|---|
| a | c | −3 |
| b | c | 2 |
<BLANKLINE>
"""

from __future__ import annotations

import csv
import io

from viz.numbers import number
from viz.scene import Box, Scene

__all__ = ["csv_table", "flow_of", "markdown", "names_of", "rows_of"]


def names_of(scene: Scene) -> dict[str, str]:
    """What each box is called in words: the user's name, or its title with its id where that is not enough."""
    found = {}
    titles = [box.name or box.title for box in scene.boxes]
    for box, title in zip(scene.boxes, titles, strict=True):
        found[box.id] = title if titles.count(title) == 1 else f"{title} ({box.id})"
    return found


def rows_of(scene: Scene) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of boxes."""
    words = list(dict.fromkeys(reading.label for box in scene.boxes for reading in box.readings))
    badges = any(box.badges for box in scene.boxes)
    names = names_of(scene)
    sources: dict[str, list[str]] = {box.id: [] for box in scene.boxes}
    for wire in scene.wires:
        if wire.kind == "forward":
            port = f"{wire.port}: " if wire.port else ""
            sources[wire.target].append(port + names[wire.source])
    head = ["node", "is", "from", "shape", *words, *(["remarks"] if badges else [])]
    rows = []
    for box in scene.boxes:
        readings = {reading.label: "; ".join(reading.lines) for reading in box.readings}
        row = [names[box.id], _kind(box), ", ".join(sources[box.id]), box.detail]
        row += [readings.get(word, "") for word in words]
        rows.append([*row, *(["; ".join(badge.text for badge in box.badges)] if badges else [])])
    return head, rows


def _kind(box: Box) -> str:
    kind = box.title if box.role == "op" else "folded scope" if box.role == "fold" else box.role
    return f"{kind}, {box.mark}" if box.mark else kind


def flow_of(scene: Scene) -> list[list[str]]:
    """A row for every wire that gradients run back along: where to, where from, how much."""
    names = names_of(scene)
    return [
        [names[w.target], names[w.source], w.label or (f"rms {number(w.size)}" if w.size is not None else "")]
        for w in scene.wires
        if w.kind == "backward"
    ]


def markdown(scene: Scene) -> str:
    """The boxes, and the gradients along the wires, as tables in Markdown."""
    tables = [rows_of(scene)]
    flow = flow_of(scene)
    if flow:
        tables.append((["back to", "from", "contribution"], flow))
    return "\n".join(_table(head, rows) for head, rows in tables)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:], ""])


def _cell(text: str) -> str:
    text = text.replace("\n", " ").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\|`*_[]#" else c for c in text)


def csv_table(scene: Scene) -> str:
    """The boxes as CSV, a row each. A cell that a spreadsheet would take for a formula begins with a quote."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head, rows = rows_of(scene)
    writer.writerows([head, *([_harmless(cell) for cell in row] for row in rows)])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
