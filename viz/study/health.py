"""How healthy a run is: where NaN began, where the gradient vanishes or explodes, which units are dead or saturated.

>>> import graphnn as gn
>>> from viz.study.health import health
>>> x = gn.scalar(-1.0, "x")
>>> for finding in health(gn.trace(gn.log(x) * 2.0)):
...     print(finding)
log: NaN begins here: its operands are finite, its value is not
mul: NaN or ∞, handed on
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.numbers import number
from viz.readings import size_of

__all__ = ["DEAD", "EXPLODES", "FLAT", "SATURATED", "VANISHES", "Finding", "health", "thresholds"]

# Sizes are root mean squares, held against the middle one of all parameters.
VANISHES, EXPLODES = 1e-3, 1e3
# A unit is dead if it is zero for every row; an element is saturated where its slope is below this share of the
# largest slope that the op has, and a node if this share of its elements is.
FLAT, SATURATED = 0.05, 0.5
DEAD = 2  # rows from which on a unit that is always zero counts as dead

_LARGEST_SLOPE = {"sigmoid": 0.25, "tanh": 1.0, "linear_sigmoid": 0.25, "linear_tanh": 1.0}
_RECTIFIERS = {"relu", "relu6", "linear_relu", "hardtanh", "hard_sigmoid"}


@dataclass(frozen=True)
class Finding:
    """What is wrong at a node. `kind` is "origin", "not finite", "vanishing", "exploding", "dead" or "saturated".

    `share` is how much of it: of units dead, of elements saturated, of the usual size of a gradient.
    """

    node: Any
    kind: str
    words: str
    share: float = 1.0

    @property
    def tone(self) -> str:
        """How bad: "bad" for what stops learning, "warn" for the rest."""
        return (
            "warn"
            if self.kind in ("saturated", "vanishing") or (self.kind == "dead" and self.share < 1)
            else "bad"
        )

    def __str__(self) -> str:
        return f"{self.node.name or self.node.op.name}: {self.words}"


def thresholds() -> tuple[str, ...]:
    """The sentences that say when something counts as ill."""
    return (
        f"vanishing, exploding: a parameter's gradient below {number(VANISHES)} or above {number(EXPLODES)} times the "
        "median of all",
        "dead: a unit that is 0 for every row",
        f"saturated: {SATURATED:.0%} of the elements have a slope below {FLAT:.0%} of the op's largest",
    )


def health(run: Any) -> tuple[Finding, ...]:
    """What is wrong in a run, in topological order; nothing if all is well."""
    graph = run.graph
    found: list[Finding] = []
    bad = {node: not np.isfinite(np.asarray(run.value(node), np.float64)).all() for node in graph.nodes}
    for node in graph.nodes:
        value = np.asarray(run.value(node))
        if bad[node]:
            found.append(_not_finite(node, value, inherited=any(bad[o] for o in node.operands)))
        elif node.op.name in _RECTIFIERS:
            found += _dead(node, value)
        elif node.op.name in _LARGEST_SLOPE:
            found += _saturated(node, value)
    if getattr(run, "has_gradients", False):
        found += _gradients(run, bad)
    place = {node: k for k, node in enumerate(graph.nodes)}
    return tuple(sorted(found, key=lambda finding: place[finding.node]))


def _not_finite(node: Any, value: np.ndarray, *, inherited: bool) -> Finding:
    if inherited:
        return Finding(node, "not finite", "NaN or ∞, handed on")
    word = "NaN" if np.isnan(value).any() else "∞"
    if not node.operands:
        return Finding(node, "origin", f"{word} begins here: it was given so")
    return Finding(node, "origin", f"{word} begins here: its operands are finite, its value is not")


def _dead(node: Any, value: np.ndarray) -> list[Finding]:
    rows = value.reshape(-1, value.shape[-1]) if value.ndim > 1 else value.reshape(1, -1)
    if value.ndim == 4:  # images: a unit is a channel
        rows = np.moveaxis(value, 1, -1).reshape(-1, value.shape[1])
    if len(rows) < DEAD or not rows.size:
        return []
    dead = int((rows == 0).all(axis=0).sum())
    if not dead:
        return []
    share = dead / rows.shape[1]
    return [Finding(node, "dead", f"{dead} of {rows.shape[1]} units are 0 for all {len(rows)} rows", share)]


def _saturated(node: Any, value: np.ndarray) -> list[Finding]:
    y = value.astype(np.float64)
    slope = y * (1 - y) if "sigmoid" in node.op.name else 1 - y * y
    flat = float((slope < FLAT * _LARGEST_SLOPE[node.op.name]).mean()) if y.size else 0.0
    if flat <= SATURATED:
        return []
    return [Finding(node, "saturated", f"{number(100 * flat)} % of its elements are saturated", flat)]


def _gradients(run: Any, bad: dict[Any, bool]) -> list[Finding]:
    found = []
    sizes = {}
    for node in run.graph.nodes:
        g = run.gradient(node)
        if g is None:
            continue
        size = size_of(np.asarray(g))
        if not math.isfinite(size) and not bad[node] and node.role != "constant":
            edges = run.graph.consumers(node)
            above = [run.gradient(e.target) for e in edges]
            inherited = any(bad[o] for e in edges for o in (e.target, *e.target.operands)) or any(
                g is not None and not np.isfinite(g).all() for g in above
            )
            words = "its gradient is NaN or ∞, handed on" if inherited else "NaN begins here on the way back"
            found.append(Finding(node, "not finite" if inherited else "origin", words))
        elif node.role == "parameter":
            sizes[node] = size
    usual = sorted(size for size in sizes.values() if size > 0 and math.isfinite(size))
    if len(usual) < 3:
        return found
    middle = usual[len(usual) // 2]
    for node, size in sizes.items():
        share = size / middle
        if 0 < share < VANISHES:
            words = f"its gradient vanishes: {number(size)}, {number(share)} times the usual"
            found.append(Finding(node, "vanishing", words, share))
        elif share > EXPLODES and math.isfinite(share):
            words = f"its gradient explodes: {number(size)}, {number(share)} times the usual"
            found.append(Finding(node, "exploding", words, share))
    return found
