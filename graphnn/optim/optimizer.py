"""What every optimiser shares: its learning rate as a knob, its state as parameters, its step as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from graphnn.core.dtypes import DType, float64
from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.leaves import counter, describe, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import positive_number
from graphnn.ops import cast
from graphnn.optim.schedules import Schedule


class Optimizer:
    """Base of optimisers. `updates(parameters, gradients)` gives {parameter: node of its new value}, state included.

    `learning_rate` is a 0-d parameter of the graph: set `optimizer.learning_rate.value` between steps. A `schedule`
    multiplies it by a factor that depends on the number of steps.
    """

    name = "optimizer"

    def __init__(self, learning_rate: float, schedule: Schedule | None = None):
        if schedule is not None and not isinstance(schedule, Schedule):
            raise SettingError(
                f"{self.name}: schedule is one of gn.optim, such as gn.optim.cosine(1000), found {schedule!r}."
            )
        with scope(self.name):
            self.learning_rate = parameter(
                positive_number(learning_rate, "learning_rate"), "learning_rate", float64
            )
        self.schedule = schedule
        self.state: dict[Node, np.ndarray] = {}

    def updates(self, parameters: Sequence[Node], gradients: Sequence[Node]) -> dict[Node, Node]:
        """{parameter: new value} for the parameters and for the optimiser's own state."""
        for nodes in (parameters, gradients):
            if isinstance(nodes, Node) or not isinstance(nodes, Sequence):
                raise SettingError(
                    f"{self.name}: wanted a list of parameters and one of gradients, found {nodes!r}."
                )
        if len(parameters) != len(gradients):
            raise SettingError(f"{self.name}: {len(parameters)} parameters but {len(gradients)} gradients.")
        if len(set(map(id, parameters))) < len(parameters):
            raise SettingError(f"{self.name}: a parameter is listed twice.")
        for w, g in zip(parameters, gradients, strict=True):
            if not isinstance(w, Node) or w.role != "parameter":
                raise GraphError(f"{self.name}: {w!r} is not a parameter, so it cannot be updated.")
            if not isinstance(g, Node) or g.shape != w.shape or g.dtype is not w.dtype:
                found = describe(g) if isinstance(g, Node) else repr(g)
                raise ShapeError(
                    f"{self.name}: the gradient of {describe(w)} is {found}; wanted its shape and dtype."
                )
        with scope(self.name):
            clock = Clock(self)
            found_updates = dict(self.build(parameters, gradients, clock))
            return {**clock.updates, **found_updates}

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        """The nodes of one step; what a new optimiser defines."""
        raise NotImplementedError

    def zeros_like(self, node: Node, word: str) -> Node:
        """A state parameter of the node's shape, starting at zero."""
        return self.kept(np.zeros_like(node.value), f"{word} of {node.name}", node.dtype)

    def kept(self, start: np.ndarray, name: str, dtype: DType) -> Node:
        """A state parameter that starts at this value."""
        made = parameter(start, name, dtype)
        self.state[made] = np.array(start, dtype)
        return made

    def reset(self) -> None:
        """Set the optimiser's state back to its start."""
        for node, start in self.state.items():
            node.value = start


class Clock:
    """The number of steps and what depends on it, for one set of parameters: one optimiser may train several models.

    The counter exists only if something asks for it.
    """

    def __init__(self, optimizer: Optimizer):
        self._optimizer = optimizer
        self._steps: Node | None = None
        self._rate: Node | None = None
        self.updates: dict[Node, Node] = {}

    def before(self) -> Node:
        """Steps made before this one, as a float64 node."""
        return cast(self._counter(), float64)

    def after(self) -> Node:
        """Steps made including this one, as a float64 node."""
        return cast(self.updates[self._counter()], float64)

    def _counter(self) -> Node:
        if self._steps is None:
            self._steps = counter("steps")
            self._optimizer.state[self._steps] = np.zeros((), np.int64)
            self.updates[self._steps] = self._steps + 1
        return self._steps

    def rate(self) -> Node:
        """The learning rate of this step, float64."""
        if self._rate is None:
            optimizer = self._optimizer
            self._rate = optimizer.learning_rate
            if optimizer.schedule is not None:
                with scope("schedule"):
                    self._rate = (optimizer.learning_rate * optimizer.schedule(self.before())).named("rate")
        return self._rate


class Knobs:
    """Scalars of a step in the dtype of each parameter: float64 once, cast once per dtype that occurs."""

    def __init__(self) -> None:
        self._cast: dict[tuple[Node, DType], Node] = {}

    def __call__(self, knob: Node, dtype: DType) -> Node:
        if knob.dtype is dtype:
            return knob
        key = (knob, dtype)
        if key not in self._cast:
            self._cast[key] = cast(knob, dtype)
        return self._cast[key]
