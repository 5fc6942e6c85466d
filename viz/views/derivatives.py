"""The view of local derivatives: for each operand the formula, with numbers put in, and its value."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from viz.canvas import Canvas
from viz.numbers import number
from viz.scene import Entry, Reading
from viz.study.ledger import ledger
from viz.tex import filled, letters, plain, tex_number
from viz.text import clean
from viz.views.base import View

__all__ = ["DERIVATIVES", "slope_rows"]

# Names beyond this length would make a formula unreadable; the operand's letter stands for them then.
_NAME_AT_MOST = 6


def _derivatives(canvas: Canvas) -> None:
    for draft in canvas.boxes.values():
        if draft.node is not None and draft.node.role == "op":
            draft.readings += slope_rows(canvas, draft.node)
    canvas.entries.append(Entry("text", "∂: local derivative, formula = numbers put in = value"))


def slope_rows(canvas: Canvas, node: Any) -> list[Reading]:
    """A reading for each operand that has a slope: `b = −3`, or the formula alone for arrays."""
    op = node.op
    if op.no_slope or not op.slopes:
        return [Reading("∂", (f"no slope: {op.no_slope}",), "no path")] if op.no_slope else []
    run = canvas.numbers.run
    values = (
        {entry.edge.slot: entry.local for entry in ledger(run, canvas.graph.operand_edges(node))}
        if run
        else {}
    )
    symbols, figures = _symbols(node), _figures(canvas, node)
    rows = []
    for slot, operand in enumerate(node.operands):
        template = op.slopes[min(slot, len(op.slopes) - 1)]
        if operand.role == "constant" or template == "0":
            continue
        tex = filled(template, symbols)
        parts = [tex]
        local = values.get(slot)
        if figures is not None and local is not None:
            alone = re.fullmatch(
                r"\{\w+\}", template
            )  # a letter by itself needs no brackets around its number
            parts += [*([] if alone else [filled(template, figures)]), tex_number(number(local))]
        words = list(dict.fromkeys(plain(part) for part in parts))
        label = f"∂{plain(symbols[op.port_name(slot)])}" if op.port_name(slot) in symbols else f"∂{slot}"
        rows.append(Reading(label, (" = ".join(words),), formula=" = ".join(dict.fromkeys(parts))))
    return rows


def _symbols(node: Any) -> dict[str, str]:
    """What the letters of a formula are called in the picture: by the user's short names, else by the op's own."""
    op = node.op
    names = {name: letters(name) for name in op.attribute_names}
    for slot, operand in enumerate(node.operands):
        name = clean(operand.name or "")
        short = (
            name if re.fullmatch(r"[A-Za-z]\w*", name) and len(name) <= _NAME_AT_MOST else op.port_name(slot)
        )
        names[op.port_name(slot)] = letters(short)
    if len(set(names.values())) < len(names):  # two operands of one name
        names.update({op.port_name(k): letters(op.port_name(k)) for k in range(len(node.operands))})
    names[op.signature.output.name] = letters(op.signature.output.name)
    return names


def _figures(canvas: Canvas, node: Any) -> dict[str, str] | None:
    """The same letters as numbers, if all are scalars whose value is known."""
    op, numbers = node.op, canvas.numbers
    found = {}
    places = [*((op.port_name(k), o) for k, o in enumerate(node.operands)), (op.signature.output.name, node)]
    for name, each in places:
        value = numbers.value(each)
        if value is None or np.ndim(value):
            return None
        word = tex_number(number(np.asarray(value).item()))
        found[name] = f"({word})" if word.startswith("-") or "cdot" in word else word
    return found


DERIVATIVES = View(
    "derivatives",
    "The local derivative at every operand: formula, numbers put in, value.",
    "graph",
    _derivatives,
)
