"""Do the passes of a run by hand, node by node in Python: to see what comes out when it is done in another way.

>>> import graphnn as gn
>>> from viz.study.by_hand import sent_back
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> [float(part) for part in sent_back(a * b, [2.0, -3.0], 5.0)]
[-15.0, 10.0]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

__all__ = ["computed", "sent_back", "sizes_of", "with_leaves"]


def sizes_of(run: Any) -> dict[str, int]:
    """The size of every named axis in a run."""
    sizes: dict[str, int] = {}
    for node in run.graph.inputs:
        for dim, size in zip(node.shape, np.shape(run.value(node)), strict=True):
            if not isinstance(dim, int) and [str(dim)] == dim.names():
                sizes[str(dim)] = int(size)
    return sizes


def computed(node: Any, operands: Sequence[Any], sizes: Mapping[str, int] | None = None) -> np.ndarray:
    """What the op of the node makes of these operands."""
    doors = _doors(node)
    return _run([node.op.node(*doors, **dict(node.attributes))], zip(doors, operands, strict=True), sizes)[0]


def sent_back(
    node: Any, operands: Sequence[Any], upstream: Any, sizes: Mapping[str, int] | None = None
) -> list[np.ndarray | None]:
    """What flows back from the node to each of its operands, if they are these and `upstream` comes from above.

    None where nothing does.
    """
    import graphnn as gn

    found: list[np.ndarray | None] = [None] * len(operands)
    doors = _doors(node)
    floats = [k for k, door in enumerate(doors) if door.dtype.kind == "f"]
    if not floats or node.dtype.kind != "f":
        return found
    seed = gn.input("upstream", node.shape, node.dtype)
    again = node.op.node(*doors, **dict(node.attributes))
    slopes = gn.gradient(again, [doors[k] for k in floats], seed=seed, no_path="none")
    there = [(k, slope) for k, slope in zip(floats, slopes, strict=True) if slope is not None]
    if there:
        given = [*zip(doors, operands, strict=True), (seed, upstream)]
        for (k, _), part in zip(there, _run([slope for _, slope in there], given, sizes), strict=True):
            found[k] = part
    return found


def _doors(node: Any) -> list[Any]:
    import graphnn as gn

    return [gn.input(f"operand {k}", o.shape, o.dtype) for k, o in enumerate(node.operands)]


def _run(outputs: list[Any], given: Any, sizes: Mapping[str, int] | None) -> list[np.ndarray]:
    import graphnn as gn

    program = gn.Program(outputs)
    feeds = {door: value for door, value in given if door in program.graph}
    used = {
        name for n in program.graph.nodes for d in n.shape if not isinstance(d, int) for name in d.names()
    }
    known = {name: size for name, size in (sizes or {}).items() if name in used}
    return [np.asarray(value) for value in program.run(feeds, sizes=known or None)]


def with_leaves(run: Any, values: Mapping[Any, Any]) -> Any:
    """The run of a copy of the graph in which these leaves hold other values; names and scopes stay.

    The nodes of the copy stand in the same order as those of the run's own graph.
    """
    import graphnn as gn

    copies: dict[Any, Any] = {}
    feeds: dict[Any, Any] = {}
    for node in run.graph.nodes:
        with ExitStack() as scopes:
            for part in node.scope.split("/") if node.scope else ():
                scopes.enter_context(gn.scope(part))
            value = values.get(node, run.value(node) if node.role != "op" else None)
            if node.role == "input":
                copies[node] = gn.input(node.name, node.shape, node.dtype)
                feeds[copies[node]] = value
            elif node.role == "parameter":
                copies[node] = gn.parameter(value, node.name, node.dtype, trainable=node.trainable)
            elif node.role == "constant":
                copies[node] = gn.constant(value, node.dtype, node.name)
            else:
                copies[node] = node.op.node(*(copies[o] for o in node.operands), **dict(node.attributes))
                if node.name:
                    copies[node].named(node.name)
    return gn.trace([copies[node] for node in run.graph.outputs], feeds)
