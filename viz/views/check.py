"""The view of the check: at every leaf the slope by differences beside the one by the chain rule, and a verdict."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np

from viz.canvas import Canvas
from viz.numbers import number, power_of_ten
from viz.readings import reading, size_of
from viz.scene import Badge, Entry, Reading, Spark
from viz.views.base import View

__all__ = ["CHECK"]

# So many elements of each leaf are compared.
_SAMPLES = 40
# A drawn gradient that lies further than this share from the one that is checked belongs to other values.
_STALE = 1e-2
_LOWEST = 1e-17


def _check(canvas: Canvas) -> None:
    import graphnn as gn

    graph, numbers = canvas.graph, canvas.numbers
    loss = graph.outputs[0] if numbers.loss is None else numbers.loss
    floats = (gn.float32, gn.float64)
    if loss.dtype not in floats or loss.shape != ():
        raise ValueError(
            f"viz: the view 'check' wants a loss, a scalar float, found {loss!r}. Draw gn.trace(loss, feeds)."
        )
    leaves = [node for node in (*graph.parameters, *graph.inputs) if node.dtype in floats]
    if not leaves:
        canvas.notes.append("check: there is no float parameter or input to be moved")
        return
    feeds = {node: numbers.value(node) for node in graph.inputs}
    try:
        found = gn.check_gradients(loss, feeds, leaves, samples=_SAMPLES)
    except gn.SettingError as error:
        canvas.notes.append(f"check: {error}")
        return
    stale = False
    for part in found.parameters:
        draft = canvas.box_of(part.node)
        if draft is None:
            continue
        badge = Badge(
            "differences agree" if part.ok else "differences disagree", "good" if part.ok else "bad"
        )
        if draft.node is None:
            if badge not in draft.badges:
                draft.badges.append(badge)
            continue
        draft.readings += _rows(part)
        draft.badges.append(badge)
        if not part.ok:
            draft.tone = "bad"
        if part.name == found.worst.name and part.worst == found.worst:
            draft.readings += _curve(found)
        if _is_other(numbers.gradient(part.node).array, part.analytic):
            stale = True
            draft.badges.append(Badge("changed since the run", "warn"))
    verdict = re.sub(
        r"(?<=\de)-(?=\d)|(?<![\w-])-(?=\d)", "−", found.verdict
    )  # as numbers are written elsewhere
    canvas.notes.append(f"check: {verdict}")
    if any(draft.tone == "bad" for draft in canvas.boxes.values()):
        canvas.entries.append(Entry("tone", "differences disagree", "bad"))
    if stale:
        canvas.notes.append("parameters have changed since this run; the check is of their present values")
    canvas.entries.append(
        Entry("text", "analytic: by the chain rule; numeric: (f(x + h) − f(x − h)) / 2h, in float64")
    )
    canvas.entries.append(
        Entry("text", "agree: relative difference at most 10⁻⁶ (2 · 10⁻² where an op is float32 only)")
    )


def _rows(part: Any) -> list[Reading]:
    error = f"relative difference {_short(part.worst.error)}"
    if part.analytic.ndim == 0:
        return [
            Reading("analytic", (number(part.worst.analytic),), detail=repr(part.worst.analytic)),
            Reading("numeric", (number(part.worst.numeric), error), detail=repr(part.worst.numeric)),
        ]
    if part.analytic.size == 0:
        return [Reading("numeric", ("empty",))]
    checked = (
        "all elements" if part.checked == part.analytic.size else f"{part.checked} of {part.analytic.size}"
    )
    rows = []
    if part.checked == part.analytic.size:
        rows = [reading("analytic", part.analytic), reading("numeric", part.numeric)]
        # A mean that is nothing but rounding is one of the differences too.
        if rows[0].lines[0].startswith("≈ 0") and abs(part.numeric.mean()) < 1e-6 * part.numeric.std():
            rows[1] = replace(rows[1], lines=rows[0].lines[:1] + rows[1].lines[1:])
    at = f"[{', '.join(map(str, part.worst.at))}]"
    said = f"{number(part.worst.analytic)} and {number(part.worst.numeric)} at {at}"
    return [*rows, Reading("worst", (said, f"{error}, {checked}"))]


def _curve(found: Any) -> list[Reading]:
    if not found.curve:
        return []
    errors = [
        math.log10(max(point.error, _LOWEST)) if math.isfinite(point.error) else math.nan
        for point in found.curve
    ]
    best = min(range(len(errors)), key=lambda k: math.inf if math.isnan(errors[k]) else errors[k])
    steps = [round(math.log10(point.step)) for point in found.curve]
    words = f"h = {power_of_ten(steps[0])} … {power_of_ten(steps[-1])}"
    lowest = f"least difference {_short(found.curve[best].error)} at {power_of_ten(steps[best])}"
    return [Reading("by step", (words, lowest), spark=Spark(tuple(errors), best))]


def _short(error: float) -> str:
    """An error to one digit: more of it would be rounding."""
    return number(float(f"{error:.0e}")) if math.isfinite(error) else number(error)


def _is_other(drawn: np.ndarray | None, checked: np.ndarray) -> bool:
    if drawn is None or drawn.shape != checked.shape or not np.isfinite(drawn).all():
        return False
    apart = size_of(drawn.astype(np.float64) - checked.astype(np.float64))
    return apart > _STALE * max(size_of(drawn), size_of(checked), 1e-300)


CHECK = View("check", "The gradient by differences beside the one by the chain rule.", "values", _check)
