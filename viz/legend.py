"""Say in the legend what a picture uses, and only that."""

from __future__ import annotations

import re
from collections.abc import Sequence

from viz.numbers import DIGITS
from viz.scene import Box, Entry, Legend, Scale, Wire

__all__ = ["legend_of"]

_ROLES = ("input", "parameter", "constant", "op", "fold")
_WORDS = {"fold": "folded scope"}
_SIGNS = {
    "positive": "positive",
    "negative": "negative",
    "mixed": "both signs",
    "zero": "exactly 0",
    "not finite": "NaN or ∞",
    "unknown": "to be found",
}
# A condition in brackets, as the slope of relu has it; arrays in brackets have no sign of comparison.
_INDICATOR = re.compile(r"\[[^\[\]]*[<>=≤≥≠][^\[\]]*\]")


def legend_of(
    boxes: Sequence[Box], wires: Sequence[Wire], scale: Scale | None, more: Sequence[Entry] = ()
) -> Legend:
    """The legend for these boxes and wires, with what views add."""
    roles = {box.role for box in boxes}
    signs = {wire.sign for wire in wires if wire.kind == "backward"}
    readings = [reading for box in boxes for reading in box.readings]
    entries = [Entry("box", _WORDS.get(role, role), role) for role in _ROLES if role in roles]
    if signs:
        entries.append(Entry("forward", "value, forward"))
        entries += [
            Entry("sign", f"gradient, {words}", sign) for sign, words in _SIGNS.items() if sign in signs
        ]
        if scale is not None:
            arrays = any(wire.kind == "backward" and not wire.label for wire in wires)
            entries.append(Entry("scale", "size of the gradient" + (" (root mean square)" if arrays else "")))
    if any(reading.heat for reading in readings):
        entries.append(Entry("heat", "elements, each array on its own scale"))
    if any(" ± " in line for reading in readings for line in reading.lines):
        entries.append(Entry("text", "arrays: mean ± standard deviation, min … max"))
    if any(letter.isdigit() for reading in readings for line in reading.lines for letter in line):
        entries.append(Entry("text", f"numbers rounded to {DIGITS} digits"))
    if any(_INDICATOR.search(line) for reading in readings for line in reading.lines):
        entries.append(Entry("text", "[…]: 1 where it holds, else 0"))
    # Another view may have coloured a box over, or its box may be out of the picture.
    tones = {box.tone for box in boxes}
    return Legend((*entries, *(e for e in more if e.kind != "tone" or e.key in tones)))
