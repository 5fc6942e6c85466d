"""Say in one sentence what a step of a run does: compute a node, send a contribution back, change a parameter.

>>> import graphnn as gn
>>> from viz.motion.captions import forward_words
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> product = a * b
>>> forward_words(gn.trace(product), product)
'mul: a · b = 2 · (−3) = −6'
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from viz.numbers import number, shape_text
from viz.readings import size_of
from viz.study.ledger import Entry, sum_text
from viz.tex import filled, letters, plain, tex_number
from viz.text import clean

__all__ = ["backward_words", "forward_words", "gathered_words", "name_of", "update_words"]

# Names beyond this length would drown the numbers of a formula.
_NAME_AT_MOST = 12
# So many operands are named; of more, their number is said.
_NAMED_AT_MOST = 4
# The root mean square; a caption has one line.
_RMS = "rms"


def name_of(node: Any) -> str:
    """What a reader calls the node: its name, or its op's."""
    return clean(node.name or "") or (number(node.value.item()) if _is_plain(node) else str(node.op.name))


def _is_plain(node: Any) -> bool:
    return node.role == "constant" and node.shape == ()


def forward_words(run: Any, node: Any) -> str:
    """How the node's value comes about: the formula with names, with numbers, and the result."""
    label = f"{name_of(node)} ({node.op.name})" if node.name else str(node.op.name)
    value = np.asarray(run.value(node))
    formula = _formula(run, node, value)
    if formula:
        return f"{label}: {formula}"
    operands = [f"{name_of(o)} ({shape_text(np.shape(run.value(o)))})" for o in node.operands]
    if len(operands) > _NAMED_AT_MOST:
        operands = [f"{len(operands)} operands"]
    return f"{label}: from {' and '.join(operands)} comes {_array_words(value)}"


def _array_words(value: np.ndarray) -> str:
    if value.ndim == 0:
        return number(value.item())
    return f"{shape_text(value.shape)}, {_RMS} {number(size_of(value))}"


def _formula(run: Any, node: Any, value: np.ndarray) -> str:
    """`a b = 2 (−3) = −6`; "" where something is no scalar, or the op has no formula."""
    op = node.op
    if not op.latex or value.ndim or op.signature.variadic:
        return ""
    figures: dict[str, str] = {}
    for slot, operand in enumerate(node.operands):
        known = np.asarray(run.value(operand))
        if known.ndim:
            return ""
        word = tex_number(number(known.item()))
        figures[op.port_name(slot)] = f"({word})" if word.startswith("-") or "cdot" in word else word
    names = {
        op.port_name(k): letters(name_of(o)) if not _is_plain(o) else figures[op.port_name(k)]
        for k, o in enumerate(node.operands)
    }
    attributes = {key: str(value) for key, value in node.attributes.items()}
    speaking = all((o.name and len(name_of(o)) <= _NAME_AT_MOST) or _is_plain(o) for o in node.operands)
    parts = [filled(op.latex, {**attributes, **names})] if speaking else []
    parts.append(filled(op.latex, {**attributes, **figures}))
    # A sum that begins with a negative number needs no brackets around it.
    words = [re.sub(r"^\((−[^()]+)\)(?= [+−] )", r"\1", plain(part)) for part in parts]
    return " = ".join(dict.fromkeys([*words, number(value.item())]))


def backward_words(entry: Entry) -> str:
    """What flows back along one edge: upstream x local = contribution."""
    edge = entry.edge
    way = f"back from {name_of(edge.target)} to {name_of(edge.source)}"
    if entry.upstream is None:
        return f"{way}: a contribution of {_RMS} {number(entry.size)}"
    return f"{way}: upstream × local = {entry.text}"


def gathered_words(node: Any, parts: list[np.ndarray], count: int, total: np.ndarray) -> str:
    """How far the sum of a node's gradient is, where several contributions meet; "" where there is only one."""
    if count < 2:
        return ""
    name = name_of(node)
    if len(parts) < count:
        return f"; the gradient of {name} is partial, {len(parts)} of {count} parts"
    if total.ndim or len(parts) > _NAMED_AT_MOST:
        return f"; the gradient of {name} is the sum of {count} parts"
    return f"; {name} gathers {sum_text([float(part) for part in parts], float(total))}"


def update_words(node: Any, before: np.ndarray, after: np.ndarray, gradient: np.ndarray | None) -> str:
    """A parameter before and after a step."""
    if before.ndim == 0:
        slope = "" if gradient is None else f" (its gradient was {number(gradient.item())})"
        return f"{name_of(node)}: {number(before.item())} becomes {number(after.item())}{slope}"
    change = size_of(after.astype(np.float64) - before.astype(np.float64))
    return f"{name_of(node)}: {shape_text(before.shape)}, changed by {_RMS} {number(change)}"
