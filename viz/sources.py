"""Where a drawing's numbers come from: from a run, from what scalars hold at the moment, or from nowhere.

A training step, of a trainer or a program, has updates too: `Numbers.updates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from viz.study.absent import Absence, absences, stops

__all__ = ["Gradient", "Now", "Numbers", "OfRun", "OfStep", "source_of"]

# `.value` of a plain scalar expression is computed on the spot; larger graphs are drawn from a run.
_IMMEDIATE_NODES_AT_MOST = 300


@dataclass(frozen=True)
class Gradient:
    """A gradient, or why there is none; `state` is "" for one that is there, else as in `Reading`.

    "stale" and "accumulated" ones have an array.
    """

    array: np.ndarray | None
    state: str = ""
    words: str = ""


class Numbers:
    """A graph without numbers: its structure only."""

    has_values = False
    has_gradients = False
    loss: Any = None
    run: Any = None
    program: Any = None

    def __init__(self, graph: Any):
        self.graph = graph
        self.outputs: tuple[Any, ...] = tuple(graph.outputs)  # what is computed for its own sake
        self.updates: Mapping[Any, Any] = {}  # parameter -> the node of its new value
        self.trained: tuple[Any, ...] = ()

    @property
    def absent(self) -> Mapping[Any, Absence]:
        """Why nodes have no gradient, where that is known."""
        return {}

    def stops(self) -> frozenset[Any]:
        """The ops at which gradients end although the loss depends on what is below."""
        loss = self.graph.outputs[0] if self.loss is None else self.loss
        return stops(self.graph, loss, self.absent) if self.absent else frozenset()

    def value(self, node: Any) -> np.ndarray | None:
        """The node's value, None where it is not known."""
        return None

    def gradient(self, node: Any) -> Gradient:
        """The node's gradient, or the reason why there is none."""
        return Gradient(None, "not computed", "not computed")

    def contribution(self, edge: Any) -> np.ndarray | None:
        """What flows back along the edge; None where nothing does, or it is not known."""
        return None


class OfRun(Numbers):
    """The numbers of a run: values, and gradients if its output is a scalar."""

    has_values = True

    def __init__(self, run: Any):
        super().__init__(run.graph)
        self.run = run
        self.has_gradients = bool(getattr(run, "has_gradients", True))
        self.loss = run.loss if self.has_gradients else None

    def value(self, node: Any) -> np.ndarray | None:
        return np.asarray(self.run.value(node))

    def gradient(self, node: Any) -> Gradient:
        if not self.has_gradients:
            return Gradient(None, "not computed", "not computed")
        array = self.run.gradient(node)
        if array is not None:
            return Gradient(np.asarray(array))
        why = self.absent[node]
        return Gradient(None, why.state, why.words)

    @cached_property
    def absent(self) -> Mapping[Any, Absence]:
        """Why the nodes without a gradient have none."""
        return absences(self.graph, self.loss, self.run.gradient) if self.has_gradients else {}

    def contribution(self, edge: Any) -> np.ndarray | None:
        array = self.run.contribution(edge) if self.has_gradients else None
        return None if array is None else np.asarray(array)


class Now(Numbers):
    """What scalars hold at the moment: values computed on the spot, and the gradients of the last `backward()`."""

    has_values = True
    has_gradients = True

    @cached_property
    def run(self) -> Any:
        """A run with the present values; its gradients are those of one backward pass."""
        import graphnn

        return graphnn.trace(self.graph.outputs[0])

    def value(self, node: Any) -> np.ndarray | None:
        return np.asarray(node.value)

    def gradient(self, node: Any) -> Gradient:
        import graphnn

        state = graphnn.gradient_state(node)
        if node.grad is None:
            why = self.absent.get(node)
            return Gradient(None, *((why.state, why.words) if why else ("not computed", "not computed")))
        word = state.split(" ")[0]
        known = word in ("stale", "accumulated")
        return Gradient(np.asarray(node.grad), word if known else "", state if known else "")

    @cached_property
    def absent(self) -> Mapping[Any, Absence]:
        """Why nodes have no gradient though there was a backward pass from the result; nothing before that."""
        result = self.graph.outputs[0]
        return {} if result.grad is None else absences(self.graph, result, lambda node: node.grad)


class OfStep(Numbers):
    """A training step: outputs, and new values of parameters. There are no numbers, for nothing has been run."""

    def __init__(
        self, outputs: Sequence[Any], updates: Mapping[Any, Any], *, loss: Any = None, program: Any = None
    ):
        import graphnn

        super().__init__(graphnn.Graph([*outputs, *updates.values()]))
        self.outputs, self.updates, self.program, self.loss = tuple(outputs), dict(updates), program, loss
        self.trained = tuple(node for node in updates if node.trainable)


def _step_of(thing: Any) -> Numbers | None:
    """The step of a trainer, a program or a mapping of updates; None if it is none of these."""
    if isinstance(thing, Mapping):
        if not thing or not all(hasattr(n, "operands") for pair in thing.items() for n in pair):
            raise TypeError(
                "viz: a mapping that is drawn is one of updates, {parameter: node of its new value}."
            )
        return OfStep((), thing)
    if hasattr(thing, "loss") and hasattr(thing, "gradients") and hasattr(thing, "updates"):
        terms = getattr(thing, "terms", {})
        return OfStep((thing.loss, *terms.values()), thing.updates, loss=thing.loss)
    if hasattr(thing, "updates") and hasattr(thing, "outputs") and hasattr(thing, "run"):
        updates = dict(thing.updates)
        loss = thing.outputs[0] if updates and len(thing.outputs) == 1 else None
        return OfStep(thing.outputs, updates, loss=loss, program=thing)
    return None


def source_of(thing: Any) -> Numbers:
    """The numbers of a graph, a run, a node, or a training step. Raises TypeError for anything else."""
    import graphnn

    step = _step_of(thing)
    if step is not None:
        return step
    if hasattr(thing, "contribution") and hasattr(thing, "gradient"):
        return OfRun(thing)
    if hasattr(thing, "nodes") and hasattr(thing, "edges"):
        return Numbers(thing)
    if hasattr(thing, "operands"):
        graph = graphnn.Graph([thing])
        immediate = len(graph.nodes) <= _IMMEDIATE_NODES_AT_MOST and all(
            n.shape == () and n.role != "input" for n in graph.nodes
        )
        return Now(graph) if immediate else Numbers(graph)
    raise TypeError(
        f"viz: found {type(thing).__name__}, wanted a graph (gn.Graph), a run (gn.trace), a node, a gn.Trainer, a "
        "gn.Program, updates {parameter: new value}, or a viz.Scene."
    )
