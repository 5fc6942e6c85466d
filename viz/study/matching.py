"""Find which node of one graph is which of another: by identity, name, what they read, and where they stand.

>>> import graphnn as gn
>>> from viz.study.matching import matching
>>> def net(op):
...     x = gn.input("x", (3,))
...     return gn.Graph(gn.sum(op(x)))
>>> before, after = net(gn.relu), net(gn.tanh)
>>> pairs = matching(before, after)
>>> [(b.op.name, pairs[b].op.name) for b in before.nodes]
[('input', 'input'), ('relu', 'tanh'), ('sum', 'sum')]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

__all__ = ["matching"]


def matching(before: Any, after: Any) -> dict[Any, Any]:
    """{node before: node after} for the nodes that both graphs have; the same for the same graphs, always."""
    found = _Matching(before, after)
    for node in before.nodes:
        if node in found.there:
            found.pair(node, node)
    named = [n for n in before.nodes if n.name]
    found.alone(named, lambda n: (n.role, n.op.name, n.scope, n.name) if n.name else None)
    found.alone(named, lambda n: (n.role, n.name) if n.name else None)
    # What reads the same is the same; where that says nothing, what is read in the same way; then the order decides.
    while True:
        found.upwards()
        if found.downwards():
            continue
        if found.in_order(lambda n: (n.op.name, n.scope, n.name, n.shape)):
            continue
        break
    found.replaced()
    return found.pairs


class _Matching:
    """Pairs so far, in both directions."""

    def __init__(self, before: Any, after: Any):
        self.before, self.after = before, after
        self.there = set(after.nodes)
        self.pairs: dict[Any, Any] = {}
        self.back: dict[Any, Any] = {}

    def pair(self, old: Any, new: Any) -> None:
        self.pairs[old] = new
        self.back[new] = old

    def _reads(self, operands: Iterable[Any]) -> tuple[str, ...]:
        """The ids of nodes of the graph after: nodes themselves cannot be compared in a tuple."""
        return tuple(self.after.ids[operand] for operand in operands)

    def alone(self, nodes: list[Any], key: Callable[[Any], Hashable | None]) -> None:
        """Pair nodes whose key is theirs alone on both sides."""
        sides: tuple[dict[Any, list[Any]], dict[Any, list[Any]]] = defaultdict(list), defaultdict(list)
        for side, graph, taken in ((0, self.before, self.pairs), (1, self.after, self.back)):
            for node in graph.nodes:
                word = key(node)
                if word is not None and node not in taken:
                    sides[side][word].append(node)
        for word, old in sides[0].items():
            new = sides[1].get(word, [])
            if len(old) == len(new) == 1:
                self.pair(old[0], new[0])

    def upwards(self) -> None:
        """Pair ops of one kind that read paired nodes, slot by slot."""
        waiting: dict[Any, list[Any]] = defaultdict(list)
        for node in self.after.nodes:
            if node.operands and node not in self.back:
                waiting[node.op.name, self._reads(node.operands)].append(node)
        for node in self.before.nodes:
            if node.operands and node not in self.pairs and all(o in self.pairs for o in node.operands):
                same = waiting.get((node.op.name, self._reads(self.pairs[o] for o in node.operands)), [])
                free = [n for n in same if n not in self.back]
                equal = [n for n in free if n.attributes == node.attributes]
                if free:
                    self.pair(node, (equal or free)[0])

    def downwards(self) -> bool:
        """Pair outputs, and operands of paired nodes, that are of one kind; whether there were any."""
        any_new = False
        places = list(zip(self.before.outputs, self.after.outputs, strict=False))
        for old in reversed(self.before.nodes):
            if old in self.pairs:
                places += zip(old.operands, self.pairs[old].operands, strict=False)
        for old, new in places:
            if old not in self.pairs and new not in self.back and _alike(old, new):
                self.pair(old, new)
                any_new = True
        return any_new

    def in_order(self, key: Callable[[Any], Hashable]) -> bool:
        """Pair the first two nodes of one key that are left; whether there were any."""
        left: dict[Any, Any] = {}
        for node in self.after.nodes:
            if node not in self.back:
                left.setdefault(key(node), node)
        for node in self.before.nodes:
            if node not in self.pairs and key(node) in left:
                self.pair(node, left[key(node)])
                return True
        return False

    def replaced(self) -> None:
        """Pair ops of two kinds that read paired nodes and are read by paired nodes: one took the other's place."""
        for old in self.before.nodes:
            if old in self.pairs or not old.operands or not all(o in self.pairs for o in old.operands):
                continue
            reads = self._reads(self.pairs[o] for o in old.operands)
            readers = {self.pairs.get(e.target) for e in self.before.consumers(old)} - {None}
            for new in self.after.nodes:
                if new not in self.back and self._reads(new.operands) == reads and new.shape == old.shape:
                    after = {e.target for e in self.after.consumers(new)}
                    if old.scope == new.scope or (not readers and not after) or readers & after:
                        self.pair(old, new)
                        break


def _alike(old: Any, new: Any) -> bool:
    if old.role != new.role or old.op.name != new.op.name or old.name != new.name:
        return False
    return bool(old.role == "op" or old.name or old.shape == new.shape)
