"""Give groups of parameters optimisers of their own, by patterns of their names.

>>> import graphnn as gn
>>> optimizer = gn.optim.Groups({
...     "*/dense1/*": None,                          # stays as it is
...     "*/b": gn.optim.SGD(0.1),
...     "*": gn.optim.AdamW(0.001, weight_decay=0.01),
... })
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.optim.naming import listed, matches
from graphnn.optim.optimizer import Clock, Optimizer, Options


class Groups(Optimizer):
    """Each parameter belongs to the first pattern that describes its path "scope/name"; `*` stands for any text.

    An optimiser of None leaves its parameters as they are. Clipping, penalties, limits and averages that are given here
    concern all moving parameters together, as those of each optimiser concern its group; `learning_rate` and
    `schedule` multiply the rates of all groups.

    Raises SettingError, in `updates`, for parameters that no pattern describes and for patterns that take none.
    """

    name = "Groups"

    def __init__(self, groups: Mapping[str, Optimizer | None], **options: Unpack[Options]):
        super().__init__(1.0, **options)
        if not isinstance(groups, Mapping) or not groups:
            raise SettingError(f"Groups: wanted a mapping {{pattern: optimiser}}, found {groups!r}.")
        for pattern, optimizer in groups.items():
            if not isinstance(pattern, str) or not pattern:
                raise SettingError(f"Groups: a pattern is a text such as '*/dense1/w', found {pattern!r}.")
            if optimizer is not None and not isinstance(optimizer, Optimizer):
                raise SettingError(
                    f"Groups: {pattern!r} has an optimiser of gn.optim, or None to stay as it is; found {optimizer!r}."
                )
        self.groups = dict(groups)

    def step_nodes(
        self,
        parameters: Sequence[Node],
        gradients: Sequence[Node],
        loss: Node | None,
        factor: Node | None = None,
    ) -> dict[Node, Node]:
        patterns = [self._pattern(w) for w in parameters]
        lost = [w for w, pattern in zip(parameters, patterns, strict=True) if pattern is None]
        if lost:
            raise SettingError(
                f"Groups: no pattern describes {listed(lost)}. Add a pattern, or '*' as the last one."
            )
        idle = [pattern for pattern in self.groups if pattern not in patterns]
        if idle:
            raise SettingError(
                f"Groups: {idle[0]!r} takes no parameter, for it describes none or earlier patterns take them; there "
                f"are {listed(parameters)}."
            )
        moving = [i for i, pattern in enumerate(patterns) if self.groups[pattern or ""] is not None]
        return super().step_nodes(
            [parameters[i] for i in moving], [gradients[i] for i in moving], loss, factor
        )

    def build(
        self, parameters: Sequence[Node], gradients: Sequence[Node], clock: Clock
    ) -> Mapping[Node, Node]:
        updates: dict[Node, Node] = {}
        slopes = dict(zip(parameters, gradients, strict=True))
        for pattern, optimizer in self.groups.items():
            if optimizer is None:
                continue
            members = [w for w in parameters if self._pattern(w) == pattern]
            known = set(optimizer.state)
            updates |= optimizer.step_nodes(
                members, [slopes[w] for w in members], clock.known_loss, clock.rate()
            )
            self.state.update({node: start for node, start in optimizer.state.items() if node not in known})
            self.averaged.update({w: optimizer.averaged[w] for w in members if w in optimizer.averaged})
        return updates

    def _pattern(self, node: Node) -> str | None:
        return next((pattern for pattern in self.groups if matches(node, pattern)), None)
