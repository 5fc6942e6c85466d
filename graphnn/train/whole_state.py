"""Gather the state of a trainer under names, and put one back after everything in it has been checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphnn.core.errors import DataError
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.train.evaluation import nodes_of
from graphnn.train.history import History
from graphnn.train.identity import Identity
from graphnn.train.state import State, check_arrays, copies, named, packed, write

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

_CALLBACKS = "callbacks/"
_FACTS = ("history", "stop", "fit", "callbacks")


def state_nodes(trainer: Trainer) -> dict[str, Node]:
    """All parameters that matter between two steps, by name: of every graph of the trainer, and its own."""
    outputs = [*trainer.graph.outputs, *trainer.updates.values(), *nodes_of(trainer.measures)]
    outputs += [trainer.output] if trainer.output is not None else []
    return named([*Graph(outputs).parameters, *trainer.updates, *trainer.position.nodes, *trainer.gathered])


def state_of(trainer: Trainer) -> State:
    """The whole state of a trainer, also within an epoch: the order of its rows follows from seed and epoch."""
    arrays = copies(trainer.state_nodes)
    if trainer.remembered is None:
        callbacks = [
            {"kind": type(c).__name__, "state": packed(dict(c.state()), arrays, f"{_CALLBACKS}{k}")}
            for k, c in enumerate(trainer.callbacks)
        ]
    else:  # of a state that no fit has taken up yet
        callbacks = trainer.remembered.facts["callbacks"]
        known = trainer.remembered.arrays
        arrays.update({name: a for name, a in known.items() if name.startswith(_CALLBACKS)})
    facts = {
        "history": trainer.history.to_dict(),
        "stop": trainer.stop_reason,
        "fit": None if trainer.identity is None else trainer.identity.facts(),
        "callbacks": callbacks,
    }
    return State(arrays, facts)


def put_state(trainer: Trainer, state: Any) -> None:
    """Check a state, then make it the trainer's."""
    who = "set_state"
    if not isinstance(state, State):
        raise DataError(f"{who}: wanted what Trainer.state gives, found {type(state).__name__}.")
    nodes = trainer.state_nodes
    own = {name: a for name, a in state.arrays.items() if not name.startswith(_CALLBACKS)}
    check_arrays(nodes, own, who)
    facts = state.facts
    absent = [key for key in _FACTS if key not in facts] if isinstance(facts, Mapping) else ["history"]
    if absent:
        raise DataError(f"{who}: the facts of the state lack {absent[0]!r}.")
    history, identity = History.from_dict(facts["history"]), Identity.from_facts(facts["fit"])
    if not (facts["stop"] is None or isinstance(facts["stop"], str)):
        raise DataError(f"{who}: 'stop' is a text or nothing, found {facts['stop']!r}.")
    if not isinstance(facts["callbacks"], list):
        raise DataError(f"{who}: 'callbacks' is a list, found {facts['callbacks']!r}.")
    write(nodes, own)
    trainer.history.replace_by(history)
    trainer.stop_reason, trainer.identity, trainer.remembered = facts["stop"], identity, state


__all__ = ["put_state", "state_nodes", "state_of"]
