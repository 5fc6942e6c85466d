"""What every optimiser shares: its learning rate as a knob, its state as parameters, its step as a graph."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import numpy as np

from graphnn.core.dtypes import DType, float64
from graphnn.core.errors import GraphError, SettingError, ShapeError, did_you_mean
from graphnn.core.leaves import counter, describe, parameter
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import positive_number
from graphnn.ops import blend, cast
from graphnn.optim.averaging import Average
from graphnn.optim.clipping import Clip
from graphnn.optim.knobs import Knobs, setting
from graphnn.optim.limits import MaxNorm
from graphnn.optim.penalties import Penalty
from graphnn.optim.schedules import Schedule

__all__ = ["Clock", "Knobs", "Optimizer", "Options"]


class Options(TypedDict, total=False):
    """What every first-order optimiser takes beside its own settings."""

    schedule: Schedule | None
    clip: Clip | None
    penalty: Penalty | None
    limit: MaxNorm | None
    average: Average | None


_EXAMPLES: dict[str, tuple[Any, str]] = {
    "schedule": (Schedule, "gn.optim.cosine(1000)"),
    "clip": (Clip, "gn.optim.clip_global_norm(1.0)"),
    "penalty": (Penalty, "gn.optim.L2(1e-4)"),
    "limit": (MaxNorm, "gn.optim.max_norm(3.0)"),
    "average": (Average, "gn.optim.ema(0.999)"),
}

_UNNAMED = ("self", "options")


class Optimizer:
    """Base of optimisers. `updates(parameters, gradients)` gives {parameter: node of its new value}, state included.

    `learning_rate` is a 0-d parameter of the graph: set `optimizer.learning_rate.value` between steps.

    A step: the slopes of the penalty are added to the gradients, these are clipped, the optimiser moves the
    parameters, penalties that act on weights follow, the limit, and the average of what has come out.

    schedule : multiplies the learning rate by a factor that depends on the number of steps
    clip : clip_value, clip_norm or clip_global_norm
    penalty : L1, L2, or a sum of them
    limit : max_norm
    average : ema or swa; the averages are `averaged`

    Attributes
    ----------
    takes : which of these settings it takes
    state : {state parameter: its start}, all that steps depend on besides parameters and knobs
    averaged : {parameter: the state parameter that holds its average}
    """

    name = "optimizer"
    takes: tuple[str, ...] = ("schedule", "clip", "penalty", "limit", "average")

    def __init__(self, learning_rate: float, **options: Unpack[Options]):
        given: dict[str, Any] = dict(options)
        for word, value in given.items():
            if word not in _EXAMPLES:
                hint = " Did you mean 'learning_rate'?" if word in ("lr", "rate") else ""
                own = [n for n in inspect.signature(type(self).__init__).parameters if n not in _UNNAMED]
                hint = hint or did_you_mean(word, dict.fromkeys([*own, *self.takes]))
                raise TypeError(f"{self.name}() got an unexpected keyword argument {word!r}.{hint}")
            if value is not None and word not in self.takes:
                raise SettingError(
                    f"{self.name}: takes no {word}, for its steps are judged by the loss as it stands; it takes "
                    f"{' and '.join(self.takes)}. A penalty can stand in the loss: gn.optim.penalty_loss."
                )
            kind, example = _EXAMPLES[word]
            if value is not None and not isinstance(value, kind):
                raise SettingError(
                    f"{self.name}: {word} is one of gn.optim, such as {example}, found {value!r}."
                )
        with scope(self.name):
            self.learning_rate = setting(positive_number(learning_rate, "learning_rate"), "learning_rate")
        self.schedule: Schedule | None = given.get("schedule")
        self.clip: Clip | None = given.get("clip")
        self.penalty: Penalty | None = given.get("penalty")
        self.limit: MaxNorm | None = given.get("limit")
        self.average: Average | None = given.get("average")
        self.state: dict[Node, np.ndarray] = {}
        self.averaged: dict[Node, Node] = {}

    def __repr__(self) -> str:
        return f"<optimiser {self.name}>"

    def updates(
        self, parameters: Sequence[Node], gradients: Sequence[Node], loss: Node | None = None
    ) -> dict[Node, Node]:
        """{parameter: new value} for the parameters and for the optimiser's own state.

        loss : the scalar that the gradients are of. Optimisers that try steps need it, and the schedule `plateau`
        """
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
        if loss is not None and (not isinstance(loss, Node) or loss.shape != () or loss.dtype.kind != "f"):
            raise ShapeError(f"{self.name}: loss is a scalar float node, found {loss!r}.")
        return self.step_nodes(parameters, gradients, loss)

    def step_nodes(
        self,
        parameters: Sequence[Node],
        gradients: Sequence[Node],
        loss: Node | None,
        factor: Node | None = None,
    ) -> dict[Node, Node]:
        """`updates` for nodes that are checked already; `factor` multiplies the learning rate."""
        if not parameters:
            return {}
        with scope(self.name):
            clock, knob = Clock(self, loss, factor), Knobs()
            slopes = list(gradients)
            if self.penalty is not None:
                slopes = self.penalty.before(parameters, slopes, knob)
            if self.clip is not None:
                slopes = self.clip(slopes, knob)
            found = dict(self.build(parameters, slopes, clock))
            if self.penalty is not None and self.penalty.acts_after:
                self.penalty.after(self, parameters, clock.rate(), found, knob)
            if self.limit is not None:
                self.limit(parameters, found, knob)
            if self.average is not None:
                self._averages(parameters, found, clock, knob)
            return {**clock.updates, **found}

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        """The nodes of one step; what a new optimiser defines."""
        raise NotImplementedError

    def _averages(
        self, parameters: Sequence[Node], updates: dict[Node, Node], clock: Clock, knob: Knobs
    ) -> None:
        """New values of the averages, from the new values of the parameters."""
        share = self.average.share(clock.after()).named("share")  # type: ignore[union-attr]
        stay = 1.0 - share
        moving = [w for w in parameters if w in updates]
        kept = [self.kept(w.value, f"average of {w.name}", w.dtype) for w in moving]
        for w, average in zip(moving, kept, strict=True):
            updates[average] = blend(average, updates[w], knob(stay, w.dtype), knob(share, w.dtype))
            self.averaged[w] = average

    def zeros_like(self, node: Node, word: str) -> Node:
        """A state parameter of the node's shape, starting at zero."""
        return self.kept(np.zeros_like(node.value), f"{word} of {node.name}", node.dtype)

    def ones_like(self, node: Node, word: str) -> Node:
        """A state parameter of the node's shape, starting at one."""
        return self.kept(np.ones_like(node.value), f"{word} of {node.name}", node.dtype)

    def kept(self, start: Any, name: str, dtype: DType) -> Node:
        """A state parameter that starts at this value."""
        made = parameter(start, name, dtype, trainable=False)
        self.state[made] = np.array(start, dtype)
        return made

    def reset(self) -> None:
        """Set the optimiser's state back to its start."""
        for node, start in self.state.items():
            node.value = start


class Clock:
    """The number of steps and what depends on it, for one set of parameters: one optimiser may train several models.

    The counter exists only if something asks for it. `updates` holds the new values of the clock's own state.
    """

    def __init__(self, optimizer: Optimizer, loss: Node | None = None, factor: Node | None = None):
        self._optimizer = optimizer
        self.known_loss = loss
        self._factor = factor
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
            rate = optimizer.learning_rate
            if optimizer.schedule is not None:
                with scope("schedule"):
                    rate = (rate * optimizer.schedule(self.before(), self)).named("rate")
            self._rate = rate if self._factor is None else (rate * self._factor).named("rate")
        return self._rate

    def loss(self, who: str) -> Node:
        """The loss of this step. Raises SettingError, in the name of `who` needs it, if it is not known."""
        if self.known_loss is None:
            raise SettingError(
                f"{who}: needs the loss; pass it, as a Trainer does: updates(parameters, gradients, loss=loss)."
            )
        return self.known_loss

    def kept(self, start: float, name: str) -> Node:
        """A number of state, float64; say its new value in `updates`."""
        return self._optimizer.kept(start, name, float64)
