"""The immediate feel of nodes: `c.value`, `c.backward()`, `a.grad`, as readers of micrograd expect.

States are told apart: a gradient that was never computed is None, one that two backward passes added up says so in
`graphnn.gradient_state`, and one whose leaves have changed since is stale.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import GraphError, NotComputedError, ShapeError
from graphnn.core.graph import reached
from graphnn.core.leaves import as_array, describe
from graphnn.core.node import Node, require_storage
from graphnn.core.registry import SERVICES
from graphnn.core.storage import GradientRecord
from graphnn.engine.program import Program
from graphnn.engine.run import Run

_put = object.__setattr__


def _need_leaves_with_values(node: Node, who: str) -> None:
    for leaf in reached((node,)):
        if leaf.role == "input":
            raise NotComputedError(
                f"{who}: {describe(node)} depends on the input {leaf.label}, which has no value of its own. "
                f"Use gn.trace(node, {{{leaf.label}: ...}}) or gn.Program."
            )


def _frozen(array: np.ndarray) -> Any:
    """A read-only copy, which later steps do not reach; a 0-d array becomes a NumPy scalar, so that
    `a.value -= 0.1 * a.grad` works."""
    if array.ndim == 0:
        return array[()]
    copy = array.copy()
    copy.setflags(write=False)
    return copy


def value(node: Node) -> Any:
    if node.storage is not None:
        return _frozen(node.storage.array.copy())
    _need_leaves_with_values(node, "value")
    return Program(node, optimize=False).run()


def set_value(node: Node, new: Any) -> None:
    if node.role != "parameter":
        raise GraphError(
            f"value: {describe(node)} is not a parameter; only parameters can be given a new value."
        )
    array = as_array(new, node.dtype, f"value of {node.label}")
    if array.shape != node.shape:
        raise ShapeError(
            f"value: {describe(node)} was given shape {array.shape}; a parameter keeps its shape."
        )
    require_storage(node, "value").write(array)


def backward(node: Node) -> None:
    _need_leaves_with_values(node, "backward")
    if node.dtype not in FLOATS:
        raise GraphError(f"backward: {describe(node)} is not a float, so it has no gradient.")
    if node.shape != ():
        raise ShapeError(
            f"backward: {describe(node)} is not a scalar. Reduce it first, with .sum() or .mean()."
        )
    run = Run(node)
    adjoints = run._need_adjoints("backward")
    leaves = tuple(n.storage for n in run.graph.parameters if n.storage is not None)
    versions = tuple((s, s.version) for s in leaves)
    for forward, adjoint in adjoints.items():
        if forward.role == "constant":
            continue
        gradient = run._look(adjoint)
        record = forward._gradient
        if record is None:
            _put(forward, "_gradient", GradientRecord(np.array(gradient), 1, versions))
        else:
            record.array = record.array + gradient
            record.passes += 1
            record.versions = versions


def grad(node: Node) -> Any:
    return None if node._gradient is None else _frozen(node._gradient.array)


def set_grad(node: Node, new: Any) -> None:
    """`a.grad = 0` and `a.grad = None` are how micrograd's readers forget a gradient; both do."""
    if new is not None and not (isinstance(new, numbers.Real) and new == 0):
        raise GraphError(
            f"grad: the gradient of {node.label} is computed by backward(); it can only be set to None or 0."
        )
    _put(node, "_gradient", None)


def zero_grad(node: Node) -> None:
    for below in reached((node,)):
        _put(below, "_gradient", None)


def gradient_state(node: Node) -> str:
    """How `node.grad` stands: "not computed", "fresh", "accumulated 3 times", "stale", or "not a float"."""
    if not isinstance(node, Node):
        raise GraphError(f"gradient_state: wanted a node, found {node!r}.")
    record = node._gradient
    if record is None:
        return "not computed" if node.dtype in FLOATS else "not a float"
    if record.stale:
        return "stale"
    return "fresh" if record.passes == 1 else f"accumulated {record.passes} times"


for _function in (value, set_value, backward, grad, set_grad, zero_grad):
    SERVICES[_function.__name__] = _function
