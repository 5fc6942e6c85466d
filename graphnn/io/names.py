"""Names for the arrays of a file: scope and name of each parameter, made unique."""

from __future__ import annotations

from collections.abc import Iterable

from graphnn.core.node import Node


def array_names(nodes: Iterable[Node]) -> dict[Node, str]:
    """{node: "scope/name"} in the order given; the second of one name is called "scope/name#2", and so on."""
    names: dict[Node, str] = {}
    taken: dict[str, int] = {}
    for node in nodes:
        if node not in names:
            label = node.name or node.op.name
            # Half letters are legal in a name, but not in a file.
            base = (
                (f"{node.scope}/{label}" if node.scope else label).encode("utf-8", "replace").decode("utf-8")
            )
            name, count = base, taken.get(base, 0)
            while name in taken:
                count += 1
                name = f"{base}#{count}"
            taken[base] = max(count, 1)
            taken.setdefault(name, 1)
            names[node] = name
    return names
