"""The ledger of gradients: what each edge contributes, as upstream x local, and how contributions add up at a fan-out.

>>> import graphnn as gn
>>> from viz.study.ledger import ledger
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> for entry in ledger(gn.trace(a * b + a)):
...     print(entry)
add a: 1 × 1 = 1
add b: 1 × 1 = 1
mul a: 1 × −3 = −3
mul b: 1 × 2 = 2
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.numbers import number, parse
from viz.readings import size_of

__all__ = ["CANCELS", "Entry", "Sum", "ledger", "product_text", "sum_text", "sums"]

# Parts cancel where their sum is smaller than this share of the sum of their sizes.
CANCELS = 0.1


@dataclass(frozen=True)
class Entry:
    """One edge's contribution. For arrays `upstream`, `local` are None and the sizes are root mean squares."""

    edge: Any
    contribution: np.ndarray
    upstream: float | None = None
    local: float | None = None

    @property
    def size(self) -> float:
        """The root mean square of the contribution."""
        return size_of(self.contribution)

    @property
    def text(self) -> str:
        """`−2 × 3 = −6` for scalars, the size for arrays."""
        if self.upstream is None or self.local is None:
            return f"rms {number(self.size)}"
        return product_text(self.upstream, self.local, float(self.contribution))

    def __str__(self) -> str:
        return f"{self.edge.target.name or self.edge.target.op.name} {self.edge.port}: {self.text}"


@dataclass(frozen=True)
class Sum:
    """The contributions that meet at a node, and their sum, its gradient."""

    node: Any
    entries: tuple[Entry, ...]
    total: np.ndarray

    @property
    def left(self) -> float:
        """Size of the sum as a share of the sizes of its parts: 1 if all pull one way, 0 if they cancel."""
        parts = sum(entry.size for entry in self.entries)
        return size_of(self.total) / parts if parts else 1.0

    @property
    def cancels(self) -> bool:
        """Whether large parts leave a small sum."""
        return math.isfinite(self.left) and self.left < CANCELS

    @property
    def text(self) -> str:
        """`−3 + 1 = −2` for scalars, sizes for arrays."""
        if self.total.ndim == 0:
            return sum_text([float(entry.contribution) for entry in self.entries], float(self.total))
        parts = ", ".join(number(entry.size) for entry in self.entries)
        return f"rms of parts {parts}; of their sum {number(size_of(self.total))}"


def ledger(run: Any, edges: Iterable[Any] | None = None) -> tuple[Entry, ...]:
    """An entry for every edge along which something flows back, the loss's first. `edges` limits them.

    Raises ValueError for a run without gradients.
    """
    if not getattr(run, "has_gradients", False):
        raise ValueError("viz.ledger: this run has no gradients. Trace one scalar float, such as a loss.")
    found = []
    for edge in reversed(run.graph.edges) if edges is None else edges:
        part = run.contribution(edge)
        if part is not None:
            found.append(_entry(run, edge, np.asarray(part)))
    return tuple(found) if edges is not None else tuple(_asparse(found))


def _asparse(entries: list[Entry]) -> list[Entry]:
    """From the loss backwards, the operands of one node in their order."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.edge.target, []).append(entry)
    return [entry for group in groups.values() for entry in reversed(group)]


def sums(run: Any) -> tuple[Sum, ...]:
    """For every node that is used more than once and has a gradient: its contributions and their sum."""
    found = []
    for node in run.graph.nodes:
        edges = run.graph.consumers(node)
        if len(edges) > 1:
            entries = ledger(run, edges)
            total = run.gradient(node)
            if len(entries) > 1 and total is not None:
                found.append(Sum(node, entries, np.asarray(total)))
    return tuple(found)


def _entry(run: Any, edge: Any, part: np.ndarray) -> Entry:
    upstream = run.gradient(edge.target)
    if part.ndim or upstream is None or np.asarray(upstream).ndim:
        return Entry(edge, part)
    up = float(upstream)
    local = float(part) / up if up and math.isfinite(up) and math.isfinite(float(part)) else _local(run, edge)
    return Entry(edge, part, up, local)


def _local(run: Any, edge: Any) -> float:
    """The local derivative by itself, where it cannot be read off the contribution because nothing comes from above."""
    import graphnn as gn

    node = edge.target
    if node.op.no_slope:
        return 0.0
    operands = [
        gn.parameter(np.asarray(run.value(o)), f"operand {k}", str(o.dtype))
        for k, o in enumerate(node.operands)
    ]
    again = node.op.node(*operands, **dict(node.attributes))
    slope = gn.gradient(again, operands[edge.slot], no_path="zero")
    return float(slope.value)


def product_text(upstream: float, local: float, product: float) -> str:
    """`−2 × 3 = −6`; ≈ where the rounded factors do not give the rounded product."""
    a, b, c = (number(v) for v in (upstream, local, product))
    sign = "=" if _agrees(parse(a) * parse(b), c) else "≈"
    return f"{a} × {b} {sign} {c}"


def sum_text(parts: list[float], total: float) -> str:
    """`−3 + 1 = −2`; ≈ where the rounded parts do not add up to the rounded sum."""
    words = [number(part) for part in parts]
    shown = words[0]
    for word in words[1:]:
        shown += f" − {word[1:]}" if word.startswith("−") else f" + {word}"
    last = number(total)
    sign = "=" if _agrees(math.fsum(parse(word) for word in words), last) else "≈"
    return f"{shown} {sign} {last}"


def _agrees(value: float, shown: str) -> bool:
    return number(value) == shown or (math.isnan(value) and shown == "NaN")
