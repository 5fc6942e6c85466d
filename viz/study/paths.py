"""The gradient as a sum over paths: which ways lead from a node to the loss, and how much comes back along each.

>>> import graphnn as gn
>>> import viz
>>> a = gn.scalar(2.0, "a")
>>> run = gn.trace(((a * 3.0).named("b") + gn.square(a).named("c")).named("loss"))
>>> for path in viz.paths(run, "a"):
...     print(path)
a → c → loss: 4 (57.14 % of 7)
a → b → loss: 3 (42.86 % of 7)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from viz.numbers import number
from viz.study.ledger import ledger

__all__ = ["Path", "paths", "ways"]


@dataclass(frozen=True)
class Path:
    """One way from a node to the loss.

    `product` is the product of the local derivatives along it (None for arrays, where it is no number). `share` is
    product / gradient for scalars; for arrays the product of the shares that each edge has, by root mean square, in
    what comes together at its node: shares of all paths add up to 1.
    """

    edges: tuple[Any, ...]
    share: float
    product: float | None = None
    total: float = math.nan

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The nodes on the way, from the start to the loss."""
        return (self.edges[0].source, *(edge.target for edge in self.edges)) if self.edges else ()

    def __str__(self) -> str:
        way = " → ".join(node.name or node.op.name for node in self.nodes)
        if self.product is None:
            return f"{way}: {number(100 * self.share)} %"
        return f"{way}: {number(self.product)} ({number(100 * self.share)} % of {number(self.total)})"


def paths(run: Any, node: Any, *, most: int = 5) -> tuple[Path, ...]:
    """The `most` weighty paths from a node (or its name) to the loss, the weightiest first.

    Raises ValueError where the run has no gradients, or none reaches the node.
    """
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError(f"viz.paths: most is a whole number from 1, found {most!r}.")
    start, factors, scalar = _factors(run, node)
    # The best ways to a node extend the best ways to the node before: weights multiply, and never change their order.
    best: dict[Any, list[tuple[float, tuple[Any, ...]]]] = {start: [(1.0, ())]}
    for here in run.graph.nodes:
        ways_here = best.get(here)
        if ways_here is None or here is run.loss:
            continue
        for edge in run.graph.consumers(here):
            if edge in factors:
                onward = best.setdefault(edge.target, [])
                onward += [(weight * factors[edge], (*edges, edge)) for weight, edges in ways_here]
                onward.sort(key=lambda way: -abs(way[0]))
                del onward[most:]
        if here is not start:
            del best[here]
    found = best.get(run.loss, [])
    if not scalar:
        return tuple(Path(edges, weight) for weight, edges in found)
    total = float(run.gradient(start))
    return tuple(Path(edges, weight / total if total else math.nan, weight, total) for weight, edges in found)


def ways(run: Any, node: Any) -> int:
    """How many paths lead from the node to the loss along which something can flow back."""
    start, factors, _ = _factors(run, node)
    count: dict[Any, int] = {start: 1}
    for here in run.graph.nodes:
        if here in count and here is not run.loss:
            for edge in run.graph.consumers(here):
                if edge in factors:
                    count[edge.target] = count.get(edge.target, 0) + count[here]
    return count.get(run.loss, 0)


def _factors(run: Any, node: Any) -> tuple[Any, dict[Any, float], bool]:
    """The start, a weight per edge that lies on some path, and whether all of them are scalars."""
    if not getattr(run, "has_gradients", False):
        raise ValueError("viz.paths: this run has no gradients. Trace one scalar float, such as a loss.")
    start = run.graph.find(node) if isinstance(node, str) else node
    if run.gradient(start) is None:
        raise ValueError(
            f"viz.paths: no path leads from {start.label} to the loss along which something flows back."
        )
    above = {start}
    for here in run.graph.nodes:
        if any(operand in above for operand in here.operands):
            above.add(here)
    entries = [entry for entry in ledger(run) if entry.edge.source in above]
    if all(entry.local is not None for entry in entries):
        return start, {entry.edge: float(entry.local or 0.0) for entry in entries}, True
    sums: dict[Any, float] = {}
    for entry in entries:
        sums[entry.edge.source] = sums.get(entry.edge.source, 0.0) + entry.size
    shares = {
        entry.edge: entry.size / sums[entry.edge.source] if sums[entry.edge.source] else 0.0
        for entry in entries
    }
    return start, shares, False
