"""The difference of two graphs or two runs: what was added, removed and changed, in words and as one graph.

>>> import graphnn as gn
>>> from viz.study.difference import changes
>>> x = gn.input("x", (3,))
>>> for change in changes(gn.Graph(gn.sum(gn.relu(x))), gn.Graph(gn.sum(gn.tanh(x) * 2.0))):
...     print(change)
changed: tanh: was relu
added: constant 2
added: broadcast_to
added: mul
changed: sum: x is mul, was relu
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from viz.numbers import number, shape_text
from viz.readings import size_of
from viz.sources import Numbers, source_of
from viz.study.matching import matching
from viz.text import clean

__all__ = [
    "SAME", "Change", "Difference", "Gone", "Tie", "changes", "difference_of", "named", "percent", "relative_change",
]  # fmt: skip

# Numbers that lie closer than this to one another, relative to the larger, count as the same.
SAME = 1e-6


@dataclass(frozen=True, eq=False)
class Change:
    """What became of a node: `kind` is "added", "removed" or "changed"; `words` say how, `by` how far it moved."""

    kind: str
    node: Any
    words: tuple[str, ...] = ()
    by: float | None = None

    @property
    def of_numbers(self) -> bool:
        """Whether nothing but a value or a gradient changed."""
        return self.kind == "changed" and all(word.startswith(("value ", "gradient ")) for word in self.words)

    def __str__(self) -> str:
        how = f": {'; '.join(self.words)}" if self.words else ""
        return f"{self.kind}: {named(self.node)}{how}"


def named(node: Any) -> str:
    """A node in words: its op, its name, its scope."""
    words = [node.op.name]
    if node.name:
        words.append(f"'{clean(node.name)}'")
    elif node.role == "constant" and node.shape == ():
        words.append(number(np.asarray(node.value).item()))
    return " ".join(words) + (f" in {clean(node.scope)}" if node.scope else "")


class Gone:
    """A node that only the graph before has, in terms of the graph after where that has its operands."""

    def __init__(self, node: Any, operands: tuple[Any, ...]):
        self.before, self.operands = node, operands

    def __getattr__(self, key: str) -> Any:
        return getattr(self.before, key)


@dataclass(frozen=True, eq=False)
class Tie:
    """An edge of the joint graph. `kind` is "", "added" or "removed"."""

    source: Any
    target: Any
    slot: int
    port: str
    kind: str = ""


@dataclass(frozen=True, eq=False)
class Difference:
    """Two sources of numbers, and which node is which. It is a graph itself: of the nodes of both."""

    before: Numbers
    after: Numbers
    pairs: dict[Any, Any]
    gone: dict[Any, Gone] = field(default_factory=dict)

    @cached_property
    def back(self) -> dict[Any, Any]:
        """{node after: node before}."""
        return {new: old for old, new in self.pairs.items()}

    @cached_property
    def nodes(self) -> tuple[Any, ...]:
        """The nodes of the graph after, and those that are gone, each behind what it reads."""
        found: dict[Any, None] = {}
        waiting = [node for node in self.before.graph.nodes if node not in self.pairs]
        for new in self.after.graph.nodes:
            old = self.back.get(new)
            place = None if old is None else self._place_before[old]
            # What stood before this node and is gone is drawn before it.
            while waiting and place is not None and self._place_before[waiting[0]] < place:
                if not self._goes(waiting[0], found):
                    break
                waiting.pop(0)
            found[new] = None
        for old in waiting:
            self._goes(old, found)
        return tuple(found)

    @cached_property
    def _place_before(self) -> dict[Any, int]:
        return {node: k for k, node in enumerate(self.before.graph.nodes)}

    def _goes(self, old: Any, found: dict[Any, None]) -> bool:
        operands = tuple(self.pairs[o] if o in self.pairs else self.gone.get(o) for o in old.operands)
        if any(o is None or o not in found for o in operands):
            return False
        self.gone[old] = Gone(old, operands)
        found[self.gone[old]] = None
        return True

    @cached_property
    def ids(self) -> dict[Any, str]:
        """Those of the graph after; what is gone is counted on."""
        count = len(self.after.graph.nodes)
        found = {}
        for node in self.nodes:
            if isinstance(node, Gone):
                found[node], count = f"n{count}", count + 1
            else:
                found[node] = self.after.graph.ids[node]
        return found

    @property
    def outputs(self) -> tuple[Any, ...]:
        return tuple(self.after.graph.outputs)

    @cached_property
    def edges(self) -> tuple[Tie, ...]:
        """The edges of both graphs, each once."""
        return tuple(tie for node in self.nodes for tie in self._ties(node))

    def _ties(self, node: Any) -> Iterable[Tie]:
        port = node.op.port_name
        if isinstance(node, Gone):
            yield from (Tie(o, node, k, port(k), "removed") for k, o in enumerate(node.operands))
            return
        old = self.back.get(node)
        was = () if old is None else tuple(self._now(o) for o in old.operands)
        for slot, operand in enumerate(node.operands):
            new = old is not None and (slot >= len(was) or was[slot] is not operand)
            yield Tie(operand, node, slot, port(slot), "added" if new or old is None else "")
        if old is None:
            return
        place = {each: k for k, each in enumerate(self.nodes)}
        for slot, operand in enumerate(was):
            moved = slot >= len(node.operands) or node.operands[slot] is not operand
            if moved and operand in place and place[operand] < place[node]:
                yield Tie(operand, node, len(node.operands) + slot, old.op.port_name(slot), "removed")

    def _now(self, old: Any) -> Any:
        return self.pairs[old] if old in self.pairs else self.gone.get(old)

    def operand_edges(self, node: Any) -> tuple[Tie, ...]:
        """The edges that enter a node, in the order of its operands."""
        return self._entering.get(node, ())

    @cached_property
    def _entering(self) -> dict[Any, tuple[Tie, ...]]:
        found: dict[Any, list[Tie]] = {}
        for tie in self.edges:
            found.setdefault(tie.target, []).append(tie)
        return {node: tuple(ties) for node, ties in found.items()}

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What differs, in the order of the joint graph."""
        found = []
        for node in self.nodes:
            if isinstance(node, Gone):
                found.append(Change("removed", node))
            elif node not in self.back:
                found.append(Change("added", node))
            else:
                words, by = self._how(self.back[node], node)
                if words:
                    found.append(Change("changed", node, tuple(words), by))
        return tuple(found)

    def _how(self, old: Any, new: Any) -> tuple[list[str], float | None]:
        words = []
        if old.op.name != new.op.name:
            words.append(f"was {old.op.name}")
        if (old.name or "") != (new.name or ""):
            words.append(f"called {clean(new.name or 'nothing')}, was {clean(old.name or 'nothing')}")
        if old.shape != new.shape:
            words.append(f"shape {shape_text(new.shape)}, was {shape_text(old.shape)}")
        if old.dtype != new.dtype:
            words.append(f"{new.dtype}, was {old.dtype}")
        keys = dict.fromkeys((*old.attributes, *new.attributes))
        words += [
            f"{key} = {new.attributes.get(key, 'none')}, was {old.attributes.get(key, 'none')}"
            for key in keys
            if str(old.attributes.get(key)) != str(new.attributes.get(key))
        ]
        words += self._other_operands(old, new)
        by = None
        for what, a, b in (
            ("value", self.before.value(old), self.after.value(new)),
            ("gradient", _array(self.before, old), _array(self.after, new)),
        ):
            moved = relative_change(a, b)
            if moved is not None and moved > SAME:
                words.append(f"{what} {_moved(a, b, moved)}")
                by = moved if by is None else by
        return words, by

    def _other_operands(self, old: Any, new: Any) -> Iterable[str]:
        for slot in range(max(len(old.operands), len(new.operands))):
            was = old.operands[slot] if slot < len(old.operands) else None
            now = new.operands[slot] if slot < len(new.operands) else None
            if was is not None and now is not None and self.pairs.get(was) is now:
                continue
            port = (new if now is not None else old).op.port_name(slot)
            is_now, it_was = ("nothing" if n is None else named(n) for n in (now, was))
            yield f"{port} is {is_now}, was {it_was}"


def _array(numbers: Numbers, node: Any) -> np.ndarray | None:
    return numbers.gradient(node).array if numbers.has_gradients else None


def relative_change(before: np.ndarray | None, after: np.ndarray | None) -> float | None:
    """How far an array moved: root mean square of the difference over that of the larger; None if it cannot be said."""
    if before is None or after is None or before.shape != after.shape or not before.size:
        return None
    a, b = before.astype(np.float64), after.astype(np.float64)
    if np.array_equal(a, b, equal_nan=True):
        return 0.0
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.inf
    return size_of(b - a) / max(size_of(a), size_of(b))


def _moved(before: np.ndarray | None, after: np.ndarray | None, by: float) -> str:
    share = f"moved by {percent(by)}"
    if before is not None and after is not None and before.ndim == 0:
        return f"{number(after.item())}, was {number(before.item())}"
    return share


def percent(share: float) -> str:
    """A share as a reader says it, to two digits."""
    return f"{number(float(f'{100 * share:.2g}'))} %" if math.isfinite(share) else "NaN or ∞"


def difference_of(before: Any, after: Any) -> Difference:
    """The difference of two graphs, runs or scalar nodes."""
    first, second = source_of(before), source_of(after)
    found = Difference(first, second, matching(first.graph, second.graph))
    _ = found.nodes
    return found


def changes(before: Any, after: Any) -> tuple[Change, ...]:
    """What differs between two graphs, runs or scalar nodes, in words; nothing if they are the same."""
    return difference_of(before, after).changes
