"""What a quiz can ask of a run, and what can be derived from what: values, local derivatives, contributions, gradients.

A fact is derived from others by one of these rules, in either direction where the op can be undone:

- the value of a node from the values of its operands; an operand of + − × ÷ from the result and the other operand
- a local derivative from the values in its formula
- a contribution as the gradient above it x the local derivative; the gradient above as contribution / derivative
- a gradient as the sum of the contributions that meet there; a contribution as the sum less the others
- the gradient of the loss is 1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from viz.study.ledger import ledger

__all__ = ["KINDS", "Fact", "Facts"]

KINDS = ("values", "gradients", "contributions", "derivatives")
# Larger arrays are not written out, so nothing can be derived from them; nor can it from what is not drawn.
_WRITTEN_AT_MOST, _COLUMNS_AT_MOST = 12, 4


@dataclass(frozen=True)
class Fact:
    """One number (or small array): of the node with this id, and for edges of its operand `slot`."""

    kind: str
    node: str
    slot: int = -1


class Facts:
    """All facts of a run by their place: `numbers` holds what they are."""

    def __init__(self, run: Any, drawn: Iterable[Any] | None = None):
        """`drawn`: the nodes that the reader sees; nothing can be derived by way of others."""
        self.run, self.graph = run, run.graph
        self._drawn = set(self.graph.nodes if drawn is None else drawn)
        self.ids = self.graph.ids
        self.nodes = {key: node for node, key in self.ids.items()}
        self.numbers: dict[Fact, np.ndarray] = {}
        self.flowing: dict[str, list[Fact]] = {}
        entries = {}
        if getattr(run, "has_gradients", False):
            entries = {(self.ids[e.edge.target], e.edge.slot): e for e in ledger(run)}
        for node, key in self.ids.items():
            self._keep(Fact("values", key), run.value(node))
            gradient = run.gradient(node) if entries or node is run.loss else None
            if gradient is not None:
                self._keep(Fact("gradients", key), gradient)
        for edge in self.graph.edges:
            target = self.ids[edge.target], edge.slot
            entry = entries.get(target)
            if entry is None:
                continue
            part = Fact("contributions", *target)
            self.flowing.setdefault(self.ids[edge.source], []).append(part)
            if edge.source not in self._drawn:
                continue
            self._keep(part, entry.contribution)
            if entry.local is not None and edge.target.op.slopes:
                self._keep(Fact("derivatives", *target), entry.local)

    def _keep(self, fact: Fact, value: Any) -> None:
        if self.node(fact) not in self._drawn:
            return
        array = np.asarray(value)
        whole = array.dtype.kind in "biu" or bool(np.isfinite(array).all())
        small = array.size <= _WRITTEN_AT_MOST and array.ndim <= 2 and array.shape[-1:] <= (_COLUMNS_AT_MOST,)
        if whole and array.size > 0 and small:
            self.numbers[fact] = array

    def node(self, fact: Fact) -> Any:
        """The node that the fact is about; for an edge the node that uses the operand."""
        return self.nodes[fact.node]

    def source(self, fact: Fact) -> Any:
        """The operand that an edge's fact is about."""
        return self.node(fact).operands[fact.slot]

    def same(self, fact: Fact) -> Fact:
        """A contribution that comes alone is the gradient itself: one number, asked once."""
        if fact.kind == "contributions":
            source = self.ids[self.source(fact)]
            if len(self.flowing[source]) == 1 and Fact("gradients", source) in self.numbers:
                return Fact("gradients", source)
        return fact

    def underivable(self, blanks: Iterable[Fact], shown: Iterable[Fact]) -> list[Fact]:
        """Those of the blanks that cannot be derived, however long one goes on, from what else is shown."""
        hidden = dict.fromkeys(self.same(fact) for fact in blanks)
        known = dict.fromkeys(self.same(fact) for fact in shown)
        for fact in hidden:
            known.pop(fact, None)
        # Each rule waits for so many facts; what becomes known is handed to the rules that wait for it.
        rules, waiting = self._rules
        left = [len(needs) for _, needs in rules]
        found = [*known, *(fact for fact, needs in rules if not needs and fact not in known)]
        known.update(dict.fromkeys(found))
        while found:
            for k in waiting.get(found.pop(), ()):
                left[k] -= 1
                made = rules[k][0]
                if not left[k] and made not in known:
                    known[made] = None
                    found.append(made)
        return [fact for fact in hidden if fact not in known]

    @cached_property
    def _rules(self) -> tuple[list[tuple[Fact, tuple[Fact, ...]]], dict[Fact, list[int]]]:
        """(what is derived, from what) for every way, and the rules in which each fact is needed."""
        rules = []
        for fact in self.numbers:
            for needs in self.ways(fact):
                rules.append((self.same(fact), tuple(dict.fromkeys(self.same(need) for need in needs))))
        waiting: dict[Fact, list[int]] = {}
        for k, (_, needs) in enumerate(rules):
            for need in needs:
                waiting.setdefault(need, []).append(k)
        return rules, waiting

    def ways(self, fact: Fact) -> Iterator[tuple[Fact, ...]]:
        """From which other facts this one can be derived: each item is one way, all of whose facts are needed."""
        node = self.node(fact)
        if fact.kind == "values":
            yield from self._value_ways(node)
        elif fact.kind == "derivatives":
            yield self.letters(node, fact.slot)
            if self._is_number(Fact("gradients", fact.node)):
                yield Fact("contributions", fact.node, fact.slot), Fact("gradients", fact.node)
        elif fact.kind == "contributions":
            yield Fact("gradients", fact.node), *self._local(node, fact.slot)
            source = self.ids[self.source(fact)]
            yield Fact("gradients", source), *(f for f in self.flowing[source] if f != fact)
        else:
            if node is self.run.loss:
                yield ()
            parts = self.flowing.get(fact.node, [])
            if parts:
                yield tuple(parts)
            for slot in range(len(node.operands)):
                if self._is_number(Fact("derivatives", fact.node, slot)):
                    yield Fact("contributions", fact.node, slot), Fact("derivatives", fact.node, slot)

    def _value_ways(self, node: Any) -> Iterator[tuple[Fact, ...]]:
        if node.operands and not _is_random(node):
            yield tuple(Fact("values", self.ids[o]) for o in node.operands)
        for edge in self.graph.consumers(node):
            target = edge.target
            others = [o for k, o in enumerate(target.operands) if k != edge.slot]
            if any(other is node for other in others) or target.shape != node.shape:
                continue
            name = target.op.name
            factor = name == "mul" or (name == "div" and edge.slot == 0)
            if name in ("add", "sub", "neg") or (factor and np.all(self.run.value(others[0]) != 0)):
                yield Fact("values", self.ids[target]), *(Fact("values", self.ids[o]) for o in others)

    def _local(self, node: Any, slot: int) -> tuple[Fact, ...]:
        """What a contribution needs beside the gradient above: the derivative, or for arrays all its values."""
        local = Fact("derivatives", self.ids[node], slot)
        return (local,) if local in self.numbers else self.letters(node, slot)

    def letters(self, node: Any, slot: int) -> tuple[Fact, ...]:
        """The values whose letters stand in the formula of a slope."""
        op = node.op
        formula = op.slopes[min(slot, len(op.slopes) - 1)] if op.slopes else ""
        places = [(op.port_name(k), o) for k, o in enumerate(node.operands)]
        places.append((op.signature.output.name, node))
        if not formula or op.signature.variadic:
            return tuple(Fact("values", self.ids[o]) for _, o in places)
        return tuple(Fact("values", self.ids[o]) for name, o in places if f"{{{name}}}" in formula)

    def _is_number(self, fact: Fact) -> bool:
        """Whether one may divide by it."""
        found = self.numbers.get(fact)
        return found is not None and found.ndim == 0 and float(found) != 0.0


def _is_random(node: Any) -> bool:
    name = node.op.name
    return any(word in name for word in ("random", "sample", "noise", "permutation", "update", "bernoulli"))
