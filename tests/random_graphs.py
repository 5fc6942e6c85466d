"""Seeded random graphs over all ops, each with its twin: the same computation written in PyTorch.

`RandomGraph(seed)` picks ops and operands at random, and keeps a step only if its value is finite, of moderate size
and away from kinks, so that first and second slopes exist. Building needs no PyTorch; `twin` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import graphnn as gn
from graphnn.core.dtypes import float64
from graphnn.core.node import Node
from graphnn.transform.interpret import evaluate_node

LARGEST = 30.0
ELEMENTS = 120


class Step(NamedTuple):
    """One value of the graph: which earlier values it takes, and how to compute it in both worlds."""

    kind: str
    operands: tuple[int, ...]
    ours: Callable[..., Node]
    theirs: Callable[..., Any]


Draft = tuple[tuple[int, ...], Callable[..., Node], Callable[..., Any]]
KINDS: dict[str, Callable[[RandomGraph], Draft | None]] = {}


class RandomGraph:
    """A random computation of float64 leaves. `output` is a 0-d node; `leaves` and `values` are what to feed."""

    def __init__(self, seed: int, steps: int = 9):
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Node] = []
        self.arrays: list[np.ndarray] = []
        self.steps: list[Step] = []
        self._known: dict[Node, np.ndarray] = {}
        for k in range(int(self.rng.integers(2, 5))):
            shape = tuple(int(n) for n in self.rng.integers(1, 5, size=int(self.rng.integers(0, 4))))
            node = gn.input(f"x{k}", shape, "float64")
            array = np.asarray(self.rng.uniform(-1.5, 1.5, shape))
            self._known[node] = array
            self.nodes.append(node)
            self.arrays.append(array)
        self.leaves = tuple(self.nodes)
        self.values = tuple(self.arrays)
        kinds = sorted(KINDS)
        while len(self.steps) < steps:
            self._try(kinds[int(self.rng.integers(len(kinds)))])
        self.weights = [np.asarray(self.rng.uniform(0.2, 1.0, a.shape)) for a in self.arrays]
        self.output = gn.constant(0.0, dtype=float64)
        for node, weight in zip(self.nodes, self.weights, strict=True):
            self.output = self.output + (node * weight).sum()

    def _try(self, kind: str) -> None:
        draft = KINDS[kind](self)
        if draft is None:
            return
        operands, ours, theirs = draft
        node = ours(*[self.nodes[k] for k in operands])
        array = self._evaluate(node)
        if array.size > ELEMENTS or not np.isfinite(array).all() or np.abs(array).max(initial=0) > LARGEST:
            return
        self.nodes.append(node)
        self.arrays.append(array)
        self.steps.append(Step(kind, operands, ours, theirs))

    def _evaluate(self, node: Node) -> np.ndarray:
        """The value of a new node, from the values that are known."""
        fresh, stack = set(), [node]
        while stack:
            n = stack.pop()
            if n not in self._known and n not in fresh:
                fresh.add(n)
                stack.extend(n.operands)
        with np.errstate(all="ignore"):
            for n in sorted(fresh, key=lambda n: n.serial):
                if n.storage is not None:
                    self._known[n] = n.storage.array
                else:
                    self._known[n] = evaluate_node(n, [self._known[o] for o in n.operands], {})
        return self._known[node]

    def pick(self, ok: Callable[[np.ndarray], Any] = lambda a: True) -> int | None:
        """A value that fits, later ones more often; None if there is none."""
        fitting = [k for k, a in enumerate(self.arrays) if ok(a)]
        if not fitting:
            return None
        return fitting[max(int(self.rng.integers(len(fitting))), int(self.rng.integers(len(fitting))))]

    def twin(self, leaves: list[Any]) -> Any:
        """The output computed by PyTorch from leaf tensors."""
        import torch

        values = list(leaves)
        for step in self.steps:
            values.append(step.theirs(*[values[k] for k in step.operands]))
        total = torch.zeros((), dtype=torch.float64)
        for value, weight in zip(values, self.weights, strict=True):
            total = total + (value * torch.from_numpy(weight)).sum()
        return total


def whole(rng: np.random.Generator, high: int, shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers from 0 to high - 1."""
    return rng.integers(0, high, size=shape)


def kind(function: Callable[[RandomGraph], Draft | None], name: str | None = None) -> Any:
    """Enter a way to make a step; its name is that of the function."""
    KINDS[name or function.__name__] = function
    return function


def torch_call(path: str) -> Callable[..., Any]:
    """A PyTorch function by name, imported when it is called."""

    def call(*args: Any, **settings: Any) -> Any:
        import torch

        found: Any = torch
        for word in path.split("."):
            found = getattr(found, word)
        return found(*args, **settings)

    return call


def away(a: np.ndarray) -> bool:
    """No element is near 0, where many slopes jump."""
    return bool((np.abs(a) > 1e-2).all())


def fits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two shapes broadcast."""
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a.shape), reversed(b.shape)))


def apart(a: np.ndarray, b: np.ndarray) -> bool:
    """No two elements that meet are nearly, but not exactly, equal."""
    gap = np.abs(a - b)
    return bool(((gap > 1e-3) | (gap == 0)).all())
