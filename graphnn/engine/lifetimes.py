"""When each value of a bound program is made and last read, and where it lives meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from graphnn.core.node import Node
from graphnn.engine.plan import Plan


@dataclass(frozen=True)
class Lifetime:
    """One value: made in step `first` and last read in step `last`; results are kept until `steps`, the end.

    `node` is what executes, `where` it lives: "arena", "gradients" (the flat buffer of gradients), "parameter" (made
    in the room of the parameter that it updates), or "cache" (tile by tile, never whole in memory).
    """

    node: Node
    first: int
    last: int
    size: int
    where: str


@dataclass(frozen=True)
class Lifetimes:
    """The values that a program makes, in order of execution; `steps` is how many there are."""

    rows: tuple[Lifetime, ...]

    @property
    def steps(self) -> int:
        """How many nodes execute."""
        return len(self.rows)

    def __str__(self) -> str:
        """A table in order of execution, with a bar from the first step to the last."""
        lines = [f"{'node':32} {'where':10} {'bytes':>12}  steps"]
        for row in self.rows:
            name = f"{row.node.op.name} {row.node.name or ''}".strip()
            lines.append(f"{name[:32]:32} {row.where:10} {row.size:12}  {row.first} … {row.last}")
        return "\n".join(lines)


def lifetimes_of(plan: Plan, results: tuple[Node, ...]) -> Lifetimes:
    """The lifetimes that a plan gives; `results` are kept until its end."""
    ends = {plan.roots[operand]: t for t, node in enumerate(plan.steps) for operand in node.operands}
    kept = {plan.roots[node] for node in results}
    rows = []
    for t, node in enumerate(plan.steps):
        last = len(plan.steps) if node in kept else max(ends.get(node, t), t)
        size = prod(plan.shapes[node]) * node.dtype.itemsize
        rows.append(Lifetime(node, t, last, size, _where(plan, node)))
    return Lifetimes(tuple(rows))


def _where(plan: Plan, node: Node) -> str:
    if node in plan.in_place:
        return "parameter"
    if node in plan.gradients:
        return "gradients"
    return "cache" if node in plan.inner else "arena"


__all__ = ["Lifetime", "Lifetimes", "lifetimes_of"]
