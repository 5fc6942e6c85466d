"""Time per node of a bound program."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphnn.core.node import Node

if TYPE_CHECKING:
    from graphnn.engine.bound import Bound


@dataclass(frozen=True)
class Profile:
    """Nanoseconds per node, of the nodes that execute after optimisation, in order."""

    rows: tuple[tuple[Node, float], ...]

    @property
    def total(self) -> float:
        """Nanoseconds of all nodes together."""
        return sum(ns for _, ns in self.rows)

    def __str__(self) -> str:
        """A table, the slowest node first."""
        lines = [f"{'node':32} {'scope':20} {'us':>10} {'share':>7}"]
        for node, ns in sorted(self.rows, key=lambda r: (-r[1], r[0].serial)):
            share = ns / self.total if self.total else 0.0
            name = f"{node.op.name} {node.name or ''}".strip()
            lines.append(f"{name[:32]:32} {node.scope[-20:]:20} {ns / 1000:10.3f} {share:7.1%}")
        lines.append(f"{'total':53} {self.total / 1000:10.3f}")
        return "\n".join(lines)


def profile_bound(bound: Bound, repeats: int = 0) -> Profile:
    """Run once for warm values, then each page alone, often enough that the clock's grain does not matter.

    The values are kept apart, so running a page again gives the same result.
    """
    bound.run()
    rows: dict[Node, float] = {}
    for i in bound.pages.tops:
        node = bound.pages.nodes[i]
        count = repeats or _enough(bound, i)
        began = time.perf_counter_ns()
        bound.run_pages(i, i + 1, count)
        rows[node] = rows.get(node, 0.0) + (time.perf_counter_ns() - began) / count
    return Profile(tuple(rows.items()))


def _enough(bound: Bound, page: int) -> int:
    """How often to run a page so that it takes about a millisecond, at least 10 times."""
    began = time.perf_counter_ns()
    bound.run_pages(page, page + 1, 10)
    each = max(1.0, (time.perf_counter_ns() - began) / 10)
    return max(10, min(100_000, int(1e6 / each)))
