"""Step: what one mini-batch changes and measures, as graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphnn.core.dims import parse_dim
from graphnn.core.dtypes import float64
from graphnn.core.errors import GraphError, SettingError
from graphnn.core.graph import Graph
from graphnn.core.leaves import describe, input, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.ops import cast, size
from graphnn.optim.optimizer import Optimizer
from graphnn.transform.gradient import gradient
from graphnn.transform.rewrite import substitute
from graphnn.transform.state import state_updates


@dataclass(frozen=True)
class Step:
    """A training step as graphs.

    measured : {column of the history: 0-d node}, means over the batch
    updates : {parameter: new value}, of one batch and one step of the optimiser
    gathering : for `accumulate`, the graphs that only gather gradients and the step that uses them, for a batch axis
    gathered : what they gather in
    """

    parameters: tuple[Node, ...]
    gradients: tuple[Node, ...]
    measured: dict[str, Node]
    updates: dict[Node, Node]
    gathering: Callable[[str], Gathering] | None = None
    gathered: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Gathering:
    """Gradients summed over batches: `gather` adds those of a batch, `apply` too, and then makes the step."""

    gather: dict[Node, Node]
    apply: dict[Node, Node]


def plain_step(loss: Node, optimizer: Optimizer, parameters: Sequence[Node], *, accumulate: int = 1) -> Step:
    """The step of one loss and one optimiser."""
    gradients = tuple(gradient(loss, list(parameters)))
    states = state_updates(loss)
    _keep_apart(parameters, states, "Trainer")
    if accumulate == 1:
        updates = {**states, **optimizer.updates(parameters, gradients, loss)}
        return Step(tuple(parameters), gradients, {"loss": loss}, updates)
    # The optimiser's graph is made once, on stand-ins: they become the gradients of a batch, or of several.
    stand_ins = [
        input(f"gradient {k} of {w.label}", g.shape, g.dtype)
        for k, (w, g) in enumerate(zip(parameters, gradients, strict=True))
    ]
    general = optimizer.updates(parameters, stand_ins, loss)
    known = set(stand_ins)
    if any(node not in known for node in Graph(general.values()).inputs):
        raise SettingError(
            f"Trainer: accumulate={accumulate} does not go with {optimizer.name}, whose step looks at the loss of the "
            "batch itself, not at gradients only. Use larger batches, or another optimiser or schedule."
        )
    with scope("trainer"):
        sums = [parameter(np.zeros(w.shape), f"gathered gradient of {w.name}", w.dtype) for w in parameters]
        rows = parameter(0.0, "rows with gathered gradients", float64)

    def placed(found: Sequence[Node]) -> dict[Node, Node]:
        values, _ = substitute(general.values(), dict(zip(stand_ins, found, strict=True)))
        return {**states, **dict(zip(general, values, strict=True))}

    def gathering(axis: str) -> Gathering:
        with scope("trainer"):
            count = cast(size(dims=(parse_dim(axis),)), float64)
            seen = rows + count
            added = [a + g * cast(count, g.dtype) for a, g in zip(sums, gradients, strict=True)]
            means = [a / cast(seen, a.dtype) for a in added]
            gather = {**states, **dict(zip(sums, added, strict=True)), rows: seen}
            apply = {**placed(means), **{a: a * 0.0 for a in sums}, rows: rows * 0.0}
        return Gathering(gather, apply)

    return Step(tuple(parameters), gradients, {"loss": loss}, placed(gradients), gathering, (*sums, rows))


def checked_parameters(loss: Node, named: Sequence[Node] | None, found: Sequence[Node]) -> tuple[Node, ...]:
    """Which parameters are trained: those named, or all trainable ones of the loss's graph."""
    if named is not None:
        chosen = tuple(named)
    else:
        chosen = tuple(p for p in found if p.trainable)
    if not chosen:
        frozen = " All of them are frozen; gn.unfreeze lets them learn." if named is None and found else ""
        raise GraphError(
            f"Trainer: {describe(loss)} depends on no parameter that is trainable; there is nothing to train.{frozen}"
        )
    return chosen


def _keep_apart(parameters: Sequence[Node], states: Mapping[Node, Node], who: str) -> None:
    for p in parameters:
        if p in states:
            raise SettingError(
                f"{who}: {describe(p)} is state that its layer updates, so it cannot be trained by gradients."
            )


__all__ = ["Gathering", "Step", "checked_parameters", "plain_step"]
