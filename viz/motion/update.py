"""What a step of an optimiser makes of the parameters of a run, computed without touching either."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["after_update"]


def after_update(run: Any, update: Any) -> dict[Any, np.ndarray]:
    """{parameter: its value after one step}, in the order of the run's parameters.

    update : an optimiser of gn.optim, whose state is taken as at its start, or {parameter or its name: new value}

    Raises ValueError for a run without gradients, for parameters that have changed since the run, and for values
    that do not fit.
    """
    if isinstance(update, Mapping):
        return _given(run, update)
    if not hasattr(update, "updates"):
        raise TypeError(
            f"viz.frames: update is an optimiser such as gn.optim.SGD(0.1) or {{parameter: new value}}, "
            f"found {type(update).__name__}."
        )
    if not run.has_gradients:
        raise ValueError("viz.frames: an optimiser needs gradients; trace one scalar float, such as a loss.")
    return _stepped(run, update)


def _given(run: Any, update: Mapping[Any, Any]) -> dict[Any, np.ndarray]:
    named: dict[Any, np.ndarray] = {}
    for key, value in update.items():
        node = run.graph.find(key) if isinstance(key, str) else key
        if not any(node is known for known in run.graph.parameters):
            raise ValueError(f"viz.frames: update={key!r} is no parameter of this run.")
        before, after = np.asarray(run.value(node)), np.asarray(value)
        if after.shape != before.shape:
            raise ValueError(
                f"viz.frames: the update of {node.name!r} has shape {after.shape}, wanted {before.shape}."
            )
        named[node] = after.astype(before.dtype)
    return {node: named[node] for node in run.graph.parameters if node in named}


def _stepped(run: Any, optimizer: Any) -> dict[Any, np.ndarray]:
    import graphnn as gn

    moving = []
    for node in run.graph.parameters:
        if not np.array_equal(np.asarray(node.value), np.asarray(run.value(node)), equal_nan=True):
            raise ValueError(
                f"viz.frames: the parameter {node.name!r} has changed since this run, so a step from there would be "
                "another one. Trace again, or give update={parameter: new value}."
            )
        if node.trainable and run.gradient(node) is not None:
            moving.append(node)
    slopes = [gn.constant(np.asarray(run.gradient(node)), node.dtype) for node in moving]
    # A copy, so that the optimiser's own state does not learn of this step.
    other = copy.copy(optimizer)
    other.state, other.averaged = {}, {}
    updates = other.updates(moving, slopes, run.loss)
    changed = [node for node in moving if node in updates]
    if not changed:
        return {}
    step = gn.Graph([updates[node] for node in changed])
    feeds = {node: np.asarray(run.value(node)) for node in step.inputs}
    return dict(zip(changed, gn.interpret(step.outputs, feeds), strict=True))
