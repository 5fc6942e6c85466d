"""Say in words what a quiz asks, and by which rule each of its numbers comes about."""

from __future__ import annotations

from typing import Any

import numpy as np

from viz.lecture.quiz_facts import Fact, Facts
from viz.motion.captions import forward_words
from viz.numbers import number
from viz.study.ledger import product_text, sum_text
from viz.tex import filled, letters, plain

__all__ = ["BLANK", "Words", "written"]

BLANK = "______"
# Names up to these lengths are written without spaces in a slope, and as letters of a formula.
_COMPACT, _SHORT = 2, 6


def written(array: np.ndarray, *, blank: bool = False) -> tuple[str, ...]:
    """An array in full, a line for each row; `blank`: with a blank of one size in place of every number."""
    if array.ndim == 0:
        return (BLANK if blank else number(array.item()),)
    if array.ndim == 1:
        return ("[" + ", ".join(BLANK if blank else number(v) for v in array.tolist()) + "]",)
    return tuple(line for row in array for line in written(row, blank=blank))


def _flat(array: np.ndarray) -> str:
    rows = written(array)
    return rows[0] if array.ndim < 2 else "[" + ", ".join(rows) + "]"


class Words:
    """The questions and answers about the facts of a run; `names` are what the nodes are called, by id."""

    def __init__(self, facts: Facts, names: dict[str, str]):
        self.facts, self.run, self.names = facts, facts.run, names

    def name(self, node: Any) -> str:
        return self.names.get(self.facts.ids[node], node.op.name)

    def symbol(self, fact: Fact) -> str:
        """What is asked for, as a formula: `d`, `dL/da`, `∂d/∂a`, `from d to a`."""
        node = self.facts.node(fact)
        if fact.kind == "values":
            return self.name(node)
        if fact.kind == "gradients":
            return _slope("d", self.name(self.run.loss), self.name(node))
        if fact.kind == "derivatives":
            return _slope("∂", self.name(node), self._operand(fact))
        return f"from {self.name(node)} to {self._operand(fact)}"

    def _operand(self, fact: Fact) -> str:
        node, source = self.facts.node(fact), self.facts.source(fact)
        twice = sum(operand is source for operand in node.operands) > 1
        return f"{self.name(source)} (operand {node.op.port_name(fact.slot)})" if twice else self.name(source)

    def question(self, number: int, fact: Fact) -> str:
        """The question in words."""
        node = self.facts.node(fact)
        ask = {
            "values": f"the value of {self.name(node)}",
            "gradients": f"the gradient of {self.name(node)}, {self.symbol(fact)}",
            "contributions": f"what flows back from {self.name(node)} to "
            + (self._operand(fact) if fact.slot >= 0 else ""),
            "derivatives": f"the local derivative {self.symbol(fact)}" if fact.slot >= 0 else "",
        }
        return f"({number}) {ask[fact.kind]} = {BLANK}"

    def answer(self, number: int, fact: Fact) -> str:
        """The number, and the rule by which it comes about."""
        rule = {
            "values": self._value, "gradients": self._gradient, "contributions": self._contribution,
            "derivatives": self._derivative,
        }[fact.kind](fact)  # fmt: skip
        return f"({number}) {rule}"

    def _value(self, fact: Fact) -> str:
        node, value = self.facts.node(fact), self.facts.numbers[fact]
        if value.ndim == 0:
            _, _, formula = forward_words(self.run, node).rpartition(": ")
            if formula.endswith(f"= {number(value.item())}"):
                return f"{self.name(node)} = {formula}"
        return f"{self.name(node)} = {self.formula(node)}{_flat(value)}"

    def formula(self, node: Any) -> str:
        """`x w = `, with the names of the operands; "" for an op without one."""
        op = node.op
        if not node.operands:
            return ""
        if op.signature.variadic or not op.latex:
            return f"{op.name}({', '.join(self.name(o) for o in node.operands)}) = "
        names = {op.port_name(k): letters(self.name(o)) for k, o in enumerate(node.operands)}
        names.update({key: str(value) for key, value in node.attributes.items()})
        return f"{_said(filled(op.latex, names))} = "

    def _gradient(self, fact: Fact) -> str:
        node, total = self.facts.node(fact), self.facts.numbers[fact]
        parts = self.facts.flowing.get(fact.node, [])
        head = f"{self.symbol(fact)} = "
        if node is self.run.loss:
            return f"{head}{_flat(total)}, by definition"
        known = [self.facts.numbers.get(part) for part in parts]
        if len(parts) == 1:
            return head + self._product(parts[0])
        if total.ndim == 0 and all(part is not None for part in known):
            return head + sum_text([float(part) for part in known if part is not None], float(total))
        return f"{head}{_flat(total)}, the sum of {len(parts)} contributions"

    def _contribution(self, fact: Fact) -> str:
        return f"{self.symbol(fact)}: upstream × local = {self._product(fact)}"

    def _product(self, fact: Fact) -> str:
        """`6 × −3 = −18`; for arrays what the slope's formula says."""
        node = self.facts.node(fact)
        up, local = self.run.gradient(node), self.facts.numbers.get(Fact("derivatives", fact.node, fact.slot))
        part = np.asarray(self.run.contribution(self.facts.graph.operand_edges(node)[fact.slot]))
        if part.ndim == 0 and local is not None and np.ndim(up) == 0:
            return product_text(float(up), float(local), float(part))
        op = node.op
        template = op.slopes[min(fact.slot, len(op.slopes) - 1)] if op.slopes else ""
        slope = ""
        if template and not op.signature.variadic:
            names = {op.port_name(k): letters(self.name(o)) for k, o in enumerate(node.operands)}
            names[op.signature.output.name] = letters(self.name(node))
            slope = f"; the local derivative is {_said(filled(template, names))}"
        return f"{_flat(part)}{slope}"

    def _derivative(self, fact: Fact) -> str:
        return f"{self.symbol(fact)} = {self.derivative(fact)}"

    def derivative(self, fact: Fact, *, blank: str = "") -> str:
        """`1 − y² = 0.51`, or with a blank in place of the number."""
        node = self.facts.node(fact)
        shown = blank or number(float(self.facts.numbers[fact]))
        words = self.slope(node, fact.slot)
        return shown if words == shown else f"{words} = {shown}"

    def slope(self, node: Any, slot: int) -> str:
        """The formula of a local derivative, with short names of the user or the letters of the op."""
        op = node.op
        names = {}
        for k, operand in enumerate(node.operands):
            name = self.name(operand)
            short = operand.name is not None and len(name) <= _SHORT and name.isidentifier()
            names[op.port_name(k)] = letters(name if short else op.port_name(k))
        if len(set(names.values())) < len(names):
            names = {port: letters(port) for port in names}
        names[op.signature.output.name] = letters(op.signature.output.name)
        names.update({key: str(value) for key, value in node.attributes.items()})
        return plain(filled(op.slopes[min(slot, len(op.slopes) - 1)], names))


def _said(tex: str) -> str:
    # The raised T is in few fonts.
    return plain(tex).replace("ᵀ", " transposed")


def _slope(sign: str, above: str, below: str) -> str:
    """`dL/da`, or with spaces where names are long."""
    if len(above) <= _COMPACT and len(below) <= _COMPACT:
        return f"{sign}{above}/{sign}{below}"
    return f"{sign} {above} / {sign} {below}"
