"""Metric: a measure over all rows of a data set, as two graphs: what each batch adds, and what is made of the sums.

>>> import graphnn as gn
>>> t, y = gn.input("t", ("batch",), "float64"), gn.input("y", ("batch",), "float64")
>>> rows = gn.size(("batch",), "float64")
>>> gn.metrics.Metric("mean error", lambda total, count: total / count, totals=((t - y).sum(), rows))
<Metric mean error>
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphnn.core.dims import Dim
from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.leaves import describe
from graphnn.core.node import Node


@dataclass(frozen=True)
class Metric:
    """A measure that does not depend on how the rows were cut into batches.

    name : of the measure, for tables and errors
    finish : takes one node per total (or per collected node) and gives the node of the value, 0-d or a small array
    totals : nodes of fixed shapes, each a *sum over the rows of a batch*; batches are added up before `finish`
    collected : instead of totals, nodes whose first axis is the batch; `finish` sees the rows of all batches
    better : "higher" or "lower", or None where neither is better

    Raises GraphError or ShapeError for nodes that cannot be added up or put one after another.
    """

    name: str
    finish: Callable[..., Node]
    totals: tuple[Node, ...] = ()
    collected: tuple[Node, ...] = ()
    better: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise SettingError(f"Metric: a name is a non-empty text, found {self.name!r}.")
        if not callable(self.finish):
            raise SettingError(
                f"Metric {self.name!r}: finish is a function of nodes that gives a node, found {self.finish!r}."
            )
        if self.better not in ("higher", "lower", None):
            raise SettingError(
                f"Metric {self.name!r}: better is 'higher', 'lower' or None, found {self.better!r}."
            )
        for word in ("totals", "collected"):
            nodes = getattr(self, word)
            nodes = (nodes,) if isinstance(nodes, Node) else tuple(nodes)
            for node in nodes:
                if not isinstance(node, Node):
                    raise GraphError(f"Metric {self.name!r}: {word} are nodes, found {node!r}.")
            object.__setattr__(self, word, nodes)
        if bool(self.totals) == bool(self.collected):
            raise GraphError(
                f"Metric {self.name!r}: wanted either totals or collected nodes, found "
                f"{'both' if self.totals else 'none'}."
            )
        for node in self.totals:
            if any(isinstance(d, Dim) for d in node.shape):
                raise ShapeError(
                    f"Metric {self.name!r}: total {describe(node)} has a named axis, so batches cannot be added; "
                    "sum over the rows first."
                )
        for node in self.collected:
            if not node.shape or not isinstance(node.shape[0], Dim):
                raise ShapeError(
                    f"Metric {self.name!r}: collected {describe(node)} must have the batch as its first axis."
                )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What a batch has to compute: the totals or the collected nodes."""
        return self.totals or self.collected

    def __repr__(self) -> str:
        return f"<Metric {self.name}>"


__all__ = ["Metric"]
