"""Turn a graph, a run or a scalar result into a scene: what is drawn, with every number taken from the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from viz.legend import legend_of
from viz.numbers import number, shape_text, statistics
from viz.scene import Box, Group, Heat, Reading, Scale, Scene, Wire
from viz.text import clean

__all__ = ["scene"]

# Arrays up to this many elements are written out, up to this many rows and columns drawn as coloured cells.
_WRITTEN_AT_MOST = 3
_CELLS_AT_MOST = 16
# Beyond this many wires a number on each of them would hide the picture.
_NUMBERED_WIRES_AT_MOST = 80
# Wires span at most this many decades; smaller ones get the thinnest line.
_DECADES_AT_MOST = 6
# `.value` of a plain scalar expression is computed on the spot; larger graphs are drawn from a run.
_IMMEDIATE_NODES_AT_MOST = 300

_Read = Callable[[Any], Any]


def scene(source: Any, *, title: str = "") -> Scene:
    """The scene of a graph (structure), a run (values and gradients), or a node (the graph below it).

    A node whose graph is all scalars without inputs is drawn with its present values, and with the gradients of
    the last `backward()`, or "not computed".
    """
    if isinstance(source, Scene):
        return source
    if hasattr(source, "contribution") and hasattr(source, "gradient"):
        return _of_run(source, title)
    if hasattr(source, "nodes") and hasattr(source, "edges"):
        return _of_structure(source, title)
    if hasattr(source, "operands"):
        return _of_node(source, title)
    raise TypeError(
        f"viz: found {type(source).__name__}, wanted a graph (gn.Graph), a run (gn.trace), a node, or a viz.Scene."
    )


def _of_structure(graph: Any, title: str) -> Scene:
    return _assemble(graph, title, [_box(graph, node, ()) for node in graph.nodes], [], None)


def _of_node(node: Any, title: str) -> Scene:
    import graphnn

    graph = graphnn.Graph([node])
    immediate = len(graph.nodes) <= _IMMEDIATE_NODES_AT_MOST and all(
        n.shape == () and n.role != "input" for n in graph.nodes
    )
    if not immediate:
        return _of_structure(graph, title)
    boxes = []
    missing = Reading("gradient", ("not computed",), "not computed")
    for n in graph.nodes:
        gradient = n.grad
        reading = missing if gradient is None else _reading("gradient", gradient)
        boxes.append(_box(graph, n, (_reading("value", n.value), reading)))
    return _assemble(graph, title, boxes, [], None)


def _of_run(run: Any, title: str) -> Scene:
    graph = run.graph
    if not getattr(run, "has_gradients", True):
        values = [_box(graph, node, (_reading("value", run.value(node)),)) for node in graph.nodes]
        return _assemble(graph, title, values, [], None)
    missing = Reading("gradient", ("no path to the loss",), "no path")
    boxes = []
    for node in graph.nodes:
        gradient = run.gradient(node)
        reading = missing if gradient is None else _reading("gradient", gradient)
        boxes.append(_box(graph, node, (_reading("value", run.value(node)), reading), loss=node is run.loss))
    contributions = [(edge, run.contribution(edge)) for edge in graph.edges]
    numbered = len(contributions) <= _NUMBERED_WIRES_AT_MOST
    backward = [
        _backward(graph, i, edge, np.asarray(array), with_label=numbered)
        for i, (edge, array) in enumerate(contributions)
        if array is not None
    ]
    return _assemble(graph, title, boxes, backward, _scale(backward))


def _assemble(graph: Any, title: str, boxes: list[Box], backward: list[Wire], scale: Scale | None) -> Scene:
    forward = [
        Wire(f"e{i}", graph.ids[edge.source], graph.ids[edge.target], edge.slot, clean(str(edge.port)))
        for i, edge in enumerate(graph.edges)
    ]
    wires = (*forward, *backward)
    kinds = "" if not backward else f", and the gradients of {len(backward)} edges"
    return Scene(
        boxes=tuple(boxes),
        wires=wires,
        groups=_groups(graph.nodes),
        legend=legend_of(boxes, wires, scale),
        scale=scale,
        title=clean(title),
        description=f"Computational graph of {len(boxes)} nodes and {len(forward)} edges{kinds}.",
    )


def _groups(nodes: Sequence[Any]) -> tuple[Group, ...]:
    groups: dict[str, Group] = {}
    for node in nodes:
        parts = node.scope.split("/") if node.scope else []
        for depth, part in enumerate(parts):
            path, parent = "/".join(parts[: depth + 1]), "/".join(parts[:depth]) or None
            groups.setdefault(path, Group(path, clean(part), parent))
    return tuple(groups.values())


def _box(graph: Any, node: Any, readings: tuple[Reading, ...], *, loss: bool = False) -> Box:
    role, name = node.role, clean(node.name or "")
    title = node.op.name
    if role != "op":
        title, name = name or role, ""
        if role == "constant" and title == role and node.shape == ():
            title = number(np.asarray(node.value).item())
    is_output = any(node is output for output in graph.outputs)
    kind = f"{shape_text(node.shape)} · {node.dtype}"
    words = [
        f"{node.op.name} {node.name!r}" if node.name else node.op.name,
        kind,
        node.scope and f"in {node.scope}",
    ]
    details = [f"{r.label} {r.detail}" for r in readings if r.detail]
    attributes = [f"{key} = {value}" for key, value in node.attributes.items()]
    ports = (
        tuple(clean(str(edge.port)) for edge in graph.operand_edges(node)) if len(node.operands) > 1 else ()
    )
    return Box(
        id=graph.ids[node],
        role=role,
        title=clean(title),
        name=name,
        detail=kind,
        mark="loss" if loss else "output" if is_output else "",
        ports=ports,
        readings=readings,
        group=node.scope or None,
        note="\n".join(clean(str(line)) for line in [*words, *attributes, *details] if line),
    )


def _reading(label: str, value: Any) -> Reading:
    array = np.asarray(value)
    whole = array.dtype.kind in "biu"
    finite = whole or bool(np.isfinite(array).all())
    state = "not finite" if not finite else "known" if array.size == 0 or array.any() else "zero"
    if array.ndim == 0:
        return Reading(label, (number(array.item()),), state, detail=repr(array.item()))
    detail = f"from {array.min().item()!r} to {array.max().item()!r}" if array.size and finite else ""
    if 0 < array.size <= _WRITTEN_AT_MOST and array.ndim == 1:
        return Reading(
            label, ("[" + ", ".join(number(v) for v in array.tolist()) + "]",), state, detail=detail
        )
    lines = tuple(line for line in statistics(array) if line)
    return Reading(label, lines, state, _heat(array), detail)


def _heat(array: np.ndarray) -> Heat | None:
    if array.ndim not in (1, 2) or array.size < 2 or max(array.shape) > _CELLS_AT_MOST:
        return None
    rows = array.reshape(-1, array.shape[-1]).astype(np.float64)
    if not np.ptp(rows):
        return None
    finite = rows[np.isfinite(rows)]
    limit = float(np.abs(finite).max()) if finite.size else 0.0
    return Heat(tuple(tuple(row) for row in rows.tolist()), limit)


def _backward(graph: Any, index: int, edge: Any, array: np.ndarray, *, with_label: bool) -> Wire:
    size, sign = _size(array), _sign(array)
    scalar = array.ndim == 0
    label = number(array.item()) if scalar and with_label else ""
    note = f"contribution {array.item()!r}" if scalar else f"contribution: root mean square {size!r}"
    return Wire(
        id=f"b{index}",
        source=graph.ids[edge.target],
        target=graph.ids[edge.source],
        slot=edge.slot,
        port=clean(str(edge.port)),
        kind="backward",
        beside=f"e{index}",
        size=size,
        sign=sign,
        label=label,
        note=note,
    )


def _size(array: np.ndarray) -> float:
    """The root mean square, scaled by the largest element so that no square overflows or vanishes."""
    if array.size == 0:
        return 0.0
    sizes = np.abs(array.astype(np.float64))
    top = float(sizes.max())
    if top == 0 or not math.isfinite(top):
        return top
    return top * float(np.sqrt(np.mean((sizes / top) ** 2)))


def _sign(array: np.ndarray) -> str:
    if array.size and not np.isfinite(array).all():
        return "not finite"
    has_positive, has_negative = bool((array > 0).any()), bool((array < 0).any())
    if has_positive and has_negative:
        return "mixed"
    return "positive" if has_positive else "negative" if has_negative else "zero"


def _scale(wires: Sequence[Wire]) -> Scale | None:
    sizes = [w.size for w in wires if w.size is not None and w.size > 0 and math.isfinite(w.size)]
    if not sizes:
        return None
    high = math.ceil(math.log10(max(sizes)) - 1e-9)
    low = math.floor(math.log10(min(sizes)) + 1e-9)
    return Scale(min(max(low, high - _DECADES_AT_MOST), high - 1), high)
