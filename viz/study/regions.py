"""Tell apart the parts of a graph that holds its own gradients: forward, gradients of each order, updates.

>>> import graphnn as gn
>>> from viz.study.regions import orders
>>> x = gn.scalar(2.0, "x")
>>> y = x * x * x
>>> slope = gn.gradient(y, x)
>>> graph = gn.Graph([y, slope, gn.gradient(slope, x)])
>>> sorted(set(orders(graph).values()))
[0, 1, 2]
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from viz.canvas import Canvas
from viz.scene import Entry
from viz.text import clean

__all__ = ["mark_regions", "name_slopes", "names_in", "orders", "slope_name", "step_regions", "with_origins"]


def orders(graph: Any) -> dict[Any, int]:
    """How often each node was differentiated to: 0 forward, 1 a gradient, 2 a gradient of a gradient, and so on.

    What is computed from a gradient, such as its norm, counts with it. A leaf that only one part reads belongs there.
    """
    found: dict[Any, int] = {}
    for node in graph.nodes:
        below = max((found[operand] for operand in node.operands), default=0)
        if node.origin is None:
            found[node] = below
        else:
            of = found.get(node.origin.node, _order_of(node.origin.node))
            found[node] = max(of + 1, below if below >= 2 else 1)
    _finish_sweeps(graph, found)
    _place_leaves(graph, found)
    return found


def _order_of(node: Any) -> int:
    """The order of a node that is not in the graph: how many origins it has, one behind the other."""
    order = 0
    while node.origin is not None:
        order, node = order + 1, node.origin.node
    return order


def _finish_sweeps(graph: Any, found: dict[Any, int]) -> None:
    """Where a later sweep runs over forward nodes from its seed alone, its nodes look like those of the first.

    They are younger than the beginning of the later sweep, and it reads them.
    """
    for order in range(2, max(found.values(), default=0) + 1):
        serials = [n.serial for n, o in found.items() if o == order and n.origin is not None]
        began = min(serials, default=None)
        if began is None:
            continue
        read = {n for n, o in found.items() if o >= order}
        for node in reversed(graph.nodes):
            late = node.origin is not None and node.serial >= began
            if found[node] == order - 1 and late and any(e.target in read for e in graph.consumers(node)):
                found[node] = order
                read.add(node)


def _place_leaves(graph: Any, found: dict[Any, int]) -> None:
    outputs = set(graph.outputs)
    for node in reversed(graph.nodes):
        if not node.operands and node not in outputs:
            readers = [found[edge.target] for edge in graph.consumers(node)]
            if readers:
                found[node] = min(readers)


def step_regions(graph: Any, outputs: Collection[Any], updates: Mapping[Any, Any]) -> dict[Any, str]:
    """ "forward", "backward" or "update" for each node of a training step.

    Backward is what was made by differentiating. Forward is what outputs and gradients are computed from, update the
    rest: what is computed for the new values alone, with the state that is kept for it.
    """
    nodes = set(graph.nodes)
    backward = {node for node in graph.nodes if node.origin is not None}
    forward: set[Any] = (set(outputs) | {node.origin.node for node in backward}) & nodes - backward
    after: set[Any] = set()  # what depends on a gradient
    for node in graph.nodes:
        if node in backward or any(operand in after for operand in node.operands):
            after.add(node)
    forward |= {o for n in backward for o in n.operands if o.operands and o not in after}
    forward -= after
    for node in reversed(graph.nodes):
        if node in forward:
            forward.update(o for o in node.operands if o not in backward)
    regions: dict[Any, str] = {}
    for node in reversed(graph.nodes):
        if node in backward:
            regions[node] = "backward"
        elif node in forward:
            regions[node] = "forward"
        else:
            readers = {regions[edge.target] for edge in graph.consumers(node)}
            only_backward = readers == {"backward"} and node not in updates
            regions[node] = "backward" if only_backward and not node.operands else "update"
    return regions


def names_in(graph: Any) -> dict[Any, str]:
    """A name for every node that is the only one of that name: the user's, or the op's with a number behind it."""
    taken: dict[str, int] = {}
    plain = {node: node.name or node.op.name for node in graph.nodes}
    count: dict[str, int] = {}
    for name in plain.values():
        count[name] = count.get(name, 0) + 1
    found = {}
    for node in graph.nodes:
        name = plain[node]
        if count[name] > 1:
            layer = node.scope.rpartition("/")[2]
            taken[name] = taken.get(name, 0) + 1
            name = f"{layer}.{name}" if node.name and layer else f"{name} {taken[name]}"
        found[node] = name
    return found


def slope_name(node: Any, names: Mapping[Any, str]) -> str:
    """What an adjoint node is called: `∂/∂w` for the gradient of a node, `∂/∂w by mul` for what comes along an edge.

    "" for what is computed on the way.
    """
    at, slot = node.origin
    if slot is not None:
        return f"∂/∂{_called(at.operands[slot], names)} by {_called(at, names)}"
    parts = [o.origin for o in node.operands]
    if node.op.name == "add" and any(
        o and o.slot is not None and o.node.operands[o.slot] is at for o in parts
    ):
        return f"∂/∂{_called(at, names)}"
    return ""


def _called(node: Any, names: Mapping[Any, str]) -> str:
    return names.get(node) or node.name or str(node.op.name)


def name_slopes(canvas: Canvas) -> None:
    """Give forward nodes names that are theirs alone, and adjoint nodes the names of those that they belong to."""
    names = names_in(canvas.graph)
    differentiated: set[Any] = set()
    for node in canvas.graph.nodes:
        if node.origin is not None:
            at, slot = node.origin
            differentiated.update((at,) if slot is None else (at, at.operands[slot]))
    for draft in canvas.boxes.values():
        node = draft.node
        if node is None:
            continue
        alone = clean(names[node])
        # Ops that others are named after show what they are called.
        if (node.role == "op" and not draft.name and node in differentiated) or (
            node.role in ("input", "parameter") and node.name
        ):
            draft.title = alone
        if node.origin is not None:
            at, slot = node.origin
            draft.name = draft.name or clean(slope_name(node, names))
            along = "" if slot is None else f", operand {at.op.port_name(slot)}"
            draft.notes.append(f"made by differentiating {_called(at, names)}{along}")


def with_origins(graph: Any) -> Any:
    """The graph with the nodes that its adjoint nodes were made for, though their values are not needed."""
    import graphnn as gn

    found = dict.fromkeys(graph.outputs)
    seen = set(graph.nodes)
    waiting = [node.origin.node for node in graph.nodes if node.origin is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        whole = gn.Graph(node)
        seen.update(whole.nodes)
        found[node] = None
        waiting += [n.origin.node for n in whole.nodes if n.origin is not None]
    return gn.Graph(list(found)) if len(found) > len(graph.outputs) else graph


def mark_regions(canvas: Canvas, words: Sequence[str]) -> None:
    """Make the outermost groups regions, in this order, and draw wires between them faintly.

    Where two views mark regions, a group has the words of both: `backward, first gradient`.
    """
    place = {word: k for k, word in enumerate(words)}
    tops = [replace(group, kind="region") for group in canvas.groups if group.parent is None]
    tops.sort(key=lambda group: min(place.get(word, len(place)) for word in group.id.split(", ")))
    canvas.groups = (*tops, *(group for group in canvas.groups if group.parent is not None))
    region = {
        key: (draft.item.group or "").partition("/")[0].partition(", ")[0]
        for key, draft in canvas.boxes.items()
    }
    faint = False
    for key, wire in canvas.forward.items():
        ends = region[wire.source], region[wire.target]
        # Values that a later part looks up again; what the first hands to the second is the flow itself.
        if ends[0] != ends[1] and ends != ("backward", "update"):
            canvas.forward[key] = replace(wire, tone="quiet")
            faint = True
    if faint:
        canvas.entries.append(Entry("text", "faint wires: values that another region reads"))
